"""How the workbooks of this room look, and how a text gets into a cell without ever becoming a formula."""

from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill

TITLE_FONT = Font(bold=True, color="FFFFFF")
TITLE_FILL = PatternFill("solid", fgColor="714B67")
REQUIRED_FILL = PatternFill("solid", fgColor="3C2D4A")
WRONG_FILL = PatternFill("solid", fgColor="F8CBCB")
WRONG_FONT = Font(color="9C0006")
WRAPPED = Alignment(wrap_text=True, vertical="top")
CENTRED = Alignment(wrap_text=True, vertical="center", horizontal="center")
# A text that begins like a formula stays a text
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def keep_as_text(cell, text):
    """See to it that ``cell``, which holds ``text``, never becomes a formula."""
    cell.data_type = "s"
    cell.quotePrefix = text.startswith(_FORMULA_STARTS)


def text_cell(sheet, text):
    """:return: a cell of the write-only ``sheet`` that holds ``text`` as text, whatever it begins with."""
    cell = WriteOnlyCell(sheet, value=text)
    cell.number_format = "@"
    keep_as_text(cell, text)
    return cell


def title_cell(sheet, text, *, required=False):
    """:return: a cell for a title row."""
    cell = text_cell(sheet, text)
    cell.font, cell.alignment = TITLE_FONT, CENTRED
    cell.fill = REQUIRED_FILL if required else TITLE_FILL
    return cell
