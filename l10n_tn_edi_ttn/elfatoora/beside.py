"""What TTN shows beside the deposit that decides, pure: copies of a document, and other documents with its number.

None of it changes the document's state by itself, and all of it is somebody's affair: TTN keeps every deposit it takes.
"""

from collections.abc import Sequence

from .consulted import sort_deposits
from .facts import Seen, Sent
from .rejections_data import Rule
from .sweep import Finding


def beside(sent: Sent, seen: Sequence[Seen], extra: Sequence[Rule] = ()) -> tuple[Finding, ...]:
    """What somebody must know of one complete answer to a question about one document.

    :param sent: what was deposited, or tried
    :param seen: every deposit of the answer
    :param extra: rules of the user's own for rejections
    :return: findings with the codes of ``sweep.CODES``; of several copies the newest deposit is named
    """
    found = sort_deposits(sent, seen, extra)
    findings = []
    if len(found.ours) > 1:
        newest = max(found.ours, key=lambda one: one.deposit.deposit_id or 0)
        params = {"deposit": newest.deposit.deposit_id, "copies": len(found.ours), "number": sent.number}
        findings.append(Finding("sweep.duplicate", newest, params=params))
    for code, others in (
        ("sweep.same_document", found.same_document),
        ("sweep.unknown_deposit", found.number_taken),
    ):
        for one in others:
            params = {
                "deposit": one.deposit.deposit_id,
                "number": sent.number,
                "reference": one.any_reference,
            }
            findings.append(Finding(code, one, params=params))
    return tuple(findings)
