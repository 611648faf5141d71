"""Has a certificate been revoked: OCSP and CRL questions written and answers read. Nothing here touches the network.

An answer counts only when it is signed by the authority (or a responder that the authority named for it), speaks of the
very certificate, and is neither older nor newer than it may be. Sources: RFC 6960 (OCSP), RFC 5280 (CRL).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID

from . import certificates
from .problems import SignatureError

#: Clocks differ; an answer may be this much ahead of ours.
SKEW = timedelta(minutes=10)
#: An answer that does not say when the next one comes is good for so long.
DEFAULT_LIFE = timedelta(days=1)
#: The largest lists known have a few MB.
MAX_CRL_BYTES = 20 * 1024 * 1024
MAX_OCSP_BYTES = 64 * 1024
_BROKEN = (
    *certificates.UNREADABLE,
    x509.ExtensionNotFound,
)


class RevocationError(SignatureError):
    """An answer that says nothing: broken, too old, of another certificate, or not signed by who may sign it."""


@dataclass(frozen=True, slots=True)
class Status:
    """What an answer says. ``source``: ocsp or crl; ``state``: good, revoked or unknown (the authority does not know the
    certificate); ``revoked_at`` and ``reason`` when revoked; ``until``: keep it until then. Times are UTC."""

    source: str
    state: str
    this_update: datetime
    until: datetime
    revoked_at: datetime | None = None
    reason: str | None = None

    def revoked_before(self, time: datetime) -> bool:
        """Whether the certificate was already revoked at ``time``: a later revocation leaves older signatures alone."""
        return self.state == "revoked" and (self.revoked_at is None or self.revoked_at <= time)


def ocsp_urls(certificate: bytes) -> list[str]:
    """Where the DER ``certificate`` says that OCSP answers (http and https only). Raises ValueError when it is none."""
    return _access_urls(certificate, AuthorityInformationAccessOID.OCSP)


def issuer_urls(certificate: bytes) -> list[str]:
    """Where its issuer's certificate can be had. Raises ValueError when it is no certificate."""
    return _access_urls(certificate, AuthorityInformationAccessOID.CA_ISSUERS)


def crl_urls(certificate: bytes) -> list[str]:
    """Where its authority's list can be had. Raises ValueError when it is no certificate."""
    return _point_urls(certificates.load(certificate))


def _point_urls(certificate: x509.Certificate) -> list[str]:
    points = _extension(certificate, x509.CRLDistributionPoints) or ()
    # A point with reasons, or with an issuer of its own, lists only some revocations or those of others
    names = [
        name
        for point in points
        if not point.reasons and not point.crl_issuer
        for name in point.full_name or ()
    ]
    return _http(names)


def ocsp_request(certificate: bytes, issuer: bytes, nonce: bytes | None = None) -> bytes:
    """The DER request that asks for ``certificate`` of ``issuer`` (both DER). Raises ValueError for broken ones."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        certificates.load(certificate),
        certificates.load(issuer),
        hashes.SHA1(),  # only names the issuer; responders need not know another
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(serialization.Encoding.DER)


def read_ocsp(
    data: bytes, certificate: bytes, issuer: bytes, at: datetime, *, nonce: bytes | None = None
) -> Status:
    """What an OCSP response says of ``certificate``, issued by ``issuer``, at the time ``at`` (with a time zone).

    ``nonce``: the one that was asked with; a response that repeats another is refused, one without any is taken, since
    most responders prepare their answers. Raises RevocationError when the response cannot be relied upon.
    """
    if len(data) > MAX_OCSP_BYTES:
        raise RevocationError("ocsp.unreadable")
    try:
        response = ocsp.load_der_ocsp_response(data)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise RevocationError("ocsp.refused", status=response.response_status.name.lower())
        _check_responder(response, issuer)
        if nonce is not None:
            _check_nonce(response, nonce)
        answer = _answer_for(response, certificate, issuer)
        this_update, next_update = _utc(answer, "this_update"), _utc(answer, "next_update")
        until = _fresh("ocsp", this_update, next_update, at)
        revoked = answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
        return Status(
            "ocsp",
            answer.certificate_status.name.lower(),
            this_update,
            until,
            _utc(answer, "revocation_time") if revoked else None,
            answer.revocation_reason.value if revoked and answer.revocation_reason else None,
        )
    except _BROKEN:
        raise RevocationError("ocsp.unreadable") from None


def read_crl(data: bytes, certificate: bytes, issuer: bytes, at: datetime) -> Status:
    """What a CRL (DER or PEM) of ``issuer`` says of ``certificate`` at the time ``at`` (with a time zone).

    Raises RevocationError when the list cannot be relied upon.
    """
    if len(data) > MAX_CRL_BYTES:
        raise RevocationError("crl.unreadable")
    try:
        load = x509.load_pem_x509_crl if data.lstrip().startswith(b"-----BEGIN") else x509.load_der_x509_crl
        crl = load(data)
        asked, authority = certificates.load(certificate), certificates.load(issuer)
        if crl.issuer != authority.subject or asked.issuer != authority.subject:
            raise RevocationError("crl.other_issuer")
        if not certificates.issued(issuer, certificate):
            raise RevocationError("crl.other_issuer")
        usage = _extension(authority, x509.KeyUsage)
        algorithm = crl.signature_hash_algorithm
        if (
            (usage is not None and not usage.crl_sign)
            or (algorithm is not None and algorithm.name in certificates.WEAK_HASHES)
            or not crl.is_signature_valid(authority.public_key())
        ):
            raise RevocationError("crl.signature")
        _check_scope(crl, asked)
        this_update, next_update = _utc(crl, "last_update"), _utc(crl, "next_update")
        until = _fresh("crl", this_update, next_update, at)
        entry = crl.get_revoked_certificate_by_serial_number(asked.serial_number)
        if entry is None:
            return Status("crl", "good", this_update, until)
        reason = _extension(entry, x509.CRLReason)
        return Status(
            "crl",
            "revoked",
            this_update,
            until,
            _utc(entry, "revocation_date"),
            reason and reason.reason.value,
        )
    except _BROKEN:
        raise RevocationError("crl.unreadable") from None


def _check_responder(response: ocsp.OCSPResponse, issuer: bytes) -> None:
    """Refuse a response that neither ``issuer`` signed nor a responder to which it gave that right."""
    authority = certificates.load(issuer)
    candidates = [authority]
    produced = _utc(response, "produced_at")
    for delegate in response.certificates:
        data = delegate.public_bytes(serialization.Encoding.DER)
        usage = _extension(delegate, x509.ExtendedKeyUsage) or ()
        info = certificates.describe(data)
        if (
            ExtendedKeyUsageOID.OCSP_SIGNING in usage
            and certificates.issued(issuer, data)
            and info.not_before <= produced <= info.not_after
        ):
            candidates.append(delegate)
    if not any(_signed_by(response, candidate) for candidate in candidates):
        raise RevocationError("ocsp.signature")


def _signed_by(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    key, algorithm = certificate.public_key(), response.signature_hash_algorithm
    if algorithm is None or algorithm.name in certificates.WEAK_HASHES:
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(algorithm))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _check_nonce(response: ocsp.OCSPResponse, nonce: bytes) -> None:
    try:
        found = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return
    if found != nonce:
        raise RevocationError("ocsp.nonce")


def _answer_for(response: ocsp.OCSPResponse, certificate: bytes, issuer: bytes) -> ocsp.OCSPSingleResponse:
    """The one answer about ``certificate``. Raises RevocationError when there is none."""
    asked, authority = certificates.load(certificate), certificates.load(issuer)
    for answer in response.responses:
        algorithm = answer.hash_algorithm
        wanted = ocsp.OCSPRequestBuilder().add_certificate(asked, authority, algorithm).build()
        if (answer.serial_number, answer.issuer_key_hash, answer.issuer_name_hash) == (
            wanted.serial_number,
            wanted.issuer_key_hash,
            wanted.issuer_name_hash,
        ):
            return answer
    raise RevocationError("ocsp.other_certificate")


def _check_scope(crl: x509.CertificateRevocationList, certificate: x509.Certificate) -> None:
    """Refuse a list that speaks of other certificates only: indirect, partial, or differences to another list."""
    for extension in crl.extensions:
        value = extension.value
        if isinstance(value, x509.IssuingDistributionPoint):
            constraints = _extension(certificate, x509.BasicConstraints)
            is_authority = constraints is not None and constraints.ca
            if (
                value.indirect_crl
                or value.only_contains_attribute_certs
                or value.only_some_reasons
                or (value.only_contains_ca_certs and not is_authority)
                or (value.only_contains_user_certs and is_authority)
                # One of several lists of the authority: it must be the one that the certificate names
                or (value.full_name and not set(_http(value.full_name)) & set(_point_urls(certificate)))
            ):
                raise RevocationError("crl.scope")
        elif extension.oid == ExtensionOID.DELTA_CRL_INDICATOR or (
            extension.critical and not isinstance(value, (x509.AuthorityKeyIdentifier, x509.CRLNumber))
        ):
            raise RevocationError("crl.scope")


def _fresh(source: str, this_update: datetime, next_update: datetime | None, at: datetime) -> datetime:
    """Until when an answer counts. Raises RevocationError when it is from the future, or too old at ``at``."""
    if this_update > at + SKEW:
        raise RevocationError(f"{source}.future")
    until = next_update or this_update + DEFAULT_LIFE
    if until < at - SKEW:
        raise RevocationError(f"{source}.stale", date=f"{until:%Y-%m-%d %H:%M}")
    return until


def _utc(source, name: str) -> datetime | None:
    """The time ``name`` of a response or list, in UTC; older libraries know it without zone only."""
    if hasattr(source, f"{name}_utc"):
        return getattr(source, f"{name}_utc")
    value = getattr(source, name)
    return value and value.replace(tzinfo=UTC)


def _access_urls(certificate: bytes, method: x509.ObjectIdentifier) -> list[str]:
    found = _extension(certificates.load(certificate), x509.AuthorityInformationAccess) or ()
    return _http([one.access_location for one in found if one.access_method == method])


def _http(names) -> list[str]:
    urls = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    return [url for url in urls if url.lower().startswith(("http://", "https://"))]


def _extension(source, kind: type):
    try:
        return source.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
