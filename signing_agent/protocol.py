"""Messages on the socket: four bytes of length (big endian), then JSON.

Requests: ``{"do": "status" | "chain" | "open" | "sign" | "close", "key": name, …}``. Answers: one message, except to
``sign``, which is answered by one message for each text, in order, so that what was signed is known whatever comes next.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

#: A thousand canonical SignedInfo elements have 2 MB.
MAX_MESSAGE = 16 * 1024 * 1024


class ProtocolError(Exception):
    """The other side does not speak this protocol, or went away in the middle of a message."""


def send(connection: socket.socket, message: dict) -> None:
    """Send one message. Raises OSError."""
    data = json.dumps(message).encode()
    connection.sendall(struct.pack(">I", len(data)) + data)


def receive(connection: socket.socket) -> dict | None:
    """The next message; None when the other side has closed. Raises ProtocolError and OSError."""
    head = _read(connection, 4)
    if not head:
        return None
    [size] = struct.unpack(">I", head)
    if len(head) < 4 or size > MAX_MESSAGE:
        raise ProtocolError("length")
    body = _read(connection, size)
    if len(body) < size:
        raise ProtocolError("truncated")
    try:
        message: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise ProtocolError("json") from None
    if not isinstance(message, dict):
        raise ProtocolError("json")
    return message


def _read(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = connection.recv(min(65536, size - len(data)))
        if not chunk:
            break
        data += chunk
    return bytes(data)
