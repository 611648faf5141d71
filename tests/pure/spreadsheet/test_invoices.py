"""From the template to invoices, through the journal and back."""

import io
from decimal import Decimal

import pytest
from openpyxl import load_workbook
from spreadsheet.columns import COLUMNS, LANGUAGES
from spreadsheet.invoices import read_invoices
from spreadsheet.journal import make_journal
from spreadsheet.template import make_template

from tests.pure.spreadsheet.workbooks import GOOD, workbook


def example(language):
    """:return: the template of ``language`` with its example as the table to read."""
    book = load_workbook(io.BytesIO(make_template(language)))
    book.remove(book.worksheets[0])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("language", LANGUAGES)
def test_example_of_the_template_is_read_without_a_finding(language):
    invoice, credit = read_invoices(example(language))
    assert not invoice.findings and not credit.findings
    assert (invoice.number, len(invoice.lines)) == ("F-2026-0001", 2)
    assert invoice.lines[0]["price"] == Decimal("150.5")
    assert credit.header["type"] == "I-12"
    assert credit.header["original_number"] == invoice.number


@pytest.mark.parametrize("language", LANGUAGES)
def test_template_has_every_title_list_and_guide(language):
    book = load_workbook(io.BytesIO(make_template(language)))
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == [column.label(language) for column in COLUMNS]
    assert sheet.sheet_view.rightToLeft == (language == "ar")
    lists = [rule for rule in sheet.data_validations.dataValidation if rule.type == "list"]
    assert len(lists) == sum(1 for column in COLUMNS if column.choices)
    assert len(book.worksheets) == 2 + len(LANGUAGES)
    # Excel takes at most 255 characters in a list
    assert all(len(rule.formula1) <= 257 for rule in lists)


def test_rows_of_one_number_are_one_invoice():
    rows = [GOOD, {"number": "F-1", "description": "Suite", "price": 3, "vat": 7}, {**GOOD, "number": "F-2"}]
    first, second = read_invoices(workbook(rows))
    assert (first.number, len(first.lines), second.number) == ("F-1", 2, "F-2")
    assert not first.findings + second.findings


def test_what_differs_within_an_invoice_is_told_at_its_cell():
    (invoice,) = read_invoices(workbook([GOOD, {**GOOD, "customer_name": "AUTRE"}]))
    assert [(item.code, item.row, item.column) for item in invoice.findings] == [
        ("cell.differs", 3, "customer_name")
    ]


def test_number_that_comes_again_and_row_without_number():
    rows = [GOOD, {**GOOD, "number": "F-2"}, GOOD, {**GOOD, "number": None}]
    found = [(item.code, item.row) for invoice in read_invoices(workbook(rows)) for item in invoice.findings]
    assert found == [("row.after_another", 4), ("row.without_number", 5)]


def test_missing_cells_are_all_told():
    (invoice,) = read_invoices(workbook([{"number": "F-1", "quantity": 1}]))
    assert {item.column for item in invoice.findings} == {
        "date",
        "customer_name",
        "description",
        "price",
        "vat",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_journal_is_text_with_red_cells_and_reads_as_the_file_did(language):
    rows = [{**GOOD, "customer_name": "@CLIENT", "street": "+33", "vat": 0.19}]
    data = workbook(rows, change=lambda book: setattr(book.active["S2"], "number_format", "0%"))
    (invoice,) = read_invoices(data)
    assert invoice.lines[0]["vat"] == Decimal(19)
    number, texts = invoice.cells[0]
    journal = make_journal(language, [(number, texts, {"street": ["Why", "=cmd|x"], None: ["Row"]})])
    sheet = load_workbook(io.BytesIO(journal)).worksheets[0]
    cells = sheet[2]
    assert all(cell.data_type == "s" for cell in cells if cell.value is not None)
    assert cells[0].value.startswith("Row\n")
    red = [COLUMNS[cell.column - 3].key for cell in cells[2:] if cell.fill.fgColor.rgb.endswith("F8CBCB")]
    assert red == ["street"]
    (again,) = read_invoices(journal)
    assert (again.number, again.header, again.findings) == (invoice.number, invoice.header, [])
    assert again.lines[0] == {**invoice.lines[0], "row": 2}
