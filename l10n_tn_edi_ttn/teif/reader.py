"""A parsed TEIF document of any version -> :class:`~.document.Document`.

The reader is tolerant: it takes the elements of a block in any order, knows the names of all the versions, ignores what it
doesn't know, and finds RefTtnVal and signatures wherever they stand below the root, since TTN's own answers don't follow
its schema. It judges nothing; where a value cannot be read its text is kept. Namespaces are ignored.
"""
from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

from lxml import etree

from .document import (
    Address, Allowance, Amount, Attachment, Contact, DateText, Document, FreeText, Identifier, Institution, ItemInfo, Line,
    Number, Party, Payment, Period, Place, Quantity, Reference, Tax, TaxTotal, TtnReference,
)

_NUMBER = re.compile(r'-?[0-9]+(?:[.,][0-9]+)?')
_has_comments = etree.XPath('boolean(//comment() | //processing-instruction())')


def read(root: etree._Element) -> Document:
    """The document below ``root``, which is not changed. Elements that are missing give None, '' or ()."""
    root = without_comments(root)
    fields = {
        'version': root.get('version') or '', 'agency': root.get('controlingAgency') or '',
        'sender': Identifier('', None), 'receiver': Identifier('', None),
        'number': '', 'type_code': None, 'type_label': '',
    }
    attachments = []
    for child in root:
        name = _name(child)
        if name == 'InvoiceHeader':
            for item in child:
                field = _HEADER.get(_name(item))
                if field:
                    fields[field] = _identifier(item)
        elif name == 'InvoiceBody':
            _read_body(child, fields)
        elif name == 'AdditionnalDocuments':
            attachments.append(_attachment(child))
        elif name == 'AdditionalDocumentsSection':
            attachments += map(_attachment, child)
        elif name == 'RefTtnVal':
            fields['ttn_reference'] = _ttn_reference(child)
    fields['attachments'] = tuple(attachments)
    return Document(**fields)


def without_comments(root: etree._Element) -> etree._Element:
    """``root``, or a copy without comments and processing instructions when it has any: they would split the texts."""
    if not _has_comments(root):
        return root
    copy = etree.fromstring(etree.tostring(root), etree.XMLParser(
        remove_comments=True, remove_pis=True, resolve_entities=False, no_network=True, load_dtd=False))
    return copy


_HEADER = {'MessageSenderIdentifier': 'sender', 'MessageRecieverIdentifier': 'receiver'}


def _read_body(body, fields):
    lists = {
        'references': [], 'dates': [], 'parties': [], 'places': [], 'payments': [], 'free_texts': [],
        'special_conditions': [], 'lines': [], 'line_details': [], 'amounts': [], 'taxes': [], 'allowances': [],
    }
    for section in body:
        name = _name(section)
        if name == 'Bgm':
            for item in section:
                part = _name(item)
                if part == 'DocumentIdentifier':
                    fields['number'] = _text(item)
                elif part == 'DocumentType':
                    fields['type_code'] = item.get('code')
                    fields['type_label'] = _text(item)
                elif part == 'DocumentReferences':
                    lists['references'] += map(_reference, item)
        elif name in _SECTIONS:
            field, read_item = _SECTIONS[name]
            lists[field] += map(read_item, section)
    for field, items in lists.items():
        fields[field] = tuple(items)


def _name(element) -> str:
    tag = element.tag
    return tag if tag[0] != '{' else tag.rpartition('}')[2]


def _text(element) -> str:
    return element.text or ''


def _number(element) -> Number:
    value = element.text or ''
    return Decimal(value.replace(',', '.')) if _NUMBER.fullmatch(value) else value


def _identifier(element) -> Identifier:
    return Identifier(_text(element), element.get('type'))


def _place(element) -> Place:
    return Place(element.get('functionCode'), _text(element))


# Dates

def _two_digit_year(text: str) -> int:
    # As POSIX does: e-invoices began in 2016, contracts and births they refer to may be older
    year = int(text)
    return year + (2000 if year < 69 else 1900)


def _day(text: str) -> date:
    year = _two_digit_year(text[4:]) if len(text) == 6 else int(text[4:])
    return date(year, int(text[2:4]), int(text[:2]))


def _moment(text: str) -> datetime:
    day = _day(text[:-4])
    return datetime(day.year, day.month, day.day, int(text[-4:-2]), int(text[-2:]))


def _period(text: str) -> Period:
    start, end = text.split('-')
    return Period(_day(start), _day(end))


_DATE_FORMS = {
    'ddMMyy': (re.compile('[0-9]{6}'), _day),
    'ddMMyyyy': (re.compile('[0-9]{8}'), _day),
    'ddMMyyHHmm': (re.compile('[0-9]{10}'), _moment),
    'ddMMyyyyHHmm': (re.compile('[0-9]{12}'), _moment),
    'ddMMyy-ddMMyy': (re.compile('[0-9]{6}-[0-9]{6}'), _period),
    'ddMMyyyy-ddMMyyyy': (re.compile('[0-9]{8}-[0-9]{8}'), _period),
}


def _date(element) -> DateText:
    form = element.get('format')
    code = element.get('functionCode')
    value = _text(element)
    shape, convert = _DATE_FORMS.get(form, (None, None))
    if shape and shape.fullmatch(value):
        try:
            return DateText(code, convert(value))
        except ValueError:  # digits that are no day, such as the 31st of February
            return DateText(code, value, form)
    return DateText(code, value, form)


def _dates(element) -> tuple[DateText, ...]:
    return tuple(map(_date, element))


def _reference(element) -> Reference:
    code, value, dates = None, '', ()
    for item in element:
        name = _name(item)
        if name == 'Reference':
            code, value = item.get('refID'), _text(item)
        elif name == 'ReferenceDate':
            dates = _dates(item)
    return Reference(code, value, dates)


# Texts and amounts

def _free_text(element) -> FreeText:
    return FreeText(element.get('subjectCode'), tuple(map(_text, element)))


def _free_texts(element) -> tuple[FreeText, ...]:
    return tuple(map(_free_text, element))


def _money(element, reference=None) -> Amount:
    value, currency, description, lang = '', None, None, None
    for item in element:
        name = _name(item)
        if name == 'Amount':
            value, currency = _number(item), item.get('currencyIdentifier')
        elif name == 'AmountDescription':
            description, lang = _text(item), item.get('lang')
    return Amount(element.get('amountTypeCode'), value, currency, description, lang, reference)


def _money_item(element) -> Amount:
    money = reference = None
    for item in element:
        name = _name(item)
        if name == 'Moa':
            money = item
        elif name == 'RffDtm':
            reference = _reference(item)
    return Amount(None, '', None, reference=reference) if money is None else _money(money, reference)


# Taxes and allowances. From 1.9.0 the category is mandatory; where it says what the rest says already it is None here.

def _tax(element) -> Tax:
    code, name, rate, basis, category, amount = None, '', None, None, None, None
    for item in element:
        part = _name(item)
        if part == 'TaxTypeName':
            code, name = item.get('code'), _text(item)
        elif part == 'TaxCategory':
            category = _text(item)
        elif part == 'TaxDetails':
            for detail in item:
                if _name(detail) == 'TaxRate':
                    rate = _number(detail)
                elif _name(detail) == 'TaxRateBasis':
                    basis = _number(detail)
        elif part == 'TaxAmount':
            amount = _money(item)
    if category == category_of(rate, amount):
        category = None
    return Tax(code, name, rate, basis, category, amount)


def category_of(rate: Number | None, amount: Amount | None) -> str:
    """The category (1.9.0) that follows from what a tax or allowance holds: Rate with a rate, Amount otherwise."""
    return 'Rate' if rate is not None and amount is None else 'Amount'


def _tax_total(element) -> TaxTotal:
    tax, amounts = Tax(None, ''), []
    for item in element:
        name = _name(item)
        if name == 'Tax':
            tax = _tax(item)
        elif name == 'AmountDetails':
            amounts.append(_money_item(item))
        elif name == 'AmountDetailsSection':
            amounts += map(_money_item, item)
    return TaxTotal(tax, tuple(amounts))


def _allowance(element) -> Allowance:
    fields = {}
    for item in element:
        name = _name(item)
        if name == 'Alc':
            fields['code'] = item.get('allowanceCode')
            for part in item:
                if _name(part) == 'AllowanceIdentifier':
                    fields['identifier'] = _text(part)
                elif _name(part) == 'SpecialServices':
                    fields['label'], fields['lang'] = _text(part), part.get('lang')
        elif name == 'AlcCategory':
            fields['category'] = _text(item)
        elif name in ('Pcd', 'AlcDetails'):
            for part in item:
                if _name(part) in ('Percentage', 'AlcRate'):
                    fields['rate'] = _number(part)
                elif _name(part) in ('PercentageBasis', 'AlcRateBasis'):
                    fields['basis'] = _number(part)
        elif name in ('Moa', 'AlcAmount'):
            fields['amount'] = _money(item)
        elif name == 'Ftx':
            fields['free_texts'] = _free_texts(item)
        elif name == 'TaxAlc':
            fields['tax'] = _tax_total(item)
    if fields.get('category') == category_of(fields.get('rate'), None):
        fields['category'] = None
    return Allowance(**fields)


# Parties

def _address(element) -> Address:
    fields = {'country': None, 'lang': element.get('lang')}
    for item in element:
        field = _ADDRESS.get(_name(item))
        if field:
            fields[field] = _text(item)
    return Address(**fields)


_ADDRESS = {
    'AdressDescription': 'description', 'AddressDescription': 'description', 'Street': 'street', 'CityName': 'city',
    'PostalCode': 'postal_code', 'Country': 'country',
}


def _contact(element) -> Contact:
    fields = {'code': None}
    for item in element:
        if _name(item) == 'Contact':
            fields['code'] = item.get('functionCode')
        for part in item:
            field = _CONTACT.get(_name(part))
            if field:
                fields[field] = _text(part)
    return Contact(**fields)


_CONTACT = {
    'ContactIdentifier': 'identifier', 'ContactName': 'name', 'ComMeansType': 'means', 'ComAdress': 'address',
    'ComAddress': 'address',
}


def _party(element) -> Party:
    fields = {'identifier': Identifier('', None), 'name_type': None}
    lists = {'addresses': [], 'places': [], 'references': [], 'contacts': []}
    for item in element:
        name = _name(item)
        if name == 'Nad':
            for part in item:
                inner = _name(part)
                if inner == 'PartnerIdentifier':
                    fields['identifier'] = _identifier(part)
                elif inner == 'PartnerName':
                    fields['name'], fields['name_type'] = _text(part), part.get('nameType')
                elif inner in ('PartnerAdresses', 'PartnerAddress'):
                    lists['addresses'].append(_address(part))
        elif name in _PARTY_ITEMS:
            field, read_item = _PARTY_ITEMS[name]
            lists[field].append(read_item(item))
        elif name in _PARTY_GROUPS:
            field, read_item = _PARTY_GROUPS[name]
            lists[field] += map(read_item, item)
    return Party(role=element.get('functionCode'), **fields, **{name: tuple(items) for name, items in lists.items()})


_PARTY_ITEMS = {'Loc': ('places', _place), 'RffSection': ('references', _reference), 'CtaSection': ('contacts', _contact)}
_PARTY_GROUPS = {
    'LocSection': ('places', _place), 'RffSectionGroup': ('references', _reference),
    'CtaSectionGroup': ('contacts', _contact),
}


# Payment

def _payment(element) -> Payment:
    fields = {}
    for item in element:
        name = _name(item)
        if name in ('Pyt', 'PytPai'):
            for part in item:
                field = _PAYMENT.get(_name(part))
                if field:
                    fields[field] = _text(part)
        elif name == 'PytDtm':
            fields['dates'] = _dates(item)
        elif name == 'PytMoa':
            fields['amount'] = _money(item)
        elif name == 'PytFii':
            fields['institution'] = _institution(item)
    return Payment(**fields)


_PAYMENT = {
    'PaymentTearmsTypeCode': 'terms', 'PaymentTermsTypeCode': 'terms', 'PaymentTearmsDescription': 'description',
    'PaymentTermsDescription': 'description', 'PaiConditionCode': 'condition', 'PaiMeansCode': 'means',
}


def _institution(element) -> Institution:
    fields = {'code': element.get('functionCode')}
    for item in element:
        name = _name(item)
        if name == 'Country':
            fields['country'] = _text(item)
        elif name == 'InstitutionIdentification':
            fields['name_code'] = item.get('nameCode')
        for part in item:
            field = _INSTITUTION.get(_name(part))
            if field:
                fields[field] = _text(part)
    return Institution(**fields)


_INSTITUTION = {
    'AccountNumber': 'account', 'OwnerIdentifier': 'owner', 'BranchIdentifier': 'branch', 'InstitutionName': 'name',
}


# Lines

def _line(element) -> Line:
    fields = {'number': '', 'code': '', 'description': ''}
    taxes, allowances, lines = [], [], []
    for item in element:
        name = _name(item)
        if name == 'ItemIdentifier':
            fields['number'] = _text(item)
        elif name == 'LinImd':
            fields['lang'] = item.get('lang')
            for part in item:
                if _name(part) == 'ItemCode':
                    fields['code'] = _text(part)
                elif _name(part) == 'ItemDescription':
                    fields['description'] = _text(part)
        elif name == 'LinApi':
            fields['infos'] = tuple(map(_info, item))
        elif name == 'LinQty':
            for part in item:
                fields['quantity'] = Quantity(_number(part), part.get('measurementUnit'))
        elif name == 'LinDtm':
            fields['dates'] = _dates(item)
        elif name == 'LinTax':
            taxes += map(_tax, [part for part in item if _name(part) == 'LinTaxDetails'] or [item])
        elif name == 'LinAlc':
            allowances += map(_allowance, [part for part in item if _name(part) == 'LinAlcDetails'] or [item])
        elif name == 'LinMoa':
            fields['amounts'] = tuple(map(_money_item, item))
        elif name == 'LinFtx':
            fields['free_texts'] = _free_texts(item)
        elif name == 'SubLin':
            lines.append(_line(item))
        elif name == 'SubLinSection':
            lines += map(_line, item)
    return Line(**fields, taxes=tuple(taxes), allowances=tuple(allowances), lines=tuple(lines))


def _info(element) -> ItemInfo:
    code = description = ''
    for item in element:
        if _name(item) == 'ApiCode':
            code = _text(item)
        elif _name(item) == 'ApiDescription':
            description = _text(item)
    return ItemInfo(code, description, element.get('lang'))


# Around the invoice

def _attachment(element) -> Attachment:
    fields = {'identifier': '', 'name': ''}
    for item in element:
        name = _name(item).replace('nnal', 'nal')  # the spelling of 1.8 and of 1.9
        if name == 'AdditionalDocumentIdentifier':
            fields['identifier'] = _text(item)
        elif name == 'AdditionalDocumentName':
            fields['name'] = _text(item)
        elif name == 'AdditionalDocumentDate':
            fields['dates'] = _dates(item)
    return Attachment(**fields)


def _ttn_reference(element) -> TtnReference:
    fields = {'reference': '', 'code': None}
    for item in element:
        name = _name(item)
        if name == 'ReferenceTTN':
            fields['reference'], fields['code'] = _text(item), item.get('refID')
        elif name == 'ReferenceCEV':
            fields['cev'] = _text(item)
        elif name == 'ReferenceDate':
            fields['dates'] = _dates(item)
    return TtnReference(**fields)


_SECTIONS = {
    'Dtm': ('dates', _date), 'PartnerSection': ('parties', _party), 'LocSection': ('places', _place),
    'PytSection': ('payments', _payment), 'Ftx': ('free_texts', _free_text),
    'SpecialConditions': ('special_conditions', _text), 'LinSection': ('lines', _line),
    'LinDetailsSection': ('line_details', _line), 'InvoiceMoa': ('amounts', _money_item),
    'InvoiceTax': ('taxes', _tax_total), 'InvoiceAlc': ('allowances', _allowance),
}
