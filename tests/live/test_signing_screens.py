"""Settings and signature as people do them: an administrator in the browser, then an accountant who signs and reads no secret.

The screens are French, as most users have them; what is looked for has names, not words.
"""

import base64
import re
import secrets

import pytest

from tests.live.harness import database as databases
from tests.live.harness.company import MATRICULE, Company
from tests.live.harness.odoo import CronWorker, HttpServer
from tests.live.harness.processes import wait_until
from tests.live.harness.rpc import RpcError, Session

GOOD = ".o_notification_bar.bg-success"
SETTINGS = "/odoo/action-account.action_account_config?debug=1"
PROVIDERS = "/odoo/action-l10n_tn_edi_ttn.l10n_tn_edi_signature_provider_action"
SECRET_FIELDS = {
    "l10n_tn_edi.signature.provider": (
        *(
            "pkcs12_file",
            "pkcs12_passphrase",
            "pkcs12_passphrase_encrypted",
            "digigo_secret",
            "digigo_secret_encrypted",
        ),
        *("seal_password", "seal_password_encrypted", "seal_client_file", "seal_client_passphrase"),
        *("seal_client_passphrase_encrypted", "agent_session_encrypted"),
    ),
    "res.company": (
        *("l10n_tn_edi_password", "l10n_tn_edi_password_encrypted", "l10n_tn_edi_production_binding"),
        *("l10n_tn_edi_test_url", "l10n_tn_edi_production_url"),
    ),
    "l10n_tn_edi.signing": ("return_digest", "token", "grant_encrypted"),
    "l10n_tn_edi.signing.line": ("unsigned", "prepared"),
    "l10n_tn_edi.document": ("signing_token",),
    "l10n_tn_edi.sign": ("pin_encrypted",),
}


@pytest.fixture
def server(database, ttn, start):
    """A web server that trusts the sandbox."""
    options = {"l10n_tn_edi_ca_file": ttn.info["ca_file"], "l10n_tn_edi_private_hosts": "127.0.0.1"}
    running = HttpServer(database, options=options)
    for key in ("report.url", "web.base.url"):
        databases.set_parameter(database, key, running.url)
    return start(running)


@pytest.fixture
def boss(server):
    """An administrator who reads French."""
    session = Session(server.url, server.database, "admin", "admin")
    session.call("res.users", "write", [session.uid], {"lang": "fr_FR"})
    return session


def accountant(boss, login="comptable"):
    """:return: a session of a new user who makes invoices and nothing more."""
    password = secrets.token_hex(8)
    group = boss.call("ir.model.data", "check_object_reference", "account", "group_account_invoice")[1]
    values = {
        "name": "Comptable",
        "login": login,
        "password": password,
        "group_ids": [(4, group)],
        "lang": "fr_FR",
    }
    boss.call("res.users", "create", [values])
    return Session(boss.url, boss.info["db"], login, password)


def good(browser):
    """Wait for a green notification, read it, and close it."""
    browser.wait_for(GOOD, timeout=60)
    browser.evaluate("document.querySelectorAll('.o_notification_close').forEach((button) => button.click())")
    wait_until(lambda: browser.text(GOOD) is None, "the notification is gone")


def save_settings(browser):
    """Save the settings; Odoo loads the page again."""
    browser.evaluate("window.before = true")
    browser.click(".o_control_panel .o_form_button_save")
    wait_until(lambda: not browser.evaluate("window.before"), "the settings are saved", timeout=60)
    browser.wait_for("[name=l10n_tn_edi_enabled] input", timeout=60)


def choose(browser, field, text):
    """Choose a record in a many2one field by a part of its name."""
    browser.fill(f"{field} input", text)
    browser.evaluate(
        f"document.querySelector({field + ' input'!r}).dispatchEvent(new Event('input', {{bubbles: true}}))"
    )
    browser.click(f"{field} .o-autocomplete--dropdown-item:first-child a")


def refused(session, model, *names):
    """Whether a user is refused the fields, whatever way he asks."""
    for name in names:
        ids = session.call(model, "search", []) or [1]
        for method, args, kwargs in (
            ("read", [ids, [name]], {}),
            ("web_read", [ids], {"specification": {name: {}}}),
            ("search_read", [[], [name]], {}),
            ("search", [[(name, "!=", False)]], {}),
            ("search", [[]], {"order": name}),
            ("formatted_read_group", [[], [name], ["__count"]], {}),
            ("export_data", [ids, [name]], {}),
        ):
            try:
                answer = session.call(model, method, *args, **kwargs)
            except RpcError:
                continue
            pytest.fail(f"{model}.{method} of {name} gave {answer}")
    return True


def test_an_administrator_sets_it_up_and_sees_green(server, boss, ttn, browser, tmp_path):
    ttn.admin("POST", "/accounts/live", {"password": "live-password", "matricule": MATRICULE})
    made = ttn.admin(
        "POST",
        "/certificates",
        {"subject": "LIVE SARL", "matricule": MATRICULE, "passphrase": "live-passphrase", "declare": "live"},
    )
    file = tmp_path / "signer.p12"
    file.write_bytes(base64.b64decode(made["pkcs12"]))
    partner = boss.call("res.company", "read", [1], ["partner_id"])[0]["partner_id"][0]
    boss.call(
        "res.partner", "write", [partner], {"vat": MATRICULE, "street": "1 rue de Marseille", "city": "Tunis"}
    )

    browser.log_in(boss)
    browser.open(server.url + SETTINGS, ready="[name=l10n_tn_edi_enabled] input")
    browser.click("[name=l10n_tn_edi_enabled] input")
    # A date is a button until it is clicked.
    browser.click("[name=l10n_tn_edi_go_live_date] button, [name=l10n_tn_edi_go_live_date] input")
    browser.fill("[name=l10n_tn_edi_go_live_date] input", "01/01/2026")
    browser.fill("[name=l10n_tn_edi_login] input", "live")
    browser.fill("[name=l10n_tn_edi_password] input", "live-password")
    browser.fill("[name=l10n_tn_edi_test_url] input", ttn.endpoint)
    save_settings(browser)
    browser.click("button[name=action_l10n_tn_edi_test_account]")
    good(browser)
    browser.screenshot(tmp_path / "1-account.png")

    browser.open(
        f"{server.url}/odoo/action-l10n_tn_edi_ttn.l10n_tn_edi_signature_provider_action/new",
        ready="[name=pkcs12_file]",
    )
    browser.fill("[name=name] input", "Cachet de la société")
    browser.upload("[name=pkcs12_file] input[type=file]", file)
    browser.fill("[name=pkcs12_passphrase] input", "live-passphrase")
    browser.click(".o_form_button_save")
    browser.wait_for("[name=certificate_id] a, [name=certificate_id] .o_form_uri, [name=certificate_id] span")
    browser.click("button[name=action_test]")
    good(browser)
    browser.click(".o_statusbar_status button[data-value=test]")
    wait_until(
        lambda: (
            databases.query(server.database, "SELECT state FROM l10n_tn_edi_signature_provider")
            == [("test",)]
        ),
        "the provider is in test",
    )
    browser.screenshot(tmp_path / "2-provider.png")

    browser.open(server.url + SETTINGS, ready="[name=l10n_tn_edi_provider_id] input")
    choose(browser, "[name=l10n_tn_edi_provider_id]", "Cachet")
    save_settings(browser)
    [(provider, login)] = databases.query(
        server.database, "SELECT l10n_tn_edi_provider_id, l10n_tn_edi_login FROM res_company WHERE id = 1"
    )
    assert provider and login == "live"

    browser.click("button[name=action_l10n_tn_edi_preflight]")
    browser.wait_for("[name=line_ids] .o_data_row")
    browser.screenshot(tmp_path / "3-can-i-send.png")
    rows = databases.query(server.database, "SELECT code, state FROM l10n_tn_edi_preflight_line")
    assert not [code for code, state in rows if state == "red"]
    assert ("preflight.account", "green") in rows
    assert ("provider.test_good", "green") in rows
    assert not browser.errors


def test_an_accountant_signs_a_batch_and_reads_no_secret(server, boss, ttn, browser, start, tmp_path):
    company = Company(boss, ttn)
    user = accountant(boss)
    mail, pin, client, secret = "titulaire@exemple.tn", "Pin-4711", "app", "client/secret-live"
    ttn.admin(
        "POST",
        "/remote",
        {"kind": "digigo", "name": mail, "pin": pin, "subject": "TITULAIRE", "declare": "live"},
    )
    ttn.admin("POST", "/remote/clients", {"client": client, "secret": secret})
    values = {
        "name": "DigiGo",
        "code": "digigo",
        "digigo_url": ttn.info["digigo"],
        "digigo_client": client,
        "digigo_secret": secret,
        "digigo_binding": "count",
        "signatory_ids": [(0, 0, {"user_id": user.uid, "credential": mail})],
        "state": "test",
    }
    provider = boss.call("l10n_tn_edi.signature.provider", "create", [values])[0]
    boss.call("res.company", "write", [1], {"l10n_tn_edi_provider_id": provider})
    moves = company.post_invoices(110)
    cron = start(CronWorker(server.database, options=company.options()))

    def woken(condition):
        databases.wake_cron(server.database)
        return condition()

    wait_until(
        lambda: woken(lambda: set(company.states(moves)) == {"to_sign"}), "all wait for the holder", 120
    )

    browser.trust_every_certificate()
    browser.log_in(user)
    browser.open(
        f"{server.url}/odoo/action-l10n_tn_edi_ttn.l10n_tn_edi_document_action",
        ready=".o_list_view .o_data_row",
    )
    browser.click(".o_list_view thead .o_list_record_selector input")
    browser.click(".o_list_select_domain, .o_select_domain")  # those of the other pages as well
    browser.screenshot(tmp_path / "1-selected.png")
    browser.click("button[name=action_sign]")
    browser.wait_for("#pin", timeout=60)
    handle = browser.evaluate("document.querySelector('[name=handle]').value")
    assert "110" in browser.text()
    otp = next(one["otp"] for one in ttn.admin("GET", "/remote")["outbox"] if one["handle"] == handle)
    browser.fill("#pin", pin)
    browser.fill("#otp", otp)
    ttn.admin("POST", "/settings", {"sign_latency": 4})
    browser.click("#sign")
    browser.wait_for(
        ".o_form_view [name=progress] [role=progressbar], .o_form_view [name=progress] .o_progress",
        timeout=90,
    )
    assert browser.text("[name=signed_count]") == "100"
    browser.screenshot(tmp_path / "2-under-way.png")
    wait_until(
        lambda: woken(lambda: browser.text("[name=signed_count]") == "110"),
        "the screen shows that all are signed",
        120,
    )
    browser.screenshot(tmp_path / "3-signed.png")
    assert not browser.errors
    wait_until(lambda: woken(lambda: set(company.states(moves)) == {"accepted"}), "all are accepted", 180)
    assert len({row["number"] for row in company.deposits()}) == 110 == len(company.deposits())
    signers = databases.query(
        server.database, "SELECT DISTINCT signer_id FROM l10n_tn_edi_document WHERE live"
    )
    assert signers == [(user.uid,)]

    for model, names in SECRET_FIELDS.items():
        assert refused(user, model, *names)
    files = databases.query(
        server.database, "SELECT id FROM ir_attachment WHERE res_field IN ('pkcs12_file', 'seal_client_file')"
    )
    assert files
    for (attachment,) in files:
        with pytest.raises(RpcError):
            user.call("ir.attachment", "read", [attachment], ["datas", "raw"])
        with pytest.raises(Exception, match="404|403"):
            user.get(f"/web/content/{attachment}")
    with pytest.raises(RpcError):
        user.call("l10n_tn_edi.signature.provider", "write", [provider], {"digigo_secret": "x"})
    with pytest.raises(RpcError):
        user.call("l10n_tn_edi.signature.provider", "action_test", [provider])
    for log in (server.log_path, cron.log_path):
        text = log.read_text(errors="replace")
        assert secret not in text
        assert not re.search(r"digigo/return\?(?!\*\*\*)", text)
