"""What the forms of bank accounts, taxes and products say, while they are filled in, of what TTN would refuse."""

from odoo import api, fields, models

from ..teif.identifiers import parse_rib, rib_fits
from .account_tax import STAMP, VAT, VAT_RATES


class ResPartnerBank(models.Model):
    _inherit = "res.partner.bank"

    l10n_tn_edi_rib_warning = fields.Char(compute="_compute_l10n_tn_edi_rib_warning")

    @api.depends("acc_number", "partner_id.country_id", "bank_id.country")
    @api.depends_context("lang", "allowed_company_ids")
    def _compute_l10n_tn_edi_rib_warning(self):
        in_tunisia = self.env["account.move"]._l10n_tn_edi_in_sight()
        for account in self:
            rib = parse_rib(account.acc_number)
            account.l10n_tn_edi_rib_warning = False
            if rib and not rib_fits(rib):
                account.l10n_tn_edi_rib_warning = self.env._(
                    "The last two digits of this RIB do not fit the others: there is a typing error."
                )
            elif not rib and account.acc_number and in_tunisia and account._l10n_tn_edi_in_tunisia():
                account.l10n_tn_edi_rib_warning = self.env._(
                    "This is no RIB (20 digits): electronic invoices do not name this account."
                )

    def _l10n_tn_edi_in_tunisia(self):
        """:return: whether the account is one of a Tunisian bank, as far as that is known."""
        self.ensure_one()
        return (self.bank_id.country or self.partner_id.country_id).code == "TN"


class AccountTax(models.Model):
    _inherit = "account.tax"

    l10n_tn_edi_warning = fields.Char(compute="_compute_l10n_tn_edi_warning")

    @api.depends("l10n_tn_edi_code", "type_tax_use", "amount_type", "amount", "country_id")
    @api.depends_context("lang")
    def _compute_l10n_tn_edi_warning(self):
        for tax in self:
            tax.l10n_tn_edi_warning = tax._l10n_tn_edi_doubt()

    def _l10n_tn_edi_doubt(self):
        """:return: str, what TTN would refuse or take for something else about the tax; False when there is nothing."""
        self.ensure_one()
        if self.country_id.code != "TN" or self.type_tax_use != "sale" or self.amount_type == "group":
            return False
        if not self.l10n_tn_edi_code:
            return self.env._("Without a TEIF code, invoices with this tax cannot be deposited at TTN.")
        if self.l10n_tn_edi_code == STAMP and self.amount_type != "fixed":
            return self.env._("The stamp duty is an amount, not a percentage.")
        if self.l10n_tn_edi_code == VAT and (self.amount_type != "percent" or self.amount not in VAT_RATES):
            return self.env._("Tunisia has no VAT of this rate.")
        return False


class ProductTemplate(models.Model):
    _inherit = "product.template"

    l10n_tn_edi_warning = fields.Char(compute="_compute_l10n_tn_edi_warning")

    @api.depends("taxes_id", "sale_ok")
    @api.depends_context("lang", "allowed_company_ids")
    def _compute_l10n_tn_edi_warning(self):
        companies = self.env.companies.sudo().filtered(
            lambda company: company.l10n_tn_edi_enabled and company.account_fiscal_country_id.code == "TN"
        )
        for product in self:
            product.l10n_tn_edi_warning = (
                product._l10n_tn_edi_doubt(companies) if companies and product.sale_ok else False
            )

    def _l10n_tn_edi_doubt(self, companies):
        """:return: str, what electronic invoices with this product would be refused for; False when there is nothing.

        :param companies: those that invoice electronically.
        """
        self.ensure_one()
        taxes = self.taxes_id.sudo().filtered(lambda tax: tax.company_id in companies | companies.parent_ids)
        taxes = taxes.flatten_taxes_hierarchy()
        without = taxes.filtered(lambda tax: not tax.l10n_tn_edi_code)
        if without:
            return self.env._("The tax “%(tax)s” has no TEIF code.", tax=without[0].name)
        vat = taxes.filtered(lambda tax: tax.l10n_tn_edi_code == VAT)
        for company in companies:
            if len(vat.filtered(lambda tax, company=company: tax.company_id in company.parent_ids)) > 1:
                return self.env._("This product bears more than one VAT.")
        if not vat:
            return self.env._("This product bears no VAT: choose the one of 0 % when it is exempt.")
        return False
