"""When a document counts as accepted, and when TTN accepted it twice. Pure, for ``decisions``."""

import random
from collections.abc import Sequence
from dataclasses import replace

from . import facts
from .beside import contradiction
from .consulted import Sorted, acceptance_mismatches
from .facts import ACCEPTED, CONFLICT, SUBMITTED, TO_DECIDE, Decision, History, Seen, Sent
from .timing import DAY, HOUR, daily, in_grace, jitter, next_poll_delay, time_waited


def accepted(sent: Sent, found: Sorted, history: History, rng: random.Random | None) -> Decision | None:
    """A reference of ours beats everything else, and an acceptance once known is never given up.

    :param sent: what was deposited, or tried
    :param found: the deposits of one complete answer, sorted
    :param history: what happened before
    :return: accepted, in conflict, or submitted while TTN's document is awaited; None when nothing is accepted
    """
    good = [
        s for s in found.ours if s.signature_value and s.any_reference and not acceptance_mismatches(sent, s)
    ]
    named = _named(found, history, good)
    references = {s.any_reference for s in (*good, *named)} | (
        {history.reference} if history.reference else set()
    )
    if not references and history.state != ACCEPTED:
        return None
    others = (*found.same_document, *found.earlier, *found.later, *found.number_taken)
    rivals = [s for s in others if s.any_reference]
    all_references = references | {s.any_reference for s in rivals}
    if history.state == CONFLICT or len(all_references) > 1:
        shown = {id(s): s for s in (*good, *named, *rivals)}
        return conflict(history, rng, list(shown.values()), all_references)
    # Ours by its id, or by its signature with another content: not an acceptance, but not what was known either.
    odd = [s for s in found.ours if s.any_reference and s not in good and s not in named]
    watch = daily(history, rng)
    if not good and not named:
        return Decision(
            ACCEPTED,
            "accept.changed" if odd else "accept.kept",
            reference=history.reference,
            told=contradiction(sent.number, odd),
            retry_in=watch,
        )
    best = max(
        good or named,
        key=lambda s: (s.ttn_signature == "valid", bool(s.reference), bool(s.deposit.content)),
    )
    decision = Decision(
        ACCEPTED,
        "accept.accepted",
        {"reference": best.any_reference},
        deposit_id=best.deposit.deposit_id,
        reference=best.any_reference,
        seen=best,
        told=contradiction(sent.number, odd),
        # A second acceptance can only come from a second deposit, or from ours beside what somebody named.
        retry_in=watch if named or len(found.ours) > 1 or history.attempts > 1 or found.rivals else None,
    )
    if not good:
        decision = replace(decision, code="accept.decided")
    # TTN's signature on what differs from ours proves another document.
    if best.reference and best.ttn_signature == "valid" and (good or best not in found.ours):
        return decision
    if not best.reference and history.state not in (ACCEPTED, TO_DECIDE) and in_grace(history):
        return replace(
            decision, state=SUBMITTED, code="accept.waiting_document", retry_in=next_poll_delay(2, rng)
        )
    return replace(
        decision,
        code=_code_of_unproved(best) if good else decision.code,
        flags=decision.flags | {facts.UNPROVED},
        retry_in=jitter(HOUR, rng) if time_waited(history) < DAY else watch,
    )


def _code_of_unproved(best: Seen) -> str:
    return "accept.unproved" if best.reference else "accept.without_document"


def _named(found: Sorted, history: History, good: Sequence[Seen]) -> list[Seen]:
    """What a responsible took for this document, as long as TTN shows it with the reference that it had then."""
    rulings = {(ruling.deposit_id, ruling.reference) for ruling in history.rulings if ruling.ours}
    return [
        s
        for s in (*found.ours, *found.same_document, *found.earlier, *found.unreadable)
        if s.any_reference and (s.deposit.deposit_id, s.any_reference) in rulings and s not in good
    ]


def conflict(
    history: History,
    rng: random.Random | None,
    shown: Sequence[Seen] = (),
    references: set[str] = frozenset(),
) -> Decision:
    """Two acceptances: both are kept, and only a human leaves this state.

    :param shown: what TTN shows with a reference now
    :param references: all that are known now; those that were told before are kept beside them
    """
    deposits = {s.deposit.deposit_id for s in shown if s.deposit.deposit_id is not None}
    told = history.conflict
    return Decision(
        CONFLICT,
        "accept.two_acceptances",
        {
            # TTN may show one of them today, and the other tomorrow.
            "references": sorted(references.union(told.get("references", ()))),
            "deposits": sorted(deposits.union(told.get("deposits", ())))[:20],
        },
        reference=history.reference or (shown[0].any_reference if shown else ""),
        seen=shown[0] if shown else None,
        acceptances=tuple(shown),
        retry_in=daily(history, rng),
    )
