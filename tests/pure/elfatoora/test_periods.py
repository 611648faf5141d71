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


def walked(asked_for, ask, **options):
    """:return: (all deposits of the periods that were believed, the last ``Walked``)."""
    parts = list(walk(asked_for, ask, **options))
    return [deposit for part in parts for deposit in part.deposits], parts[-1]


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
    # Few that are listed whatever is asked for
    few = deposits(1, 2, 3)
    assert is_whole(few, [few, few])
    assert not is_whole(few, [few, few[1:]])
    assert not is_whole(answer, [answer, answer])
    # One that was not read
    assert not is_whole(answer, [answer[:50], None])
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


def everything_seen(service, most, **options):
    """:return: the numbers of all deposits that were seen by as many sweeps as it takes."""
    found, left, parts = [], (9_000.0, 9_000.0 + DAY), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CALLS_A_SWEEP", most)
        while left:
            deposits, last = walked(periods(20_000.0, None, left=left), service, **options)
            assert last.cause is None
            found += deposits
            left = last.left
            parts += 1
            assert parts < 300
    return ids(found) - {10**6}


def moments_of(seconds, most):
    """Not so many in one second that even the shortest period is cut."""
    seconds = sorted(seconds)
    return {number: 10_000 + second for number, second in enumerate(seconds) if seconds.count(second) < most}


@settings(max_examples=60, deadline=None)
@given(
    st.integers(20, 300),
    st.lists(st.integers(0, 7200), min_size=150, max_size=700),
    st.sets(st.integers(0, 700), max_size=60),
    st.sampled_from([4, 25, 120, 10_000]),
)
def test_whatever_cuts_the_answers_everything_is_seen(limit, moments, hidden, most):
    """A limit that nobody knows, some deposits left out after it and another company's added: none is missed in the end."""
    moments = moments_of(moments, 5)
    assert everything_seen(Service(moments, limit, hidden), most) == set(moments) - hidden


@settings(max_examples=40, deadline=None)
@given(
    st.integers(6, 15),
    st.lists(st.integers(0, 7200), min_size=20, max_size=40),
    st.sets(st.integers(0, 40), max_size=1),
    st.sampled_from([25, 120, 10_000]),
)
def test_a_database_that_forgot_believes_no_small_answer_either(limit, moments, hidden, most):
    """A page of ten, even with one left out of it, is no whole answer."""
    moments = moments_of(moments, 3)
    assert everything_seen(Service(moments, limit, hidden), most, restored=True) == set(moments) - hidden


def test_few_deposits_take_one_question():
    service = Service({number: 100 + number for number in range(13)})
    found, last = walked([(0.0, 1000.0)], service)
    assert (len(found), last.left, service.asked) == (14, None, [(0.0, 1000.0)])


def test_many_deposits_that_nothing_cuts_take_three_questions():
    service = Service({number: 100 + number for number in range(800)}, limit=10**6)
    found, _last = walked([(0.0, 1000.0)], service)
    assert len(ids(found)) == 801
    assert len(service.asked) == 3


# --- What is lost on the way ---------------------------------------------------------------------------------------


def test_a_lost_answer_is_asked_for_once_more():
    service = Service({1: 50}, troubles=[Asked(cause=LOST)])
    assert ids(walked([(0.0, 100.0)], service)[0]) == {1, 10**6}
    assert len(service.asked) == 2


def test_each_period_is_given_as_soon_as_it_is_believed():
    service = Service({1: 50, 2: 150})
    parts = walk([(0.0, 100.0), (100.0, 200.0)], service)
    first = next(parts)
    assert (ids(first.deposits), first.left, len(service.asked)) == ({1, 10**6}, (100.0, 200.0), 1)
    second = next(parts)
    assert (ids(second.deposits), second.left) == ({2, 10**6}, None)


def test_what_breaks_off_goes_on_there_with_less():
    """Perhaps TTN needs too long for so much."""
    service = Service({1: 50}, troubles=[None, Asked(cause=LOST), Asked(cause=LOST)])
    found, last = walked([(0.0, 100.0), (100.0, 200.0), (200.0, 300.0)], service)
    assert ids(found) == {1, 10**6}
    assert (last.left, last.cause) == ((100.0, 150.0), LOST)
    _found, last = walked([(0.0, 1.5)], Service({}, troubles=[Asked(cause=LOST)] * 2))
    assert last.left == (0.0, 1.5)


def test_a_refusal_is_not_asked_again():
    """A wrong password asked again and again would lock the account."""
    service = Service({}, troubles=[Asked(cause=REFUSED)])
    _found, last = walked([(0.0, 100.0)], service)
    assert (last.left, last.cause) == ((0.0, 100.0), REFUSED)
    assert len(service.asked) == 1


def test_what_is_lost_in_a_half_leaves_the_whole_period():
    service = Service({n: n for n in range(90)}, troubles=[None, None, *[Asked(cause=LOST)] * 2])
    found, last = walked([(0.0, 100.0)], service)
    assert (found, last.left, last.cause) == ([], (0.0, 50.0), LOST)


def test_time_is_over_before_the_next_question():
    service = Service({1: 50})
    found, last = walked([(0.0, 100.0), (100.0, 200.0)], service, is_over=lambda: len(service.asked) >= 1)
    assert (ids(found), last.left, last.cause) == ({1, 10**6}, (100.0, 200.0), None)
    # In the middle of the halves: the next sweep comes further with a shorter period.
    service = Service({n: n for n in range(90)})
    found, last = walked([(0.0, 100.0)], service, is_over=lambda: len(service.asked) >= 2)
    assert (found, last.left) == ([], (0.0, 50.0))
    # A lost answer is not waited for a second time.
    service = Service({}, troubles=[Asked(cause=LOST)] * 2)
    _found, last = walked([(0.0, 100.0)], service, is_over=lambda: len(service.asked) >= 1)
    assert (last.cause, len(service.asked)) == (LOST, 1)


TOO_LARGE = Asked(cause=LOST, too_large=True)


def test_what_is_too_large_is_asked_for_in_halves():
    service = Service({1: 10, 2: 90}, troubles=[TOO_LARGE])
    assert ids(walked([(0.0, 100.0)], service)[0]) == {1, 2, 10**6}
    assert service.asked == [(0.0, 100.0), (0.0, 50.0), (50.0, 100.0)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 2000), min_size=50, max_size=200),
    st.integers(5, 40),
    st.sampled_from([4, 20, 10_000]),
)
def test_whatever_is_too_large_everything_is_seen(moments, limit, most):
    """However much TTN writes about each: the whole may be read where a half of it is not, and the other way round."""
    moments = moments_of(moments, 5)
    service = Service(moments)

    def ask(period):
        asked = service(period)
        # The size is another one each time.
        return TOO_LARGE if len(asked.deposits) + len(service.asked) % 7 > limit + 7 else asked

    assert everything_seen(ask, most) == set(moments)


def test_what_can_not_be_divided_is_told_and_not_waited_for():
    service = Service({1: 1, 2: 50}, troubles=[TOO_LARGE])
    assert ids(walked([(0.0, 1.5), (1.5, 100.0)], service)[0]) == {1, 2, 10**6}, "asked again once"
    service = Service({1: 50}, troubles=[Asked(cause=LOST), TOO_LARGE])
    _found, last = walked([(0.0, 1.5), (1.5, 100.0)], service)
    assert (last.left, last.cause, last.unread) == ((0.0, 1.5), LOST, None), "not surely too large"
    service = Service({1: 50}, troubles=[TOO_LARGE] * 2)
    parts = list(walk([(0.0, 1.5), (1.5, 100.0)], service))
    assert [part.unread for part in parts] == [(0.0, 1.5), None]
    assert (parts[0].left, parts[1].left, ids(parts[1].deposits)) == ((1.5, 100.0), None, {1, 10**6})


def test_a_database_that_forgot_believes_the_third_empty_answer():
    empty = Asked(deposits())
    service = Service({1: 50}, troubles=[empty, empty])
    assert walked([(0.0, 100.0)], service)[0] == []
    service = Service({1: 50}, troubles=[empty, empty])
    assert ids(walked([(0.0, 100.0)], service, restored=True)[0]) == {1, 10**6}
    service = Service({1: 50}, troubles=[empty, Asked(cause=LOST), empty, empty])
    assert walked([(0.0, 100.0)], service, restored=True)[0] == []
    assert len(service.asked) == 4


# --- Clocks ----------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(-2 * 86_400, 2 * 86_400), st.integers(-2 * 86_400, 2 * 86_400))
def test_everything_is_seen_whatever_the_clocks_say(ahead, later):
    """TTN finds deposits by a clock of its own: what is made between two sweeps is seen by the second one."""
    real, last, seen, apart, since = 10**7, 10**7 + HOUR, set(), 0.0, float(10**7)
    for at, skew in ((real, ahead), (last, later)):
        made = {1: real + 600 + ahead} if at == last else {}
        now = float(at)  # of the database
        service = Service(made)
        # The deposit was made while TTN's clock was as it is in this sweep.
        service.moments = {number: moment - ahead + skew for number, moment in made.items()}

        def ask(period, service=service, skew=skew):
            answer = service(period)
            return Asked(answer.deposits, apart=float(abs(skew)))

        for _turn in range(2):
            found, end = walked(periods(now, since, apart=apart), ask, apart=apart)
            seen |= ids(found)
            if end.apart is None:
                break
            apart = end.apart
        assert (end.left, end.apart) == (None, None)
        since, apart = now, module.allowance(abs(skew))
    assert 1 in seen


def test_clocks_that_are_nearly_right_change_nothing():
    service = Service({1: 50})
    _found, last = walked(
        [(0.0, 100.0)], lambda period: Asked(service(period).deposits, apart=module.CLOCKS_APART)
    )
    assert (last.left, last.apart, module.allowance(module.CLOCKS_APART)) == (None, None, 0.0)
