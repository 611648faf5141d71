"""The rejection clinic as a bookkeeper lives it: from TTN's refusal on the screen to the accepted invoice.

The two refusals are those that users of the service tell of most: a contact that is not complete, and a signer whose
certificate is not declared.
"""

import json

import pytest

from tests.live.harness import database as databases
from tests.live.harness.company import Company
from tests.live.harness.odoo import CronWorker
from tests.live.harness.processes import wait_until

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


def shown(browser, selector, text):
    """Wait until an element shows a text."""
    script = f"[...document.querySelectorAll({json.dumps(selector)})].some(e => e.innerText.includes({json.dumps(text)}))"
    wait_until(lambda: browser.evaluate(script), f"{selector} shows {text}", 60, interval=0.3)


def open_invoice(browser, company, move):
    browser.open(
        f"{company.admin.url}/odoo/customer-invoices/{move}", ".o_form_view .o_field_widget[name=partner_id]"
    )


def open_what_to_mend(browser, model_field):
    """Go by the invoice's button and the wizard's link to the record to mend.

    :param str model_field: the field that the form must show.
    """
    browser.click("button[name=action_l10n_tn_edi_open_correct]", 60)
    browser.click(f"{MODAL} button[name=action_mend]", 60)
    browser.wait_for(f".o_form_view .o_field_widget[name={model_field}].border-danger", 60)


def deposit_again(browser, company, move):
    open_invoice(browser, company, move)
    browser.click("button[name=action_l10n_tn_edi_open_correct]", 60)
    browser.click(f"{MODAL} footer button.btn-primary[name=action_apply]", 60)
    wait_until(
        lambda: not browser.evaluate(f"!!document.querySelector('{MODAL}')"), "the wizard is closed", 60
    )


def refused_signer(company, move):
    databases.wake_cron(company.database)
    return company.documents([move], "state", "reason_code") == [("signed", "ttn.signer_not_authorised")]


def type_into(browser, field, value):
    browser.evaluate(
        f"(() => {{ const input = document.querySelector('.o_field_widget[name={field}] input');"
        f" input.value = {json.dumps(value)};"
        " input.dispatchEvent(new Event('input', {bubbles: true}));"
        " input.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )
    browser.click(".o_form_button_save", 60)


def test_from_refusal_to_acceptance(company, browser, ttn):
    browser.log_in(company.admin)
    refusal = {"kind": "refuse", "operation": "saveEfact", "times": 1}
    ttn.admin("POST", "/faults", {**refusal, "params": {"code": "SERV02", "message": CONTACT}})
    [move] = company.post_invoices(1)
    wait_state(company, move, "rejected")

    open_invoice(browser, company, move)
    shown(browser, ".alert", "ContactName")
    open_what_to_mend(browser, "phone")
    focused = "document.activeElement.closest('.o_field_widget')?.getAttribute('name')"
    assert browser.evaluate(focused) == "phone"
    type_into(browser, "phone", "71 123 456")
    saved = "SELECT phone FROM res_partner WHERE id = %s AND phone LIKE '%%123%%'"
    wait_until(
        lambda: databases.query(company.database, saved, company.customer), "the telephone is saved", 60
    )
    deposit_again(browser, company, move)
    wait_state(company, move, "accepted")

    ttn.admin("POST", f"/accounts/{company.login}", {"undeclare": [company.certificate["serial"]]})
    [move] = company.post_invoices(1)
    # Nothing is wrong with the document: it waits, signed, until the account is in order.
    wait_until(lambda: refused_signer(company, move), "the signer is refused", 120)
    open_invoice(browser, company, move)
    shown(browser, ".alert", "serial number is not declared")
    link = "[...document.querySelectorAll('.alert a')].find((one) => one.innerText.includes('Open'))"
    wait_until(lambda: browser.evaluate(f"!!{link}"), "the banner leads to the certificate", 60)
    browser.evaluate(f"{link}.click()")
    browser.wait_for(".o_form_view .o_field_widget[name=certificate_id].border-danger", 60)
    # The certificate is right; it is at TTN that it has to be declared.
    ttn.admin("POST", f"/accounts/{company.login}", {"declare": [company.certificate["serial"]]})
    open_invoice(browser, company, move)
    browser.click("button[name=action_l10n_tn_edi_send_and_wait]", 60)
    wait_state(company, move, "accepted")
    open_invoice(browser, company, move)
    shown(browser, ".alert", company.documents([move], "reference")[0][0])
    assert not browser.errors
