"""Which version of TEIF a company writes, now and from a day to come."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

VERSIONS = [("1.8.8", "1.8.8"), ("1.8.9", "1.8.9"), ("1.9.0", "1.9.0 (beta)")]


class ResCompany(models.Model):
    _inherit = "res.company"

    l10n_tn_edi_next_version = fields.Selection(
        VERSIONS,
        string="Next TEIF Version",
        help="Version that documents are written in from the day on which TTN applies it.",
    )
    l10n_tn_edi_next_version_date = fields.Date(string="Next Version From")
    l10n_tn_edi_name_salesperson = fields.Boolean(
        string="Name the Salesperson",
        help="Electronic invoices give the salesperson's name, telephone and e-mail address as commercial contact.",
    )

    @api.constrains("l10n_tn_edi_next_version", "l10n_tn_edi_next_version_date")
    def _check_l10n_tn_edi_next_version(self):
        for company in self:
            if bool(company.l10n_tn_edi_next_version) != bool(company.l10n_tn_edi_next_version_date):
                raise ValidationError(
                    company.env._("Choose the next TEIF version together with the day from which it applies.")
                )

    def _l10n_tn_edi_version_on(self, day=None):
        """The version of a document that is made on ``day`` (a date; today in the user's time zone when not given).

        The day on which it is made counts and not that of the invoice: TTN reads by the schema that is in force when the
        document arrives.
        """
        self.ensure_one()
        day = day or fields.Date.context_today(self)
        start = self.l10n_tn_edi_next_version_date
        if self.l10n_tn_edi_next_version and start and day >= start:
            return self.l10n_tn_edi_next_version
        return self.l10n_tn_edi_version


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    l10n_tn_edi_next_version = fields.Selection(related="company_id.l10n_tn_edi_next_version", readonly=False)
    l10n_tn_edi_next_version_date = fields.Date(
        related="company_id.l10n_tn_edi_next_version_date", readonly=False
    )
    l10n_tn_edi_name_salesperson = fields.Boolean(
        related="company_id.l10n_tn_edi_name_salesperson", readonly=False
    )
