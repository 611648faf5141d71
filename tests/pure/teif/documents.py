"""Documents for the tests: an ordinary one, and one that is rich in everything the schemas can carry."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

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
from teif.words import amount_in_words

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


def with_parties(version, supplier=SUPPLIER, customer=CUSTOMER, **changes):
    """The simple document between other parties, who are sender and receiver too."""
    document = simple_document(version)
    first, second = document.parties
    return replace(
        document,
        sender=supplier,
        receiver=customer,
        parties=(replace(first, identifier=supplier), replace(second, identifier=customer)),
        **changes,
    )
