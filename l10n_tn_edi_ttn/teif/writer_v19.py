"""Document -> bytes for TEIF 1.9.0 (beta): other names, groups around what repeats, several taxes and discounts a line."""

from __future__ import annotations

from datetime import date

from .document import (
    Address,
    Allowance,
    Attachment,
    Document,
    Line,
    Party,
    Payment,
    Tax,
    TaxTotal,
    category_of,
)
from .writer_base import Writer
from .xmltext import attribute, element, text


def write(document: Document) -> bytes:
    """The document as UTF-8 XML, with TTN's reference left out."""
    return _WRITER.render(document)


class _Writer19(Writer):
    # The date of issue must have four digits for the year, so all the dates have
    day_form = "ddMMyyyy"

    def year(self, day: date) -> str:
        return f"{day.year:04d}"

    def party(self, party: Party) -> str:
        return "".join(
            [
                f"<PartnerDetails{attribute('functionCode', party.role)}><Nad>",
                self.identifier("PartnerIdentifier", party.identifier),
                self.party_name(party),
                *map(self.address, party.addresses),
                "</Nad>",
                _group("LocSection", [self.place("Loc", place) for place in party.places]),
                _group("RffSectionGroup", [self.reference("RffSection", one) for one in party.references]),
                _group("CtaSectionGroup", [self.contact(one, "ComAddress") for one in party.contacts]),
                "</PartnerDetails>",
            ]
        )

    def address(self, address: Address) -> str:
        return (
            f"<PartnerAddress{attribute('lang', address.lang)}>"
            f"{element('AddressDescription', address.description)}{element('Street', address.street)}"
            f"{element('CityName', address.city)}{element('PostalCode', address.postal_code)}"
            f"{self.country(address.country)}</PartnerAddress>"
        )

    def payment_terms(self, payment: Payment) -> str:
        return element("PaymentTermsTypeCode", payment.terms) + element(
            "PaymentTermsDescription", payment.description
        )

    def tax_head(self, tax: Tax) -> str:
        details = ""
        # A rate of zero beside an amount is how the model says "an amount, not a rate"
        if tax.rate is not None and (tax.rate or tax.amount is None):
            details = (
                f"<TaxDetails>{element('TaxRate', tax.rate)}{element('TaxRateBasis', tax.basis)}</TaxDetails>"
            )
        return (
            f"<TaxTypeName{attribute('code', tax.code)}>{text(tax.name)}</TaxTypeName>"
            f"{element('TaxCategory', tax.category or category_of(tax.rate, tax.amount))}{details}"
        )

    def line_taxes(self, taxes: tuple[Tax, ...]) -> str:
        return _group(
            "LinTax",
            [
                f"<LinTaxDetails>{self.tax_head(tax)}"
                f"{self.money('TaxAmount', tax.amount) if tax.amount else ''}</LinTaxDetails>"
                for tax in taxes
            ],
        )

    def allowance_parts(self, allowance: Allowance) -> str:
        details = ""
        if allowance.rate is not None:
            details = (
                f"<AlcDetails>{element('AlcRate', allowance.rate)}"
                f"{element('AlcRateBasis', allowance.basis)}</AlcDetails>"
            )
        return (
            f"{self.allowance_head(allowance)}"
            f"{element('AlcCategory', allowance.category or category_of(allowance.rate, None))}{details}"
            f"{self.money('AlcAmount', allowance.amount) if allowance.amount else ''}"
            f"{self.free_texts('Ftx', allowance.free_texts)}"
        )

    def line_allowances(self, allowances: tuple[Allowance, ...]) -> str:
        return _group(
            "LinAlc", [f"<LinAlcDetails>{self.allowance_parts(one)}</LinAlcDetails>" for one in allowances]
        )

    def sub_lines(self, lines: tuple[Line, ...]) -> str:
        return _group("SubLinSection", [self.line("SubLin", line) for line in lines])

    def tax_total(self, name: str, total: TaxTotal) -> str:
        return (
            f"<{name}><Tax>{self.tax_head(total.tax)}</Tax><AmountDetailsSection>"
            f"{self.money_items('MoaDetails', total.amounts)}</AmountDetailsSection></{name}>"
        )

    def allowance(self, allowance: Allowance) -> str:
        return (
            f"<AllowanceDetails>{self.allowance_parts(allowance)}"
            f"{self.tax_total('TaxAlc', allowance.tax) if allowance.tax else ''}</AllowanceDetails>"
        )

    def attachments(self, attachments: tuple[Attachment, ...]) -> str:
        return _group(
            "AdditionalDocumentsSection",
            [
                f"<AdditionalDocument>{element('AdditionalDocumentIdentifier', attachment.identifier)}"
                f"{element('AdditionalDocumentName', attachment.name)}"
                f"{self.dates('AdditionalDocumentDate', attachment.dates)}</AdditionalDocument>"
                for attachment in attachments
            ],
        )


def _group(name: str, items: list[str]) -> str:
    """The group around what repeats, which is left out when there is nothing in it."""
    return f"<{name}>{''.join(items)}</{name}>" if items else ""


_WRITER = _Writer19()
