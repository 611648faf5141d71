"""What TTN shows beside the deposit that decides: copies of a document, other documents with its number. Pure, for ``decisions``.

None of it changes the document's state by itself, and all of it is somebody's affair: TTN keeps every deposit it takes.
"""

from collections.abc import Sequence

from .consulted import Sorted
from .facts import Finding, Seen

CODES = frozenset({
    "sweep.duplicate",  # the same bytes more than once
    "sweep.same_document",  # our document under another signature
    "sweep.unknown_deposit",  # another document with our number
    "sweep.contradiction",  # ours was accepted, and TTN shows another document for it now
})  # fmt: skip


def beside(number: str, found: Sorted, disowned: frozenset[int] = frozenset()) -> tuple[Finding, ...]:
    """What somebody must know of one complete answer to a question about one document.

    :param number: the document's number
    :param found: the deposits of the answer, sorted
    :param disowned: ids of deposits of which a responsible knows already that they belong to another document
    :return: findings; of several copies the newest deposit is named
    """
    copies = found.ours if len(found.ours) > 1 else ()
    newest = sorted(copies, key=lambda one: one.deposit.deposit_id or 0)[-1:]
    return (
        *(_finding("sweep.duplicate", one, number, copies=len(copies)) for one in newest),
        *(_finding("sweep.same_document", one, number) for one in found.same_document),
        *(
            _finding("sweep.unknown_deposit", one, number)
            for one in found.number_taken
            if one.deposit.deposit_id not in disowned
        ),
    )


def contradiction(number: str, odd: Sequence[Seen]) -> tuple[Finding, ...]:
    """What TTN shows as ours with a reference, and with another content than that of an accepted document."""
    return tuple(_finding("sweep.contradiction", one, number) for one in odd[:1])


def _finding(code: str, one: Seen, number: str, **params: int) -> Finding:
    shown = {"deposit": one.deposit.deposit_id, "number": number, "reference": one.any_reference}
    return Finding(code, one, params=shown | params)
