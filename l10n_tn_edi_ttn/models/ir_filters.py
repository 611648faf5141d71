from odoo import api, models


class IrFilters(models.Model):
    _inherit = "ir.filters"

    @api.model
    def get_filters(self, model, action_id=None, embedded_action_id=None, embedded_parent_res_id=None):
        # EXTENDS 'base': our favourites of the invoice list are for companies whose accounting is in Tunisia
        filters = super().get_filters(model, action_id, embedded_action_id, embedded_parent_res_id)
        if model == "account.move" and not self.env["account.move"]._l10n_tn_edi_in_sight():
            filters = [one for one in filters if "l10n_tn_edi_" not in one["domain"]]
        names = self._l10n_tn_edi_names()
        return [{**one, "name": names.get(one["name"], one["name"])} for one in filters]

    @api.model
    def _l10n_tn_edi_names(self):
        """:return: dict of the names of our favourites to what the user reads: names of favourites have no translation."""
        return {
            "El Fatoora: my work today": self.env._("El Fatoora: my work today"),
            "El Fatoora: not accepted, by month": self.env._("El Fatoora: not accepted, by month"),
            "El Fatoora: accepted, by month": self.env._("El Fatoora: accepted, by month"),
        }
