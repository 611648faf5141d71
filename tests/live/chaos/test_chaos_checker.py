"""The checker of the chaos test finds each kind of wrong history, and nothing in the right ones: small made-up ones."""

import pytest

from tests.live.chaos.checker import QUARANTINED, Verdict, posts_of
from tests.live.chaos.evidence import Attempt, Document, Evidence, Life

NUMBER, SIGNATURE, SHA256 = "INV/1", "c2lnbmF0dXJl", "5a"
REFERENCE = "100"
WINDOW, END = 69, 1_000_000
ABSENT = "ask.absent"


class History:
    """Databases that call TTN, and what it has of them. The clock goes on by a second with each call.

    ``original`` is at work; ``back_up``, ``copy`` and ``restore`` make more of it.
    """

    def __init__(self):
        self.original = Life("the original", "127.0.0.2")
        self.lives, self.life = [self.original], self.original
        self.rows, self.deposits, self.findings, self.documents = [], [], [], []
        self._backup = None
        self._exchanges = {}

    def now(self):
        return len(self.rows)

    # --- Databases -------------------------------------------------------------------------------------------------

    def tries(self, life=None, answer_class="submitted", deposit_id="", number=NUMBER):
        """A database writes an attempt down."""
        life = life or self.life
        self._exchanges[life.name] = self._exchanges.get(life.name, life.inherited) + 1
        attempt = Attempt(self._exchanges[life.name], number, answer_class, str(deposit_id))
        life.attempts.append(attempt)

    def back_up(self):
        self._backup = list(self.life.attempts)
        self._backed_up_at = self.now()

    def begins(self, name, address):
        """The backup begins to work as another database."""
        last = max((attempt.id for attempt in self._backup), default=0)
        life = Life(
            name,
            address,
            list(self._backup),
            parent=self.original,
            inherited=last,
            born_at=self._backed_up_at,
        )
        self.lives.append(life)
        return life

    def copy(self):
        return self.begins("the second copy", "127.0.0.3")

    def restore(self):
        self.life = self.begins("the restored database", "127.0.0.4")
        return self.life

    def ends(self, state, reason="", reference="", held_for="", number=NUMBER, signature=SIGNATURE):
        self.documents.append(Document(number, state, reason, reference, signature, SHA256, held_for))

    def tells(self, deposit, code="sweep.unknown_deposit"):
        self.findings.append({"code": code, "params": {}, "deposit": deposit["id"]})

    # --- TTN -------------------------------------------------------------------------------------------------------

    def receives(self, life, **values):
        row = {
            "seq": self.now() + 1,
            "at": self.now() + 1,
            "peer": (life or self.life).address,
            "operation": "saveEfact",
            "number": NUMBER,
            "sha256": SHA256,
            "deposit_id": None,
            "outcome": "not_processed",
            "faults": [],
            "answered": 1,
            **values,
        }
        self.rows.append(row)
        return row

    def has(self, state="accepted", plan=None, number=NUMBER, signature=SIGNATURE):
        """TTN has one more deposit; by itself it stands in no row of the ledger."""
        deposit_id = 100 + len(self.deposits)
        deposit = {
            "id": deposit_id,
            "number": number,
            "signature_value": signature,
            "state": state,
            "reference": str(deposit_id) if state == "accepted" else None,
            "received_at": self.now() + 1,
            "plan": plan or {},
        }
        self.deposits.append(deposit)
        return deposit

    def takes(
        self,
        life=None,
        *,
        faults=(),
        answered=1,
        state="accepted",
        plan=None,
        number=NUMBER,
        signature=SIGNATURE,
    ):
        """A body arrives from a database and becomes a deposit."""
        deposit = self.has(state, plan, number, signature)
        values = {"deposit_id": deposit["id"], "outcome": "deposited", "faults": list(faults)}
        self.receives(life, number=number, answered=answered, **values)
        return deposit

    def is_compared(self, life=None):
        """A database asks for the account's deposits of a period."""
        self.receives(life, operation="consultEfact", number=None, outcome="consulted")

    def deposit(self, life=None, **values):
        """An attempt as it should be, with the deposit that comes of it."""
        deposit = self.takes(life, **values)
        self.tries(life, deposit_id=deposit["id"], number=values.get("number", NUMBER))
        return deposit

    def verdict(self, whole=True):
        evidence = Evidence(
            self.documents,
            self.findings,
            self.lives,
            self.life,
            self.deposits,
            self.rows,
            now=END,
            window=WINDOW,
            whole=whole,
        )
        return Verdict(evidence)


@pytest.fixture
def history():
    return History()


def rules(history, **values):
    """:return: list of the rules that a history breaks."""
    return [wrong.rule for wrong in history.verdict(**values).wrong]


# --- One database ---------------------------------------------------------------------------------------------------


def test_deposited_once(history):
    history.deposit()
    history.ends("accepted", reference=REFERENCE)
    verdict = history.verdict()
    assert verdict.wrong == []
    assert verdict.counted == {"accepted": 1}
    assert verdict.certain == 1


def test_second_deposit(history):
    history.deposit()
    second = history.deposit()
    history.tells(second)
    history.ends("conflict", reference=REFERENCE)
    assert rules(history) == ["deposited_again"]


def test_second_deposit_that_nobody_is_told_of(history):
    history.deposit()
    history.deposit()
    history.ends("accepted", reference=REFERENCE)
    assert rules(history) == ["nobody_told", "deposited_again"]


@pytest.mark.parametrize("fault", ["relay_double", "two_acceptances"])
def test_double_made_outside_excuses_no_other(history, fault):
    """One that a relay or TTN made, and one of our own."""
    if fault == "relay_double":
        first = history.deposit(faults=[fault])
        history.takes(faults=[fault], answered=None)
    else:
        first = history.deposit(faults=[fault], plan={"twice": True})
        history.has()
    history.ends("conflict", reference=REFERENCE)
    assert rules(history) == []
    again = history.deposit()
    assert again["id"] != first["id"]
    assert rules(history) == ["deposited_again"]


def test_more_deposits_than_were_made(history):
    """What has no row in the ledger must be TTN's own double of one that was to be doubled."""
    history.deposit()
    history.tells(history.has())
    history.ends("conflict", reference=REFERENCE)
    assert rules(history) == ["doubled_by_somebody"]


def test_deposit_from_nowhere(history):
    stranger = Life("somebody", "127.0.0.1")
    history.takes(stranger)
    history.ends("accepted", reference=REFERENCE)
    assert "doubled_by_somebody" in rules(history)


def test_absent_by_all_the_rules(history):
    """TTN shows the first one later than any company waits; the company wants it deposited once more."""
    first = history.takes(plan={"hidden": {"until": WINDOW + 60}})
    history.tries(answer_class="unknown")
    history.original.resent = {NUMBER}
    history.deposit()
    history.tells(first)
    history.ends("conflict", reference=REFERENCE)
    assert rules(history) == []
    history.deposit()
    assert rules(history) == ["deposited_again"]


@pytest.mark.parametrize(("until", "resent"), [(WINDOW - 10, True), (WINDOW + 60, False)])
def test_not_absent_by_all_the_rules(history, until, resent):
    first = history.takes(plan={"hidden": {"until": until}})
    history.tries(answer_class="unknown")
    history.original.resent = {NUMBER} if resent else set()
    history.deposit()
    history.tells(first)
    history.ends("conflict", reference=REFERENCE)
    assert rules(history) == ["deposited_again"]


def test_first_attempt_that_never_arrived(history):
    history.receives(None, faults=["reset_before"])
    history.tries(answer_class="unknown")
    history.tries(answer_class="not_sent")
    history.deposit()
    history.ends("accepted", reference=REFERENCE)
    assert rules(history) == []


@pytest.mark.parametrize("answer_class", [None, "not_sent"])
def test_body_without_attempt(history, answer_class):
    """The claim is lost, or says that nothing was sent."""
    history.takes()
    if answer_class:
        history.tries(answer_class=answer_class)
    history.ends("accepted", reference=REFERENCE)
    assert rules(history) == ["without_attempt"]


def test_body_without_deposit_and_without_attempt(history):
    history.receives(None, faults=["reset_before"])
    history.deposit()
    history.ends("accepted", reference=REFERENCE)
    assert rules(history) == ["without_attempt"]


def test_deposit_that_was_written_down_as_refused(history):
    history.takes()
    history.tries(answer_class="refused")
    history.ends("accepted", reference=REFERENCE)
    assert rules(history) == ["without_attempt"]


def test_another_deposit_written_down(history):
    history.takes()
    history.tries(deposit_id=99)
    history.ends("accepted", reference=REFERENCE)
    assert rules(history) == ["other_number"]


def test_nobody_knows_it(history):
    other = history.takes(number="INV/2")
    history.tries(deposit_id=other["id"], number="INV/2")
    assert rules(history) == ["nobody_knows"]
    history.tells(other)
    assert rules(history) == []


def test_only_some_invoices_are_judged(history):
    """Trouble with others, before, is not theirs."""
    history.takes(number="INV/2")
    history.deposit()
    history.ends("accepted", reference="101")
    assert rules(history, whole=False) == []


# --- Ends -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["signed", "sending", "submitted", "unknown"])
def test_no_end(history, state):
    history.deposit()
    history.ends(state)
    assert rules(history) == ["without_end"]


def test_hold_that_is_not_the_comparisons(history):
    history.ends("signed", reason="document.number_taken", held_for="document.number_taken")
    assert rules(history) == ["without_end"]


def test_all_left_to_a_human(history):
    """Nothing happened to a document, and a human has to decide."""
    history.deposit(state="pending")
    history.ends("to_decide", "ask.unreadable")
    assert rules(history) == ["nothing_happened"]


@pytest.mark.parametrize("reason", [ABSENT, "ask.vanished"])
def test_to_decide_although_ttn_shows_the_acceptance(history, reason):
    history.deposit(faults=["reset_after"])
    history.ends("to_decide", reason)
    assert rules(history) == ["to_decide"]


@pytest.mark.parametrize(
    "plan", [{"foreign_reference": "last"}, {"broken_content": True}, {"hidden": {"until": 2 * END}}]
)
def test_to_decide_what_nobody_can_tell(history, plan):
    history.deposit(plan=plan)
    history.ends("to_decide", "accept.mismatch")
    assert rules(history) == []


def test_to_decide_although_ttn_shows_the_rejection(history):
    history.deposit(state="rejected", plan={"errors": [["CONTRL05", ""]]})
    history.ends("to_decide", "accept.mismatch")
    assert rules(history) == ["to_decide"]


def test_to_decide_beside_another_deposit_of_the_number(history):
    history.deposit(state="rejected", plan={"errors": [["CONTRL05", ""]]})
    history.has(signature="another", plan={"twice": True})
    history.ends("to_decide", "ask.number_taken")
    assert rules(history) == []


def test_human_is_told_to_deposit_what_is_there(history):
    history.deposit(state="rejected", plan={"errors": [["CONTRL05", ""]]})
    history.ends("to_decide", ABSENT)
    assert rules(history) == ["to_decide"]


def test_to_decide_what_was_lost_twice(history):
    for _turn in range(2):
        history.receives(None, faults=["reset_before"])
        history.tries(answer_class="unknown")
    history.ends("to_decide", ABSENT)
    assert rules(history) == []


def test_to_decide_what_nobody_tried(history):
    history.ends("to_decide", ABSENT)
    assert rules(history) == ["to_decide"]


def test_rejected(history):
    history.deposit(state="rejected", plan={"errors": [["CONTRL05", ""]]})
    history.ends("rejected")
    assert rules(history) == []


def test_refused_at_once(history):
    history.receives(None, outcome="refused")
    history.tries(answer_class="refused")
    history.ends("rejected")
    assert rules(history) == []


def test_rejected_what_ttn_has_not_seen(history):
    history.receives(None)
    history.tries(answer_class="unknown")
    history.ends("rejected")
    assert rules(history) == ["rejected"]


def test_rejected_by_a_refusal_of_other_bytes(history):
    history.receives(None, outcome="refused", sha256="6b")
    history.tries(answer_class="refused")
    history.ends("rejected")
    assert rules(history) == ["rejected"]


@pytest.mark.parametrize("state", ["pending", "held", "rejected_for_now", "accepted"])
def test_rejected_what_ttn_has_not_rejected(history, state):
    history.deposit(state=state, faults=["late_verdict"])
    history.ends("rejected")
    assert rules(history) == ["rejected"]


def test_accepted_under_a_strange_reference(history):
    history.deposit(plan={"foreign_reference": "invented"})
    history.ends("accepted", reference="999")
    assert rules(history) == ["accepted"]


def test_accepted_without_deposit(history):
    history.ends("accepted")
    assert rules(history) == ["accepted"]


def test_accepted_by_another_document_of_the_number(history):
    history.deposit(signature="b3RoZXI=")
    history.ends("accepted", reference=REFERENCE)
    assert rules(history) == ["accepted"]


def test_conflict_with_one_acceptance(history):
    history.deposit(faults=["reset_after"])
    history.ends("conflict", reference=REFERENCE)
    assert rules(history) == ["conflict"]


# --- Backups and copies ---------------------------------------------------------------------------------------------


def test_forgotten_deposit_is_taken_over(history):
    history.back_up()
    history.deposit()
    history.restore()
    history.is_compared()
    history.ends("accepted", reference=REFERENCE)
    assert rules(history) == []


@pytest.mark.parametrize("which", ["restore", "copy"])
def test_deposit_that_could_be_seen(history, which):
    """The restored database, or the second copy, deposits what TTN showed when it compared; somebody is told."""
    history.back_up()
    history.deposit()
    life = getattr(history, which)()
    history.is_compared(life)
    again = history.deposit(life)
    history.tells(again)
    history.ends("conflict", reference=REFERENCE)
    assert rules(history) == ["could_be_seen"]


@pytest.mark.parametrize(
    "plan", [{"hidden": {"until": 60}}, {"hidden": {"until": 0, "gone_from": 1, "back_at": 60}}]
)
def test_deposit_that_ttn_did_not_show(history, plan):
    history.back_up()
    history.deposit(plan=plan)
    life = history.restore()
    history.is_compared(life)
    again = history.deposit(life)
    history.tells(again)
    history.ends("conflict", reference=REFERENCE)
    assert rules(history) == []


def test_deposit_that_was_hidden_before_the_comparison(history):
    history.back_up()
    history.deposit(plan={"hidden": {"until": 1}})
    life = history.restore()
    history.is_compared(life)
    history.is_compared(life)
    history.tells(history.deposit(life))
    history.ends("conflict", reference=REFERENCE)
    assert rules(history) == ["could_be_seen"]


def test_deposits_of_two_databases_at_once(history):
    """The original deposits after the copy has compared: neither can know of the other."""
    history.back_up()
    copy = history.copy()
    history.is_compared(copy)
    history.deposit(copy)
    again = history.deposit(history.original)
    history.tells(again)
    history.ends("conflict", reference=REFERENCE)
    assert rules(history) == []


def test_copy_that_does_not_compare(history):
    history.back_up()
    history.deposit(history.copy())
    history.ends("accepted", reference=REFERENCE)
    assert "could_be_seen" in rules(history)


def test_double_between_backup_and_restore(history):
    """The restored database knows nothing of it; what the original had written down is judged all the same."""
    history.back_up()
    first, again = history.deposit(), history.deposit()
    history.restore()
    history.is_compared()
    history.tells(first)
    history.tells(again)
    history.ends("conflict", reference=REFERENCE)
    assert rules(history) == ["deposited_again"]


def test_lost_claim_between_backup_and_restore(history):
    history.back_up()
    history.takes()
    history.restore()
    history.is_compared()
    history.ends("accepted", reference=REFERENCE)
    assert rules(history) == ["without_attempt"]


def test_double_within_the_second_copy(history):
    history.back_up()
    copy = history.copy()
    history.is_compared(copy)
    first, again = history.deposit(copy), history.deposit(copy)
    history.tells(first)
    history.tells(again)
    history.ends("conflict", reference=REFERENCE)
    assert rules(history) == ["deposited_again"]


@pytest.mark.parametrize("answer_class", ["submitted", "unknown", ""])
def test_attempt_of_the_backup_is_made_again(history, answer_class):
    """Hidden or not: the restored database has an attempt that may have arrived, be it that it arrived after the backup."""
    history.tries(answer_class=answer_class, deposit_id=100 if answer_class == "submitted" else "")
    if answer_class:
        history.takes(plan={"hidden": {"until": 60}})
    history.back_up()
    if not answer_class:
        history.takes(plan={"hidden": {"until": 60}})
    life = history.restore()
    history.is_compared(life)
    history.tells(history.deposit(life))
    history.ends("conflict", reference=REFERENCE)
    assert rules(history) == ["deposited_again"]


def test_number_quarantined(history):
    """An invoice of the restored database has the number of one that it forgot."""
    history.back_up()
    forgotten = history.deposit(signature="b3RoZXI=")
    history.restore()
    history.is_compared()
    history.tells(forgotten)
    history.ends("signed", "sweep.quarantined", held_for="sweep.quarantined")
    verdict = history.verdict()
    assert verdict.wrong == []
    assert verdict.counted == {QUARANTINED: 1}


def test_number_quarantined_that_nobody_is_told_of(history):
    history.back_up()
    history.deposit(signature="b3RoZXI=")
    history.restore()
    history.is_compared()
    history.ends("signed", "sweep.quarantined", held_for="sweep.quarantined")
    assert rules(history) == ["held"]


def test_number_quarantined_for_our_own_deposit(history):
    history.tells(history.deposit())
    history.ends("submitted", "sweep.quarantined", held_for="sweep.quarantined")
    assert rules(history) == ["held"]


# --- Doubled bodies -------------------------------------------------------------------------------------------------


def test_doubled_bodies(history):
    """A relay's double has no answer of its own; a body that was not processed was not doubled."""
    relayed = {"faults": ["relay_double"]}
    first = history.receives(None, **relayed)
    lost = history.receives(None, outcome="deposited", answered=None, **relayed)
    second = history.receives(None, outcome="deposited", **relayed)
    echo = history.receives(None, outcome="deposited", answered=None, **relayed)
    plain = history.receives(None, outcome="deposited")
    posts = posts_of([first, lost, second, echo, plain])
    assert [post.row["seq"] for post in posts] == [1, 2, 3, 5]
    assert [[echo["seq"] for echo in post.echoes] for post in posts] == [[], [], [4], []]


def test_body_doubled_by_two_relays(history):
    relayed = {"faults": ["relay_double"] * 2, "outcome": "deposited"}
    rows = [history.receives(None, answered=answered, **relayed) for answered in (1, None, None, None)]
    assert [len(post.echoes) for post in posts_of(rows)] == [2, 0]
