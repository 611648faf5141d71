"""From rows to invoices: each cell read as its column wants, rows of one number put together, all findings at once."""

from dataclasses import dataclass, field

from .cells import CellError, convert, shown, shown_in
from .codes import CellFinding
from .columns import BY_KEY, COLUMNS, HEADER_KEYS, LINE_KEYS, REQUIRED
from .table import read_rows

# Needed on each row; the others only once an invoice
LINE_REQUIRED = tuple(key for key in REQUIRED if key in LINE_KEYS)
HEADER_REQUIRED = tuple(key for key in REQUIRED if key in HEADER_KEYS and key != "number")


@dataclass
class SheetInvoice:
    """One invoice of the workbook.

    :ivar str number: as it stands in the file, '' when its rows have none.
    :ivar dict header: column key to value, for the columns of the invoice that are filled and could be read.
    :ivar dict header_rows: column key to the number of the row that says it.
    :ivar list lines: dicts of the same kind, one a row, with ``row``, the row's number.
    :ivar list cells: for each row ``(row number, {column key: text as shown})``, for the journal.
    :ivar list findings: :class:`CellFinding` of all its cells.
    """

    number: str
    header: dict = field(default_factory=dict)
    header_rows: dict = field(default_factory=dict)
    lines: list = field(default_factory=list)
    cells: list = field(default_factory=list)
    findings: list = field(default_factory=list)

    @property
    def first_row(self):
        """:return: int, the number of its first row in the sheet."""
        return self.cells[0][0]


def read_invoices(data, filename=""):
    """The invoices of a workbook, in its order.

    :param bytes data: an .xlsx file.
    :param str filename: its name.
    :return: generator of :class:`SheetInvoice`. A number that comes again after another invoice's makes one of its own, with
        a finding.
    :raise WorkbookError: when the file as a whole can't be read.
    """
    current, seen = None, {}
    for row in read_rows(data, filename):
        number, finding = _number(row)
        if current is None or not number or number != current.number:
            if current is not None:
                yield _finished(current)
            current = SheetInvoice(number)
            if number in seen and number:
                current.findings.append(
                    CellFinding(
                        "row.after_another", row.number, "number", {"number": number, "first": seen[number]}
                    )
                )
            seen.setdefault(number, row.number)
        if finding:
            current.findings.append(finding)
        _add_row(current, row)
    if current is not None:
        yield _finished(current)


def _number(row):
    cell = row.cells.get("number")
    if cell is None or cell.trouble:
        trouble = f"cell.{cell.trouble}" if cell else "row.without_number"
        return "", CellFinding(trouble, row.number, "number", {})
    try:
        return convert(BY_KEY["number"], cell.value) or "", None
    except CellError as error:
        return shown(cell.value), CellFinding(error.code, row.number, "number", error.params)


def _add_row(invoice, row):
    known = {key: cell for key, cell in row.cells.items() if key in BY_KEY}
    texts = {key: shown_in(BY_KEY[key], cell.value, cell.number_format) for key, cell in known.items()}
    invoice.cells.append((row.number, texts))
    line = {"row": row.number}
    for column in COLUMNS:
        if column.key == "number" or column.key not in row.cells:
            continue
        value, finding = _value(column, row.cells[column.key], row.number)
        if finding:
            invoice.findings.append(finding)
        elif value is not None and column.line:
            line[column.key] = value
        elif value is not None:
            _add_to_header(invoice, column, value, row.number)
    troubled = {finding.column for finding in invoice.findings if finding.row == row.number}
    invoice.findings += [
        CellFinding("cell.missing", row.number, key)
        for key in LINE_REQUIRED
        if key not in line and key not in troubled
    ]
    invoice.lines.append(line)


def _value(column, cell, row):
    if cell.trouble:
        return None, CellFinding(f"cell.{cell.trouble}", row, column.key)
    try:
        return convert(column, cell.value, cell.number_format), None
    except CellError as error:
        return None, CellFinding(error.code, row, column.key, error.params)


def _add_to_header(invoice, column, value, row):
    """What concerns the whole invoice is said once, or each time the same."""
    if column.key not in invoice.header:
        invoice.header[column.key] = value
        invoice.header_rows[column.key] = row
    elif invoice.header[column.key] != value:
        first = invoice.header_rows[column.key]
        invoice.findings.append(CellFinding("cell.differs", row, column.key, {"first": first}))


def _finished(invoice):
    troubled = {finding.column for finding in invoice.findings}
    invoice.findings += [
        CellFinding("cell.missing", invoice.first_row, key)
        for key in HEADER_REQUIRED
        if key not in invoice.header and key not in troubled
    ]
    return invoice
