"""From what a cell holds to a date, a Decimal or a text: as people type them, never guessed."""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from .columns import AMOUNT, CHOICE, DATE, PERCENT, choice_of, clean_text

# Excel keeps 15 significant digits; what a binary float has beyond is noise (0.1 + 0.2)
SIGNIFICANT = 15
LARGEST = Decimal("999999999999999")
_DIGITS = {ord(digit): str(value) for row in ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹") for value, digit in enumerate(row)}
_DAY_FIRST = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})")
_UNITS = re.compile(r"(?:TND|DT|دينار|د\.ت|%|٪)\s*$", re.IGNORECASE)
_ERROR_VALUES = {"#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"}


class CellError(ValueError):
    """A cell that can't be read as its column wants: ``code`` of ``codes.CELL_CODES`` and ``params``."""

    def __init__(self, code, /, **params):
        super().__init__(code, params)
        self.code = code
        self.params = params


def shown(value):
    """:return: text of a raw value as the user sees it; '' for an empty cell."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%d/%m/%Y") if not (value.hour or value.minute) else value.isoformat(" ")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return format(_decimal_of_number(value).normalize(), "f")
    return clean_text(value)


def shown_in(column, value, number_format):
    """:return: as :func:`shown`, so that :func:`convert` reads the same from the text: a share of 0.19 is 19 per cent."""
    if column.kind == PERCENT and "%" in number_format and isinstance(value, (int, float)):
        return format((_decimal_of_number(value) * 100).normalize(), "f")
    return shown(value)


def convert(column, value, number_format="General"):
    """The value of a cell as ``column`` wants it.

    :param Column column: where it stands.
    :param value: what the library read: None, text, number, bool or datetime.
    :param str number_format: the cell's format; a share shown as "19%" is 0.19.
    :return: None for an empty cell; else text, ``datetime.date``, ``Decimal`` or the key of a choice.
    :raise CellError: when it can't be read.
    """
    if value is None or (isinstance(value, str) and not clean_text(value)):
        return None
    if isinstance(value, str) and value.strip() in _ERROR_VALUES:
        raise CellError("cell.error_value", value=value.strip())
    if column.kind == DATE:
        return _to_date(value)
    if column.kind in (AMOUNT, PERCENT):
        return _to_number(column, value, number_format)
    text = shown(value)
    if column.kind == CHOICE:
        key = choice_of(column, text)
        if key is None:
            raise CellError("cell.choice", value=text, choices=_choices(column))
        return key
    if len(text) > column.length:
        raise CellError("cell.too_long", length=len(text), limit=column.length)
    return text


def _choices(column):
    return ", ".join(labels[0] for labels in column.choices.values())


def _to_date(value):
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        text = clean_text(value).translate(_DIGITS)
        if match := _DAY_FIRST.fullmatch(text):
            day, month, year = map(int, match.groups())
        elif match := _YEAR_FIRST.fullmatch(text):
            year, month, day = map(int, match.groups())
        else:
            raise CellError("cell.date", value=text)
        try:
            return date(year, month, day)
        except ValueError as error:
            raise CellError("cell.date", value=text) from error
    raise CellError("cell.date", value=shown(value))


def _decimal_of_number(value):
    return Decimal(value) if isinstance(value, int) else Decimal(f"{value:.{SIGNIFICANT}g}")


def _to_number(column, value, number_format):
    if isinstance(value, (bool, datetime, date)):
        raise CellError("cell.number", value=shown(value))
    if isinstance(value, (int, float)):
        number = _decimal_of_number(value)
        if column.kind == PERCENT and "%" in number_format:
            number *= 100
    else:
        number = parse_number(value)
    if not number.is_finite() or abs(number) > LARGEST:
        raise CellError("cell.number", value=shown(value))
    number = number.normalize()
    if -number.as_tuple().exponent > column.decimals:
        raise CellError("cell.decimals", value=format(number, "f"), limit=column.decimals)
    if number < 0 and column.key != "quantity":
        raise CellError("cell.negative", value=format(number, "f"))
    if column.kind == PERCENT and number > 100:
        raise CellError("cell.range", value=format(number, "f"))
    if column.choices:
        key = format(number, "f")
        if key not in column.choices:
            raise CellError("cell.choice", value=key, choices=", ".join(column.choices))
    return number


def parse_number(text):
    """:return: Decimal of a typed number: decimal comma or point, spaces or the other mark between thousands.

    :raise CellError: ``cell.number`` when it is no number or may be two: "1.234.567,8" is clear, "1,234,56" is not.
    """
    raw = clean_text(text).translate(_DIGITS)
    plain = _UNITS.sub("", raw).replace(" ", "").replace("'", "").replace("٫", ",").replace("٬", "")
    marks = [char for char in plain if char in ".,"]
    if marks:
        decimal_mark = marks[-1]
        thousands = "," if decimal_mark == "." else "."
        if marks.count(decimal_mark) > 1:
            # 1.234.567: the only kind of mark, repeated, parts thousands
            decimal_mark, thousands = None, decimal_mark if len(set(marks)) == 1 else None
        groups = plain.lstrip("+-").partition(decimal_mark)[0] if decimal_mark else plain.lstrip("+-")
        if (
            thousands
            and thousands in groups
            and not re.fullmatch(rf"\d{{1,3}}(?:\{thousands}\d{{3}})+", groups)
        ):
            raise CellError("cell.number", value=raw)
        if thousands:
            plain = plain.replace(thousands, "")
        if decimal_mark:
            plain = plain.replace(decimal_mark, ".")
    if not re.fullmatch(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", plain):
        raise CellError("cell.number", value=raw)
    try:
        return Decimal(plain)
    except InvalidOperation as error:
        raise CellError("cell.number", value=raw) from error
