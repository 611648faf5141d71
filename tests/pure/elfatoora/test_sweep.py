"""The account's deposits compared with ours."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfatoora import sweep
from elfatoora.answers import Deposit
from elfatoora.decisions import Seen
from elfatoora.sweep import Known, compare, halves, is_whole, may_be_cut, must_sweep, periods

SENDER = "0736202XAM000"
HOUR, DAY = 3600.0, 86400.0
ONE = Known("one", "SIG1", "D1", "FAC/1", frozenset({1}), "R1")
TWO = Known("two", "SIG2", "D2", "FAC/2", frozenset({2}))


def seen(deposit_id, signature="SIG1", digest="D1", number="FAC/1", reference="", sender=SENDER, listed=None):
    deposit = Deposit(deposit_id, number if listed is None else listed, "I-11", reference)
    return Seen(deposit, signature, digest, sender, number, "I-11", Decimal(1), reference)


def blank(deposit_id, number, reference=""):
    return Seen(Deposit(deposit_id, number, reference=reference))


def codes(report):
    return [finding.code for finding in report.findings]


def test_all_is_known():
    report = compare(
        [seen(1, "SI\nG1", reference="R1"), seen(2, "SIG2", "D2", "FAC/2"), blank(2, "FAC/2")],
        [ONE, TWO],
        SENDER,
    )
    assert report == sweep.Report(matched=2)


CASES = [
    # (deposits, codes, quarantine, ask, hold all)
    ([seen(9, "X", "X", "FAC/9")], ["sweep.unknown_deposit"], {"FAC/9"}, set(), False),
    ([seen(9, "X", "X", "FAC/9", listed="FAC/009")], ["sweep.unknown_deposit"], {"FAC/9", "FAC/009"}, set(), False),
    ([seen(9, "X", "X", "FAC/2 ", listed="")], ["sweep.unknown_deposit"], {"FAC/2"}, {"two"}, False),
    ([seen(9, "X", "X", "FAC/9", sender=None)], ["sweep.unknown_deposit"], {"FAC/9"}, set(), False),
    ([seen(9, "X", "X", "FAC/9", sender="1234567ZAM000")], [], set(), set(), False),
    ([seen(9, "X", "X", "", listed="")], ["sweep.unidentified"], set(), set(), True),
    ([blank(9, "FAC/9")], ["sweep.unreadable"], {"FAC/9"}, set(), False),
    ([blank(None, "FAC/1")], ["sweep.unreadable"], {"FAC/1"}, {"one"}, False),
    ([blank(9, "")], ["sweep.unidentified"], set(), set(), True),
    ([blank(2, "FAC/2")], [], set(), set(), False),
    ([blank(2, "FAC/2", "R2")], ["sweep.lost_acceptance"], set(), {"two"}, False),
    ([seen(2, "SIG2", "D2", "FAC/2", "R2")], ["sweep.lost_acceptance"], set(), {"two"}, False),
    ([seen(7, "SIG2", "D2", "FAC/2")], ["sweep.lost_deposit"], set(), {"two"}, False),
    ([seen(1, reference="R9")], ["sweep.other_reference"], {"FAC/1"}, {"one"}, False),
    ([seen(7, "RESIGNED", "D1")], ["sweep.same_document"], {"FAC/1"}, {"one"}, False),
    ([seen(1, reference="R1"), seen(5)], ["sweep.duplicate", "sweep.duplicate"], {"FAC/1"}, {"one"}, False),
    ([seen(2, "SIG2", "D2", "FAC/2"), seen(2, "SIG2", "D2", "FAC/2", "R2")], ["sweep.lost_acceptance"], set(), {"two"},
     False),
    ([seen(2, "SIG2", "D2", "FAC/2"), blank(2, "FAC/2", "R2")], [], set(), set(), False),
]  # fmt: skip


@pytest.mark.parametrize(("deposits", "expected", "quarantine", "ask", "hold"), CASES)
def test_findings(deposits, expected, quarantine, ask, hold):
    report = compare(deposits, [ONE, TWO], SENDER)
    assert codes(report) == expected
    assert (report.quarantine, report.ask, report.hold_all) == (quarantine, ask, hold)


def test_every_code_is_found():
    assert {code for _, expected, *_ in CASES for code in expected} == sweep.CODES


def test_what_a_human_has_looked_at_is_left_alone():
    deposits = [seen(9, "X", "X", "FAC/9"), blank(8, "")]
    assert compare(deposits, [ONE], SENDER, cleared=frozenset({8, 9})) == sweep.Report()


@given(
    st.lists(
        st.builds(
            seen,
            st.sampled_from([None, 1, 2, 3]),
            st.sampled_from([None, "SIG1", "SIG2", "X"]),
            st.sampled_from([None, "D1", "D2", "X"]),
            st.sampled_from(["", "FAC/1", "FAC/3"]),
            st.sampled_from(["", "R1", "R2"]),
            st.sampled_from([None, SENDER, "Z"]),
            st.sampled_from(["", "FAC/1", "FAC/4"]),
        ),
        max_size=6,
    )
)
def test_nothing_unknown_passes(deposits):
    report = compare(deposits, [ONE, TWO], SENDER)
    assert set(codes(report)) <= sweep.CODES
    assert report.ask <= {"one", "two"}
    signatures, told = {"SIG1", "SIG2"}, {id(finding.seen) for finding in report.findings}
    for one in deposits:
        ours = one.signature_value in signatures or (
            not one.signature_value and one.deposit.deposit_id in (1, 2)
        )
        foreign = one.signature_value and one.sender == "Z"
        richer = any(
            d is not one and d.deposit.deposit_id == one.deposit.deposit_id is not None for d in deposits
        )
        if not ours and not foreign and not richer:
            assert id(one) in told
            assert report.hold_all or report.quarantine & {
                one.number,
                one.deposit.number,
                "FAC/1",
                "FAC/2",
            } - {""}


# --- when, and which periods ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last_complete", "last_call", "restored", "must"),
    [
        (None, None, False, True),
        (99 * HOUR, None, False, True),
        (99 * HOUR, 100 * HOUR - 1, False, False),
        (99 * HOUR, 100 * HOUR - 1, True, True),
        (98 * HOUR, 98 * HOUR, False, True),  # idle
        (98 * HOUR, 99.5 * HOUR, False, False),
        (70 * HOUR, 100 * HOUR - 1, False, True),  # sweeps have failed for a day
        (101 * HOUR, 100 * HOUR - 1, False, True),  # the clock went back
        (99 * HOUR, 101 * HOUR, False, True),
    ],
)
def test_before_sending(last_complete, last_call, restored, must):
    assert must_sweep(100 * HOUR, last_complete, last_call, restored=restored) is must


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
    broken_off_at = start + share * (now - start)
    found = periods(now, now - ago, longest_delay=longest, broken_off_at=broken_off_at, first_length=length)
    assert found[-1][1] == now
    assert found[0][0] == (broken_off_at if broken_off_at < now else start)
    assert all(a[1] == b[0] for a, b in zip(found, found[1:], strict=False))
    assert all(end - start <= DAY + 1 for start, end in found)


def test_what_broke_off_goes_on_with_a_short_period():
    found = periods(10_000.0, 0.0, broken_off_at=9_000.0, first_length=100.0)
    assert [end - start for start, end in found] == [100.0, 200.0, 400.0, 300.0]


def test_cut_answers_are_asked_again_in_halves():
    assert halves((0.0, 200.0)) == ((0.0, 100.0), (100.0, 200.0))
    assert halves((0.0, 3.9)) == ()


def test_an_answer_is_whole_when_its_halves_show_nothing_more():
    answer = [seen(number) for number in range(40, 136)]
    assert may_be_cut(answer)
    assert is_whole(answer, [answer[:50], answer[50:]])
    assert not is_whole(answer, [[seen(39)], answer[50:]])
    # A limit keeps the newest: whatever it is, and whatever is left out or added besides, the older half shows others
    assert not is_whole(answer, [[seen(number) for number in range(10, 70)], answer[30:]])
    # What is gone meanwhile is no reason to doubt
    assert is_whole(answer, [[], answer[50:]])
    # All of them in one half: that answer may be the same cut
    assert not is_whole(answer, [[], answer])
    assert not is_whole(answer, [[], answer[4:]])
    # Without a number of TTN's the document's own
    assert not is_whole([seen(None)], [[seen(None, number="FAC/2")]])
    assert not may_be_cut(answer[:14])
