"""A parsed TEIF document of any version -> :class:`~.document.Document`.

The reader is tolerant: it takes the elements of a block in any order, knows the names of all the versions, ignores what it
doesn't know, and finds RefTtnVal and signatures wherever they stand below the root, since TTN's own answers don't follow
its schema. It judges nothing; where a value cannot be read its text is kept. Namespaces are ignored.
"""

from __future__ import annotations

from lxml import etree

from .document import (
    Address,
    Attachment,
    Contact,
    Document,
    Identifier,
    Institution,
    ItemInfo,
    Line,
    Party,
    Payment,
    Quantity,
    TtnReference,
)
from .reader_blocks import (
    name_of,
    read_allowance,
    read_date,
    read_dates,
    read_free_text,
    read_free_texts,
    read_identifier,
    read_money,
    read_money_item,
    read_number,
    read_place,
    read_reference,
    read_tax,
    read_tax_total,
    text_of,
)

_has_comments = etree.XPath("boolean(//comment() | //processing-instruction())")


def read(root: etree._Element) -> Document:
    """The document below ``root``, which is not changed. Elements that are missing give None, '' or ()."""
    root = without_comments(root)
    fields = {
        "version": root.get("version") or "",
        "agency": root.get("controlingAgency") or "",
        "sender": Identifier("", None),
        "receiver": Identifier("", None),
        "number": "",
        "type_code": None,
        "type_label": "",
    }
    attachments = []
    for child in root:
        name = name_of(child)
        if name == "InvoiceHeader":
            for item in child:
                field = _HEADER.get(name_of(item))
                if field:
                    fields[field] = read_identifier(item)
        elif name == "InvoiceBody":
            _read_body(child, fields)
        elif name == "AdditionnalDocuments":
            attachments.append(_attachment(child))
        elif name == "AdditionalDocumentsSection":
            attachments += map(_attachment, child)
        elif name == "RefTtnVal":
            fields["ttn_reference"] = _ttn_reference(child)
    fields["attachments"] = tuple(attachments)
    return Document(**fields)


def without_comments(root: etree._Element) -> etree._Element:
    """``root``, or a copy without comments and processing instructions when it has any: they would split the texts."""
    if not _has_comments(root):
        return root
    copy = etree.fromstring(
        etree.tostring(root),
        etree.XMLParser(
            remove_comments=True, remove_pis=True, resolve_entities=False, no_network=True, load_dtd=False
        ),
    )
    return copy


_HEADER = {"MessageSenderIdentifier": "sender", "MessageRecieverIdentifier": "receiver"}


def _read_body(body, fields):
    lists = {
        "references": [],
        "dates": [],
        "parties": [],
        "places": [],
        "payments": [],
        "free_texts": [],
        "special_conditions": [],
        "lines": [],
        "line_details": [],
        "amounts": [],
        "taxes": [],
        "allowances": [],
    }
    for section in body:
        name = name_of(section)
        if name == "Bgm":
            for item in section:
                part = name_of(item)
                if part == "DocumentIdentifier":
                    fields["number"] = text_of(item)
                elif part == "DocumentType":
                    fields["type_code"] = item.get("code")
                    fields["type_label"] = text_of(item)
                elif part == "DocumentReferences":
                    lists["references"] += map(read_reference, item)
        elif name in _SECTIONS:
            field, read_item = _SECTIONS[name]
            lists[field] += map(read_item, section)
    for field, items in lists.items():
        fields[field] = tuple(items)


# Parties


def _address(element) -> Address:
    fields = {"country": None, "lang": element.get("lang")}
    for item in element:
        field = _ADDRESS.get(name_of(item))
        if field:
            fields[field] = text_of(item)
    return Address(**fields)


_ADDRESS = {
    "AdressDescription": "description",
    "AddressDescription": "description",
    "Street": "street",
    "CityName": "city",
    "PostalCode": "postal_code",
    "Country": "country",
}


def _contact(element) -> Contact:
    fields = {"code": None}
    for item in element:
        if name_of(item) == "Contact":
            fields["code"] = item.get("functionCode")
        for part in item:
            field = _CONTACT.get(name_of(part))
            if field:
                fields[field] = text_of(part)
    return Contact(**fields)


_CONTACT = {
    "ContactIdentifier": "identifier",
    "ContactName": "name",
    "ComMeansType": "means",
    "ComAdress": "address",
    "ComAddress": "address",
}


def _party(element) -> Party:
    fields = {"identifier": Identifier("", None), "name_type": None}
    lists = {"addresses": [], "places": [], "references": [], "contacts": []}
    for item in element:
        name = name_of(item)
        if name == "Nad":
            for part in item:
                inner = name_of(part)
                if inner == "PartnerIdentifier":
                    fields["identifier"] = read_identifier(part)
                elif inner == "PartnerName":
                    fields["name"], fields["name_type"] = text_of(part), part.get("nameType")
                elif inner in ("PartnerAdresses", "PartnerAddress"):
                    lists["addresses"].append(_address(part))
        elif name in _PARTY_ITEMS:
            field, read_item = _PARTY_ITEMS[name]
            lists[field].append(read_item(item))
        elif name in _PARTY_GROUPS:
            field, read_item = _PARTY_GROUPS[name]
            lists[field] += map(read_item, item)
    return Party(
        role=element.get("functionCode"), **fields, **{name: tuple(items) for name, items in lists.items()}
    )


_PARTY_ITEMS = {
    "Loc": ("places", read_place),
    "RffSection": ("references", read_reference),
    "CtaSection": ("contacts", _contact),
}
_PARTY_GROUPS = {
    "LocSection": ("places", read_place),
    "RffSectionGroup": ("references", read_reference),
    "CtaSectionGroup": ("contacts", _contact),
}


# Payment


def _payment(element) -> Payment:
    fields = {}
    for item in element:
        name = name_of(item)
        if name in ("Pyt", "PytPai"):
            for part in item:
                field = _PAYMENT.get(name_of(part))
                if field:
                    fields[field] = text_of(part)
        elif name == "PytDtm":
            fields["dates"] = read_dates(item)
        elif name == "PytMoa":
            fields["amount"] = read_money(item)
        elif name == "PytFii":
            fields["institution"] = _institution(item)
    return Payment(**fields)


_PAYMENT = {
    "PaymentTearmsTypeCode": "terms",
    "PaymentTermsTypeCode": "terms",
    "PaymentTearmsDescription": "description",
    "PaymentTermsDescription": "description",
    "PaiConditionCode": "condition",
    "PaiMeansCode": "means",
}


def _institution(element) -> Institution:
    fields = {"code": element.get("functionCode")}
    for item in element:
        name = name_of(item)
        if name == "Country":
            fields["country"] = text_of(item)
        elif name == "InstitutionIdentification":
            fields["name_code"] = item.get("nameCode")
        for part in item:
            field = _INSTITUTION.get(name_of(part))
            if field:
                fields[field] = text_of(part)
    return Institution(**fields)


_INSTITUTION = {
    "AccountNumber": "account",
    "OwnerIdentifier": "owner",
    "BranchIdentifier": "branch",
    "InstitutionName": "name",
}


# Lines


def _line(element) -> Line:
    fields = {"number": "", "code": "", "description": ""}
    taxes, allowances, lines = [], [], []
    for item in element:
        name = name_of(item)
        if name == "ItemIdentifier":
            fields["number"] = text_of(item)
        elif name == "LinImd":
            fields["lang"] = item.get("lang")
            for part in item:
                if name_of(part) == "ItemCode":
                    fields["code"] = text_of(part)
                elif name_of(part) == "ItemDescription":
                    fields["description"] = text_of(part)
        elif name == "LinApi":
            fields["infos"] = tuple(map(_info, item))
        elif name == "LinQty":
            for part in item:
                fields["quantity"] = Quantity(read_number(part), part.get("measurementUnit"))
        elif name == "LinDtm":
            fields["dates"] = read_dates(item)
        elif name == "LinTax":
            taxes += map(read_tax, [part for part in item if name_of(part) == "LinTaxDetails"] or [item])
        elif name == "LinAlc":
            allowances += map(
                read_allowance, [part for part in item if name_of(part) == "LinAlcDetails"] or [item]
            )
        elif name == "LinMoa":
            fields["amounts"] = tuple(map(read_money_item, item))
        elif name == "LinFtx":
            fields["free_texts"] = read_free_texts(item)
        elif name == "SubLin":
            lines.append(_line(item))
        elif name == "SubLinSection":
            lines += map(_line, item)
    return Line(**fields, taxes=tuple(taxes), allowances=tuple(allowances), lines=tuple(lines))


def _info(element) -> ItemInfo:
    code = description = ""
    for item in element:
        if name_of(item) == "ApiCode":
            code = text_of(item)
        elif name_of(item) == "ApiDescription":
            description = text_of(item)
    return ItemInfo(code, description, element.get("lang"))


# Around the invoice


def _attachment(element) -> Attachment:
    fields = {"identifier": "", "name": ""}
    for item in element:
        name = name_of(item).replace("nnal", "nal")  # the spelling of 1.8 and of 1.9
        if name == "AdditionalDocumentIdentifier":
            fields["identifier"] = text_of(item)
        elif name == "AdditionalDocumentName":
            fields["name"] = text_of(item)
        elif name == "AdditionalDocumentDate":
            fields["dates"] = read_dates(item)
    return Attachment(**fields)


def _ttn_reference(element) -> TtnReference:
    fields = {"reference": "", "code": None}
    for item in element:
        name = name_of(item)
        if name == "ReferenceTTN":
            fields["reference"], fields["code"] = text_of(item), item.get("refID")
        elif name == "ReferenceCEV":
            fields["cev"] = text_of(item)
        elif name == "ReferenceDate":
            fields["dates"] = read_dates(item)
    return TtnReference(**fields)


_SECTIONS = {
    "Dtm": ("dates", read_date),
    "PartnerSection": ("parties", _party),
    "LocSection": ("places", read_place),
    "PytSection": ("payments", _payment),
    "Ftx": ("free_texts", read_free_text),
    "SpecialConditions": ("special_conditions", text_of),
    "LinSection": ("lines", _line),
    "LinDetailsSection": ("line_details", _line),
    "InvoiceMoa": ("amounts", read_money_item),
    "InvoiceTax": ("taxes", read_tax_total),
    "InvoiceAlc": ("allowances", read_allowance),
}
