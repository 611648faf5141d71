"""The TEIF document of an invoice, block by block. Each block is a method of its own, so that it can be extended.

No XML here: ``teif.write`` turns the document into bytes.
"""

import re
from decimal import ROUND_HALF_UP, Decimal

from odoo import fields, models

from ..teif.codes import DOCUMENT_LABELS
from ..teif.document import (
    Address,
    Attachment,
    Contact,
    DateText,
    Document,
    FreeText,
    Identifier,
    Party,
    Period,
    Place,
    Reference,
)
from ..teif.identifiers import Matricule
from ..teif.words import LANGUAGES, amount_in_words
from .l10n_tn_edi_text import clean, cut, language, text_lines

FREE_TEXT = 500
PLACE = 200
CONTACT_IDENTIFIER = 17
ATTACHMENT_NAME = 50
DRAFT_NUMBER = "BROUILLON"
EXPORT_MENTION = "Ventes à l'exportation"
DOWN_PAYMENT_TEXTS = {
    "goods": "Acompte sur livraison de biens",
    "services": "Acompte sur prestation de services",
    False: "Acompte",
}


class AccountMove(models.Model):
    _inherit = "account.move"

    def _l10n_tn_edi_teif_document(self):
        """:return: the ``teif.document.Document`` of this invoice, without signature."""
        self.ensure_one()
        # The version is asked for with every line: it is found out once.
        move = self.with_context(l10n_tn_edi_version=self._l10n_tn_edi_version())
        return Document(**move._l10n_tn_edi_teif_values())

    def _l10n_tn_edi_teif_values(self):
        """The values of the document by the names of ``teif.document.Document``: extend this to add blocks."""
        amounts = self._l10n_tn_edi_amounts()
        return {
            **self._l10n_tn_edi_header(),
            **self._l10n_tn_edi_bgm(),
            "dates": self._l10n_tn_edi_dates(),
            "parties": (self._l10n_tn_edi_supplier(), self._l10n_tn_edi_customer()),
            "places": self._l10n_tn_edi_places(),
            "payments": self._l10n_tn_edi_payments(),
            "free_texts": self._l10n_tn_edi_free_texts(),
            "special_conditions": self._l10n_tn_edi_special_conditions(),
            "lines": self._l10n_tn_edi_lines(amounts),
            "amounts": self._l10n_tn_edi_sums(amounts),
            "taxes": self._l10n_tn_edi_tax_totals(amounts),
            "allowances": self._l10n_tn_edi_allowances(amounts),
            "attachments": self._l10n_tn_edi_attachments(),
        }

    def _l10n_tn_edi_version(self):
        """The TEIF version this document is written in: that of the day it is made, or of the migration check."""
        return self.env.context.get("l10n_tn_edi_version") or self.company_id._l10n_tn_edi_version_on()

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
            "number": self._l10n_tn_edi_number(),
            "type_code": code or None,
            "type_label": DOCUMENT_LABELS.get(code, DOCUMENT_LABELS["I-11"]),
            "references": self._l10n_tn_edi_references(),
        }

    def _l10n_tn_edi_number(self):
        """The number of the invoice; that of a draft is the one it would get, as far as that is known."""
        if self.state != "draft" or (self.name and self.name != "/"):
            return clean(self.name)
        return clean(self.name_placeholder) or DRAFT_NUMBER

    def _l10n_tn_edi_dates(self):
        # A draft without a date gets that of the day on which it is posted.
        issued = self.invoice_date or (self.state == "draft" and fields.Date.context_today(self))
        dates = []
        if issued:
            dates.append(DateText("I-31", issued))
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
            addresses=(self._l10n_tn_edi_address(self._l10n_tn_edi_supplier_place()),),
            places=self._l10n_tn_edi_supplier_places(),
            references=tuple(references),
            contacts=(
                *self._l10n_tn_edi_contacts(partner, company.name),
                *self._l10n_tn_edi_salesperson_contacts(),
            ),
        )

    def _l10n_tn_edi_supplier_place(self):
        """The partner whose address the supplier has: the establishment of the journal, else the company."""
        return self.journal_id.l10n_tn_edi_establishment_id or self.company_id.partner_id

    def _l10n_tn_edi_supplier_places(self):
        """The company's own address for letters (I-57) when an establishment invoices."""
        if not self.journal_id.l10n_tn_edi_establishment_id:
            return ()
        return self._l10n_tn_edi_place_of("I-57", self.company_id.partner_id)

    def _l10n_tn_edi_salesperson_contacts(self):
        """The commercial contact (I-93): the salesperson of the invoice, when he has a telephone or an e-mail address."""
        person = self.invoice_user_id.sudo().partner_id
        if (
            not person
            or person == self.company_id.partner_id
            or not self.company_id.l10n_tn_edi_name_salesperson
        ):
            return ()
        return self._l10n_tn_edi_contacts(person, person.name, code="I-93", website=False)

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
            contacts=(
                *self._l10n_tn_edi_contacts(partner, partner.name),
                *self._l10n_tn_edi_customer_person_contacts(),
            ),
        )

    def _l10n_tn_edi_customer_person_contacts(self):
        """The person at the customer's whom the invoice is addressed to."""
        person = self.partner_id
        if person == self.commercial_partner_id or not clean(person.name):
            return ()
        return self._l10n_tn_edi_contacts(person, person.name, website=False)

    def _l10n_tn_edi_customer_place(self):
        """The partner whose address is written: that of the invoice, or of its company when it has none of its own."""
        partner = self.partner_id
        return partner if partner.street or partner.city else self.commercial_partner_id

    def _l10n_tn_edi_address(self, partner):
        description = clean(partner.street2) or clean(partner.street)
        if not description and self._l10n_tn_edi_version() == "1.9.0":  # mandatory from that version
            description = clean(partner.city)
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

    def _l10n_tn_edi_contacts(self, partner, name, code="I-94", website=True):
        """One contact per means: telephone, e-mail, web site."""
        identifier = clean(partner.ref)
        if not 0 < len(identifier) <= CONTACT_IDENTIFIER:
            identifier = "CONTACT"
        means = [("I-101", partner.phone), ("I-103", partner.email)]
        if website:
            # Odoo puts http:// before what was typed
            means.append(("I-104", re.sub(r"^https?://|/$", "", clean(partner.website))))
        return tuple(
            Contact(code=code, identifier=identifier, name=clean(name), means=kind, address=clean(address))
            for kind, address in means
            if clean(address)
        )

    # === Places === #

    def _l10n_tn_edi_places(self):
        """The delivery address (I-51) when it is another than the invoice's; the countries that exported goods go to."""
        places = []
        delivery = self.partner_shipping_id
        if delivery and delivery not in (self._l10n_tn_edi_customer_place(), self.commercial_partner_id):
            places += self._l10n_tn_edi_place_of("I-51", delivery)
        if self.l10n_tn_edi_type_code == "I-15":
            countries = (
                ("I-58", self.l10n_tn_edi_first_country_id),
                ("I-59", self.l10n_tn_edi_final_country_id),
            )
            places += [Place(code, country.code) for code, country in countries if country.code]
        return tuple(places)

    def _l10n_tn_edi_place_of(self, code, partner):
        """The address of ``partner`` on one line; nothing when it has none."""
        parts = (partner.street, partner.street2, partner.zip, partner.city, partner.country_id.code)
        text = ", ".join(filter(None, map(clean, parts)))
        return (Place(code, cut(text, PLACE)),) if clean(partner.street) or clean(partner.city) else ()

    # === Texts === #

    def _l10n_tn_edi_free_texts(self):
        """The incoterm (I-47) and the observations (I-48), in pieces that TEIF takes."""
        texts = [
            *self._l10n_tn_edi_incoterm_texts(),
            *(("I-48", text) for text in self._l10n_tn_edi_observations()),
        ]
        by_code = {}
        for code, text in texts:
            pieces = [text[start : start + FREE_TEXT] for start in range(0, len(text), FREE_TEXT)]
            by_code.setdefault(code, []).extend(pieces)
        return tuple(FreeText(code, tuple(pieces)) for code, pieces in by_code.items())

    def _l10n_tn_edi_observations(self):
        """The observations (I-48): the note, the reason of a credit note, the notes of no line, the rate of a currency."""
        texts = text_lines(self.l10n_tn_edi_note)
        if self.move_type == "out_refund" and clean(self.l10n_tn_edi_credit_reason):
            texts.append(f"Motif de l'avoir : {clean(self.l10n_tn_edi_credit_reason)}")
        if self.l10n_tn_edi_down_payment:
            texts.append(DOWN_PAYMENT_TEXTS[self.l10n_tn_edi_supply])
        return texts + self._l10n_tn_edi_notes()[None] + self._l10n_tn_edi_currency_texts()

    def _l10n_tn_edi_incoterm_texts(self):
        if not self.invoice_incoterm_id:
            return []
        return [("I-47", clean(f"{self.invoice_incoterm_id.code} {self.incoterm_location or ''}"))]

    def _l10n_tn_edi_special_conditions(self):
        """The mentions that the law wants on the invoice, in TTN's words."""
        return (EXPORT_MENTION,) if self.l10n_tn_edi_type_code == "I-15" else ()

    def _l10n_tn_edi_attachments(self):
        """The one document that a person chose to name in the invoice."""
        attachment = self.sudo().l10n_tn_edi_attachment_id
        if not attachment:
            return ()
        day = fields.Datetime.context_timestamp(self, attachment.create_date).date()
        return (
            Attachment(
                identifier=f"PJ-{attachment.id}",
                name=cut(attachment.name, ATTACHMENT_NAME),
                dates=(DateText("I-35", day),),
            ),
        )

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

    def _l10n_tn_edi_words(self, total, currency=None):
        """``(words, language)`` of the total to pay in the customer's language, in French when it is another."""
        lang = self._l10n_tn_edi_language()
        lang = lang if lang in LANGUAGES else "fr"
        return amount_in_words(total, currency or self.currency_id.name, lang), lang
