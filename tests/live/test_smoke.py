"""The processes of the live suite come up, and the addon is installed in them."""

import pytest

from tests.live.harness import database as databases
from tests.live.harness.odoo import CronWorker
from tests.live.harness.processes import wait_until
from tests.live.harness.rpc import RpcError, Session


def test_login_page_and_installed_addon(odoo_server, admin, browser):
    browser.open(f"{odoo_server.url}/web/login", ready="input[name=login]")

    modules = admin.call("ir.module.module", "search_read", [("name", "=", "l10n_tn_edi_ttn")], ["state"])
    assert [module["state"] for module in modules] == ["installed"]

    browser.log_in(admin)
    browser.open(f"{odoo_server.url}/odoo", ready=".o_main_navbar")
    assert not browser.errors


def test_wrong_password_is_refused(odoo_server):
    with pytest.raises(RpcError, match="AccessDenied"):
        Session(odoo_server.url, odoo_server.database, "admin", "wrong")


def test_cron_worker_runs_scheduled_actions(database, start):
    databases.query(database, "UPDATE ir_cron SET lastcall = NULL, nextcall = now() + interval '1 day'")
    due = databases.query(database, "SELECT id FROM ir_cron WHERE active ORDER BY id LIMIT 1")[0][0]
    databases.query(database, "UPDATE ir_cron SET nextcall = now() - interval '1 hour' WHERE id = %s", due)
    start(CronWorker(database))

    def has_run():
        databases.wake_cron(database)
        return databases.query(database, "SELECT lastcall FROM ir_cron WHERE id = %s", due)[0][0]

    wait_until(has_run, "the scheduled action that is due has run", timeout=60, interval=1)


def test_sandbox_comes_up_and_comes_back(ttn):
    endpoint = ttn.endpoint
    assert ttn.admin("GET", "/accounts") == {"accounts": []}
    ttn.kill()
    ttn.start()
    assert ttn.endpoint == endpoint
