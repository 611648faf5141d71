from odoo import api, models


class L10nTnEdiCached(models.AbstractModel):
    """Records that ``tools.ormcache`` remembers something of: any change of them empties the caches of all workers."""

    _name = "l10n_tn_edi.cached"
    _description = "Remembered in Caches"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self.env.registry.clear_cache()
        return records

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result
