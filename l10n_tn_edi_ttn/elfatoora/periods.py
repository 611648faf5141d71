"""The account's deposits asked for by period, pure: what to ask for, what to believe, where to go on after a break.

TTN documents neither how many deposits an answer may hold nor whether a deposit that is being worked on has a date. So periods
overlap, and an answer that may be cut is believed when the halves of its period show nothing that it lacks.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

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
# A database that forgot deposits would make them again: it believes smaller ones only. Down to single deposits it would ask,
# second by second, for hours.
NEVER_CUT_RESTORED = 5
# So often is a period asked for whose answer is lost on the way.
LOST_ANSWERS_TAKEN = 2
# TTN's clock may go wrong by so much between two sweeps: the overlap is twice as long.
CLOCKS_APART = OVERLAP / 2
# One sweep asks about so many questions; the next one goes on from there.
CALLS_A_SWEEP = 120


@dataclass(frozen=True)
class Asked:
    """What came of one question for a period.

    :param deposits: of the answer, None when there is none
    :param cause: why there is none
    :param too_large: there was more than is read of one answer
    :param apart: seconds between TTN's clock and the caller's when it answered, 0.0 when it did not say
    """

    deposits: Sequence[Deposit] | None = None
    cause: Cause | None = None
    too_large: bool = False
    apart: float = 0.0


@dataclass(frozen=True)
class Walked:
    """What came of one period, or what broke a sweep off, and where to go on.

    :param deposits: of a period that has a whole answer; the next ones may list some of them again
    :param left: the first period that has none yet; None: all have one
    :param cause: what broke the sweep off; None: nothing did, or there were too many questions
    :param unread: a period that can't be divided, of which TTN shows more than is read: nobody here knows what is in it
    :param apart: the clocks are so many seconds apart that the periods are the wrong ones: to begin anew with others
    """

    deposits: Sequence[Deposit] = ()
    left: Period | None = None
    cause: Cause | None = None
    unread: Period | None = None
    apart: float | None = None


def periods(
    now: float,
    last_complete: float | None,
    *,
    longest_delay: float = 0.0,
    apart: float = 0.0,
    left: Period | None = None,
) -> list[Period]:
    """The periods to ask for, oldest first, each at most a day, together from the last sweep to now.

    :param last_complete: when the last complete sweep began: what was not visible then is asked for by the next one
    :param longest_delay: the longest time between a deposit and its visibility ever seen on this account, seconds
    :param apart: seconds between TTN's clock, by which it finds deposits, and the caller's; whichever is right
    :param left: of a sweep since then that broke off: this one goes on there with a period as long, then each twice as long
    """
    length, stop = LONGEST_PERIOD, now + apart
    if left is not None and left[0] < stop:
        start, length = left[0], max(left[1] - left[0], SHORTEST_PERIOD)
    elif last_complete is not None:
        start = min(last_complete, now) - max(OVERLAP, 3 * longest_delay) - apart
    else:
        start = now - FIRST_LOOK - apart
    found = []
    while start < stop:
        end = min(start + length, stop)
        found.append((start, end))
        start, length = end, min(2 * length, LONGEST_PERIOD)
    return found


def allowance(apart: float) -> float:
    """:param apart: the most seconds that the clocks were apart during a sweep.
    :return: what the next one allows for: nothing when the overlap covers it.
    """
    return apart if apart > CLOCKS_APART else 0.0


def walk(
    asked_for: Iterable[Period],
    ask: Callable[[Period], Asked],
    *,
    restored: bool = False,
    apart: float = 0.0,
    is_over: Callable[[], bool] = lambda: False,
) -> Iterator[Walked]:
    """Ask for periods one after the other, in halves where an answer may be cut.

    :param ask: asks TTN once for what it processed in a period
    :param restored: the database has forgotten deposits: it is to believe neither the first empty answer nor a small one
    :param apart: what the periods allow for
    :param is_over: whether the time for questions is over; the next sweep goes on from there
    :return: each period as soon as it can be believed; the last one says whether something is left
    """
    questions = _Questions(ask, EMPTY_ANSWERS_NEEDED if restored else 1, is_over)
    never_cut = NEVER_CUT_RESTORED if restored else NEVER_CUT
    waiting: list[tuple[Period, Asked | None]] = [(period, None) for period in asked_for]
    while waiting:
        period, asked = waiting[0]
        parts = halves(period)
        if asked is None:
            if questions.are_over():
                yield Walked(left=period)
                return
            asked = questions.ask(period)
            if broken := _broken(period, asked, apart):
                yield broken
                return
            waiting[0] = (period, asked)
        elif asked.deposits is None:
            waiting[:1] = [(part, None) for part in parts]
            if not parts:
                yield Walked(left=_first(waiting), unread=period)
        elif not parts or len(asked.deposits) < never_cut:
            waiting.pop(0)
            yield Walked(asked.deposits, _first(waiting))
        else:
            answers: list[Asked] = []
            for part in parts:
                if questions.are_over():
                    # A shorter period needs fewer questions: so each sweep comes further.
                    yield Walked(left=parts[0])
                    return
                answers.append(questions.ask(part))
                if broken := _broken(period, answers[-1], apart):
                    yield broken
                    return
            if is_whole(asked.deposits, [answer.deposits for answer in answers]):
                waiting.pop(0)
                yield Walked(asked.deposits, _first(waiting))
            else:
                waiting[:1] = zip(parts, answers, strict=True)


def _first(waiting: Sequence[tuple[Period, Asked | None]]) -> Period | None:
    return waiting[0][0] if waiting else None


def _broken(period: Period, asked: Asked, apart: float) -> Walked | None:
    """What ends a sweep; None: it goes on. What is too large is an answer too: it is asked for in parts."""
    if asked.apart > apart + CLOCKS_APART:
        return Walked(left=period, apart=asked.apart)
    if asked.cause and not asked.too_large:
        # TTN may need too long for so much: the next sweep begins with less.
        shorter = halves(period)[:1] if asked.cause.kind == TECHNICAL else ()
        return Walked(left=shorter[0] if shorter else period, cause=asked.cause)
    return None


class _Questions:
    """Asks again where the answer was lost, or where nothing is there and that is not believed at once."""

    def __init__(
        self, ask: Callable[[Period], Asked], empty_needed: int, is_over: Callable[[], bool]
    ) -> None:
        self._ask, self._empty_needed, self._is_over = ask, empty_needed, is_over
        self._count = 0

    def are_over(self) -> bool:
        return self._count >= CALLS_A_SWEEP or self._is_over()

    def ask(self, period: Period) -> Asked:
        empty = lost = large = 0
        divisible = bool(halves(period))
        while True:
            asked = self._ask(period)
            self._count += 1
            # What is too large is asked for in halves; where there are none, something else may have been wrong with the answer.
            if asked.deposits or (asked.too_large and divisible):
                return asked
            empty += asked.cause is None
            lost += asked.cause is not None
            large += asked.too_large
            refused = asked.cause and asked.cause.kind != TECHNICAL
            given_up = asked.cause and (lost >= LOST_ANSWERS_TAKEN or self._is_over())
            if empty >= self._empty_needed or refused or given_up:
                # Too large is what was so each time; anything else is asked for again by the next sweep.
                sure = large >= LOST_ANSWERS_TAKEN
                return asked if sure or not asked.too_large else replace(asked, too_large=False)


def halves(period: Period) -> tuple[Period, ...]:
    """A period in two; empty when it is too short to divide."""
    start, end = period
    middle = (start + end) / 2
    return ((start, middle), (middle, end)) if end - start >= 2 * SHORTEST_PERIOD else ()


def is_whole(answer: Sequence[Deposit], answers: Iterable[Sequence[Deposit] | None]) -> bool:
    """Whether the answer for a period can't be cut, by the answers for its halves; None among them: one was not read.

    No number of deposits tells it: what is not to be shown may be left out after cutting, other companies' deposits may be added.
    But of a cut answer with deposits of both halves, the half where the cut is shows more than it does. A half with nearly all
    of them may be cut in the same way, and proves nothing.
    """
    read = [{_name(one) for one in half} for half in answers if half is not None]
    names = {_name(one) for one in answer}
    if len(read) < 2 or any(half - names for half in read):
        return False
    if len(names) < NEVER_CUT and all(half == names for half in read):
        return True  # listed whatever the period is, as what has no date yet may be
    return all(len(half) < 0.8 * len(names) for half in read)


def _name(deposit: Deposit) -> object:
    return deposit.deposit_id if deposit.deposit_id is not None else (deposit.number, deposit.content)
