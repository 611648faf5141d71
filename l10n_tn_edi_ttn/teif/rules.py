"""The assertions of TTN's schemas as rules: what XSD 1.1 checks and lxml cannot.

A document that passes :func:`~.schema.check_schema` and :func:`check_rules` is what TTN's own schema accepts, and no other is.
"""

from __future__ import annotations

from lxml import etree

from .findings import Finding, finding
from .identifiers import CIN_FORM, MATRICULE_EXAMPLES, MATRICULE_FORMS, RESIDENCE_FORMS
from .schema import judging_version

_partners = etree.XPath("/TEIF/InvoiceBody/PartnerSection/PartnerDetails[@functionCode]")
_supplier_identifiers = etree.XPath(
    '/TEIF/InvoiceBody/PartnerSection/PartnerDetails[@functionCode="I-62"]/Nad/PartnerIdentifier'
)
_partner_identifiers = etree.XPath(
    "/TEIF/InvoiceBody/PartnerSection/PartnerDetails[@functionCode]/Nad/PartnerIdentifier"
)


def check_rules(root: etree._Element) -> list[Finding]:
    """What the assertions of the document's own version say against it; nothing for a version without schema."""
    version = judging_version(root)
    return _RULES[version](root) if version else []


def path_of(element: etree._Element) -> str:
    """The element's XPath."""
    return element.getroottree().getpath(element)


def _check_188(root):
    # The receiver and all partners but the supplier have no assertion in this version
    return _check_identifiers(_header(root)[:1] + _supplier_identifiers(root), "1.8.8")


def _check_189(root):
    return _check_identifiers(_header(root) + _partner_identifiers(root), "1.8.9")


def _header(root):
    header = root.find("InvoiceHeader")
    if header is None:
        return []
    return [*header.findall("MessageSenderIdentifier")[:1], *header.findall("MessageRecieverIdentifier")[:1]]


def _check_identifiers(elements, version):
    findings = []
    for element in elements:
        value, kind = element.text or "", element.get("type")
        if kind == "I-01" and not MATRICULE_FORMS[version].fullmatch(value):
            form = MATRICULE_EXAMPLES[version]
            findings.append(finding("identifier.matricule", path_of(element), value=value, form=form))
        elif kind == "I-02" and not CIN_FORM.fullmatch(value):
            findings.append(finding("identifier.cin", path_of(element), value=value))
        elif kind == "I-03" and not RESIDENCE_FORMS[version].fullmatch(value):
            findings.append(finding("identifier.residence", path_of(element), value=value, form="9 digits"))
    return findings


_RULES = {"1.8.8": _check_188, "1.8.9": _check_189}
