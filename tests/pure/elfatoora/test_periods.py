"""The account's deposits asked for by period."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfatoora import periods as module
from elfatoora.answers import Deposit, FaultAnswer, Problem
from elfatoora.periods import Asked, halves, is_whole, periods, walk
from elfatoora.rejections import classify_fault, classify_problem

HOUR, DAY = 3600.0, 86400.0
LOST = classify_problem(Problem("network.reset", "the connection broke"))
REFUSED = classify_fault(FaultAnswer("SERV03", "Login ou mot de passe incorrect"))


def deposits(*numbers):
    return [Deposit(number, f"F{number}", "I-11", "") for number in numbers]


def ids(found):
    return {deposit.deposit_id for deposit in found}


# --- What to ask for -----------------------------------------------------------------------------------------------


@given(st.integers(0, 10**9), st.none() | st.integers(0, 10**9), st.integers(0, 864_000))
def test_periods_leave_no_gap(now, last_complete, longest):
    if last_complete is not None and now - last_complete > 400 * DAY:
        last_complete = now - 400 * DAY
    found = periods(now, last_complete, longest_delay=longest)
    assert found[-1][1] == now
    assert all(end - start <= DAY for start, end in found)
    assert all(a[1] == b[0] for a, b in zip(found, found[1:], strict=False))
    start = found[0][0]
    assert start <= now - max(HOUR, 3 * longest) if last_complete is not None else start == now - 7 * DAY
    if last_complete is not None and last_complete < now:
        assert start <= last_complete - HOUR


@given(
    st.integers(0, 10**9),
    st.integers(0, 400 * 86_400),
    st.integers(0, 864_000),
    st.floats(0, 1),
    st.floats(0, DAY),
)
def test_what_broke_off_goes_on_without_a_gap(now, ago, longest, share, length):
    start = periods(now, now - ago, longest_delay=longest)[0][0]
    begin = start + share * (now - start)
    found = periods(now, now - ago, longest_delay=longest, left=(begin, begin + length))
    assert found[-1][1] == now
    assert found[0][0] == (begin if begin < now else start)
    assert all(a[1] == b[0] for a, b in zip(found, found[1:], strict=False))
    assert all(end - start <= DAY + 1 for start, end in found)


def test_what_broke_off_goes_on_with_a_short_period():
    found = periods(10_000.0, 0.0, left=(9_000.0, 9_100.0))
    assert [end - start for start, end in found] == [100.0, 200.0, 400.0, 300.0]


# --- What to believe -----------------------------------------------------------------------------------------------


def test_halves():
    assert halves((0.0, 200.0)) == ((0.0, 100.0), (100.0, 200.0))
    assert halves((0.0, 1.9)) == ()


def test_an_answer_is_whole_when_its_halves_show_nothing_more():
    answer = deposits(*range(40, 136))
    assert is_whole(answer, [answer[:50], answer[50:]])
    assert not is_whole(answer, [deposits(39), answer[50:]])
    # A limit keeps the newest: whatever it is, and whatever is left out or added besides, the older half shows others
    assert not is_whole(answer, [deposits(*range(10, 70)), answer[30:]])
    # What is gone meanwhile is no reason to doubt
    assert is_whole(answer, [[], answer[50:]])
    # All of them in one half: that answer may be the same cut
    assert not is_whole(answer, [[], answer])
    assert not is_whole(answer, [[], answer[4:]])
    # Without a number of TTN's the document's own
    assert not is_whole([Deposit(None, "F1", "I-11", "")], [[Deposit(None, "F2", "I-11", "")]])


class Service:
    """TTN as these tests need it: the newest ``limit`` deposits of a period, of which some are left out and one is added.

    :param dict moments: number of each deposit to when it was processed.
    :param troubles: what comes instead of the next answers; None: nothing.
    """

    def __init__(self, moments, limit=100, hidden=(), troubles=()):
        self.moments, self.limit, self.hidden = moments, limit, hidden
        self.troubles = iter(troubles)
        self.asked = []

    def __call__(self, period):
        self.asked.append(period)
        if trouble := next(self.troubles, None):
            return trouble
        start, end = map(math.ceil, period)
        found = [number for number, moment in self.moments.items() if start <= moment <= end][-self.limit :]
        return Asked(deposits(*(number for number in found if number not in self.hidden), 10**6))


@settings(max_examples=60)
@given(
    st.integers(20, 300),
    st.lists(st.integers(0, 7200), max_size=700),
    st.sets(st.integers(0, 700), max_size=60),
    st.sampled_from([25, 120, 10_000]),
)
def test_whatever_cuts_the_answers_everything_is_seen(limit, moments, hidden, most):
    """A limit that nobody knows, some deposits left out after it and another company's added: none is missed in the end."""
    # Not so many in one second that even the shortest period is cut
    moments = {
        number: 10_000 + second
        for number, second in enumerate(sorted(moments))
        if sorted(moments).count(second) < 5
    }
    service = Service(moments, limit, hidden)
    found, left, parts = [], (9_000.0, 9_000.0 + DAY), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CALLS_A_SWEEP", most)
        while left:
            walked = walk(periods(20_000.0, None, left=left), service)
            assert walked.cause is None
            found += walked.deposits
            left = walked.left
            parts += 1
            assert parts < 60
    assert ids(found) - {10**6} == set(moments) - hidden


def test_few_deposits_take_one_question():
    service = Service({number: 100 + number for number in range(13)})
    walked = walk([(0.0, 1000.0)], service)
    assert (len(walked.deposits), service.asked) == (14, [(0.0, 1000.0)])


def test_many_deposits_that_nothing_cuts_take_three_questions():
    service = Service({number: 100 + number for number in range(800)}, limit=10**6)
    walked = walk([(0.0, 1000.0)], service)
    assert len(ids(walked.deposits)) == 801
    assert len(service.asked) == 3


# --- What is lost on the way ---------------------------------------------------------------------------------------


def test_a_lost_answer_is_asked_for_once_more():
    service = Service({1: 50}, troubles=[Asked(cause=LOST)])
    assert ids(walk([(0.0, 100.0)], service).deposits) == {1, 10**6}
    assert len(service.asked) == 2


def test_what_breaks_off_tells_where():
    service = Service({1: 50}, troubles=[None, Asked(cause=LOST), Asked(cause=LOST)])
    walked = walk([(0.0, 100.0), (100.0, 200.0), (200.0, 300.0)], service)
    assert ids(walked.deposits) == {1, 10**6}
    assert (walked.left, walked.cause) == ((100.0, 200.0), LOST)


def test_a_refusal_is_not_asked_again():
    """A wrong password asked again and again would lock the account."""
    service = Service({}, troubles=[Asked(cause=REFUSED)])
    assert walk([(0.0, 100.0)], service).cause == REFUSED
    assert len(service.asked) == 1


def test_what_is_lost_in_a_half_leaves_the_whole_period():
    service = Service({n: n for n in range(90)}, troubles=[None, None, *[Asked(cause=LOST)] * 2])
    walked = walk([(0.0, 100.0)], service)
    assert (walked.deposits, walked.left, walked.cause) == ([], (0.0, 100.0), LOST)


def test_what_is_too_large_is_asked_for_in_halves():
    service = Service({1: 10, 2: 90}, troubles=[Asked(cause=LOST, too_large=True)])
    assert ids(walk([(0.0, 100.0)], service).deposits) == {1, 2, 10**6}
    assert service.asked == [(0.0, 100.0), (0.0, 50.0), (50.0, 100.0)]
    walked = walk([(0.0, 1.5)], Service({}, troubles=[Asked(cause=LOST, too_large=True)]))
    assert (walked.left, walked.cause) == ((0.0, 1.5), LOST)


def test_a_database_that_forgot_believes_the_third_empty_answer():
    empty = Asked(deposits())
    service = Service({1: 50}, troubles=[empty, empty])
    assert walk([(0.0, 100.0)], service).deposits == []
    service = Service({1: 50}, troubles=[empty, empty])
    assert ids(walk([(0.0, 100.0)], service, restored=True).deposits) == {1, 10**6}
    service = Service({1: 50}, troubles=[empty, Asked(cause=LOST), empty, empty])
    assert walk([(0.0, 100.0)], service, restored=True).deposits == []
    assert len(service.asked) == 4
