"""Verify a CMS signature of one signer: the seal's CAdES, and the signature around a time-stamp.

Written apart from what makes them. The certificate must be in the container, and named by the signed attributes.
Sources: RFC 5652 (CMS), RFC 5035 and RFC 2634 (signing certificate), ETSI EN 319 122-1 (CAdES).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, x509
from cryptography import x509 as loaded_x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from .findings import ArchiveError
from .tree import ALGORITHMS

#: Is the DER certificate to be trusted at a time, with the others at hand? What is against it, in English; empty: nothing.
Trust = Callable[[bytes, Sequence[bytes], datetime], list[str]]
#: A container with its certificates has 3 to 8 kB.
MAX_BYTES = 256 * 1024
MIN_RSA_BITS = 2048
_HASHES = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that holds. ``signer``: DER certificate; ``certificates``: all of the container, DER; ``time``: when it
    was made by its own words, None when it does not say; ``content``: what is inside (None: detached)."""

    signer: bytes
    certificates: tuple[bytes, ...]
    time: datetime | None
    content: bytes | None


def verify(container: bytes, digest: Callable[[str], bytes] | None, content_type: str = "data") -> Signed:
    """The signature in a CMS ``container`` (DER).

    ``digest``: gives the digest of the detached content for an algorithm's name; None when the content is inside.
    ``content_type``: what is signed, as asn1crypto calls it. Says nothing about trust in the certificate. Raises
    ArchiveError.
    """
    if len(container) > MAX_BYTES:
        raise ArchiveError("cms.unreadable", reason=f"more than {MAX_BYTES} bytes")
    try:
        info = cms.ContentInfo.load(container, strict=True)
        if info["content_type"].native != "signed_data":
            raise ArchiveError("cms.unreadable", reason="no signed data")
        data = info["content"]
        return _verify(data, digest, content_type)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise ArchiveError("cms.unreadable", reason=error) from None


def _verify(data: cms.SignedData, digest, content_type: str) -> Signed:
    if len(data["signer_infos"]) != 1:
        raise ArchiveError("cms.unreadable", reason=f"{len(data['signer_infos'])} signers")
    signer = data["signer_infos"][0]
    content = data["encap_content_info"]["content"]
    inside = content.parsed.dump() if content_type != "data" and content.native is not None else None
    if (inside is None) != (digest is not None) or (digest is not None and content.native is not None):
        raise ArchiveError("cms.unreadable", reason="content where none is expected, or none")
    algorithm = signer["digest_algorithm"]["algorithm"].native
    if algorithm not in ALGORITHMS:
        raise ArchiveError("cms.algorithm", algorithm=algorithm)
    attributes = _attributes(signer["signed_attrs"])
    expected = digest(algorithm) if digest else hashlib.new(algorithm, inside).digest()
    types = (attributes["content_type"].native, data["encap_content_info"]["content_type"].native)
    if types != (content_type, content_type) or attributes["message_digest"].native != expected:
        raise ArchiveError("cms.digest")
    certificates = [one.chosen for one in data["certificates"] or () if one.name == "certificate"]
    found = _named(signer["sid"], certificates)
    if found is None or not _says(attributes, found):
        raise ArchiveError("cms.certificate")
    _check_value(signer, algorithm, found.dump())
    time = attributes.get("signing_time")
    return Signed(
        found.dump(),
        tuple(one.dump() for one in certificates),
        time.native if time is not None else None,
        inside,
    )


def _attributes(found: cms.CMSAttributes) -> dict:
    """The signed attributes by name; one with several values, or there twice, is refused."""
    attributes = {}
    for one in found:
        name = one["type"].native
        if name in attributes or len(one["values"]) != 1:
            raise ArchiveError("cms.unreadable", reason=f"{name} more than once")
        attributes[name] = one["values"][0]
    return attributes


def _named(sid: cms.SignerIdentifier, certificates: list[x509.Certificate]) -> x509.Certificate | None:
    """The certificate that the signer's identifier means."""
    for one in certificates:
        if sid.name == "issuer_and_serial_number":
            if (one.issuer, one.serial_number) == (sid.chosen["issuer"], sid.chosen["serial_number"].native):
                return one
        elif one.key_identifier is not None and one.key_identifier == sid.native:
            return one
    return None


def _says(attributes: dict, certificate: x509.Certificate) -> bool:
    """Whether the signed attributes name the ``certificate`` by its hash."""
    named = attributes.get("signing_certificate_v2")
    if named is not None:
        first = named["certs"][0]
        algorithm = first["hash_algorithm"]["algorithm"].native
        return (
            algorithm in ALGORITHMS
            and first["cert_hash"].native == hashlib.new(algorithm, certificate.dump()).digest()
        )
    named = attributes.get("signing_certificate")
    # Only names a certificate whose key must fit anyway
    return (
        named is not None
        and named["certs"][0]["cert_hash"].native
        == hashlib.sha1(certificate.dump(), usedforsecurity=False).digest()
    )


def _check_value(signer: cms.SignerInfo, algorithm: str, certificate: bytes) -> None:
    method = signer["signature_algorithm"]
    value, signed = signer["signature"].native, signer["signed_attrs"].untag().dump()
    try:
        key = loaded_x509.load_der_x509_certificate(certificate).public_key()
        kind, chosen = method.signature_algo, _hash_of(method, algorithm)
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS and kind == "rsassa_pkcs1v15":
            key.verify(value, signed, padding.PKCS1v15(), chosen)
        elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS and kind == "rsassa_pss":
            salt = method["parameters"]["salt_length"].native
            key.verify(value, signed, padding.PSS(padding.MGF1(chosen), salt), chosen)
        elif isinstance(key, ec.EllipticCurvePublicKey) and kind == "ecdsa":
            key.verify(value, signed, ec.ECDSA(chosen))
        else:
            raise ArchiveError("cms.algorithm", algorithm=f"{kind}, {type(key).__name__}")
    except (InvalidSignature, UnsupportedAlgorithm):
        raise ArchiveError("cms.value") from None


def _hash_of(method, algorithm: str) -> hashes.HashAlgorithm:
    """The hash of the signature; it must be the one of the digests."""
    name = method["algorithm"].native
    found = algorithm if name in ("rsassa_pkcs1v15", "ecdsa") else method.hash_algo
    if found != algorithm:
        raise ArchiveError("cms.algorithm", algorithm=f"{found} with {algorithm}")
    return _HASHES[found]()


def check_trust(trust: Trust | None, signed: Signed, at: datetime) -> None:
    """Raises ArchiveError when ``trust`` has something against the signer's certificate ``at`` a time; None: not asked."""
    problems = trust(signed.signer, signed.certificates, at) if trust else []
    if problems:
        raise ArchiveError("trust.refused", reason=" ".join(problems))
