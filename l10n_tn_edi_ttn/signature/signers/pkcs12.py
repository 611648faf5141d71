"""Sign with a certificate file (PKCS#12): opened once per batch, the key only ever in memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from .. import certificates
from ..problems import SignerError
from ..xades import Prepared

#: SEQUENCE, its length in any form (group 1), INTEGER 3.
_PFX = re.compile(rb"\x30([\x00-\x80]|\x81.|\x82..|\x83...|\x84....)\x02\x01\x03", re.DOTALL)
#: A certificate file holds a key and a few certificates; far above any real one.
MAX_BYTES = 1024 * 1024


class Pkcs12Signer:
    """An opened certificate file. Make it with :meth:`open`.

    ``chain``: DER certificates, the signer's first; ``info``: :class:`~..certificates.CertificateInfo` of the signer.
    """

    __slots__ = ("_key", "chain", "info")

    def __init__(self, key: rsa.RSAPrivateKey, chain: list[bytes]):
        self._key = key
        self.chain = chain
        self.info = certificates.describe(chain[0])

    def __repr__(self) -> str:
        return f"<Pkcs12Signer {self.info.holder!r} {self.info.serial_hex}>"

    def __reduce__(self):
        raise TypeError("a signer holds a private key and is never stored")

    @classmethod
    def open(
        cls, data: bytes, passphrase: str, *, check_validity: bool = True, now: datetime | None = None
    ) -> Pkcs12Signer:
        """The signer of a PKCS#12 file.

        ``check_validity``: refuse a certificate that may not sign at ``now`` (default: the current time). Raises
        SignerError, whose text never holds the passphrase.
        """
        key, chain = _load(data, passphrase)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise SignerError("key.not_rsa")
        if key.key_size < certificates.MIN_RSA_BITS:
            raise SignerError("key.too_small", bits=key.key_size)
        signer = cls(key, chain)
        if check_validity:
            for found in certificates.usable_at(signer.info, now or datetime.now(UTC)):
                raise SignerError(found.code, **found.params)
        return signer

    def sign(self, to_sign: bytes) -> bytes:
        """The RSASSA-PKCS1-v1_5 signature with SHA-256 of ``to_sign``, raw bytes."""
        return self._key.sign(to_sign, padding.PKCS1v15(), hashes.SHA256())

    def sign_all(self, prepared: Iterable[Prepared]) -> Iterator[bytes]:
        """The raw signature of each prepared document, in their order."""
        return (self.sign(one.to_sign) for one in prepared)


def _load(data: bytes, passphrase: str) -> tuple[object, list[bytes]]:
    """Private key and ordered chain of a PKCS#12 file. Raises SignerError."""
    if len(data) > MAX_BYTES or not _is_pkcs12(data):
        raise SignerError("pkcs12.unreadable")
    if "\0" in passphrase:
        # The library panics over it, with the passphrase in what it prints
        raise SignerError("pkcs12.wrong_passphrase")
    try:
        content = load_pkcs12(data, passphrase.encode())
    except UnsupportedAlgorithm:
        raise SignerError("pkcs12.unsupported") from None
    except ValueError:
        # The library says the same for a wrong passphrase and a damaged file; the outer structure is sound
        raise SignerError("pkcs12.wrong_passphrase") from None
    if content.key is None:
        raise SignerError("pkcs12.no_key")
    found = [content.cert] if content.cert is not None else []
    found = [one.certificate for one in (*found, *content.additional_certs)]
    try:
        signers = [one for one in found if one.public_key() == content.key.public_key()]
        if not signers:
            raise SignerError("pkcs12.no_certificate")
        signer, *others = [one.public_bytes(serialization.Encoding.DER) for one in (signers[0], *found)]
        return content.key, certificates.order_chain(others, signer)
    except certificates.UNREADABLE:
        raise SignerError("certificate.unreadable") from None


def _is_pkcs12(data: bytes) -> bool:
    """Whether ``data`` begins like a PFX, SEQUENCE {INTEGER 3, …}, and is not cut. Some programs write lengths as BER."""
    match = _PFX.match(data)
    if not match:
        return False
    length = match[1]
    if length == b"\x80":
        return data.endswith(b"\0\0")
    size = length[0] if len(length) == 1 else int.from_bytes(length[1:], "big")
    return match.end(1) + size <= len(data)
