"""What an archived TEIF has to hold: which signatures, intact, and of whom.

The signatures themselves are verified elsewhere; here their reports are judged for the role that a document has in its record.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from . import cms, record

#: Which signatures a document must hold, by its role.
WANTED = {record.ROLE_SIGNED: ("SigFrs",), record.ROLE_VALIDATED: ("SigFrs", "SigTTN")}


class Said(Protocol):
    """A finding about a signature: an English sentence, and whether the signature is broken by it."""

    message: str
    breaking: bool


class Report(Protocol):
    """What was found about one signature of a document. ``chain``: DER certificates that came along."""

    id: str | None
    intact: bool
    findings: Sequence[Said]
    signer_der: bytes | None
    chain: Sequence[bytes]
    signing_time: datetime | None


def problems(role: str, reports: Sequence[Report], trust: cms.Trust | None) -> list[str]:
    """What is wrong with the signatures of a document, as sentences; empty when nothing is.

    ``role``: of the file in its record; ``reports``: of all the signatures that are there; ``trust``: None when whom the
    certificates belong to is not looked at.
    """
    others = tuple(one for report in reports for one in report.chain)
    found = []
    for name in WANTED[role]:
        named = [report for report in reports if report.id == name]
        if len(named) != 1:
            found.append(f"{name}: {'missing' if not named else 'there twice'}")
            continue
        [report] = named
        found += [f"{name}: {one.message}" for one in report.findings if one.breaking]
        if trust and report.intact:
            at = report.signing_time or datetime.now(UTC)
            found += [f"{name}: {one}" for one in trust(report.signer_der, others, at)]
    return found
