"""The kind of TEIF document that a fiscal position, a customer or a journal stands for."""

from odoo import api, fields, models

EXPORT_POSITION = "l10n_tn_fp_template_export"
INVOICE_TYPES = [
    ("I-11", "Invoice"),
    ("I-13", "Fee note"),
    ("I-14", "Public contract statement"),
    ("I-15", "Export invoice"),
    ("I-16", "Purchase order"),
]


class AccountFiscalPosition(models.Model):
    _inherit = "account.fiscal.position"

    l10n_tn_edi_type_code = fields.Selection(
        INVOICE_TYPES,
        string="TEIF Document Type",
        help="Kind of electronic invoice with this fiscal position. The export position of the Tunisian chart makes "
        "export invoices when nothing is chosen.",
    )

    def _l10n_tn_edi_is_export(self, company):
        """Whether this is a fiscal position of export (an empty one is none): it says so, or it is that of the chart."""
        if not self or self.l10n_tn_edi_type_code:
            return self.l10n_tn_edi_type_code == "I-15"
        template = self.env["account.chart.template"].with_company(company)
        return self == template.ref(EXPORT_POSITION, raise_if_not_found=False)


class AccountJournal(models.Model):
    _inherit = "account.journal"

    l10n_tn_edi_type_code = fields.Selection(
        INVOICE_TYPES,
        string="TEIF Document Type",
        help="Kind of electronic invoice in this journal, for example fee notes.",
    )
    l10n_tn_edi_establishment_id = fields.Many2one(
        "res.partner",
        string="Invoicing Establishment",
        domain="[('parent_id', '=', company_partner_id)]",
        help="Address of the establishment that invoices with this journal; that of the company when empty.",
    )


class ResPartner(models.Model):
    _inherit = "res.partner"

    l10n_tn_edi_type_code = fields.Selection(
        INVOICE_TYPES,
        string="TEIF Document Type",
        help="Kind of electronic invoice this customer gets, for example statements of a public contract.",
    )

    @api.model
    def _commercial_fields(self):
        # EXTENDS 'base'
        return super()._commercial_fields() + ["l10n_tn_edi_type_code"]
