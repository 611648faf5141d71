"""Canonical JSON after RFC 8785, for the values that the archive uses: texts, whole numbers, true, false, null.

Numbers with a fraction are refused instead of formatted as JavaScript does: amounts are texts here.
"""

from __future__ import annotations

import json

#: Whole numbers that every JSON reader keeps (RFC 7493).
MAX_INTEGER = 2**53 - 1
#: Deeper than anything the archive writes; bounds the reader's recursion.
MAX_DEPTH = 8


def dumps(value) -> bytes:
    """The canonical bytes of ``value`` (dict with text keys, list, tuple, str, int, bool, None).

    Raises ValueError for anything else, numbers beyond 2^53, and texts that are no Unicode (lone surrogates).
    """
    return json.dumps(_checked(value, 0), ensure_ascii=False, separators=(",", ":")).encode()


def loads(data: bytes):
    """The value of canonical bytes. Raises ValueError when they are no JSON, or not the canonical form of their value."""
    try:
        value = json.loads(data.decode())
        if dumps(value) == data:
            return value
    except (RecursionError, ValueError):
        raise ValueError("no canonical JSON") from None
    raise ValueError("no canonical JSON")


def _checked(value, depth: int):
    if depth > MAX_DEPTH:
        raise ValueError("too deep")
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise ValueError("a number beyond 2^53")
        return value
    if isinstance(value, (list, tuple)):
        return [_checked(one, depth + 1) for one in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        # RFC 8785 sorts by UTF-16 code units
        return {
            key: _checked(value[key], depth + 1)
            for key in sorted(value, key=lambda key: key.encode("utf-16-be"))
        }
    raise ValueError(f"{type(value).__name__} has no canonical form here")
