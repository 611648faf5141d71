"""What the writers of all the versions share: the order of the document and the blocks that never changed.

Nothing is rounded, cut, or judged when writing: what the schema refuses is found by the checker. Attributes stand in
alphabetical order as in TTN's example, there is no white space between elements, no BOM and no pretty print.
"""

from __future__ import annotations

from datetime import date, datetime

from .document import (
    Allowance,
    Amount,
    DateText,
    Document,
    FreeText,
    Identifier,
    Institution,
    Line,
    Payment,
    Period,
    Place,
    Reference,
)
from .xmltext import DECLARATION, attribute, element, text


class Writer:
    """One version family. A family says how it writes a day, and the blocks that are its own."""

    #: The name of a date's format without hours, and how the year is written in it.
    day_form = ""

    def render(self, document: Document) -> bytes:
        """The document as UTF-8 XML. ``document.ttn_reference`` is TTN's to write and is left out."""
        parts = [
            DECLARATION,
            f"<TEIF{attribute('controlingAgency', document.agency)}{attribute('version', document.version)}>",
            "<InvoiceHeader>",
            self.identifier("MessageSenderIdentifier", document.sender),
            self.identifier("MessageRecieverIdentifier", document.receiver),
            "</InvoiceHeader><InvoiceBody><Bgm>",
            element("DocumentIdentifier", document.number),
            f"<DocumentType{attribute('code', document.type_code)}>{text(document.type_label)}</DocumentType>",
        ]
        if document.references:
            references = [self.reference("DocumentReference", one) for one in document.references]
            parts += ["<DocumentReferences>", *references, "</DocumentReferences>"]
        parts.append("</Bgm>")
        parts.append(self.dates("Dtm", document.dates) or "<Dtm></Dtm>")
        parts += ["<PartnerSection>", *map(self.party, document.parties), "</PartnerSection>"]
        if document.places:
            parts += [
                "<LocSection>",
                *[self.place("LocDetails", one) for one in document.places],
                "</LocSection>",
            ]
        if document.payments:
            parts += ["<PytSection>", *map(self.payment, document.payments), "</PytSection>"]
        parts.append(self.free_texts("Ftx", document.free_texts))
        if document.special_conditions:
            conditions = [element("SpecialCondition", one) for one in document.special_conditions]
            parts += ["<SpecialConditions>", *conditions, "</SpecialConditions>"]
        parts += ["<LinSection>", *[self.line("Lin", one) for one in document.lines], "</LinSection>"]
        if document.line_details:
            details = [self.line("LinDetail", one) for one in document.line_details]
            parts += ["<LinDetailsSection>", *details, "</LinDetailsSection>"]
        parts += ["<InvoiceMoa>", self.money_items("AmountDetails", document.amounts), "</InvoiceMoa>"]
        taxes = [self.tax_total("InvoiceTaxDetails", one) for one in document.taxes]
        parts += ["<InvoiceTax>", *taxes, "</InvoiceTax>"]
        if document.allowances:
            parts += ["<InvoiceAlc>", *map(self.allowance, document.allowances), "</InvoiceAlc>"]
        parts += ["</InvoiceBody>", self.attachments(document.attachments), "</TEIF>"]
        return "".join(parts).encode()

    # Blocks that a family writes its own way

    def year(self, day: date) -> str:
        raise NotImplementedError

    def party(self, party) -> str:
        raise NotImplementedError

    def payment_terms(self, payment: Payment) -> str:
        raise NotImplementedError

    def line_taxes(self, taxes) -> str:
        raise NotImplementedError

    def line_allowances(self, allowances) -> str:
        raise NotImplementedError

    def sub_lines(self, lines) -> str:
        raise NotImplementedError

    def tax_total(self, name: str, total) -> str:
        raise NotImplementedError

    def allowance(self, allowance: Allowance) -> str:
        raise NotImplementedError

    def attachments(self, attachments) -> str:
        raise NotImplementedError

    # Blocks that never changed

    def identifier(self, name: str, identifier: Identifier) -> str:
        return f"<{name}{attribute('type', identifier.type)}>{text(identifier.value)}</{name}>"

    def date(self, item: DateText) -> str:
        value, form = item.value, self.day_form
        if isinstance(value, str):
            form = item.format
        elif isinstance(value, Period):
            form = f"{form}-{form}"
            value = f"{self._day(value.start)}-{self._day(value.end)}"
        elif isinstance(value, datetime):
            form += "HHmm"
            value = f"{self._day(value)}{value:%H%M}"
        else:
            value = self._day(value)
        return f"<DateText{attribute('format', form)}{attribute('functionCode', item.code)}>{text(value)}</DateText>"

    def _day(self, day: date) -> str:
        return f"{day.day:02d}{day.month:02d}{self.year(day)}"

    def dates(self, name: str, dates: tuple[DateText, ...]) -> str:
        return f"<{name}>{''.join(map(self.date, dates))}</{name}>" if dates else ""

    def reference(self, name: str, reference: Reference) -> str:
        return (
            f"<{name}><Reference{attribute('refID', reference.code)}>{text(reference.value)}</Reference>"
            f"{self.dates('ReferenceDate', reference.dates)}</{name}>"
        )

    def place(self, name: str, place: Place) -> str:
        return f"<{name}{attribute('functionCode', place.code)}>{text(place.text)}</{name}>"

    def in_language(self, name: str, value: str | None, lang: str | None) -> str:
        return "" if value is None else f"<{name}{attribute('lang', lang)}>{text(value)}</{name}>"

    def free_texts(self, name: str, free_texts: tuple[FreeText, ...]) -> str:
        if not free_texts:
            return ""
        details = [
            f"<FreeTextDetail{attribute('subjectCode', item.code)}>"
            f"{''.join([element('FreeTexts', line) for line in item.texts])}</FreeTextDetail>"
            for item in free_texts
        ]
        return f"<{name}>{''.join(details)}</{name}>"

    def money(self, name: str, amount: Amount) -> str:
        return (
            f'<{name}{attribute("amountTypeCode", amount.code)} currencyCodeList="ISO_4217">'
            f"<Amount{attribute('currencyIdentifier', amount.currency)}>{text(amount.value)}</Amount>"
            f"{self.in_language('AmountDescription', amount.description, amount.lang)}</{name}>"
        )

    def money_items(self, name: str, amounts: tuple[Amount, ...]) -> str:
        return "".join(
            [
                f"<{name}>{self.money('Moa', amount)}"
                f"{self.reference('RffDtm', amount.reference) if amount.reference else ''}</{name}>"
                for amount in amounts
            ]
        )

    def allowance_head(self, allowance: Allowance) -> str:
        return (
            f"<Alc{attribute('allowanceCode', allowance.code)}>"
            f"{element('AllowanceIdentifier', allowance.identifier)}"
            f"{self.in_language('SpecialServices', allowance.label, allowance.lang)}</Alc>"
        )

    def party_name(self, party) -> str:
        if party.name is None:
            return ""
        return f"<PartnerName{attribute('nameType', party.name_type)}>{text(party.name)}</PartnerName>"

    def country(self, country: str | None) -> str:
        return "" if country is None else f'<Country codeList="ISO_3166-1">{text(country)}</Country>'

    def contact(self, contact, address_name: str) -> str:
        communication = ""
        if contact.means is not None or contact.address is not None:
            communication = (
                f"<Communication>{element('ComMeansType', contact.means)}{element(address_name, contact.address)}"
                "</Communication>"
            )
        return (
            f"<CtaSection><Contact{attribute('functionCode', contact.code)}>"
            f"{element('ContactIdentifier', contact.identifier)}{element('ContactName', contact.name)}</Contact>"
            f"{communication}</CtaSection>"
        )

    def payment(self, payment: Payment) -> str:
        terms = means = ""
        if payment.terms is not None or payment.description is not None:
            terms = f"<Pyt>{self.payment_terms(payment)}</Pyt>"
        if payment.condition is not None or payment.means is not None:
            means = (
                f"<PytPai>{element('PaiConditionCode', payment.condition)}"
                f"{element('PaiMeansCode', payment.means)}</PytPai>"
            )
        return (
            f"<PytSectionDetails>{terms}{self.dates('PytDtm', payment.dates)}"
            f"{self.money('PytMoa', payment.amount) if payment.amount else ''}{means}"
            f"{self.institution(payment.institution) if payment.institution else ''}</PytSectionDetails>"
        )

    def institution(self, institution: Institution) -> str:
        holder = bank = ""
        if institution.account is not None or institution.owner is not None:
            holder = (
                f"<AccountHolder>{element('AccountNumber', institution.account)}"
                f"{element('OwnerIdentifier', institution.owner)}</AccountHolder>"
            )
        if any(value is not None for value in (institution.name_code, institution.branch, institution.name)):
            bank = (
                f"<InstitutionIdentification{attribute('nameCode', institution.name_code)}>"
                f"{element('BranchIdentifier', institution.branch)}{element('InstitutionName', institution.name)}"
                "</InstitutionIdentification>"
            )
        return (
            f"<PytFii{attribute('functionCode', institution.code)}>{holder}{bank}"
            f"{self.country(institution.country)}</PytFii>"
        )

    def line(self, name: str, line: Line) -> str:
        infos = quantity = amounts = ""
        if line.infos:
            details = [
                f"<ApiDetails{attribute('lang', info.lang)}>{element('ApiCode', info.code)}"
                f"{element('ApiDescription', info.description)}</ApiDetails>"
                for info in line.infos
            ]
            infos = f"<LinApi>{''.join(details)}</LinApi>"
        if line.quantity:
            quantity = (
                f"<LinQty><Quantity{attribute('measurementUnit', line.quantity.unit)}>"
                f"{text(line.quantity.value)}</Quantity></LinQty>"
            )
        if line.amounts:
            amounts = f"<LinMoa>{self.money_items('MoaDetails', line.amounts)}</LinMoa>"
        return (
            f"<{name}>{element('ItemIdentifier', line.number)}<LinImd{attribute('lang', line.lang)}>"
            f"{element('ItemCode', line.code)}{element('ItemDescription', line.description)}</LinImd>"
            f"{infos}{quantity}{self.dates('LinDtm', line.dates)}{self.line_taxes(line.taxes)}"
            f"{self.line_allowances(line.allowances)}{amounts}{self.free_texts('LinFtx', line.free_texts)}"
            f"{self.sub_lines(line.lines)}</{name}>"
        )
