"""The electronic stamp (CEV): an ordinary QR code, drawn as a 300 x 300 one-bit PNG, and its text."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
import zlib
from xml.sax.saxutils import escape

import segno

SIZE = 300
ITERATIONS = 1000
MAX_BASE64 = 4000  # the schemas' limit for ReferenceCEV


def qr_text(
    *,
    number: str,
    date: str,
    reference: str,
    sender: str,
    receiver: str,
    amount: str,
    amount_tax: str,
    imprint: str,
    key: str,
) -> str:
    """The QR code's text, one element a line, CRLF between them. All in as texts; date as JJ/MM/AAAA."""
    fields = (
        ("FACTNUM", number),
        ("FACTDATE", date),
        ("REFTTN", reference),
        ("MFFRS", sender),
        ("MFCLT", receiver),
        ("MHT", amount),
        ("MTTC", amount_tax),
        ("EMPRUNT", imprint),
        ("KEY", key),
    )
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<QRDATA>"]
    lines += [f"<{name}>{escape(value)}</{name}>" for name, value in fields]
    return "\r\n".join([*lines, "</QRDATA>"])


def make_key(secret: str, reference: str, imprint: str) -> str:
    """The KEY field: iterations, salt and a keyed PBKDF2 digest in hexadecimal, so that only the platform can make it."""
    salt = secrets.token_bytes(24)
    return f"{ITERATIONS}:{salt.hex()}:{_digest(secret, reference, imprint, salt).hex()}"


def check_key(secret: str, reference: str, imprint: str, key: str) -> bool:
    """Was this KEY made by make_key for the same reference and imprint?"""
    try:
        iterations, salt, digest = key.split(":")
        if int(iterations) != ITERATIONS or len(salt) > 128:
            return False
        return hmac.compare_digest(
            bytes.fromhex(digest), _digest(secret, reference, imprint, bytes.fromhex(salt))
        )
    except ValueError:
        return False


def _digest(secret, reference, imprint, salt):
    return hashlib.pbkdf2_hmac("sha1", f"{secret}|{reference}|{imprint}".encode(), salt, ITERATIONS, 24)


def png(text: str) -> bytes:
    """A QR code of level L for the text, 300 x 300 pixels, one bit each. Raises segno.DataOverflowError."""
    # A fixed mask spares the search for the prettiest, which is most of the work.
    code = segno.make_qr(text, error="l", mode="byte", encoding="utf-8", mask=3, boost_error=False)
    modules = [bytes(row) for row in code.matrix]
    scale = max(1, SIZE // (len(modules) + 8))
    margin = (SIZE - scale * len(modules)) // 2
    white = b"\x00" + b"\xff" * ((SIZE + 7) // 8)
    rows = [white] * margin
    for module_row in modules:
        bits = "1" * margin + "".join(("0" if dark else "1") * scale for dark in module_row)
        bits = bits.ljust(SIZE, "1").ljust((SIZE + 7) // 8 * 8, "0")
        row = b"\x00" + int(bits, 2).to_bytes(len(bits) // 8, "big")
        rows += [row] * scale
    rows += [white] * (SIZE - len(rows))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(b"".join(rows), 9))
        + _chunk(b"IEND", b"")
    )


def png_base64(text: str) -> str:
    """The PNG as ReferenceCEV holds it. Raises ValueError when it is longer than the schema allows."""
    value = base64.b64encode(png(text)).decode()
    if len(value) > MAX_BASE64:
        raise ValueError(f"the QR code takes {len(value)} characters, more than {MAX_BASE64}")
    return value


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
