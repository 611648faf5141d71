"""The account's deposits compared with ours."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfatoora import sweep
from elfatoora.answers import Deposit
from elfatoora.decisions import Seen
from elfatoora.sweep import Known, compare, must_sweep

SENDER = "0736202XAM000"
HOUR, DAY = 3600.0, 86400.0
ONE = Known("one", "SIG1", "D1", "FAC/1", frozenset({1}), "R1")
TWO = Known("two", "SIG2", "D2", "FAC/2", frozenset({2}))
NEW = Known("new", "SIG3", "D3", "FAC/3")
OLD = Known("old", "SIG4", "D4", "FAC/4", asked=False)


def seen(deposit_id, signature="SIG1", digest="D1", number="FAC/1", reference="", sender=SENDER, listed=None):
    deposit = Deposit(deposit_id, number if listed is None else listed, "I-11", reference)
    return Seen(deposit, signature, digest, sender, number, "I-11", Decimal(1), reference)


def blank(deposit_id, number, reference=""):
    return Seen(Deposit(deposit_id, number, reference=reference))


def codes(report):
    return [finding.code for finding in report.findings]


def test_all_is_known():
    report = compare(
        [seen(1, "SI\nG1", reference="R1"), blank(1, ""), seen(2, "SIG2", "D2", "FAC/2"), blank(2, "FAC/2")],
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
    ([seen(7, "SIG3", "D3", "FAC/3")], ["sweep.lost_deposit"], set(), {"new"}, False),
    # The other copy may be in the answer for another period
    ([seen(7, "SIG2", "D2", "FAC/2")], ["sweep.duplicate"], {"FAC/2"}, {"two"}, False),
    ([seen(7, "SIG4", "D4", "FAC/4")], ["sweep.left_behind"], {"FAC/4"}, {"old"}, False),
    ([seen(7, "SIG4", "D4", "FAC/4", "R4")], ["sweep.left_behind"], {"FAC/4"}, {"old"}, False),
    ([seen(1, reference="R9")], ["sweep.other_reference"], {"FAC/1"}, {"one"}, False),
    ([seen(7, "RESIGNED", "D1")], ["sweep.same_document"], {"FAC/1"}, {"one"}, False),
    ([seen(1, reference="R1"), seen(5)], ["sweep.duplicate", "sweep.duplicate"], {"FAC/1"}, {"one"}, False),
    ([seen(2, "SIG2", "D2", "FAC/2"), seen(2, "SIG2", "D2", "FAC/2", "R2")], ["sweep.lost_acceptance"], set(), {"two"},
     False),
    ([seen(2, "SIG2", "D2", "FAC/2"), blank(2, "FAC/2", "R2")], [], set(), set(), False),
]  # fmt: skip


@pytest.mark.parametrize(("deposits", "expected", "quarantine", "ask", "hold"), CASES)
def test_findings(deposits, expected, quarantine, ask, hold):
    report = compare(deposits, [ONE, TWO, NEW, OLD], SENDER)
    assert codes(report) == expected
    assert (report.quarantine, report.ask, report.hold_all) == (quarantine, ask, hold)


def test_every_code_is_found():
    assert {code for _, expected, *_ in CASES for code in expected} == sweep.CODES


def test_copies_are_counted_across_answers():
    [finding] = compare([seen(7, "SIG2", "D2", "FAC/2")], [TWO], SENDER).findings
    assert finding.params == {"deposit": 7, "copies": 2}


def test_what_a_human_has_looked_at_is_left_alone():
    deposits = [seen(9, "X", "X", "FAC/9"), blank(8, "")]
    assert compare(deposits, [ONE], SENDER, cleared=frozenset({8, 9})) == sweep.Report()


def test_a_copy_that_a_human_has_looked_at_is_left_alone():
    deposits = [seen(2, "SIG2", "D2", "FAC/2"), seen(7, "SIG2", "D2", "FAC/2")]
    assert codes(compare(deposits, [TWO], SENDER)) == ["sweep.duplicate"] * 2
    assert not compare(deposits, [TWO], SENDER, cleared=frozenset({2, 7})).findings
    # … but not its acceptance
    accepted = [seen(2, "SIG2", "D2", "FAC/2"), seen(7, "SIG2", "D2", "FAC/2", "R2")]
    report = compare(accepted, [TWO], SENDER, cleared=frozenset({2, 7}))
    assert codes(report) == ["sweep.lost_acceptance"]


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_an_id_that_two_documents_share_hides_neither(order):
    """Another company's accepted deposit does not stand for our rejected one that a restored database has forgotten."""
    theirs = seen(7, "X", "X", "FAC/9", "R9", sender="1234567ZAM000")
    forgotten = seen(7, "Y", "Y", "FAC/8")
    report = compare([theirs, forgotten][order], [ONE], SENDER)
    assert (codes(report), report.quarantine) == (["sweep.unknown_deposit"], {"FAC/8"})
    # Nor where ours cannot be read
    report = compare([theirs, blank(7, "FAC/8")][order], [ONE], SENDER)
    assert (codes(report), report.quarantine) == (["sweep.unreadable"], {"FAC/8"})


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
            d is not one
            and d.deposit.deposit_id == one.deposit.deposit_id is not None
            and (d.signature_value == one.signature_value or (not one.signature_value and d.signature_value))
            for d in deposits
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
