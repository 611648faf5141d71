"""What the assertions of TTN's schemas say, as findings."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from teif.document import (
    Allowance,
    Amount,
    DateText,
    Identifier,
    Institution,
    Payment,
    Tax,
    TaxTotal,
)
from teif.write import write
from tests.pure.teif.documents import (
    CUSTOMER,
    TVA19,
    simple_document,
    simple_line,
    with_parties,
)
from tests.pure.teif.examining import examined, found

BODY = "/TEIF/InvoiceBody"

# The assertions. (version, changes, [(code, path)])
HEADER = "/TEIF/InvoiceHeader"
SUPPLIER_PATH = f"{BODY}/PartnerSection/PartnerDetails[1]/Nad"
CUSTOMER_PATH = f"{BODY}/PartnerSection/PartnerDetails[2]/Nad"


BAD = Identifier("0736202XFM000")
ASSERTIONS = [
    (
        with_parties("1.8.8", supplier=BAD),
        [
            ("identifier.matricule", f"{HEADER}/MessageSenderIdentifier"),
            ("identifier.matricule", f"{SUPPLIER_PATH}/PartnerIdentifier"),
        ],
    ),
    (with_parties("1.8.8", customer=BAD), []),
    (
        with_parties("1.8.9", customer=BAD),
        [
            ("identifier.matricule", f"{HEADER}/MessageRecieverIdentifier"),
            ("identifier.matricule", f"{CUSTOMER_PATH}/PartnerIdentifier"),
        ],
    ),
    (
        with_parties("1.8.8", supplier=Identifier("0736202X")),
        [
            ("identifier.matricule", f"{HEADER}/MessageSenderIdentifier"),
            ("identifier.matricule", f"{SUPPLIER_PATH}/PartnerIdentifier"),
        ],
    ),
    (with_parties("1.8.9", supplier=Identifier("0736202X")), []),
    (
        with_parties("1.8.9", customer=Identifier("1234567", "I-02")),
        [
            ("identifier.cin", f"{HEADER}/MessageRecieverIdentifier"),
            ("identifier.cin", f"{CUSTOMER_PATH}/PartnerIdentifier"),
        ],
    ),
    (
        with_parties("1.8.9", customer=Identifier("AB-1234", "I-03")),
        [
            ("identifier.residence", f"{HEADER}/MessageRecieverIdentifier"),
            ("identifier.residence", f"{CUSTOMER_PATH}/PartnerIdentifier"),
        ],
    ),
    (with_parties("1.9.0", customer=Identifier("AB-1234", "I-03")), []),
    (
        with_parties("1.9.0", customer=Identifier("AB_1234", "I-03")),
        [
            ("identifier.residence", f"{HEADER}/MessageRecieverIdentifier"),
            ("identifier.residence", f"{CUSTOMER_PATH}/PartnerIdentifier"),
        ],
    ),
    (
        with_parties("1.9.0", customer=Identifier("FR 1", "I-04")),
        [
            ("identifier.foreign", f"{HEADER}/MessageRecieverIdentifier"),
            ("identifier.foreign", f"{CUSTOMER_PATH}/PartnerIdentifier"),
        ],
    ),
    (
        with_parties("1.9.0", customer=Identifier("0914089AAM000")),
        [
            ("identifier.key_letter", f"{HEADER}/MessageRecieverIdentifier"),
            ("identifier.key_letter", f"{CUSTOMER_PATH}/PartnerIdentifier"),
        ],
    ),
    (
        with_parties("1.9.0", customer=BAD),
        [
            ("identifier.matricule", f"{HEADER}/MessageRecieverIdentifier"),
            ("identifier.matricule", f"{CUSTOMER_PATH}/PartnerIdentifier"),
        ],
    ),
    (
        replace(simple_document("1.9.0"), sender=CUSTOMER),
        [("supplier.sender", f"{HEADER}/MessageSenderIdentifier")],
    ),
    (
        replace(simple_document("1.9.0"), parties=simple_document("1.9.0").parties * 2),
        [("supplier.count", f"{BODY}/PartnerSection")],
    ),
    (replace(simple_document("1.9.0"), dates=()), None),
    (
        replace(simple_document("1.9.0"), dates=(DateText("I-31", date(2026, 3, 15)),) * 2),
        [("date.issue_count", f"{BODY}/Dtm")],
    ),
    (
        replace(simple_document("1.9.0"), dates=(DateText("I-31", "150326", "ddMMyy"),)),
        [("date.issue_format", f"{BODY}/Dtm/DateText")],
    ),
    (
        replace(simple_document("1.9.0"), dates=(DateText("I-31", "00032026", "ddMMyyyy"),)),
        [("date.value", f"{BODY}/Dtm/DateText")],
    ),
    (
        replace(simple_document("1.9.0"), payments=(Payment(),)),
        [("payment.empty", f"{BODY}/PytSection/PytSectionDetails")],
    ),
    (
        replace(
            simple_document("1.9.0"),
            payments=(Payment(institution=Institution(account="TN5904105044404701381036", country="TN")),),
        ),
        [("payment.rib", f"{BODY}/PytSection/PytSectionDetails/PytFii/AccountHolder/AccountNumber")],
    ),
    (
        replace(
            simple_document("1.9.0"),
            lines=(replace(simple_line(), taxes=(replace(TVA19, category="Amount"),)),),
        ),
        [("tax.category", f"{BODY}/LinSection/Lin/LinTax/LinTaxDetails")],
    ),
    (
        replace(
            simple_document("1.9.0"),
            lines=(replace(simple_line(), taxes=(replace(TVA19, rate=None, category="Rate"),)),),
        ),
        [
            ("tax.category", f"{BODY}/LinSection/Lin/LinTax/LinTaxDetails"),
        ],
    ),
    (
        replace(
            simple_document("1.9.0"),
            lines=(replace(simple_line(), allowances=(Allowance(code="I-151", category="Rate"),)),),
        ),
        [("allowance.category", f"{BODY}/LinSection/Lin/LinAlc/LinAlcDetails")],
    ),
    (
        replace(
            simple_document("1.9.0"), lines=(replace(simple_line(), allowances=(Allowance(code="I-151"),)),)
        ),
        [("allowance.category", f"{BODY}/LinSection/Lin/LinAlc/LinAlcDetails")],
    ),
]


@pytest.mark.parametrize(("document", "expected"), ASSERTIONS)
def test_assertion_finding(document, expected):
    report = examined(write(document))
    official = [
        one
        for one in found(report)
        if one[0].startswith(("identifier", "supplier", "date", "payment", "tax", "allowance"))
    ]
    if expected is not None:
        assert official == expected
        assert report.valid is not bool(expected)
    else:
        assert not report.valid


def test_other_assertions_of_190():
    document = simple_document("1.9.0")
    tax = TaxTotal(Tax("I-162", "FODEC", None, category="Rate"), (Amount("I-178", Decimal("0.000")),))
    assert ("tax.rate", f"{BODY}/InvoiceTax/InvoiceTaxDetails[3]/Tax") in found(
        examined(write(replace(document, taxes=(*document.taxes, tax))))
    )
    euros = tuple(replace(amount, currency="EUR") for amount in document.amounts)
    assert ("amount.total_tnd", f"{BODY}/InvoiceMoa") in found(
        examined(write(replace(document, amounts=euros)))
    )
    negative = tuple(replace(amount, value=-amount.value) for amount in document.amounts)
    report = examined(write(replace(document, amounts=negative)))
    assert [code for code, _path in found(report)].count("amount.total_form") == 3
    first, second = document.parties
    foreign = replace(first, identifier=Identifier("12345678", "I-02"))
    assert ("supplier.identifier_type", f"{SUPPLIER_PATH}/PartnerIdentifier") in found(
        examined(write(replace(document, parties=(foreign, second))))
    )
    nowhere = replace(second, addresses=())
    assert ("party.address", CUSTOMER_PATH) in found(
        examined(write(replace(document, parties=(first, nowhere))))
    )
