"""One row for each company that a person works for: what is stuck, what waits for him, what ends."""

from odoo import api, fields, models
from odoo.tools import SQL

from .l10n_tn_edi_certificate_watch import EXPIRY_DAYS

# A deposit without a verdict for so long is no longer a matter of patience.
STUCK_HOURS = 24


class L10nTnEdiDocument(models.Model):
    _inherit = "l10n_tn_edi.document"

    # Boards and cards count what is open; what is done, nearly all rows, is not looked at.
    _open = models.Index(
        "(company_id, journal_id, state) WHERE live AND state NOT IN ('accepted', 'withdrawn')"
    )
    _deposits = models.Index("(company_id, submitted_at) WHERE submitted_at IS NOT NULL")

    @api.model
    def _stuck_domain(self):
        """:return: domain of what does not move by itself, or has not for too long."""
        before = fields.Datetime.subtract(fields.Datetime.now(), hours=STUCK_HOURS)
        return [
            ("live", "=", True),
            "|",
            ("state", "in", ("unknown", "to_decide", "conflict")),
            "&",
            ("state", "in", ("sending", "submitted")),
            ("submitted_at", "<", before),
        ]


class L10nTnEdiCertificate(models.Model):
    _inherit = "l10n_tn_edi.certificate"

    @api.model
    def _used_by(self, company):
        """:return: the certificates that sign for a company (a branch signs with its parent's); may be empty."""
        provider = company._l10n_tn_edi_signing_provider()
        return provider.certificate_id | provider.signatory_ids.certificate_id

    def _worst_state(self):
        """:return: 'good', 'soon' (ends within the first threshold of warnings), 'over' or 'revoked'."""
        if "revoked" in self.mapped("revocation"):
            return "revoked"
        left = (min(self.mapped("not_after")) - fields.Datetime.now()).days
        return "over" if left < 0 else "soon" if left <= EXPIRY_DAYS[0] else "good"


class L10nTnEdiBoard(models.Model):
    """Not limited to the companies that are ticked: who keeps the books of twenty wants to see all twenty."""

    _name = "l10n_tn_edi.board"
    _description = "Companies at El Fatoora"
    _auto = False
    _order = "stuck desc, rejected desc, to_correct desc, id"
    _rec_name = "company_id"

    company_id = fields.Many2one("res.company", readonly=True)
    mode = fields.Selection(
        [("test", "Test"), ("production", "Production")], string="Platform", readonly=True
    )
    stuck = fields.Integer(readonly=True, help="Unknown, to decide, or without a verdict for a day.")
    rejected = fields.Integer(readonly=True)
    to_correct = fields.Integer(readonly=True)
    to_sign = fields.Integer(string="To Sign or Send", readonly=True)
    on_hold = fields.Integer(readonly=True)
    waiting = fields.Integer(string="At TTN", readonly=True)
    last_deposit = fields.Datetime(readonly=True)
    stopped = fields.Boolean(string="Queue Stopped", readonly=True)
    certificate_end = fields.Date(string="Certificate Ends On", compute="_compute_certificate")
    certificate_state = fields.Selection(
        [
            ("none", "None"),
            ("good", "Good"),
            ("soon", "Ends Soon"),
            ("over", "Ended"),
            ("revoked", "Revoked"),
        ],
        string="Certificate",
        compute="_compute_certificate",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT company.id, company.id AS company_id, company.l10n_tn_edi_mode AS mode,
                   counted.*, deposited.last_deposit, COALESCE(account.stopped, FALSE) AS stopped
              FROM res_company company
         LEFT JOIN l10n_tn_edi_account account
                ON account.company_id = company.id AND account.mode = company.l10n_tn_edi_mode
             CROSS JOIN LATERAL (
                    SELECT COUNT(*) FILTER (WHERE state IN ('unknown', 'to_decide', 'conflict')
                               OR (state IN ('sending', 'submitted')
                                   AND submitted_at < now() AT TIME ZONE 'UTC' - %(hours)s * INTERVAL '1 hour')) AS stuck,
                           COUNT(*) FILTER (WHERE state = 'rejected') AS rejected,
                           COUNT(*) FILTER (WHERE state = 'error') AS to_correct,
                           COUNT(*) FILTER (WHERE state IN ('to_send', 'to_sign', 'signing', 'signed')) AS to_sign,
                           COUNT(*) FILTER (WHERE hold) AS on_hold,
                           COUNT(*) FILTER (WHERE state IN ('sending', 'submitted')) AS waiting
                      FROM l10n_tn_edi_document document
                     WHERE document.company_id = company.id
                       AND live AND state NOT IN ('accepted', 'withdrawn')) counted
             CROSS JOIN LATERAL (
                    SELECT MAX(submitted_at) AS last_deposit
                      FROM l10n_tn_edi_document document
                     WHERE document.company_id = company.id AND submitted_at IS NOT NULL) deposited
             WHERE company.l10n_tn_edi_enabled
            """,
            hours=STUCK_HOURS,
        )

    @api.depends("company_id")
    def _compute_certificate(self):
        for row in self:
            certificates = self.env["l10n_tn_edi.certificate"].sudo()._used_by(row.company_id.sudo())
            row.certificate_end = min(certificates.mapped("not_after")).date() if certificates else False
            row.certificate_state = certificates._worst_state() if certificates else "none"

    def action_open_documents(self):
        """Open what is open at a company, whichever companies are ticked now."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("l10n_tn_edi_ttn.l10n_tn_edi_document_action"),
            "name": self.company_id.name,
            "domain": [
                ("company_id", "=", self.company_id.id),
                ("live", "=", True),
                ("state", "not in", ("accepted", "withdrawn")),
            ],
            "context": {"allowed_company_ids": self.company_id.ids},
        }
