"""The TEIF document of an invoice, block by block. Each block is a method of its own, so that it can be extended.

No XML here: ``teif.write`` turns the document into bytes.
"""

import re
from decimal import ROUND_HALF_UP, Decimal

from odoo import models

from ..teif.codes import DOCUMENT_LABELS
from ..teif.document import (
    Address,
    Contact,
    DateText,
    Document,
    FreeText,
    Identifier,
    Institution,
    Party,
    Payment,
    Period,
    Reference,
)
from ..teif.identifiers import Matricule
from ..teif.words import amount_in_words
from .l10n_tn_edi_text import clean, cut, language, text_lines

FREE_TEXT = 500
OWNER = 70
CONTACT_IDENTIFIER = 17


class AccountMove(models.Model):
    _inherit = "account.move"

    def _l10n_tn_edi_teif_document(self):
        """:return: the ``teif.document.Document`` of this invoice, without signature."""
        self.ensure_one()
        return Document(**self._l10n_tn_edi_teif_values())

    def _l10n_tn_edi_teif_values(self):
        """The values of the document by the names of ``teif.document.Document``: extend this to add blocks."""
        amounts = self._l10n_tn_edi_amounts()
        return {
            **self._l10n_tn_edi_header(),
            **self._l10n_tn_edi_bgm(),
            "dates": self._l10n_tn_edi_dates(),
            "parties": (self._l10n_tn_edi_supplier(), self._l10n_tn_edi_customer()),
            "payments": self._l10n_tn_edi_payments(),
            "free_texts": self._l10n_tn_edi_free_texts(),
            "lines": self._l10n_tn_edi_lines(amounts),
            "amounts": self._l10n_tn_edi_sums(amounts),
            "taxes": self._l10n_tn_edi_tax_totals(amounts),
        }

    def _l10n_tn_edi_version(self):
        """The TEIF version this document is written in."""
        return self.company_id.l10n_tn_edi_version

    def _l10n_tn_edi_language(self):
        """TTN's code of the language the invoice is printed in: fr, en, ar, or (another)."""
        code = (self.partner_id.lang or "fr")[:2]
        return code if code in ("fr", "en", "ar") else "or"

    # === Header, Bgm, dates === #

    def _l10n_tn_edi_header(self):
        return {
            "version": self._l10n_tn_edi_version(),
            "sender": self._l10n_tn_edi_sender(),
            "receiver": self._l10n_tn_edi_receiver(),
        }

    def _l10n_tn_edi_sender(self):
        """The company under its own matricule, as El Fatoora knows it."""
        typed = clean(self.company_id.l10n_tn_edi_matricule)
        matricule = Matricule.parse(typed)
        return Identifier(matricule.written(self._l10n_tn_edi_version()) if matricule else typed, "I-01")

    def _l10n_tn_edi_receiver(self):
        kind, value = self.commercial_partner_id._l10n_tn_edi_identifier_value(self._l10n_tn_edi_version())
        return Identifier(value, kind)

    def _l10n_tn_edi_bgm(self):
        code = self.l10n_tn_edi_type_code
        return {
            "number": clean(self.name),
            "type_code": code or None,
            "type_label": DOCUMENT_LABELS.get(code, DOCUMENT_LABELS["I-11"]),
            "references": self._l10n_tn_edi_references(),
        }

    def _l10n_tn_edi_references(self):
        """What the document refers to: the credited invoice with its date and TTN's reference, the customer's order."""
        references = []
        original = self.reversed_entry_id
        if original:
            issued = (DateText("I-31", original.invoice_date),) if original.invoice_date else ()
            references.append(Reference("I-89", clean(original.name), issued))
            ttn = original.sudo().l10n_tn_edi_reference or original.l10n_tn_edi_exclusion_reference
            if ttn:
                references.append(Reference("I-88", clean(ttn)))
        elif self.l10n_tn_edi_original_number:
            date = self.l10n_tn_edi_original_date
            issued = (DateText("I-31", date),) if date else ()
            references.append(Reference("I-89", clean(self.l10n_tn_edi_original_number), issued))
        # Odoo writes "Reversal of: …" into the reference of a credit note: that is no order.
        order = clean(
            self.l10n_tn_edi_order_reference or (self.ref if self.move_type == "out_invoice" else "")
        )
        if order:
            references.append(Reference("I-83", order))
        return tuple(references)

    def _l10n_tn_edi_dates(self):
        dates = []
        if self.invoice_date:
            dates.append(DateText("I-31", self.invoice_date))
        start, end = self._l10n_tn_edi_period()
        if start and end:
            dates.append(DateText("I-36", Period(start, end)))
        if self.invoice_date_due and self.move_type == "out_invoice":
            dates.append(DateText("I-32", self.invoice_date_due))
        return tuple(dates)

    def _l10n_tn_edi_period(self):
        """``(start, end)`` of the billing period: typed in, else that of the lines' deferred dates; None where unknown."""
        if self.l10n_tn_edi_period_start or self.l10n_tn_edi_period_end:
            return self.l10n_tn_edi_period_start, self.l10n_tn_edi_period_end
        lines = self.invoice_line_ids
        if "deferred_start_date" not in lines._fields:  # Odoo Enterprise
            return None, None
        starts = [date for date in lines.mapped("deferred_start_date") if date]
        ends = [date for date in lines.mapped("deferred_end_date") if date]
        return min(starts, default=None), max(ends, default=None)

    # === Parties === #

    def _l10n_tn_edi_supplier(self):
        company = self.company_id
        partner = company.partner_id
        references = []
        if company.company_registry:
            references.append(Reference("I-815", clean(company.company_registry)))
        if company.l10n_tn_edi_legal_form:
            references.append(Reference("I-816", clean(company.l10n_tn_edi_legal_form)))
        return Party(
            role="I-62",
            identifier=self._l10n_tn_edi_sender(),
            name=clean(company.name),
            name_type="Qualification",
            addresses=(self._l10n_tn_edi_address(partner),),
            references=tuple(references),
            contacts=self._l10n_tn_edi_contacts(partner, company.name),
        )

    def _l10n_tn_edi_customer(self):
        partner = self.commercial_partner_id
        references = []
        if partner.company_registry and partner.company_registry != partner.vat:
            references.append(Reference("I-815", clean(partner.company_registry)))
        if code := self.partner_id.ref or partner.ref:
            references.append(Reference("I-814", clean(code)))
        return Party(
            role="I-64",
            identifier=self._l10n_tn_edi_receiver(),
            name=clean(partner.name),
            name_type="Qualification"
            if partner.is_company or not partner._l10n_tn_edi_is_consumer()
            else "Physical",
            addresses=(self._l10n_tn_edi_address(self._l10n_tn_edi_customer_place()),),
            references=tuple(references),
            contacts=self._l10n_tn_edi_contacts(partner, partner.name),
        )

    def _l10n_tn_edi_customer_place(self):
        """The partner whose address is written: that of the invoice, or of its company when it has none of its own."""
        partner = self.partner_id
        return partner if partner.street or partner.city else self.commercial_partner_id

    def _l10n_tn_edi_address(self, partner):
        description = clean(partner.street2) or clean(partner.street)
        return Address(
            description=description,
            street=clean(partner.street) or None,
            city=clean(partner.city) or None,
            postal_code=clean(partner.zip) or None,
            country=partner.country_id.code or self._l10n_tn_edi_default_country(partner),
            lang=language(f"{description} {clean(partner.city)}"),
        )

    def _l10n_tn_edi_default_country(self, partner):
        """A partner with a Tunisian identifier and no country lives in Tunisia; the country is mandatory in TEIF."""
        return "" if partner.commercial_partner_id._l10n_tn_edi_is_foreign() else "TN"

    def _l10n_tn_edi_contacts(self, partner, name):
        """One contact per means: telephone, e-mail, web site."""
        identifier = clean(partner.ref)
        if not 0 < len(identifier) <= CONTACT_IDENTIFIER:
            identifier = "CONTACT"
        # Odoo puts http:// before what was typed
        website = re.sub(r"^https?://|/$", "", clean(partner.website))
        means = (("I-101", partner.phone), ("I-103", partner.email), ("I-104", website))
        return tuple(
            Contact(identifier=identifier, name=clean(name), means=code, address=clean(address))
            for code, address in means
            if clean(address)
        )

    # === Payment === #

    def _l10n_tn_edi_payments(self):
        """How and when to pay: by transfer to the invoice's own account when it has a RIB, the terms, the instalments."""
        if self.move_type != "out_invoice":
            return ()
        institution = self._l10n_tn_edi_institution()
        terms = cut(self.invoice_payment_term_id.name, FREE_TEXT)
        due = (DateText("I-32", self.invoice_date_due),) if self.invoice_date_due else ()
        payments = []
        if institution:
            payments.append(
                Payment(
                    terms="I-114",
                    description=terms or "Par virement bancaire",
                    dates=due,
                    condition="I-122",
                    means="I-135",
                    institution=institution,
                )
            )
        elif terms or due:
            payments.append(Payment(terms="I-112" if due else "I-116", description=terms or None, dates=due))
        return (*payments, *self._l10n_tn_edi_instalments())

    def _l10n_tn_edi_instalments(self):
        """One payment per instalment, when there are several."""
        due = self.line_ids.filtered(lambda line: line.display_type == "payment_term").sorted("date_maturity")
        if len(due) < 2:
            return ()
        return tuple(
            Payment(
                terms="I-117",
                description=f"Échéance {number}/{len(due)} : "
                f"{self._l10n_tn_edi_decimal(abs(line.amount_currency))} {self.currency_id.name}",
                dates=(DateText("I-32", line.date_maturity),),
            )
            for number, line in enumerate(due, start=1)
        )

    def _l10n_tn_edi_institution(self):
        """The company's bank account of the invoice, None when there is none or it has no RIB."""
        bank = self.partner_bank_id
        if (
            not bank
            or bank.partner_id.commercial_partner_id != self.company_id.partner_id.commercial_partner_id
        ):
            return None
        values = bank.sudo()._l10n_tn_edi_institution()
        if not values:
            return None
        return Institution(
            code=values["code"],
            account=values["account"],
            owner=cut(values["owner"], OWNER) or None,
            name_code=values["name_code"],
            branch=values["branch"],
            name=cut(values["name"], OWNER) or None,
        )

    # === Texts === #

    def _l10n_tn_edi_free_texts(self):
        """Observations (I-48): the note, the rate of a foreign currency, the notes between the lines."""
        texts = text_lines(self.l10n_tn_edi_note)
        texts += [
            clean(line.name)
            for line in self.invoice_line_ids.sorted(lambda line: (line.sequence, line.id))
            if line.display_type == "line_note" and clean(line.name)
        ]
        texts += self._l10n_tn_edi_currency_texts()
        texts = [
            text[start : start + FREE_TEXT] for text in texts for start in range(0, len(text), FREE_TEXT)
        ]
        return (FreeText("I-48", tuple(texts)),) if texts else ()

    def _l10n_tn_edi_currency_texts(self):
        """For an invoice in another currency: the rate and the value in the company's currency, both as posted."""
        company_currency = self.company_id.currency_id
        if self.currency_id == company_currency or not self.invoice_currency_rate:
            return []
        step = Decimal(1).scaleb(-company_currency.decimal_places)
        value = Decimal(repr(abs(self.amount_total_signed))).quantize(step, ROUND_HALF_UP)
        exchange = Decimal(repr(1 / self.invoice_currency_rate)).quantize(Decimal("0.00001"), ROUND_HALF_UP)
        return [
            f"Cours : 1 {self.currency_id.name} = {exchange} {company_currency.name}. "
            f"Contre-valeur du total TTC : {value} {company_currency.name}."
        ]

    def _l10n_tn_edi_words(self, total):
        """``(words, language)`` of the total to pay."""
        return amount_in_words(total, self.currency_id.name, "fr"), "fr"
