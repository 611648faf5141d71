"""Files that were made to hurt, or by mistake: a clear answer, soon, and with bounded memory."""

import io
import struct
import time
import tracemalloc
import zipfile

import pytest
from spreadsheet import opening
from spreadsheet.codes import CODES, WorkbookError
from spreadsheet.invoices import read_invoices

from tests.pure.spreadsheet.workbooks import GOOD, part, rewritten, workbook

SHEET = "xl/worksheets/sheet1.xml"


def refused(data, filename="file.xlsx"):
    """:return: the code that the file is refused with."""
    with pytest.raises(WorkbookError) as caught:
        list(read_invoices(data, filename))
    assert caught.value.code in CODES
    return caught.value.code


@pytest.mark.parametrize(
    ("data", "filename", "code"),
    [
        (b"numero;date\n1;2", "mars.csv", "file.csv"),
        (b"numero\tdate\n1\t2", "mars", "file.csv"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "mars.xls", "file.xls"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "mars.xlsx",
            "file.encrypted",
        ),
        (b"%PDF-1.7 \0\1\2", "mars.xlsx", "file.not_xlsx"),
        (b"", "mars.xlsx", "file.not_xlsx"),
        (b"PK\x03\x04" + bytes(100), "mars.xlsx", "file.damaged"),
    ],
)
def test_what_is_no_workbook(data, filename, code):
    assert refused(data, filename) == code


def test_zip_that_is_no_workbook():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("letter.txt", "hello")
    assert refused(stream.getvalue()) == "file.not_xlsx"


def test_bomb_is_refused_before_it_is_unpacked():
    data = rewritten(workbook([GOOD]), {"xl/media/big.xml": b"<a>" + bytes(opening.MAX_PART + 1)})
    assert len(data) < opening.MAX_FILE
    tracemalloc.start()
    started = time.perf_counter()
    assert refused(data) == "file.too_large"
    assert time.perf_counter() - started < 5
    assert tracemalloc.get_traced_memory()[1] < 64 << 20
    tracemalloc.stop()


def test_strings_are_bounded_more_tightly():
    strings = b"<sst>" + b" " * (opening.MAX_STRINGS + 1)
    assert refused(rewritten(workbook([GOOD]), {"xl/sharedStrings.xml": strings})) == "file.too_large"


def test_more_bytes_than_announced():
    data = bytearray(workbook([GOOD]))
    # Both the local header and the directory announce a tenth of the sheet
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        info = archive.getinfo(SHEET)
    size = struct.pack("<I", info.file_size)
    small = struct.pack("<I", info.file_size // 10)
    at = bytes(data).find(size, bytes(data).find(b"PK\x01\x02"))
    while at > 0:
        data[at : at + 4] = small
        at = bytes(data).find(size, at + 4)
    assert refused(bytes(data)) == "file.damaged"


def test_macros_are_refused():
    assert refused(rewritten(workbook([GOOD]), {"xl/vbaProject.bin": b"\0"})) == "file.macros"


@pytest.mark.parametrize(
    "start",
    [
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]>',
        b'<?xml version="1.0"?>' + b" " * (opening.PIECE - 30) + b'<!DOCTYPE a SYSTEM "file:///etc/passwd">',
    ],
)
def test_entities_are_refused_wherever_they_stand(start):
    sheet = part(workbook([GOOD]), SHEET).removeprefix(b'<?xml version="1.0"?>')
    assert refused(rewritten(workbook([GOOD]), {SHEET: start + sheet})) == "file.doctype"


def test_encodings_that_would_hide_entities_are_refused():
    sheet = part(workbook([GOOD]), SHEET).decode()
    for data in (
        sheet.encode("utf-16"),
        b'<?xml version="1.0" encoding="UTF-7"?>' + sheet.encode(),
    ):
        assert refused(rewritten(workbook([GOOD]), {SHEET: data})) == "file.damaged"


def test_xml_that_is_cut_off():
    sheet = part(workbook([GOOD]), SHEET)
    assert refused(rewritten(workbook([GOOD]), {SHEET: sheet[: len(sheet) // 2]})) == "file.damaged"


def test_missing_sheet_part():
    assert refused(rewritten(workbook([GOOD]), drop={SHEET})) in ("file.damaged", "file.no_table")


def test_wrong_sheet_names_what_is_missing():
    with pytest.raises(WorkbookError) as caught:
        list(
            read_invoices(workbook([], titles=["Numéro", "Date", "Nom du client", "Divers"], sheet="Feuil1"))
        )
    assert caught.value.code == "file.no_table"
    assert caught.value.params["sheet"] == "Feuil1"
    assert set(caught.value.params["columns"]) == {"description", "price", "vat"}


def test_title_that_stands_twice():
    titles = ["Numéro", "Date", "Nom du client", "Désignation", "Prix unitaire HT", "TVA %", "vat"]
    assert refused(workbook([], titles=titles)) == "file.doubled_column"


def test_million_empty_rows():
    def far_below(book):
        book.active.cell(1_000_000, 60).number_format = "0.00"
        book.active.row_dimensions[1_048_576].height = 20

    data = workbook([GOOD], change=far_below)
    started = time.perf_counter()
    invoices = list(read_invoices(data))
    assert [invoice.number for invoice in invoices] == ["F-1"]
    assert time.perf_counter() - started < 20


def test_million_rows_that_are_written_but_empty():
    sheet = part(workbook([GOOD]), SHEET)
    rows = b"".join(b'<row r="%d"></row>' % number for number in range(3, 1_000_003))
    data = rewritten(workbook([GOOD]), {SHEET: sheet.replace(b"</sheetData>", rows + b"</sheetData>")})
    started = time.perf_counter()
    assert [invoice.number for invoice in read_invoices(data)] == ["F-1"]
    assert time.perf_counter() - started < 60


def test_too_many_rows(monkeypatch):
    monkeypatch.setattr("spreadsheet.table.MAX_ROWS", 10)
    assert (
        refused(workbook([{**GOOD, "number": f"F-{index}"} for index in range(11)])) == "file.too_many_rows"
    )


def findings(data):
    return [
        (finding.code, finding.row, finding.column)
        for invoice in read_invoices(data)
        for finding in invoice.findings
    ]


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ("=[1]Feuil1!A1", "cell.formula_elsewhere"),
        ("='C:\\dossier\\[prix.xlsx]Feuil1'!A1", "cell.formula_elsewhere"),
        ('=WEBSERVICE("https://example.com")', "cell.formula_elsewhere"),
        ("=1+1", "cell.formula_without_value"),
    ],
)
def test_formulas(formula, code):
    assert findings(workbook([{**GOOD, "price": formula}])) == [(code, 2, "price")]


def test_formula_with_its_result_is_taken():
    data = workbook([{**GOOD, "price": "=50+50.5"}])
    sheet = part(data, SHEET).replace(b"<v></v>", b"<v>100.5</v>").replace(b"<v/>", b"<v>100.5</v>")
    sheet = sheet.replace(b"<v />", b"<v>100.5</v>")
    assert b"100.5" in sheet
    (invoice,) = read_invoices(rewritten(data, {SHEET: sheet}))
    assert not invoice.findings
    assert str(invoice.lines[0]["price"]) == "100.5"


def test_merged_cells_are_named():
    data = workbook(
        [GOOD, {**GOOD, "number": None, "description": "Suite"}],
        change=lambda book: book.active.merge_cells("A2:A3"),
    )
    assert ("cell.merged", 2, "number") in findings(data)
    assert ("cell.merged", 3, "number") in findings(data)
