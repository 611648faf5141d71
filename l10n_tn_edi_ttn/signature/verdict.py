"""All that can be said of one signature, point by point: what was signed is what is there, who signed, TTN's profile.

:mod:`.verify` takes a signature apart; the chain and the revocation are looked at elsewhere (:mod:`.trust`,
:mod:`.revocation`), by whoever has the authorities and the network. Here everything comes together, in one order.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import certificates
from .points import Point
from .revocation import Status
from .trust import Path
from .verify import SignatureReport


@dataclass(frozen=True, slots=True)
class Looked:
    """A point that is met, missed, or (``met`` None) not looked at: no authority loaded, nobody asked."""

    code: str
    met: bool | None
    found: str = ""
    expected: str = ""

    as_dict = Point.as_dict


def verdict(report: SignatureReport, path: Path | None = None, status: Status | None = None) -> list[Looked]:
    """What there is to say of a signature, the most important first.

    :param path: the way from the signer's certificate to a trusted authority; None when no authority is known.
    :param status: what the authority says of the certificate; None when it was not asked or did not answer.
    """
    said = {one.code for one in report.findings}
    # A signature that could not be taken apart shows nothing at all
    readable = bool(report.points)
    info = certificates.describe(report.signer_der) if report.signer_der else None
    validity = f"{info.not_before:%Y-%m-%d} – {info.not_after:%Y-%m-%d}" if info else ""
    dated = not said & {"certificate.expired", "certificate.not_yet_valid"}
    named = not said & {"signature.certificate_digest", "signature.issuer_serial", "signature.key_info"}
    digests = {"signature.references", "signature.transforms", "signature.digest_method"}
    return [
        _point(
            "content", readable and not said & {"signature.document_digest", *digests}, report.document_digest
        ),
        _point("properties", readable and not said & {"signature.properties_digest", *digests}),
        _point(
            "value",
            readable and not said & {"signature.value", "signature.method", "signature.canonicalization"},
        ),
        _point("structure", report.intact, ", ".join(one.message for one in report.findings if one.breaking)),
        _point("signer", bool(info) and named, info.subject if info else ""),
        _point("validity", bool(info and report.signing_time) and dated, validity),
        _point("key_usage", bool(info) and "certificate.key_usage" not in said),
        _point("chain", path.trusted if path else None, _chain(path)),
        _point("revocation", _unrevoked(report, status), status.source if status else ""),
        *(Looked(one.code, one.met, one.found, one.expected) for one in report.points),
    ]


def _chain(path: Path | None) -> str:
    if path is None:
        return ""
    problems = ", ".join(one.message for one in path.problems)
    return problems or " < ".join(certificates.describe(one).holder for one in path.chain)


def _unrevoked(report: SignatureReport, status: Status | None) -> bool | None:
    if status is None or status.state == "unknown":
        return None
    if status.state == "good":
        return True
    return report.signing_time is not None and not status.revoked_before(report.signing_time)


def _point(name: str, met: bool | None, found: str = "") -> Looked:
    return Looked(f"profile.{name}", met, found)
