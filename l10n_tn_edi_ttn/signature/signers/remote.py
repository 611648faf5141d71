"""What remote signature services have in common: requests whose secrets stay out of sight, answers read with suspicion.

Nothing here opens a connection. The caller gives a ``transport``: a callable that takes a :class:`Request`, checks the
address, verifies TLS, keeps to its time limits, follows no redirect, and gives a :class:`Response` whatever the status.
When it reaches nobody it raises OSError (which requests' own errors are); its text is dropped, for it may hold the address.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import structure
from ..problems import SignerError

#: The largest honest answer holds a few certificates, or a thousand signatures of 350 bytes.
MAX_ANSWER_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a signature service. ``shown`` is what may be logged: the method and the address without secrets.

    ``login``: (name, password) for HTTP's own basic authentication, or None.
    """

    method: str
    url: str = field(repr=False)
    shown: str
    body: bytes | None = field(default=None, repr=False)
    content_type: str | None = None
    accept: str = "application/json"
    login: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The headers to send."""
        headers = {"Accept": self.accept}
        if self.content_type:
            headers["Content-Type"] = self.content_type
        if self.login:
            token = base64.b64encode(":".join(self.login).encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        return headers


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: HTTP status, body and headers (names in lower case). Both may hold a token, so they are not shown."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


Transport = Callable[[Request], Response]


def send(transport: Transport, request: Request) -> Any:
    """The JSON that ``request`` brings back. Raises SignerError when there is none; never with a secret in its text."""
    try:
        response = transport(request)
    except OSError:
        response = None
    if (
        response is None
    ):  # raised out here, so that the error doesn't carry the other one and its address along
        raise SignerError("remote.unreachable")
    if response.status in (401, 403):
        raise SignerError("remote.denied", status=response.status)
    if response.status >= 500:
        raise SignerError("remote.unavailable", status=response.status)
    if not 200 <= response.status < 300:
        raise SignerError("remote.refused", status=response.status)
    if len(response.body) > MAX_ANSWER_BYTES:
        raise SignerError("remote.answer", reason="it is too large")
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        raise SignerError("remote.answer", reason="it is not JSON") from None


def value(answer: Any, name: str) -> str:
    """The text ``name`` of a JSON object, not empty. Raises SignerError when it is not there."""
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, str) or not found:
        raise SignerError("remote.answer", reason=f"{name} is missing")
    return found


def decoded(text: str) -> bytes:
    """The bytes of a base64 text in an answer. Raises SignerError when it is none."""
    try:
        return structure.decode(text)
    except structure.StructureError:
        raise SignerError("remote.answer", reason="a value is not base64") from None
