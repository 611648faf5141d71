"""Cursors of lists: opaque to the caller, and good only for the filters they were made with."""

import base64
import binascii
import hashlib
import json

LONGEST = 200


class CursorError(ValueError):
    """A text that is no cursor of this list."""


def encode(last, filters):
    """:param int last: what the page ended with.
    :param dict filters: of the list, JSON-able.
    :return: str, good in an address.
    """
    raw = json.dumps([last, _digest(filters)], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text, filters):
    """:return: int, what the page before ended with.
    :raise CursorError: when ``text`` was not made by :func:`encode` with these filters.
    """
    if len(text) > LONGEST or not text.isascii():
        raise CursorError("no cursor")
    try:
        value = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise CursorError("no cursor") from error
    if not isinstance(value, list) or len(value) != 2 or type(value[0]) is not int:
        raise CursorError("no cursor")
    if value[1] != _digest(filters):
        raise CursorError("a cursor of other filters")
    return value[0]


def _digest(filters):
    given = {key: value for key, value in filters.items() if value is not None}
    return hashlib.sha256(json.dumps(given, sort_keys=True, default=str).encode()).hexdigest()[:16]
