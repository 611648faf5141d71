"""The queue stops when TTN rejects too much, refuses the account or is silent, tries, and goes on."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from elfatoora import breaker as b
from elfatoora.breaker import Breaker, Limits, allowance, choose_probe, record, rest_after, start_probe

LIMITS = Limits()


def after(*outcomes, breaker=None, now=0.0):
    """The breaker after these outcomes of different documents, and the last event."""
    breaker, event = breaker or Breaker(), ""
    for number, outcome in enumerate(outcomes):
        breaker, event = record(breaker, outcome, f"doc{number}", now, LIMITS)
    return breaker, event


def test_good_days_change_nothing():
    breaker, event = after(*[b.DEPOSITED, b.ACCEPTED] * 100)
    assert (breaker.is_open, event, allowance(breaker, 0, LIMITS)) == (False, "", None)
    assert len(breaker.verdicts) == LIMITS.last


def test_fifty_bad_of_five_hundred_do_not_stop_the_queue():
    outcomes = ([b.ACCEPTED] * 9 + [b.REJECTED]) * 50
    breaker = Breaker()
    for outcome in outcomes:
        breaker, event = record(breaker, outcome, 1, 0, LIMITS)
        assert event == ""


def test_mass_rejection_stops_it():
    breaker, event = after(*[b.REJECTED] * 9)
    assert (event, breaker.is_open) == ("", False)  # too few to tell
    breaker, event = after(b.REJECTED, breaker=breaker, now=50)
    assert (event, breaker.reason, breaker.since) == (b.OPENED, b.BY_REJECTIONS, 50)
    assert b.share_rejected(breaker) == 100
    half = [b.ACCEPTED, b.REJECTED] * 10
    assert not after(*half)[0].is_open  # more than half is needed
    assert after(*half, b.REJECTED)[0].is_open


def test_an_account_that_is_refused_stops_it_at_once():
    assert after(b.ACCEPTED, b.ACCOUNT)[0].reason == b.BY_ACCOUNT


def test_silence_stops_it_and_an_answer_to_any_deposit_ends_it():
    breaker, event = after(b.DOWN, b.DOWN, b.DEPOSITED, *[b.DOWN] * 5)
    assert (event, breaker.reason) == (b.OPENED, b.BY_SILENCE)
    assert after(b.DEPOSITED, breaker=breaker) == (Breaker(), b.CLOSED)
    # TTN tells what became of earlier deposits, and takes none: for the probe to show
    for verdict in (b.ACCEPTED, b.REJECTED):
        assert after(verdict, breaker=breaker)[0].is_open
        tried = start_probe(breaker, "probe", 300, LIMITS)
        assert record(tried, verdict, "probe", 310, LIMITS) == (Breaker(), b.CLOSED)
    breaker, event = after(b.ACCOUNT, breaker=breaker)
    assert (event, breaker.reason) == (b.OPENED, b.BY_ACCOUNT)


def test_rests_longer_the_longer_the_silence():
    rests = [rest_after(silent, LIMITS) for silent in range(LIMITS.silences)]
    assert rests == [0, 2, 6, 18, 54]
    assert rest_after(100, LIMITS) == LIMITS.rest_at_most


def test_a_probe_now_and_then():
    breaker, _ = after(*[b.REJECTED] * 10)
    assert [allowance(breaker, t, LIMITS) for t in (0, 299, 300)] == [0, 0, 1]
    breaker = start_probe(breaker, "old", 300, LIMITS)
    assert allowance(breaker, 1000, LIMITS) == 0  # one at a time
    with pytest.raises(ValueError):
        start_probe(breaker, "other", 1000, LIMITS)
    breaker, event = record(breaker, b.DEPOSITED, "old", 301, LIMITS)
    assert event == ""  # the verdict counts
    breaker, event = record(breaker, b.REJECTED, "old", 400, LIMITS)
    assert (event, breaker.failed, breaker.next_probe) == (b.REOPENED, 1, 1000)
    assert allowance(breaker, 999, LIMITS) == 0
    breaker = start_probe(breaker, "next", 1000, LIMITS)
    breaker, event = record(breaker, b.ACCEPTED, "somebody else", 1001, LIMITS)
    assert event == ""
    breaker, event = record(breaker, b.ACCEPTED, "next", 1002, LIMITS)
    assert (breaker, event) == (Breaker(), b.CLOSED)


def test_a_lost_probe_is_given_up_but_still_counts():
    breaker, _ = after(*[b.REJECTED] * 10)
    breaker = start_probe(breaker, "lost", 300, LIMITS)
    assert allowance(breaker, 300 + LIMITS.probe_lasts - 1, LIMITS) == 0
    assert allowance(breaker, 300 + LIMITS.probe_lasts, LIMITS) == 1
    breaker = start_probe(breaker, "second", 300 + LIMITS.probe_lasts, LIMITS)
    assert record(breaker, b.ACCEPTED, "lost", 9999, LIMITS) == (Breaker(), b.CLOSED)


def test_the_account_is_mended():
    breaker = start_probe(after(b.ACCOUNT)[0], "x", 300, LIMITS)
    assert record(breaker, b.ACCOUNT, "x", 301, LIMITS)[1] == b.REOPENED
    assert record(breaker, b.DOWN, "x", 301, LIMITS)[1] == b.REOPENED
    assert record(breaker, b.DEPOSITED, "x", 301, LIMITS)[1] == b.CLOSED


def test_one_bad_document_does_not_keep_it_shut():
    breaker, _ = after(*[b.REJECTED] * 10)
    now, waiting, tried = 0.0, ["bad", "good", "young"], []
    assert choose_probe(breaker, []) is None
    for _ in range(4):
        now += LIMITS.probe_at_most
        probe = choose_probe(breaker, waiting)
        tried.append(probe)
        breaker = start_probe(breaker, probe, now, LIMITS)
        breaker, _ = record(breaker, b.REJECTED, probe, now, LIMITS)
    assert tried == ["bad", "good", "young", "bad"]


def test_by_hand():
    breaker = b.stop(Breaker(), 10)
    assert [allowance(breaker, t, LIMITS) for t in (10, 1e9)] == [0, 0]
    assert after(b.ACCEPTED, b.DEPOSITED, breaker=breaker)[0].reason == b.BY_HAND


def test_a_clock_set_back_does_not_lock_it_for_ever():
    breaker, _ = after(*[b.REJECTED] * 10, now=1e9)
    assert allowance(breaker, 1000.0, LIMITS) == 1
    breaker = start_probe(breaker, "x", 1000.0, LIMITS)
    assert allowance(breaker, 0.0, LIMITS) == 0
    assert allowance(breaker, -1e6, LIMITS) == 1


def test_wrong_use():
    with pytest.raises(ValueError):
        record(Breaker(), "fine", 1, 0, LIMITS)
    for wrong in ({"least": 30}, {"percent": 100}, {"silences": 0}, {"least": 0}):
        with pytest.raises(ValueError):
            Limits(**wrong)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(b.OUTCOMES)), st.integers(1, 3)), max_size=60),
    st.integers(1, 99),
)
def test_it_opens_exactly_when_it_should(outcomes, percent):
    limits = Limits(last=12, least=6, percent=percent, silences=4)
    breaker, verdicts, silent = Breaker(), [], 0
    for outcome, key in outcomes:
        if breaker.is_open:
            break
        breaker, event = record(breaker, outcome, key, 0, limits)
        silent = silent + 1 if outcome == b.DOWN else 0
        if outcome in (b.ACCEPTED, b.REJECTED):
            verdicts = [*verdicts, outcome][-12:]
        share = 100 * verdicts.count(b.REJECTED) / len(verdicts) if verdicts else 0
        rejected = outcome == b.REJECTED and len(verdicts) >= 6 and share > percent
        expected = outcome == b.ACCOUNT or silent >= 4 or rejected
        assert breaker.is_open is expected
        assert (event == b.OPENED) is expected


class Queue(RuleBasedStateMachine):
    """Several workers, one breaker kept as JSON, a TTN that is well or not."""

    def __init__(self):
        super().__init__()
        self.now, self.breaker, self.well = 0.0, Breaker(), True
        self.waiting, self.next_key = [], 0

    def _record(self, outcome, key):
        self.breaker, event = record(self.breaker, outcome, key, self.now, LIMITS)
        assert event in b.EVENTS | {""}
        self.breaker = Breaker.from_dict(json.loads(json.dumps(self.breaker.as_dict())))

    def _send(self, key):
        for outcome in (b.DEPOSITED, b.ACCEPTED) if self.well else (self.trouble,):
            self._record(outcome, key)

    @rule(count=st.integers(1, 5))
    def post(self, count):
        self.waiting += range(self.next_key, self.next_key + count)
        self.next_key += count

    @rule(trouble=st.sampled_from([b.REJECTED, b.ACCOUNT, b.DOWN]))
    def fall_ill(self, trouble):
        self.well, self.trouble = False, trouble

    @rule()
    def recover(self):
        self.well = True

    @rule(seconds=st.floats(1, 5000))
    def wait(self, seconds):
        self.now += seconds

    @rule()
    def run(self):
        allowed = allowance(self.breaker, self.now, LIMITS)
        if allowed == 1:
            key = choose_probe(self.breaker, self.waiting)
            if key is None:
                return
            self.breaker = start_probe(self.breaker, key, self.now, LIMITS)
            assert allowance(self.breaker, self.now, LIMITS) == 0
            self.waiting.remove(key)
            self._send(key)
        elif allowed is None:
            for key in list(self.waiting):
                if self.breaker.is_open:
                    break
                self.waiting.remove(key)
                self._send(key)

    @invariant()
    def it_is_never_stuck(self):
        if self.breaker.is_open:
            later = self.now + LIMITS.probe_at_most + LIMITS.probe_lasts
            assert allowance(self.breaker, later, LIMITS) == 1

    def teardown(self):
        self.well = True
        self.waiting.append("last")
        for _ in range(3):
            self.now += LIMITS.probe_at_most + LIMITS.probe_lasts
            self.run()
        assert not self.breaker.is_open
        assert not self.waiting


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
