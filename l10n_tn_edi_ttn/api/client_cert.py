"""The client certificate of a TLS connection that ended at a proxy: the headers of RFC 9440."""

import base64
import binascii
import re

CERTIFICATE_HEADER = "Client-Cert"
CHAIN_HEADER = "Client-Cert-Chain"
MOST_BYTES = 16 * 1024
MOST_IN_CHAIN = 4
# A Byte Sequence of RFC 8941, as RFC 9440 wants it: base64 of the DER between colons
_BYTES = re.compile(r":([A-Za-z0-9+/]{4,}={0,2}):")


class HeaderError(ValueError):
    """The proxy's header is not as RFC 9440 has it."""


def read_certificate(value):
    """:param str value: of ``Client-Cert``.
    :return: bytes, DER as it came: nothing is known yet about what is in it.
    :raise HeaderError: it is no single byte sequence, or too long.
    """
    match = len(value) <= MOST_BYTES and _BYTES.fullmatch(value.strip())
    if not match:
        raise HeaderError("not a byte sequence")
    try:
        return base64.b64decode(match[1], validate=True)
    except binascii.Error as error:
        raise HeaderError("not base64") from error


def read_chain(value):
    """:param str value: of ``Client-Cert-Chain``, or ''.
    :return: list of DER certificates, the issuer of the client's first.
    :raise HeaderError: it is no list of byte sequences, or too long.
    """
    parts = [part for part in value.split(",") if part.strip()]
    if len(parts) > MOST_IN_CHAIN:
        raise HeaderError("too many certificates")
    return [read_certificate(part) for part in parts]
