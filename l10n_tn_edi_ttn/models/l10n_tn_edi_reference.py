"""Documents that an invoice refers to: credited invoices, down payments, orders, delivery notes…"""

from odoo import api, fields, models


class L10nTnEdiReference(models.Model):
    _name = "l10n_tn_edi.reference"
    _description = "Document That an Electronic Invoice Refers To"
    _order = "move_id, sequence, id"
    _rec_name = "number"

    move_id = fields.Many2one("account.move", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="move_id.company_id")
    sequence = fields.Integer(default=10)
    code = fields.Selection(
        [
            ("I-89", "Invoice referred to"),
            ("I-83", "Purchase order"),
            ("I-84", "Delivery note"),
            ("I-87", "Public contract"),
            ("I-82", "Bank reference"),
            ("I-817", "Subject of the invoice"),
            ("I-80", "Other"),
        ],
        string="Kind",
        required=True,
        default="I-89",
    )
    origin_id = fields.Many2one(
        "account.move",
        string="Invoice in Odoo",
        check_company=True,
        ondelete="restrict",
        domain="[('move_type', 'in', ('out_invoice', 'out_refund')), ('state', '=', 'posted'), ('company_id', '=', company_id)]",
        help="The credited invoice or the down payment, when it is in Odoo; otherwise type its number and date.",
    )
    number = fields.Char(
        compute="_compute_from_origin", store=True, readonly=False, precompute=True, required=True
    )
    date = fields.Date(compute="_compute_from_origin", store=True, readonly=False, precompute=True)
    ttn_reference = fields.Char(
        string="TTN Reference",
        help="TTN's reference of an invoice outside Odoo; that of an invoice in Odoo is known.",
    )

    @api.depends("origin_id")
    def _compute_from_origin(self):
        for reference in self:
            reference.number = reference.origin_id.name or reference.number
            reference.date = reference.origin_id.invoice_date or reference.date

    @api.model_create_multi
    def create(self, vals_list):
        references = super().create(vals_list)
        references._before_change()
        return references

    def write(self, vals):
        self._before_change()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_sent(self):
        self._before_change()

    def _before_change(self):
        """They stand in the document: see ``account.move._l10n_tn_edi_before_change``."""
        self.move_id.filtered(lambda move: move.state == "posted")._l10n_tn_edi_before_change()

    @api.depends("number", "code")
    def _compute_display_name(self):
        kinds = dict(self._fields["code"]._description_selection(self.env))
        for reference in self:
            reference.display_name = f"{kinds.get(reference.code, '')} {reference.number or ''}".strip()
