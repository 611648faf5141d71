"""Workbooks for the tests, and ways to spoil them."""

import io
import zipfile

from openpyxl import Workbook
from spreadsheet.columns import COLUMNS

GOOD = {
    "number": "F-1",
    "date": "15/03/2026",
    "identifier": "7654321CAM000",
    "customer_name": "CLIENT",
    "description": "Prestation",
    "price": 100.5,
    "vat": 19,
}


def workbook(rows, *, titles=None, sheet="Factures", change=None):
    """:return: bytes of an .xlsx file with a title row and ``rows`` (dicts by column key)."""
    book = Workbook()
    page = book.active
    page.title = sheet
    page.append(titles or [column.label("fr") for column in COLUMNS])
    for row in rows:
        page.append([row.get(column.key) for column in COLUMNS])
    if change:
        change(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def rewritten(data, parts=None, *, drop=()):
    """:return: the archive ``data`` with the ``parts`` (name to bytes) added or put in place of others."""
    parts, stream = dict(parts or {}), io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            if info.filename not in drop:
                new.writestr(info.filename, parts.pop(info.filename, None) or old.read(info))
        for name, contents in parts.items():
            new.writestr(name, contents)
    return stream.getvalue()


def part(data, name):
    """:return: bytes of one part of the archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)
