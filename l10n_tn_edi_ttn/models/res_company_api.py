"""Whether a company's own systems may push invoices in, and how they are taken."""

from importlib.util import find_spec

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

MOST_CALLS = 100_000
# What reads the API's bodies; nobody else needs them
PACKAGES = ("jsonschema", "rfc8785")


class ResCompany(models.Model):
    _inherit = "res.company"

    l10n_tn_edi_api_enabled = fields.Boolean(
        string="API for Invoices",
        help="The company's own systems push invoices and credit notes in and read their status at TTN.",
    )
    l10n_tn_edi_api_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of the API's Invoices",
        check_company=True,
        domain="[('type', '=', 'sale')]",
        help="The first sales journal switched on for El Fatoora when empty.",
    )
    l10n_tn_edi_api_create_partners = fields.Boolean(string="API: Create Unknown Customers", default=True)
    l10n_tn_edi_api_create_products = fields.Boolean(string="API: Create Unknown Items")
    l10n_tn_edi_api_rate = fields.Integer(
        string="Calls per Minute", default=600, help="Of one key; a batch is one call."
    )

    @api.constrains("l10n_tn_edi_api_rate")
    def _check_l10n_tn_edi_api_rate(self):
        for company in self:
            if not 1 <= company.l10n_tn_edi_api_rate <= MOST_CALLS:
                raise ValidationError(
                    company.env._("The calls per minute are a number from 1 to %(most)s.", most=MOST_CALLS)
                )

    @api.constrains("l10n_tn_edi_api_enabled")
    def _check_l10n_tn_edi_api_packages(self):
        """:raise UserError: names the Python packages that the API needs and this server lacks."""
        if not any(company.l10n_tn_edi_api_enabled for company in self):
            return
        missing = [name for name in PACKAGES if not find_spec(name)]
        if missing:
            raise UserError(
                self.env._(
                    "The API needs Python packages that this server lacks: %(missing)s. Have them installed with pip.",
                    missing=", ".join(missing),
                )
            )

    def _l10n_tn_edi_api_journal(self):
        """:return: the ``account.journal`` of the API's invoices; empty when the company has no sales journal."""
        self.ensure_one()
        if self.l10n_tn_edi_api_journal_id:
            return self.l10n_tn_edi_api_journal_id
        journals = self.env["account.journal"].search(
            [*self.env["account.journal"]._check_company_domain(self), ("type", "=", "sale")]
        )
        return (journals.filtered("l10n_tn_edi_enabled") or journals)[:1]
