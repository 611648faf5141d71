"""The account's deposits compared with ours, pure: finds what nobody here knows, and what was lost here.

A restored backup, a copy of the database, a portal or another program may deposit under the same account. So the recent
deposits are asked for by period, from time to time and before sending after a pause, and each must be known. One that
nobody knows quarantines its number: no document with it is deposited before a human has looked.

How they are asked for is the affair of ``periods``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .consulted import compact
from .facts import Finding, Seen
from .timing import DAY, HOUR

IDLE = HOUR  # after such a pause nothing is sent before a sweep
OLDEST = DAY  # nor when the last complete one is older than this

CODES = frozenset({
    "sweep.unknown_deposit",  # nobody here made it
    "sweep.unreadable",  # nobody here knows its id, and its document can't be read
    "sweep.unidentified",  # the same, without even a number: nothing may be sent
    "sweep.same_document",  # a document of ours under another signature
    "sweep.duplicate",  # the same bytes more than once
    "sweep.lost_deposit",  # ours, but its id is not recorded
    "sweep.lost_acceptance",  # ours and accepted, but not recorded as such
    "sweep.left_behind",  # one of the two, of a version that nobody would ask about
    "sweep.other_reference",  # ours, accepted here under another reference
})  # fmt: skip
# Nobody has to look at these: asking TTN about the document settles it.
BY_THEMSELVES = frozenset({"sweep.lost_deposit", "sweep.lost_acceptance"})


@dataclass(frozen=True)
class Known:
    """One version of a document that this database deposited, or tried to.

    :param key: what the caller knows it by
    :param signature_value: base64 SignatureValue
    :param document_digest: base64 digest of the document
    :param number: the document's number
    :param deposit_ids: its ``idSaveEfact``, as far as they are recorded
    :param reference: TTN's reference, "" when it is not recorded as accepted
    :param asked: its own question finds what TTN shows of it; False: it goes other ways, or none (to be signed anew, withdrawn)
    """

    key: Any
    signature_value: str
    document_digest: str
    number: str
    deposit_ids: frozenset[int] = frozenset()
    reference: str = ""
    asked: bool = True


@dataclass(frozen=True)
class Report:
    """What one complete sweep says.

    :param findings: everything that is not as it should be, in TTN's order
    :param quarantine: numbers under which nothing may be deposited before a human has looked
    :param ask: keys of documents to ask TTN about at once
    :param hold_all: something is there that can't be tied to any number: nothing may be deposited
    :param matched: deposits that are known
    """

    findings: tuple[Finding, ...] = ()
    quarantine: frozenset[str] = frozenset()
    ask: frozenset[Any] = frozenset()
    hold_all: bool = False
    matched: int = 0


def compare(
    seen: Sequence[Seen], ours: Iterable[Known], sender: str, *, cleared: frozenset[int] = frozenset()
) -> Report:
    """Compare the deposits of one or more complete answers with what is known here.

    :param seen: the deposits, read and verified by the caller; the same deposit may be listed twice
    :param ours: every version that was ever deposited or tried under this account, in any state
    :param sender: our matricule; deposits whose document names another sender are left alone
    :param cleared: ids of deposits that a human has looked at
    """
    known = list(ours)
    by_signature = {compact(k.signature_value): k for k in known}
    by_digest = {compact(k.document_digest): k for k in known if k.document_digest}
    by_id = {i: k for k in known for i in k.deposit_ids}
    deposits = _distinct(seen)
    copies = Counter(compact(s.signature_value) for s in deposits if s.signature_value)
    findings: list[Finding] = []
    matched = 0
    for one in deposits:
        deposit_id, signature = one.deposit.deposit_id, compact(one.signature_value)
        mine = by_signature.get(signature) if signature else by_id.get(deposit_id)
        if mine:
            matched += 1
            found = _about_ours(one, mine, copies[signature])
            if found and found.code == "sweep.duplicate" and deposit_id in cleared:
                found = None
        elif deposit_id in cleared:
            continue
        else:
            found = _about_others(one, by_digest, known, sender)
        if found:
            findings.append(found)
    strange = [f for f in findings if f.code not in BY_THEMSELVES and f.code != "sweep.unidentified"]
    return Report(
        findings=tuple(findings),
        quarantine=frozenset(number for f in strange for number in _numbers(f, known)),
        ask=frozenset(key for f in findings for key in f.keys),
        hold_all=any(f.code == "sweep.unidentified" for f in findings),
        matched=matched,
    )


def must_sweep(
    now: float, last_complete: float | None, last_call: float | None, *, restored: bool = False
) -> bool:
    """Whether nothing may be sent before a sweep.

    :param now: seconds of the database's clock
    :param last_complete: when the last complete sweep was asked, None: never
    :param last_call: when this database last deposited under this account, None: never
    :param restored: the caller knows that the database is a restored or copied one
    """
    if restored or last_complete is None or last_call is None:
        return True
    # A clock behind its own records is what a restored machine has as well.
    went_back = now < last_complete or now < last_call
    return went_back or now - max(last_complete, last_call) > IDLE or now - last_complete > OLDEST


def _distinct(seen: Sequence[Seen]) -> list[Seen]:
    """Overlapping periods list a deposit twice; what has no id can't be told apart and stays.

    Two documents under one id are two deposits: what is ours is never hidden behind another company's.
    """
    found: dict[object, Seen] = {}
    for position, one in enumerate(seen):
        deposit_id, signature = one.deposit.deposit_id, compact(one.signature_value)
        key = ("no id", position) if deposit_id is None else (deposit_id, signature)
        # The richer description wins: a later answer may hold TTN's reference.
        if key not in found or bool(one.any_reference) >= bool(found[key].any_reference):
            found[key] = one
    read: dict[int, set[str]] = {}
    for one in found.values():
        if one.signature_value and one.deposit.deposit_id is not None:
            read.setdefault(one.deposit.deposit_id, {""}).add(one.deposit.number)
    # What is listed without its document once more is the same, unless it has another number.
    return [
        one
        for one in found.values()
        if one.signature_value or one.deposit.number not in read.get(one.deposit.deposit_id, ())
    ]


def _about_ours(one: Seen, mine: Known, copies: int) -> Finding | None:
    deposit_id, reference = one.deposit.deposit_id, one.any_reference
    if reference and mine.reference and reference != mine.reference:
        params = {"reference": mine.reference, "other": reference}
        return Finding("sweep.other_reference", one, (mine.key,), params)
    if reference and not mine.reference:
        return _lost("sweep.lost_acceptance", one, mine, {"reference": reference})
    unrecorded = deposit_id is not None and deposit_id not in mine.deposit_ids
    if copies > 1 or (unrecorded and mine.deposit_ids):
        # The others may be in the answer for another period.
        copies = max(copies, len(mine.deposit_ids | {deposit_id} - {None}))
        return Finding("sweep.duplicate", one, (mine.key,), {"deposit": deposit_id, "copies": copies})
    if unrecorded:
        return _lost("sweep.lost_deposit", one, mine, {"deposit": deposit_id})
    return None


def _lost(code: str, one: Seen, mine: Known, params: dict[str, Any]) -> Finding:
    if mine.asked:
        return Finding(code, one, (mine.key,), params)
    params = {"deposit": one.deposit.deposit_id, "number": mine.number, "reference": one.any_reference}
    return Finding("sweep.left_behind", one, (mine.key,), params)


def _about_others(
    one: Seen, by_digest: Mapping[str, Known], known: list[Known], sender: str
) -> Finding | None:
    number = _number(one)
    params = {"deposit": one.deposit.deposit_id, "number": number, "reference": one.any_reference}
    if one.signature_value:
        if one.sender is not None and one.sender.strip() != sender.strip():
            return None
        twin = by_digest.get(compact(one.document_digest)) if one.document_digest else None
        if twin:
            return Finding("sweep.same_document", one, (twin.key,), params)
        code = "sweep.unknown_deposit" if number else "sweep.unidentified"
    else:
        code = "sweep.unreadable" if number else "sweep.unidentified"
    return Finding(code, one, tuple(k.key for k in known if number and k.number.strip() == number), params)


def _number(one: Seen) -> str:
    return (one.number or one.deposit.number or "").strip()


def _numbers(finding: Finding, known: list[Known]) -> set[str]:
    """The number in the document, the one in its description, and those of our documents that it concerns."""
    one = finding.seen
    numbers = {one.number or "", one.deposit.number, *(k.number for k in known if k.key in finding.keys)}
    return {number.strip() for number in numbers if number.strip()}
