"""Two workers that find out the same thing of an account at once: real transactions that meet at its row."""

import os
import signal

import pytest

from tests.live.chaos.trouble import CALL_LANES
from tests.live.harness import database as databases
from tests.live.harness.company import Company
from tests.live.harness.odoo import CronWorker
from tests.live.harness.probe import probe_options
from tests.live.harness.processes import wait_until

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def company(admin, ttn):
    ttn.admin("POST", "/settings", {"verdict_delay": 0.2})
    return Company(admin, ttn)


@pytest.fixture
def traps(tmp_path):
    folder = tmp_path / "traps"
    folder.mkdir()
    return folder


@pytest.fixture
def worker(database, company, traps, start):
    """``worker()``: starts one more process that runs scheduled actions, with one document in hand at a time."""

    def start_worker():
        env = {"EDI_PROBE_FAIL": str(traps), "EDI_PROBE_AT_ONCE": "1", "EDI_PROBE_NICE": "off"}
        options = {**company.options(), **probe_options()}
        return start(CronWorker(database, options=options, env=env))

    return start_worker


def wait_woken(company, condition, what):
    def woken():
        databases.query(company.database, CALL_LANES)
        databases.wake_cron(company.database)
        return condition()

    wait_until(woken, what, 180, interval=0.5)


def waits_for_a_lock(company):
    return databases.query(
        company.database,
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )


def test_two_workers_stop_the_queue(company, worker, traps, ttn):
    """One worker stands still before it commits that the queue stops; another one finds the same meanwhile."""
    values = {
        "l10n_tn_edi_breaker_least": 1,
        "l10n_tn_edi_breaker_last": 1,
        "l10n_tn_edi_breaker_percent": 0,
    }
    company.admin.call("res.company", "write", [1], values)
    workers = [worker(), worker()]
    wait_for_states(company, company.post_invoices(1), "accepted")

    ttn.admin("POST", "/settings", {"verdict_delay": 3600})
    ttn.admin("POST", "/faults", {"kind": "reject"})
    moves = company.post_invoices(2)
    wait_for_states(company, moves, "submitted")
    wait_until(lambda: is_put_off(company), "nobody asks about them", 60)
    ttn.admin("POST", "/clock", {"advance": 4000})
    trap = traps / "result.commit.stop"
    trap.touch()
    make_due(company, moves[0])
    wait_woken(company, lambda: not trap.exists(), "one worker stands still")
    [caught] = traps.glob("result.commit.stop.*")
    make_due(company, moves[1])
    wait_woken(company, lambda: waits_for_a_lock(company), "the other worker waits for it")
    os.kill(int(caught.suffix[1:]), signal.SIGCONT)

    wait_for_states(company, moves, "rejected")
    assert all(one.running for one in workers)
    [[stopped, reason]] = databases.query(
        company.database, "SELECT stopped, stop_reason FROM l10n_tn_edi_account"
    )
    assert (stopped, reason) == (True, "rejections")
    [[told]] = databases.query(
        company.database, "SELECT count(*) FROM mail_activity WHERE res_model = 'l10n_tn_edi.account'"
    )
    assert told == 1
    [[kept]] = databases.query(
        company.database, "SELECT count(*) FROM l10n_tn_edi_exchange WHERE kept_until IS NOT NULL"
    )
    assert not kept, "both answers were recorded when they came"
    for one in workers:
        assert "Traceback" not in one.log(10_000)


def test_two_workers_make_the_account(company, worker):
    """The account's row, asked for by the first deposit, is made elsewhere at the same moment."""
    database = company.database
    databases.query(database, "DELETE FROM l10n_tn_edi_account")
    one = worker()
    with databases.connection(database) as link, link.cursor() as cursor:
        cursor.execute(
            "INSERT INTO l10n_tn_edi_account (company_id, mode, swept_at) VALUES (1, 'test', now() at time zone 'UTC')"
        )
        moves = company.post_invoices(1)
        wait_woken(company, lambda: waits_for_a_lock(company), "the worker waits for the account")
        link.commit()
    wait_for_states(company, moves, "accepted")
    assert databases.query(database, "SELECT count(*) FROM l10n_tn_edi_account") == [(1,)]
    assert "Traceback" not in one.log(10_000)


def make_due(company, move):
    databases.query(
        company.database,
        "UPDATE l10n_tn_edi_document SET next_at = now() at time zone 'UTC' WHERE move_id = %s",
        move,
    )


def wait_for_states(company, moves, state):
    wait_woken(company, lambda: set(company.states(moves)) == {state}, f"{len(moves)} documents are {state}")


def is_put_off(company):
    """Put the questions off; a question that is on its way would set its own time."""
    [[open_calls]] = databases.query(
        company.database, "SELECT count(*) FROM l10n_tn_edi_exchange WHERE finished_at IS NULL"
    )
    put_off = databases.query(
        company.database,
        "UPDATE l10n_tn_edi_document SET next_at = now() at time zone 'UTC' + interval '2 hours'"
        " WHERE live AND next_at < now() at time zone 'UTC' + interval '1 hour' RETURNING id",
    )
    return not open_calls and not put_off
