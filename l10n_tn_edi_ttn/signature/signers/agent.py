"""Sign with a token or HSM through the signing agent: another process of this machine, behind a Unix socket.

The agent's protocol is four bytes of length and JSON (signing_agent/protocol.py says more); it is written here a second
time, because the agent stands alone and shares no code with the addon.
"""

from __future__ import annotations

import base64
import json
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import certificates
from ..codes import CODES
from ..problems import SignerError
from ..xades import Prepared
from .remote import decoded, value

MAX_MESSAGE = 16 * 1024 * 1024
#: A token signs a few times a second; an agent that says nothing for so long is out of order.
SECONDS = 30.0
#: Documents of one request; several requests share one session.
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Agent:
    """A key of the agent. ``path``: its socket; ``key``: the key's name in its configuration; ``session``: what
    :meth:`open` gave, None where the agent knows the PIN itself."""

    path: str
    key: str
    session: str | None = field(default=None, repr=False)
    seconds: float = SECONDS

    def status(self) -> dict:
        """What the agent says of the key: present, configured_pin, open, documents_left, seconds_left. Raises SignerError."""
        return self._ask({"do": "status"})

    def chain(self, anchors: Sequence[bytes] = ()) -> list[bytes]:
        """The certificate chain on the token in DER, signer first; ``anchors`` are known authorities that complete it.

        Raises SignerError. See :func:`chain_of`.
        """
        found = self._ask({"do": "chain"}).get("certificates")
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise SignerError("remote.answer", reason="certificates is missing")
        return chain_of([decoded(one) for one in found], anchors)

    def open(self, pin: str, documents: int, minutes: float) -> str:
        """Begin a signing session with a typed PIN; its handle, for ``session``. Raises SignerError.

        A wrong PIN is never tried again by anybody but the human who types it.
        """
        answer = self._ask({"do": "open", "pin": pin, "documents": documents, "minutes": minutes})
        return value(answer, "session")

    def close(self) -> None:
        """End the session of the key. Raises SignerError."""
        self._ask({"do": "close"})

    def sign_all(self, prepared: Sequence[Prepared]) -> Iterator[bytes | SignerError]:
        """For each prepared document, in order, its raw signature or the error instead of it; never raises."""
        texts = [one.to_sign for one in prepared]
        error = None
        for start in range(0, len(texts), AT_ONCE):
            part = texts[start : start + AT_ONCE]
            if error is None:
                for result in self._sign(part):
                    error = result if isinstance(result, SignerError) and _ends(result) else None
                    yield result
            else:
                yield from [error] * len(part)

    def _sign(self, texts: list[bytes]) -> Iterator[bytes | SignerError]:
        asked = {"do": "sign", "texts": [base64.b64encode(text).decode("ascii") for text in texts]}
        if self.session:
            asked["session"] = self.session
        done = 0
        try:
            with self._connect() as connection:
                self._send(connection, asked)
                while done < len(texts):
                    answer = self._receive(connection)
                    if answer.get("error") in _WHOLE:
                        raise _error(answer)
                    done += 1
                    yield _error(answer) if "error" in answer else _value(answer)
        except SignerError as error:
            yield from [error] * (len(texts) - done)

    def _ask(self, message: dict) -> dict:
        with self._connect() as connection:
            self._send(connection, message)
            answer = self._receive(connection)
        if "error" in answer:
            raise _error(answer)
        return answer

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self.seconds)
        try:
            connection.connect(self.path)
        except OSError:
            connection.close()
            raise SignerError("agent.unreachable") from None
        return connection

    def _send(self, connection: socket.socket, message: dict) -> None:
        data = json.dumps({**message, "key": self.key}).encode()
        try:
            connection.sendall(struct.pack(">I", len(data)) + data)
        except BrokenPipeError:
            return  # it said why before it hung up
        except OSError:
            raise SignerError("agent.unreachable") from None

    def _receive(self, connection: socket.socket) -> dict[str, Any]:
        try:
            [size] = struct.unpack(">I", _read(connection, 4))
            if size > MAX_MESSAGE:
                raise SignerError("remote.answer", reason="it is too large")
            answer = json.loads(_read(connection, size))
        except OSError:
            raise SignerError("agent.unreachable") from None
        except (ValueError, RecursionError):
            raise SignerError("remote.answer", reason="it is not JSON") from None
        if not isinstance(answer, dict):
            raise SignerError("remote.answer", reason="it is not JSON")
        return answer


def chain_of(on_token: Sequence[bytes], anchors: Sequence[bytes]) -> list[bytes]:
    """The signer's certificate among those of a token, and its authorities, in DER.

    Where the token holds several people's certificates, the one that signs documents and ends last is taken. Raises
    SignerError.
    """
    try:
        signers = [one for one in on_token if certificates.describe(one).key_usage_ok]
        if not signers:
            raise SignerError("signing.chain_empty")
        signer = max(signers, key=lambda one: certificates.describe(one).not_after)
        return certificates.order_chain([*on_token, *anchors], signer)
    except ValueError:
        raise SignerError("certificate.unreadable") from None


#: Said of one text; the others may be signed all the same.
_ONE = frozenset({"agent.not_a_document", "agent.archives"})
#: Said once for a whole request, not for one document.
_WHOLE = frozenset({"agent.refused", "agent.unknown_key", "agent.busy", "agent.request"})


def _ends(error: SignerError) -> bool:
    """Whether what follows would meet the same error."""
    return error.code.startswith(("agent.", "remote.")) and error.code not in _ONE


def _value(answer: dict) -> bytes | SignerError:
    try:
        return decoded(value(answer, "value"))
    except SignerError as error:
        return error


def _error(answer: dict) -> SignerError:
    code = answer.get("error")
    if not isinstance(code, str) or not code.startswith("agent.") or code not in CODES:
        return SignerError("remote.answer", reason="an unknown error")
    params = answer.get("params")
    params = params if isinstance(params, dict) else {}
    return SignerError(
        code, **{"key": "?", "reason": "?", **{str(name): str(value) for name, value in params.items()}}
    )


def _read(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = connection.recv(min(65536, size - len(data)))
        if not chunk:
            raise ConnectionResetError
        data += chunk
    return bytes(data)
