"""The stamp duty of what is bought in the shop: in the total from the cart on, whatever is asked of quotations."""

from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _l10n_tn_edi_stamp_triggers(self):
        # EXTENDS 'l10n_tn_edi_ttn_sale'
        return [*super()._l10n_tn_edi_stamp_triggers(), "website_id"]

    def _l10n_tn_edi_is_prepaid(self):
        # EXTENDS 'l10n_tn_edi_ttn_sale'
        return bool(self.website_id) or super()._l10n_tn_edi_is_prepaid()

    def _get_amount_total_excluding_delivery(self):
        # EXTENDS 'website_sale': it sums up the lines, for the wallets of the express checkout
        return super()._get_amount_total_excluding_delivery() + self.l10n_tn_edi_stamp
