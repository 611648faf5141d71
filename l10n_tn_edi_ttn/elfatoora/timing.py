"""How long to wait. All values are seconds; jitter comes from the generator that the caller passes."""

import random

from .facts import ACCEPTED, CONFLICT, REJECTED, TO_DECIDE, History

HOUR = 3_600.0
DAY = 24 * HOUR
WATCH = 30 * DAY  # what is settled, but may still change at TTN, is asked about once a day for so long
PROOF_GRACE = 600.0  # after the lease: how long a reference waits for TTN's final document
LATE_AFTER = DAY  # without an end: somebody should know
UNDECIDED_AFTER = DAY  # an attempt of which nothing is known: a human
VANISHED_AFTER = 3 * DAY  # a deposit with an id that is never shown: a human
UNHURRIED_AFTER = 3 * DAY  # what a human has to decide about: once a day instead of once an hour

# TTN needs 2 to 30 seconds for most documents.
_POLL_STEPS = (5.0, 10.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 900.0)
_RETRY_STEPS = (15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)


def next_poll_delay(polls: int, rng: random.Random | None = None) -> float:
    """Seconds until the next question.

    :param polls: questions asked so far about this attempt
    :param rng: source of the jitter of one fifth; None: no jitter
    """
    return jitter(_POLL_STEPS[min(max(polls, 0), len(_POLL_STEPS) - 1)], rng)


def retry_delay(failures: int, rng: random.Random | None = None) -> float:
    """Seconds until the next try of a deposit that was surely not sent.

    :param failures: such tries in a row before
    :param rng: source of the jitter of one fifth; None: no jitter
    """
    return jitter(_RETRY_STEPS[min(max(failures, 0), len(_RETRY_STEPS) - 1)], rng)


def jitter(delay: float, rng: random.Random | None) -> float:
    """The delay, up to one fifth shorter or longer, so that many documents don't come back at once."""
    return delay * rng.uniform(0.8, 1.2) if rng else delay


def time_waited(history: History) -> float:
    """Seconds since the last attempt's lease ended; negative while it may still be on its way."""
    return history.now - history.lease_until


def is_undecided(history: History) -> bool:
    """Whether an attempt of which nothing is known is for a human, by the database's own clock."""
    return time_waited(history) + history.clock_ahead >= UNDECIDED_AFTER


def is_unhurried(history: History) -> bool:
    """Whether nobody waits for the next answer about a document that a human has to decide about."""
    return history.left_behind or time_waited(history) >= UNHURRIED_AFTER


def in_grace(history: History) -> bool:
    """Whether TTN's final document may still follow the reference."""
    return time_waited(history) < PROOF_GRACE


def next_question(history: History, rng: random.Random | None) -> float:
    """Seconds until TTN is asked again about a document whose state an answer did not change.

    :param rng: source of the jitter; None: no jitter
    """
    if history.state in (ACCEPTED, REJECTED, CONFLICT):
        return jitter(DAY, rng)
    if history.state == TO_DECIDE or time_waited(history) >= LATE_AFTER:
        return jitter(HOUR, rng)
    return next_poll_delay(history.polls, rng)


def daily(history: History, rng: random.Random | None) -> float | None:
    """What is settled may still change at TTN: seconds until the next daily question, None once a month has passed.

    :param rng: source of the jitter; None: no jitter
    """
    return jitter(DAY, rng) if time_waited(history) < WATCH else None
