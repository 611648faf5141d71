"""The few lines of DER that XAdES needs and `cryptography` has no door for: a certificate's issuer as it is encoded."""

from __future__ import annotations

SEQUENCE = 0x30
INTEGER = 0x02
EXPLICIT_0 = 0xA0  # the version in a certificate
DIRECTORY_NAME = 0xA4  # directoryName in GeneralName


def encode(tag: int, content: bytes) -> bytes:
    """The element ``tag`` (one byte) with ``content``, its length in the shortest form."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def read(data: bytes, position: int = 0) -> tuple[int, int, int]:
    """The element at ``position`` as (tag, start of its content, end). Raises ValueError when it is no DER element."""
    if position + 2 > len(data):
        raise ValueError("DER: the element is cut")
    tag, size = data[position], data[position + 1]
    start = position + 2
    if tag & 0x1F == 0x1F:
        raise ValueError("DER: tags of several bytes are not read")
    if size >= 0x80:
        count = size & 0x7F
        start += count
        if not 1 <= count <= 4 or start > len(data):
            raise ValueError("DER: bad length")
        size = int.from_bytes(data[position + 2 : start], "big")
        if size < 0x80 or data[position + 2] == 0:
            raise ValueError("DER: the length is not in its shortest form")
    if start + size > len(data):
        raise ValueError("DER: the element is cut")
    return tag, start, start + size


def children(data: bytes, tag: int = SEQUENCE) -> list[bytes]:
    """The elements inside ``data``, which must be exactly one element ``tag``. Raises ValueError otherwise."""
    found, position, end = read(data)
    if found != tag or end != len(data):
        raise ValueError(f"DER: one element 0x{tag:02x} expected")
    elements = []
    while position < end:
        _tag, _start, after = read(data, position)
        elements.append(data[position:after])
        position = after
    return elements


def issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    """Issuer (a Name) and serial number (an INTEGER) of a DER certificate, as they are encoded in it.

    Raises ValueError when it is no certificate.
    """
    try:
        fields = children(children(certificate)[0])
        if fields[0][0] == EXPLICIT_0:
            fields = fields[1:]
        serial, _algorithm, issuer = fields[:3]
    except IndexError:
        raise ValueError("DER: not a certificate") from None
    if serial[0] != INTEGER or issuer[0] != SEQUENCE:
        raise ValueError("DER: not a certificate")
    return issuer, serial


def issuer_serial_v2(certificate: bytes) -> bytes:
    """XAdES' IssuerSerialV2 of a DER certificate: SEQUENCE {GeneralNames {[4] issuer}, serialNumber}.

    Raises ValueError when it is no certificate.
    """
    issuer, serial = issuer_and_serial(certificate)
    return encode(SEQUENCE, encode(SEQUENCE, encode(DIRECTORY_NAME, issuer)) + serial)
