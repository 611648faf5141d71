"""Electronic invoices to be counted and compared: by month, customer and status."""

from odoo import fields, models
from odoo.tools import SQL

from .l10n_tn_edi_document import STATES

# What an accountant asks for; the states of the way say more than a graph can show.
OUTCOMES = {
    "to_send": ("to_send", "to_sign", "signing", "signed"),
    "waiting": ("sending", "submitted"),
    "doubtful": ("unknown", "to_decide", "conflict"),
    "to_correct": ("error",),
    "rejected": ("rejected",),
    "accepted": ("accepted",),
    "withdrawn": ("withdrawn",),
}


class L10nTnEdiReport(models.Model):
    _name = "l10n_tn_edi.report"
    _description = "Electronic Invoices Analysis"
    _auto = False
    _order = "invoice_date desc, id desc"
    _rec_name = "number"

    document_id = fields.Many2one("l10n_tn_edi.document", string="Electronic Document", readonly=True)
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    journal_id = fields.Many2one("account.journal", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    number = fields.Char(readonly=True)
    invoice_date = fields.Date(readonly=True)
    move_type = fields.Selection(
        [("out_invoice", "Invoice"), ("out_refund", "Credit Note")], string="Kind", readonly=True
    )
    mode = fields.Selection([("test", "Test"), ("production", "Production")], readonly=True)
    live = fields.Boolean(string="Current", readonly=True)
    state = fields.Selection(STATES, readonly=True)
    outcome = fields.Selection(
        [
            ("to_send", "To Sign or Send"),
            ("waiting", "Waiting for TTN's Verdict"),
            ("doubtful", "Unknown or to Decide"),
            ("to_correct", "To Correct"),
            ("rejected", "Rejected"),
            ("accepted", "Accepted"),
            ("withdrawn", "Withdrawn"),
        ],
        readonly=True,
    )
    submitted_at = fields.Datetime(string="Deposited On", readonly=True)
    decided_at = fields.Datetime(string="Accepted or Rejected On", readonly=True)
    delay_hours = fields.Float(
        string="Hours to Acceptance",
        readonly=True,
        aggregator="avg",
        help="From the deposit to TTN's acceptance.",
    )
    cause_id = fields.Many2one("l10n_tn_edi.rejection.cause", string="Rejection Cause", readonly=True)
    attempt_count = fields.Integer(string="Deposits Tried", readonly=True)
    amount_untaxed = fields.Monetary(string="Total without Tax", readonly=True)
    amount_total = fields.Monetary(string="Total", readonly=True)

    @property
    def _table_query(self):
        outcome = SQL(" ").join(
            SQL("WHEN document.state IN %s THEN %s", states, name) for name, states in OUTCOMES.items()
        )
        return SQL(
            """
            SELECT document.id, document.id AS document_id, document.move_id, document.company_id,
                   document.journal_id, document.partner_id, document.number, document.invoice_date,
                   move.move_type, document.mode, document.live, document.state, CASE %s END AS outcome,
                   document.submitted_at, document.decided_at,
                   CASE WHEN document.state IN ('accepted', 'conflict')
                        THEN EXTRACT(EPOCH FROM document.decided_at - document.submitted_at) / 3600.0
                         END AS delay_hours,
                   (SELECT rejection.cause_id
                      FROM l10n_tn_edi_rejection rejection
                     WHERE rejection.document_id = document.id
                     ORDER BY rejection.blocking DESC, rejection.date DESC, rejection.id
                     LIMIT 1) AS cause_id,
                   document.attempt_count,
                   move.amount_untaxed_signed AS amount_untaxed, move.amount_total_signed AS amount_total
              FROM l10n_tn_edi_document document
              JOIN account_move move ON move.id = document.move_id
            """,
            outcome,
        )

    def action_open_move(self):
        """Open the invoice."""
        self.ensure_one()
        return self.move_id.get_formview_action()
