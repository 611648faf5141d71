"""The table of a workbook: its sheet, its title row, and the rows below, one by one."""

import io
import re
from dataclasses import dataclass
from itertools import zip_longest

from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string
from openpyxl.utils.exceptions import InvalidFileException

from .cells import shown
from .codes import WorkbookError
from .columns import BY_KEY, REQUIRED, TITLES, clean_text, fold
from .opening import inspect

# Where the title row is looked for
TITLE_ROWS = 20
MAX_ROWS = 100_000
_REFERENCE = re.compile(r"([A-Z]+)(\d+)")
_ELSEWHERE = re.compile(r"\[[^\]]+\][^!]*!|^=.*\b(?:DDE|WEBSERVICE|RTD)\b", re.IGNORECASE)
FORMULA_ELSEWHERE, FORMULA_EMPTY, MERGED = "formula_elsewhere", "formula_without_value", "merged"


@dataclass(frozen=True)
class RawCell:
    """What stands in a cell: ``value`` as the library read it, its ``number_format``, and a ``trouble`` or None."""

    value: object
    number_format: str = "General"
    trouble: str | None = None


@dataclass(frozen=True)
class RawRow:
    """A row that holds something: its ``number`` in the sheet and ``{column key: RawCell}`` of the filled cells."""

    number: int
    cells: dict


def read_rows(data, filename=""):
    """The rows of the first sheet that has the table.

    :param bytes data: an .xlsx file.
    :param str filename: its name.
    :return: generator of :class:`RawRow`; empty rows are left out.
    :raise WorkbookError: when the file or its table can't be read. Nothing is yielded before the file was inspected.
    """
    parts = inspect(data, filename)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet, title_row, keys = _find_table(book)
        # What the sheet says of its size is not believed: rows would be filled up to it
        sheet.reset_dimensions()
        part = parts.get(sheet._worksheet_path.lstrip("/"))  # pylint: disable=protected-access
        merged = _merged_cells(part.merged if part else ())
        formulas = None
        if part and part.has_formula:
            other = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
            formulas = other[sheet.title]
            formulas.reset_dimensions()
        yield from _rows(sheet, formulas, title_row, keys, merged)
    except WorkbookError:
        raise
    # The library raises whatever a hostile part makes it stumble over: all of it means the same to the user
    except (
        InvalidFileException,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        OverflowError,
    ) as error:
        raise WorkbookError("file.damaged") from error
    except (SyntaxError, OSError, EOFError) as error:  # XML that is not well-formed
        raise WorkbookError("file.damaged") from error


def _find_table(book):
    """:return: (sheet, number of the title row, list of column keys by position); the best miss is told otherwise."""
    best = None
    for sheet in book.worksheets:
        for number, values in enumerate(sheet.iter_rows(max_row=TITLE_ROWS, values_only=True), start=1):
            keys = [TITLES.get(fold(value)) if value is not None else None for value in values]
            known = [key for key in keys if key in BY_KEY]
            missing = [key for key in REQUIRED if key not in known]
            if not missing:
                doubled = {key for key in known if known.count(key) > 1}
                if doubled:
                    raise WorkbookError("file.doubled_column", columns=sorted(doubled))
                return sheet, number, keys
            if len(known) >= 3 and (best is None or len(known) > best[0]):
                best = (len(known), sheet.title, missing)
    raise WorkbookError(
        "file.no_table",
        sheet=clean_text(best[1]) if best else "",
        sheets=[clean_text(title) for title in book.sheetnames[:10]],
        columns=best[2] if best else list(REQUIRED),
    )


def _merged_cells(references):
    """:return: list of (first row, last row, first column, last column) of the merged areas."""
    areas = []
    for start, end in references:
        (first, top), (last, bottom) = _REFERENCE.match(start).groups(), _REFERENCE.match(end).groups()
        areas.append((int(top), int(bottom), column_index_from_string(first), column_index_from_string(last)))
    return areas


def _rows(sheet, formulas, title_row, keys, merged):
    first = title_row + 1
    plain = sheet.iter_rows(min_row=first)
    written = formulas.iter_rows(min_row=first, values_only=True) if formulas else ()
    count = 0
    for number, (row, formula) in enumerate(zip_longest(plain, written, fillvalue=()), start=first):
        cells = {}
        for position, cell in enumerate(row):
            key = keys[position] if position < len(keys) else None
            if key is None:
                continue
            text = formula[position] if position < len(formula) else None
            trouble = _trouble(cell.value, text, number, position + 1, merged)
            if trouble or (cell.value is not None and shown(cell.value)):
                cells[key] = RawCell(cell.value, cell.number_format or "General", trouble)
        if any(key in BY_KEY for key in cells):
            count += 1
            if count > MAX_ROWS:
                raise WorkbookError("file.too_many_rows", limit=MAX_ROWS)
            yield RawRow(number, cells)
    if not count:
        raise WorkbookError("file.empty", sheet=clean_text(sheet.title))


def _trouble(value, formula, row, column, merged):
    formula = getattr(formula, "text", formula)  # of a formula that fills several cells
    if any(top <= row <= bottom and left <= column <= right for top, bottom, left, right in merged):
        return MERGED
    if not (isinstance(formula, str) and formula.startswith("=")):
        return None
    if _ELSEWHERE.search(formula):
        return FORMULA_ELSEWHERE
    return FORMULA_EMPTY if value is None else None
