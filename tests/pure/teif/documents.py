"""Documents for the tests: one that is rich in everything the schemas can carry, and a Hypothesis strategy for others."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

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

SUPPLIER = Identifier("0736202XAM000")
CUSTOMER = Identifier("0914089JAM000")
TVA19 = Tax("I-1602", "TVA", Decimal(19))
ISSUE = DateText("I-31", date(2026, 3, 15))


def simple_line(number=1, price="100.000", quantity=2, rate=19):
    """A line of goods: quantity x price at one rate of TVA."""
    total = (Decimal(price) * quantity).quantize(Decimal("0.001"))
    return Line(
        number=str(number),
        code=f"ART{number}",
        description=f"Article {number}",
        lang="fr",
        quantity=Quantity(Decimal(quantity)),
        taxes=(Tax("I-1602", "TVA", Decimal(rate)),),
        amounts=(Amount("I-183", Decimal(price)), Amount("I-171", total)),
    )


def simple_document(version="1.8.9", lines=1, **changes):
    """An invoice of `lines` equal lines with TVA at 19 % and the stamp, of which the checker has nothing to say."""
    items = tuple(simple_line(number + 1) for number in range(lines))
    net = Decimal("200.000") * lines
    tax = (net * Decimal("0.19")).quantize(Decimal("0.001"))
    total = net + tax + 1
    address = Address(description="12 rue de Marseille", city="Tunis", postal_code="1000", lang="fr")
    from teif.words import amount_in_words

    fields = {
        "version": version,
        "sender": SUPPLIER,
        "receiver": CUSTOMER,
        "number": "FAC-2026-001",
        "dates": (ISSUE, DateText("I-32", date(2026, 4, 15))),
        "parties": (
            Party(role="I-62", identifier=SUPPLIER, name="FOURNISSEUR", addresses=(address,)),
            Party(role="I-64", identifier=CUSTOMER, name="CLIENT", addresses=(address,)),
        ),
        "lines": items,
        "amounts": (
            Amount("I-176", net),
            Amount("I-182", net),
            Amount("I-181", tax),
            Amount("I-180", total, "TND", amount_in_words(total, "TND", "fr"), "fr"),
        ),
        "taxes": (
            TaxTotal(Tax("I-1601", "droit de timbre", Decimal(0)), (Amount("I-178", Decimal("1.000")),)),
            TaxTotal(TVA19, (Amount("I-177", net), Amount("I-178", tax))),
        ),
    }
    return Document(**{**fields, **changes})


def rich_document(version):
    """A document that uses every element and attribute that its version knows, at least once."""
    later = version == "1.9.0"
    reference = Reference("I-83", "BC-889", (DateText("I-31", date(2026, 1, 10)),))
    texts = (
        FreeText("I-48", ("Première observation", "ملاحظة ثانية")),
        FreeText("I-47", ("CIF Radès",)),
    )
    allowance = {"code": "I-151", "identifier": "REM1", "label": "Remise", "lang": "fr", "free_texts": texts}
    money = Amount("I-173", Decimal("12.5"), "TND", "DOUZE DINARS ET CINQ CENTS MILLIMES", "fr")
    line_allowances = (Allowance(rate=Decimal(5), basis=Decimal("200.000"), **allowance),)
    line_taxes = (TVA19,)
    if later:
        line_allowances += (Allowance(amount=money, **allowance),)
        line_taxes += (Tax("I-161", "Droit", amount=money),)
    base = simple_document(version)
    detail = Line(
        number="1.1",
        code="D1",
        description="Détail",
        lang="fr",
        infos=(ItemInfo("LOT", "42", "fr"), ItemInfo("TAILLE", "XL", "en")),
    )
    line = Line(
        number="1",
        code="ART1",
        description='Article « un » & <autres> "x"',
        lang="fr",
        infos=detail.infos,
        quantity=Quantity(Decimal("2.5"), "KGM"),
        dates=(
            DateText("I-36", Period(date(2026, 1, 1), date(2026, 1, 31))),
            DateText("I-38", datetime(2026, 1, 2, 3, 4)),
        ),
        taxes=line_taxes,
        allowances=line_allowances,
        amounts=(
            Amount("I-183", Decimal("100.00000")),
            Amount("I-171", Decimal("237.500"), reference=reference),
        ),
        free_texts=texts,
        lines=(detail,) if later else (simple_line(2), simple_line(3)),
    )
    tax_total = TaxTotal(
        Tax("I-1602", "TVA", Decimal(19), Decimal("237.500"), None if later else "S"),
        (
            Amount("I-177", Decimal("237.500")),
            Amount("I-178", Decimal("45.125"), reference=reference),
        ),
    )
    address = base.parties[0].addresses[0]
    addresses = (
        Address(
            description="Les Berges du Lac",
            street="Rue du Lac",
            city="Tunis",
            postal_code="1053",
            country="TN",
            lang="ar",
        ),
    )
    if not later:
        addresses += (address,)
    parties = (
        Party(
            role="I-62",
            identifier=SUPPLIER,
            name="FOURNISSEUR",
            addresses=addresses,
            places=(Place("I-57", "Tunis"), Place("I-56", "Sfax")),
            references=(Reference("I-815", "B154702000"), reference),
            contacts=(
                Contact(identifier="TTN", name="Tunisie TradeNet", means="I-101", address="71 861 712"),
                Contact(code="I-91", identifier="X", name="Y"),
            ),
        ),
        Party(
            role="I-64",
            identifier=Identifier("12345678", "I-02"),
            name="CLIENTE",
            name_type="Physical",
            addresses=(address,),
        ),
        Party(role="I-61", identifier=Identifier("123456789", "I-03"), name="ACHETEUR"),
        Party(
            role="I-65",
            identifier=Identifier("FR123" if later else "FR 123-x", "I-04"),
            name="AUTRE" if later else None,
            name_type="Qualification" if later else None,
        ),
    )
    institution = Institution(
        account="04105044404701381036",
        owner="FOURNISSEUR",
        name_code="04",
        branch="105",
        name="BANQUE",
        country="TN",
    )
    return Document(
        version=version,
        agency="Tunisie TradeNet",
        sender=SUPPLIER,
        receiver=Identifier("12345678", "I-02"),
        number="FAC-2026_001.7" if later else "FAC/2026 n° 7",
        references=(reference, Reference("I-88", "073620200053562920196810312")),
        dates=(ISSUE, DateText("I-36", Period(date(2026, 2, 1), date(2026, 2, 28)))),
        parties=parties,
        places=(Place("I-51", "Entrepôt Radès"), Place("I-59", "France")),
        payments=(
            Payment(
                terms="I-114",
                description="Virement",
                dates=(DateText("I-32", date(2026, 4, 15)),),
                amount=Amount("I-173", Decimal("0.000")),
                condition="I-121",
                means="I-135",
                institution=institution,
            ),
            Payment(terms="I-115"),
        ),
        free_texts=texts,
        special_conditions=("Ventes à l'exportation", "Autre"),
        lines=(line, simple_line(2)),
        line_details=() if version == "1.8.8" else (detail,),
        amounts=(Amount("I-179", Decimal(2000000)), *base.amounts),
        taxes=(tax_total, base.taxes[0]),
        allowances=(
            Allowance(**allowance, amount=Amount("I-176", Decimal(5)), tax=tax_total),
            Allowance(amount=money) if not later else Allowance(code="I-153", rate=Decimal(3)),
        ),
        attachments=(Attachment(identifier="PJ-1", name="Bon", dates=(DateText("I-35", date(2026, 3, 1)),)),),
    )


# A strategy for any document that a version can carry and give back unchanged

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
    from dataclasses import replace

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
