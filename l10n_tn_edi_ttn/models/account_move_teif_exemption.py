"""Sales that are exempt from VAT: how much (I-185), and why (I-48).

The reason is what Odoo prints for a tax on the invoice, its legal notes: said once, it stands on both.
"""

from decimal import Decimal

from odoo import models
from odoo.tools import html2plaintext

from ..teif.codes import TVA
from ..teif.document import Amount
from .account_move_teif_findings import ADVICE
from .l10n_tn_edi_text import clean


class AccountMove(models.Model):
    _inherit = "account.move"

    def _l10n_tn_edi_exempt_taxes(self, base_line):
        """The VAT of 0 % that makes a line exempt.

        :return: ``account.tax`` records, empty for a line without any VAT; None for a line that is not exempt: it bears
            VAT, or VAT is suspended, or the goods are exported.
        """
        vat = self.env["account.tax"]
        for data in base_line["tax_details"]["taxes_data"]:
            code, rate = data["tax"]._l10n_tn_edi_code_and_rate()
            if code == TVA:
                vat |= data["tax"]
                if rate or data["tax"].l10n_tn_edi_suspended_tax_id:
                    return None
        return vat

    def _l10n_tn_edi_exempt(self, amounts):
        """``(total without tax of the exempt lines, their taxes of 0 %)``; (0, no tax) for an export."""
        total, taxes = Decimal(0), self.env["account.tax"]
        for base_line in amounts.lines:
            exempt = None if base_line["special_type"] else self._l10n_tn_edi_exempt_taxes(base_line)
            if exempt is not None:
                total += self._l10n_tn_edi_net(base_line)
                taxes |= exempt
        if total and (self.l10n_tn_edi_type_code == "I-15" or self._l10n_tn_edi_is_export()):
            return Decimal(0), taxes.browse()
        return total, taxes

    def _l10n_tn_edi_sums(self, amounts):
        # EXTENDS account_move_teif_amounts.py
        total, _taxes = self._l10n_tn_edi_exempt(amounts)
        sums = super()._l10n_tn_edi_sums(amounts)
        if not total:
            return sums
        return (*sums, Amount("I-185", self._l10n_tn_edi_decimal(total), self.currency_id.name))

    def _l10n_tn_edi_observations(self):
        # EXTENDS account_move_teif_document.py
        return [*super()._l10n_tn_edi_observations(), *self._l10n_tn_edi_exemption_texts()]

    def _l10n_tn_edi_exemption_texts(self):
        """Why lines are exempt, each reason once, in the language of the customer."""
        taxes = self.invoice_line_ids.tax_ids.filtered(lambda tax: not tax.amount)
        taxes = taxes.with_context(lang=self.partner_id.lang or "fr_FR") if taxes else taxes
        reasons = (clean(html2plaintext(tax.invoice_legal_notes or "")) for tax in taxes)
        return list(dict.fromkeys(filter(None, reasons)))

    def _l10n_tn_edi_own_findings(self, findings, size):
        # EXTENDS account_move_teif_findings.py
        return [*super()._l10n_tn_edi_own_findings(findings, size), *self._l10n_tn_edi_check_exemption()]

    def _l10n_tn_edi_check_exemption(self):
        taxes = self.invoice_line_ids.tax_ids.flatten_taxes_hierarchy().filtered(
            lambda tax: (
                tax.l10n_tn_edi_code == TVA and not tax.amount and not tax.l10n_tn_edi_suspended_tax_id
            )
        )
        if (
            taxes
            and not clean(self.l10n_tn_edi_note)
            and not self._l10n_tn_edi_exemption_texts()
            and self.l10n_tn_edi_type_code != "I-15"
            and not self._l10n_tn_edi_is_export()
        ):
            yield self._l10n_tn_edi_own_finding(
                "odoo.exemption_reason", ADVICE, taxes[0], "invoice_legal_notes", tax=taxes[0].name
            )
