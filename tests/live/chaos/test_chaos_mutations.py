"""With one rule of the protocol switched off, the checker of the chaos test must find something wrong.

Each rule has the trouble that it is there for, made so that the harm is certain; under the same trouble the whole protocol
must have nothing wrong (`make chaos`; here only the switched-off rules, as they take seconds).
"""

import os
import time

import pytest

from tests.live.chaos.checker import Verdict
from tests.live.chaos.trouble import Chaos
from tests.live.chaos.world import LEASE, World

#: Rules of the protocol, and the rules of the checker that notice when one is switched off.
RULES = {
    "claim_commit": {"without_attempt", "deposited_again"},
    "ask": {"deposited_again"},
    "window": {"deposited_again"},
    "lease": {"deposited_again"},
    "signature": {"to_decide"},
    "comparison": {"accepted"},
}
WHOLE = "CHAOS_DOCUMENTS" in os.environ
TURNS = 3
CASES = [(rule, switched) for rule in RULES for switched in (("off", "on") if WHOLE else ("off",))]


@pytest.fixture(scope="module")
def world(base_database, tmp_path_factory):
    with World(base_database, tmp_path_factory.mktemp("mutations")) as world:
        world.ttn.admin("POST", "/settings", {"verdict_delay": 0, "schema_sample": 0})
        world.company.be_impatient()
        yield world


class Trouble:
    """The trouble of each rule: a method of its name.

    :param mutation: the rule that is switched off, or an empty text.
    """

    def __init__(self, world, mutation):
        self.world, self.mutation = world, mutation
        self.chaos = Chaos(world, [], faults={}, share=0.0)
        self.chaos.further = 0

    def go(self, is_over):
        if not self.world.hosts:
            self.world.add_host(2, mutation=self.mutation)
        self.chaos.go(is_over)

    def go_to_the_end(self):
        self.go(lambda: self.deposited() > len(self.chaos.moves) or not self.chaos.unfinished())

    def deposited(self):
        """:return: number of deposits of the invoices of this trouble."""
        numbers = {number for (number,) in self.world.company.documents(self.chaos.moves, "number")}
        return sum(
            d["number"] in numbers for d in self.world.ttn.admin("GET", "/deposits?limit=10000")["deposits"]
        )

    def fault(self, kind, **values):
        operation = values.pop("operation", "saveEfact")
        self.world.ttn.admin("POST", "/faults", {"kind": kind, "operation": operation, **values})

    def state_is(self, move, *states):
        return self.world.company.states([move])[0] in states

    def claim_commit(self):
        """None is needed: what was not written down is done again."""
        self.chaos.post(3)
        self.go_to_the_end()

    def ask(self):
        """Deposits whose answers are lost."""
        self.fault("reset_after", times=2)
        self.chaos.post(3)
        self.go_to_the_end()

    def window(self):
        """A deposit whose answer is lost becomes visible shortly before it would count as absent; others are seen before."""
        self.world.query("UPDATE res_company SET l10n_tn_edi_absence_minutes = 30")
        self.fault("late_deposit", times=1, params={"delay": LEASE + 29 * 60})
        self.chaos.post(1)
        late = self.chaos.moves[0]
        self.go(lambda: self.state_is(late, "unknown"))
        self.world.let_pass(LEASE + 2)
        time.sleep(1.1)
        self.chaos.post(1)
        self.go_to_the_end()

    def lease(self):
        """A worker stands still between the claim and the call."""
        self.chaos.post(1)
        self.go_to_the_end()
        self.world.set_trap("claim.committed", "stop")
        self.chaos.post(1)
        if self.mutation:
            # It goes on once another worker has deposited the document.
            self.chaos.still_for = 600
            self.go(lambda: self.deposited() == 2)
            self.chaos.still_for = 0
            self.go(lambda: self.deposited() == 3)
        else:
            self.chaos.post(1)
            self.go_to_the_end()

    def signature(self):
        """TTN rejects the document, and shows another company's accepted one with its number beside it."""
        self.fault("reject")
        self.fault("foreign_deposit", operation="consultEfact")
        self.chaos.post(2)
        self.go_to_the_end()

    def comparison(self):
        """TTN shows another invoice's reference and QR code; one of ours would be refused by the unique index as well."""
        self.fault("foreign_reference", times=1, params={"invented": True})
        self.chaos.post(2)
        self.go_to_the_end()

    def end(self):
        """:return: what the checker finds wrong."""
        self.world.remove_hosts()
        wrong = Verdict(self.world.evidence(self.chaos.moves)).wrong
        self.world.remove_traps()
        self.world.ttn.admin("DELETE", "/faults")
        # What a switched-off rule has left behind is not the next one's affair.
        self.world.query(
            "UPDATE l10n_tn_edi_document SET live = false, next_at = NULL, visibility_delay = NULL"
        )
        self.world.query("UPDATE res_company SET l10n_tn_edi_absence_minutes = 1")
        return wrong


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("rule", "switched"), CASES)
def test_rule(world, rule, switched):
    if switched == "on":
        assert not make_trouble(world, rule, "")
        return
    # On a busy machine a worker may be elsewhere when its trap springs, and no harm is done: then there is nothing to notice
    noticed = (make_trouble(world, rule, rule) for _turn in range(TURNS))
    assert any(wrong.rule in RULES[rule] for turn in noticed for wrong in turn), "nobody noticed"


def make_trouble(world, rule, mutation):
    """:return: what the checker finds wrong after the trouble of ``rule``."""
    trouble = Trouble(world, mutation)
    getattr(trouble, rule)()
    return trouble.end()
