"""Cells of the spreadsheets that are handed out: what is a text stays a text, amounts show the currency's decimals."""

from datetime import date

from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from ..spreadsheet.styles import keep_as_text


def money_format(currency):
    """:return: str, the number format of amounts in a ``res.currency``."""
    decimals = currency.decimal_places
    return f"#,##0.{'0' * decimals}" if decimals else "#,##0"


def make_cell(sheet, value, money="General", bold=False):
    """:param sheet: a worksheet of a write-only workbook.
    :param value: str, float (an amount), int, date or None.
    :param str money: see :func:`money_format`.
    :return: the cell, to be appended in a row.
    """
    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, str):
        keep_as_text(cell, value)
    elif isinstance(value, float):
        cell.number_format = money
    elif isinstance(value, date):
        cell.number_format = "dd/mm/yyyy"
    if bold:
        cell.font = Font(bold=True)
    return cell


def download_action(record):
    """:param record: a wizard with the fields ``file`` and ``filename``.
    :return: the action that downloads its file.
    """
    return {
        "type": "ir.actions.act_url",
        "url": f"/web/content?model={record._name}&id={record.id}&field=file&filename_field=filename&download=true",
        "target": "download",
    }
