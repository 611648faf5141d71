"""Which Odoo may ask the desktop agent: an origin of the configuration, paired once with a code that a human carries."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from signing_agent.errors import AgentError

CODE_SECONDS = 120
TRIES = 3
#: After so many wrong codes nobody is paired for a while.
PAUSE_SECONDS = 300
#: Browsers of one origin that stay paired.
BROWSERS = 5


class Pairing:
    """Pairing codes and the keys that came of them. ``path``: where the digests of the keys are kept."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._lock = threading.Lock()
        self._origin, self._code, self._until, self._tries = "", b"", 0.0, 0
        self._paused_until = 0.0

    def begin(self, origin: str) -> str:
        """A new code for ``origin``; the one before it is worth nothing any more. Raises AgentError after wrong codes."""
        with self._lock:
            self._check_pause()
            code = f"{secrets.randbelow(10**8):08d}"
            self._origin, self._code = origin, _digest(code)
            self._until, self._tries = self._clock() + CODE_SECONDS, TRIES
            return code

    def redeem(self, origin: str, code: str) -> str:
        """The key that ``origin`` shows from now on, for the code that a human typed there. Raises AgentError."""
        with self._lock:
            self._check_pause()
            if not self._code or origin != self._origin or self._clock() > self._until:
                raise AgentError("agent.pairing_over")
            typed = "".join(one for one in code if one.isdigit())
            if not hmac.compare_digest(_digest(typed), self._code):
                self._tries -= 1
                if not self._tries:
                    self._code = b""
                    self._paused_until = self._clock() + PAUSE_SECONDS
                raise AgentError("agent.pairing_code", left=self._tries)
            self._code = b""
            key = secrets.token_urlsafe(32)
            paired = self._paired()
            paired[origin] = [*paired.get(origin, []), _digest(key).hex()][-BROWSERS:]
            self._write(paired)
            return key

    def is_paired(self, origin: str, key: str) -> bool:
        """Whether ``key`` was given to ``origin``."""
        found = _digest(key).hex()
        with self._lock:
            return any(hmac.compare_digest(found, one) for one in self._paired().get(origin, []))

    def _check_pause(self) -> None:
        if self._clock() < self._paused_until:
            raise AgentError("agent.pairing_paused", minutes=PAUSE_SECONDS // 60)

    def _paired(self) -> dict[str, list[str]]:
        try:
            return json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}

    def _write(self, paired: dict) -> None:
        """Replace the file as a whole; nobody else may read it. Raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(paired, file)
        os.replace(name, self._path)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
