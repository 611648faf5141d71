"""Arithmetic and content: each finding made on purpose, and nothing beside it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from teif.document import (
    Address,
    Allowance,
    Amount,
    DateText,
    FreeText,
    Identifier,
    Institution,
    Payment,
    Reference,
    Tax,
    TaxTotal,
)
from teif.write import write
from tests.pure.teif.documents import (
    CUSTOMER,
    SUPPLIER,
    TVA19,
    simple_document,
    simple_line,
    with_parties,
)
from tests.pure.teif.examining import examined, found

BODY = "/TEIF/InvoiceBody"


def test_partner_without_role_passes_the_schema_and_is_found():
    data = write(simple_document("1.8.9"))
    data = data.replace(b'<PartnerDetails functionCode="I-64"><Nad>', b"<PartnerDetails><Anything/><Nad>")
    report = examined(data)
    assert report.valid
    assert found(report) == [
        ("party.customer", f"{BODY}/PartnerSection"),
        ("party.role", f"{BODY}/PartnerSection/PartnerDetails[2]"),
    ]


# Arithmetic and content: (changes of the simple document, [codes])
def amounts(**values):
    """The amounts of the simple document with some values changed: I_176="1.000"; None takes one away."""
    result = []
    for amount in simple_document().amounts:
        value = values.get(amount.code.replace("-", "_"), amount.value)
        if value is not None:
            result.append(replace(amount, value=Decimal(value)))
    return tuple(result)


def taxes(base="200.000", tax="38.000", **changes):
    stamp, _tva = simple_document().taxes
    return (
        stamp,
        TaxTotal(replace(TVA19, **changes), (Amount("I-177", Decimal(base)), Amount("I-178", Decimal(tax)))),
    )


def line(**changes):
    return (replace(simple_line(), **changes),)


WORDS = simple_document().amounts[3]
SIMPLE = simple_document().parties
RIB = Institution(account="04105044404701381036")
MAIN = [
    ({"amounts": amounts(I_176="201.000")}, ["amount.net_total", "amount.grand_total"]),
    ({"amounts": amounts(I_181="39.000")}, ["amount.tax_total"]),
    ({"amounts": amounts(I_181="39.000"), "taxes": taxes(tax="38.000")}, ["amount.tax_total"]),
    ({"amounts": amounts(I_180="238.000")}, ["amount.grand_total", "amount.words"]),
    ({"amounts": amounts(I_182="100.000")}, ["amount.tax_base"]),
    ({"amounts": amounts(I_176=None)}, ["amount.missing"]),
    ({"amounts": amounts(I_180=None)}, ["amount.missing"]),
    ({"amounts": (*amounts(), WORDS)}, ["amount.repeated"]),
    ({"amounts": (*amounts()[:3], replace(WORDS, description=None))}, ["amount.words_missing"]),
    ({"amounts": (*amounts()[:3], replace(WORDS, description="Deux-cent trente neuf Dinars"))}, []),
    ({"amounts": (*amounts()[:3], replace(WORDS, description="CENT DINARS"))}, ["amount.words"]),
    ({"amounts": (*amounts(), Amount("I-180", Decimal("75.123"), "EUR"))}, []),
    (
        {"taxes": taxes(tax="38.002"), "amounts": amounts(I_181="38.002", I_180="239.002")},
        ["amount.tax", "amount.words"],
    ),
    ({"taxes": taxes(tax="38.001"), "amounts": amounts(I_181="38.001", I_180="239.001")}, ["amount.words"]),
    (
        {"lines": line(amounts=(Amount("I-183", Decimal("100.000")), Amount("I-171", Decimal("199.000"))))},
        ["amount.line", "amount.net_total"],
    ),
    ({"lines": line(amounts=(Amount("I-183", Decimal("100.000")),))}, ["amount.line_missing"]),
    (
        {
            "lines": line(
                amounts=(Amount("I-171", Decimal("200.000")), Amount("I-183", Decimal("31.000"), "EUR"))
            )
        },
        ["amount.currency", "amount.line"],
    ),
    (
        {
            "lines": line(
                allowances=(Allowance(code="I-151", rate=Decimal(5), basis=Decimal("210.526")),),
                amounts=(Amount("I-183", Decimal("105.263")), Amount("I-171", Decimal("200.000"))),
            )
        },
        [],
    ),
    ({"allowances": (Allowance(code="I-153", amount=Amount("I-176", Decimal("25.000"))),)}, []),
    (
        {
            "allowances": (Allowance(code="I-153", amount=Amount("I-176", Decimal("25.000"))),),
            "amounts": amounts(I_176="175.000", I_180="214.000"),
        },
        ["amount.words"],
    ),
    ({"lines": line(taxes=(Tax("I-1601", "timbre", Decimal(0)),))}, ["tax.line_stamp"]),
    ({"lines": line(taxes=(replace(TVA19, rate=Decimal(7)),))}, ["tax.not_totalled"]),
    (
        {"taxes": (*taxes(), taxes()[0]), "amounts": amounts(I_180="240.000")},
        ["amount.words", "tax.stamp_count"],
    ),
    (
        {
            "taxes": (
                *taxes(),
                TaxTotal(Tax("I-1603", "RAS", Decimal(0)), (Amount("I-178", Decimal("-2.000")),)),
            ),
            "amounts": amounts(I_181="36.000", I_180="237.000"),
        },
        ["amount.words", "tax.negative"],
    ),
    ({"parties": SIMPLE[1:]}, ["party.supplier"]),
    ({"parties": (SIMPLE[0], *SIMPLE)}, ["party.supplier"]),
    ({"parties": SIMPLE[:1]}, ["party.customer"]),
    ({"parties": (SIMPLE[0], replace(SIMPLE[1], name=" "))}, ["party.name"]),
    ({"parties": (SIMPLE[0], replace(SIMPLE[1], addresses=(Address(),)))}, ["party.address"]),
    ({"sender": CUSTOMER}, ["party.sender"]),
    ({"sender": Identifier("0736202X")}, []),
    ({"sender": Identifier("12345678", "I-02")}, ["party.sender", "party.sender_type"]),
    ({"receiver": SUPPLIER}, ["party.receiver"]),
    ({"payments": (Payment(institution=replace(RIB, account="04105044404701381037")),)}, ["bank.rib_key"]),
    ({"payments": (Payment(institution=replace(RIB, account="1234")),)}, ["bank.rib"]),
    ({"payments": (Payment(institution=replace(RIB, account="1234", country="FR")),)}, []),
    ({"payments": (Payment(institution=replace(RIB, account="0120021241115530", code="I-141")),)}, []),
    ({"dates": (DateText("I-32", date(2026, 4, 15)),)}, ["date.issue"]),
    ({"dates": (DateText("I-31", "310226", "ddMMyy"),)}, ["date.unreadable"]),
    ({"dates": (DateText("I-31", date(2026, 3, 15)), DateText("I-32", date(2026, 3, 14)))}, ["date.due"]),
    ({"type_code": None}, ["document.type"]),
    ({"number": "FAC 1 "}, ["document.number"]),
    ({"type_code": "I-12"}, ["reference.original"]),
    ({"type_code": "I-12", "free_texts": (FreeText("I-48", ("Ristourne",)),)}, []),
    ({"type_code": "I-12", "references": (Reference("I-89", "FAC-1"),)}, []),
    ({"type_code": "I-14"}, ["reference.contract", "reference.contract"]),
    ({"type_code": "I-15"}, ["export.customer"]),
]


@pytest.mark.parametrize(("changes", "expected"), MAIN)
def test_content_finding(changes, expected):
    report = examined(write(replace(simple_document("1.8.9"), **changes)))
    assert report.valid
    assert sorted(one.code for one in report.findings) == sorted(expected), report.findings


def test_key_letter_is_a_warning_up_to_189_and_said_once():
    wrong = Identifier("0736202AAM000")
    report = examined(write(with_parties("1.8.9", supplier=wrong)))
    assert report.valid
    assert [(one.code, one.severity) for one in report.findings] == [("identifier.key_letter", "warning")]
    assert report.findings[0].params == {"value": "0736202AAM000", "expected": "X", "found": "A"}


def test_long_number_and_comma_of_188():
    report = examined(write(simple_document("1.8.8", number="F" * 40)))
    assert report.valid and found(report) == [("document.number", f"{BODY}/Bgm/DocumentIdentifier")]
    data = write(simple_document("1.8.9")).replace(b">38.000<", b">38,000<")
    report = examined(data)
    assert report.valid and {code for code, _path in found(report)} == {"amount.comma"}


def test_credit_note_with_negative_amounts_is_compared_as_it_stands():
    document = simple_document("1.8.9", type_code="I-12", references=(Reference("I-89", "FAC-1"),))
    minus = lambda amount: replace(amount, value=-amount.value)  # noqa: E731
    document = replace(
        document,
        lines=tuple(replace(one, amounts=(one.amounts[0], minus(one.amounts[1]))) for one in document.lines),
        amounts=tuple(map(minus, document.amounts)),
        taxes=tuple(replace(one, amounts=tuple(map(minus, one.amounts))) for one in document.taxes),
    )
    assert found(examined(write(document))) == []


def test_suspended_tva_keeps_its_rate():
    document = simple_document(
        "1.8.9",
        taxes=(
            simple_document().taxes[0],
            TaxTotal(TVA19, (Amount("I-177", Decimal("200.000")), Amount("I-178", Decimal("0.000")))),
        ),
        references=(Reference("I-85", "A-1"),),
    )
    words = replace(WORDS, value=Decimal("201.000"), description="DEUX CENT UN DINARS")
    document = replace(
        document, amounts=(*amounts(I_181="0.000")[:3], words, Amount("I-187", Decimal("200.000")))
    )
    assert found(examined(write(document))) == []
