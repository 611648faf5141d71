"""Answers of TTN that cannot be recorded when they come, while the workers that keep them die or stand still."""

import os
import signal
import time

import pytest

from tests.live.chaos.trouble import CALL_LANES
from tests.live.harness import database as databases
from tests.live.harness.odoo import CronHost
from tests.live.harness.probe import probe_options
from tests.live.test_queue import deposits_by_number, take_one, wait_woken

LEASE, CALL = 9, 3
#: The answer is kept with the exchange; what was kept is recorded.
POINTS = ("keep.commit", "keep.committed", "kept.commit", "kept.committed")


@pytest.fixture
def traps(company, database, start, tmp_path):
    """Folder of the traps of a host with two workers, which has deposited an invoice."""
    folder = tmp_path / "traps"
    folder.mkdir()
    environment = {"EDI_PROBE_FAIL": str(folder), "EDI_PROBE_SECONDS": f"{LEASE}:{CALL}"}
    options = {**company.options(), **probe_options()}
    start(CronHost(database, processes=2, options=options, env=environment))
    take_one(company)
    return folder


def make_answers_due(company):
    """A minute has passed since they were kept."""
    databases.query(
        company.database,
        "UPDATE l10n_tn_edi_exchange SET kept_until = now() at time zone 'UTC' WHERE kept_until IS NOT NULL",
    )
    databases.query(company.database, CALL_LANES)


@pytest.mark.parametrize("action", ["kill", "stop"])
def test_no_answer_is_lost(company, traps, action):
    for point in POINTS:
        (traps / "result.fail").touch()
        (traps / f"{point}.{action}").touch()
        moves = company.post_invoices(1)

        def caught(point=point):
            return list(traps.glob(f"{point}.{action}.*"))

        def passes(caught=caught):
            # Not once it is there: who stands still has locked the answer.
            return caught() or make_answers_due(company)

        wait_woken(company, passes, f"a worker passes {point}")
        assert list(traps.glob("result.fail.*")), "the answer was to be recorded before"
        for trap in traps.glob("result.fail.*"):
            trap.unlink()
        if action == "stop":
            time.sleep(LEASE + 1)
            os.kill(int(caught()[0].suffix[1:]), signal.SIGCONT)

        def is_over(moves=moves):
            make_answers_due(company)
            [[waiting]] = databases.query(
                company.database,
                "SELECT count(*) FROM l10n_tn_edi_exchange WHERE kept_answer IS NOT NULL",
            )
            return company.states(moves) == ["accepted"] and not waiting

        wait_woken(company, is_over, f"accepted after {point}.{action}, and no answer waits")
        [[answer]] = databases.query(
            company.database,
            "SELECT e.answer_class FROM l10n_tn_edi_exchange e JOIN l10n_tn_edi_document d ON d.id = e.document_id"
            " WHERE d.move_id = %s AND e.operation = 'save'",
            moves[0],
        )
        # Only what nobody had kept yet is lost with its worker, and asked about.
        assert (answer is None) == (f"{point}.{action}" == "keep.commit.kill"), (point, answer)
        counted = deposits_by_number(company)
        assert set(counted.values()) == {1}, counted
