from odoo import api, fields, models
from odoo.exceptions import ValidationError

# Code des droits et procédures fiscaux and Code de commerce: ten years; nobody keeps less.
LEAST_YEARS = 10


class ResCompany(models.Model):
    """How long a company keeps what: each class of data has its own term."""

    _inherit = "res.company"

    l10n_tn_edi_archive = fields.Boolean(
        string="Archive with Proof",
        default=True,
        help="Keep a sealed record of every invoice that reached its final state at TTN.",
    )
    l10n_tn_edi_archive_since = fields.Date(
        string="Archive since",
        help="Documents that were final before this day are not archived. Empty: all are.",
    )
    l10n_tn_edi_archive_years = fields.Integer(
        string="Years in the Archive",
        default=LEAST_YEARS,
        help="From the end of the invoice's fiscal year. What is archived already keeps the term of its day.",
    )
    l10n_tn_edi_archive_delete = fields.Boolean(
        string="Delete after the Term",
        help="A scheduled action deletes what is past its term and kept by no legal hold. Otherwise it stays until an "
        "accounting administrator deletes it.",
    )
    l10n_tn_edi_exchange_years = fields.Integer(
        string="Years for Exchanges",
        default=LEAST_YEARS,
        help="After that, requests and answers are deleted; what was called, when, and its hash stay.",
    )
    l10n_tn_edi_access_years = fields.Integer(
        string="Years for the Access Log",
        default=LEAST_YEARS,
        help="Who looked at the archive is personal data: it is deleted after this time.",
    )

    l10n_tn_edi_personal_years = fields.Integer(
        string="Years for Imported Workbooks",
        default=3,
        help="Workbooks and what was read in them tell of customers: they are deleted after this time. The invoices stay.",
    )

    @api.constrains(
        "l10n_tn_edi_archive_years",
        "l10n_tn_edi_exchange_years",
        "l10n_tn_edi_access_years",
        "l10n_tn_edi_personal_years",
    )
    def _check_l10n_tn_edi_years(self):
        for company in self:
            if company.l10n_tn_edi_archive_years < LEAST_YEARS:
                raise ValidationError(
                    self.env._(
                        "Electronic invoices are kept for %(years)s years at least.", years=LEAST_YEARS
                    )
                )
            others = (
                company.l10n_tn_edi_exchange_years,
                company.l10n_tn_edi_access_years,
                company.l10n_tn_edi_personal_years,
            )
            if min(others) < 1:
                raise ValidationError(self.env._("Every class of data is kept for a year at least."))


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    l10n_tn_edi_archive_years = fields.Integer(related="company_id.l10n_tn_edi_archive_years", readonly=False)
    l10n_tn_edi_archive_delete = fields.Boolean(
        related="company_id.l10n_tn_edi_archive_delete", readonly=False
    )
    l10n_tn_edi_exchange_years = fields.Integer(
        related="company_id.l10n_tn_edi_exchange_years", readonly=False
    )
    l10n_tn_edi_access_years = fields.Integer(related="company_id.l10n_tn_edi_access_years", readonly=False)
    l10n_tn_edi_personal_years = fields.Integer(
        related="company_id.l10n_tn_edi_personal_years", readonly=False
    )
