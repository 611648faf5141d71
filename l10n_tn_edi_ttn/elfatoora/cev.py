"""TTN's QR code (CEV): the image of ``ReferenceCEV`` and what it says.

The code is TTN's own (it ends with a key only TTN can make), so it is printed as it came. What a company can do is read
it and compare: EMPRUNT is the digest that the supplier's signature gives for the document.
"""

import base64
import binascii
import io
import re

import zxingcpp
from PIL import Image

MAX_IMAGE_BYTES = 65536
MAX_IMAGE_PIXELS = 2000 * 2000
# A photograph that somebody uploads
MAX_PICTURE_BYTES = 8_000_000
MAX_PICTURE_PIXELS = 5000 * 5000
FIELD = re.compile(r"<(?P<name>[A-Z]{1,20})>(?P<value>[^<>]{0,300})</(?P=name)>")


def image(text):
    """:param str text: content of ``ReferenceCEV`` (base64 of a PNG, white space allowed), or None.
    :return: bytes of the PNG; b"" when the text is no base64 of a small PNG.
    """
    try:
        data = base64.b64decode("".join((text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return data if data.startswith(b"\x89PNG") and len(data) <= MAX_IMAGE_BYTES else b""


def read(text):
    """Read the QR code.

    :param str text: content of ``ReferenceCEV``.
    :return: dict of its fields (FACTNUM, FACTDATE, REFTTN, MFFRS, MFCLT, MHT, MTTC, EMPRUNT, KEY); empty when it can't be read.
    """
    data = image(text)
    if not data:
        return {}
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            if picture.width * picture.height > MAX_IMAGE_PIXELS:
                return {}
            codes = zxingcpp.read_barcodes(picture.convert("L"), formats=zxingcpp.BarcodeFormat.QRCode)
    except (OSError, ValueError, Image.DecompressionBombError):
        return {}
    if len(codes) != 1:
        return {}
    return {match["name"]: match["value"] for match in FIELD.finditer(codes[0].text)}


def text_in_picture(data):
    """:param bytes data: a picture (PNG or JPEG) of one QR code, from anybody.
    :return: str, the code's text; "" when there is not exactly one that can be read.
    """
    if not data or len(data) > MAX_PICTURE_BYTES:
        return ""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG", "JPEG"]) as picture:
            if picture.width * picture.height > MAX_PICTURE_PIXELS:
                return ""
            codes = zxingcpp.read_barcodes(picture.convert("L"), formats=zxingcpp.BarcodeFormat.QRCode)
    except (OSError, ValueError, Image.DecompressionBombError):
        return ""
    return codes[0].text if len(codes) == 1 else ""


def fields_of(text):
    """:param str text: what a QR code says.
    :return: dict of its fields, as in :func:`read`.
    """
    return {match["name"]: match["value"] for match in FIELD.finditer(text[:MAX_IMAGE_BYTES])}


def amount(text):
    """:return: float of an amount in a QR code (a point or a comma), None when it is none."""
    match = re.fullmatch(r"-?\d{1,15}([.,]\d{1,5})?", (text or "").strip())
    return float(match.group().replace(",", ".")) if match else None


def read_fingerprint(text):
    """:return: EMPRUNT of the QR code, or None when it can't be read."""
    return read(text).get("EMPRUNT")
