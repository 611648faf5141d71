"""The stamp duty of an order that is paid before there is an invoice: it is in the total that the customer pays.

As on invoices it is no line, but one more base line that only the tax engine sees; the invoice has its own.
"""

from odoo import api, fields, models
from odoo.tools.sql import column_exists, create_column


class SaleOrder(models.Model):
    _inherit = "sale.order"

    l10n_tn_edi_stamp = fields.Monetary(
        string="Stamp Duty Amount",
        compute="_compute_l10n_tn_edi_stamp",
        store=True,
        help="In the currency of the order, as part of its total, when the customer pays the whole of it online.",
    )

    def _auto_init(self):
        # The orders that are there keep their totals.
        if not column_exists(self.env.cr, "sale_order", "l10n_tn_edi_stamp"):
            create_column(self.env.cr, "sale_order", "l10n_tn_edi_stamp", "numeric")
        return super()._auto_init()

    @api.depends(lambda self: self._l10n_tn_edi_stamp_triggers())
    def _compute_l10n_tn_edi_stamp(self):
        for order in self:
            if order.state in ("draft", "sent"):
                order.l10n_tn_edi_stamp = order._l10n_tn_edi_due_stamp()
            else:  # what was agreed is agreed
                order.l10n_tn_edi_stamp = order.l10n_tn_edi_stamp

    def _l10n_tn_edi_stamp_triggers(self):
        """What the stamp depends on."""
        return [
            "company_id",
            "currency_id",
            "currency_rate",
            "partner_invoice_id",
            "fiscal_position_id",
            "require_payment",
            "prepayment_percent",
            "order_line.display_type",
            "order_line.tax_ids",
        ]

    def _l10n_tn_edi_due_stamp(self):
        """:return: float, what :attr:`l10n_tn_edi_stamp` is to be."""
        self.ensure_one()
        company = self.company_id
        lines = self._get_priced_lines()
        if (
            not lines
            or not self._l10n_tn_edi_is_prepaid()
            or lines.tax_ids._l10n_tn_edi_stamps()
            or not company._l10n_tn_edi_stamps(
                self.partner_invoice_id.commercial_partner_id, self.fiscal_position_id
            )
        ):
            return 0.0
        return self.currency_id.round(company._l10n_tn_edi_stamp_on() * (self.currency_rate or 1.0))

    def _l10n_tn_edi_is_prepaid(self):
        """Whether the whole is asked for before there is an invoice."""
        self.ensure_one()
        return self.require_payment and self.prepayment_percent >= 1.0

    def write(self, vals):
        # EXTENDS 'sale': what still has to be computed is computed of the quotation, not of the order it becomes
        if "state" in vals:
            self.mapped("l10n_tn_edi_stamp")
        return super().write(vals)

    @api.depends("l10n_tn_edi_stamp")
    def _compute_amounts(self):
        # EXTENDS 'sale'
        return super()._compute_amounts()

    @api.depends("l10n_tn_edi_stamp")
    def _compute_tax_totals(self):
        # EXTENDS 'sale'
        return super()._compute_tax_totals()

    def _add_base_lines_for_early_payment_discount(self):
        # EXTENDS 'sale': the one place where both totals take base lines that are no lines of the order
        base_lines = super()._add_base_lines_for_early_payment_discount()
        stamp = self.l10n_tn_edi_stamp
        if not stamp or not self.company_id._l10n_tn_edi_stamp_tax():
            return base_lines
        rate = self.currency_rate or 1.0
        base_line = self.company_id._l10n_tn_edi_stamp_base_line(
            self.env["sale.order.line"],
            {"tax_amount_currency": stamp, "tax_amount": self.company_id.currency_id.round(stamp / rate)},
            currency_id=self.currency_id or self.company_id.currency_id,
            partner_id=self.partner_invoice_id,
            rate=rate,
        )
        return [*base_lines, base_line]
