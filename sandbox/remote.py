"""Remote signature services: keys that the services hold, DigiGo's authorisations, ANCE seal's passwords.

Only the steps that are known of the real services are played; what they say when they refuse is our own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from sandbox.authority import Authority
from sandbox.store import Store

MAX_TRIES = 3
MAX_HASHES = 10_000


class RemoteError(Exception):
    """A refusal of a signature service: HTTP status, code and English text."""

    def __init__(self, status: int, code: str, text: str):
        super().__init__(f"{code}: {text}")
        self.status, self.code, self.text = status, code, text


@dataclass(frozen=True)
class Key:
    """A key held by a service. kind 'digigo' (name: e-mail) or 'seal' (name: alias)."""

    kind: str
    name: str
    key: object
    chain: tuple[bytes, ...]

    def sign(self, digest: bytes) -> str:
        """Base64 RSA PKCS#1 v1.5 signature of a SHA-256 digest."""
        value = self.key.sign(digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
        return base64.b64encode(value).decode()


class Remote:
    """In: store, authority, clock."""

    def __init__(self, store: Store, authority: Authority, clock):
        self.store, self.authority, self.clock = store, authority, clock

    # -- set-up --------------------------------------------------------------------------------------------------
    def add_key(
        self, kind: str, name: str, *, pin: str, subject: str, matricule: str | None = None, **dates
    ) -> int:
        """Make a key with a certificate of the authority; its serial. Raises ValueError."""
        if kind not in ("digigo", "seal") or not name or not pin:
            raise ValueError("a remote key needs a kind (digigo or seal), a name and a PIN")
        pair = self.authority.issue(subject=subject, matricule=matricule, **dates)
        pem = pair.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain = [pair.der, *(issuer.public_bytes(serialization.Encoding.DER) for issuer in pair.issuers)]
        with self.store.write() as db:
            db.execute(
                "INSERT OR REPLACE INTO remote_key VALUES (?, ?, ?, ?, ?, 0)",
                (kind, name, pin, pem, json.dumps([base64.b64encode(der).decode() for der in chain])),
            )
        return pair.certificate.serial_number

    def add_client(self, client: str, secret: str, redirects: list[str] | None = None):
        """Register an application at DigiGo; redirects None or [] allows any address."""
        if not client or not secret:
            raise ValueError("a client needs an id and a secret")
        with self.store.write() as db:
            db.execute(
                "INSERT OR REPLACE INTO remote_client VALUES (?, ?, ?)",
                (client, secret, json.dumps(redirects or [])),
            )

    def unlock(self, kind: str, name: str):
        """Forget wrong PINs."""
        with self.store.write() as db:
            db.execute("UPDATE remote_key SET tries = 0 WHERE kind = ? AND name = ?", (kind, name))

    def keys(self) -> list[dict]:
        """All keys, without PIN."""
        return [
            {
                "kind": row["kind"],
                "name": row["name"],
                "locked": row["tries"] >= MAX_TRIES,
                "serial": _serial(row),
            }
            for row in self.store.db.execute("SELECT * FROM remote_key ORDER BY kind, name")
        ]

    # -- both services -------------------------------------------------------------------------------------------
    def key(self, kind: str, name: str) -> Key:
        """The key. Raises RemoteError."""
        row = self._row(kind, name)
        chain = tuple(base64.b64decode(text) for text in json.loads(row["chain"]))
        return Key(kind, name, serialization.load_pem_private_key(row["pem"], None), chain)

    def check_pin(self, kind: str, name: str, pin: str):
        """Raises RemoteError (pin_locked, pin_wrong); three wrong ones lock the key."""
        row = self._row(kind, name)
        if row["tries"] >= MAX_TRIES:
            raise RemoteError(403, "pin_locked", "too many wrong PINs: the key is locked")
        good = hmac.compare_digest(row["pin"].encode(), pin.encode())
        with self.store.write() as db:
            db.execute(
                "UPDATE remote_key SET tries = ? WHERE kind = ? AND name = ?",
                (0 if good else row["tries"] + 1, kind, name),
            )
        if not good:
            raise RemoteError(401, "pin_wrong", "wrong PIN")

    def client(self, client: str, redirect: str | None = None):
        """Raises RemoteError when the client, or its address, is unknown."""
        row = self.store.db.execute("SELECT * FROM remote_client WHERE client = ?", (client,)).fetchone()
        if row is None:
            raise RemoteError(401, "client_unknown", "unknown client")
        redirects = json.loads(row["redirects"])
        if redirect is not None and redirects and redirect not in redirects:
            raise RemoteError(400, "redirect_unknown", "this redirect address is not registered")
        return row

    def _row(self, kind, name):
        row = self.store.db.execute(
            "SELECT * FROM remote_key WHERE kind = ? AND name = ?", (kind, name)
        ).fetchone()
        if row is None:
            raise RemoteError(404, "credential_unknown", "unknown credential")
        return row

    # -- DigiGo's authorisation ----------------------------------------------------------------------------------
    def begin(
        self, *, client: str, redirect: str, credential: str, hashes_text: str, number: int, state: str
    ) -> str:
        """An authorisation that waits for PIN and OTP; its handle. The OTP goes to the outbox. Raises RemoteError."""
        self.client(client, redirect)
        self._row("digigo", credential)
        digests = [text for text in hashes_text.replace(" ", "+").split(",") if text]
        for text in digests:
            read_digest(text)
        if not 1 <= number <= MAX_HASHES or (digests and len(digests) != number):
            raise RemoteError(400, "count", "numSignatures does not fit the hashes")
        if not digests and self.store.setting("digigo_hash_required"):
            raise RemoteError(400, "hash", "a hash is missing")
        handle, otp = secrets.token_urlsafe(24), f"{secrets.randbelow(10**6):06d}"
        with self.store.write() as db:
            db.execute(
                "INSERT INTO authorisation (handle, client, redirect, credential, digests, number, state, otp, otp_until, step) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'asked')",
                (
                    handle,
                    client,
                    redirect,
                    credential,
                    json.dumps(digests),
                    number,
                    state,
                    otp,
                    self.clock.time() + float(self.store.setting("otp_lifetime")),
                ),
            )
        return handle

    def pending(self, handle: str):
        """The row of an authorisation that waits. Raises RemoteError."""
        row = self.store.db.execute("SELECT * FROM authorisation WHERE handle = ?", (handle,)).fetchone()
        if row is None or row["step"] != "asked":
            raise RemoteError(400, "authorisation_unknown", "this authorisation does not wait any more")
        return row

    def grant(self, handle: str, pin: str, otp: str):
        """PIN and OTP were typed: (row, JWT to hand over). Raises RemoteError."""
        row = self.pending(handle)
        self.check_pin("digigo", row["credential"], pin)
        now = self.clock.time()
        if now > row["otp_until"]:
            raise RemoteError(401, "otp_expired", "the OTP has expired")
        if not hmac.compare_digest(row["otp"].encode(), otp.strip().encode()):
            raise RemoteError(401, "otp_wrong", "wrong OTP")
        jti, until = secrets.token_urlsafe(24), now + float(self.store.setting("code_lifetime"))
        with self.store.write() as db:
            db.execute(
                "UPDATE authorisation SET step = 'granted', jti = ?, code_until = ? WHERE handle = ?",
                (_digest(jti), until, handle),
            )
        claims = {
            "jti": jti,
            "iss": "digigo-sandbox",
            "sub": row["credential"],
            "iat": int(now),
            "exp": int(until),
        }
        return row, self._jwt(claims)

    def refuse(self, handle: str):
        """The holder said no: the row. Raises RemoteError."""
        row = self.pending(handle)
        with self.store.write() as db:
            db.execute("UPDATE authorisation SET step = 'refused' WHERE handle = ?", (handle,))
        return row

    def exchange(self, *, client: str, secret: str, jti: str, redirect: str) -> dict:
        """The one-time code for a signature activation ("sad"). Raises RemoteError."""
        row = self.client(client)
        if not hmac.compare_digest(row["secret"].encode(), secret.encode()):
            raise RemoteError(401, "client_secret", "wrong client secret")
        with self.store.write() as db:
            found = db.execute("SELECT * FROM authorisation WHERE jti = ?", (_digest(jti),)).fetchone()
            if found is None or found["client"] != client or found["step"] != "granted":
                raise RemoteError(400, "code_unknown", "unknown code, or used before")
            if found["redirect"] != redirect.strip().strip('"'):
                raise RemoteError(
                    400, "redirect_differs", "the redirect address is not that of the authorisation"
                )
            if self.clock.time() > found["code_until"]:
                raise RemoteError(400, "code_expired", "the code has expired")
            sad = secrets.token_urlsafe(32)
            until = self.clock.time() + float(self.store.setting("sad_lifetime"))
            db.execute(
                "UPDATE authorisation SET step = 'active', sad = ?, sad_until = ? WHERE handle = ?",
                (_digest(sad), until, found["handle"]),
            )
        return {"sad": sad, "credentialId": found["credential"], "userId": found["credential"]}

    def sign(self, *, client: str, credential: str, sad: str, digests: list[str]) -> list[dict]:
        """Signatures for base64 digests under an activation, in order. Raises RemoteError."""
        self.client(client)
        wanted = [read_digest(text) for text in digests]
        with self.store.write() as db:
            row = db.execute("SELECT * FROM authorisation WHERE sad = ?", (_digest(sad),)).fetchone()
            if row is None or (row["client"], row["credential"]) != (client, credential):
                raise RemoteError(401, "sad_unknown", "unknown activation")
            if self.clock.time() > row["sad_until"]:
                raise RemoteError(401, "sad_expired", "the activation has expired")
            agreed = [read_digest(text) for text in json.loads(row["digests"])]
            if agreed and any(digest not in agreed for digest in wanted):
                raise RemoteError(403, "hash_not_authorised", "a hash was not part of the authorisation")
            if not wanted or row["used"] + len(wanted) > row["number"]:
                raise RemoteError(403, "count_exceeded", "more signatures than were authorised")
            db.execute(
                "UPDATE authorisation SET used = used + ? WHERE handle = ?", (len(wanted), row["handle"])
            )
        key = self.key("digigo", credential)
        return [{"algorithm": "RSA_SHA256", "value": key.sign(digest)} for digest in wanted]

    def outbox(self) -> list[dict]:
        """OTPs as the holder would find them in his mail, newest last, at most 100."""
        rows = self.store.db.execute(
            "SELECT * FROM authorisation WHERE step = 'asked' ORDER BY rowid DESC LIMIT 100"
        )
        return [
            {"to": row["credential"], "otp": row["otp"], "handle": row["handle"], "state": row["state"]}
            for row in list(rows)[::-1]
        ]

    def _jwt(self, claims: dict) -> str:
        def part(value):
            return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=")

        body = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
        mark = hmac.new(self.store.meta("secret").encode(), body, hashlib.sha256).digest()
        return (body + b"." + base64.urlsafe_b64encode(mark).rstrip(b"=")).decode()


def read_digest(text: object) -> bytes:
    """A SHA-256 digest from base64 (either alphabet). Raises RemoteError."""
    try:
        value = str(text).replace("-", "+").replace("_", "/")
        digest = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RemoteError(400, "hash", "a hash is no base64") from error
    if len(digest) != 32:
        raise RemoteError(400, "hash", "a hash has not the length of SHA-256")
    return digest


def _digest(value: str) -> str:
    # Codes and activations are looked up by their digest: a copy of the state does not hand them out.
    return hashlib.sha256(value.encode()).hexdigest()


def _serial(row) -> str:
    return str(x509.load_der_x509_certificate(base64.b64decode(json.loads(row["chain"])[0])).serial_number)
