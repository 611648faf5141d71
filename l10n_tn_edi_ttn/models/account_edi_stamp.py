"""The stamp duty in the formats of Odoo's own electronic invoices (UBL, Factur-X): their totals agree only with it.

Factur-X is embedded in the PDF of every invoice, whatever its format. UBL says a fixed tax as a line of its own, exempt from
VAT; Factur-X as a charge. Both know it only from the invoice's lines, where the stamp does not stand.
"""

from odoo import models

from .res_company_stamp import SPECIAL_TYPE

CHARGE_REASON, ALLOWANCE_REASON = "ZZZ", "95"  # mutually defined; discount (UN/CEFACT 7161 and 5189)


class AccountEdiXmlUbl20(models.AbstractModel):
    _inherit = "account.edi.xml.ubl_20"

    def _add_invoice_base_lines_vals(self, vals):
        # EXTENDS 'account_edi_ubl_cii': the base line of the stamp is there for its tax only and has nothing to sell
        result = super()._add_invoice_base_lines_vals(vals)
        vals["base_lines"] = [
            self._l10n_tn_edi_stamp_sold(vals["invoice"], base_line)
            if base_line["special_type"] == SPECIAL_TYPE
            else base_line
            for base_line in vals["base_lines"]
        ]
        return result

    def _l10n_tn_edi_stamp_sold(self, invoice, base_line):
        """The base line of the stamp as one that sells it, without any tax."""
        AccountTax = self.env["account.tax"]
        [tax_data] = base_line["tax_details"]["taxes_data"]
        sold = AccountTax._prepare_base_line_for_taxes_computation(
            invoice.line_ids.new({"name": tax_data["tax"].name, "display_type": "product"}),
            currency_id=base_line["currency_id"],
            partner_id=base_line["partner_id"],
            rate=base_line["rate"],
            sign=base_line["sign"],
            is_refund=base_line["is_refund"],
            price_unit=tax_data["tax_amount_currency"],
            quantity=1.0,
            tax_ids=AccountTax,
            name=tax_data["tax"].name,
        )
        AccountTax._add_tax_details_in_base_lines([sold], invoice.company_id)
        AccountTax._round_base_lines_tax_details([sold], invoice.company_id)
        return sold


class AccountEdiXmlCii(models.AbstractModel):
    _inherit = "account.edi.xml.cii"

    def _export_invoice_vals(self, invoice):
        # EXTENDS 'account_edi_ubl_cii'
        values = super()._export_invoice_vals(invoice)
        for base_line in invoice._l10n_tn_edi_stamp_base_line():
            [tax_data] = base_line["tax_details"]["taxes_data"]
            self._l10n_tn_edi_add_stamp(values, invoice, tax_data["tax"], tax_data["tax_amount_currency"])
        return values

    def _l10n_tn_edi_add_stamp(self, values, invoice, tax, amount):
        """Add the stamp as a charge (an allowance where it is negative) and to the summary of what is exempt from VAT."""
        supplier, customer = (
            invoice.company_id.partner_id.commercial_partner_id,
            invoice.commercial_partner_id,
        )
        exempt = {
            "tax_category_code": self._get_tax_category_code(customer, supplier, tax.browse()),
            **self._get_tax_exemption_reason(customer, supplier, tax.browse()),
        }
        values["l10n_tn_edi_stamp"] = {
            "name": tax.name,
            "amount": abs(amount),
            "is_charge": amount > 0,
            "reason_code": CHARGE_REASON if amount > 0 else ALLOWANCE_REASON,
            **exempt,
        }
        values["l10n_tn_edi_line_total_amount"] = values["tax_basis_total_amount"]
        values["tax_basis_total_amount"] += amount
        # One summary a category: the stamp stands with what else is exempt.
        summaries = values["tax_details"]["tax_details"]
        same = [
            summary
            for key, summary in summaries.items()
            if key["tax_category_code"] == exempt["tax_category_code"] and not key["amount"]
        ]
        if same:
            same[0]["base_amount_currency"] += amount
        else:
            summaries[tax] = {
                **exempt,
                "amount": 0.0,
                "amount_type": "percent",
                "base_amount_currency": amount,
                "calculated_amount": 0,
            }
