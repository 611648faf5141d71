from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """The company's settings about stamp duty and taxes."""

    _inherit = "res.config.settings"

    l10n_tn_edi_stamp_automatic = fields.Boolean(
        related="company_id.l10n_tn_edi_stamp_automatic", readonly=False
    )
    l10n_tn_edi_refund_stamp = fields.Selection(related="company_id.l10n_tn_edi_refund_stamp", readonly=False)
    l10n_tn_edi_stamp_expense_account_id = fields.Many2one(
        related="company_id.l10n_tn_edi_stamp_expense_account_id", readonly=False
    )
