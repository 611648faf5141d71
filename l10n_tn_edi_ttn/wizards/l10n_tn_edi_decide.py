import base64
from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..elfatoora import consulted
from ..elfatoora.answers import CONSULT, ConsultAnswer, read_answer
from ..models.l10n_tn_edi_recording import Recording
from ..teif.foreign import parse_foreign_xml

# What the screen calls the kinds of ``elfatoora.consulted``; every other is another document.
COMPARED = {
    "ours": "ours",
    "changed": "changed",
    "same_document": "content",
    "earlier": "earlier",
    "unreadable": "unreadable",
}


class L10nTnEdiDecide(models.TransientModel):
    """What a responsible decides about a deposit whose fate Odoo could not find out by itself."""

    _name = "l10n_tn_edi.decide"
    _description = "Decide about a Deposit at TTN"

    document_id = fields.Many2one("l10n_tn_edi.document", required=True, readonly=True)
    number = fields.Char(related="document_id.number")
    reason = fields.Text(related="document_id.reason")
    exchange_ids = fields.One2many(related="document_id.exchange_ids")
    total = fields.Char(related="document_id.total")
    signed_at = fields.Datetime(related="document_id.signed_at")
    tried_at = fields.Datetime(compute="_compute_tried_at", string="Last Deposit Tried")
    asked_at = fields.Datetime(compute="_compute_tried_at", string="TTN Was Asked On")
    line_ids = fields.One2many(
        "l10n_tn_edi.decide.line", "decide_id", compute="_compute_line_ids", store=True, readonly=True
    )
    decision = fields.Selection(
        [
            ("deposited", "TTN holds it: this is its deposit number"),
            ("other", "TTN holds another document: this is the other one's deposit number"),
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

    def _last_answer(self):
        """:return: (exchange, ``ConsultAnswer``) of the last question that TTN answered completely; None for what is missing."""
        exchanges = self.document_id.sudo().with_context(bin_size=False).exchange_ids
        for exchange in exchanges.filtered(
            lambda e: e.operation == "consult" and e.answer_class == "answered"
        ):
            body = (
                base64.b64decode(exchange.response_file)
                if exchange.response_file
                else (exchange.response_text or "").encode()
            )
            answer = read_answer(CONSULT, exchange.http_status, body, parse_foreign_xml)
            if isinstance(answer, ConsultAnswer):
                return exchange, answer
        return exchanges.browse(), None

    @api.depends("document_id")
    def _compute_tried_at(self):
        for wizard in self:
            document = wizard.document_id.sudo()
            wizard.tried_at = document.exchange_ids.filtered(lambda e: e.operation == "save")[:1].started_at
            wizard.asked_at = wizard._last_answer()[0].started_at

    @api.depends("document_id")
    def _compute_line_ids(self):
        """Each deposit that TTN showed last, beside what was sent."""
        for wizard in self:
            _exchange, answer = wizard._last_answer()
            document = wizard.document_id.sudo().with_context(bin_size=False)
            wizard.line_ids = [
                fields.Command.create(self.env["l10n_tn_edi.decide.line"]._values(document, deposit))
                for deposit in (answer.deposits if answer else ())
            ]

    def action_apply(self):
        """Apply the decision; the document checks the rights and writes it down."""
        self.ensure_one()
        if self.decision != "absent" and not self.deposit_id:
            raise UserError(self.env._("Enter the deposit number that El Fatoora's portal shows."))
        if self.decision != "deposited" and not self.sure:
            raise UserError(
                self.env._("Look on El Fatoora's portal first: a second deposit cannot be taken back.")
            )
        if self.decision == "absent":
            self.document_id.action_decide_absent()
        else:
            deposit_id = self.deposit_id.strip()
            shown = self.line_ids.filtered(lambda line: line.deposit_id == deposit_id)[:1]
            document = self.document_id
            decide = document._decide_deposited if self.decision == "deposited" else document._decide_other
            decide(deposit_id, shown.reference or "")
        return {"type": "ir.actions.act_window_close"}


class L10nTnEdiDecideLine(models.TransientModel):
    """One deposit that TTN shows under the document's number."""

    _name = "l10n_tn_edi.decide.line"
    _description = "Deposit at TTN beside What Was Sent"
    _order = "id"

    decide_id = fields.Many2one("l10n_tn_edi.decide", required=True, ondelete="cascade")
    deposit_id = fields.Char(string="Deposit Number", readonly=True)
    number = fields.Char(readonly=True)
    date = fields.Char(string="Processed On", readonly=True, help="By TTN's clock.")
    total = fields.Char(readonly=True)
    reference = fields.Char(string="TTN Reference", readonly=True)
    errors = fields.Text(string="Objections", readonly=True)
    same = fields.Selection(
        [
            ("ours", "The very file that was sent"),
            ("changed", "Our signature, other content"),
            ("content", "The same invoice, signed otherwise"),
            ("earlier", "An earlier version of the invoice"),
            ("other", "Another document"),
            ("unreadable", "It cannot be read"),
        ],
        string="Compared With What Was Sent",
        readonly=True,
    )

    @api.model
    def _values(self, document, deposit):
        """:param document: the ``l10n_tn_edi.document`` that was sent.
        :param deposit: ``elfatoora.answers.Deposit``.
        :return: values of a line.
        """
        seen = document._read_deposit(deposit, Recording(self.env))
        sent = document._sent()
        kind = consulted.kind_of(sent, seen)
        if kind == "ours" and not seen.signature_value:
            kind = "unreadable"
        elif kind == "ours" and seen.any_reference and consulted.acceptance_mismatches(sent, seen):
            kind = "changed"
        return {
            "deposit_id": str(deposit.deposit_id or ""),
            "number": deposit.number,
            "date": self._moment(deposit.date_process),
            "total": str(seen.total if seen.total is not None else deposit.amount_tax or ""),
            "reference": seen.any_reference,
            "errors": "\n".join(" ".join(filter(None, error)) for error in deposit.errors),
            "same": COMPARED.get(kind, "other"),
        }

    @api.model
    def _moment(self, text):
        """:return: str, TTN's date without what nobody reads: seconds and zone; the text itself when it is none."""
        try:
            return datetime.fromisoformat(text or "").strftime("%d/%m/%Y %H:%M")
        except ValueError:
            return text

    def action_choose(self):
        """This deposit is the document: verify it and go on."""
        self.ensure_one()
        wizard = self.decide_id
        wizard.write({"decision": "deposited", "deposit_id": self.deposit_id})
        return wizard.action_apply()

    def action_disown(self):
        """This deposit is another document, and the invoice is not there: the screen has asked for both."""
        self.ensure_one()
        wizard = self.decide_id
        wizard.write({"decision": "other", "deposit_id": self.deposit_id, "sure": True})
        return wizard.action_apply()
