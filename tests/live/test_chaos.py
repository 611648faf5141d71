"""The protocol under everything that can go wrong at once, in short; `make chaos` is the whole of it.

``CHAOS_DOCUMENTS``, ``CHAOS_WORKERS``, ``CHAOS_SEED`` in the environment change it. The choices of the short form are always the
same ones; the whole one makes new ones each time and tells its seed.
"""

import os
import random
import sys

import pytest

from tests.live.chaos import POINTS, Chaos
from tests.live.chaos_checker import Verdict
from tests.live.chaos_world import World
from tests.live.harness.cluster import RUN, Clock

WHOLE = "CHAOS_DOCUMENTS" in os.environ
DOCUMENTS = int(os.environ.get("CHAOS_DOCUMENTS", "24"))
WORKERS = int(os.environ.get("CHAOS_WORKERS", "4"))
SEED = int(os.environ.get("CHAOS_SEED") or (random.SystemRandom().randrange(1_000_000) if WHOLE else 19))
EVENTS = (
    *("connections_cut", "backup", "database_stopped_at_once", "clock_ahead"),
    *("second_copy", "host_powered_off", "ttn_restarted", "restore", "clock_back"),
)


@pytest.fixture
def world(base_database, tmp_path):
    with World(base_database, tmp_path) as world:
        # With so many documents the answers to the comparison are cut.
        settings = {"verdict_delay": 1, "schema_sample": 0.1, "max_returns": 100}
        world.ttn.admin("POST", "/settings", settings)
        world.company.be_impatient()
        yield world


@pytest.mark.timeout(0 if WHOLE else 1500)
def test_nothing_twice_and_nothing_lost(world, capsys):
    for hundred in range(0, DOCUMENTS, 100):
        world.company.post_invoices(min(100, DOCUMENTS - hundred))
    moves = [move for (move,) in world.query("SELECT move_id FROM l10n_tn_edi_document")]
    for rank, point in enumerate(POINTS):
        # In short every point has one of the two.
        for action in ("kill", "stop") if WHOLE else (("kill", "stop")[(rank + SEED) % 2],):
            world.set_trap(point, action)
    world.add_host(WORKERS - WORKERS // 2)
    # The second host's own clock is wrong.
    world.add_host(WORKERS // 2, clock=Clock(RUN / f"{world.database}.clock", offset=7200))

    def tell(line):
        with capsys.disabled():
            sys.stdout.write(f"\n{line}")
            sys.stdout.flush()

    chaos = Chaos(world, moves, events=EVENTS, seed=SEED, tell=tell if WHOLE else None)
    chaos.run(days=2 if WHOLE else 1)
    verdict = Verdict(world.evidence())
    tell(f"seed {SEED}: {verdict.line(chaos)}\n")
    assert not verdict.wrong, "\n".join(map(str, verdict.wrong))
    assert sum(verdict.counted.values()) == len(chaos.moves)
