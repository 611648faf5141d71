"""Reading a body once: its values with exact decimals, and a fingerprint that is the same for the same contents."""

import hashlib
import json
from decimal import Decimal

import rfc8785

# Deeper than any invoice; Python's reader would stop at its recursion limit only
DEEPEST = 32


class BodyError(ValueError):
    """A body that is no JSON as RFC 8259 and RFC 7493 (I-JSON) want it; the text says why, in English."""


def read(body):
    """The value of a body.

    :param bytes body: UTF-8.
    :return: ``(value, fingerprint)``: numbers with a point are ``Decimal``; the fingerprint is the SHA-256 of the canonical form
        (RFC 8785), as hexadecimal text.
    :raise BodyError: for what is no JSON, doubled names, numbers beyond double precision, texts that are no Unicode.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BodyError("not UTF-8") from error
    if _depth(text) > DEEPEST:
        raise BodyError("nested too deeply")
    try:
        value = json.loads(
            text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_double
        )
        plain = json.loads(text)
        canonical = rfc8785.dumps(plain)
    except (ValueError, RecursionError) as error:  # those of json and rfc8785 are ValueErrors too
        raise BodyError(str(error)[:200]) from error
    return value, hashlib.sha256(canonical).hexdigest()


def _depth(text):
    """:return: int, how deeply brackets are nested, those in texts aside."""
    deepest = depth = 0
    inside = escaped = False
    for char in text:
        if inside:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                inside = False
        elif char == '"':
            inside = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def _no_constant(name):
    raise BodyError(f"{name} is no JSON number")


def _no_double(pairs):
    value = dict(pairs)
    if len(value) != len(pairs):
        raise BodyError("a name stands twice in an object")
    return value
