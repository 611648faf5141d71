from odoo import api, fields, models
from odoo.exceptions import UserError

AGAIN, DRAFT, REPLACE = "again", "draft", "replace"


class L10nTnEdiCorrect(models.TransientModel):
    """A rejected invoice: what TTN objects to, where it is mended, and the way back to TTN."""

    _name = "l10n_tn_edi.correct"
    _description = "Correct a Rejected Invoice"

    document_id = fields.Many2one("l10n_tn_edi.document", required=True, readonly=True)
    move_id = fields.Many2one(related="document_id.move_id")
    rejection_text = fields.Text(related="document_id.rejection_text")
    mending_label = fields.Char(related="document_id.mending_label")
    rejection_ids = fields.Many2many(
        "l10n_tn_edi.rejection", string="Rejections", compute="_compute_rejection_ids"
    )
    has_unknown_message = fields.Boolean(related="document_id.has_unknown_message")
    locked = fields.Boolean(
        compute="_compute_locked", help="The period of the invoice is closed for this user."
    )
    way = fields.Selection(
        [
            (
                AGAIN,
                "Nothing of the invoice itself changes: deposit it again with the same number, date, entry and payments",
            ),
            (DRAFT, "Amounts, lines or texts change: reset it to draft; its number stays"),
            (
                REPLACE,
                "Amounts, lines or texts change and the period is closed: reverse it today and make a new invoice",
            ),
        ],
        required=True,
        compute="_compute_way",
        store=True,
        readonly=False,
    )

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        # The related fields are read with all rights: only whoever may read the document gets here.
        wizards.document_id.check_access("read")
        return wizards

    @api.depends("document_id")
    def _compute_locked(self):
        for wizard in self:
            move = wizard.move_id
            taxed = bool(move.line_ids.tax_ids)
            wizard.locked = bool(move.date and move._get_violated_lock_dates(move.date, taxed))

    @api.depends("document_id")
    def _compute_rejection_ids(self):
        for wizard in self:
            wizard.rejection_ids = self.env["l10n_tn_edi.rejection"]._of_objections(wizard.document_id)

    @api.depends("document_id")
    def _compute_way(self):
        for wizard in self:
            if not wizard.document_id._changes_the_entry():
                wizard.way = AGAIN
            else:
                wizard.way = REPLACE if wizard.locked else DRAFT

    def action_mend(self):
        """Open the record to mend."""
        return self.document_id.action_mend()

    def action_teach(self):
        """Explain TTN's message."""
        return self.document_id.action_teach()

    def action_apply(self):
        """Go the way that was chosen."""
        self.ensure_one()
        move = self.document_id.move_id
        if self.way == REPLACE:
            return move._l10n_tn_edi_replace_rejected()._get_records_action()
        if self.way == DRAFT:
            if self.locked:
                raise UserError(
                    self.env._("The period of %(number)s is closed: reverse it instead.", number=move.name)
                )
            move.button_draft()
        else:
            self.document_id.action_correct()
        return {"type": "ir.actions.act_window_close"}
