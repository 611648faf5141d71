"""Rules about the content of a document that no schema states: parties, references, dates, taxes, accounts, the deposit."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain

from lxml import etree

from .codes import STAMP, TVA
from .document import DateText, Document, Party
from .findings import WARNING, Finding, finding
from .identifiers import Matricule, rib_key
from .paths import SIGNATURE, item_path, path_of
from .reader_blocks import read_date

_BODY = "/TEIF/InvoiceBody"
_SUPPLIER, _CUSTOMER = "I-62", "I-64"
_PERSONS = frozenset({"I-02", "I-03"})
_with_comma = etree.XPath('//Amount[contains(., ",")] | //TaxRate[contains(., ",")]')


def check_content(document: Document, root: etree._Element, known: set[str]) -> Iterator[Finding]:
    """Yields the findings about what ``document``, read from ``root``, says.

    ``known`` are the paths that schema and assertions already complain about: nothing is said twice of the same place.
    """
    findings = chain(
        _check_parties(document),
        _check_accounts(document),
        _check_dates(document, root),
        _check_references(document),
        _check_taxes(document),
        _check_commas(root),
    )
    return (item for item in findings if item.path not in known)


def _check_commas(root):
    for element in _with_comma(root):
        yield finding("amount.comma", path_of(element), name=element.tag, value=element.text)


def check_deposit(root: etree._Element) -> list[Finding]:
    """What a deposit at TTN needs beyond a right document: one signature, and no reference of TTN yet."""
    findings = []
    count = len(root.findall(SIGNATURE))
    if not count:
        findings.append(finding("signature.missing", "/TEIF"))
    elif count > 1:
        findings.append(finding("signature.several", "/TEIF", count=count))
    if root.find("RefTtnVal") is not None:
        findings.append(finding("deposit.reference", "/TEIF/RefTtnVal"))
    return findings


def _party_path(document: Document, index: int) -> str:
    return item_path(f"{_BODY}/PartnerSection", "PartnerDetails", index, len(document.parties))


def _check_parties(document):
    section = f"{_BODY}/PartnerSection"
    later = document.version == "1.9.0"  # its assertions say the same of supplier and addresses
    suppliers = [party for party in document.parties if party.role == _SUPPLIER]
    if len(suppliers) != 1 and not later:
        yield finding("party.supplier", section, count=len(suppliers))
    if document.party(_CUSTOMER) is None:
        yield finding("party.customer", section)
    for index, party in enumerate(document.parties):
        path = _party_path(document, index)
        if party.role is None:
            yield finding("party.role", path)
        if party.role in (_SUPPLIER, _CUSTOMER):
            yield from _check_party(party, path, later)
    yield from _check_ends(document)
    if not later:
        yield from _check_keys(document)


def _check_party(party: Party, path: str, later: bool):
    if not (party.name or "").strip():
        yield finding("party.name", f"{path}/Nad", role=party.role)
    described = any(
        (text or "").strip()
        for address in party.addresses
        for text in (address.description, address.street, address.city, address.postal_code)
    )
    if not described and not later:
        # The law wants the address on every invoice; a consumer may have none
        severity = WARNING if party.identifier.type in _PERSONS else None
        yield finding("party.address", f"{path}/Nad", severity=severity, role=party.role)


def _check_ends(document):
    """Sender and receiver of the message against supplier and customer."""
    header = "/TEIF/InvoiceHeader"
    later = document.version == "1.9.0"
    if document.sender.type != "I-01" and not later:
        yield finding(
            "party.sender_type", f"{header}/MessageSenderIdentifier", type=document.sender.type or "?"
        )
    supplier = document.party(_SUPPLIER)
    if supplier and not later and not _same(supplier.identifier.value, document.sender.value):
        yield finding(
            "party.sender",
            f"{header}/MessageSenderIdentifier",
            supplier=supplier.identifier.value,
            sender=document.sender.value,
        )
    customer = document.party(_CUSTOMER)
    if customer and not _same(customer.identifier.value, document.receiver.value):
        yield finding(
            "party.receiver",
            f"{header}/MessageRecieverIdentifier",
            customer=customer.identifier.value,
            receiver=document.receiver.value,
        )


def _same(one: str, other: str) -> bool:
    """Whether two identifiers name the same: the short form of a matricule is as good as the long one."""
    first, second = Matricule.parse(one), Matricule.parse(other)
    return one == other or bool(
        first and second and first.short == second.short and "" in (first.suffix, second.suffix)
    )


def _check_keys(document):
    """The key letters, which TTN checks from 1.9.0 only. The sender's is not said again when it is the supplier's."""
    seen = set()
    identifiers = [
        (party.identifier, f"{_party_path(document, index)}/Nad/PartnerIdentifier")
        for index, party in enumerate(document.parties)
    ]
    identifiers.append((document.sender, "/TEIF/InvoiceHeader/MessageSenderIdentifier"))
    identifiers.append((document.receiver, "/TEIF/InvoiceHeader/MessageRecieverIdentifier"))
    for identifier, path in identifiers:
        matricule = Matricule.parse(identifier.value) if identifier.type == "I-01" else None
        if matricule and not matricule.key_fits and identifier.value not in seen:
            seen.add(identifier.value)
            yield finding(
                "identifier.key_letter",
                path,
                value=identifier.value,
                expected=matricule.expected_key,
                found=matricule.key,
            )


def _check_accounts(document):
    for index, payment in enumerate(document.payments):
        institution = payment.institution
        if institution is None or institution.account is None or institution.country not in (None, "TN"):
            continue
        path = item_path(f"{_BODY}/PytSection", "PytSectionDetails", index, len(document.payments))
        path += "/PytFii/AccountHolder/AccountNumber"
        account = institution.account
        if len(account) == 20 and account.isascii() and account.isdigit():
            key = rib_key(account[:18])
            if account[18:] != key:
                yield finding("bank.rib_key", path, value=account, expected=key, found=account[18:])
        elif institution.code == "I-142":  # postal accounts may be shorter
            yield finding("bank.rib", path, value=account)


def _check_dates(document, root):
    issues = [item for item in document.dates if item.code == "I-31"]
    if len(issues) != 1 and document.version != "1.9.0":
        yield finding("date.issue", f"{_BODY}/Dtm", count=len(issues))
    for element in root.iter("DateText"):
        item = read_date(element)
        if isinstance(item.value, str):
            yield finding(
                "date.unreadable",
                path_of(element),
                value=item.value,
                date=item.code or "?",
                format=item.format or "?",
            )
    issue, due = document.date("I-31"), document.date("I-32")
    for payment in document.payments:
        due = due or next((item for item in payment.dates if item.code == "I-32"), None)
    first, last = _day(issue), _day(due)
    if first and last and last < first:
        yield finding("date.due", f"{_BODY}/Dtm", due=f"{last:%d/%m/%Y}", issue=f"{first:%d/%m/%Y}")


def _day(item: DateText | None):
    """The day of a date or moment; None for a period, a text, or nothing."""
    value = item.value if item else None
    if not hasattr(value, "strftime"):
        return None
    return value.date() if hasattr(value, "hour") else value


def _check_references(document):
    bgm = f"{_BODY}/Bgm"
    codes = {reference.code for reference in document.references}
    if document.type_code is None:
        yield finding("document.type", f"{bgm}/DocumentType")
    if document.number != document.number.strip():
        reason = "spaces before or after it would be part of it"
        yield finding("document.number", f"{bgm}/DocumentIdentifier", value=document.number, reason=reason)
    elif len(document.number) > 35 and document.version == "1.8.8":
        reason = "versions after 1.8.8 take 35 characters at most"
        yield finding("document.number", f"{bgm}/DocumentIdentifier", value=document.number, reason=reason)
    if (
        document.type_code == "I-12"
        and "I-89" not in codes
        and all(item.code != "I-48" for item in document.free_texts)
    ):
        yield finding("reference.original", bgm)
    if document.type_code == "I-14":
        for code, name in (("I-86", "number of the statement"), ("I-87", "number of the contract")):
            if code not in codes:
                yield finding("reference.contract", bgm, reference=code, name=name)
    customer = document.party(_CUSTOMER)
    if document.type_code == "I-15" and customer and customer.identifier.type != "I-04":
        index = document.parties.index(customer)
        path = f"{_party_path(document, index)}/Nad/PartnerIdentifier"
        yield finding("export.customer", path, type=customer.identifier.type or "?")


def _check_taxes(document):
    path = f"{_BODY}/InvoiceTax"
    stamps = sum(total.tax.code == STAMP for total in document.taxes)
    if stamps > 1:
        yield finding("tax.stamp_count", path, count=stamps)
    total = document.amount("I-180")
    positive = not total or not isinstance(total.value, Decimal) or total.value >= 0
    for index, item in enumerate(document.taxes):
        for amount in item.amounts:
            if amount.code == "I-178" and isinstance(amount.value, Decimal) and amount.value < 0 and positive:
                yield finding(
                    "tax.negative",
                    item_path(path, "InvoiceTaxDetails", index, len(document.taxes)),
                    tax=item.tax.code,
                    value=str(amount.value),
                )
    totalled = {(item.tax.code, item.tax.rate) for item in document.taxes}
    for index, line in enumerate(document.lines):
        line_path = item_path(f"{_BODY}/LinSection", "Lin", index, len(document.lines))
        for tax in line.taxes:
            if tax.code == STAMP:
                yield finding("tax.line_stamp", f"{line_path}/LinTax", line=line.number)
            elif tax.code == TVA and tax.rate and (tax.code, tax.rate) not in totalled:
                yield finding("tax.not_totalled", f"{line_path}/LinTax", tax=tax.code, rate=str(tax.rate))
