from odoo import models
from odoo.addons.account.models.chart_template import template

VAT_TAXES = (
    "l10n_tn_tax_vat_sale_19",
    "l10n_tn_tax_vat_sale_13",
    "l10n_tn_tax_vat_sale_7",
    "l10n_tn_tax_vat_sale_6",
    "l10n_tn_tax_vat_sale_12",
    "l10n_tn_tax_vat_sale_18",
    "l10n_tn_tax_vat_sale_0",
)
STAMP_TAX = "l10n_tn_tax_vat_sale_tax_stamp"


class AccountChartTemplate(models.AbstractModel):
    _inherit = "account.chart.template"

    @template("tn", "account.tax")
    def _get_l10n_tn_edi_account_tax(self):
        """TEIF codes of the taxes of the Tunisian chart: they complete what ``l10n_tn`` says of them."""
        return {
            **{xmlid: {"l10n_tn_edi_code": "I-1602"} for xmlid in VAT_TAXES},
            STAMP_TAX: {"l10n_tn_edi_code": "I-1601"},
        }
