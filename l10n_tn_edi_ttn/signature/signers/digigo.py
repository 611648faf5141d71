"""DigiGo, TunTrust's remote signature: the holder allows a batch of hashes in the browser, the server fetches the signatures.

The way of one batch: :meth:`DigiGo.chain` once, documents prepared, :meth:`DigiGo.authorize_url` opened in the holder's
browser, :func:`read_callback` on the return, :meth:`DigiGo.activate` once with what came back, :meth:`DigiGo.sign` for one
part of the batch after the other. Between the second and the last step everything is frozen in the stored states of
:func:`..xades.prepare`.

The service puts the client's secret and the authorisation into the path of its addresses. They appear in no text, repr
or error made here; keep :attr:`.remote.Request.url` out of logs.

Sources: several independent programs that use the service; its own documentation could not be had. They agree on the
addresses and on ``numSignatures``; one of them leaves ``hash`` out, none sends several. What they leave open (several hashes
in one authorisation, several ``signHash`` calls under one activation) is taken as the CSC API has it, which the service
resembles: hashes separated by commas, and as many signatures as ``numSignatures`` says, in one call or several.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from .. import certificates
from ..problems import SignerError
from .remote import Request, Transport, decoded, send, value

PRODUCTION = "https://digigo.tuntrust.tn/tunsign-proxy-webapp"
#: What may stand in an address: the service's tokens are identifiers, nothing that needs escaping.
#: The longest address that every web server takes: common ones allow 8 kB for the address and all headers of a request.
ADDRESS_LIMIT = 6000
#: A hash in an address: 44 characters of base64, a comma, and what escaping adds (each plus sign becomes three).
_HASH_LENGTH = 48
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{1,512}")
_MASK = "***"


@dataclass(frozen=True, slots=True)
class DigiGo:
    """An integrator's account at DigiGo and the holder who signs.

    ``credential_id``: the holder's e-mail address at DigiGo; ``redirect_uri``: where the browser returns to, as declared.
    """

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    credential_id: str
    redirect_uri: str

    def chain(self, transport: Transport) -> list[bytes]:
        """The holder's certificate chain in DER, signer first. Raises SignerError."""
        path = f"/services/v1/credentials/info/{_part(self.client_id)}/{_part(self.credential_id)}/chain"
        answer = send(transport, self._request("GET", path, path))
        items = answer.get("certificates") if isinstance(answer, dict) else None
        if not isinstance(items, list) or not items:
            raise SignerError("remote.answer", reason="certificates is missing")
        chain = [decoded(value(item, "encodedCertificate")) for item in items]
        try:
            return certificates.order_chain(chain, chain[0])
        except ValueError:
            raise SignerError("certificate.unreadable") from None

    def authorize_url(self, digests: Sequence[bytes], state: str, *, bound: bool = True) -> str:
        """The page where the holder allows signing ``digests`` (SHA-256 of each ``to_sign``) with PIN and password.

        ``state``: unguessable, used once, kept with the user and the documents that it was made for. ``bound``: whether the
        address holds the hashes, so that the service signs no others; otherwise it holds their number only.
        """
        parameters = {
            "redirectUri": self.redirect_uri,
            "responseType": "code",
            "scope": "credential",
            "credentialId": self.credential_id,
            "clientId": self.client_id,
            "numSignatures": len(digests),
            "state": state,
        }
        if bound:
            parameters["hash"] = ",".join(_b64(digest) for digest in digests)
        # What may stand unescaped in a query does, to keep the address short.
        return f"{self.base_url.rstrip('/')}/oauth2/authorize?{urlencode(parameters, safe='/=,:@')}"

    def capacity(self) -> int:
        """How many hashes an address holds that every web server takes; at least one."""
        rest = ADDRESS_LIMIT - len(self.authorize_url((), "x" * 64))
        return max(1, rest // _HASH_LENGTH)

    def activate(self, transport: Transport, token: str) -> str:
        """The activation that the ``token`` of :func:`read_callback` is exchanged for; it signs until it is used up.

        It is a secret as long as it lasts. Raises SignerError; then the authorisation is lost.
        """
        if not _TOKEN.fullmatch(token):
            raise SignerError("digigo.token")
        path = "/services/v1/oauth2/token/{}/authorization_code/{}/{}"
        known = _part(self.client_id)
        request = self._request(
            "POST",
            path.format(known, _part(self.client_secret), token),
            path.format(known, _MASK, _MASK),
            self.redirect_uri.encode(),
        )
        sad = value(send(transport, request), "sad")
        if not _TOKEN.fullmatch(sad):
            raise SignerError("remote.answer", reason="sad is not a token")
        return sad

    def sign(self, transport: Transport, activation: str, digests: Sequence[bytes]) -> list[bytes]:
        """The raw signatures of ``digests``, in their order, under what :meth:`activate` gave.

        May be called for one part of the authorised hashes after the other. Raises SignerError; then nothing of this part is
        known to be signed.
        """
        path = "/services/v1/signatures/signHash/{}/{}/{}/SHA256/RSA"
        known = (_part(self.client_id), _part(self.credential_id))
        body = json.dumps([_b64(digest) for digest in digests]).encode()
        request = self._request(
            "POST", path.format(*known, _part(activation)), path.format(*known, _MASK), body
        )
        answer = send(transport, request)
        if not isinstance(answer, list) or len(answer) != len(digests):
            raise SignerError(
                "remote.count", expected=len(digests), found=len(answer) if isinstance(answer, list) else 0
            )
        return [decoded(value(item, "value")) for item in answer]

    def _request(self, method: str, path: str, shown: str, body: bytes | None = None) -> Request:
        base = self.base_url.rstrip("/")
        return Request(
            method, base + path, f"{method} {base}{shown}", body, "application/json" if body else None
        )


def read_callback(parameters: Mapping[str, str]) -> str:
    """The token in the parameters with which the browser returns from :meth:`DigiGo.authorize_url`.

    It comes as a JWT whose ``jti`` is the token; its signature is not checked here, because the service itself takes the
    token back over a connection of ours. Raises SignerError when the holder refused or there is no token.
    """
    if parameters.get("error"):
        raise SignerError("digigo.declined")
    jwt = parameters.get("code") or parameters.get("token") or ""
    try:
        _header, payload, _signature = jwt.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        token = claims["jti"]
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        raise SignerError("digigo.token") from None
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise SignerError("digigo.token")
    return token


def _part(text: str) -> str:
    """``text`` as one part of a path."""
    return quote(text, safe="")


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
