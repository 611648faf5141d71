"""Sign with the ANCE seal: a key kept at the agency's server, used server to server with an alias and a password.

The certificate is not handed out by the service; it comes as a file. Where the agency asks for a client certificate
(mutual TLS), the transport presents it. Source: one project with a log of daily use; its own documentation could not be
had.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from ..problems import SignerError
from .remote import Request, Transport, decoded, send, value

#: What the service calls RSASSA-PKCS1-v1_5 with SHA-256.
ALGORITHM = "RSA_SHA256"
#: Trying on would lock the seal, or be refused all the same.
_FINAL = frozenset({"remote.denied", "remote.unreachable", "remote.refused"})


@dataclass(frozen=True, slots=True)
class AnceSeal:
    """A company's seal. ``alias`` names the key, ``password`` opens it."""

    base_url: str
    alias: str
    password: str = field(repr=False)

    def sign(self, transport: Transport, digests: Sequence[bytes]) -> Iterator[bytes | SignerError]:
        """For each of ``digests`` (SHA-256 of ``to_sign``), in order, its raw signature or the error instead of it.

        One call for each; after a wrong password, a refusal or a service that is not reached, the others get the same
        error without a call. Results come one by one, so that what is signed can be stored before the next call.
        """
        error = None
        for digest in digests:
            if error is None or error.code not in _FINAL:
                error = None
                try:
                    yield self._sign(transport, digest)
                    continue
                except SignerError as found:
                    error = found
            yield error

    def _sign(self, transport: Transport, digest: bytes) -> bytes:
        url = f"{self.base_url.rstrip('/')}/services/rest/tunsign-proxy/signHash/{quote(self.alias, safe='')}/SHA256"
        body = json.dumps(
            {"password": self.password, "bytes": base64.b64encode(digest).decode("ascii")}
        ).encode()
        answer = send(transport, Request("POST", url, f"POST {url}", body, "application/json"))
        if value(answer, "algorithm") != ALGORITHM:
            raise SignerError("remote.answer", reason=f"the algorithm is not {ALGORITHM}")
        return decoded(value(answer, "value"))
