"""What people type into cells."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spreadsheet.cells import CellError, convert, parse_number, shown_in
from spreadsheet.columns import BY_KEY, COLUMNS, TITLES, choice_of, fold

DAY = datetime.date(2026, 3, 15)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("1234.567", "1234.567"),
        ("1234,567", "1234.567"),
        ("1 234,567", "1234.567"),
        ("1\u202f234,567", "1234.567"),
        ("1.234.567,8", "1234567.8"),
        ("1,234,567.8", "1234567.8"),
        ("1.234.567", "1234567"),
        ("١٢٣٫٥", "123.5"),
        ("\u200f150,5 DT", "150.5"),
        ("-7", "-7"),
        ("0,005", "0.005"),
    ],
)
def test_numbers_as_they_are_typed(typed, value):
    assert parse_number(typed) == Decimal(value)


@pytest.mark.parametrize(
    "typed", ["", "abc", "1,23,4", "1.2.3", "12,34.567,8", "1e5", "--1", "NaN", "1 2 3 x"]
)
def test_what_is_no_number_or_two(typed):
    with pytest.raises(CellError, match=r"cell\.number"):
        parse_number(typed)


@given(st.decimals(min_value=0, max_value=999_999_999, places=3))
def test_every_amount_is_read_as_it_is_written(amount):
    grouped = f"{amount:,.3f}"
    french = grouped.replace(",", " ").replace(".", ",")
    german = grouped.replace(",", "_").replace(".", ",").replace("_", ".")
    assert parse_number(french) == amount
    assert parse_number(german) == amount
    assert convert(BY_KEY["price"], float(amount)) == amount


@pytest.mark.parametrize("typed", ["15/03/2026", "15-3-2026", "15.03.2026", "2026-03-15", "١٥/٠٣/٢٠٢٦", DAY])
def test_dates_as_they_are_typed(typed):
    assert convert(BY_KEY["date"], typed) == DAY


@pytest.mark.parametrize("typed", ["31/02/2026", "15/03/26", "mars 2026", 46000, 46000.5, True])
def test_what_is_no_date(typed):
    with pytest.raises(CellError, match=r"cell\.date"):
        convert(BY_KEY["date"], typed)


def test_share_and_per_cent_are_the_same():
    vat = BY_KEY["vat"]
    assert convert(vat, 19) == convert(vat, "19 %") == convert(vat, 0.19, "0%") == Decimal(19)
    assert shown_in(vat, 0.19, "0%") == "19"
    with pytest.raises(CellError, match=r"cell\.choice"):
        convert(vat, 0.19)


def test_float_noise_is_no_decimal():
    assert convert(BY_KEY["price"], 0.1 + 0.2) == Decimal("0.3")


def test_zeros_of_texts_stay_and_numbers_are_texts():
    assert convert(BY_KEY["zip"], "0100") == "0100"
    assert convert(BY_KEY["zip"], 1000.0) == "1000"


def test_direction_marks_and_controls_are_not_kept():
    assert convert(BY_KEY["customer_name"], "\u202bشركة\u202c\t  المثال\x00") == "شركة المثال"


def test_choices_in_every_language():
    for column in COLUMNS:
        for key, labels in (column.choices or {}).items():
            for label in (*labels, key, labels[0].upper()):
                assert choice_of(column, label) == key


def test_no_two_columns_share_a_title():
    titles = [title for column in COLUMNS for title in {*map(fold, column.labels), fold(column.key)}]
    assert len(titles) == len(set(titles))
    assert set(titles) <= set(TITLES)
