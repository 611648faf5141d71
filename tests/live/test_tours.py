"""Days at the screen, in a browser, with a server, a worker and El Fatoora's sandbox: what people see and how far they click."""

import base64
import json

import pytest

from tests.live.harness import database as databases
from tests.live.harness.company import MATRICULE, Company
from tests.live.harness.odoo import CronWorker, HttpServer
from tests.live.harness.processes import wait_until
from tests.live.harness.rpc import RpcError, Session
from tests.live.harness.visitor import MOST_CLICKS, Visitor

PASSWORD = "live-tour-password"


@pytest.fixture
def server(database, ttn, start):
    """A server that may call the sandbox, with a worker beside it."""
    ttn.admin("POST", "/settings", {"verdict_delay": 0.5})
    options = {"l10n_tn_edi_ca_file": ttn.info["ca_file"], "l10n_tn_edi_private_hosts": "127.0.0.1"}
    web = HttpServer(database, options=options)
    for key in ("report.url", "web.base.url"):
        databases.set_parameter(database, key, web.url)
    start(web)
    start(CronWorker(database, options=options))
    return web


def make_user(admin, login, *groups):
    """:return: a session of a new user in English, with the groups (external ids)."""
    references = [
        admin.call("ir.model.data", "search_read", [("module", "=", m), ("name", "=", n)], ["res_id"])[0][
            "res_id"
        ]
        for m, n in (group.split(".") for group in groups)
    ]
    admin.call(
        "res.users",
        "create",
        {
            "name": login,
            "login": login,
            "password": PASSWORD,
            "lang": "en_US",
            "group_ids": [(4, group) for group in references],
        },
    )
    return Session(admin.url, admin.info["db"], login, PASSWORD)


def wait_woken(database, condition, what, timeout=60):
    def woken():
        databases.wake_cron(database)
        return condition()

    wait_until(woken, what, timeout, interval=0.5)


def test_admin_from_installation_to_the_first_accepted_invoice(server, ttn, browser):
    """Through the checklist alone; what TTN gives (account, certificate) is there, nothing else is set up."""
    ttn.admin("POST", "/accounts/tour", {"password": "tour-password", "matricule": MATRICULE})
    certificate = ttn.admin(
        "POST",
        "/certificates",
        {"subject": "Tour", "matricule": MATRICULE, "passphrase": "tour-passphrase", "declare": "tour"},
    )
    admin = Session(server.url, server.database, "admin", "admin")
    # The real platform's address is the default; the sandbox takes its place.
    admin.call("res.company", "write", [1], {"l10n_tn_edi_test_url": ttn.endpoint})
    databases.query(
        server.database,
        "INSERT INTO l10n_tn_edi_account (company_id, mode, swept_at) VALUES (1, 'test', now() at time zone 'UTC')",
    )
    user = Visitor(browser, admin)
    user.open_dashboard()
    user.click("a[name=action_l10n_tn_edi_onboarding]")

    user.type("div[name=vat] input", MATRICULE)
    user.type("div[name=company_registry] input", "B0123452020")
    user.type("div[name=street] input", "1 rue de Marseille")
    user.type("div[name=zip] input", "1000")
    user.type("div[name=city] input", "Tunis")
    user.click("button[name=action_journal]")
    user.wait("button[name=action_account]")
    assert not user.sees("button[name=action_journal]")
    user.type("div[name=login] input", "tour")
    user.type("div[name=password] input", "tour-password")
    user.click("button[name=action_account]")
    user.wait("p.text-success", "tour")

    user.click("button[name=action_certificate]")
    user.wait(".modal div[name=pkcs12_file]")
    user.upload(
        ".modal div[name=pkcs12_file] input[type=file]", "seal.p12", base64.b64decode(certificate["pkcs12"])
    )
    user.type(".modal div[name=pkcs12_passphrase] input", "tour-passphrase")
    user.click(".modal .o_form_button_save")
    user.wait("button[name=action_certificate]", "Test the Signature")
    user.click("button[name=action_certificate]")
    user.click("button[name=action_declared]")
    user.click("button[name=action_test_invoice]")

    def accepted():
        rows = admin.call("l10n_tn_edi.document", "search_read", [], ["state", "reason"])
        return [row["state"] for row in rows] == ["accepted"]

    wait_woken(server.database, accepted, "TTN has accepted the test invoice")
    user.click("button[name=action_refresh]")
    user.wait("p.text-success", "TTN accepted")
    assert user.sees("button[name=action_production]")
    assert user.clicks < MOST_CLICKS, user.clicks
    assert not browser.errors


def test_accountant_posts_sees_waiting_then_accepted_prints_and_credits(server, ttn, browser):
    admin = Session(server.url, server.database, "admin", "admin")
    company = Company(admin, ttn)
    [draft] = company.draft_invoices(1)
    session = make_user(admin, "tour_accountant", "account.group_account_invoice")
    # It goes when the delay is over: time to see it wait
    ttn.admin("POST", "/settings", {"verdict_delay": 3})
    user = Visitor(browser, session)
    user.open_dashboard()
    user.click(".o_kanban_record a", "To Validate")
    user.click(".o_data_row td.o_data_cell[name=name], .o_data_row td.o_data_cell")
    user.click("button[name=action_post]")
    user.wait(".alert", "TTN")
    assert not user.sees(".alert", "Accepted by TTN")
    wait_woken(
        server.database,
        lambda: company.states([draft]) == ["accepted"],
        "TTN has accepted the invoice",
    )
    user.wait(".alert", "Accepted by TTN")  # nobody reloaded the page

    reference = company.documents([draft], "reference")[0][0]
    assert user.sees(".alert", reference)
    pdf = user.download("button[name=action_print_pdf]").read_bytes()
    assert pdf.startswith(b"%PDF-1.7")
    assert b"/EmbeddedFile" in pdf

    user.click("button[name=action_reverse]")
    user.click(".modal button[name=refund_moves]")
    user.wait("button[name=action_post]")
    user.click("button[name=action_post]")
    user.wait(".alert", "TTN")
    wait_woken(
        server.database,
        lambda: (
            databases.query(
                server.database, "SELECT count(*) FROM l10n_tn_edi_document WHERE state = 'accepted'"
            )
            == [(2,)]
        ),
        "TTN has accepted the credit note",
    )
    user.wait(".alert", "Accepted by TTN")
    assert user.clicks < MOST_CLICKS, user.clicks
    assert not browser.errors


def test_reader_sees_and_cannot_act(server, ttn, browser):
    admin = Session(server.url, server.database, "admin", "admin")
    company = Company(admin, ttn)
    [accepted, held] = company.post_invoices(2)
    admin.call("account.move", "action_l10n_tn_edi_hold", [held])
    wait_woken(server.database, lambda: "accepted" in company.states([accepted]), "one is accepted")
    session = make_user(admin, "tour_reader", "account.group_account_readonly")
    user = Visitor(browser, session)
    user.open_dashboard()
    user.choose("l10n_tn_edi_ttn.menu_root", "l10n_tn_edi_ttn.menu_documents")
    reference = company.documents([accepted], "reference")[0][0]
    user.wait(".o_list_view .o_data_row", reference)
    user.click(".o_data_row td[name=number]", company.documents([held], "number")[0][0])
    user.click("button[name=action_open_move]")
    user.wait(".alert", "On hold")
    for name in ("action_l10n_tn_edi_send", "action_l10n_tn_edi_correct", "action_l10n_tn_edi_hold"):
        assert not user.sees(f"button[name={name}]"), name
    assert not user.sees(".alert a, .alert button", "Send now")
    for method in ("action_l10n_tn_edi_send", "action_l10n_tn_edi_hold", "action_l10n_tn_edi_ask"):
        with pytest.raises(RpcError):
            session.call("account.move", method, [held])
    with pytest.raises(RpcError):
        session.call("l10n_tn_edi.onboarding", "action_open")
    assert company.states([held]) == ["to_send"]
    assert json.dumps(company.deposits()).count('"saveEfact"') == 1
    assert user.clicks < MOST_CLICKS, user.clicks
    assert not browser.errors
