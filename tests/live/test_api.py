"""The API on a server of several processes: calls at the same time, calls that nobody expects, and a first visitor."""

import concurrent.futures
import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.live.harness import api
from tests.live.harness import database as databases
from tests.live.harness.company import Company
from tests.live.harness.odoo import HttpServer
from tests.live.harness.processes import ENV_DIR
from tests.live.harness.rpc import Session
from tests.live.harness.visitor import Visitor

BASE = "/l10n_tn_edi/api/v1"
CALLERS = 6
# Of each operation, beside those that cover its parameters one by one
EXAMPLES = 12
SEED = 20261
# Seconds that schemathesis may spend; its own start and end come on top
BUDGET = 60
MOST_SECONDS = 240


@pytest.fixture
def server(database, start):
    """A server with processes of its own for requests, as production has them."""
    web = HttpServer(database, options={"workers": 3})
    for key in ("report.url", "web.base.url"):
        databases.set_parameter(database, key, web.url)
    return start(web)


@pytest.fixture
def company(server, ttn):
    """A company with the API switched on."""
    admin = Session(server.url, server.database, "admin", "admin")
    company = Company(admin, ttn)
    api.switch_on(admin)
    return company


@pytest.fixture
def key(company):
    """A key, made as an administrator makes it."""
    return api.make_key(company.admin)


def call(server, key, method, path, body=None, **headers):
    """:return: ``(status, JSON, headers)``."""
    request = urllib.request.Request(
        f"{server.url}{BASE}{path}",
        json.dumps(body).encode() if body is not None else None,
        {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), error.headers


def at_once(work):
    """:return: what ``work()`` gave each of several callers that began together."""
    with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
        return [future.result() for future in [pool.submit(work) for _number in range(CALLERS)]]


def invoices(company):
    return databases.query(
        company.database, "SELECT id FROM account_move WHERE move_type = 'out_invoice' AND state = 'posted'"
    )


def test_same_idempotency_key_at_once_gives_one_invoice(server, company, key):
    def post():
        return call(server, key, "POST", "/invoices", api.invoice("A-1"), Idempotency_Key="once")

    answers = at_once(post)
    assert {status for status, _value, _headers in answers} <= {201, 409}, answers
    assert {value["code"] for status, value, _headers in answers if status == 409} <= {
        "api.idempotency_running"
    }
    made = [value for status, value, _headers in answers if status == 201]
    assert made and all(value == made[0] for value in made)
    assert len(invoices(company)) == 1
    status, value, headers = post()
    assert (status, value, headers["Idempotency-Replayed"]) == (201, made[0], "true")


def test_same_external_id_at_once_gives_one_invoice(server, company, key):
    answers = at_once(lambda: call(server, key, "POST", "/invoices", api.invoice("A-1")))
    assert sorted(status for status, _value, _headers in answers) == [201] + [409] * (CALLERS - 1), answers
    assert {value["code"] for status, value, _headers in answers if status == 409} == {
        "api.external_id_taken"
    }
    assert len(invoices(company)) == 1


@pytest.mark.timeout(600)  # beside the budget: a server and, when it is the first test, a database
def test_answers_are_as_the_document_says(server, company, key, tmp_path):
    """schemathesis reads the served document, then calls everything with good and bad values."""
    for number in range(3):
        assert call(server, key, "POST", "/invoices", api.invoice(f"A-{number}"))[0] == 201
    config = tmp_path / "schemathesis.toml"
    config.write_text(
        """
        [[operations]]
        include-operation-id = "createInvoice"
        parameters = { "query.wait" = 0 }

        [[operations]]
        include-operation-id = "sendInvoice"
        parameters = { "query.wait" = 0 }

        # A bad item is a result of its own in a good answer
        [[operations]]
        include-operation-id = "createInvoices"
        [operations.checks.negative_data_rejection]
        enabled = false
        """
    )
    program = Path(sys.executable).with_name("schemathesis")
    assert program.exists(), shutil.which("schemathesis")
    command = [program, "--config-file", config, "run", f"{server.url}{BASE}/openapi.json"]
    command += ["--header", f"Authorization: Bearer {key}", "--header", "Accept-Language: en"]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", SEED]
    command += ["--max-time", BUDGET]
    # A good form may name a customer or a unit that the company does not have
    command += ["--exclude-checks", "positive_data_acceptance", "--no-shrink"]
    command += ["--suppress-health-check", "all", "--request-timeout", "60"]
    done = subprocess.run(
        [str(part) for part in command], cwd=tmp_path, capture_output=True, text=True, timeout=MOST_SECONDS
    )
    (ENV_DIR / "logs" / "schemathesis.log").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    # A busy machine gets through fewer of them in the time
    assert re.search(r"([1-9]\d+) generated, \1 passed", done.stdout), done.stdout[-2000:]


def test_first_visitor_makes_a_key_and_calls_from_the_page(server, company, browser):
    visitor = Visitor(browser, company.admin)
    visitor.open("/odoo/settings#account", "#l10n_tn_edi_api")
    visitor.click("button[name=action_l10n_tn_edi_api_key]")
    visitor.type(".modal [name=name] input", "Tour")
    visitor.click(".modal button[name=make_key]")
    visitor.type(".modal [name=password] input", "admin")
    visitor.click(".modal button[name=run_check]")
    visitor.wait(".modal [name=key]")
    shown = browser.text(".modal code [name=key]").split()[0]
    assert len(shown) == 40
    assert not databases.query(
        company.database, "SELECT 1 FROM res_users_apikeys WHERE key = %s OR scope IS NULL", shown
    )

    visitor.open(f"{BASE}/docs", "body[data-ready]")
    browser.screenshot(ENV_DIR / "logs" / "screenshots" / "api_docs.png")
    browser.evaluate("document.querySelector('#createInvoice').open = true")
    visitor.type("#createInvoice textarea", json.dumps(api.invoice("TOUR-1")))
    visitor.click("#createInvoice button")
    visitor.wait("#createInvoice .status", "401")
    visitor.type("#key", shown)
    visitor.click("#createInvoice button")
    visitor.wait("#createInvoice .status", "201")
    browser.evaluate("document.querySelector('#getInvoice').open = true")
    visitor.type("#getInvoice [data-name=invoice]", "TOUR-1")
    visitor.click("#getInvoice button")
    visitor.wait("#getInvoice pre", '"external_id": "TOUR-1"')
    browser.screenshot(ENV_DIR / "logs" / "screenshots" / "api_docs_called.png")
    assert len(invoices(company)) == 1
    request = urllib.request.Request(
        f"{server.url}{BASE}/invoices/TOUR-1/pdf", headers={"Authorization": f"Bearer {shown}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.read(5) == b"%PDF-"
    assert not [error for error in browser.errors if "401" not in error]
