"""Document -> bytes for TEIF 1.8.8 and 1.8.9, which are written alike.

Nothing is rounded, cut, or judged here: what the schema refuses is found by the checker. Attributes stand in
alphabetical order as in TTN's example, there is no white space between elements, no BOM and no pretty print.
"""

from __future__ import annotations

from datetime import datetime

from .codes import TVA
from .document import (
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
    Line,
    Party,
    Payment,
    Period,
    Place,
    Reference,
    Tax,
    TaxTotal,
)
from .xmltext import DECLARATION, attribute, element, text


def write(document: Document) -> bytes:
    """The document as UTF-8 XML. ``document.ttn_reference`` is TTN's to write and is left out."""
    parts = [
        DECLARATION,
        f"<TEIF{attribute('controlingAgency', document.agency)}{attribute('version', document.version)}><InvoiceHeader>",
        _identifier("MessageSenderIdentifier", document.sender),
        _identifier("MessageRecieverIdentifier", document.receiver),
        "</InvoiceHeader><InvoiceBody><Bgm>",
        element("DocumentIdentifier", document.number),
        f"<DocumentType{attribute('code', document.type_code)}>{text(document.type_label)}</DocumentType>",
    ]
    if document.references:
        parts.append("<DocumentReferences>")
        parts += [_reference("DocumentReference", reference) for reference in document.references]
        parts.append("</DocumentReferences>")
    parts.append("</Bgm>")
    parts.append(_dates("Dtm", document.dates) or "<Dtm></Dtm>")
    parts.append("<PartnerSection>")
    parts += map(_party, document.parties)
    parts.append("</PartnerSection>")
    if document.places:
        parts += [
            "<LocSection>",
            *[_place("LocDetails", place) for place in document.places],
            "</LocSection>",
        ]
    if document.payments:
        parts += ["<PytSection>", *map(_payment, document.payments), "</PytSection>"]
    parts.append(_free_texts("Ftx", document.free_texts))
    if document.special_conditions:
        conditions = [element("SpecialCondition", condition) for condition in document.special_conditions]
        parts += ["<SpecialConditions>", *conditions, "</SpecialConditions>"]
    parts += ["<LinSection>", *[_line("Lin", line) for line in document.lines], "</LinSection>"]
    if document.line_details:
        details = [_line("LinDetail", line) for line in document.line_details]
        parts += ["<LinDetailsSection>", *details, "</LinDetailsSection>"]
    parts += ["<InvoiceMoa>", _money_items("AmountDetails", document.amounts), "</InvoiceMoa><InvoiceTax>"]
    parts += [_tax_total("InvoiceTaxDetails", total) for total in document.taxes]
    parts.append("</InvoiceTax>")
    if document.allowances:
        parts += ["<InvoiceAlc>", *map(_allowance, document.allowances), "</InvoiceAlc>"]
    parts.append("</InvoiceBody>")
    parts += map(_attachment, document.attachments)
    parts.append("</TEIF>")
    return "".join(parts).encode()


def _identifier(name: str, identifier: Identifier) -> str:
    return f"<{name}{attribute('type', identifier.type)}>{text(identifier.value)}</{name}>"


def _date(item: DateText) -> str:
    value = item.value
    if isinstance(value, str):
        form = item.format
    elif isinstance(value, Period):
        form = "ddMMyy-ddMMyy"
        value = f"{value.start:%d%m%y}-{value.end:%d%m%y}"
    elif isinstance(value, datetime):
        form = "ddMMyyHHmm"
        value = f"{value:%d%m%y%H%M}"
    else:
        form = "ddMMyy"
        value = f"{value:%d%m%y}"
    return (
        f"<DateText{attribute('format', form)}{attribute('functionCode', item.code)}>{text(value)}</DateText>"
    )


def _dates(name: str, dates: tuple[DateText, ...]) -> str:
    return f"<{name}>{''.join(map(_date, dates))}</{name}>" if dates else ""


def _reference(name: str, reference: Reference) -> str:
    return (
        f"<{name}><Reference{attribute('refID', reference.code)}>{text(reference.value)}</Reference>"
        f"{_dates('ReferenceDate', reference.dates)}</{name}>"
    )


def _place(name: str, place: Place) -> str:
    return f"<{name}{attribute('functionCode', place.code)}>{text(place.text)}</{name}>"


def _in_language(name: str, value: str | None, lang: str | None) -> str:
    return "" if value is None else f"<{name}{attribute('lang', lang)}>{text(value)}</{name}>"


def _free_texts(name: str, free_texts: tuple[FreeText, ...]) -> str:
    if not free_texts:
        return ""
    details = [
        f"<FreeTextDetail{attribute('subjectCode', item.code)}>"
        f"{''.join([element('FreeTexts', line) for line in item.texts])}</FreeTextDetail>"
        for item in free_texts
    ]
    return f"<{name}>{''.join(details)}</{name}>"


def _money(name: str, amount: Amount) -> str:
    return (
        f'<{name}{attribute("amountTypeCode", amount.code)} currencyCodeList="ISO_4217">'
        f"<Amount{attribute('currencyIdentifier', amount.currency)}>{text(amount.value)}</Amount>"
        f"{_in_language('AmountDescription', amount.description, amount.lang)}</{name}>"
    )


def _money_items(name: str, amounts: tuple[Amount, ...]) -> str:
    return "".join(
        [
            f"<{name}>{_money('Moa', amount)}"
            f"{_reference('RffDtm', amount.reference) if amount.reference else ''}</{name}>"
            for amount in amounts
        ]
    )


def _tax(name: str, tax: Tax) -> str:
    return (
        f"<{name}><TaxTypeName{attribute('code', tax.code)}>{text(tax.name)}</TaxTypeName>"
        f"{element('TaxCategory', tax.category)}<TaxDetails>{element('TaxRate', tax.rate)}"
        f"{element('TaxRateBasis', tax.basis)}</TaxDetails></{name}>"
    )


def _tax_total(name: str, total: TaxTotal) -> str:
    return f"<{name}>{_tax('Tax', total.tax)}{_money_items('AmountDetails', total.amounts)}</{name}>"


def _allowance_head(allowance: Allowance) -> str:
    return (
        f"<Alc{attribute('allowanceCode', allowance.code)}>{element('AllowanceIdentifier', allowance.identifier)}"
        f"{_in_language('SpecialServices', allowance.label, allowance.lang)}</Alc>"
    )


def _allowance(allowance: Allowance) -> str:
    return (
        f"<AllowanceDetails>{_allowance_head(allowance)}{_money('Moa', allowance.amount) if allowance.amount else ''}"
        f"{_free_texts('Ftx', allowance.free_texts)}{_tax_total('TaxAlc', allowance.tax) if allowance.tax else ''}"
        "</AllowanceDetails>"
    )


def _line_allowance(allowance: Allowance) -> str:
    return (
        f"<LinAlc>{_allowance_head(allowance)}<Pcd>{element('Percentage', allowance.rate)}"
        f"{element('PercentageBasis', allowance.basis)}</Pcd>{_free_texts('Ftx', allowance.free_texts)}</LinAlc>"
    )


def _address(address: Address) -> str:
    country = address.country
    return (
        f"<PartnerAdresses{attribute('lang', address.lang)}>{element('AdressDescription', address.description)}"
        f"{element('Street', address.street)}{element('CityName', address.city)}"
        f"{element('PostalCode', address.postal_code)}"
        f"{'' if country is None else _country(country)}</PartnerAdresses>"
    )


def _country(country: str) -> str:
    return f'<Country codeList="ISO_3166-1">{text(country)}</Country>'


def _contact(contact: Contact) -> str:
    communication = ""
    if contact.means is not None or contact.address is not None:
        communication = (
            f"<Communication>{element('ComMeansType', contact.means)}{element('ComAdress', contact.address)}"
            "</Communication>"
        )
    return (
        f"<CtaSection><Contact{attribute('functionCode', contact.code)}>"
        f"{element('ContactIdentifier', contact.identifier)}{element('ContactName', contact.name)}</Contact>"
        f"{communication}</CtaSection>"
    )


def _party(party: Party) -> str:
    name = party.name
    return "".join(
        [
            f"<PartnerDetails{attribute('functionCode', party.role)}><Nad>",
            _identifier("PartnerIdentifier", party.identifier),
            ""
            if name is None
            else f"<PartnerName{attribute('nameType', party.name_type)}>{text(name)}</PartnerName>",
            *map(_address, party.addresses),
            "</Nad>",
            *[_place("Loc", place) for place in party.places],
            *[_reference("RffSection", reference) for reference in party.references],
            *map(_contact, party.contacts),
            "</PartnerDetails>",
        ]
    )


def _institution(institution: Institution) -> str:
    holder = ""
    if institution.account is not None or institution.owner is not None:
        holder = (
            f"<AccountHolder>{element('AccountNumber', institution.account)}"
            f"{element('OwnerIdentifier', institution.owner)}</AccountHolder>"
        )
    bank = ""
    if institution.name_code is not None or institution.branch is not None or institution.name is not None:
        bank = (
            f"<InstitutionIdentification{attribute('nameCode', institution.name_code)}>"
            f"{element('BranchIdentifier', institution.branch)}{element('InstitutionName', institution.name)}"
            "</InstitutionIdentification>"
        )
    country = "" if institution.country is None else _country(institution.country)
    return f"<PytFii{attribute('functionCode', institution.code)}>{holder}{bank}{country}</PytFii>"


def _payment(payment: Payment) -> str:
    terms = ""
    if payment.terms is not None or payment.description is not None:
        terms = (
            f"<Pyt>{element('PaymentTearmsTypeCode', payment.terms)}"
            f"{element('PaymentTearmsDescription', payment.description)}</Pyt>"
        )
    means = ""
    if payment.condition is not None or payment.means is not None:
        means = f"<PytPai>{element('PaiConditionCode', payment.condition)}{element('PaiMeansCode', payment.means)}</PytPai>"
    return (
        f"<PytSectionDetails>{terms}{_dates('PytDtm', payment.dates)}"
        f"{_money('PytMoa', payment.amount) if payment.amount else ''}{means}"
        f"{_institution(payment.institution) if payment.institution else ''}</PytSectionDetails>"
    )


def _line(name: str, line: Line) -> str:
    parts = [
        f"<{name}>{element('ItemIdentifier', line.number)}<LinImd{attribute('lang', line.lang)}>"
        f"{element('ItemCode', line.code)}{element('ItemDescription', line.description)}</LinImd>",
    ]
    if line.infos:
        parts.append("<LinApi>")
        parts += [
            f"<ApiDetails{attribute('lang', info.lang)}>{element('ApiCode', info.code)}"
            f"{element('ApiDescription', info.description)}</ApiDetails>"
            for info in line.infos
        ]
        parts.append("</LinApi>")
    if line.quantity:
        parts.append(
            f"<LinQty><Quantity{attribute('measurementUnit', line.quantity.unit)}>"
            f"{text(line.quantity.value)}</Quantity></LinQty>"
        )
    parts.append(_dates("LinDtm", line.dates))
    if line.taxes:
        # One tax a line is all that these versions hold: TVA, which every receiver needs, before the others
        parts.append(_tax("LinTax", next((tax for tax in line.taxes if tax.code == TVA), line.taxes[0])))
    parts += map(_line_allowance, line.allowances)
    if line.amounts:
        parts.append(f"<LinMoa>{_money_items('MoaDetails', line.amounts)}</LinMoa>")
    parts.append(_free_texts("LinFtx", line.free_texts))
    parts += [_line("SubLin", subline) for subline in line.lines]
    parts.append(f"</{name}>")
    return "".join(parts)


def _attachment(attachment: Attachment) -> str:
    return (
        f"<AdditionnalDocuments>{element('AdditionnalDocumentIdentifier', attachment.identifier)}"
        f"{element('AdditionnalDocumentName', attachment.name)}"
        f"{_dates('AdditionnalDocumentDate', attachment.dates)}</AdditionnalDocuments>"
    )
