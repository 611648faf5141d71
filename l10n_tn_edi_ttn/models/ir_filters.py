from odoo import api, models


class IrFilters(models.Model):
    _inherit = "ir.filters"

    @api.model
    def get_filters(self, model, action_id=None, embedded_action_id=None, embedded_parent_res_id=None):
        # EXTENDS 'base': our favourites of the invoice list are for companies whose accounting is in Tunisia
        filters = super().get_filters(model, action_id, embedded_action_id, embedded_parent_res_id)
        if model != "account.move" or self.env["account.move"]._l10n_tn_edi_in_sight():
            return filters
        return [one for one in filters if "l10n_tn_edi_" not in one["domain"]]
