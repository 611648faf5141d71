from odoo import api, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _load_pos_data_fields(self, config):
        # EXTENDS 'point_of_sale': public bodies owe no stamp duty
        return [*super()._load_pos_data_fields(config), "l10n_tn_edi_public_body"]
