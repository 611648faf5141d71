"""The protocol under everything that can go wrong at once, in short; `make chaos` is the whole of it.

``CHAOS_DOCUMENTS``, ``CHAOS_WORKERS``, ``CHAOS_SECONDS`` in the environment make it larger.
"""

import os
import sys

import pytest

from tests.live.chaos import Chaos, report, verdict
from tests.live.harness.company import Company

DOCUMENTS = int(os.environ.get("CHAOS_DOCUMENTS", "40"))
WORKERS = int(os.environ.get("CHAOS_WORKERS", "2"))
SECONDS = int(os.environ.get("CHAOS_SECONDS", "120"))


@pytest.fixture
def company(admin, ttn):
    ttn.admin("POST", "/settings", {"verdict_delay": 1, "schema_sample": 0.1})
    return Company(admin, ttn)


@pytest.mark.timeout(SECONDS * 2 + 200)
def test_nothing_twice_and_nothing_lost(company, start, capsys):
    moves = [
        move for _hundred in range(0, DOCUMENTS, 100) for move in company.post_invoices(min(100, DOCUMENTS))
    ]
    chaos = Chaos(company, moves, start, workers=WORKERS)
    chaos.run(SECONDS)
    counted, wrong = verdict(company, moves)
    with capsys.disabled():
        sys.stdout.write(f"\n{report(chaos, counted, wrong)}\n")
    assert not wrong
    assert sum(counted.values()) == len(moves)
