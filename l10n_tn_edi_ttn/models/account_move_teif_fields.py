"""What a person may say about an invoice's electronic document beside Odoo's own fields."""

from odoo import api, fields, models
from odoo.tools.sql import column_exists, create_column

# Stored and computed: empty is right for the invoices that are there already, computing millions of them would take hours.
COMPUTED_COLUMNS = {
    "l10n_tn_edi_final_country_id": "int4",
    "l10n_tn_edi_down_payment": "bool",
    "l10n_tn_edi_supply": "varchar",
    "l10n_tn_edi_payment_means": "varchar",
}


class AccountMove(models.Model):
    _inherit = "account.move"

    # === What it refers to === #
    l10n_tn_edi_reference_ids = fields.One2many(
        "l10n_tn_edi.reference",
        "move_id",
        string="Documents Referred to",
        copy=False,
        help="Credited invoices, down payments that are deducted, orders and delivery notes.",
    )
    l10n_tn_edi_credit_reason = fields.Char(
        string="Reason of the Credit Note",
        copy=False,
        help="Why the credit note undoes no invoice: a yearly rebate, a goodwill gesture…",
    )
    l10n_tn_edi_original_ttn_reference = fields.Char(
        string="Original's TTN Reference",
        copy=False,
        help="TTN's reference of the credited invoice, when it is not in Odoo.",
    )

    # === Public contracts === #
    l10n_tn_edi_statement_number = fields.Char(string="Statement Number", copy=False)
    l10n_tn_edi_contract_number = fields.Char(string="Public Contract Number")
    l10n_tn_edi_contract_date = fields.Date(string="Public Contract Date")

    # === Export === #
    l10n_tn_edi_first_country_id = fields.Many2one("res.country", string="First Destination", copy=False)
    l10n_tn_edi_final_country_id = fields.Many2one(
        "res.country",
        string="Final Destination",
        compute="_compute_l10n_tn_edi_final_country_id",
        store=True,
        readonly=False,
        copy=False,
        help="Country that exported goods go to: that of the delivery address, unless another is chosen.",
    )

    # === Down payments === #
    l10n_tn_edi_down_payment = fields.Boolean(
        string="Down Payment",
        compute="_compute_l10n_tn_edi_down_payment",
        store=True,
        readonly=False,
        copy=False,
        help="The invoice asks for an advance on goods or services that are invoiced later.",
    )
    l10n_tn_edi_supply = fields.Selection(
        [("goods", "Goods"), ("services", "Services")],
        string="Advance on",
        compute="_compute_l10n_tn_edi_supply",
        store=True,
        readonly=False,
        copy=False,
        help="VAT falls due with the delivery of goods, and with the payment of services.",
    )

    # === Payment === #
    l10n_tn_edi_payment_means = fields.Selection(
        [
            ("I-131", "Cash"),
            ("I-132", "Cheque"),
            ("I-133", "Certified cheque"),
            ("I-134", "Direct debit"),
            ("I-135", "Bank transfer"),
            ("I-136", "SWIFT"),
            ("I-137", "Other"),
        ],
        string="Payment Means",
        compute="_compute_l10n_tn_edi_payment_means",
        store=True,
        readonly=False,
        copy=False,
    )

    # === What goes with it === #
    l10n_tn_edi_attachment_id = fields.Many2one(
        "ir.attachment",
        string="Document That Goes with It",
        copy=False,
        ondelete="set null",
        domain="[('res_model', '=', 'account.move'), ('res_id', '=', id)]",
        help="The electronic invoice names this attachment; its contents are not part of it.",
    )

    def _auto_init(self):
        for column, kind in COMPUTED_COLUMNS.items():
            if not column_exists(self.env.cr, "account_move", column):
                create_column(self.env.cr, "account_move", column, kind)
        return super()._auto_init()

    @api.depends("preferred_payment_method_line_id", "move_type")
    def _compute_l10n_tn_edi_payment_means(self):
        for move in self:
            method = move.preferred_payment_method_line_id
            move.l10n_tn_edi_payment_means = (
                method._l10n_tn_edi_means() if method and move.move_type == "out_invoice" else False
            )

    @api.depends("partner_shipping_id.country_id", "partner_id.country_id", "l10n_tn_edi_type_code")
    def _compute_l10n_tn_edi_final_country_id(self):
        for move in self:
            if move.l10n_tn_edi_type_code == "I-15":
                country = move.partner_shipping_id.country_id or move.commercial_partner_id.country_id
                move.l10n_tn_edi_final_country_id = country
            else:
                move.l10n_tn_edi_final_country_id = False

    @api.depends("invoice_line_ids", "move_type")
    def _compute_l10n_tn_edi_down_payment(self):
        for move in self:
            move.l10n_tn_edi_down_payment = move.move_type == "out_invoice" and (
                move._is_downpayment() or move.l10n_tn_edi_down_payment
            )

    @api.depends("l10n_tn_edi_down_payment")
    def _compute_l10n_tn_edi_supply(self):
        for move in self:
            if not move.l10n_tn_edi_down_payment:
                move.l10n_tn_edi_supply = False
            else:
                move.l10n_tn_edi_supply = move.l10n_tn_edi_supply or move._l10n_tn_edi_ordered_supply()

    def _l10n_tn_edi_ordered_supply(self):
        """``goods`` or ``services`` when all that was ordered is one of them, False when that is not known.

        The orders are known with Odoo's application Sales only, which is not required.
        """
        self.ensure_one()
        if "sale_line_ids" not in self.invoice_line_ids._fields:
            return False
        ordered = self.sudo().invoice_line_ids.sale_line_ids.order_id.order_line
        kinds = {"services" if kind == "service" else "goods" for kind in ordered.product_id.mapped("type")}
        return kinds.pop() if len(kinds) == 1 else False
