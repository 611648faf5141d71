"""With one rule of the protocol switched off, the checker of the chaos test must find something wrong.

Not collected by itself (minutes each): `make chaos` runs it after the whole chaos.
"""

import sys

import pytest

from tests.live.chaos import Chaos, report, verdict
from tests.live.harness.company import Company

# For each rule the trouble that it is there for.
TROUBLE = {
    "claim_commit": {},
    "ask": {"reset_after": {"operation": "saveEfact", "probability": 0.5}},
    # Visible before W (a minute) is over, and not before.
    "window": {"late_deposit": {"probability": 0.5, "params": {"delay": 50}}},
    "lease": {"late_deposit": {"probability": 0.5, "params": {"delay": 55}}},
    "signature": {"foreign_reference": {"probability": 0.5}},
}


@pytest.fixture
def company(admin, ttn):
    ttn.admin("POST", "/settings", {"verdict_delay": 1, "schema_sample": 0.1})
    return Company(admin, ttn)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("mutation", TROUBLE)
def test_is_noticed(company, start, capsys, mutation):
    moves = company.post_invoices(20)
    chaos = Chaos(company, moves, start, share=0.0, mutation=mutation, faults=TROUBLE[mutation], later=5)
    chaos.run(120)
    counted, wrong = verdict(company, moves)
    with capsys.disabled():
        sys.stdout.write(f"\n{mutation}: {report(chaos, counted, wrong)}\n")
    assert [sentence for sentence in wrong if "has no end" not in sentence], "nobody noticed"
