"""The protocol under everything that can go wrong at once, in short; `make chaos` is the whole of it.

``CHAOS_DOCUMENTS``, ``CHAOS_WORKERS``, ``CHAOS_SEED`` in the environment change it.
"""

import os
import random
import sys

import pytest

from tests.live.chaos import POINTS, Chaos
from tests.live.chaos_checker import Verdict
from tests.live.chaos_world import World
from tests.live.harness.cluster import RUN, Clock

DOCUMENTS = int(os.environ.get("CHAOS_DOCUMENTS", "60"))
WORKERS = int(os.environ.get("CHAOS_WORKERS", "4"))
SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))
EVENTS = (
    *("connections_cut", "backup", "database_stopped_at_once", "clock_ahead"),
    *("second_copy", "host_powered_off", "ttn_restarted", "restore", "clock_back"),
)


@pytest.fixture
def world(base_database, tmp_path):
    with World(base_database, tmp_path) as world:
        world.ttn.admin("POST", "/settings", {"verdict_delay": 1, "schema_sample": 0.1})
        world.company.be_impatient()
        yield world


@pytest.mark.timeout(0)
def test_nothing_twice_and_nothing_lost(world, capsys):
    for hundred in range(0, DOCUMENTS, 100):
        moves = world.company.post_invoices(min(100, DOCUMENTS - hundred))
    moves = [move for (move,) in world.query("SELECT move_id FROM l10n_tn_edi_document")]
    for rank, point in enumerate(POINTS):
        # In short every point has one of the two.
        for action in ("kill", "stop") if DOCUMENTS >= 200 else (("kill", "stop")[(rank + SEED) % 2],):
            world.set_trap(point, action)
    world.add_host(WORKERS - WORKERS // 2)
    # The second host's own clock is wrong.
    world.add_host(WORKERS // 2, clock=Clock(RUN / f"{world.database}.clock", offset=7200))
    chaos = Chaos(world, moves, events=EVENTS, seed=SEED)
    chaos.run()
    verdict = Verdict(world, elsewhere=chaos.elsewhere)
    with capsys.disabled():
        sys.stdout.write(f"\nseed {SEED}: {verdict.line(chaos)}\n")
    assert not verdict.wrong
    assert sum(verdict.counted.values()) == len(chaos.moves)
