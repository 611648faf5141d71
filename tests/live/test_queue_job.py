"""The glue to OCA's job queue: jobs take invoices from posting to acceptance, no scheduled action runs."""

import configparser

import pytest

from tests.live.harness import database as databases
from tests.live.harness.company import Company
from tests.live.harness.odoo import HttpServer
from tests.live.harness.processes import ENV_DIR, SCRIPTS, HarnessError, run, wait_until
from tests.live.harness.rpc import Session

OCA = ENV_DIR / "oca"
ADDON = "l10n_tn_edi_ttn_queue_job"


@pytest.fixture
def addons_path(monkeypatch):
    """The addons folders with OCA's; its Python packages are found by every process that is started here."""
    if not (OCA / "odoo" / "addons" / "queue_job").is_dir():
        raise HarnessError("OCA's queue_job is missing: run make setup")
    monkeypatch.setenv("PYTHONPATH", str(OCA))
    parser = configparser.RawConfigParser()
    parser.read(ENV_DIR / "odoo.conf")
    return f"{parser['options']['addons_path']},{OCA / 'odoo' / 'addons'}"


@pytest.fixture
def company(database, addons_path, ttn, start):
    ttn.admin("POST", "/settings", {"verdict_delay": 0.2})
    command = ["server", "-d", database, "-i", ADDON, "--stop-after-init", "--addons-path", addons_path]
    run([SCRIPTS / "odoo", *command], timeout=300)
    server = start(
        HttpServer(
            database,
            options={
                "addons_path": addons_path,
                "server_wide_modules": "base,web,queue_job",
                "l10n_tn_edi_ca_file": ttn.info["ca_file"],
                "l10n_tn_edi_private_hosts": "127.0.0.1",
            },
        )
    )
    return Company(Session(server.url, database, "admin", "admin"), ttn)


def wait_for(company, moves, states):
    wait_until(
        lambda: set(company.states(moves)) <= set(states), f"documents are {states}", 120, interval=0.5
    )


def jobs(company, *states):
    return databases.query(
        company.database,
        "SELECT name, exc_info FROM queue_job WHERE channel = 'root.el_fatoora' AND state = ANY(%s)",
        list(states),
    )


def test_jobs_take_invoices_to_acceptance(company):
    moves = company.post_invoices(3)
    wait_for(company, moves, ["accepted"])
    assert len(company.deposits()) == 3, "each once"
    assert not jobs(company, "failed"), jobs(company, "failed")
    assert jobs(company, "done")

    # A lost answer is asked about by a job as well, never deposited again unasked.
    company.ttn.admin("POST", "/faults", {"kind": "reset_after", "operation": "saveEfact", "times": 1})
    moves = company.post_invoices(1)
    wait_for(company, moves, ["accepted"])
    assert len(company.deposits()) == 4
    assert not jobs(company, "failed"), jobs(company, "failed")
