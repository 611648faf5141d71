"""The next step of one document, from the facts of its attempts and of what TTN shows. Pure: no clock, no network, no state.

TTN's deposit is not idempotent and can't be fenced. What these functions promise: no automatic double deposit, no
lost acceptance, and what can't be decided goes to a human (``to_decide``). The caller collects facts, calls one
function, and writes the :class:`~.facts.Decision` that it receives. All times are seconds of one clock (the
database's), all delays are seconds.

- :func:`after_save`     the answer of one deposit
- :func:`lease_expired`  an attempt whose answer never came back
- :func:`after_consult`  a question about one document, in any state; before leaving ``rejected``, and before
  depositing again what may have been deposited, the same question is asked
- :func:`next_poll_delay`, :func:`retry_delay`  back-off with jitter
"""

import random
from collections.abc import Sequence
from dataclasses import replace

from . import facts
from .accepted import accepted, conflict
from .attempts import after_save, cause_flags, lease_expired
from .beside import beside
from .consulted import Sorted, sort_deposits
from .facts import (
    ACCEPTED,
    CODES,
    CONFLICT,
    FLAGS,
    REJECTED,
    SIGNED,
    STATES,
    SUBMITTED,
    TO_DECIDE,
    UNKNOWN,
    Decision,
    History,
    Ruling,
    Seen,
    Sent,
)
from .rejections import Cause
from .rejections_data import Rule
from .timing import (
    DAY,
    HOUR,
    LATE_AFTER,
    UNDECIDED_AFTER,
    VANISHED_AFTER,
    daily,
    in_grace,
    is_undecided,
    is_unhurried,
    jitter,
    next_poll_delay,
    next_question,
    retry_delay,
    time_waited,
)

__all__ = [
    "ACCEPTED",
    "CODES",
    "CONFLICT",
    "FLAGS",
    "REJECTED",
    "SIGNED",
    "STATES",
    "SUBMITTED",
    "TO_DECIDE",
    "UNKNOWN",
    "Decision",
    "History",
    "Ruling",
    "Seen",
    "Sent",
    "after_consult",
    "after_save",
    "lease_expired",
    "next_poll_delay",
    "retry_delay",
]

ABSENCES_NEEDED = 3


def after_consult(
    sent: Sent,
    seen: Sequence[Seen] | None,
    history: History,
    *,
    cause: Cause | None = None,
    extra: Sequence[Rule] = (),
    rng: random.Random | None = None,
) -> Decision:
    """What TTN's view of one document means.

    :param sent: what was deposited, or tried
    :param seen: every deposit of one COMPLETE answer to a question by the document's number; None when the answer
        was not complete (fault, problem): then nothing is concluded
    :param history: what happened before
    :param cause: with ``seen`` None: why
    :param extra: rules of the user's own for rejections
    :return: any state in which TTN is asked, or :data:`~.facts.RELEASED`; the caller writes it whatever the state was
    :raise ValueError: a state in ``history`` that is none of :data:`STATES`
    """
    if history.state not in STATES:
        raise ValueError(f"not a state in which TTN is asked: {history.state}")
    if seen is None:
        return _in_no_hurry(_no_answer(history, cause, rng), history, rng)
    disowned = _disowned(history)
    sent = replace(sent, deposit_ids=sent.deposit_ids - disowned)
    found = sort_deposits(sent, seen, extra, disowned)
    decision = (
        accepted(sent, found, history, rng)
        or _visible(found, history, rng)
        or _not_visible(sent, found, history, rng)
    )
    return replace(
        _in_no_hurry(decision, history, rng),
        flags=decision.flags | ({facts.VISIBLE} if found.ours else set()),
        told=(*decision.told, *beside(sent.number, found, disowned)),
    )


def _in_no_hurry(decision: Decision, history: History, rng: random.Random | None) -> Decision:
    """The decision; what a human has to decide about, and nobody waits for, is asked about once a day."""
    unhurried = decision.state == TO_DECIDE and is_unhurried(history)
    return replace(decision, retry_in=jitter(DAY, rng)) if unhurried else decision


def _no_answer(history: History, cause: Cause | None, rng: random.Random | None) -> Decision:
    state = history.state
    if state == UNKNOWN and is_undecided(history):
        state = TO_DECIDE
    flags = cause_flags(cause) - {facts.SAME_BYTES}
    if state == SIGNED:
        flags |= {facts.ASK_FIRST}
    if history.state in (TO_DECIDE, ACCEPTED, CONFLICT):
        flags |= {facts.SAME_REASON}
    return Decision(
        state,
        "ask.no_answer",
        reference=history.reference,
        # What is refused to the account is not asked for over and over.
        retry_in=jitter(HOUR, rng)
        if state == SIGNED and facts.ACCOUNT in flags
        else next_question(history, rng),
        flags=flags,
        causes=(cause,) if cause else (),
    )


# --- visible ----------------------------------------------------------------------------------------------------


def _visible(found: Sorted, history: History, rng: random.Random | None) -> Decision | None:
    """No acceptance of ours, but something that concerns us is visible; None when there is nothing of the kind."""
    if history.state == CONFLICT:
        return conflict(history, rng)
    if found.mismatched:
        shown, fields = found.mismatched[0]
        return _to_decide("accept.mismatch", rng, shown, {"fields": list(fields)})
    same_accepted = [s for s in found.same_document if s.any_reference]
    if same_accepted or (found.same_document and not found.ours_pending):
        return _to_decide("ask.same_document", rng, (same_accepted or found.same_document)[0])
    if earlier_accepted := [s for s in found.earlier if s.any_reference]:
        return _to_decide("ask.earlier_accepted", rng, earlier_accepted[0])
    # Those of ours that can be read are settled: what is left with a reference is ours by its id alone.
    if unread := [s for s in found.ours if s.any_reference]:
        if not in_grace(history):
            return _to_decide("accept.unreadable", rng, unread[0])
        return _submitted("accept.waiting_document", unread[0], next_poll_delay(2, rng))
    if found.ours_pending:
        late = time_waited(history) >= LATE_AFTER
        delay = jitter(HOUR, rng) if late else next_poll_delay(history.polls, rng)
        decision = _submitted("ask.pending", found.ours_pending[0], delay)
        return replace(decision, causes=found.warnings)
    if found.id_of_other:
        return _to_decide("ask.id_of_other", rng, found.id_of_other[0])
    if found.unreadable:
        return _unreadable(found, history, rng)
    if found.ours:
        return _rejected(found, history, rng)
    return None


def _submitted(code: str, shown: Seen, delay: float) -> Decision:
    return Decision(
        SUBMITTED,
        code,
        {"reference": shown.any_reference},
        deposit_id=shown.deposit.deposit_id,
        seen=shown,
        retry_in=delay,
        absent=False,
    )


def _unreadable(found: Sorted, history: History, rng: random.Random | None) -> Decision:
    """Perhaps ours, perhaps not: nothing may be deposited, or corrected, before somebody can tell."""
    ids = [s.deposit.deposit_id for s in found.unreadable if s.deposit.deposit_id is not None]
    if time_waited(history) >= _window(history) or history.state == TO_DECIDE:
        return _to_decide("ask.unreadable", rng, found.unreadable[0], {"deposits": ids[:20]})
    return Decision(
        SUBMITTED if found.ours or history.state == SUBMITTED else UNKNOWN,
        "ask.unreadable",
        {"deposits": ids[:20]},
        retry_in=next_poll_delay(history.polls, rng),
        absent=False,
    )


def _rejected(found: Sorted, history: History, rng: random.Random | None) -> Decision:
    if found.earlier_pending:
        return _to_decide("ask.earlier_pending", rng, found.earlier_pending[0])
    return Decision(
        REJECTED,
        "ask.still_rejected" if history.state == REJECTED else "ask.rejected",
        {"texts": [cause.text[:500] for cause in found.errors][:20]},
        deposit_id=found.ours[0].deposit.deposit_id,
        seen=found.ours[0],
        # TTN may refuse the very bytes that it rejected once: they are signed again.
        flags=frozenset().union(*map(cause_flags, found.errors)) - {facts.SAME_BYTES},
        causes=found.errors,
        retry_in=daily(history, rng),
        absent=False,
    )


# --- nothing of ours visible ------------------------------------------------------------------------------------


def _not_visible(sent: Sent, found: Sorted, history: History, rng: random.Random | None) -> Decision:
    """A complete answer that shows nothing of ours."""
    state, waited = history.state, time_waited(history)
    blocked, blockers = "", (*found.number_taken, *found.earlier_pending)
    if blockers:
        blocked = "ask.number_taken" if found.number_taken else "ask.earlier_pending"
    if state == REJECTED:
        if found.earlier_pending:
            return _to_decide("ask.earlier_pending", rng, found.earlier_pending[0])
        return Decision(REJECTED, "ask.still_rejected", retry_in=daily(history, rng))
    if state in (SIGNED, TO_DECIDE) and _all_disowned(found, history):
        return _release(sent, history, blockers, rng)
    if state == SIGNED:
        if blocked:
            return _to_decide(blocked, rng, blockers[0])
        return Decision(SIGNED, "ask.absent_confirmed", retry_in=0.0)
    if sent.deposit_ids or history.ever_seen or state == SUBMITTED:
        if waited >= _patience(sent) or state == TO_DECIDE:
            return _to_decide("ask.vanished", rng)
        return Decision(
            SUBMITTED if sent.deposit_ids else state,
            "ask.not_visible",
            retry_in=next_question(history, rng),
        )
    if waited < 0 and not (history.clock_ahead and is_undecided(history)):  # it may still be on its way
        return Decision(state, "ask.not_visible", retry_in=jitter(min(1.0 - waited, HOUR), rng))
    return _absence(history, blocked, blockers, rng)


def _absence(history: History, blocked: str, blockers: Sequence[Seen], rng: random.Random | None) -> Decision:
    """Nothing of ours was ever visible: absent only by three complete answers, W, and a later deposit in view."""
    waited, window = time_waited(history), _window(history)
    params = {"answers": len(_absences(history))}
    settling = _settling_absence(history)
    flags: frozenset[str] = frozenset()
    if settling is not None:
        if blocked:
            return _to_decide(blocked, rng, blockers[0], absent=True)
        if _view_moved_since(settling, history):
            if _may_resend(history):
                flags = frozenset({facts.RESEND})
                return Decision(SIGNED, "ask.resend", params, retry_in=0.0, flags=flags, absent=True)
            return _to_decide("ask.absent", rng, params=params, absent=True)
        flags = frozenset({facts.WITNESS})
    if (settling is not None or history.clock_ahead) and is_undecided(history):
        decision = _to_decide("ask.absent_unproved", rng, params=params, absent=True)
        return replace(decision, flags=decision.flags | flags)
    if history.state == TO_DECIDE:
        return _to_decide("ask.not_visible", rng, params=params, absent=True)
    delay = next_poll_delay(history.polls, rng)
    if waited < window:  # not long past the moment from which an answer can settle it
        delay = min(delay, window - waited + 1.0)
    return Decision(UNKNOWN, "ask.not_visible", params, retry_in=delay, flags=flags, absent=True)


def _may_resend(history: History) -> bool:
    """Whether the company's one automatic resend is left; where somebody has decided, nothing goes by itself."""
    return (
        history.state == UNKNOWN
        and history.auto_resend
        and not history.resent
        and history.attempts == 1
        and not history.rulings
    )


def _absences(history: History) -> list[float]:
    """When TTN was asked since the lease ended, and answered completely without showing anything of ours; in order."""
    earlier = {t for t in history.absences if history.lease_until <= t < history.now}
    return sorted(earlier | {history.now})


def _settling_absence(history: History) -> float | None:
    """The first answer by which there were enough of them, and W was over; None before."""
    settled_from = history.lease_until + _window(history)
    enough = _absences(history)[ABSENCES_NEEDED - 1 :]
    return next((t for t in enough if t >= settled_from), None)


def _view_moved_since(moment: float, history: History) -> bool:
    """Whether TTN was asked then or later and showed a later deposit: before, its view may have stood still."""
    return history.later_seen is not None and history.later_seen >= moment


def _patience(sent: Sent) -> float:
    return VANISHED_AFTER if sent.deposit_ids else UNDECIDED_AFTER


def _disowned(history: History) -> frozenset[int]:
    return frozenset(ruling.deposit_id for ruling in history.rulings if not ruling.ours)


def _all_disowned(found: Sorted, history: History) -> bool:
    """Whether our number is taken, and all that takes it is another document's, as a responsible decided."""
    takers, disowned = {s.deposit.deposit_id for s in found.number_taken}, _disowned(history)
    return bool(takers) and not found.earlier_pending and takers <= disowned


def _release(sent: Sent, history: History, blockers: Sequence[Seen], rng: random.Random | None) -> Decision:
    """Our number is another document's: as soon as ours is surely not there, the invoice is free for another number."""
    settling = _settling_absence(history)
    unseen = settling is not None and not sent.deposit_ids and not history.ever_seen
    proved = settling is not None and time_waited(history) >= _patience(sent)
    if history.tried and not proved and not (unseen and _view_moved_since(settling, history)):
        waits = _to_decide("ask.release_waits", rng, blockers[0], absent=True)
        return replace(waits, flags=waits.flags | ({facts.WITNESS} if unseen else set()))
    return Decision(
        facts.RELEASED,
        "ask.released",
        {"number": sent.number},
        seen=blockers[0],
        # Under this number nothing goes out unasked.
        flags=frozenset({facts.ASK_FIRST}),
        absent=False,
    )


# --- helpers ----------------------------------------------------------------------------------------------------


def _window(history: History) -> float:
    """W: the company's setting, or three times the longest delay seen on the account when that is longer."""
    return max(history.window, 3 * history.longest_delay)


def _to_decide(
    code: str,
    rng: random.Random | None,
    shown: Seen | None = None,
    params: dict[str, object] | None = None,
    *,
    absent: bool = False,
) -> Decision:
    reference = {"reference": shown.any_reference} if shown else {}
    return Decision(
        TO_DECIDE,
        code,
        reference | (params or {}),
        deposit_id=shown.deposit.deposit_id if shown else None,
        seen=shown,
        retry_in=jitter(HOUR, rng),
        absent=absent,
    )
