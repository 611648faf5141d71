"""The stamp duty at the till: a line of the order, so that the cashier, the customer and the ticket see it.

It is put there when an invoice is asked for, before the payment; the server adds nothing to what was paid. On the invoice it
is no line any more but the stamp of the document, as on every other invoice.
"""

from odoo import models


class PosOrder(models.Model):
    _inherit = "pos.order"

    def _prepare_tax_base_line_values(self):
        # EXTENDS 'point_of_sale': among the lines of an invoice there is no stamp
        base_lines = super()._prepare_tax_base_line_values()
        if self.env.context.get("invoicing"):
            return [line for line in base_lines if not line["record"]._l10n_tn_edi_is_stamp()]
        return base_lines

    def _l10n_tn_edi_stamp_paid(self):
        """:return: float, the stamp duty that was paid with this order, in the company's currency; negative when given back."""
        self.ensure_one()
        lines = self.lines.filtered(lambda line: line._l10n_tn_edi_is_stamp())
        paid = sum(line.price_unit * line.qty for line in lines)
        stamp = self.company_id._l10n_tn_edi_stamp_on(self.date_order.date())
        rate = self.currency_rate or 1.0
        # What is the stamp of the day is that to the millime, also after two conversions.
        if not self.currency_id.compare_amounts(abs(paid), stamp * rate):
            return stamp if paid > 0 else -stamp
        return self.company_id.currency_id.round(paid / rate)


class PosOrderLine(models.Model):
    _inherit = "pos.order.line"

    def _l10n_tn_edi_is_stamp(self):
        """Whether this line is the stamp duty of its order."""
        self.ensure_one()
        stamp = self.env["pos.config"]._l10n_tn_edi_stamp_product()
        return bool(stamp) and self.product_id == stamp

    def _prepare_base_line_for_taxes_computation(self):
        # EXTENDS 'point_of_sale': the stamp is the State's also where the order ends without invoice
        base_line = super()._prepare_base_line_for_taxes_computation()
        if self._l10n_tn_edi_is_stamp():
            repartition = self.company_id._l10n_tn_edi_stamp_tax().invoice_repartition_line_ids
            account = repartition.filtered(lambda line: line.repartition_type == "tax").account_id
            base_line["account_id"] = account[:1] or base_line["account_id"]
        return base_line
