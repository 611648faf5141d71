from odoo import fields, models

from ..teif.codes import STAMP
from .template_tn import STAMP_TAX

STAMPED_TYPES = ("out_invoice", "out_refund")
# What marks the base line of the stamp for the tax engine
SPECIAL_TYPE = "l10n_tn_edi_stamp"
STAMP_SETTINGS = ("l10n_tn_edi_enabled", "l10n_tn_edi_stamp_automatic", "l10n_tn_edi_refund_stamp")
STAMP_EXPENSE_ACCOUNT = "l10n_tn_6654"


class ResCompany(models.Model):
    """How the company deals with stamp duty."""

    _inherit = "res.company"

    l10n_tn_edi_stamp_automatic = fields.Boolean(
        string="Stamp Duty by Itself",
        default=True,
        help="Put the stamp duty once on every customer invoice that owes it. Without this it is a tax that somebody puts "
        "on a line.",
    )
    l10n_tn_edi_refund_stamp = fields.Selection(
        [
            ("charged", "Charged to the customer"),
            ("borne", "Borne by the company"),
            ("none", "None"),
        ],
        string="Stamp Duty of Credit Notes",
        default="borne",
        required=True,
        help="A credit note that reverses an invoice gives the stamp of the invoice back. It owes a stamp of its own too. "
        "Charged: it is taken off what the customer gets. Borne: the company pays it, as an expense; the customer's total "
        "doesn't change. None: the company doesn't reckon with it.",
    )
    l10n_tn_edi_stamp_expense_account_id = fields.Many2one(
        "account.account",
        string="Stamp Duty Borne",
        check_company=True,
        domain="[('account_type', 'in', ('expense', 'expense_other', 'expense_direct_cost'))]",
        help="Expense account of the stamp duty of credit notes; that of the Tunisian chart (6654) when empty.",
    )

    def write(self, vals):
        # EXTENDS 'base'
        result = super().write(vals)
        if vals.keys() & set(STAMP_SETTINGS):
            self.env["account.move"].sudo().search(
                [
                    ("company_id", "child_of", self.ids),
                    ("state", "=", "draft"),
                    ("move_type", "in", STAMPED_TYPES),
                ]
            )._l10n_tn_edi_refresh_stamp()
        return result

    def _l10n_tn_edi_stamp_tax(self):
        """:return: the sales tax that is the stamp duty: that of the Tunisian chart, else the first with the code I-1601."""
        self.ensure_one()
        taxes = self.env["account.tax"].sudo()
        found = self._l10n_tn_edi_chart_ref(STAMP_TAX, taxes)
        if found.active and found.l10n_tn_edi_code == STAMP:
            return found
        return taxes.search(
            [
                *taxes._check_company_domain(self),
                ("type_tax_use", "=", "sale"),
                ("amount_type", "=", "fixed"),
                ("l10n_tn_edi_code", "=", STAMP),
            ],
            limit=1,
        )

    def _l10n_tn_edi_stamps(self, customer, position):
        """Whether this company puts the stamp by itself on what it invoices, and the law wants it.

        :param customer: ``res.partner``, the commercial partner who is invoiced.
        :param position: ``account.fiscal.position`` of the document, may be empty.
        """
        self.ensure_one()
        return (
            self.l10n_tn_edi_enabled
            and self.l10n_tn_edi_stamp_automatic
            and bool(self._l10n_tn_edi_stamp_tax())
            and not position._l10n_tn_edi_is_export(self)
            and not customer.l10n_tn_edi_public_body
        )

    def _l10n_tn_edi_stamp_on(self, date=None):
        """:return: float, the stamp duty on a date (today when not given), in the company's currency."""
        self.ensure_one()
        date = date or fields.Date.context_today(self)
        amount = self.env["l10n_tn_edi.stamp.amount"]._amount_at(self, date)
        if self.currency_id.name != "TND":
            amount = self.env.ref("base.TND")._convert(amount, self.currency_id, self, date)
        return self.currency_id.round(amount)

    def _l10n_tn_edi_stamp_base_line(self, record, amounts, **values):
        """The base line of the stamp for Odoo's tax engine: nothing sold, the stamp tax alone, its amount given.

        :param record: an empty recordset of the model of the document's lines.
        :param dict amounts: ``tax_amount_currency`` and ``tax_amount``.
        :param values: currency, rate, sign and so on, as ``_prepare_base_line_for_taxes_computation`` takes them.
        """
        tax = self._l10n_tn_edi_stamp_tax()
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            record,
            id=SPECIAL_TYPE,
            tax_ids=tax,
            price_unit=0.0,
            quantity=1.0,
            special_type=SPECIAL_TYPE,
            computation_key=SPECIAL_TYPE,
            manual_tax_amounts={str(tax.id): amounts},
            **values,
        )

    def _l10n_tn_edi_stamp_expense_account(self):
        """:return: the account of the stamp duty that the company bears itself; empty when there is none."""
        self.ensure_one()
        return self.l10n_tn_edi_stamp_expense_account_id or self._l10n_tn_edi_chart_ref(
            STAMP_EXPENSE_ACCOUNT, self.env["account.account"].sudo()
        )

    def _l10n_tn_edi_chart_ref(self, xmlid, records):
        """The record that the Tunisian chart made for this company or its root, without a query once it is known.

        :param records: an empty recordset of its model, which is what is returned when there is no such record.
        """
        names = self.env["ir.model.data"].sudo()
        for company in (self, self.root_id):
            res_id = names._xmlid_to_res_id(f"account.{company.id}_{xmlid}", raise_if_not_found=False)
            if res_id:
                return records.browse(res_id)
        return records
