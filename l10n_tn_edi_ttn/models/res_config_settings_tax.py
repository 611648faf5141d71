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

    def action_l10n_tn_edi_load_taxes(self):
        """Add the taxes and fiscal positions that the Tunisian chart lacks, and say how many taxes that made."""
        self.ensure_one()
        made = self.env["account.chart.template"]._l10n_tn_edi_load(self.company_id)
        self.env["account.tax"]._l10n_tn_edi_preset_taxes(self.company_id)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%(count)s taxes added.", count=len(made))
                if made
                else self.env._("Nothing was missing."),
            },
        }
