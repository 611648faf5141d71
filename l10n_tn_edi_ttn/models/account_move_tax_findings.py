"""What is wrong with the taxes of an invoice, as far as only Odoo can see it."""

from odoo import models

from ..teif.codes import STAMP
from .account_move_teif_findings import BLOCKING, WARNING

# What the checks below may say beside ODOO_CODES; the sentences are in l10n_tn_edi_messages_taxes.py.
TAX_CODES = frozenset(
    {
        "odoo.negative_tax",
        "odoo.exemption_reason",
        "odoo.attestation_missing",
        "odoo.attestation_customer",
        "odoo.attestation_expired",
        "odoo.attestation_taxes",
        "odoo.attestation_amount",
        "odoo.attestation_quantity",
    }
)


class AccountMove(models.Model):
    _inherit = "account.move"

    def _l10n_tn_edi_place(self, findings, size):
        # EXTENDS account_move_teif_findings.py
        return super()._l10n_tn_edi_place(
            [finding for finding in findings if not self._l10n_tn_edi_is_meant(finding)], size
        )

    def _l10n_tn_edi_is_meant(self, finding):
        """Whether nothing is to be said of a negative tax that the checker found.

        The company wants its credit notes' own stamp charged to the customer; and where a tax of Odoo itself is negative,
        that is said with its remedy.
        """
        if finding.code != "tax.negative":
            return False
        if finding.params["tax"] == STAMP:
            return self.move_type == "out_refund" and self.l10n_tn_edi_stamp < 0
        return any(tax.amount < 0 for tax in self._l10n_tn_edi_borne_taxes())

    def _l10n_tn_edi_borne_taxes(self):
        """:return: the taxes of the lines. A withholding made at payment is none: the tax engine leaves it out, as TEIF does."""
        return self.invoice_line_ids.tax_ids.flatten_taxes_hierarchy()._l10n_tn_edi_on_invoice()

    def _l10n_tn_edi_check_taxes(self):
        taxes = self._l10n_tn_edi_borne_taxes()
        for tax in taxes:
            if tax.amount < 0:
                yield self._l10n_tn_edi_own_finding(
                    "odoo.negative_tax", BLOCKING, tax, "amount", tax=tax.name, rate=str(tax.amount)
                )
            elif not tax.l10n_tn_edi_code:
                yield self._l10n_tn_edi_own_finding(
                    "odoo.tax_code", BLOCKING, tax, "l10n_tn_edi_code", tax=tax.name
                )
        yield from self._l10n_tn_edi_check_stamp(taxes._l10n_tn_edi_stamps())

    def _l10n_tn_edi_check_stamp(self, stamps):
        """Whether the stamp taxes that stand on lines make one stamp: a fixed tax ignores quantity and currency."""
        if not stamps:
            return
        items = self.line_ids.filtered(lambda line: line.tax_line_id in stamps)
        charged = self._l10n_tn_edi_decimal(self.direction_sign * sum(items.mapped("amount_currency")))
        usual = self._l10n_tn_edi_decimal(stamps[0].amount * (self.invoice_currency_rate or 1.0))
        if charged > usual:
            yield self._l10n_tn_edi_own_finding(
                "odoo.stamp_multiplied",
                WARNING,
                self,
                "invoice_line_ids",
                charged=str(charged),
                usual=str(usual),
            )
