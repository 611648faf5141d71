from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import float_compare

# TEIF codes of the taxes that an attestation may cover, by the field that says so
COVERED_TAXES = {"I-1602": "covers_vat", "I-162": "covers_fodec", "I-161": "covers_duty"}


class L10nTnEdiVatAttestation(models.Model):
    """What the tax office gave a customer: the right to buy without VAT, for a time, an order or an amount."""

    _name = "l10n_tn_edi.vat.attestation"
    _description = "Attestation of Purchase under VAT Suspension"
    _inherit = ["mail.thread"]
    _order = "date_end desc, id desc"
    _rec_name = "number"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    active = fields.Boolean(default=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
        domain="[('parent_id', '=', False)]",
    )
    kind = fields.Selection(
        [("general", "General"), ("single", "For one order")], required=True, default="general", tracking=True
    )
    number = fields.Char(string="Authorisation Number", required=True, tracking=True)
    date = fields.Date(string="Issued on", required=True, tracking=True)
    tax_office = fields.Char(tracking=True)
    date_start = fields.Date(string="Valid from", required=True, tracking=True)
    date_end = fields.Date(string="Valid until", required=True, tracking=True)
    covers_vat = fields.Boolean(string="VAT", default=True, tracking=True)
    covers_fodec = fields.Boolean(string="FODEC", tracking=True)
    covers_duty = fields.Boolean(string="Consumption Duty", tracking=True)
    order_number = fields.Char(string="Purchase Order", tracking=True)
    visa_number = fields.Char(
        string="Visa of the Order",
        tracking=True,
        help="The tax office's visa on the customer's purchase order.",
    )
    visa_date = fields.Date(tracking=True)
    amount_limit = fields.Monetary(
        string="Amount Allowed", tracking=True, help="Total without tax. Empty: no limit."
    )
    quantity_limit = fields.Float(
        string="Quantity Allowed", digits="Product Unit", tracking=True, help="Empty: no limit."
    )
    move_ids = fields.One2many("account.move", "l10n_tn_edi_attestation_id", string="Invoices")
    amount_used = fields.Monetary(string="Amount Invoiced", compute="_compute_used")
    amount_left = fields.Monetary(compute="_compute_used")
    quantity_used = fields.Float(string="Quantity Invoiced", digits="Product Unit", compute="_compute_used")
    quantity_left = fields.Float(digits="Product Unit", compute="_compute_used")
    state = fields.Selection(
        [("future", "Not yet valid"), ("valid", "Valid"), ("used_up", "Used up"), ("expired", "Expired")],
        compute="_compute_state",
    )

    _not_negative = models.Constraint(
        "CHECK(amount_limit >= 0 AND quantity_limit >= 0)", "What is allowed can't be negative."
    )
    _valid_days = models.Constraint("CHECK(date_start <= date_end)", "The attestation ends before it begins.")
    _once = models.UniqueIndex(
        "(company_id, partner_id, number, COALESCE(visa_number, ''))",
        "This attestation of the customer is there already.",
    )

    @api.constrains("covers_vat", "covers_fodec", "covers_duty")
    def _check_covers(self):
        for attestation in self:
            if not any(attestation[name] for name in COVERED_TAXES.values()):
                raise ValidationError(self.env._("An attestation covers at least one tax."))

    @api.constrains("kind", "order_number")
    def _check_order(self):
        for attestation in self:
            if attestation.kind == "single" and not (attestation.order_number or "").strip():
                raise ValidationError(self.env._("An attestation for one order names the purchase order."))

    @api.depends("number", "partner_id.name", "visa_number")
    def _compute_display_name(self):
        for attestation in self:
            visa = f" / {attestation.visa_number}" if attestation.visa_number else ""
            attestation.display_name = f"{attestation.number or ''}{visa}"

    # === What is left === #

    @api.depends("amount_limit", "quantity_limit", "move_ids.state")
    def _compute_used(self):
        used = self._used()
        for attestation in self:
            amount, quantity = used.get(attestation._origin.id, (0.0, 0.0))
            attestation.amount_used = amount
            attestation.quantity_used = quantity
            attestation.amount_left = (
                max(attestation.amount_limit - amount, 0) if attestation.amount_limit else 0
            )
            attestation.quantity_left = (
                max(attestation.quantity_limit - quantity, 0) if attestation.quantity_limit else 0
            )

    def _used(self):
        """:return: dict of id to (amount without tax in the company's currency, quantity) of the posted invoices."""
        result = {}
        for move_type, sign in (("out_invoice", 1), ("out_refund", -1)):
            groups = (
                self.env["account.move.line"]
                .sudo()
                ._read_group(
                    [
                        ("move_id.l10n_tn_edi_attestation_id", "in", self._origin.ids),
                        ("move_id.move_type", "=", move_type),
                        ("parent_state", "=", "posted"),
                        ("display_type", "=", "product"),
                        ("tax_ids.l10n_tn_edi_suspended_tax_id", "!=", False),
                    ],
                    ["move_id"],
                    ["balance:sum", "quantity:sum"],
                )
            )
            for move, balance, quantity in groups:
                key = move.l10n_tn_edi_attestation_id.id
                amounts = result.get(key, (0.0, 0.0))
                result[key] = (amounts[0] - balance, amounts[1] + sign * quantity)
        return result

    @api.depends("date_start", "date_end", "amount_limit", "quantity_limit", "move_ids.state")
    @api.depends_context("tz")
    def _compute_state(self):
        today = fields.Date.context_today(self)
        for attestation in self:
            if attestation.date_start and today < attestation.date_start:
                attestation.state = "future"
            elif attestation.date_end and attestation.date_end < today:
                attestation.state = "expired"
            else:
                attestation.state = "used_up" if attestation._is_used_up() else "valid"

    def _is_used_up(self):
        self.ensure_one()
        return bool(
            (self.amount_limit and self.currency_id.compare_amounts(self.amount_used, self.amount_limit) >= 0)
            or (
                self.quantity_limit
                and float_compare(self.quantity_used, self.quantity_limit, precision_digits=6) >= 0
            )
        )

    @api.model
    def _of_customer(self, company, partner, date):
        """The attestation that an invoice to ``partner`` on ``date`` is made under, unless somebody chooses another.

        :return: the valid one that ends first and is not used up; empty when there is none.
        """
        candidates = self.sudo().search(
            [
                ("company_id", "parent_of", company.ids),
                ("partner_id", "=", partner.commercial_partner_id.id),
                ("date_start", "<=", date),
                ("date_end", ">=", date),
            ],
            order="date_end, id",
        )
        return candidates.filtered(lambda attestation: not attestation._is_used_up())[:1]

    def _problem(self, partner, date, codes, amount, quantity):
        """Why an invoice can't be made under this attestation.

        :param partner: the customer of the invoice.
        :param date: its date.
        :param codes: TEIF codes of the taxes that it suspends.
        :param amount: float, total of its lines under suspension in the company's currency; ``quantity`` likewise.
        :return: (code, params), None when nothing is wrong.
        """
        if not self:
            return "odoo.attestation_missing", {"partner": partner.commercial_partner_id.display_name}
        shown = {"number": self.number, "partner": self.partner_id.display_name}
        if partner.commercial_partner_id != self.partner_id.commercial_partner_id:
            return "odoo.attestation_customer", shown
        if not self.date_start <= date <= self.date_end:
            days = {"start": self._shown_date(self.date_start), "end": self._shown_date(self.date_end)}
            return "odoo.attestation_expired", {**shown, **days}
        missing = [code for code in codes if not (COVERED_TAXES.get(code) and self[COVERED_TAXES[code]])]
        if missing:
            return "odoo.attestation_taxes", {**shown, "taxes": sorted(missing)}
        if self.amount_limit and self.currency_id.compare_amounts(amount, self.amount_left) > 0:
            left, wanted = self.currency_id.format(self.amount_left), self.currency_id.format(amount)
            return "odoo.attestation_amount", {**shown, "left": left, "wanted": wanted}
        if self.quantity_limit and float_compare(quantity, self.quantity_left, precision_digits=6) > 0:
            return "odoo.attestation_quantity", {
                **shown,
                "left": f"{self.quantity_left:g}",
                "wanted": f"{quantity:g}",
            }
        return None

    def _shown_date(self, date):
        return fields.Date.to_string(date)

    def action_open_moves(self):
        """Open the invoices made under the attestation."""
        self.ensure_one()
        return self.move_ids._get_records_action(name=self.env._("Invoices under Suspension"))
