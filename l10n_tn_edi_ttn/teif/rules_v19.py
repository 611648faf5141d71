"""The assertions of the 1.9.0 schema as rules."""

from __future__ import annotations

import re

from lxml import etree

from .findings import BLOCKING, finding
from .identifiers import (
    CIN_FORM,
    FOREIGN_FORM_190,
    MATRICULE_EXAMPLES,
    MATRICULE_FORMS,
    RESIDENCE_FORMS,
    Matricule,
)
from .paths import path_of, signature_free

_VERSION = "1.9.0"
_DAY, _HOUR = "(0[1-9]|[12][0-9]|3[01])(0[1-9]|1[0-2])", "([01][0-9]|2[0-3])[0-5][0-9]"
_DATE_FORMS = {
    "ddMMyy": re.compile(f"{_DAY}[0-9]{{2}}"),
    "ddMMyyyy": re.compile(f"{_DAY}[0-9]{{4}}"),
    "ddMMyyHHmm": re.compile(f"{_DAY}[0-9]{{2}}{_HOUR}"),
    "ddMMyyyyHHmm": re.compile(f"{_DAY}[0-9]{{4}}{_HOUR}"),
    "ddMMyy-ddMMyy": re.compile(f"{_DAY}[0-9]{{2}}-{_DAY}[0-9]{{2}}"),
    "ddMMyyyy-ddMMyyyy": re.compile(f"{_DAY}[0-9]{{4}}-{_DAY}[0-9]{{4}}"),
}
_TOTAL_FORM = re.compile("[0-9]{1,15}([.,][0-9]{1,3})?")
_RIB_FORM = re.compile("[0-9]{20}")
_TOTALS = ("I-176", "I-180", "I-181")
_header_identifiers = etree.XPath("/TEIF/InvoiceHeader/*")
_partners = etree.XPath("/TEIF/InvoiceBody/PartnerSection/PartnerDetails")
_issues = etree.XPath('/TEIF/InvoiceBody/Dtm/DateText[@functionCode="I-31"]')
_moneys = etree.XPath("/TEIF/InvoiceBody/InvoiceMoa/AmountDetails/Moa")
_PATH = "/TEIF/InvoiceBody"


def check_rules_v19(root: etree._Element):
    """Yields what the assertions say against the document below ``root``."""
    for element in _header_identifiers(root):
        yield from _check_identifier(element)
    yield from _check_partners(root)
    yield from _check_issue(root)
    yield from _check_totals(root)
    for part in signature_free(root):
        for element in part.iter(*_CHECKS):
            yield from _CHECKS[element.tag](element)


def _check_identifier(element):
    value, kind = element.text or "", element.get("type")
    if kind == "I-01":
        if not MATRICULE_FORMS[_VERSION].fullmatch(value):
            form = MATRICULE_EXAMPLES[_VERSION]
            yield finding("identifier.matricule", path_of(element), value=value, form=form)
            return
        matricule = Matricule.parse(value)
        if not matricule.key_fits:
            yield finding(
                "identifier.key_letter",
                path_of(element),
                severity=BLOCKING,
                value=value,
                expected=matricule.expected_key,
                found=matricule.key,
            )
    elif kind == "I-02" and not CIN_FORM.fullmatch(value):
        yield finding("identifier.cin", path_of(element), value=value)
    elif kind == "I-03" and not RESIDENCE_FORMS[_VERSION].fullmatch(value):
        form = "6 to 20 letters, digits and hyphens"
        yield finding("identifier.residence", path_of(element), value=value, form=form)
    elif kind in ("I-04", "I-05", "I-06") and not FOREIGN_FORM_190.fullmatch(value):
        yield finding("identifier.foreign", path_of(element), value=value, type=kind)


def _check_partners(root):
    suppliers = []
    for partner in _partners(root):
        role, nad = partner.get("functionCode"), partner.find("Nad")
        if role == "I-62":
            suppliers.append(nad)
        if nad is None:
            continue
        for element in nad.iterchildren("PartnerIdentifier"):
            yield from _check_identifier(element)
        if role in ("I-62", "I-64") and nad.find("PartnerAddress") is None:
            yield finding("party.address", path_of(nad), role=role)
    if len(suppliers) != 1:
        yield finding("supplier.count", f"{_PATH}/PartnerSection", count=len(suppliers))
    identifiers = [] if not suppliers or suppliers[0] is None else suppliers[0].findall("PartnerIdentifier")
    for element in identifiers[:1]:
        if element.get("type") != "I-01":
            yield finding("supplier.identifier_type", path_of(element), type=element.get("type") or "?")
    sender = root.findtext("InvoiceHeader/MessageSenderIdentifier") or ""
    supplier = identifiers[0].text or "" if identifiers else ""
    if supplier != sender:
        path = "/TEIF/InvoiceHeader/MessageSenderIdentifier"
        yield finding("supplier.sender", path, supplier=supplier, sender=sender)


def _check_issue(root):
    issues = _issues(root)
    if len(issues) != 1:
        yield finding("date.issue_count", f"{_PATH}/Dtm", count=len(issues))
    for element in issues:
        if element.get("format") != "ddMMyyyy":
            yield finding("date.issue_format", path_of(element), format=element.get("format") or "?")


def _check_totals(root):
    in_dinars = 0
    for money in _moneys(root):
        code, amount = money.get("amountTypeCode"), money.find("Amount")
        if amount is None or code not in _TOTALS:
            continue
        in_dinars += code == "I-180" and amount.get("currencyIdentifier") == "TND"
        if not _TOTAL_FORM.fullmatch(amount.text or ""):
            yield finding("amount.total_form", path_of(amount), amount=code, value=amount.text or "")
    if in_dinars != 1:
        yield finding("amount.total_tnd", f"{_PATH}/InvoiceMoa", count=in_dinars)


def _check_date(element):
    form = _DATE_FORMS.get(element.get("format"))
    value = element.text or ""
    if form and not form.fullmatch(value):
        date = element.get("functionCode") or "?"
        yield finding("date.value", path_of(element), value=value, date=date, format=element.get("format"))


def _check_line_tax(element):
    category = element.findtext("TaxCategory")
    has_rate, has_amount = element.find("TaxDetails") is not None, element.find("TaxAmount") is not None
    if category == "Rate" and (not has_rate or has_amount):
        wanted = "TaxDetails is needed and TaxAmount is not allowed"
    elif category == "Amount" and (not has_amount or has_rate):
        wanted = "TaxAmount is needed and TaxDetails is not allowed"
    else:
        return
    yield finding("tax.category", path_of(element), tax=_tax_code(element), category=category, wanted=wanted)


def _check_tax_total(element):
    tax = element.find("Tax")
    if tax is not None and tax.findtext("TaxCategory") == "Rate" and tax.find("TaxDetails") is None:
        yield finding("tax.rate", path_of(tax), tax=_tax_code(tax))


def _tax_code(element):
    name = element.find("TaxTypeName")
    return "?" if name is None else name.get("code") or "?"


def _check_allowance(element):
    category = element.findtext("AlcCategory")
    has_rate, has_amount = element.find("AlcDetails") is not None, element.find("AlcAmount") is not None
    if category == "Rate" and not has_rate:
        wanted = "AlcDetails is needed"
    elif category == "Amount" and (not has_amount or has_rate):
        wanted = "AlcAmount is needed and AlcDetails is not allowed"
    else:
        return
    head = element.find("Alc")
    code = "?" if head is None else head.get("allowanceCode") or "?"
    yield finding("allowance.category", path_of(element), allowance=code, category=category, wanted=wanted)


def _check_payment(element):
    if not len(element):
        yield finding("payment.empty", path_of(element))
    account = element.find("PytFii/AccountHolder/AccountNumber")
    number = "" if account is None else account.text or ""
    if element.findtext("PytFii/Country") == "TN" and not _RIB_FORM.fullmatch(number):
        yield finding("payment.rib", path_of(element if account is None else account), value=number)


_CHECKS = {
    "DateText": _check_date,
    "LinTaxDetails": _check_line_tax,
    "InvoiceTaxDetails": _check_tax_total,
    "TaxAlc": _check_tax_total,
    "LinAlcDetails": _check_allowance,
    "AllowanceDetails": _check_allowance,
    "PytSectionDetails": _check_payment,
}
