"""Never twice, never lost: every history that the model of TTN's ledger can make."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from elfatoora import consulted
from elfatoora import decisions as d
from elfatoora.answers import AckError, Deposit
from elfatoora.decisions import Seen
from elfatoora.facts import RELEASED
from tests.pure.elfatoora.ledger_model import (
    DAY,
    LEASE,
    WINDOW,
    Fate,
    Machine,
    Save,
    Scenario,
    play,
    violations,
)

ANSWERS = ("id", "lost", "fault", "no_id", "several", "refused", "not_sent", "killed")
VERDICTS = ("accept", "reject", "reject_then_accept", "never")
CONTENTS = ("always", "final", "never")

prefix = Seen(
    Deposit(500, "FAC/71", "I-11", "REFX"),
    "OTHER",
    "OTHER=",
    "0736202XAM000",
    "FAC/71",
    "I-11",
    Decimal(1),
    "REFX",
)
other_company = Seen(
    Deposit(501, "FAC/7", "I-11", "REFY"),
    "OTHER2",
    "OTHER2=",
    "1234567A",
    "FAC/7",
    "I-11",
    Decimal(5),
    "REFY",
)
rejected_of_other = Seen(
    Deposit(502, "FAC/70", errors=(AckError("CONTRL05", ""),)), "O3", "O3=", "1234567A", "FAC/70"
)
unreadable = Seen(Deposit(503, "fac-7"))
unreadable_of_other = Seen(Deposit(504, "FAC/72"))

taken = Seen(Deposit(505, "FAC/7", "I-11"), "O5", "O5=", "0736202XAM000", "FAC/7", "I-11", Decimal(7))
taken_too = Seen(
    Deposit(506, "FAC/7", "I-11", "REFT"), "O6", "O6=", "0736202XAM000", "FAC/7", "I-11", Decimal(8), "REFT"
)
signed_otherwise = Seen(
    Deposit(507, "FAC/7", "I-11", "REFS"),
    *("RESIGNED", "DIGEST=", "0736202XAM000", "FAC/7", "I-11", Decimal("119"), "REFS", "valid", "DIGEST="),
)

saves = st.builds(
    Save,
    copies=st.sampled_from([0, 1, 1, 1, 2]),
    arrival=st.floats(0, 600),
    answer=st.sampled_from(ANSWERS),
).filter(lambda save: save.answer != "id" or save.copies)
fates = st.builds(
    Fate,
    # Whatever appears later than W after the lease can't be known: see the test of its own below.
    visible=st.floats(0, WINDOW - 600),
    gap=st.tuples(st.floats(0, 4000), st.floats(0, 8000)),
    verdict=st.sampled_from(VERDICTS),
    after=st.floats(0, DAY),
    content=st.sampled_from(CONTENTS),
)
scenarios = st.builds(
    Scenario,
    saves=st.lists(saves, min_size=1, max_size=3).map(tuple),
    fates=st.lists(fates, min_size=1, max_size=3).map(tuple),
    complete=st.lists(st.booleans(), max_size=12).map(tuple),
    later_visible_from=st.sampled_from([0.0, WINDOW + LEASE, 2 * DAY, 99 * DAY]),
    auto_resend=st.just(False),
    noise=st.lists(
        st.sampled_from([prefix, other_company, rejected_of_other, unreadable, unreadable_of_other]),
        unique_by=id,
        max_size=3,
    ).map(tuple),
    seed=st.integers(0, 9),
)


@settings(max_examples=250, deadline=None)
@given(scenarios)
@example(Scenario(saves=(Save(2, 0, "lost"),), fates=(Fate(), Fate(verdict="reject"))))
@example(
    Scenario(
        saves=(Save(1, 500, "killed"),), fates=(Fate(visible=1200, content="final"),), complete=(False,) * 12
    )
)
@example(Scenario(fates=(Fate(verdict="reject_then_accept"),), complete=(True, *(False,) * 4)))
def test_no_double_deposit_no_lost_acceptance(scenario):
    machine = play(scenario)
    assert not violations(machine), machine.history[-8:]


@settings(max_examples=120, deadline=None)
@given(scenarios.map(lambda s: Scenario(**{**s.__dict__, "auto_resend": True, "noise": ()})))
def test_automatic_resend_makes_no_second_deposit_within_the_window(scenario):
    """Deposits that appear before W never meet a resend, whatever hides them afterwards."""
    visible_once = [f for f in scenario.fates if not f.gap[0] <= f.visible < f.gap[1]]
    machine = play(scenario)
    assert not violations(machine), machine.history[-8:]
    if len(visible_once) == len(scenario.fates) and all(f.gap[0] >= f.gap[1] for f in scenario.fates):
        made_by = [real.arrival for real in machine.ledger]
        assert len(made_by) <= max(save.copies for save in scenario.saves), machine.history


@settings(max_examples=30, deadline=None)
@given(st.floats(WINDOW + LEASE + 10, 3 * WINDOW), st.sampled_from(["accept", "reject"]))
def test_a_deposit_that_appears_after_a_resend_is_flagged(late, verdict):
    """What no rule can exclude is at least seen: two deposits of one document are flagged, two references a conflict."""
    machine = play(
        Scenario(
            saves=(Save(1, 1, "lost"), Save()),
            fates=(Fate(visible=late, verdict=verdict), Fate()),
            auto_resend=True,
        )
    )
    if len(machine.ledger) == 2:
        assert "sweep.duplicate" in machine.told
        assert machine.state == (d.CONFLICT if verdict == "accept" else d.ACCEPTED)


never_hidden = fates.map(lambda fate: Fate(**{**fate.__dict__, "gap": (0.0, 0.0)}))


@settings(max_examples=150, deadline=None)
@given(
    scenarios.map(lambda s: s.__dict__),
    st.lists(never_hidden, min_size=1, max_size=3).map(tuple),
    st.sampled_from([(taken,), (taken_too,), (taken, taken_too)]),
)
def test_a_number_that_is_taken_is_released_only_without_ours(scenario, fates, takers):
    """Somebody says that what has our number is another document: nothing is deposited for it, nothing of ours left alone."""
    machine = play(
        Scenario(
            **{
                **scenario,
                "fates": fates,
                "noise": takers,
                "human": "others",
                "complete": (),
                "blind": (0, 0),
            }
        )
    )
    assert not violations(machine), machine.history[-8:]
    # Each deposit has its word, and the document its end, whatever TTN does.
    if not machine.ledger and machine.reached:
        assert machine.state == RELEASED, machine.history[-8:]


@settings(max_examples=100, deadline=None)
@given(scenarios.map(lambda s: Scenario(**{**s.__dict__, "noise": (signed_otherwise,), "human": "ours"})))
def test_what_somebody_takes_for_ours_is_never_lost(scenario):
    machine = play(scenario)
    assert not violations(machine), machine.history[-8:]
    if machine.rulings:
        assert machine.state in (d.ACCEPTED, d.CONFLICT)
        known = {machine.reference, *machine.conflict.get("references", ())}
        assert "REFS" in known


def test_every_short_history():
    """All answers of two attempts, all verdicts and all kinds of content, with and without a doubled request."""
    count = 0
    for one, two, copies, verdict, content in itertools.product(
        ANSWERS, ("id", "lost", "fault", "refused"), (0, 1, 2), VERDICTS, CONTENTS
    ):
        if copies == 0 and "id" in (one, two):
            continue
        scenario = Scenario(
            (Save(copies, 1, one), Save(copies, 1, two)),
            (Fate(verdict=verdict, content=content),),
        )
        machine = play(scenario)
        assert not violations(machine), (scenario, machine.history[-8:])
        count += 1
    assert count > 700


# --- each rule is needed: without it the model finds a violation -----------------------------------------------------


LATE = Scenario(saves=(Save(1, 1, "lost"), Save()), fates=(Fate(visible=1500),), auto_resend=True)


def deposits(scenario, **changes):
    machine = Machine(scenario)
    machine.run()
    return len(machine.ledger), machine


def test_with_all_rules_there_is_one_deposit():
    count, machine = deposits(LATE)
    assert (count, machine.state) == (1, d.ACCEPTED)


def test_without_the_window_there_are_two(monkeypatch):
    monkeypatch.setattr(d, "_window", lambda history: 0.0)
    assert deposits(LATE)[0] == 2


def test_without_the_later_deposit_there_are_two():
    """TTN's view stands still for hours: only a later deposit in view proves that it moves."""
    stale = Scenario(
        saves=LATE.saves, fates=(Fate(visible=4 * 3600),), auto_resend=True, later_visible_from=4 * 3600
    )
    assert deposits(stale)[0] == 1
    assert deposits(Scenario(**{**stale.__dict__, "later_visible_from": 0.0}))[0] == 2


def test_a_view_that_goes_blind_proves_nothing(monkeypatch):
    """A later deposit was shown once; then TTN shows nothing for hours, ours neither."""
    blind = Scenario(
        saves=LATE.saves, fates=(Fate(visible=200),), auto_resend=True, blind=(150.0, 3 * 3600.0)
    )
    count, machine = deposits(blind)
    assert (count, machine.state) == (1, d.ACCEPTED)
    monkeypatch.setattr(d, "_view_moved_since", lambda moment, history: history.later_seen is not None)
    assert deposits(blind)[0] == 2


def test_without_three_answers_there_are_two(monkeypatch):
    """A view that fails once must not be enough."""
    flicker = Scenario(saves=LATE.saves, fates=(Fate(visible=0, gap=(0, 3100)),), auto_resend=True,
                       complete=(False,) * 11)  # fmt: skip
    assert deposits(flicker)[0] == 1
    monkeypatch.setattr(d, "ABSENCES_NEEDED", 1)
    assert deposits(flicker)[0] == 2


def test_without_the_signature_value_another_deposit_is_taken_for_ours(monkeypatch):
    scenario = Scenario(saves=(Save(0, 1, "lost"),), noise=(other_company,))
    assert play(scenario).state == d.TO_DECIDE
    monkeypatch.setattr(
        consulted, "kind_of", lambda sent, seen: "ours" if seen.number == sent.number else "other"
    )
    assert play(scenario).history[-1][2] == "accept.mismatch"


@pytest.mark.parametrize(("wait", "resent"), [(WINDOW - 1, False), (WINDOW + 1, True)])
def test_w_minus_and_plus_one_second(wait, resent):
    scenario = Scenario(auto_resend=True)
    machine = Machine(
        scenario, now=LEASE + wait, state=d.UNKNOWN, doubtful=1, lease_until=LEASE, absences=(200.0, 300.0)
    )
    machine.ask()
    assert (machine.state == d.SIGNED) is resent
