"""A month from a workbook at the screen: choose the file, read what is wrong, correct the journal, drop it on the journal."""

import base64
import io

import pytest
from openpyxl import load_workbook

from tests.live.harness import database as databases
from tests.live.harness.company import Company
from tests.live.harness.odoo import HttpServer
from tests.live.harness.rpc import Session
from tests.live.harness.visitor import Visitor

IMPORTS = "/odoo/action-l10n_tn_edi_ttn.l10n_tn_edi_import_action"
FILE = ".o_field_widget[name=file] input[type=file]"
# What a file manager does to a page with one file: it goes over an element, or lets go of it there.
DRAG = """
(([kind, element, name, content]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], name));
    element().dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));
})(["%s", () => %s, "corrigé.xlsx", "%s"])
"""
CARD = '[...document.querySelectorAll("article.o_kanban_record")].find((e) => e.innerText.includes("Ventes"))'
ZONE = 'document.querySelector(".o_drop_area")'


@pytest.fixture
def server(database, ttn, start):
    """A web server that trusts the sandbox."""
    options = {"l10n_tn_edi_ca_file": ttn.info["ca_file"], "l10n_tn_edi_private_hosts": "127.0.0.1"}
    running = HttpServer(database, options=options)
    for key in ("report.url", "web.base.url"):
        databases.set_parameter(database, key, running.url)
    return start(running)


def accountant(boss):
    group = boss.call("ir.model.data", "check_object_reference", "account", "group_account_invoice")[1]
    partners = boss.call("ir.model.data", "check_object_reference", "base", "group_partner_manager")[1]
    values = {
        "name": "Comptable",
        "login": "comptable",
        "password": "live-comptable",
        "lang": "fr_FR",
        "group_ids": [(4, group), (4, partners)],
    }
    boss.call("res.users", "create", [values])
    return Session(boss.url, boss.info["db"], "comptable", "live-comptable")


def filled(template):
    """:return: bytes of the workbook with three invoices; the date of the second one is none."""
    book = load_workbook(io.BytesIO(template))
    sheet = book.worksheets[0]
    columns = {cell.value: cell.column for cell in sheet[1]}
    for number, date in enumerate(("15/03/2026", "le quinze", "16/03/2026"), start=1):
        row = {
            "Numéro": f"M-{number}",
            "Date": date,
            "MF / CIN": "7654321CAM000",
            "Nom du client": "Live Customer",
            "Désignation": "Carrelage",
            "Quantité": 2,
            "Prix unitaire HT": 50,
            "TVA %": 19,
        }
        for title, value in row.items():
            sheet.cell(number + 1, columns[title], value)
    return saved(book)


def corrected(journal):
    """:return: (bytes of the journal with the date mended, texts of its first row, titles of its red cells)."""
    book = load_workbook(io.BytesIO(journal))
    sheet = book.worksheets[0]
    cells = {title.value: cell for title, cell in zip(sheet[1], sheet[2], strict=True)}
    red = [title for title, cell in cells.items() if cell.fill.fgColor.rgb.endswith("F8CBCB")]
    texts = {title: cell.value for title, cell in cells.items()}
    cells["Date"].value = "15/03/2026"
    return saved(book), texts, red


def saved(book):
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_workbook_is_imported_and_its_journal_corrected(server, ttn, browser):
    boss = Session(server.url, server.database, "admin", "admin")
    Company(boss, ttn)
    session = accountant(boss)
    visitor = Visitor(browser, session)

    visitor.open(IMPORTS, ".o_list_view")
    visitor.click(".o_list_button_add")
    visitor.upload(FILE, "mois.xlsx", filled(session.get("/l10n_tn_edi_ttn/import/template.xlsx")))
    visitor.click("button[name=action_import]")
    visitor.wait(".o_form_view .alert-warning")
    visitor.wait(".o_field_widget[name=finding_ids] td[name=sentence]", "« le quinze » n'est pas une date")
    shown = browser.text(".o_form_view .o_form_sheet")
    assert "M-2" in shown and "M-1" not in shown, "the error journal names what is refused, and that alone"

    # The journal as the form's own link gives it
    [first] = session.call("l10n_tn_edi.import", "search_read", [], ["state", "imported_count"])
    assert (first["state"], first["imported_count"]) == ("partial", 2)
    visitor.wait(".o_field_widget[name=error_journal]", "mois - erreurs.xlsx")
    journal = session.get(f"/web/content/l10n_tn_edi.import/{first['id']}/error_journal?download=true")
    workbook, texts, red = corrected(journal)
    assert texts["Numéro"] == "M-2" and "n'est pas une date" in texts["Motif du rejet"]
    assert red == ["Date"]

    visitor.open(
        "/odoo/action-account.open_account_journal_dashboard_kanban", ".o_kanban_record input[type=file]"
    )
    content = base64.b64encode(workbook).decode()
    browser.evaluate(DRAG % ("dragenter", CARD, content))
    browser.wait_for(".o_drop_area")
    browser.evaluate(DRAG % ("drop", ZONE, content))
    visitor.wait("button[name=action_import]")
    visitor.click("button[name=action_import]")
    visitor.wait(".o_field_widget[name=invoice_ids] td[name=move_id]", "/2026/")

    numbers = session.call(
        "account.move", "search_read", [("move_type", "=", "out_invoice")], ["l10n_tn_edi_import_number"]
    )
    assert sorted(row["l10n_tn_edi_import_number"] for row in numbers) == ["M-1", "M-2", "M-3"]
    assert not browser.errors
