"""What is on the screen follows TTN: nobody reloads by hand. Real server with its websocket, real worker, Chromium."""

import time

import pytest

from tests.live.harness import database as databases
from tests.live.harness.company import Company
from tests.live.harness.odoo import CronWorker
from tests.live.harness.processes import wait_until

STATUS = ".oe_stat_button[name=action_l10n_tn_edi_open_documents]"


@pytest.fixture
def company(admin, ttn):
    ttn.admin("POST", "/settings", {"verdict_delay": 3})
    return Company(admin, ttn)


def shown(browser, selector, text):
    """Wait until an element shows a text; the page is not loaded again (it would lose its mark)."""
    wait_until(lambda: text in (browser.text(selector) or ""), f"{selector} shows {text}", timeout=90)


def mark(browser):
    browser.evaluate("window.theSamePage = true")


def test_accountant_sees_waiting_then_accepted(company, odoo_server, admin, browser, database, start):
    [move] = company.post_invoices(1)
    browser.log_in(admin)
    browser.open(f"{odoo_server.url}/odoo/customer-invoices/{move}", ready=".o_form_view .oe_stat_button")
    mark(browser)
    shown(browser, STATUS, "To Send")

    start(CronWorker(database, options=company.options()))
    databases.wake_cron(database)
    shown(browser, STATUS, "Received by TTN")
    shown(browser, STATUS, "Accepted")
    [(reference,)] = company.documents([move], "reference")
    shown(browser, ".o_form_view", reference)
    assert browser.evaluate("window.theSamePage")
    assert not browser.errors


def test_list_follows_and_waits_for_the_end_of_a_selection(
    company, odoo_server, admin, browser, database, start
):
    moves = company.post_invoices(6)
    browser.log_in(admin)
    browser.open(f"{odoo_server.url}/odoo/customer-invoices", ready=".o_list_view .o_data_row")
    mark(browser)
    browser.click(".o_data_row .o_list_record_selector input")
    browser.wait_for(".o_data_row_selected")
    start(CronWorker(database, options=company.options()))
    databases.wake_cron(database)
    wait_until(lambda: set(company.states(moves)) == {"accepted"}, "all are accepted", timeout=90)
    time.sleep(3)
    assert "Accepted" not in browser.text(".o_list_view"), "the list was read anew under a selection"

    browser.click(".o_data_row_selected .o_list_record_selector input")
    wait_until(
        lambda: browser.text(".o_list_view").count("Accepted") == 6, "the list shows six accepted", timeout=15
    )
    assert browser.evaluate("window.theSamePage")
    assert not browser.errors
