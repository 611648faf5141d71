"""Three typical companies, as data (scenarios.json) and as what their people and systems do, through public interfaces only.

Each function sets its company up as an administrator would and then works as its users do. It gives the invoices; whoever
calls waits for TTN's verdicts and shows them.
"""

import base64
import io
import json
import secrets
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import results
import soft_token
from openpyxl import load_workbook

DATA = json.loads(Path(__file__).with_name("scenarios.json").read_text(encoding="utf-8"))
ACCOUNTANT = "comptable"


class ScenarioError(Exception):
    """A step did not give what it should; the message says which."""


@dataclass
class Place:
    """Where a scenario is played.

    :param str url: Odoo's address.
    :param log_in: callable ``(login, password)`` that gives a user: callable ``(model, method, *args, **kwargs)``.
    :param download: callable ``(user, path)`` that gives the bytes of a page.
    :param ttn: callable ``(method, path, values)``, the sandbox's administration.
    :param dict info: what the sandbox says of itself.
    :param Path folder: of this scenario's own files; it exists.
    :param start_agent: callable ``(command, environment)`` that starts the signing agent.
    """

    url: str
    log_in: Callable
    download: Callable
    ttn: Callable
    info: dict
    folder: Path
    start_agent: Callable


def play(name, place):
    """Play a scenario.

    :param str name: small, medium or large.
    :return: (the accountant, dict of what an invoice shows to its id).
    :raise ScenarioError: when a step did not give what it should.
    """
    # Played again, the numbers are those of before: the account at TTN is another one.
    data = {**DATA[name], "login": f"{DATA[name]['login']}_{secrets.token_hex(3)}"}
    admin = place.log_in("admin", "admin")
    company = _set_up_company(admin, place, data)
    return {"small": _small, "medium": _medium, "large": _large}[name](admin, place, data, company)


# --- What an administrator sets up -------------------------------------------------------------------------------------


def _set_up_company(admin, place, data):
    """The account at TTN and the company; gives the company's id."""
    password = secrets.token_urlsafe(12)
    place.ttn(
        "POST", f"/accounts/{data['login']}", {"password": password, "matricule": data["company"]["vat"]}
    )
    [company] = admin("res.company", "search", [], limit=1)
    [values] = admin("res.company", "read", [company], ["partner_id"])
    admin("res.company", "write", [company], {"name": data["company"]["name"]})
    admin(
        "res.partner",
        "write",
        [values["partner_id"][0]],
        {**data["company"], "country_id": _one(admin, "res.country", [("code", "=", "TN")])},
    )
    admin(
        "res.company",
        "write",
        [company],
        {
            "l10n_tn_edi_enabled": True,
            "l10n_tn_edi_go_live_date": "2020-01-01",
            "l10n_tn_edi_test_url": place.info["endpoint"],
            "l10n_tn_edi_login": data["login"],
            "l10n_tn_edi_password": password,
            "l10n_tn_edi_delay_minutes": 0,
        },
    )
    admin("account.journal", "write", [_journal(admin)], {"l10n_tn_edi_enabled": True})
    return company


def _journal(user):
    return _one(user, "account.journal", [("type", "=", "sale")])


def _one(user, model, domain):
    found = user(model, "search", domain, limit=1)
    if not found:
        raise ScenarioError(f"no {model} with {domain}")
    return found[0]


def _accountant(admin, place):
    """A user who makes invoices; gives (its id, the user logged in)."""
    groups = [
        admin("ir.model.data", "check_object_reference", module, name)[1]
        for module, name in (("account", "group_account_invoice"), ("base", "group_partner_manager"))
    ]
    password = secrets.token_urlsafe(12)
    values = {
        "name": "Comptable",
        "login": ACCOUNTANT,
        "password": password,
        "lang": "fr_FR",
        "group_ids": [(4, group) for group in groups],
    }
    [user] = admin("res.users", "create", [values])
    return user, place.log_in(ACCOUNTANT, password)


def _provider(admin, company, **values):
    [provider] = admin(
        "l10n_tn_edi.signature.provider", "create", [{"state": "test", "company_id": company, **values}]
    )
    admin("res.company", "write", [company], {"l10n_tn_edi_provider_id": provider})


def _set_up_seal(admin, place, data, company):
    """The company's seal at the ANCE's service: its password is stored, nobody types anything."""
    alias, password = f"cachet-{data['login']}", secrets.token_urlsafe(12)
    made = place.ttn(
        "POST",
        "/remote",
        {
            "kind": "seal",
            "name": alias,
            "pin": password,
            "subject": data["company"]["name"],
            "matricule": data["company"]["vat"],
            "declare": data["login"],
        },
    )
    pem = "".join(ssl.DER_cert_to_PEM_cert(base64.b64decode(der)) for der in made["chain"])
    _provider(
        admin,
        company,
        name="Cachet électronique ANCE",
        code="ance_seal",
        seal_url=place.info["seal"],
        seal_alias=alias,
        seal_password=password,
        seal_certificate=base64.b64encode(pem.encode()).decode(),
    )


# --- Small: the form and a token ---------------------------------------------------------------------------------------


def _small(admin, place, data, company):
    pin, passphrase = f"{secrets.randbelow(10**8):08d}", secrets.token_urlsafe(12)
    certificate = place.ttn(
        "POST",
        "/certificates",
        {
            "subject": data["company"]["name"],
            "matricule": data["company"]["vat"],
            "passphrase": passphrase,
            "declare": data["login"],
        },
    )
    configuration = soft_token.make(place.folder, certificate["pkcs12"], passphrase, pin)
    place.start_agent(soft_token.agent(configuration), soft_token.environment(place.folder))
    user_id, user = _accountant(admin, place)
    _provider(
        admin,
        company,
        name="Jeton ID-Trust",
        code="agent",
        agent_key=soft_token.KEY,
        signatory_ids=[(0, 0, {"user_id": user_id})],
    )
    customer = _customer(user, data["customer"])
    moves = {invoice["title"]: _type_in(user, customer, invoice["lines"]) for invoice in data["invoices"]}
    rows = results.wait(user, moves.values(), ("to_sign", *results.FINAL))
    documents = [row["l10n_tn_edi_document_id"][0] for row in rows.values() if row["l10n_tn_edi_document_id"]]
    action = user("l10n_tn_edi.document", "action_sign", documents)
    [wizard] = user(action["res_model"], "create", [{"pin": pin}], context=action["context"])
    user(action["res_model"], "action_sign", [wizard])
    return user, moves


def _customer(user, values):
    [partner] = user(
        "res.partner",
        "create",
        [{"is_company": True, "country_id": _one(user, "res.country", [("code", "=", "TN")]), **values}],
    )
    return partner


def _type_in(user, customer, lines):
    """An invoice as the form makes it; gives its id once it is posted."""
    taxes = {
        rate: _one(user, "account.tax", [("type_tax_use", "=", "sale"), ("amount", "=", rate)])
        for *_line, rate in lines
    }
    [move] = user(
        "account.move",
        "create",
        [
            {
                "move_type": "out_invoice",
                "partner_id": customer,
                "invoice_line_ids": [
                    (
                        0,
                        0,
                        {
                            "name": name,
                            "quantity": quantity,
                            "price_unit": price,
                            "tax_ids": [(6, 0, [taxes[rate]])],
                        },
                    )
                    for name, quantity, price, rate in lines
                ],
            }
        ],
    )
    user("account.move", "action_post", [move])
    return move


# --- Medium: a workbook and the seal -----------------------------------------------------------------------------------


def _medium(admin, place, data, company):
    _set_up_seal(admin, place, data, company)
    _user_id, user = _accountant(admin, place)
    template = place.download(user, "/l10n_tn_edi_ttn/import/template.xlsx")
    rows = [{**data["customer"], **row} for row in data["rows"]]
    first = _import(user, _filled(template, rows), "mois.xlsx")
    if first["state"] != "partial":
        raise ScenarioError(f"the import of the workbook ended {first['state']}")
    corrected, refused = _corrected(base64.b64decode(first["error_journal"]), data["corrections"])
    for number, reason in refused.items():
        print(f"   {number}: {reason}")
    if set(refused) != set(data["corrections"]):
        raise ScenarioError(f"refused were {', '.join(refused)}")
    second = _import(user, corrected, "mois corrigé.xlsx")
    if second["state"] != "done":
        raise ScenarioError(f"the import of the corrected journal ended {second['state']}")
    rows = user(
        "account.move",
        "search_read",
        [("l10n_tn_edi_import_number", "!=", False)],
        ["l10n_tn_edi_import_number"],
        order="id",
    )
    return user, {row["l10n_tn_edi_import_number"]: row["id"] for row in rows}


def _filled(template, rows):
    """:return: bytes of the template with the rows, dicts by column title."""
    book = load_workbook(io.BytesIO(template))
    sheet = book.worksheets[0]
    columns = {cell.value: cell.column for cell in sheet[1]}
    for number, row in enumerate(rows, start=2):
        for title, value in row.items():
            sheet.cell(number, columns[title], value)
    return _bytes(book)


def _corrected(journal, corrections):
    """:return: (bytes of the journal with its cells mended, dict of each refused number to the reason)."""
    book = load_workbook(io.BytesIO(journal))
    sheet = book.worksheets[0]
    columns = {cell.value: cell.column for cell in sheet[1]}
    refused = {}
    for row in range(2, sheet.max_row + 1):
        number = sheet.cell(row, columns["Numéro"]).value
        refused[number] = sheet.cell(row, columns["Motif du rejet"]).value
        for title, value in corrections.get(number, {}).items():
            sheet.cell(row, columns[title], value)
    return _bytes(book), refused


def _bytes(book):
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _import(user, workbook, filename):
    """Import a workbook and wait for its end; gives the import's values."""
    [record] = user(
        "l10n_tn_edi.import",
        "create",
        [{"file": base64.b64encode(workbook).decode(), "filename": filename, "journal_id": _journal(user)}],
    )
    user("l10n_tn_edi.import", "action_import", [record])
    end = time.monotonic() + results.WAIT_SECONDS
    while True:
        [values] = user("l10n_tn_edi.import", "read", [record], ["state", "error_journal"])
        if values["state"] not in ("draft", "running"):
            return values
        if time.monotonic() > end:
            raise ScenarioError(f"{filename} is still being imported")
        time.sleep(0.5)


# --- Large: the REST API and the seal ----------------------------------------------------------------------------------


def _large(admin, place, data, company):
    _set_up_seal(admin, place, data, company)
    admin(
        "res.company",
        "write",
        [company],
        {"l10n_tn_edi_api_enabled": True, "l10n_tn_edi_api_journal_id": _journal(admin)},
    )
    key = _api_key(admin, company)
    batch = {"invoices": [_pushed(data, number) for number in range(1, data["batch"] + 1)]}
    headers = {"Idempotency-Key": secrets.token_urlsafe(16)}
    made = _call(place, key, "POST", "/invoices/batch", batch, headers)
    # The line went down before the answer was read: the same call again gives the same answer and makes nothing.
    again = _call(place, key, "POST", "/invoices/batch", batch, headers)
    refused = [item["problem"] for item in made["items"] if "problem" in item]
    if refused:
        raise ScenarioError(f"{len(refused)} invoices of the batch were refused: {json.dumps(refused[0])}")
    if again != made:
        raise ScenarioError("the same call with the same key had another answer")
    names = [item["external_id"] for item in made["items"]]
    end = time.monotonic() + results.WAIT_SECONDS
    while True:
        values = [_call(place, key, "GET", f"/invoices/{name}") for name in names]
        if all(value["electronic"] and value["electronic"]["settled"] for value in values):
            break
        if time.monotonic() > end:
            raise ScenarioError("TTN's verdicts did not come in time")
        time.sleep(2)
    return admin, {
        name: int(value["id"].removeprefix("inv_")) for name, value in zip(names, values, strict=True)
    }


def _api_key(admin, company):
    """:return: a key of the API, made by an administrator who says again who he is."""
    [wizard] = admin("l10n_tn_edi.api.key", "create", [{"company_id": company, "name": "ERP"}])
    action = admin("l10n_tn_edi.api.key", "make_key", [wizard])
    if action["res_model"] == "res.users.identitycheck":
        action = admin(
            "res.users.identitycheck", "run_check", [action["res_id"]], context={"password": "admin"}
        )
    return action["context"]["default_key"]


def _pushed(data, number):
    """The invoice that the company's own system pushes, as the API's schema has it."""
    return {
        "external_id": f"ERP-2026-{number:06d}",
        "date": "2026-03-15",
        "customer": data["customer"],
        "lines": [
            {"description": "Pièce usinée", "quantity": str(10 * number), "price": "12.500", "vat": 19},
            {"description": "Contrôle qualité", "quantity": "1", "price": "40.000", "vat": 19},
        ],
    }


def _call(place, key, method, path, body=None, headers=None):
    """:return: the JSON that the API answers.
    :raise ScenarioError: with its problem when it refuses.
    """
    request = urllib.request.Request(
        f"{place.url}/l10n_tn_edi/api/v1{path}",
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **(headers or {})},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise ScenarioError(f"{method} {path}: {error.code} {error.read(1000).decode()}") from error
