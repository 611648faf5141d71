"""The assertions of TTN's schemas as rules: what XSD 1.1 checks and lxml cannot.

A document that passes :func:`~.schema.check_schema` and :func:`check_rules` is what TTN's own schema accepts, and no other is.
"""

from __future__ import annotations

import re
from itertools import islice

from lxml import etree

from .findings import MAX_FINDINGS, Finding, finding
from .identifiers import CIN_FORM, MATRICULE_EXAMPLES, MATRICULE_FORMS, RESIDENCE_FORMS
from .paths import SIGNATURE, path_of
from .rules_v19 import check_rules_v19
from .schema import judging_version

_DS = "{http://www.w3.org/2000/09/xmldsig#}"
#: Elements of a signature that hold base64: those known wherever they stand, and those known inside their parents.
_BASE64_ANYWHERE = (f"{_DS}DigestValue", f"{_DS}SignatureValue")
_BASE64_INSIDE = tuple(
    f"{_DS}{name}"
    for name in (
        *("X509Certificate", "X509SKI", "X509CRL", "PGPKeyID", "PGPKeyPacket", "SPKISexp"),
        *("Modulus", "Exponent", "P", "Q", "G", "Y", "J", "Seed", "PgenCounter"),
    )
)
_BASE64 = re.compile("[A-Za-z0-9+/]*={0,2}")
_WITHOUT_SPACE = dict.fromkeys(map(ord, " \t\r\n"))

_supplier_identifiers = etree.XPath(
    '/TEIF/InvoiceBody/PartnerSection/PartnerDetails[@functionCode="I-62"]/Nad/PartnerIdentifier'
)
_partner_identifiers = etree.XPath("/TEIF/InvoiceBody/PartnerSection/PartnerDetails/Nad/PartnerIdentifier")


def check_rules(root: etree._Element) -> list[Finding]:
    """What the assertions of the document's own version say against it; nothing for a version without schema."""
    version = judging_version(root)
    return list(islice(_RULES[version](root), MAX_FINDINGS)) if version else []


def _check_188(root):
    # The receiver and all partners but the supplier have no assertion in this version
    yield from _check_identifiers(_header(root)[:1] + _supplier_identifiers(root), "1.8.8")
    for signature in root.iterchildren(SIGNATURE):
        yield from _check_base64(signature)


def _check_base64(signature):
    """Not an assertion, but left to us all the same: libxml2 passes over characters that no base64 holds."""
    for element in signature.iter(*_BASE64_ANYWHERE, *_BASE64_INSIDE):
        inside = element.getparent().tag.startswith(_DS)
        text = (element.text or "").translate(_WITHOUT_SPACE)
        if (inside or element.tag in _BASE64_ANYWHERE) and not _is_base64(text):
            name = element.tag.removeprefix(_DS)
            yield finding("schema.datatype", path_of(element), name=name, value=text, type="xs:base64Binary")


def _is_base64(text):
    if not _BASE64.fullmatch(text) or len(text) % 4:
        return False
    # The bits that padding leaves over must be zero
    rest = text.rstrip("=")
    return len(rest) % 4 == 0 or rest[-1] in ("AQgw" if len(rest) % 4 == 2 else "AEIMQUYcgkosw048")


def _check_189(root):
    return _check_identifiers(_header(root) + _partner_identifiers(root), "1.8.9")


def _header(root):
    header = root.find("InvoiceHeader")
    if header is None:
        return []
    return [*header.findall("MessageSenderIdentifier")[:1], *header.findall("MessageRecieverIdentifier")[:1]]


def _check_identifiers(elements, version):
    for element in elements:
        value, kind = element.text or "", element.get("type")
        if kind == "I-01" and not MATRICULE_FORMS[version].fullmatch(value):
            form = MATRICULE_EXAMPLES[version]
            yield finding("identifier.matricule", path_of(element), value=value, form=form)
        elif kind == "I-02" and not CIN_FORM.fullmatch(value):
            yield finding("identifier.cin", path_of(element), value=value)
        elif kind == "I-03" and not RESIDENCE_FORMS[version].fullmatch(value):
            yield finding("identifier.residence", path_of(element), value=value, form="9 digits")


_RULES = {"1.8.8": _check_188, "1.8.9": _check_189, "1.9.0": check_rules_v19}
