"""The authority's own addresses, over plain HTTP as in real life: OCSP, revocation lists, issuers' certificates, time-stamps.

How each behaves is a setting (`ocsp`, `crl`, `tsa`): ok, down, silent, stale, reject.
"""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote

from cryptography.hazmat.primitives import serialization

from sandbox.http import Handler

MAX_REQUEST = 64 * 1024
SILENCE = 60.0


class AuthorityHandler(Handler):
    """One connection. The server carries `platform`."""

    def do_GET(self):
        """/<issuer>.crl, /pub/<issuer>.crt, /ocsp/<base64 request>."""
        path = self.path.partition("?")[0]
        authority = self.server.platform.authority
        if path.startswith("/ocsp/"):
            try:
                request = base64.b64decode(unquote(path.removeprefix("/ocsp/")), validate=True)
            except (binascii.Error, ValueError):
                request = b""
            self._ocsp(request)
        elif path.endswith(".crl"):
            self._crl(path.strip("/").removesuffix(".crl"))
        elif path in ("/pub/issuing.crt", "/pub/root.crt"):
            pair = authority.issuing if "issuing" in path else authority.root
            der = pair.certificate.public_bytes(serialization.Encoding.DER)
            self.answer(200, der, "application/pkix-cert")
        else:
            self.answer(404, b"", "text/plain")

    def do_POST(self):
        """/ocsp and /tsa."""
        body, complete = self.read_body(MAX_REQUEST)
        path = self.path.partition("?")[0]
        if not complete:
            self.close_connection = True
            self.answer(400, b"", "text/plain")
        elif path == "/ocsp":
            self._ocsp(body)
        elif path == "/tsa":
            if self._works("tsa"):
                reject = self.server.platform.store.setting("tsa") == "reject"
                reply = self.server.platform.time_stamps.reply(body, reject=reject)
                self.answer(200, reply, "application/timestamp-reply")
        else:
            self.answer(404, b"", "text/plain")

    def _ocsp(self, request: bytes):
        if self._works("ocsp"):
            stale = self.server.platform.store.setting("ocsp") == "stale"
            self.answer(
                200, self.server.platform.revocation.ocsp(request, stale=stale), "application/ocsp-response"
            )

    def _crl(self, name: str):
        if not self._works("crl"):
            return
        stale = self.server.platform.store.setting("crl") == "stale"
        try:
            self.answer(200, self.server.platform.revocation.crl(name, stale=stale), "application/pkix-crl")
        except LookupError:
            self.answer(404, b"", "text/plain")

    def _works(self, service: str) -> bool:
        mode = self.server.platform.store.setting(service)
        if mode == "down":
            self.answer(503, b"", "text/plain")
        elif mode == "silent":
            self.hold(SILENCE)
        return mode not in ("down", "silent")
