"""Document -> bytes for TEIF 1.8.8 and 1.8.9, which are written alike."""

from __future__ import annotations

from datetime import date

from .codes import TVA
from .document import Address, Allowance, Attachment, Document, Line, Party, Payment, Tax, TaxTotal
from .writer_base import Writer
from .xmltext import attribute, element, text


def write(document: Document) -> bytes:
    """The document as UTF-8 XML, with TTN's reference left out."""
    return _WRITER.render(document)


class _Writer18(Writer):
    day_form = "ddMMyy"

    def year(self, day: date) -> str:
        return f"{day.year % 100:02d}"

    def party(self, party: Party) -> str:
        return "".join(
            [
                f"<PartnerDetails{attribute('functionCode', party.role)}><Nad>",
                self.identifier("PartnerIdentifier", party.identifier),
                self.party_name(party),
                *map(self.address, party.addresses),
                "</Nad>",
                *[self.place("Loc", place) for place in party.places],
                *[self.reference("RffSection", reference) for reference in party.references],
                *[self.contact(contact, "ComAdress") for contact in party.contacts],
                "</PartnerDetails>",
            ]
        )

    def address(self, address: Address) -> str:
        return (
            f"<PartnerAdresses{attribute('lang', address.lang)}>"
            f"{element('AdressDescription', address.description)}{element('Street', address.street)}"
            f"{element('CityName', address.city)}{element('PostalCode', address.postal_code)}"
            f"{self.country(address.country)}</PartnerAdresses>"
        )

    def payment_terms(self, payment: Payment) -> str:
        return element("PaymentTearmsTypeCode", payment.terms) + element(
            "PaymentTearmsDescription", payment.description
        )

    def tax(self, name: str, tax: Tax) -> str:
        return (
            f"<{name}><TaxTypeName{attribute('code', tax.code)}>{text(tax.name)}</TaxTypeName>"
            f"{element('TaxCategory', tax.category)}<TaxDetails>{element('TaxRate', tax.rate)}"
            f"{element('TaxRateBasis', tax.basis)}</TaxDetails></{name}>"
        )

    def line_taxes(self, taxes: tuple[Tax, ...]) -> str:
        if not taxes:
            return ""
        # One tax a line is all that these versions hold: TVA, which every receiver needs, before the others
        return self.tax("LinTax", next((tax for tax in taxes if tax.code == TVA), taxes[0]))

    def line_allowances(self, allowances: tuple[Allowance, ...]) -> str:
        return "".join(
            [
                f"<LinAlc>{self.allowance_head(allowance)}<Pcd>{element('Percentage', allowance.rate)}"
                f"{element('PercentageBasis', allowance.basis)}</Pcd>"
                f"{self.free_texts('Ftx', allowance.free_texts)}</LinAlc>"
                for allowance in allowances
            ]
        )

    def sub_lines(self, lines: tuple[Line, ...]) -> str:
        return "".join([self.line("SubLin", line) for line in lines])

    def tax_total(self, name: str, total: TaxTotal) -> str:
        return (
            f"<{name}>{self.tax('Tax', total.tax)}{self.money_items('AmountDetails', total.amounts)}</{name}>"
        )

    def allowance(self, allowance: Allowance) -> str:
        return (
            f"<AllowanceDetails>{self.allowance_head(allowance)}"
            f"{self.money('Moa', allowance.amount) if allowance.amount else ''}"
            f"{self.free_texts('Ftx', allowance.free_texts)}"
            f"{self.tax_total('TaxAlc', allowance.tax) if allowance.tax else ''}</AllowanceDetails>"
        )

    def attachments(self, attachments: tuple[Attachment, ...]) -> str:
        return "".join(
            [
                f"<AdditionnalDocuments>{element('AdditionnalDocumentIdentifier', attachment.identifier)}"
                f"{element('AdditionnalDocumentName', attachment.name)}"
                f"{self.dates('AdditionnalDocumentDate', attachment.dates)}</AdditionnalDocuments>"
                for attachment in attachments
            ]
        )


_WRITER = _Writer18()
