"""Installing beside others, bringing up to date, removing: on databases that were in use before."""

import os
import uuid

import pytest

from tests.live.harness import database as databases
from tests.live.harness.company import Company
from tests.live.harness.odoo import CronWorker, HttpServer
from tests.live.harness.processes import wait_until
from tests.live.harness.rpc import Session

ADDON = databases.ADDON
NEIGHBOURS = "account_edi_ubl_cii,sale,point_of_sale"
# What a company elsewhere has; compared row by row.
TABLES = ("account_move", "account_move_line", "account_tax", "account_journal", "account_fiscal_position")


@pytest.fixture
def bare():
    """Name of a copy of the template: a Tunisian company without the addon."""
    name = f"live_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    databases.clone(databases.TEMPLATE, name)
    yield name
    databases.drop(name)


def served(database):
    """:return: (server, session of the administrator); to be stopped by the caller."""
    server = HttpServer(database).start()
    return server, Session(server.url, database, "admin", "admin", timeout=300)


def rows(database, table, company):
    """:return: the rows of a company as dicts without the addon's columns, by id."""
    found = databases.query(
        database, f"SELECT to_jsonb(row) FROM {table} row WHERE company_id = %s ORDER BY id", company
    )
    return {
        row["id"]: {key: value for key, value in row.items() if not key.startswith("l10n_tn_edi_")}
        for (row,) in found
    }


def make_company_elsewhere(admin):
    """A French company with a posted invoice and a credit note. Gives its id."""
    france = admin.call("res.country", "search", [("code", "=", "FR")])[0]
    [company] = admin.call("res.company", "create", [{"name": "Société de Lyon", "country_id": france}])
    admin.call("res.users", "write", [admin.uid], {"company_ids": [(4, company)]})
    context = {"allowed_company_ids": [company]}
    admin.call("account.chart.template", "try_loading", [], "generic_coa", company, context=context)
    [partner] = admin.call("res.partner", "create", [{"name": "Client", "country_id": france}])
    moves = admin.call(
        "account.move",
        "create",
        [
            {
                "move_type": kind,
                "partner_id": partner,
                "invoice_date": "2026-01-15",
                "company_id": company,
                "invoice_line_ids": [(0, 0, {"name": "Service", "price_unit": 100})],
            }
            for kind in ("out_invoice", "out_refund")
        ],
        context=context,
    )
    admin.call("account.move", "action_post", moves, context=context)
    return company


@pytest.mark.timeout(900)  # four large modules are installed
def test_beside_others_and_a_company_elsewhere_stays_as_it_is(bare):
    databases.install(bare, NEIGHBOURS, timeout=600)
    server, admin = served(bare)
    try:
        company = make_company_elsewhere(admin)
    finally:
        server.stop()
    before = {table: rows(bare, table, company) for table in TABLES}

    log = databases.install(bare, ADDON)

    assert " WARNING " not in "\n".join(
        line
        for line in log.splitlines()
        if "l10n_tn_edi" in line and "unknown option" not in line and "same label" not in line
    )
    for table in TABLES:
        assert before[table], table
        assert rows(bare, table, company) == before[table], table
    assert not databases.query(
        bare,
        "SELECT id FROM account_move WHERE company_id = %s AND (l10n_tn_edi_type_code IS NOT NULL"
        " OR l10n_tn_edi_document_id IS NOT NULL)",
        company,
    )
    server, admin = served(bare)
    try:
        context = {"allowed_company_ids": [company]}
        [move] = admin.call(
            "account.move",
            "create",
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": admin.call("res.partner", "search", [("name", "=", "Client")])[0],
                    "invoice_line_ids": [(0, 0, {"name": "Service", "price_unit": 100})],
                }
            ],
            context=context,
        )
        admin.call("account.move", "action_post", [move], context=context)
        arch = admin.call("account.move", "get_view", False, "list", context=context)["arch"]
        assert "l10n_tn_edi" not in arch
        assert not databases.query(bare, "SELECT id FROM l10n_tn_edi_document")
        for model in ("sale.order", "pos.config", "account.move"):
            admin.call(model, "get_views", [[False, "list"], [False, "form"]])
    finally:
        server.stop()


def test_brought_up_to_date_with_data(database, company, start):
    moves = company.post_invoices(3)
    worker = start(CronWorker(database, options=company.options()))
    databases.wake_cron(database)
    wait_until(lambda: set(company.states(moves)) == {"accepted"}, "all are accepted", timeout=120)
    worker.stop()
    waiting = company.post_invoices(1)
    for process in company.processes:
        process.stop()
    columns = "move_id, state, reference, deposit_id, sha256, signature_value, mode, hold"
    kept = databases.query(database, f"SELECT {columns} FROM l10n_tn_edi_document ORDER BY id")
    exchanges = databases.query(database, "SELECT count(*) FROM l10n_tn_edi_exchange")
    databases.query(
        database,
        "UPDATE ir_cron SET interval_number = 7 WHERE id IN (SELECT res_id FROM ir_model_data"
        " WHERE module = %s AND name = 'ir_cron_alert')",
        ADDON,
    )
    databases.query(
        database, "UPDATE ir_module_module SET latest_version = '19.0.0.9.0' WHERE name = %s", ADDON
    )

    databases.install(database, ADDON, option="-u")

    assert databases.query(database, f"SELECT {columns} FROM l10n_tn_edi_document ORDER BY id") == kept
    assert databases.query(database, "SELECT count(*) FROM l10n_tn_edi_exchange") == exchanges
    [[interval]] = databases.query(
        database,
        "SELECT interval_number FROM ir_cron WHERE id IN (SELECT res_id FROM ir_model_data WHERE module = %s"
        " AND name = 'ir_cron_alert')",
        ADDON,
    )
    assert interval == 7, "what an administrator chose is kept"
    start(CronWorker(database, options=company.options()))

    def accepted():
        databases.wake_cron(database)
        return company.states(waiting) == ["accepted"]

    wait_until(accepted, "what waited goes on", timeout=120, interval=1)


def test_removed_without_a_trace(database, company):
    [move] = company.post_invoices(1)
    databases.query(
        database,
        "UPDATE res_partner SET invoice_edi_format_store = '\"tn_teif\"' WHERE id = %s",
        company.customer,
    )
    module = company.find("ir.module.module", [("name", "=", ADDON)])
    company.admin.call("ir.module.module", "button_immediate_uninstall", [module], context={})

    for sql in (
        "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'l10n_tn_edi%%'",
        "SELECT table_name, column_name FROM information_schema.columns WHERE column_name LIKE 'l10n_tn_edi%%'",
        "SELECT model, name FROM ir_model_fields WHERE name LIKE 'l10n_tn_edi%%'",
        "SELECT model FROM ir_model WHERE model LIKE 'l10n_tn_edi%%'",
        "SELECT cron_name FROM ir_cron WHERE cron_name LIKE 'El Fatoora%%'",
        "SELECT module, name FROM ir_model_data WHERE module = 'l10n_tn_edi_ttn'",
    ):
        assert databases.query(database, sql) == [], sql
    # The invoice and the work with invoices go on.
    [invoice] = company.admin.call("account.move", "read", [move], ["state", "amount_total", "payment_state"])
    assert invoice["state"] == "posted"
    assert company.admin.call("account.move", "button_draft", [move]) is not False
    company.admin.call("account.move", "action_post", [move])
    company.admin.call("account.move", "get_views", [[False, "list"], [False, "form"], [False, "search"]])


@pytest.fixture
def company(odoo_server, admin, ttn):
    made = Company(admin, ttn)
    made.processes = [odoo_server]
    return made
