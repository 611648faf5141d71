from odoo import fields, models


class AccountFiscalPosition(models.Model):
    _inherit = "account.fiscal.position"

    l10n_tn_edi_suspension = fields.Boolean(
        string="Suspended VAT (Tunisia)",
        help="Sales under suspension of VAT: they need an attestation of the customer, and the invoice names it.",
    )


class AccountTax(models.Model):
    _inherit = "account.tax"

    l10n_tn_edi_suspended_tax_id = fields.Many2one(
        "account.tax",
        string="Tax Suspended",
        check_company=True,
        domain="[('type_tax_use', '=', 'sale'), ('amount', '>', 0)]",
        help="The tax that would be due without suspension: the electronic invoice and the print say how much it is.",
    )
