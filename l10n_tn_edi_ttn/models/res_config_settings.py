from odoo import api, fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    l10n_tn_edi_enabled = fields.Boolean(related="company_id.l10n_tn_edi_enabled", readonly=False)
    l10n_tn_edi_go_live_date = fields.Date(related="company_id.l10n_tn_edi_go_live_date", readonly=False)
    l10n_tn_edi_mode = fields.Selection(related="company_id.l10n_tn_edi_mode", readonly=False)
    l10n_tn_edi_test_url = fields.Char(related="company_id.l10n_tn_edi_test_url", readonly=False)
    l10n_tn_edi_production_url = fields.Char(related="company_id.l10n_tn_edi_production_url", readonly=False)
    l10n_tn_edi_login = fields.Char(related="company_id.l10n_tn_edi_login", readonly=False)
    l10n_tn_edi_password = fields.Char(related="company_id.l10n_tn_edi_password", readonly=False)
    l10n_tn_edi_has_password = fields.Boolean(related="company_id.l10n_tn_edi_has_password")
    l10n_tn_edi_matricule = fields.Char(related="company_id.l10n_tn_edi_matricule", readonly=False)
    l10n_tn_edi_version = fields.Selection(related="company_id.l10n_tn_edi_version", readonly=False)
    l10n_tn_edi_sending = fields.Selection(related="company_id.l10n_tn_edi_sending", readonly=False)
    l10n_tn_edi_delay_minutes = fields.Integer(related="company_id.l10n_tn_edi_delay_minutes", readonly=False)
    l10n_tn_edi_provider_id = fields.Many2one(related="company_id.l10n_tn_edi_provider_id", readonly=False)
    l10n_tn_edi_consumer_policy = fields.Selection(
        related="company_id.l10n_tn_edi_consumer_policy", readonly=False
    )
    l10n_tn_edi_foreign_policy = fields.Selection(
        related="company_id.l10n_tn_edi_foreign_policy", readonly=False
    )
    l10n_tn_edi_absence_minutes = fields.Integer(
        related="company_id.l10n_tn_edi_absence_minutes", readonly=False
    )
    l10n_tn_edi_auto_resend = fields.Boolean(related="company_id.l10n_tn_edi_auto_resend", readonly=False)
    l10n_tn_edi_capital = fields.Float(related="company_id.l10n_tn_edi_capital", readonly=False)
    l10n_tn_edi_legal_form = fields.Char(related="company_id.l10n_tn_edi_legal_form", readonly=False)
    l10n_tn_edi_production_active = fields.Boolean(related="company_id.l10n_tn_edi_production_active")
    l10n_tn_edi_secret_available = fields.Boolean(compute="_compute_l10n_tn_edi_secret_available")

    @api.depends("company_id")
    def _compute_l10n_tn_edi_secret_available(self):
        self.l10n_tn_edi_secret_available = self.env["l10n_tn_edi.secret"]._is_available()

    def action_l10n_tn_edi_activate_production(self):
        return self.company_id.action_l10n_tn_edi_activate_production()

    def action_l10n_tn_edi_test_account(self):
        return self.company_id.action_l10n_tn_edi_test_account()
