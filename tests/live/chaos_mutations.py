"""With one rule of the protocol switched off, the checker of the chaos test must find something wrong.

Not collected by itself (minutes each): `make chaos` runs it after the whole chaos.
"""

import sys

import pytest

from tests.live.chaos import Chaos, report, verdict
from tests.live.harness.company import Company

# For each rule the trouble that it is there for.
TROUBLE = {
    "claim_commit": ({}, 0.3),
    "ask": ({"reset_after": {"operation": "saveEfact", "probability": 0.5}}, 0.0),
    "window": ({"late_deposit": {"probability": 0.5, "params": {"delay": 30}}}, 0.0),
    "lease": ({"slow_drip": {"operation": "saveEfact", "params": {"interval": 0.3, "chunk": 40}}}, 0.0),
    "signature": ({"foreign_reference": {"probability": 0.5}}, 0.0),
}


@pytest.fixture
def company(admin, ttn):
    ttn.admin("POST", "/settings", {"verdict_delay": 1, "schema_sample": 0.1})
    return Company(admin, ttn)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("mutation", TROUBLE)
def test_is_noticed(company, start, capsys, mutation):
    faults, share = TROUBLE[mutation]
    moves = company.post_invoices(20)
    chaos = Chaos(company, moves, start, share=share, mutation=mutation, faults=faults)
    chaos.run(90)
    counted, wrong = verdict(company, moves)
    with capsys.disabled():
        sys.stdout.write(f"\n{mutation}: {report(chaos, counted, wrong)}\n")
    assert [sentence for sentence in wrong if "has no end" not in sentence], "nobody noticed"
