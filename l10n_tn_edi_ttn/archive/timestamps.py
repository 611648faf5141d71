"""Time-stamps after RFC 3161: the question, its answer, and what a token is worth. Nothing here touches the network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from asn1crypto import cms as cms_asn1
from asn1crypto import core, tsp
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from . import cms
from .findings import ArchiveError
from .tree import ALGORITHMS


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time-stamp that holds. ``time``: UTC; ``serial``, ``policy``: the authority's; ``signer``: its DER certificate;
    ``valid_until``: when that ends, before which the time-stamp wants to be renewed; ``certificates``: all in it, DER."""

    time: datetime
    serial: int
    policy: str
    signer: bytes
    valid_until: datetime
    certificates: tuple[bytes, ...]


class _Response(core.Sequence):
    """A TimeStampResp; a refusal has no token, which asn1crypto's own class does not read."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms_asn1.ContentInfo, {"optional": True}),
    ]


def request(
    digest: bytes, *, nonce: int | None, algorithm: str = "sha256", policy: str | None = None
) -> bytes:
    """The DER TimeStampReq that asks for a time-stamp of ``digest``, with certificates.

    ``nonce``: a random number, given again to :func:`read_response`. ``policy``: the authority's, dotted; None: its own
    choice.
    """
    values = {
        "version": "v1",
        "message_imprint": {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": digest},
        "cert_req": True,
    }
    if nonce is not None:
        values["nonce"] = nonce
    if policy:
        values["req_policy"] = policy
    return tsp.TimeStampReq(values).dump()


def read_response(
    data: bytes,
    digest: bytes,
    *,
    nonce: int | None,
    algorithm: str = "sha256",
    trust: cms.Trust | None = None,
) -> bytes:
    """The token (DER) of a TimeStampResp, verified for ``digest``. Raises ArchiveError (``stamp.refused`` says why)."""
    if len(data) > cms.MAX_BYTES:
        raise ArchiveError("stamp.unreadable", reason=f"more than {cms.MAX_BYTES} bytes")
    try:
        response = _Response.load(data, strict=True)
        status = response["status"]
        if status["status"].native not in ("granted", "granted_with_mods"):
            texts = [*(status["status_string"].native or ()), *(status["fail_info"].native or ())]
            raise ArchiveError("stamp.refused", reason=", ".join([status["status"].native, *texts]))
        if isinstance(response["time_stamp_token"], core.Void):
            raise ArchiveError("stamp.unreadable", reason="no token")
        token = response["time_stamp_token"].dump()
    except (ValueError, TypeError, KeyError) as error:
        raise ArchiveError("stamp.unreadable", reason=error) from None
    verify(token, digest, algorithm=algorithm, trust=trust)
    found = _info(token)["nonce"].native
    if nonce is not None and found != nonce:
        raise ArchiveError("stamp.nonce")
    return token


def verify(
    token: bytes, digest: bytes, *, algorithm: str = "sha256", trust: cms.Trust | None = None
) -> Stamp:
    """What a ``token`` (DER) says of ``digest``: its signature, imprint, the certificate's purpose and, with ``trust``,
    its path at the time of the stamp. Raises ArchiveError."""
    signed = cms.verify(token, None, "tst_info")
    info = _info_of(signed.content)
    imprint = info["message_imprint"]
    if (imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native) != (
        algorithm,
        digest,
    ):
        raise ArchiveError("stamp.imprint")
    certificate = x509.load_der_x509_certificate(signed.signer)
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, ValueError):
        raise ArchiveError("stamp.usage") from None
    if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ArchiveError("stamp.usage")
    time = info["gen_time"].native
    # Also without anybody to ask about trust, a certificate says when it may be used
    if not certificate.not_valid_before_utc <= time <= certificate.not_valid_after_utc:
        raise ArchiveError("trust.refused", reason="it was not valid at that time.")
    cms.check_trust(trust, signed, time)
    return Stamp(
        time,
        info["serial_number"].native,
        info["policy"].native,
        signed.signer,
        certificate.not_valid_after_utc,
        signed.certificates,
    )


def imprint(token: bytes) -> tuple[str, bytes]:
    """Algorithm and digest that a ``token`` says it was made for; nothing is verified. Raises ArchiveError."""
    found = _info(token)["message_imprint"]
    return found["hash_algorithm"]["algorithm"].native, found["hashed_message"].native


def _info(token: bytes) -> tsp.TSTInfo:
    try:
        content = tsp.ContentInfo.load(token, strict=True)["content"]["encap_content_info"]["content"]
        return _info_of(content.parsed.dump())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ArchiveError("stamp.unreadable", reason=error) from None


def _info_of(content: bytes) -> tsp.TSTInfo:
    try:
        info = tsp.TSTInfo.load(content, strict=True)
        if (
            info["version"].native != "v1"
            or info["message_imprint"]["hash_algorithm"]["algorithm"].native not in ALGORITHMS
        ):
            raise ValueError("version or algorithm")
        if info["gen_time"].native.tzinfo is None:
            raise ValueError("a time without zone")
    except (ValueError, TypeError, KeyError) as error:
        raise ArchiveError("stamp.unreadable", reason=error) from None
    return info
