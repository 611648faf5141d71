from odoo import api, models


class AccountFiscalPosition(models.Model):
    _inherit = "account.fiscal.position"

    @api.model
    def _load_pos_data_read(self, records, config):
        # EXTENDS 'point_of_sale': exports owe no stamp duty
        rows = super()._load_pos_data_read(records, config)
        for row in rows:
            row["_l10n_tn_edi_is_export"] = self.browse(row["id"])._l10n_tn_edi_is_export(config.company_id)
        return rows
