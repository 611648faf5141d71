"""Which of the deposits that TTN shows are ours: what ``decisions`` builds on.

Ours is what carries our SignatureValue, and, while its document can't be read, the deposit whose id TTN gave us for these
very bytes. A number is no proof: TTN accepts two documents with one number, and its search may find numbers by prefix.
What a responsible disowned belongs to another document, unless it is ours beyond doubt.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .facts import Seen, Sent
from .rejections import Cause, classify
from .rejections_data import Rule


@dataclass(frozen=True)
class Sorted:
    """The deposits of one complete answer, sorted; those of other documents are left out.

    :param ours: our bytes, whatever became of them
    :param ours_pending: of these, without reference and without blocking error
    :param mismatched: of these, with a reference and a document that isn't what we sent, with the names of the fields
    :param unreadable: without readable document, not known by their id, under a number that may be ours
    :param same_document: our document under another signature
    :param earlier: earlier versions of our document
    :param earlier_pending: of these, without reference and without blocking error
    :param later: versions that took the place of our document: they are asked about for themselves
    :param id_of_other: shown under an id that TTN gave us, but with another document
    :param number_taken: another document of our sender with our number and type, not rejected
    :param errors: the causes of the blocking errors of our deposits
    :param warnings: the causes of the other errors of our deposits
    """

    ours: tuple[Seen, ...]
    ours_pending: tuple[Seen, ...]
    mismatched: tuple[tuple[Seen, tuple[str, ...]], ...]
    unreadable: tuple[Seen, ...]
    same_document: tuple[Seen, ...]
    earlier: tuple[Seen, ...]
    earlier_pending: tuple[Seen, ...]
    later: tuple[Seen, ...]
    id_of_other: tuple[Seen, ...]
    number_taken: tuple[Seen, ...]
    errors: tuple[Cause, ...]
    warnings: tuple[Cause, ...]

    @property
    def rivals(self) -> bool:
        """Something beside ours could still be accepted under our number."""
        return bool(self.same_document or self.earlier_pending or self.number_taken)

    @property
    def of_concern(self) -> tuple[Seen, ...]:
        """What has to be cleared up before the document may be deposited (again): all but rejected earlier versions."""
        return (
            *self.ours,
            *self.same_document,
            *(s for s in self.earlier if s.any_reference),
            *self.earlier_pending,
            *self.id_of_other,
            *self.unreadable,
            *self.number_taken,
        )


def compact(text: str | None) -> str:
    """Base64 without white space: TTN may wrap or indent what it returns."""
    return "".join((text or "").split())


def sort_deposits(
    sent: Sent, seen: Sequence[Seen], extra: Sequence[Rule] = (), disowned: frozenset[int] = frozenset()
) -> Sorted:
    """Sort the deposits of one answer. A SignatureValue decides; an id only where there is no readable document.

    :param disowned: ids of deposits of which a responsible says that they belong to another document
    """
    kinds: dict[str, list[Seen]] = {}
    for one in seen:
        kind = kind_of(sent, one)
        if one.deposit.deposit_id in disowned:
            kind = _kind_of_disowned(kind, sent, one)
        kinds.setdefault(kind, []).append(one)

    def of(kind: str) -> tuple[Seen, ...]:
        return tuple(kinds.get(kind, ()))

    def pending(group: Sequence[Seen]) -> tuple[Seen, ...]:
        return tuple(
            s for s in group if not s.any_reference and not any(c.blocking for c in _causes(s, extra))
        )

    ours = of("ours")
    causes = [cause for one in ours for cause in _causes(one, extra)]
    return Sorted(
        ours=ours,
        ours_pending=pending(ours),
        mismatched=tuple(
            (s, fields)
            for s in ours
            if s.signature_value and s.any_reference and (fields := acceptance_mismatches(sent, s))
        ),
        unreadable=of("unreadable"),
        same_document=of("same_document"),
        earlier=of("earlier"),
        earlier_pending=pending(of("earlier")),
        later=of("later"),
        id_of_other=of("id_of_other"),
        number_taken=tuple(
            s for s in of("same_number") if s.any_reference or not any(c.blocking for c in _causes(s, extra))
        ),
        errors=tuple(c for c in causes if c.blocking),
        warnings=tuple(c for c in causes if not c.blocking),
    )


def acceptance_mismatches(sent: Sent, seen: Seen) -> tuple[str, ...]:
    """The fields in which a document with a reference isn't ours; empty when the acceptance is ours.

    What TTN's QR code says (fingerprint) is compared when it could be read; everything else must be there.
    """
    wrong = []
    if compact(seen.signature_value) != compact(sent.signature_value):
        wrong.append("signature")
    if seen.document_digest is None or compact(seen.document_digest) != compact(sent.document_digest):
        wrong.append("document_digest")
    if seen.fingerprint is not None and compact(seen.fingerprint) != compact(sent.document_digest):
        wrong.append("fingerprint")
    if (seen.number or "").strip() != sent.number.strip():
        wrong.append("number")
    if (seen.sender or "").strip() != sent.sender.strip():
        wrong.append("sender")
    if seen.type_code is not None and seen.type_code != sent.type_code:
        wrong.append("type_code")
    if seen.total is None or seen.total != sent.total:
        wrong.append("total")
    if seen.reference and seen.deposit.reference and seen.reference != seen.deposit.reference:
        wrong.append("reference")
    return tuple(wrong)


def kind_of(sent: Sent, seen: Seen) -> str:
    """Ours, an earlier or a later version, the same document signed otherwise, another with our number… or "other"."""
    signature, deposit_id = compact(seen.signature_value), seen.deposit.deposit_id
    if signature and signature == compact(sent.signature_value):
        return "ours"
    if seen.other:
        return "other"
    if not signature:
        if deposit_id is not None and deposit_id in sent.deposit_ids:
            return "ours"
        if deposit_id is not None and deposit_id in sent.earlier_deposit_ids:
            return "earlier"
        if deposit_id is not None and deposit_id in sent.later_deposit_ids:
            return "later"
        return "unreadable" if _may_be(seen.deposit.number, sent.number) else "other"
    if signature in {compact(s) for s in sent.earlier_signatures}:
        return "earlier"
    if signature in {compact(s) for s in sent.later_signatures}:
        return "later"
    if seen.document_digest is not None and compact(seen.document_digest) == compact(sent.document_digest):
        return "same_document"
    if deposit_id is not None and deposit_id in sent.deposit_ids:
        return "id_of_other"
    same_number = (seen.number or "").strip() == sent.number.strip()
    same_sender = seen.sender is None or seen.sender.strip() == sent.sender.strip()
    same_type = seen.type_code is None or seen.type_code == sent.type_code
    return "same_number" if same_number and same_sender and same_type else "other"


def _kind_of_disowned(kind: str, sent: Sent, seen: Seen) -> str:
    """What a human may say of a deposit that can't be told: not of our own document, accepted or being worked on."""
    if kind == "ours" and seen.any_reference and acceptance_mismatches(sent, seen):
        return "same_number"
    if kind == "unreadable":
        return "same_number" if seen.deposit.number.strip() == sent.number.strip() else "other"
    return kind


def _may_be(listed: str, number: str) -> bool:
    """Whether TTN may list our number like this: other spelling, leading zeros, an end cut off or a prefix of its own.

    Its search also finds longer numbers that begin with ours; those are other documents, readable or not.
    """
    listed, number = _folded(listed), _folded(number)
    return number.startswith(listed) or listed.endswith(number)


def _folded(number: str) -> str:
    plain = "".join(char for char in number.casefold() if char.isalnum())
    return re.sub(r"(?<!\d)0+(?=\d)", "", plain)


def _causes(seen: Seen, extra: Sequence[Rule]) -> list[Cause]:
    return [classify(error.text, error.code, extra=extra) for error in seen.deposit.errors]
