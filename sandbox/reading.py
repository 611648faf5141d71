"""The few facts of a TEIF document that the platform itself needs."""

from __future__ import annotations

import datetime
from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """Texts as they stand in the document, '' when absent. Amounts are the document's own decimal texts (I-176, I-180)."""

    version: str
    sender: str
    receiver: str
    seller: str
    number: str
    document_type: str
    date: str
    amount: str
    amount_tax: str

    @property
    def iso_date(self) -> str | None:
        """The invoice's date as YYYY-MM-DD, None when unreadable."""
        try:
            return datetime.datetime.strptime(self.date[:6], "%d%m%y").date().isoformat()
        except ValueError:
            return None


def facts(root) -> Facts:
    """In: the root element of a TEIF document (any element: what isn't there reads as '')."""

    def at(path):
        return (root.findtext(path) or "").strip()

    kind = root.find("InvoiceBody/Bgm/DocumentType")
    return Facts(
        version=root.get("version") or "",
        sender=at("InvoiceHeader/MessageSenderIdentifier"),
        receiver=at("InvoiceHeader/MessageRecieverIdentifier"),
        seller=at("InvoiceBody/PartnerSection/PartnerDetails[@functionCode='I-62']/Nad/PartnerIdentifier"),
        number=at("InvoiceBody/Bgm/DocumentIdentifier"),
        document_type=(kind.get("code") or "").strip() if kind is not None else "",
        date=at("InvoiceBody/Dtm/DateText[@functionCode='I-31']"),
        amount=_amount(root, "I-176"),
        amount_tax=_amount(root, "I-180"),
    )


def _amount(root, code: str) -> str:
    found = root.find(f"InvoiceBody/InvoiceMoa/AmountDetails/Moa[@amountTypeCode='{code}']/Amount")
    return (found.text or "").strip().replace(",", ".") if found is not None else ""
