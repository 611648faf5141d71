"""Hypothesis strategies for any document that a version can carry and give back unchanged."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from hypothesis import strategies as st

from teif import codes
from teif.document import (
    Address,
    Allowance,
    Amount,
    Attachment,
    Contact,
    DateText,
    Document,
    FreeText,
    Identifier,
    Institution,
    ItemInfo,
    Line,
    Party,
    Payment,
    Period,
    Place,
    Quantity,
    Reference,
    Tax,
    TaxTotal,
)

_CHARACTERS = st.characters(
    blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"
) | st.sampled_from("\t\n\r<>&\"'")


def texts(max_size=20, min_size=0):
    """Texts that XML can carry."""
    return st.text(_CHARACTERS, min_size=min_size, max_size=max_size)


def numbers(places=5):
    """Decimals with at most `places` decimals."""
    return st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=places)


def maybe(strategy):
    return st.none() | strategy


def tuples(strategy, max_size=2, min_size=0):
    return st.lists(strategy, min_size=min_size, max_size=max_size).map(tuple)


def of(table):
    return st.sampled_from(sorted(table))


_LANGUAGES = maybe(st.sampled_from(codes.LANGUAGES))
_DAYS = st.dates(date(1970, 1, 1), date(2068, 12, 31))
_MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31)).map(
    lambda moment: moment.replace(second=0, microsecond=0, fold=0)
)
DATES = st.builds(DateText, of(codes.DATES), _DAYS | _MOMENTS | st.builds(Period, _DAYS, _DAYS)) | st.builds(
    DateText, of(codes.DATES), st.just("310226"), st.just("ddMMyy")
)
REFERENCES = st.builds(Reference, of(codes.REFERENCES), texts(), tuples(DATES))
_PLAIN_MONEY = st.builds(
    Amount, of(codes.AMOUNTS), numbers(3) | st.just("- 3.5"), st.sampled_from(("TND", "EUR"))
)
_WORDED_MONEY = st.builds(
    Amount, of(codes.AMOUNTS), numbers(), st.sampled_from(("TND", "EUR")), texts(), _LANGUAGES
)
MONEY = _PLAIN_MONEY | _WORDED_MONEY
REFERRED_MONEY = MONEY | st.builds(
    Amount, of(codes.AMOUNTS), numbers(), st.just("TND"), st.none(), st.none(), REFERENCES
)
IDENTIFIERS = st.builds(Identifier, texts(), maybe(of(codes.IDENTIFIER_TYPES)))
FREE_TEXTS = st.builds(FreeText, of(codes.FREE_TEXTS), tuples(texts(), min_size=1))
PLACES = st.builds(Place, of(codes.PLACES), texts())
_RATES = numbers(2) | st.just("19 %")
TAXES_18 = st.builds(
    Tax, of(codes.TAX_LABELS), texts(), _RATES, maybe(numbers(3) | st.just("base")), maybe(st.just("S"))
)
TAX_TOTALS_18 = st.builds(TaxTotal, TAXES_18, tuples(REFERRED_MONEY, min_size=1))
_ALLOWANCE = {
    "code": maybe(of(codes.ALLOWANCES)),
    "identifier": maybe(texts()),
    "free_texts": tuples(FREE_TEXTS),
}
_LABELS = st.sampled_from(
    ({}, {"label": "Remise"}, {"label": "", "lang": "fr"}, {"label": "تخفيض", "lang": "ar"})
)


def _labelled(strategy):
    return st.builds(lambda allowance, label: replace(allowance, **label), strategy, _LABELS)


LINE_ALLOWANCES_18 = _labelled(
    st.builds(Allowance, rate=_RATES, basis=numbers(3) | st.just("HT"), **_ALLOWANCE)
)
ALLOWANCES_18 = _labelled(st.builds(Allowance, amount=MONEY, tax=maybe(TAX_TOTALS_18), **_ALLOWANCE))
ADDRESSES = st.builds(
    Address,
    description=texts(),
    street=maybe(texts()),
    city=maybe(texts()),
    postal_code=maybe(texts()),
    country=st.sampled_from(("TN", "FR")),
    lang=_LANGUAGES,
)
CONTACTS = st.builds(
    Contact,
    code=maybe(of(codes.CONTACTS)),
    identifier=texts(),
    name=texts(),
    means=maybe(of(codes.COMMUNICATIONS)),
    address=maybe(texts()),
)
_NAMES = st.builds(dict, name=texts(), name_type=st.sampled_from(codes.NAME_TYPES)) | st.just(
    {"name": None, "name_type": None}
)


def parties(later=False):
    return st.builds(
        lambda name, **fields: Party(**name, **fields),
        _NAMES,
        role=of(codes.ROLES),
        identifier=IDENTIFIERS,
        addresses=tuples(ADDRESSES, max_size=1 if later else 2),
        places=tuples(PLACES),
        references=tuples(REFERENCES),
        contacts=tuples(CONTACTS),
    )


INSTITUTIONS = st.builds(
    Institution,
    code=of(codes.INSTITUTIONS),
    account=maybe(texts()),
    owner=maybe(texts()),
    name_code=maybe(texts()),
    branch=maybe(texts()),
    name=maybe(texts()),
    country=maybe(st.just("TN")),
)
PAYMENTS = st.builds(
    Payment,
    terms=maybe(of(codes.PAYMENT_TERMS)),
    description=maybe(texts()),
    dates=tuples(DATES),
    amount=maybe(MONEY),
    condition=maybe(of(codes.PAYMENT_CONDITIONS)),
    means=maybe(of(codes.PAYMENT_MEANS)),
    institution=maybe(INSTITUTIONS),
)
INFOS = st.builds(ItemInfo, texts(), texts(), _LANGUAGES)


def lines(taxes, allowances, *, depth=2, several=False):
    """Lines with sub-lines down to `depth`; `several` taxes and allowances a line from 1.9.0."""
    return st.builds(
        Line,
        number=texts(),
        code=texts(),
        description=texts(),
        lang=_LANGUAGES,
        infos=tuples(INFOS),
        quantity=maybe(st.builds(Quantity, numbers() | st.just("deux"), texts(8))),
        dates=tuples(DATES),
        taxes=tuples(taxes, max_size=2 if several else 1),
        allowances=tuples(allowances, max_size=2 if several else 1),
        amounts=tuples(REFERRED_MONEY),
        free_texts=tuples(FREE_TEXTS),
        lines=tuples(lines(taxes, allowances, depth=depth - 1, several=several)) if depth else st.just(()),
    )


LINES_18 = lines(TAXES_18, LINE_ALLOWANCES_18)
ATTACHMENTS = st.builds(Attachment, identifier=texts(), name=texts(), dates=tuples(DATES))


_DOCUMENT = {
    "agency": st.sampled_from(codes.AGENCIES),
    "sender": IDENTIFIERS,
    "receiver": IDENTIFIERS,
    "number": texts(),
    "type_code": maybe(of(codes.DOCUMENT_LABELS)),
    "type_label": texts(),
    "references": tuples(REFERENCES),
    "dates": tuples(DATES),
    "parties": tuples(parties()),
    "places": tuples(PLACES),
    "payments": tuples(PAYMENTS),
    "free_texts": tuples(FREE_TEXTS),
    "special_conditions": tuples(texts()),
    "lines": tuples(LINES_18),
    "line_details": tuples(LINES_18, max_size=1),
    "amounts": tuples(REFERRED_MONEY),
    "taxes": tuples(TAX_TOTALS_18),
    "allowances": tuples(ALLOWANCES_18),
    "attachments": tuples(ATTACHMENTS),
}

# From 1.9.0 a tax or allowance is a rate or an amount, and says so only where it isn't clear from the rest
_CATEGORIES = st.sampled_from((None, "Other"))
TAXES_19 = st.builds(Tax, of(codes.TAX_LABELS), texts(), _RATES, maybe(numbers(3)), _CATEGORIES) | st.builds(
    Tax, of(codes.TAX_LABELS), texts(), st.none(), st.none(), _CATEGORIES
)
LINE_TAXES_19 = TAXES_19 | st.builds(
    Tax, of(codes.TAX_LABELS), texts(), st.none(), st.none(), _CATEGORIES, MONEY
)
TAX_TOTALS_19 = st.builds(TaxTotal, TAXES_19, tuples(REFERRED_MONEY, min_size=1))


def allowances_19(**fields):
    """Allowances by rate, by amount, or by both."""
    fields = {**_ALLOWANCE, **fields, "category": _CATEGORIES}
    return _labelled(
        st.builds(Allowance, rate=_RATES, basis=maybe(numbers(3)), amount=maybe(MONEY), **fields)
        | st.builds(Allowance, amount=maybe(MONEY), **fields)
    )


LINES_19 = lines(LINE_TAXES_19, allowances_19(), several=True)


def documents_19():
    """Documents that 1.9.0 carries and gives back unchanged (not all of them are valid)."""
    return st.builds(
        Document,
        version=st.just("1.9.0"),
        **{
            **_DOCUMENT,
            "parties": tuples(parties(later=True)),
            "lines": tuples(LINES_19),
            "line_details": tuples(LINES_19, max_size=1),
            "taxes": tuples(TAX_TOTALS_19),
            "allowances": tuples(allowances_19(tax=maybe(TAX_TOTALS_19))),
        },
    )


def documents_18():
    """Documents that 1.8.8 and 1.8.9 carry and give back unchanged (not all of them are valid)."""
    return st.builds(Document, version=st.sampled_from(("1.8.8", "1.8.9")), **_DOCUMENT)
