"""The journal of errors: the refused rows in the form of the file, what is wrong in red, the reason and remedy beside it."""

import io

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from .columns import COLUMNS, JOURNAL_TITLES, LANGUAGES
from .styles import WRAPPED, WRONG_FILL, WRONG_FONT, text_cell, title_cell
from .template import SHEET_TITLES

REASON_WIDTH, ROW_WIDTH = 60, 10


def make_journal(language, rows):
    """Write the journal. Corrected, it is a file to import again: titles that are its own are passed over.

    :param str language: fr, ar or en.
    :param rows: iterable of ``(row number, {column key: text}, {column key or None: [sentences]})``.
    :return: bytes of an .xlsx file. Every cell is text.
    """
    index = LANGUAGES.index(language)
    book = Workbook(write_only=True)
    sheet = book.create_sheet(SHEET_TITLES[index])
    sheet.sheet_view.rightToLeft = language == "ar"
    widths = (REASON_WIDTH, ROW_WIDTH, *(column.width for column in COLUMNS))
    for position, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(position)].width = width
    sheet.freeze_panes = "D2"
    sheet.append(
        [
            title_cell(sheet, JOURNAL_TITLES["reason"][index]),
            title_cell(sheet, JOURNAL_TITLES["row"][index]),
            *(title_cell(sheet, column.labels[index], required=column.required) for column in COLUMNS),
        ]
    )
    for number, texts, sentences in rows:
        sheet.append(_row(sheet, index, number, texts, sentences))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _row(sheet, index, number, texts, sentences):
    reasons = list(sentences.get(None, ()))
    reasons += [
        f"{column.labels[index]}: {sentence}"
        for column in COLUMNS
        for sentence in sentences.get(column.key, ())
    ]
    reason = text_cell(sheet, "\n".join(reasons))
    reason.alignment, reason.font = WRAPPED, WRONG_FONT
    cells = [reason, text_cell(sheet, str(number))]
    for column in COLUMNS:
        cell = text_cell(sheet, texts.get(column.key, ""))
        if column.key in sentences:
            cell.fill, cell.font = WRONG_FILL, WRONG_FONT
        cells.append(cell)
    return cells
