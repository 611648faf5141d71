"""Sign any bytes in CAdES (detached CMS), in two halves with the signer between them, as :mod:`.xades` does for TEIF.

``prepare`` takes the digest of what is signed and gives the bytes to sign; a file key, a token or a remote service signs
them; ``complete`` makes the container. For logs and exports of proof, and inside of PDFs (:mod:`.pades`).

Sources: RFC 5652 (CMS), RFC 5035 (signing certificate), ETSI EN 319 122-1 (CAdES baseline B).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from .problems import SignatureError
from .xades import public_key

_FORMAT = 1  # of the stored state


@dataclass(frozen=True, slots=True)
class Prepared:
    """Bytes ready for their signer. ``to_sign``: what RSA with SHA-256 signs; ``digest``: its SHA-256, what remote services
    ask for; ``state``: JSON-able, holds no secret, all that :func:`complete` needs."""

    to_sign: bytes
    digest: bytes
    state: dict = field(hash=False)


def prepare(content_digest: bytes, chain: Sequence[bytes], signing_time: datetime | None) -> Prepared:
    """What has to be signed for content whose SHA-256 is ``content_digest``.

    ``chain``: DER certificates, the signer's first. ``signing_time``: with a time zone; None inside of a PDF, which says
    it elsewhere. Raises SignatureError when the certificate cannot be used, ValueError for a digest of another length or
    a time without zone.
    """
    if len(content_digest) != hashlib.sha256().digest_size:
        raise ValueError("a SHA-256 is needed")
    if not chain:
        raise SignatureError("signing.chain_empty")
    signer = bytes(chain[0])
    public_key(signer)
    loaded = x509.Certificate.load(signer)
    attributes = [
        _attribute("content_type", "data"),
        _attribute("message_digest", content_digest),
        _attribute("signing_certificate_v2", _signing_certificate(signer, loaded)),
    ]
    if signing_time is not None:
        if signing_time.tzinfo is None:
            raise ValueError("the signing time needs a time zone")
        when = signing_time.astimezone(UTC).replace(microsecond=0)
        attributes.append(_attribute("signing_time", cms.Time({"utc_time": core.UTCTime(when)})))
    to_sign = cms.CMSAttributes(attributes).dump()
    state = {
        "format": _FORMAT,
        "attributes": base64.b64encode(to_sign).decode("ascii"),
        "chain": [base64.b64encode(bytes(one)).decode("ascii") for one in chain],
    }
    return Prepared(to_sign, hashlib.sha256(to_sign).digest(), state)


def complete(state: dict, signature_value: bytes) -> bytes:
    """The container (DER) with the raw signature of ``to_sign``; the content itself stays outside.

    Raises SignatureError when the state cannot be read, or the value does not verify with the signer's certificate.
    """
    try:
        if state["format"] != _FORMAT:
            raise ValueError("format")
        to_sign = base64.b64decode(state["attributes"], validate=True)
        chain = [base64.b64decode(one, validate=True) for one in state["chain"]]
        signer = x509.Certificate.load(chain[0])
    except (KeyError, IndexError, TypeError, ValueError):
        raise SignatureError("signing.state") from None
    try:
        public_key(chain[0]).verify(signature_value, to_sign, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise SignatureError("signing.value") from None
    sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
    info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                cms.IssuerAndSerialNumber({"issuer": signer.issuer, "serial_number": signer.serial_number}),
            ),
            "digest_algorithm": sha256,
            "signed_attrs": cms.CMSAttributes.load(to_sign),
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}),
            "signature": signature_value,
        }
    )
    signed = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [sha256],
            "encap_content_info": {"content_type": "data"},
            "certificates": [
                cms.CertificateChoices("certificate", x509.Certificate.load(one)) for one in chain
            ],
            "signer_infos": [info],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()


def _attribute(name: str, value) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": name, "values": [value]})


def _signing_certificate(der: bytes, loaded: x509.Certificate) -> tsp.SigningCertificateV2:
    issuer = x509.GeneralName("directory_name", loaded.issuer)
    named = tsp.ESSCertIDv2(
        {
            "hash_algorithm": {"algorithm": "sha256"},
            "cert_hash": hashlib.sha256(der).digest(),
            "issuer_serial": {"issuer": [issuer], "serial_number": loaded.serial_number},
        }
    )
    return tsp.SigningCertificateV2({"certs": [named]})
