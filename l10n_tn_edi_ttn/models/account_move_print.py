"""What the printed invoice says of El Fatoora: TTN's reference and QR code, matricules, the total in words."""

import base64
import io
from decimal import Decimal

from PIL import Image, ImageOps

from odoo import models

from ..teif.identifiers import Matricule
from ..teif.words import LANGUAGES, amount_in_words

PRINTED_LANGUAGE = "fr"  # Tunisian invoices are in French unless the customer reads another language
# TTN's image is 300 pixels wide of which the code takes 219, three to a module. A QR code needs four modules of white.
QUIET_ZONE = 12


class AccountMove(models.Model):
    _inherit = "account.move"

    def _l10n_tn_edi_print_values(self):
        """What the report prints; the one door between the template and the electronic document.

        :return: dict, empty for an invoice that has nothing to do with El Fatoora. Keys: ``state`` ('accepted' |
            'waiting' | 'elsewhere'), ``test`` (bool), ``reference``, ``cev`` (base64 of TTN's PNG, or False),
            ``before`` and ``after`` (the legal sentence around the reference), ``words``, ``supplier`` and ``customer``
            (numbers as printed, '' when there is none) with ``customer_label``, ``address``, ``legal_form``, ``capital``
            ``registry`` of the company, ``export`` (the mention of export invoices, or '') and ``rate`` (company currency
            for one unit of the invoice's, 0 when they are the same).
        """
        self.ensure_one()
        if self.move_type not in ("out_invoice", "out_refund"):
            return {}
        document = self.sudo().l10n_tn_edi_document_id
        accepted = self._l10n_tn_edi_is_accepted()
        elsewhere = self.l10n_tn_edi_exclusion == "elsewhere" and bool(self.l10n_tn_edi_exclusion_reference)
        if not (accepted or elsewhere or self._l10n_tn_edi_awaits_ttn()):
            return {}
        reference = (
            document.reference if accepted else (self.l10n_tn_edi_exclusion_reference if elsewhere else "")
        )
        before, after = self._l10n_tn_edi_sentence_parts()
        label, number = self._l10n_tn_edi_printed_customer()
        company = self.company_id
        return {
            "state": "accepted" if accepted else ("elsewhere" if elsewhere else "waiting"),
            "test": accepted and document.mode == "test",
            "reference": reference or "",
            "cev": self._l10n_tn_edi_trimmed(document.cev) if accepted and document.cev else False,
            "before": before,
            "after": after,
            "words": self._l10n_tn_edi_printed_words(),
            "supplier": self._l10n_tn_edi_printed_matricule(company.l10n_tn_edi_matricule),
            "customer": number,
            "customer_label": label,
            "address": self._l10n_tn_edi_printed_address(company.partner_id),
            "legal_form": company.l10n_tn_edi_legal_form,
            "capital": company.l10n_tn_edi_capital,
            "registry": company.company_registry,
            "export": company.l10n_tn_edi_export_sentence if self.l10n_tn_edi_type_code == "I-15" else "",
            "rate": self._l10n_tn_edi_printed_rate(),
        }

    def _l10n_tn_edi_is_accepted(self):
        """:return: whether TTN accepted the invoice and gave its reference."""
        self.ensure_one()
        document = self.sudo().l10n_tn_edi_document_id
        return document.state in ("accepted", "conflict") and bool(document.reference)

    def _get_invoice_proforma_pdf_report_filename(self):
        # EXTENDS 'account': an accepted invoice is no pro forma
        if self._l10n_tn_edi_is_accepted():
            return self._get_invoice_report_filename()
        return super()._get_invoice_proforma_pdf_report_filename()

    def _l10n_tn_edi_trimmed(self, cev):
        """Take off most of the white around TTN's code, so that the code itself is large; no pixel of it changes.

        :param bytes cev: base64 of a PNG.
        :return: base64 of a PNG; ``cev`` itself when it cannot be read.
        """
        try:
            with Image.open(io.BytesIO(base64.b64decode(cev)), formats=["PNG"]) as image:
                picture = image.convert("L")
        except (OSError, ValueError):
            return cev
        box = ImageOps.invert(picture).getbbox()
        if not box:
            return cev
        left, top, right, bottom = box
        area = (left - QUIET_ZONE, top - QUIET_ZONE, right + QUIET_ZONE, bottom + QUIET_ZONE)
        if area[0] < 0 or area[1] < 0 or area[2] > picture.width or area[3] > picture.height:
            return cev
        stream = io.BytesIO()
        picture.crop(area).save(stream, "PNG")
        return base64.b64encode(stream.getvalue())

    def _l10n_tn_edi_sentence_parts(self):
        """:return: (str, str) the company's legal sentence before and after the place of the reference."""
        before, _place, after = (self.company_id.l10n_tn_edi_sentence or "").partition("{reference}")
        return before, after

    def _l10n_tn_edi_printed_matricule(self, text):
        """:return: str, 0736202X/A/M/000 for a Tunisian matricule, else the text as it is."""
        matricule = Matricule.parse(text or "")
        if not matricule:
            return text or ""
        suffix = matricule.suffix
        return "/".join(filter(None, (matricule.short, suffix[:1], suffix[1:2], suffix[2:])))

    def _l10n_tn_edi_printed_customer(self):
        """:return: (str, str) what identifies the customer and its number."""
        partner = self.commercial_partner_id
        kind, value = partner._l10n_tn_edi_identifier_value(self._l10n_tn_edi_version())
        labels = {
            "I-01": self.env._("Matricule fiscal"),
            "I-02": self.env._("CIN"),
            "I-03": self.env._("Residence card"),
            "I-04": self.env._("Tax ID"),
        }
        if kind == "I-01":
            value = self._l10n_tn_edi_printed_matricule(partner.vat)
        return labels[kind], value

    def _l10n_tn_edi_printed_address(self, partner):
        """:return: str, the address in one line."""
        place = " ".join(filter(None, (partner.zip, partner.city)))
        return ", ".join(filter(None, (partner.street, partner.street2, place)))

    def _l10n_tn_edi_printed_rate(self):
        """:return: float, dinars for one unit of the invoice's currency; 0 when the invoice is in dinars."""
        if self.currency_id == self.company_currency_id or not self.invoice_currency_rate:
            return 0.0
        return 1 / self.invoice_currency_rate

    def _l10n_tn_edi_printed_lang(self):
        """:return: code of the language of the print: the customer's when invoices can be in it (French, Arabic, English), else
        French where it is installed.
        """
        self.ensure_one()
        lang = self.partner_id.lang
        if not self.l10n_tn_edi_visible or (lang or "")[:2] in LANGUAGES:
            return lang
        installed = [code for code, _name in self.env["res.lang"].get_installed()]
        return next((code for code in installed if code.startswith(PRINTED_LANGUAGE)), lang)

    def _l10n_tn_edi_printed_words(self):
        """:return: str, the total in words in the language of the print."""
        lang = (self.env.context.get("lang") or PRINTED_LANGUAGE)[:2]
        total = Decimal(repr(self.amount_total)).quantize(Decimal(1).scaleb(-self.currency_id.decimal_places))
        return amount_in_words(total, self.currency_id.name, lang if lang in LANGUAGES else PRINTED_LANGUAGE)

    def _l10n_tn_edi_printed_teif(self):
        """:return: the ``ir.attachment`` with TTN's final TEIF that the print carries, empty before acceptance."""
        self.ensure_one()
        document = self.sudo().l10n_tn_edi_document_id
        return document.ttn_xml_id if self._l10n_tn_edi_is_accepted() else self.env["ir.attachment"]

    def _l10n_tn_edi_delivered_lines(self):
        """:return: the lines that a delivery note lists: what has a quantity and is not a tax like the stamp duty alone."""
        self.ensure_one()
        return self.invoice_line_ids.filtered(
            lambda line: (
                line.display_type == "product"
                and line.quantity
                and not (
                    line.currency_id.is_zero(line.price_subtotal) and line.tax_ids and not line.product_id
                )
            )
        )
