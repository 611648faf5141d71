"""The protocol under everything that can go wrong at once, in short; `make chaos` is the whole of it.

``CHAOS_DOCUMENTS``, ``CHAOS_WORKERS``, ``CHAOS_SEED`` in the environment change it. The choices of the short form are always the
same ones; the whole one makes new ones each time and tells its seed.
"""

import os
import random
import sys

import pytest

from tests.live.chaos.checker import QUARANTINED, Verdict
from tests.live.chaos.trouble import FAULTS, POINTS, Chaos
from tests.live.chaos.world import World
from tests.live.harness.cluster import RUN, Clock

WHOLE = "CHAOS_DOCUMENTS" in os.environ
DOCUMENTS = int(os.environ.get("CHAOS_DOCUMENTS", "24"))
WORKERS = int(os.environ.get("CHAOS_WORKERS", "4"))
SEED = int(os.environ.get("CHAOS_SEED") or (random.SystemRandom().randrange(1_000_000) if WHOLE else 19))
ACTIONS = ("kill", "stop")
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
    # In short every point has one of the two.
    traps = {
        f"{point}.{action}"
        for rank, point in enumerate(POINTS)
        for action in (ACTIONS if WHOLE else (ACTIONS[(rank + SEED) % 2],))
    }
    for trap in traps:
        world.set_trap(*trap.rsplit(".", 1))
    world.add_host(WORKERS - WORKERS // 2)
    # The second host's own clock is wrong.
    world.add_host(WORKERS // 2, clock=Clock(RUN / f"{world.database}.clock", offset=7200))

    def tell(line):
        with capsys.disabled():
            sys.stdout.write(f"\n{line}")
            sys.stdout.flush()

    chaos = Chaos(world, moves, events=EVENTS, seed=SEED, surely=WHOLE, tell=tell if WHOLE else None)
    chaos.run(days=2 if WHOLE else 1)
    verdict = Verdict(world.evidence())
    tell(f"seed {SEED}: {verdict.line(chaos)}\n")
    assert not verdict.wrong, "\n".join(map(str, verdict.wrong))
    assert sum(verdict.counted.values()) == len(chaos.moves)
    check_that_it_happened(world, chaos, traps)
    check_that_it_could_be_noticed(verdict, chaos.forgotten)


def check_that_it_happened(world, chaos, traps):
    """Trouble that never came proves nothing."""
    assert not chaos.left_out
    assert set(world.sprung_traps()) == traps
    assert {event: chaos.happened[event.replace("_", " ")] for event in EVENTS} == dict.fromkeys(EVENTS, 1)
    assert chaos.happened["stood still beyond the lease"]
    assert chaos.happened["clocks jumped"]
    if WHOLE:
        assert {kind for kind in FAULTS if not chaos.hits[kind]} == set()
        assert chaos.happened["killed"]
        assert chaos.happened["stopped"]
    else:
        # Of few calls a rare fault strikes none
        assert len([kind for kind in FAULTS if chaos.hits[kind]]) > len(FAULTS) // 3


def check_that_it_could_be_noticed(verdict, forgotten):
    """A queue that stands still, or leaves all to a human, does nothing wrong."""
    lives = verdict.evidence.lives
    assert [life.name for life in lives] == ["the original", "the second copy", "the restored database"]
    for life in lives:
        assert life.attempts, life.name
        assert verdict.comparison(life), life.name
    assert verdict.made_by(lives[0])
    assert verdict.made_by(lives[2])
    documents = sum(verdict.counted.values())
    assert verdict.counted["accepted"] > documents / 3
    # New invoices take the numbers of the forgotten ones
    assert verdict.counted[QUARANTINED] <= forgotten + max(3, documents / 20)
    assert verdict.certain
    if WHOLE:
        assert verdict.made_by(lives[1])
