from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    l10n_tn_edi_api_enabled = fields.Boolean(related="company_id.l10n_tn_edi_api_enabled", readonly=False)
    l10n_tn_edi_api_journal_id = fields.Many2one(
        related="company_id.l10n_tn_edi_api_journal_id", readonly=False
    )
    l10n_tn_edi_api_create_partners = fields.Boolean(
        related="company_id.l10n_tn_edi_api_create_partners", readonly=False
    )
    l10n_tn_edi_api_create_products = fields.Boolean(
        related="company_id.l10n_tn_edi_api_create_products", readonly=False
    )
    l10n_tn_edi_api_rate = fields.Integer(related="company_id.l10n_tn_edi_api_rate", readonly=False)

    def action_l10n_tn_edi_api_key(self):
        """Open the window that makes a key for the company."""
        return self.env["l10n_tn_edi.api.key"]._window(self.company_id)
