"""One model of a TEIF document for every schema version: frozen dataclasses, money as Decimal.

What the model says is the same in 1.8.8, 1.8.9 and 1.9.0; the writers turn it into the words of one version and the
reader comes back: ``read(parse(write(document))) == document`` for whatever the version can carry.

Conventions
- ``None`` means that the element or attribute is absent; an empty string is an empty element.
- A number is a ``Decimal`` and is written exactly as it is given (``Decimal('2.540')`` is written ``2.540``): round
  before, see :func:`money`, :func:`rate` and :func:`quantity`. Where a file holds a text that is no number, the
  reader gives that text as ``str`` and a writer writes it back as it is.
- A date is a ``datetime.date``, a moment a ``datetime.datetime`` (to the minute, no time zone), a period a
  :class:`Period`. A text that is no date in its format is given as ``str``.
- Codes are TTN's own (``I-62``, ``I-1602``…); see :mod:`.codes` for what they mean.
- Sequences are tuples.
- Amounts of a credit note are positive.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

Number = Decimal | str

#: Digits after the decimal sign that a currency is written with; two for the others.
CURRENCY_DECIMALS = {
    "TND": 3,
    "LYD": 3,
    "KWD": 3,
    "BHD": 3,
    "OMR": 3,
    "JOD": 3,
    "IQD": 3,
    "JPY": 0,
    "XOF": 0,
    "XAF": 0,
}

_CENT = Decimal("0.01")


def money(value, currency: str) -> Decimal:
    """``value`` (int, float, str, Decimal) rounded half up to the decimals of ``currency``: ``money(2.54, 'TND')`` is 2.540."""
    digits = CURRENCY_DECIMALS.get(currency, 2)
    result = _decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return result if result else abs(result)


def rate(value) -> Decimal:
    """A rate in per cent as TEIF wants it: at most two decimals and no useless zero (19, 7, 12.5), at most five characters."""
    return _plain(_decimal(value).quantize(_CENT, ROUND_HALF_UP))


def quantity(value) -> Decimal:
    """A quantity with at most five decimals and no useless zero."""
    return _plain(_decimal(value).quantize(Decimal("0.00001"), ROUND_HALF_UP))


def _decimal(value) -> Decimal:
    # repr() of a float is its shortest exact text: 0.1 gives 0.1 and not 0.1000000000000000055
    return (
        value
        if isinstance(value, Decimal)
        else Decimal(repr(value) if isinstance(value, float) else str(value))
    )


def _plain(value: Decimal) -> Decimal:
    value = value.normalize()
    if value.as_tuple().exponent > 0:  # 1E+2 is how normalize() gives a hundred
        value = value.quantize(Decimal(1))
    return value if value else abs(value)


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier of a party and its type: I-01 matricule fiscal, I-02 CIN, I-03 residence card, I-04 foreign number.

    ``type`` is None only in 1.8.8 files, where the receiver may have none.
    """

    value: str
    type: str | None = "I-01"


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` to ``end``, both days included. Either both are dates or both moments."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class DateText:
    """A dated fact. ``code`` I-31 issue, I-32 due, I-36 billing period, I-35 attachment, I-37 TTN's reference…

    ``format`` is kept only for a ``value`` that could not be read (a ``str``): a date, a moment and a period have the
    format that the version writes.
    """

    code: str | None
    value: date | datetime | Period | str
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference, with its dates if any: I-89 invoice referred to, I-88 TTN's reference, I-83 order, I-84 delivery note…"""

    code: str | None
    value: str
    dates: tuple[DateText, ...] = ()


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money (Moa): what it is (I-180 total…), how much, in which ISO 4217 currency.

    ``description`` is the amount in words of I-180, in language ``lang`` (fr, ar, en, or). ``reference`` is only
    written for amounts of lines, of the invoice and of taxes.
    """

    code: str | None
    value: Number
    currency: str | None = "TND"
    description: str | None = None
    lang: str | None = None
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax: ``code`` I-1602 TVA, I-1601 stamp, I-162 FODEC…; ``name`` as printed; ``rate`` in per cent.

    A tax that is an amount and not a rate has ``rate`` 0, which every version takes. ``basis`` is a free text up to
    1.8.9 and an amount from 1.9.0. ``category`` is free up to 1.8.9 and Rate or Amount from 1.9.0, where None means the
    one that follows from the rest. ``amount`` is only written on lines from 1.9.0.
    """

    code: str | None
    name: str
    rate: Number | None = None
    basis: Number | None = None
    category: str | None = None
    amount: Amount | None = None


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """A tax of the whole invoice and its amounts: I-177 base (not for the stamp), I-178 tax."""

    tax: Tax
    amounts: tuple[Amount, ...] = ()


@dataclass(frozen=True, slots=True)
class FreeText:
    """Free texts of one subject: I-41 description, I-47 incoterm, I-48 observation… Each text at most 500 characters."""

    code: str | None
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """A discount or charge: ``code`` I-151 reduction, I-152 rebate, I-153 discount, I-154 telecom charge, I-155 other.

    On a line up to 1.8.9: ``rate`` (per cent) of ``basis`` (amount or text), both needed. On the invoice up to 1.8.9:
    ``amount``. From 1.9.0 either: a rate or an amount. ``label`` (SpecialServices) says what it is, in ``lang``.
    ``tax`` is only for allowances of the invoice. ``category`` as in :class:`Tax`, from 1.9.0 only.
    """

    code: str | None = None
    identifier: str | None = None
    label: str | None = None
    lang: str | None = None
    rate: Number | None = None
    basis: Number | None = None
    amount: Amount | None = None
    free_texts: tuple[FreeText, ...] = ()
    tax: TaxTotal | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place: I-51 delivery address, I-58 first destination, I-59 final destination…"""

    code: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address. Street and city at most 35 characters, postal code 17; ``country`` is ISO 3166-1 (TN).

    ``description`` (at most 500) is the whole address; up to 1.8.9 it may be empty. From 1.9.0 description, city,
    postal code and ``lang`` are mandatory.
    """

    description: str = ""
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = "TN"
    lang: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A contact (``code`` I-91 technical … I-94 other) and one means: I-101 telephone, I-102 fax, I-103 e-mail, I-104 other.

    ``identifier`` at most 17 characters, ``name`` 200, ``address`` (the number, the e-mail address…) 500.
    """

    code: str | None = "I-94"
    identifier: str = ""
    name: str = ""
    means: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A partner of the document: ``role`` I-62 supplier, I-64 customer…

    ``name_type`` is Qualification (a company) or Physical (a person). From 1.9.0 one address is written at most.
    """

    role: str | None
    identifier: Identifier
    name: str | None = None
    name_type: str | None = "Qualification"
    addresses: tuple[Address, ...] = ()
    places: tuple[Place, ...] = ()
    references: tuple[Reference, ...] = ()
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Institution:
    """Where to pay: ``code`` I-141 post, I-142 bank, I-143 other. ``account`` is the RIB, 20 digits (never the IBAN).

    ``name_code`` (at most 11 characters, the bank's code) is mandatory when ``branch`` or ``name`` is given.
    """

    code: str | None = "I-142"
    account: str | None = None
    owner: str | None = None
    name_code: str | None = None
    branch: str | None = None
    name: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Payment terms (I-111…I-117), dates, amount, condition (I-121…I-124), means (I-131…I-137), institution."""

    terms: str | None = None
    description: str | None = None
    dates: tuple[DateText, ...] = ()
    amount: Amount | None = None
    condition: str | None = None
    means: str | None = None
    institution: Institution | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity in ``unit`` (TTN's unit code: UNIT, KGM, HUR…; at most 8 characters, a closed list from 1.9.0)."""

    value: Number
    unit: str | None = "UNIT"


@dataclass(frozen=True, slots=True)
class ItemInfo:
    """More about an item (LinApi), such as lot, colour or size: ``code`` at most 50 characters, ``description`` 500."""

    code: str
    description: str
    lang: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An invoice line. Amounts: I-183 unit price without tax, then I-171 total without tax, net of the line's discounts.

    ``number`` is the line's number (at most 35 characters), ``code`` the item's code (35), ``description`` 500.
    ``taxes``: up to 1.8.9 a line carries exactly one, and the writer takes TVA (I-1602) before any other.
    ``lines`` are sub-lines; up to 1.8.9 they must be as complete as a line.
    """

    number: str
    code: str
    description: str
    lang: str | None = None
    infos: tuple[ItemInfo, ...] = ()
    quantity: Quantity | None = None
    dates: tuple[DateText, ...] = ()
    taxes: tuple[Tax, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    amounts: tuple[Amount, ...] = ()
    free_texts: tuple[FreeText, ...] = ()
    lines: tuple[Line, ...] = ()


def category_of(rate: Number | None, amount: Amount | None) -> str:
    """The category (1.9.0) that follows from what a tax or allowance holds: Rate with a rate, Amount otherwise."""
    return "Rate" if rate is not None and amount is None else "Amount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A document that goes with this one: identifier (35), name (50), dates (I-35). Up to 1.8.9 one, with its date."""

    identifier: str
    name: str
    dates: tuple[DateText, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TtnReference:
    """What TTN adds on acceptance: reference, CEV (base64 of a PNG image of the QR code), dates (I-37). Never written."""

    reference: str
    code: str | None = "I-88"
    cev: str | None = None
    dates: tuple[DateText, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A TEIF document.

    ``version`` chooses writer and schema. ``number`` at most 35 characters, ``type_code`` I-11 invoice, I-12 credit
    note, I-13 fee note, I-14 public contract statement, I-15 export, I-16 order; ``type_label`` its name in words (35).
    ``amounts`` are those of the invoice: I-176 without tax, I-182 taxable base, I-181 tax without the stamp, I-180 to
    pay with tax and stamp (with the words), I-179 the company's capital… ``line_details`` (1.8.9 on) is information only.
    """

    version: str = "1.8.9"
    agency: str = "TTN"
    sender: Identifier
    receiver: Identifier
    number: str
    type_code: str | None = "I-11"
    type_label: str = "Facture"
    references: tuple[Reference, ...] = ()
    dates: tuple[DateText, ...] = ()
    parties: tuple[Party, ...] = ()
    places: tuple[Place, ...] = ()
    payments: tuple[Payment, ...] = ()
    free_texts: tuple[FreeText, ...] = ()
    special_conditions: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    line_details: tuple[Line, ...] = ()
    amounts: tuple[Amount, ...] = ()
    taxes: tuple[TaxTotal, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    ttn_reference: TtnReference | None = None

    def party(self, role: str) -> Party | None:
        """The first party in that role, None when there is none."""
        return next((party for party in self.parties if party.role == role), None)

    def amount(self, code: str) -> Amount | None:
        """The first amount of the invoice with that code, None when there is none."""
        return next((amount for amount in self.amounts if amount.code == code), None)

    def date(self, code: str) -> DateText | None:
        """The first date of the document with that code, None when there is none."""
        return next((item for item in self.dates if item.code == code), None)
