"""What a certificate says, in words a company understands: holder, validity, key usage, matricule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from .problems import Problem, problem

MIN_RSA_BITS = 2048
#: Hashes that no signature of an authority may rest on any more.
WEAK_HASHES = frozenset({"md5", "sha1"})
#: What the library raises for a certificate that is broken somewhere.
UNREADABLE = (
    ValueError,
    KeyError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
#: How Tunisian authorities write the matricule into a company's certificate: VATTN-1557686R (now), TN-0736202X (2019).
_MATRICULE = re.compile(r"\b(?:VATTN|TN)-(\d{7}[A-Z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CertificateInfo:
    """A certificate's public data.

    ``holder`` is what to call it (common name, else organisation); ``subject`` and ``issuer`` are RFC 4514 texts;
    ``serial_hex`` upper case hexadecimal in whole bytes, as TTN wants it declared; times are UTC; ``matricule8`` the
    8-character matricule of the holder, None for personal certificates; ``key`` such as ``RSA-2048`` or ``EC-secp256r1``;
    ``key_usage_ok`` whether it may sign documents; ``self_issued``: it names itself as its issuer; ``weakly_signed``: its
    authority signed it with a broken hash; fingerprints are lower case hexadecimal.
    """

    holder: str
    subject: str
    issuer: str
    serial: int
    serial_hex: str
    not_before: datetime
    not_after: datetime
    matricule8: str | None
    email: str | None
    key: str
    key_usage_ok: bool
    self_issued: bool
    weakly_signed: bool
    fingerprint_sha256: str
    fingerprint_sha1: str

    def as_dict(self) -> dict:
        """The info as a JSON-able dict."""
        return {
            "holder": self.holder,
            "subject": self.subject,
            "issuer": self.issuer,
            "serial": self.serial_hex,
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
            "matricule": self.matricule8,
            "key": self.key,
            "fingerprint_sha256": self.fingerprint_sha256,
        }


def load(certificate: bytes) -> x509.Certificate:
    """The certificate of DER bytes. Raises ValueError when it is none."""
    return _read(bytes(certificate))[0]


def describe(certificate: bytes) -> CertificateInfo:
    """What the DER ``certificate`` says. Raises ValueError when it is none."""
    return _read(bytes(certificate))[1]


@lru_cache(maxsize=256)
def _read(certificate: bytes) -> tuple[x509.Certificate, CertificateInfo]:
    """Certificate and info, kept because the same few come back with every document.

    The library reads most parts only when asked and has many ways to say that one is broken, so all is asked here.
    """
    try:
        loaded = x509.load_der_x509_certificate(certificate)
        return loaded, _describe(loaded)
    except UNREADABLE as error:
        raise ValueError(f"the certificate cannot be read ({error})") from None


def _describe(loaded: x509.Certificate) -> CertificateInfo:
    name = _first(loaded.subject, NameOID.COMMON_NAME) or _first(loaded.subject, NameOID.ORGANIZATION_NAME)
    digits = f"{loaded.serial_number:X}"
    return CertificateInfo(
        holder=name or loaded.subject.rfc4514_string(),
        subject=loaded.subject.rfc4514_string(),
        issuer=loaded.issuer.rfc4514_string(),
        serial=loaded.serial_number,
        serial_hex=digits.zfill(len(digits) + len(digits) % 2),
        not_before=loaded.not_valid_before_utc,
        not_after=loaded.not_valid_after_utc,
        matricule8=_matricule(loaded.subject),
        email=_email(loaded),
        key=_key(loaded),
        key_usage_ok=_may_sign(loaded),
        self_issued=_claims_itself(loaded),
        weakly_signed=_weakly_signed(loaded),
        fingerprint_sha256=loaded.fingerprint(hashes.SHA256()).hex(),
        fingerprint_sha1=loaded.fingerprint(hashes.SHA1()).hex(),
    )


def usable_at(info: CertificateInfo, now: datetime) -> list[Problem]:
    """What forbids signing with the certificate at ``now`` (with a time zone); empty when nothing does."""
    problems = []
    if now > info.not_after:
        problems.append(problem("certificate.expired", holder=info.holder, date=f"{info.not_after:%Y-%m-%d}"))
    if now < info.not_before:
        problems.append(
            problem("certificate.not_yet_valid", holder=info.holder, date=f"{info.not_before:%Y-%m-%d}")
        )
    if not info.key_usage_ok:
        problems.append(problem("certificate.key_usage", holder=info.holder))
    return problems


def issued(issuer: bytes, certificate: bytes) -> bool:
    """Whether the DER certificate ``issuer`` signed ``certificate``: name and signature, nothing about time or usage."""
    return _issued(bytes(issuer), bytes(certificate))


@lru_cache(maxsize=512)
def _issued(issuer: bytes, certificate: bytes) -> bool:
    try:
        load(certificate).verify_directly_issued_by(load(issuer))
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


def order_chain(certificates: Iterable[bytes], signer: bytes | None = None) -> list[bytes]:
    """The DER ``certificates`` from the signer up to the highest authority among them; those outside the chain dropped.

    ``signer``: the certificate to start from; without it, the first one that issued no other. Raises ValueError for
    bytes that are no certificate.
    """
    pool = list(dict.fromkeys(bytes(certificate) for certificate in certificates))
    for certificate in pool:
        load(certificate)
    if signer is None:
        leaves = [one for one in pool if not any(other != one and issued(one, other) for other in pool)]
        if not leaves:
            return []
        signer = leaves[0]
    chain = [bytes(signer)]
    while True:
        above = next((one for one in pool if one not in chain and issued(one, chain[-1])), None)
        if above is None:
            return chain
        chain.append(above)


def to_pem(chain: Sequence[bytes]) -> bytes:
    """DER certificates as one PEM text."""
    return b"".join(load(bytes(one)).public_bytes(serialization.Encoding.PEM) for one in chain)


def from_pem(data: bytes) -> list[bytes]:
    """The DER certificates of a PEM text, in its order. Raises ValueError when there is none or one is broken."""
    return [one.public_bytes(serialization.Encoding.DER) for one in x509.load_pem_x509_certificates(data)]


def _claims_itself(certificate: x509.Certificate) -> bool:
    """Whether issuer and subject are one, by their names or by the identifiers of their keys."""
    if certificate.subject == certificate.issuer:
        return True
    found = certificate.extensions
    try:
        own = found.get_extension_for_class(x509.SubjectKeyIdentifier).value.key_identifier
        issuers = found.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return False
    return own == issuers


def _weakly_signed(certificate: x509.Certificate) -> bool:
    algorithm = certificate.signature_hash_algorithm
    return algorithm is not None and algorithm.name in WEAK_HASHES


def _first(name: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    values = name.get_attributes_for_oid(oid)
    return str(values[0].value) if values else None


def _matricule(name: x509.Name) -> str | None:
    for oid in (NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_IDENTIFIER):
        for attribute in name.get_attributes_for_oid(oid):
            match = _MATRICULE.search(str(attribute.value))
            if match:
                return match[1].upper()
    return None


def _email(certificate: x509.Certificate) -> str | None:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        addresses = names.get_values_for_type(x509.RFC822Name)
    except x509.ExtensionNotFound:
        addresses = []
    return addresses[0] if addresses else _first(certificate.subject, NameOID.EMAIL_ADDRESS)


def _key(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA-{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC-{key.curve.name}"
    return type(key).__name__


def _may_sign(certificate: x509.Certificate) -> bool:
    """Key usage digitalSignature or nonRepudiation (or none stated), and no authority's certificate."""
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.KeyUsage) and not (value.digital_signature or value.content_commitment):
            return False
        if isinstance(value, x509.BasicConstraints) and value.ca:
            return False
    return True
