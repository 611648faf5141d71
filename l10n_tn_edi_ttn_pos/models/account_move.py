from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _l10n_tn_edi_due_stamp(self):
        # EXTENDS 'l10n_tn_edi_ttn': what was paid at the till is the stamp of the invoice, neither more nor less
        if not self.pos_order_ids:
            return super()._l10n_tn_edi_due_stamp()
        sign = -1 if self.move_type == "out_refund" else 1
        paid = sum(order._l10n_tn_edi_stamp_paid() for order in self.sudo().pos_order_ids)
        return sign * self.company_currency_id.round(paid)

    def _l10n_tn_edi_paid_before(self):
        # EXTENDS 'l10n_tn_edi_ttn': what the company bears itself changes nothing of what was paid
        if self.pos_order_ids and self.move_type == "out_refund":
            return False
        return super()._l10n_tn_edi_paid_before()
