"""A small model of TTN's ledger, and of a machine that does what ``elfatoora.decisions`` says, for property tests.

The model knows what really happened; the machine sees only what a network and TTN let it see. `play` runs one scenario to its
end and gives back what was violated, in words.
"""

import random
from dataclasses import dataclass, field
from decimal import Decimal

from elfatoora import decisions as d
from elfatoora.answers import SAVE, AckError, Deposit, FaultAnswer, Problem, SaveAnswer
from elfatoora.client import Call
from elfatoora.decisions import History, Ruling, Seen, Sent
from elfatoora.facts import RELEASED, RESEND, SAME_REASON, VISIBLE

LEASE = 120.0
WINDOW = 1800.0
DAY = 86_400.0
SENT = Sent("SIG value", "DIGEST=", "0736202XAM000", "FAC/7", "I-11", Decimal("119.000"))


@dataclass(frozen=True)
class Save:
    """What becomes of one call of saveEfact.

    :param copies: deposits that it really makes (0: lost on the way; 2: a relay doubled it)
    :param arrival: seconds after the call at which they exist
    :param answer: id, lost, fault, no_id, several, refused, not_sent, killed
    """

    copies: int = 1
    arrival: float = 1.0
    answer: str = "id"


@dataclass(frozen=True)
class Fate:
    """What TTN does with one deposit.

    :param visible: seconds after its arrival at which it is shown
    :param gap: seconds after its arrival between which it is hidden again
    :param verdict: accept, reject, reject_then_accept, never
    :param after: seconds after its arrival at which the verdict is there
    :param content: always, final (only with a reference), never
    """

    visible: float = 0.0
    gap: tuple[float, float] = (0.0, 0.0)
    verdict: str = "accept"
    after: float = 20.0
    content: str = "always"


@dataclass(frozen=True)
class Scenario:
    """What happens.

    :param complete: whether each question is answered completely, one after the other; all the rest is
    :param later_visible_from: when TTN begins to show later deposits of the account
    :param blind: between these moments its complete answers show nothing at all
    :param noise: deposits of others that it shows
    :param human: what a responsible says of the deposit that decided: "others", "ours"; "" for nothing
    """

    saves: tuple[Save, ...] = (Save(),)
    fates: tuple[Fate, ...] = (Fate(),)
    complete: tuple[bool, ...] = ()
    later_visible_from: float = 0.0
    blind: tuple[float, float] = (0.0, 0.0)
    human: str = ""
    auto_resend: bool = False
    noise: tuple[Seen, ...] = ()
    seed: int = 0


@dataclass
class Real:
    """One deposit of ours that exists at TTN."""

    deposit_id: int
    arrival: float
    fate: Fate

    def shown(self, now: float) -> Seen | None:
        age = now - self.arrival
        hidden_from, hidden_to = self.fate.gap
        if age < self.fate.visible or hidden_from <= age < hidden_to:
            return None
        verdict = self.verdict(now)
        reference = f"REF{self.deposit_id}" if verdict == "accept" else ""
        errors = (AckError("CONTRL17", "x"),) if verdict == "reject" else ()
        deposit = Deposit(self.deposit_id, SENT.number, "I-11", reference, errors=errors)
        if self.fate.content == "never" or (self.fate.content == "final" and not reference):
            return Seen(deposit)
        # TTN may wrap what it returns.
        return Seen(deposit, "SIG\n value", "DIGEST=", SENT.sender, SENT.number, "I-11", Decimal("119"),
                    reference, "valid" if reference else "absent", "DIGEST=" if reference else None)  # fmt: skip

    def verdict(self, now: float) -> str:
        age, kind = now - self.arrival, self.fate.verdict
        if age < self.fate.after or kind == "never":
            return "pending"
        if kind == "reject_then_accept":
            return "accept" if age >= self.fate.after + 3600 else "reject"
        return kind


@dataclass
class Machine:
    """Follows the decisions; has no memory but what the addon stores too."""

    scenario: Scenario
    now: float = 0.0
    state: str = d.SIGNED
    due: float = 0.0
    doubtful: int = 0  # attempts that may have reached TTN
    calls: int = 0
    reached: int = 0
    failures: int = 0
    lease_until: float = 0.0
    absences: tuple[float, ...] = ()
    polls: int = 0
    asked: int = 0
    ever_seen: bool = False
    resent: bool = False
    reference: str = ""
    rulings: tuple[Ruling, ...] = ()
    conflict: dict = field(default_factory=dict)
    deposit_ids: frozenset[int] = frozenset()
    ledger: list[Real] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    history: list[tuple[float, str, str]] = field(default_factory=list)
    rejections: list[tuple[float, str]] = field(default_factory=list)

    def write(self, decision) -> None:
        self.state = decision.state
        self.told |= {one.code for one in decision.told}
        if decision.deposit_id is not None and decision.code == "send.submitted":
            self.deposit_ids |= {decision.deposit_id}
            self.ever_seen = True
        self.ever_seen |= VISIBLE in decision.flags
        self.resent |= RESEND in decision.flags
        if decision.state in (d.ACCEPTED, d.CONFLICT):
            self.reference = decision.reference or self.reference
        if decision.absent is not None:
            self.absences = (*self.absences, self.now) if decision.absent else ()
        if decision.state == d.REJECTED:
            self.rejections.append((self.now, decision.code))
        self.due = float("inf") if decision.retry_in is None else self.now + decision.retry_in
        if decision.state == d.CONFLICT and SAME_REASON not in decision.flags:
            self.conflict = decision.params
        self.history.append((self.now, decision.state, decision.code))
        if decision.state == d.TO_DECIDE and decision.seen and self.scenario.human:
            self.rule(decision.seen)

    def rule(self, shown: Seen) -> None:
        """What a human decides about a deposit, who knows which are ours; one word on each."""
        named = shown.deposit.deposit_id
        if named in {real.deposit_id for real in self.ledger} or named in {
            r.deposit_id for r in self.rulings
        }:
            return
        ours = self.scenario.human == "ours"
        self.rulings += (Ruling(named, ours, shown.any_reference),)

    def later_seen(self) -> float | None:
        """When the account's other questions last showed a later deposit; they are asked all the time."""
        hidden_from, hidden_to = self.scenario.blind
        shown_at = hidden_from if hidden_from <= self.now < hidden_to else self.now
        return shown_at if shown_at >= self.scenario.later_visible_from else None

    def save(self) -> None:
        fates = self.scenario.fates
        plan = self.scenario.saves[min(self.calls, len(self.scenario.saves) - 1)]
        self.calls += 1
        self.lease_until, self.absences, self.polls = self.now + LEASE, (), 0
        if plan.answer == "not_sent":
            decision = d.after_save(
                _call(False, problem="network.refused"), self.doubtful + 1, failures=self.failures
            )
            self.failures += 1
            return self.write(decision)
        self.doubtful += 1
        self.reached += 1
        self.failures = 0
        for _ in range(0 if plan.answer == "refused" else plan.copies):
            fate = fates[min(len(self.ledger), len(fates) - 1)]
            self.ledger.append(Real(1000 + len(self.ledger), self.now + plan.arrival, fate))
        if plan.answer == "killed":
            self.now = self.lease_until
            return self.write(d.lease_expired())
        self.write(d.after_save(_answer(plan, self.ledger), self.doubtful))
        if plan.answer == "refused" and self.state in (d.REJECTED, d.SIGNED):  # surely nothing was deposited
            self.doubtful -= 1
            self.reached -= 1
        return None

    def ask(self) -> None:
        complete = self.scenario.complete[self.asked] if self.asked < len(self.scenario.complete) else True
        self.asked += 1
        shown = [s for real in self.ledger if self.now >= real.arrival and (s := real.shown(self.now))]
        hidden_from, hidden_to = self.scenario.blind
        seen = [] if hidden_from <= self.now < hidden_to else [*self.scenario.noise, *shown]
        random.Random(self.scenario.seed + self.asked).shuffle(seen)
        sent = Sent(**{**SENT.__dict__, "deposit_ids": self.deposit_ids})
        history = History(
            self.state, self.now, self.doubtful, self.lease_until, self.absences, self.polls, self.ever_seen,
            self.later_seen(), WINDOW, 0.0, self.scenario.auto_resend, self.resent,
            self.reference, bool(self.reached), self.rulings, self.conflict,
        )  # fmt: skip
        decision = d.after_consult(sent, seen if complete else None, history)
        self.polls += 1
        before = self.state
        self.write(decision)
        if before == d.SIGNED and decision.code == "ask.absent_confirmed":
            self.save()

    def run(self, steps: int = 600) -> None:
        # Five days, and one for each lost answer: what is settled is asked about once a day.
        horizon = DAY * (5 + self.scenario.complete.count(False))
        for _ in range(steps):
            if self.due > horizon:
                break
            self.now = max(self.now, self.due)
            if self.state == d.SIGNED and not self.doubtful:
                self.save()
            else:
                self.ask()
        self.now = max(self.now, horizon)


def _call(reached: bool, *, answer=None, problem: str = "") -> Call:
    return Call(
        SAVE,
        reached,
        b"",
        b"",
        200 if answer else None,
        0.1,
        answer,
        Problem(problem, "") if problem else None,
    )


def _answer(plan: Save, ledger: list[Real]) -> Call:
    newest = ledger[-1].deposit_id if ledger else 0
    answers = {
        "id": SaveAnswer(f"Facture enregistree avec ID {newest}", (newest,)) if plan.copies else None,
        "fault": FaultAnswer("SERV07", "Erreur interne du serveur", "S:Server", "x"),
        "no_id": SaveAnswer("ok"),
        "several": SaveAnswer("ID 1 et ID 2", (1, 2)),
        "refused": FaultAnswer("SERV09", "Signataire non autorisé", "S:Server", "x"),
    }
    answer = answers.get(plan.answer)
    return _call(True, answer=answer, problem="" if answer else "network.reset")


def violations(machine: Machine) -> list[str]:
    """What must never be, in words, at the end of a run."""
    found, now = [], machine.now
    accepted = [real for real in machine.ledger if real.verdict(now) == "accept"]
    readable = [real for real in accepted if real.fate.content != "never" and real.shown(now)]
    if machine.reached > (2 if machine.scenario.auto_resend else 1):
        found.append("deposited again without a decision")
    references = {f"REF{real.deposit_id}" for real in readable}
    if len(references) > 1 and machine.state != d.CONFLICT and machine.due <= now + 2 * DAY:
        found.append("two acceptances without conflict")
    if readable and machine.state not in (d.ACCEPTED, d.CONFLICT):
        found.append("acceptance lost")
    if machine.state == RELEASED and machine.ledger:
        found.append("released although TTN holds it")
    if accepted and machine.state not in (d.ACCEPTED, d.CONFLICT, d.TO_DECIDE, d.SUBMITTED):
        found.append("an acceptance that can't be read is forgotten")
    named = {ruling.reference for ruling in machine.rulings if ruling.ours}
    if machine.state == d.ACCEPTED and machine.reference not in named | {
        f"REF{real.deposit_id}" for real in machine.ledger
    }:
        found.append("accepted without acceptance")
    for when, code in machine.rejections:
        alive = [
            r for r in machine.ledger if r.arrival <= when and (s := r.shown(when)) and s.signature_value
        ]
        if any(r.verdict(when) == "pending" for r in alive):
            found.append(f"rejected ({code}) while a deposit of ours is being worked on")
    if machine.state == d.UNKNOWN:
        found.append("still unknown after days")
    if machine.state == d.SIGNED and machine.doubtful and not machine.failures:
        found.append("waits to be sent again for ever")
    return found


def play(scenario: Scenario) -> Machine:
    machine = Machine(scenario)
    machine.run()
    return machine
