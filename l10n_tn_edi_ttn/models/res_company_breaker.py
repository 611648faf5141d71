from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResCompany(models.Model):
    """When a company's queue stops by itself."""

    _inherit = "res.company"

    l10n_tn_edi_breaker_percent = fields.Float(
        string="Stop Above (%)",
        default=50.0,
        help="More rejections than this share of the last verdicts stop the queue.",
    )
    l10n_tn_edi_breaker_last = fields.Integer(string="Verdicts Looked At", default=20)
    l10n_tn_edi_breaker_least = fields.Integer(
        string="Verdicts Needed", default=10, help="Fewer verdicts than this never stop the queue."
    )

    l10n_tn_edi_late_days = fields.Integer(
        string="Late After",
        default=3,
        help="Days after posting from which an invoice that is not accepted is shown in the reconciliation.",
    )

    @api.constrains("l10n_tn_edi_breaker_percent", "l10n_tn_edi_breaker_last", "l10n_tn_edi_breaker_least")
    def _check_l10n_tn_edi_breaker(self):
        for company in self:
            if not (
                0 <= company.l10n_tn_edi_breaker_percent < 100
                and 0 < company.l10n_tn_edi_breaker_least <= company.l10n_tn_edi_breaker_last
            ):
                raise ValidationError(
                    self.env._(
                        "The share is between 0 and 100, and no more verdicts are needed than are looked at."
                    )
                )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    l10n_tn_edi_breaker_percent = fields.Float(
        related="company_id.l10n_tn_edi_breaker_percent", readonly=False
    )
    l10n_tn_edi_breaker_last = fields.Integer(related="company_id.l10n_tn_edi_breaker_last", readonly=False)
    l10n_tn_edi_breaker_least = fields.Integer(related="company_id.l10n_tn_edi_breaker_least", readonly=False)
    l10n_tn_edi_late_days = fields.Integer(related="company_id.l10n_tn_edi_late_days", readonly=False)
