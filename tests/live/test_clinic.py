"""The rejection clinic as a bookkeeper lives it: from TTN's refusal on the screen to the accepted invoice.

The two refusals are those that users of the service tell of most: a contact that is not complete, and a signer whose
certificate is not declared.
"""

import base64

import pytest

from tests.live.harness import database as databases
from tests.live.harness.company import Company
from tests.live.harness.odoo import CronWorker
from tests.live.harness.processes import wait_until
from tests.live.harness.visitor import MOST_CLICKS, Visitor

CONTACT = (
    "Document non valide ligne numéro : 2 colonne numéro: 9999 message: cvc-complex-type.2.4.a: Invalid content was found "
    "starting with element 'ContactName'. One of '{ContactIdentifier}' is expected."
)
MODAL = ".modal-dialog"


@pytest.fixture
def company(admin, ttn, database, start):
    ttn.admin("POST", "/settings", {"verdict_delay": 0.2})
    company = Company(admin, ttn)
    start(CronWorker(database, threads=2, options=company.options()))
    return company


def wait_state(company, move, state):
    def reached():
        databases.wake_cron(company.database)
        return company.states([move]) == [state]

    wait_until(reached, f"the document is {state}", 120, interval=0.5)


def sent_contents(company, move):
    """:return: list of bytes, the signed document of each deposit of the invoice; list of those that TTN gave back."""
    documents = company.admin.call(
        "l10n_tn_edi.document",
        "search_read",
        [("move_id", "=", move)],
        ["signed_id", "ttn_xml_id"],
        order="id",
        context={"active_test": False},
    )
    kept = [
        [document[name][0] for document in documents if document[name]]
        for name in ("signed_id", "ttn_xml_id")
    ]
    return [
        [
            base64.b64decode(row["datas"])
            for row in company.admin.call("ir.attachment", "read", ids, ["datas"])
        ]
        for ids in kept
    ]


def refused_signer(company, move):
    databases.wake_cron(company.database)
    return company.documents([move], "state", "reason_code") == [("signed", "ttn.signer_not_authorised")]


def test_from_refusal_to_acceptance(company, browser, ttn):
    refusal = {"kind": "refuse", "operation": "saveEfact", "times": 1}
    ttn.admin("POST", "/faults", {**refusal, "params": {"code": "SERV02", "message": CONTACT}})
    [move] = company.post_invoices(1)
    wait_state(company, move, "rejected")

    user = Visitor(browser, company.admin)
    user.open_dashboard()
    user.click(".o_kanban_record a", "TTN: to Correct")
    user.click(".o_data_row td.o_data_cell[name=name]")
    user.wait(".alert", "ContactName")
    [[number]] = company.documents([move], "number")
    user.click("button[name=action_l10n_tn_edi_open_correct]")
    user.click(f"{MODAL} button[name=action_mend]")
    browser.wait_for(".o_form_view .o_field_widget[name=phone].border-danger", 60)
    focused = "document.activeElement.closest('.o_field_widget')?.getAttribute('name')"
    assert browser.evaluate(focused) == "phone"
    user.type(".o_field_widget[name=phone] input", "71 123 456")
    user.click(".o_form_button_save")
    saved = "SELECT phone FROM res_partner WHERE id = %s AND phone LIKE '%%123%%'"
    wait_until(
        lambda: databases.query(company.database, saved, company.customer), "the telephone is saved", 60
    )
    user.back(number)
    user.click("button[name=action_l10n_tn_edi_open_correct]")
    user.click(f"{MODAL} footer button.btn-primary[name=action_apply]")
    wait_state(company, move, "accepted")
    user.wait(".alert", "Accepted by TTN")
    # The sandbox refused once only: what was mended has to stand in what it holds now.
    (refused, mended), [held] = sent_contents(company, move)
    [[phone]] = databases.query(company.database, saved, company.customer)  # as the screen has written it
    phone = f"<ComAdress>{phone}</ComAdress>".encode()
    assert phone not in refused
    assert phone in mended
    assert phone in held
    assert user.clicks < MOST_CLICKS, user.clicks
    assert not browser.errors


def test_signer_that_ttn_does_not_know(company, browser, ttn):
    ttn.admin("POST", f"/accounts/{company.login}", {"undeclare": [company.certificate["serial"]]})
    [move] = company.post_invoices(1)
    # Nothing is wrong with the document: it waits, signed, until the account is in order.
    wait_until(lambda: refused_signer(company, move), "the signer is refused", 120)

    user = Visitor(browser, company.admin)
    user.open_dashboard()
    user.click(".o_kanban_record a", "TTN: to Sign or Send")
    user.click(".o_data_row td.o_data_cell[name=name]")
    user.wait(".alert", "serial number is not declared")
    [[number]] = company.documents([move], "number")
    user.click(".alert a", "Open")
    browser.wait_for(".o_form_view .o_field_widget[name=certificate_id].border-danger", 60)
    # The certificate is right; it is at TTN that it has to be declared.
    ttn.admin("POST", f"/accounts/{company.login}", {"declare": [company.certificate["serial"]]})
    user.back(number)
    user.click("button[name=action_l10n_tn_edi_send_and_wait]")
    wait_state(company, move, "accepted")
    user.wait(".alert", company.documents([move], "reference")[0][0])
    assert user.clicks < MOST_CLICKS, user.clicks
    assert not browser.errors


def test_decided_from_the_banner(company, browser):
    """The wizard that the banner opens is made already: the buttons of its lines can be pressed."""
    [move] = company.post_invoices(1)
    wait_state(company, move, "accepted")
    databases.query(
        company.database,
        "UPDATE l10n_tn_edi_document SET state = 'to_decide', next_at = NULL WHERE move_id = %s",
        move,
    )
    user = Visitor(browser, company.admin)
    user.open(f"/odoo/customer-invoices/{move}", ".o_form_view")
    user.click(".alert a", "Decide")
    user.wait(f"{MODAL} .modal-title", "What became of this deposit?")
    made = "SELECT count(*) FROM l10n_tn_edi_decide JOIN l10n_tn_edi_document d ON d.id = document_id WHERE d.move_id = %s"
    assert databases.query(company.database, made, move) == [(1,)]
    assert not browser.errors
