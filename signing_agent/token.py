"""One key on one token, through PKCS#11: the session, the PIN's life, the signatures."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pkcs11
from pkcs11 import Attribute, Mechanism, ObjectClass, TokenFlag
from pkcs11 import exceptions as p11

from signing_agent.config import Key
from signing_agent.errors import AgentError

#: What is signed: the canonical SignedInfo of TTN's profile. Nothing else is, so that the agent is no oracle for hashes;
#: where the configuration wants it, also the signed attributes of PDFs and archives (CMS), which the agent cannot read.
_ATTRIBUTES, _ID_DATA, _MESSAGE_DIGEST = (
    b"\x31",
    bytes.fromhex("2a864886f70d010701"),
    bytes.fromhex("2a864886f70d010904"),
)
SIGNED_INFO = b'<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
MAX_TEXT = 16 * 1024
#: Somebody else is signing for so long: ask again later.
BUSY_SECONDS = 20
_GONE = (
    p11.NoSuchToken,
    p11.TokenNotPresent,
    p11.TokenNotRecognised,
    p11.DeviceRemoved,
    p11.DeviceError,
    p11.SlotIDInvalid,
    p11.SessionHandleInvalid,
    p11.SessionClosed,
    p11.ObjectHandleInvalid,
    p11.KeyHandleInvalid,
    p11.UserNotLoggedIn,
)


class Token:
    """A configured key. Methods may be called from several threads; one works at a time."""

    def __init__(self, key: Key, sole: bool = False) -> None:
        """``sole``: no other key of this process uses the same library, so that it may be started anew."""
        self.key, self._sole = key, sole
        self._stale = False
        self._lock = threading.Lock()
        self._session = None
        self._private = None
        self._handle = b""  # SHA-256 of the handle of the typed session
        self._left = 0
        self._until = 0.0
        self._wrong_pin_of = 0  # the state of the PIN's file whose PIN was refused

    # --- what it says of itself ---

    def status(self) -> dict:
        """Whether the token is there and may sign, without a PIN."""
        with self._held():
            try:
                self._find()
                present = True
            except AgentError:
                present = False
            return {
                "present": present,
                "configured_pin": self.key.pin_file is not None,
                "open": self._session is not None,
                "documents_left": max(0, self._left) if self._is_typed_open() else 0,
                "seconds_left": max(0, int(self._until - time.monotonic())) if self._is_typed_open() else 0,
            }

    def certificates(self) -> list[bytes]:
        """DER certificates on the token; whoever asks knows which is the signer's. Raises AgentError."""
        with self._held(), _explained(self.key.name):
            session = self._session or self._find().open()
            try:
                found = session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})
                return [bytes(one[Attribute.VALUE]) for one in found]
            finally:
                if session is not self._session:
                    session.close()

    # --- the PIN ---

    def open(self, pin: str, documents: int, minutes: float) -> str:
        """Log in with a typed PIN; the handle that signs up to ``documents`` within ``minutes``. Raises AgentError."""
        with self._held():
            self._close()
            self._login(pin)
            handle = secrets.token_urlsafe(32)
            self._handle = hashlib.sha256(handle.encode()).digest()
            self._left = max(0, min(int(documents), self.key.max_documents))
            self._until = time.monotonic() + 60 * max(0.0, min(float(minutes), self.key.max_minutes))
            return handle

    def close(self) -> None:
        """Log out and forget the typed session."""
        with self._held():
            self._close()

    def _is_typed_open(self) -> bool:
        return bool(self._session is not None and self._handle)

    def _close(self) -> None:
        self._handle, self._left, self._until, self._private = b"", 0, 0.0, None
        session, self._session = self._session, None
        if session is not None:
            try:
                session.close()
            except p11.PKCS11Error:
                return  # the token is gone, and the login with it

    def _login(self, pin: str) -> None:
        token = self._find()
        with _explained(self.key.name):
            if token.flags & TokenFlag.USER_PIN_LOCKED:
                raise AgentError("agent.pin_locked", key=self.key.name)
            if token.flags & TokenFlag.USER_PIN_FINAL_TRY:
                raise AgentError("agent.pin_last_try", key=self.key.name)
            self._session = token.open(user_pin=pin)
            try:
                self._private = self._private_key()
            except BaseException:
                self._close()
                raise

    def _private_key(self):
        attributes = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
        if self.key.key_label:
            attributes[Attribute.LABEL] = self.key.key_label
        keys = list(self._session.get_objects(attributes))
        if len(keys) != 1:
            raise AgentError("agent.unknown_key", key=self.key.key_label or self.key.name)
        return keys[0]

    def _find(self):
        try:
            with _explained(self.key.name):
                library = pkcs11.lib(self.key.library)
                if self._stale and self._sole:
                    # Some libraries see a token that was pulled out and plugged in again only from the beginning
                    library.reinitialize()
                found = self._in(library)
        except AgentError:
            self._stale = True
            raise
        self._stale = False
        return found

    def _in(self, library):
        if self.key.slot is None:
            return library.get_token(token_label=self.key.token_label)
        for slot in library.get_slots(token_present=True):
            if slot.slot_id == self.key.slot:
                return slot.get_token()
        raise AgentError("agent.token_missing", key=self.key.name)

    def _authorise(self, handle: str | None) -> None:
        """See to an open login that ``handle`` may use. Raises AgentError."""
        if handle:
            digest = hashlib.sha256(handle.encode()).digest()
            if not self._is_typed_open() or not hmac.compare_digest(digest, self._handle):
                raise AgentError("agent.pin_needed", key=self.key.name)
            if time.monotonic() > self._until or self._left <= 0:
                self._close()
                raise AgentError("agent.session_over", key=self.key.name)
        elif self.key.pin_file is None:
            raise AgentError("agent.pin_needed", key=self.key.name)
        elif self._session is None or self._handle:
            self._close()
            self._login_configured()

    def _login_configured(self) -> None:
        """Log in with the PIN of the configuration: one that was refused is never tried again until its file changes."""
        try:
            stamp = self.key.pin_file.stat().st_mtime_ns
            pin = self.key.pin_file.read_text(encoding="utf-8").strip()
        except OSError:
            raise AgentError("agent.pin_needed", key=self.key.name) from None
        marker = self.key.pin_file.with_name(self.key.pin_file.name + ".refused")
        if stamp in (self._wrong_pin_of, _number(marker)):
            raise AgentError("agent.pin_wrong", key=self.key.name)
        try:
            self._login(pin)
        except AgentError as error:
            if error.code == "agent.pin_wrong":
                self._wrong_pin_of = stamp
                # Beside the file, so that a restart of the agent doesn't try it again either
                _note(marker, stamp)
            raise

    # --- signing ---

    def sign(self, handle: str | None, texts: list[bytes]) -> Iterator[bytes | AgentError]:
        """For each text, in order, its RSA PKCS#1 v1.5 signature with SHA-256, or the error instead of it.

        Once the token fails, the others get the same error without being tried: nothing is half done, and nothing is
        signed twice because of it.
        """
        with self._held():
            error = None
            for text in texts:
                if error is None:
                    try:
                        yield self._sign(handle, text)
                        continue
                    except AgentError as found:
                        if found.code in ("agent.not_a_document", "agent.archives"):
                            yield found
                            continue
                        error = found
                yield error

    def _sign(self, handle: str | None, text: bytes) -> bytes:
        if not text.startswith(SIGNED_INFO) or len(text) > MAX_TEXT:
            self._check_archive(text)
        self._authorise(handle)
        try:
            with _explained(self.key.name):
                value = self._private.sign(text, mechanism=Mechanism.SHA256_RSA_PKCS)
        except AgentError:
            self._close()
            self._stale = True
            raise
        if handle:
            self._left -= 1
        return bytes(value)

    def _check_archive(self, text: bytes) -> None:
        """See to it that ``text`` is what CMS signs, and that this key may. Raises AgentError."""
        is_cms = text.startswith(_ATTRIBUTES) and _ID_DATA in text and _MESSAGE_DIGEST in text
        if not is_cms or len(text) > MAX_TEXT:
            raise AgentError("agent.not_a_document")
        if not self.key.archives:
            raise AgentError("agent.archives")

    def _held(self) -> _Held:
        return _Held(self._lock, self.key.name)


def tokens_of(keys: dict[str, Key]) -> dict[str, Token]:
    """A token for each configured key, by name."""
    used = Counter(key.library for key in keys.values())
    return {name: Token(key, sole=used[key.library] == 1) for name, key in keys.items()}


class _Held:
    """The token for one caller; raises AgentError when another keeps it for too long."""

    def __init__(self, lock: threading.Lock, name: str) -> None:
        self.lock, self.name = lock, name

    def __enter__(self) -> None:
        if not self.lock.acquire(timeout=BUSY_SECONDS):
            raise AgentError("agent.busy", key=self.name)

    def __exit__(self, *_exception) -> None:
        self.lock.release()


class _explained:
    """Turns what PKCS#11 says into codes. Its texts never hold the PIN, but nothing of them is passed on either."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind, error, _traceback) -> None:
        if error is None or isinstance(error, AgentError):
            return
        if isinstance(error, (p11.PinIncorrect, p11.PinInvalid, p11.PinLenRange)):
            raise AgentError("agent.pin_wrong", key=self.name) from None
        if isinstance(error, (p11.PinLocked, p11.PinExpired)):
            raise AgentError("agent.pin_locked", key=self.name) from None
        if isinstance(error, p11.NoSuchKey):
            raise AgentError("agent.unknown_key", key=self.name) from None
        if isinstance(error, _GONE):
            raise AgentError("agent.token_missing", key=self.name) from None
        if isinstance(error, p11.PKCS11Error):
            raise AgentError("agent.failed", key=self.name, reason=type(error).__name__) from None
        if isinstance(error, RuntimeError) and "pkcs11" in type(error).__module__ + str(error).lower():
            raise AgentError("agent.library", key=self.name) from None


def _number(path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _note(path, number: int) -> None:
    try:
        path.write_text(str(number), encoding="ascii")
    except OSError:
        return  # remembered until the agent ends, at least
