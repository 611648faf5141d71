from odoo import api, fields, models
from odoo.exceptions import UserError


class L10nTnEdiDecide(models.TransientModel):
    """What a responsible decides about a deposit whose fate Odoo could not find out by itself."""

    _name = "l10n_tn_edi.decide"
    _description = "Decide about a Deposit at TTN"

    document_id = fields.Many2one("l10n_tn_edi.document", required=True, readonly=True)
    number = fields.Char(related="document_id.number")
    reason = fields.Text(related="document_id.reason")
    exchange_ids = fields.One2many(related="document_id.exchange_ids")
    decision = fields.Selection(
        [
            ("deposited", "TTN holds it: this is its deposit number"),
            ("absent", "TTN does not hold it: deposit the same document again"),
        ],
        required=True,
        default="deposited",
    )
    deposit_id = fields.Char(
        string="Deposit Number", help="TTN's idSaveEfact, as El Fatoora's portal shows it."
    )
    sure = fields.Boolean(string="I looked on El Fatoora's portal, and the invoice is not there.")

    @api.model_create_multi
    def create(self, vals_list):
        decisions = super().create(vals_list)
        # The related fields are read with all rights: only whoever may read the document gets here.
        decisions.document_id.check_access("read")
        return decisions

    def action_apply(self):
        """Apply the decision; the document checks the rights and writes it down."""
        self.ensure_one()
        if self.decision == "deposited":
            if not self.deposit_id:
                raise UserError(self.env._("Enter the deposit number that El Fatoora's portal shows."))
            self.document_id._decide_deposited(self.deposit_id.strip())
        else:
            if not self.sure:
                raise UserError(
                    self.env._("Look on El Fatoora's portal first: a second deposit cannot be taken back.")
                )
            self.document_id.action_decide_absent()
        return {"type": "ir.actions.act_window_close"}
