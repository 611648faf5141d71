"""A company's queue stops by itself when TTN rejects too much, refuses the account, or doesn't answer. Pure.

While it is open nothing is sent but one document now and then (the probe); everything else stays signed and keeps its
place. It closes when the probe shows that the cause is gone. The caller keeps one :class:`Breaker` per company and account
(``as_dict`` / ``from_dict`` for a JSON field), tells it every outcome, and asks how many documents may go.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

# Outcomes that the caller records
DEPOSITED = "deposited"  # TTN took it: an id was received, the verdict is open
ACCEPTED = "accepted"
REJECTED = "rejected"  # by its content
ACCOUNT = "account"  # refused for a cause that every document of the account meets
DOWN = "down"  # not reached, or no answer that tells what became of the deposit
OUTCOMES = frozenset({DEPOSITED, ACCEPTED, REJECTED, ACCOUNT, DOWN})

# Why it is open
BY_REJECTIONS, BY_ACCOUNT, BY_SILENCE, BY_HAND = "rejections", "account", "silence", "hand"
REASONS = frozenset({BY_REJECTIONS, BY_ACCOUNT, BY_SILENCE, BY_HAND})

# What record() tells beside the new state
OPENED, REOPENED, CLOSED = "breaker.opened", "breaker.reopened", "breaker.closed"
EVENTS = frozenset({OPENED, REOPENED, CLOSED})

# Which outcome of the probe shows that the cause is gone
_CURES = {
    BY_REJECTIONS: frozenset({ACCEPTED}),
    BY_ACCOUNT: frozenset({DEPOSITED, ACCEPTED, REJECTED}),
    BY_SILENCE: frozenset({DEPOSITED, ACCEPTED, REJECTED, ACCOUNT}),
    BY_HAND: frozenset(),
}


@dataclass(frozen=True)
class Limits:
    """When to stop and how to try.

    :param last: how many verdicts are looked at
    :param least: fewer verdicts than that never stop the queue
    :param percent: more rejections than this share stop it
    :param silences: so many deposits in a row without a usable answer stop it
    :param probe_after: seconds until the first probe
    :param probe_at_most: the longest time between two probes (each failed one doubles it)
    :param probe_lasts: seconds after which a probe without outcome is given up
    :param rest: seconds for which nothing is sent after one deposit without a usable answer; three times as long after each
        further one in a row
    :param rest_at_most: the longest of these times
    """

    last: int = 20
    least: int = 10
    percent: float = 50.0
    silences: int = 5
    probe_after: float = 300.0
    probe_at_most: float = 3600.0
    probe_lasts: float = 1800.0
    rest: float = 2.0
    rest_at_most: float = 60.0

    def __post_init__(self) -> None:
        if not (0 < self.least <= self.last and 0 <= self.percent < 100 and self.silences > 0):
            raise ValueError("the limits of the breaker contradict each other")


@dataclass(frozen=True)
class Breaker:
    """The state of one queue.

    :param verdicts: the last verdicts, oldest first: True accepted, False rejected
    :param silent: deposits in a row without a usable answer
    :param reason: why it is open, one of :data:`REASONS`; "" while it is closed
    :param since: when it opened, seconds
    :param next_probe: when the next probe may go
    :param failed: probes that failed since it opened
    :param probe: key of the document that is on its way as a probe, None when there is none
    :param probe_until: when that probe is given up
    :param tried: keys of the documents that were probes since it opened, oldest first
    """

    verdicts: tuple[bool, ...] = ()
    silent: int = 0
    reason: str = ""
    since: float = 0.0
    next_probe: float = 0.0
    failed: int = 0
    probe: Hashable | None = None
    probe_until: float = 0.0
    tried: tuple[Hashable, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the queue is stopped."""
        return bool(self.reason)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, provided that the keys are."""
        return asdict(self) | {"verdicts": list(self.verdicts), "tried": list(self.tried)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Breaker":
        """The opposite of :meth:`as_dict`; unknown names are left out."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        return cls(
            **known | {"verdicts": tuple(known.get("verdicts", ())), "tried": tuple(known.get("tried", ()))}
        )


def allowance(breaker: Breaker, now: float, limits: Limits) -> int | None:
    """How many documents may be sent now: None as many as there are, 1 a probe, 0 none."""
    if not breaker.is_open:
        return None
    if breaker.reason == BY_HAND:
        return 0
    if breaker.probe is not None and _in_time(now, breaker.probe_until, limits.probe_lasts):
        return 0
    return 0 if _in_time(now, breaker.next_probe, limits.probe_at_most) else 1


def choose_probe(breaker: Breaker, candidates: Sequence[Hashable]) -> Hashable | None:
    """Which document to try: the oldest that was not a probe yet, so that one bad document can't keep the queue shut.

    :param candidates: keys of the waiting documents, oldest first
    """
    untried = [key for key in candidates if key not in breaker.tried]
    if untried or not candidates:
        return untried[0] if untried else None
    return min(candidates, key=breaker.tried.index)


def start_probe(breaker: Breaker, key: Hashable, now: float, limits: Limits) -> Breaker:
    """Note that this document goes as the probe; the caller commits that together with the claim.

    :raise ValueError: no probe may go now
    """
    if allowance(breaker, now, limits) != 1:
        raise ValueError("no probe may go now")
    tried = (*[k for k in breaker.tried if k != key], key)[-200:]
    # Until the outcome is known the next one waits its time as if this one failed.
    return replace(
        breaker,
        probe=key,
        probe_until=now + limits.probe_lasts,
        next_probe=now + _pause(breaker.failed + 1, limits),
        tried=tried,
    )


def record(breaker: Breaker, outcome: str, key: Hashable, now: float, limits: Limits) -> tuple[Breaker, str]:
    """Take one outcome into account.

    :param outcome: one of :data:`OUTCOMES`; a document has up to two (deposited, then a verdict)
    :param key: the document
    :return: the new state and what happened: one of :data:`EVENTS`, or ""
    :raise ValueError: an unknown outcome
    """
    if outcome not in OUTCOMES:
        raise ValueError(f"unknown outcome: {outcome}")
    silent = breaker.silent + 1 if outcome == DOWN else 0
    verdicts = breaker.verdicts
    if outcome in (ACCEPTED, REJECTED):
        verdicts = (*verdicts, outcome == ACCEPTED)[-limits.last :]
    updated = replace(breaker, silent=silent, verdicts=verdicts)
    if not breaker.is_open:
        reason = _trouble(updated, outcome, limits)
        if not reason:
            return updated, ""
        return _opened(updated, reason, now, limits), OPENED
    is_probe = breaker.probe is not None and key == breaker.probe
    # Any answer to a deposit ends a silence. Everything else is for a probe to show, also for one that was given up: that TTN
    # still tells what became of earlier deposits doesn't say that it takes new ones.
    answered = breaker.reason == BY_SILENCE and outcome in (DEPOSITED, ACCOUNT)
    if outcome in _CURES[breaker.reason] and (key in breaker.tried or answered):
        # The account's trouble may follow upon the silence's.
        reason = _trouble(replace(updated, verdicts=()), outcome, limits)
        if reason:
            return _opened(updated, reason, now, limits), OPENED
        return Breaker(), CLOSED
    if not is_probe or outcome == DEPOSITED:
        return updated, ""
    failed = breaker.failed + 1
    return (
        replace(updated, failed=failed, probe=None, probe_until=0.0, next_probe=now + _pause(failed, limits)),
        REOPENED,
    )


def stop(breaker: Breaker, now: float) -> Breaker:
    """Stopped by a human: no probe, only a human starts it again, with a new :class:`Breaker`."""
    return replace(breaker, reason=BY_HAND, since=now, probe=None, probe_until=0.0, failed=0)


def rest_after(silent: int, limits: Limits) -> float:
    """Seconds for which a queue that runs sends nothing after so many deposits in a row without a usable answer.

    Each of them uses up a document. One that stands alone costs a moment; with the default of :attr:`Limits.silences`, TTN has to
    be down for more than a minute before the queue stops.
    """
    return min(limits.rest * 3 ** (silent - 1), limits.rest_at_most) if silent else 0.0


def share_rejected(breaker: Breaker) -> float:
    """Percent of the last verdicts that were rejections; 0 without verdicts."""
    return 100.0 * breaker.verdicts.count(False) / len(breaker.verdicts) if breaker.verdicts else 0.0


def _trouble(breaker: Breaker, outcome: str, limits: Limits) -> str:
    if outcome == ACCOUNT:
        return BY_ACCOUNT
    if breaker.silent >= limits.silences:
        return BY_SILENCE
    # Only a rejection can open it: an acceptance never makes things worse.
    enough = len(breaker.verdicts) >= limits.least
    if outcome == REJECTED and enough and share_rejected(breaker) > limits.percent:
        return BY_REJECTIONS
    return ""


def _opened(breaker: Breaker, reason: str, now: float, limits: Limits) -> Breaker:
    return Breaker(
        verdicts=breaker.verdicts,
        silent=breaker.silent,
        reason=reason,
        since=now,
        next_probe=now + _pause(0, limits),
    )


def _pause(failed: int, limits: Limits) -> float:
    return min(limits.probe_after * 2 ** min(failed, 20), limits.probe_at_most)


def _in_time(now: float, moment: float, longest: float) -> bool:
    """Whether ``moment`` is still to come; one farther than it can be comes from a clock that was set back."""
    return now < moment <= now + longest
