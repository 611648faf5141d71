"""What this room may say of a file or of a cell."""

from dataclasses import dataclass, field

FILE_CODES = frozenset(
    {
        "file.csv",
        "file.xls",
        "file.not_xlsx",
        "file.encrypted",
        "file.damaged",
        "file.too_large",
        "file.macros",
        "file.doctype",
        "file.no_table",
        "file.doubled_column",
        "file.too_many_rows",
        "file.empty",
    }
)
CELL_CODES = frozenset(
    {
        "cell.missing",
        "cell.too_long",
        "cell.date",
        "cell.number",
        "cell.decimals",
        "cell.negative",
        "cell.range",
        "cell.choice",
        "cell.error_value",
        "cell.formula_elsewhere",
        "cell.formula_without_value",
        "cell.merged",
        "cell.differs",
        "row.without_number",
        "row.after_another",
    }
)
CODES = FILE_CODES | CELL_CODES


class WorkbookError(Exception):
    """The file as a whole can't be read: ``code`` of :data:`FILE_CODES` and its ``params`` (texts and numbers)."""

    def __init__(self, code, /, **params):
        super().__init__(code, params)
        self.code = code
        self.params = params


@dataclass(frozen=True)
class CellFinding:
    """What is wrong with one cell.

    :ivar str code: one of :data:`CELL_CODES`, or of whoever checks further.
    :ivar int row: the row's number in the sheet, from 1.
    :ivar column: the key of the column, None when the whole row is meant.
    :ivar dict params: texts and numbers that the sentence names.
    """

    code: str
    row: int
    column: str | None = None
    params: dict = field(default_factory=dict)
