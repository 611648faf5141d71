"""The account's deposits asked for by period, pure: what to ask for, what to believe, where to go on after a break.

TTN documents neither how many deposits an answer may hold nor whether a deposit that is being worked on has a date. So periods
overlap, and an answer that may be cut is believed when the halves of its period show nothing that it lacks.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .answers import Deposit
from .rejections import Cause
from .rejections_data import TECHNICAL
from .timing import DAY, HOUR

Period = tuple[float, float]  # seconds since the epoch

OVERLAP = HOUR  # at least; three times the longest delay seen when that is longer
FIRST_LOOK = 7 * DAY  # how far back the first sweep of an account goes
LONGEST_PERIOD = DAY
# TTN's criteria have whole seconds: of more deposits in one or two of them than TTN lists, the oldest are not seen.
SHORTEST_PERIOD = 1.0
# An empty answer is as little an absence as any other: of a database that forgot deposits it is believed the third time.
EMPTY_ANSWERS_NEEDED = 3
# An answer with fewer deposits is cut by no limit that a service would have.
NEVER_CUT = 15
# So often is a period asked for whose answer is lost on the way.
LOST_ANSWERS_TAKEN = 2
# One sweep asks about so many questions; the next one goes on from there.
CALLS_A_SWEEP = 120


@dataclass(frozen=True)
class Asked:
    """What came of one question for a period.

    :param deposits: of the answer, None when there is none
    :param cause: why there is none
    :param too_large: there was more than is read of one answer
    """

    deposits: Sequence[Deposit] | None = None
    cause: Cause | None = None
    too_large: bool = False


@dataclass(frozen=True)
class Walked:
    """What came of a sweep's questions.

    :param deposits: of the periods that have a whole answer; some may be listed twice
    :param left: the first period that has none; None: all have one
    :param cause: what broke it off; None: nothing did, or there were too many questions
    """

    deposits: list[Deposit]
    left: Period | None = None
    cause: Cause | None = None


def periods(
    now: float, last_complete: float | None, *, longest_delay: float = 0.0, left: Period | None = None
) -> list[Period]:
    """The periods to ask for, oldest first, each at most a day, together from the last sweep to now.

    :param last_complete: when the last complete sweep began: what was not visible then is asked for by the next one
    :param longest_delay: the longest time between a deposit and its visibility ever seen on this account, seconds
    :param left: of a sweep since then that broke off: this one goes on there with a period as long, then each twice as long
    """
    length = LONGEST_PERIOD
    if left is not None and left[0] < now:
        start, length = left[0], max(left[1] - left[0], SHORTEST_PERIOD)
    elif last_complete is not None:
        start = min(last_complete, now) - max(OVERLAP, 3 * longest_delay)
    else:
        start = now - FIRST_LOOK
    found = []
    while start < now:
        end = min(start + length, now)
        found.append((start, end))
        start, length = end, min(2 * length, LONGEST_PERIOD)
    return found


def walk(asked_for: Iterable[Period], ask: Callable[[Period], Asked], *, restored: bool = False) -> Walked:
    """Ask for periods one after the other, in halves where an answer may be cut.

    :param ask: asks TTN once for what it processed in a period
    :param restored: the database has forgotten deposits: it is not to believe the first empty answer
    """
    questions = _Questions(ask, EMPTY_ANSWERS_NEEDED if restored else 1)
    found: list[Deposit] = []
    waiting: list[tuple[Period, Sequence[Deposit] | None]] = [(period, None) for period in asked_for]
    while waiting:
        period, answer = waiting[0]
        parts = halves(period)
        if answer is not None and (not parts or len(answer) < NEVER_CUT):
            found += answer
            waiting.pop(0)
        elif questions.count >= CALLS_A_SWEEP:
            return Walked(found, period)
        elif answer is None:
            asked = questions.ask(period)
            if asked.too_large and parts:
                waiting[:1] = [(part, None) for part in parts]
            elif asked.cause:
                return Walked(found, period, asked.cause)
            else:
                waiting[0] = (period, asked.deposits)
        else:
            answers, cause = questions.ask_all(parts)
            if cause:
                return Walked(found, period, cause)
            if is_whole(answer, answers):
                found += answer
                waiting.pop(0)
            else:
                waiting[:1] = zip(parts, answers, strict=True)
    return Walked(found)


class _Questions:
    """Asks again where the answer was lost, or where nothing is there and that is not believed at once."""

    def __init__(self, ask: Callable[[Period], Asked], empty_needed: int) -> None:
        self._ask, self._empty_needed = ask, empty_needed
        self.count = 0

    def ask(self, period: Period) -> Asked:
        empty = lost = 0
        while True:
            asked = self._ask(period)
            self.count += 1
            if asked.deposits:
                return asked
            empty += asked.cause is None
            lost += asked.cause is not None
            may_be_lost = asked.cause and asked.cause.kind == TECHNICAL and not asked.too_large
            if empty >= self._empty_needed or lost >= LOST_ANSWERS_TAKEN or (asked.cause and not may_be_lost):
                return asked

    def ask_all(self, parts: Iterable[Period]) -> tuple[list[Sequence[Deposit]], Cause | None]:
        """:return: the answers, and why there are no more of them."""
        answers = []
        for part in parts:
            asked = self.ask(part)
            if asked.deposits is None:
                return answers, asked.cause
            answers.append(asked.deposits)
        return answers, None


def halves(period: Period) -> tuple[Period, ...]:
    """A period in two; empty when it is too short to divide."""
    start, end = period
    middle = (start + end) / 2
    return ((start, middle), (middle, end)) if end - start >= 2 * SHORTEST_PERIOD else ()


def is_whole(answer: Sequence[Deposit], answers: Iterable[Sequence[Deposit]]) -> bool:
    """Whether the answer for a period can't be cut, by the answers for its halves.

    No number of deposits tells it: what is not to be shown may be left out after cutting, other companies' deposits may be added.
    But of a cut answer with deposits of both halves, the half where the cut is shows more than it does. A half with nearly all
    of them may be cut in the same way, and proves nothing.
    """
    answers = list(answers)
    more = {_name(one) for half in answers for one in half} - {_name(one) for one in answer}
    return not more and all(len(half) < 0.8 * len(answer) for half in answers)


def _name(deposit: Deposit) -> object:
    return deposit.deposit_id if deposit.deposit_id is not None else (deposit.number, deposit.content)
