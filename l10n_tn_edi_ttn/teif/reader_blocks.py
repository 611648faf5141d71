"""The blocks of a TEIF document that stand in many places: texts, numbers, dates, references, amounts, taxes, allowances.

Each function takes an element and gives its part of the model; what it doesn't know it passes over.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

from .document import (
    Allowance,
    Amount,
    DateText,
    FreeText,
    Identifier,
    Number,
    Period,
    Place,
    Reference,
    Tax,
    TaxTotal,
    category_of,
)

# No amount has more digits; a text of a million of them would only be slow to count with
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{1,10})?")


def name_of(element) -> str:
    tag = element.tag
    return tag if tag[0] != "{" else tag.rpartition("}")[2]


def text_of(element) -> str:
    return element.text or ""


def read_number(element) -> Number:
    value = element.text or ""
    return Decimal(value.replace(",", ".")) if _NUMBER.fullmatch(value) else value


def read_identifier(element) -> Identifier:
    return Identifier(text_of(element), element.get("type"))


def read_place(element) -> Place:
    return Place(element.get("functionCode"), text_of(element))


# Dates


def _two_digit_year(text: str) -> int:
    # As POSIX does: e-invoices began in 2016, contracts and births they refer to may be older
    year = int(text)
    return year + (2000 if year < 69 else 1900)


def _day(text: str) -> date:
    year = _two_digit_year(text[4:]) if len(text) == 6 else int(text[4:])
    return date(year, int(text[2:4]), int(text[:2]))


def _moment(text: str) -> datetime:
    day = _day(text[:-4])
    return datetime(day.year, day.month, day.day, int(text[-4:-2]), int(text[-2:]))


def _period(text: str) -> Period:
    start, end = text.split("-")
    return Period(_day(start), _day(end))


_DATE_FORMS = {
    "ddMMyy": (re.compile("[0-9]{6}"), _day),
    "ddMMyyyy": (re.compile("[0-9]{8}"), _day),
    "ddMMyyHHmm": (re.compile("[0-9]{10}"), _moment),
    "ddMMyyyyHHmm": (re.compile("[0-9]{12}"), _moment),
    "ddMMyy-ddMMyy": (re.compile("[0-9]{6}-[0-9]{6}"), _period),
    "ddMMyyyy-ddMMyyyy": (re.compile("[0-9]{8}-[0-9]{8}"), _period),
}


def read_date(element) -> DateText:
    """One DateText element; a value that is no date in its format stays a text."""
    form = element.get("format")
    code = element.get("functionCode")
    value = text_of(element)
    shape, convert = _DATE_FORMS.get(form, (None, None))
    if shape and shape.fullmatch(value):
        try:
            return DateText(code, convert(value))
        except ValueError:  # digits that are no day, such as the 31st of February
            return DateText(code, value, form)
    return DateText(code, value, form)


def read_dates(element) -> tuple[DateText, ...]:
    return tuple(map(read_date, element))


def read_reference(element) -> Reference:
    code, value, dates = None, "", ()
    for item in element:
        name = name_of(item)
        if name == "Reference":
            code, value = item.get("refID"), text_of(item)
        elif name == "ReferenceDate":
            dates = read_dates(item)
    return Reference(code, value, dates)


# Texts and amounts


def read_free_text(element) -> FreeText:
    return FreeText(element.get("subjectCode"), tuple(map(text_of, element)))


def read_free_texts(element) -> tuple[FreeText, ...]:
    return tuple(map(read_free_text, element))


def read_money(element, reference=None) -> Amount:
    value, currency, description, lang = "", None, None, None
    for item in element:
        name = name_of(item)
        if name == "Amount":
            value, currency = read_number(item), item.get("currencyIdentifier")
        elif name == "AmountDescription":
            description, lang = text_of(item), item.get("lang")
    return Amount(element.get("amountTypeCode"), value, currency, description, lang, reference)


def read_money_item(element) -> Amount:
    money = reference = None
    for item in element:
        name = name_of(item)
        if name == "Moa":
            money = item
        elif name == "RffDtm":
            reference = read_reference(item)
    return Amount(None, "", None, reference=reference) if money is None else read_money(money, reference)


# Taxes and allowances. From 1.9.0 the category is mandatory; where it says what the rest says already it is None here.


def read_tax(element) -> Tax:
    code, name, rate, basis, category, amount = None, "", None, None, None, None
    for item in element:
        part = name_of(item)
        if part == "TaxTypeName":
            code, name = item.get("code"), text_of(item)
        elif part == "TaxCategory":
            category = text_of(item)
        elif part == "TaxDetails":
            for detail in item:
                if name_of(detail) == "TaxRate":
                    rate = read_number(detail)
                elif name_of(detail) == "TaxRateBasis":
                    basis = read_number(detail)
        elif part == "TaxAmount":
            amount = read_money(item)
    if category == category_of(rate, amount):
        category = None
    return Tax(code, name, rate, basis, category, amount)


def read_tax_total(element) -> TaxTotal:
    tax, amounts = Tax(None, ""), []
    for item in element:
        name = name_of(item)
        if name == "Tax":
            tax = read_tax(item)
        elif name == "AmountDetails":
            amounts.append(read_money_item(item))
        elif name == "AmountDetailsSection":
            amounts += map(read_money_item, item)
    return TaxTotal(tax, tuple(amounts))


def read_allowance(element) -> Allowance:
    fields = {}
    for item in element:
        name = name_of(item)
        if name == "Alc":
            fields["code"] = item.get("allowanceCode")
            for part in item:
                if name_of(part) == "AllowanceIdentifier":
                    fields["identifier"] = text_of(part)
                elif name_of(part) == "SpecialServices":
                    fields["label"], fields["lang"] = text_of(part), part.get("lang")
        elif name == "AlcCategory":
            fields["category"] = text_of(item)
        elif name in ("Pcd", "AlcDetails"):
            for part in item:
                if name_of(part) in ("Percentage", "AlcRate"):
                    fields["rate"] = read_number(part)
                elif name_of(part) in ("PercentageBasis", "AlcRateBasis"):
                    fields["basis"] = read_number(part)
        elif name in ("Moa", "AlcAmount"):
            fields["amount"] = read_money(item)
        elif name == "Ftx":
            fields["free_texts"] = read_free_texts(item)
        elif name == "TaxAlc":
            fields["tax"] = read_tax_total(item)
    if fields.get("category") == category_of(fields.get("rate"), None):
        fields["category"] = None
    return Allowance(**fields)
