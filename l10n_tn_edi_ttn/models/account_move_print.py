"""What the printed invoice says of El Fatoora: TTN's reference and QR code, matricules, the total in words."""
from decimal import Decimal

from odoo import models

from ..teif.identifiers import Matricule
from ..teif.words import LANGUAGES, amount_in_words

PRINTED_LANGUAGE = "fr"  # Tunisian invoices are in French unless the customer reads another language


class AccountMove(models.Model):
    _inherit = "account.move"

    def _l10n_tn_edi_print_values(self):
        """What the report prints; the one door between the template and the electronic document.

        :return: dict, empty for an invoice that has nothing to do with El Fatoora. Keys: ``state`` ('accepted' |
            'waiting' | 'elsewhere'), ``test`` (bool), ``reference``, ``cev`` (base64 of TTN's PNG, or False),
            ``before``, ``after`` (the legal sentence around the reference), ``words``, ``supplier`` and ``customer``
            (matricules as 0736202X/A/M/000, '' when there is none), ``capital`` and ``registry``.
        """
        self.ensure_one()
        if self.move_type not in ("out_invoice", "out_refund"):
            return {}
        document = self.sudo().l10n_tn_edi_document_id
        accepted = document.state in ("accepted", "conflict") and bool(document.reference)
        elsewhere = self.l10n_tn_edi_exclusion == "elsewhere" and bool(self.l10n_tn_edi_exclusion_reference)
        if not (accepted or elsewhere or self._l10n_tn_edi_awaits_ttn()):
            return {}
        reference = document.reference if accepted else (self.l10n_tn_edi_exclusion_reference if elsewhere else "")
        before, after = self._l10n_tn_edi_sentence_parts()
        return {
            "state": "accepted" if accepted else ("elsewhere" if elsewhere else "waiting"),
            "test": accepted and document.mode == "test",
            "reference": reference or "",
            "cev": document.cev if accepted else False,
            "before": before,
            "after": after,
            "words": self._l10n_tn_edi_printed_words(),
            "supplier": self._l10n_tn_edi_printed_matricule(self.company_id.l10n_tn_edi_matricule),
            "customer": self._l10n_tn_edi_printed_matricule(self.commercial_partner_id.vat),
            "capital": self.company_id.l10n_tn_edi_capital,
            "registry": self.company_id.company_registry,
            "legal_form": self.company_id.l10n_tn_edi_legal_form,
        }

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

    def _l10n_tn_edi_printed_words(self):
        """:return: str, the total in words in the language of the print."""
        lang = (self.env.context.get("lang") or PRINTED_LANGUAGE)[:2]
        total = Decimal(repr(self.amount_total)).quantize(Decimal(1).scaleb(-self.currency_id.decimal_places))
        return amount_in_words(total, self.currency_id.name, lang if lang in LANGUAGES else PRINTED_LANGUAGE)
