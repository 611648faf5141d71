from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

# The way of a document. `──` needs nobody, `══` is a human's decision, logged.
#
#   to_send ── build, check ──▶ to_sign                or ▶ error
#   to_sign ── provider ──▶ signing ──▶ signed         (a file signs at once; a PIN or a one-time password takes its time)
#   signed ── claim, commit ──▶ sending ──▶ submitted | rejected | signed (surely not sent: again later) | unknown
#   unknown ── ask TTN ──▶ submitted | accepted | rejected | to_decide | signed (company option: the same bytes, once)
#   submitted ── ask TTN ──▶ accepted | rejected | to_decide
#   to_decide ══▶ submitted (names the deposit) | signed (confirms that it is absent; TTN is asked once more)
#   to_decide ══▶ to_decide (the deposit is another document's) ── ask TTN ──▶ error: free for another number
#   to_decide ══▶ withdrawn (an earlier document of the invoice counts again; this one was never deposited)
#   error ══▶ to_send                                  corrected
#   rejected ══▶ a new document of the invoice         corrected; TTN is asked before it is deposited
#   rejected ══▶ a new invoice, with a document        reversed and replaced; TTN is asked about the old one before
#   withdrawn: the invoice went back to draft, was cancelled or excluded before anything was sent
#
# Whatever we believed, what TTN shows counts: a question may find a document submitted, accepted, rejected or to_decide
# in any state from `signed` on, and two different references make a conflict.
STATES = [
    ("to_send", "To Send"),
    ("to_sign", "To Sign"),
    ("signing", "Signature Pending"),
    ("signed", "Signed"),
    ("sending", "Sending"),
    ("submitted", "Received by TTN"),
    ("unknown", "Unknown"),
    ("to_decide", "To Decide"),
    ("accepted", "Accepted"),
    ("rejected", "Rejected"),
    ("error", "To Correct"),
    ("withdrawn", "Withdrawn"),
    ("conflict", "Accepted Twice"),
]
SHOWN_BY_TTN = {"submitted", "accepted", "rejected", "to_decide", "unknown", "conflict"}
TRANSITIONS = {
    "to_send": {"to_sign", "error", "withdrawn"},
    "to_sign": {"signing", "signed", "error", "to_send", "withdrawn"},
    "signing": {"signed", "to_sign", "error", "to_send", "withdrawn"},
    "signed": {"sending", "to_send", "error", "withdrawn"} | SHOWN_BY_TTN,
    "sending": {"submitted", "rejected", "signed", "unknown"},
    "unknown": {"signed"} | SHOWN_BY_TTN - {"unknown"},
    "submitted": SHOWN_BY_TTN - {"submitted"},
    "to_decide": {"signed", "error", "withdrawn"} | SHOWN_BY_TTN - {"to_decide"},
    "rejected": SHOWN_BY_TTN - {"rejected"},
    "accepted": {"conflict"},
    "error": {"to_send", "withdrawn"},
    "withdrawn": set(),
    "conflict": set(),
}
# From the claim on, TTN may hold the document: the invoice must stay as it was sent.
AT_TTN = ("sending", "submitted", "unknown", "to_decide", "accepted", "conflict")
BEFORE_CLAIM = ("to_send", "to_sign", "signing", "signed", "error")
# A document that cannot wait goes before those that have waited for less than a day.
HEAD_START_SECONDS = 86_400


class L10nTnEdiDocument(models.Model):
    """The electronic document of one invoice: where it stands, what was sent, what TTN said.

    Nobody writes here through the interface (see the access rules): buttons and scheduled actions do, and every change
    of state goes through ``_set_state``, which refuses what the diagram above does not show.
    """

    _name = "l10n_tn_edi.document"
    _description = "Electronic Invoice Document"
    _order = "id desc"
    _rec_name = "number"
    _check_company_auto = True

    # --- What it is ------------------------------------------------------------------------------------------------
    move_id = fields.Many2one(
        "account.move", string="Invoice", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="move_id.company_id", store=True, index=True)
    journal_id = fields.Many2one(related="move_id.journal_id", store=True, index=True)
    partner_id = fields.Many2one(
        related="move_id.commercial_partner_id", store=True, string="Customer", index=True
    )
    invoice_date = fields.Date(related="move_id.invoice_date", store=True)
    currency_id = fields.Many2one(related="move_id.currency_id")
    amount_total = fields.Monetary(related="move_id.amount_total")
    number = fields.Char(readonly=True, index=True, help="As it stands in the TEIF document.")
    type_code = fields.Char(string="TEIF Type", readonly=True)
    sender = fields.Char(string="Sender's Matricule", readonly=True)
    version = fields.Char(string="TEIF Version", readonly=True)
    total = fields.Char(
        string="Total in the TEIF", readonly=True, help="Total with tax as it stands in the TEIF document."
    )
    mode = fields.Selection(
        [("test", "Test"), ("production", "Production")],
        required=True,
        readonly=True,
        help="Fixed when created.",
    )
    live = fields.Boolean(default=True, readonly=True, help="The document that counts for its invoice.")

    # --- Where it stands -------------------------------------------------------------------------------------------
    state = fields.Selection(STATES, required=True, default="to_send", readonly=True, index=True)
    hold = fields.Boolean(readonly=True, help="Nothing is sent until somebody releases it.")
    next_at = fields.Datetime(string="Next Step", readonly=True, index=True)
    requested_by = fields.Many2one(
        "res.users", readonly=True, help="Who asked for the next step; nobody when it was due by itself."
    )
    reason_code = fields.Char(readonly=True)
    reason_params = fields.Json(readonly=True)
    reason = fields.Text(compute="_compute_reason", string="Situation")
    cause = fields.Char(compute="_compute_cause", string="What Is Wrong")
    findings = fields.Json(readonly=True, help="What the checks found, as codes and places.")
    findings_html = fields.Html(
        compute="_compute_findings_html", string="What the Checks Found", sanitize=False
    )
    attempt_count = fields.Integer(string="Deposits Tried", default=0, readonly=True)
    poll_count = fields.Integer(default=0, readonly=True)
    lease_until = fields.Datetime(readonly=True)
    absences = fields.Json(readonly=True, help="When TTN answered completely without holding the document.")
    first_seen_at = fields.Datetime(readonly=True, help="When TTN first showed the deposit.")
    last_seen_at = fields.Datetime(readonly=True, help="When TTN was last asked and showed the deposit.")
    visibility_delay = fields.Float(
        readonly=True, help="Seconds from the deposit until TTN showed it, when it was slow."
    )
    ask_first = fields.Boolean(
        readonly=True, help="Something of this invoice may be at TTN already: ask before the next deposit."
    )
    revision = fields.Integer(
        default=0,
        readonly=True,
        help="Grows when the invoice changes: who claims the document meanwhile loses.",
    )
    resent = fields.Boolean(readonly=True, help="The one automatic resend of the same bytes was used.")

    rulings = fields.Json(
        readonly=True,
        help="What responsibles decided about deposits that TTN shows: which, whether it is this document, under what "
        "reference, who and when.",
    )

    # --- What was signed -------------------------------------------------------------------------------------------
    certificate_id = fields.Many2one("l10n_tn_edi.certificate", string="Signed With", readonly=True)
    signed_at = fields.Datetime(readonly=True)
    signed_id = fields.Many2one("ir.attachment", string="Signed TEIF", readonly=True, index="btree_not_null")
    sha256 = fields.Char(string="SHA-256", readonly=True)
    signature_value = fields.Char(readonly=True)
    document_digest = fields.Char(readonly=True)

    # --- What TTN said ---------------------------------------------------------------------------------------------
    exchange_ids = fields.One2many("l10n_tn_edi.exchange", "document_id", string="Exchanges")
    deposit_id = fields.Char(string="Deposit Number", readonly=True, help="TTN's idSaveEfact.")
    submitted_at = fields.Datetime(string="Deposited On", readonly=True)
    reference = fields.Char(string="TTN Reference", readonly=True, index="btree_not_null")
    total_ttn = fields.Char(
        string="Total at TTN", readonly=True, help="Total with tax that TTN shows with its reference."
    )
    reference_date = fields.Datetime(string="TTN Reference Date", readonly=True)
    cev = fields.Binary(string="QR Code (CEV)", readonly=True, attachment=True)
    ttn_xml_id = fields.Many2one("ir.attachment", string="TTN's TEIF", readonly=True, index="btree_not_null")
    rival_xml_ids = fields.Many2many(
        "ir.attachment",
        "l10n_tn_edi_document_rival_rel",
        string="TTN's TEIF of Other Acceptances",
        readonly=True,
    )
    unproved = fields.Boolean(
        readonly=True, help="TTN's own signature on the accepted document did not verify."
    )
    rejections = fields.Json(
        string="Objections", readonly=True, help="TTN's error codes and texts, as they came."
    )
    decided_at = fields.Datetime(string="Accepted or Rejected On", readonly=True)

    # --- What waits for acceptance ---------------------------------------------------------------------------------
    held_mail = fields.Json(readonly=True, help="The e-mail that goes out once TTN has accepted.")

    _live_move = models.UniqueIndex(
        "(move_id) WHERE live", "This invoice has an electronic document already."
    )
    _live_number = models.UniqueIndex(
        "(mode, sender, type_code, number) "
        "WHERE live AND state IN ('sending', 'submitted', 'unknown', 'to_decide', 'accepted', 'conflict')",
        "A document with this number is at TTN already.",
    )
    _deposit_unique = models.UniqueIndex(
        "(mode, sender, deposit_id) WHERE deposit_id IS NOT NULL", "Another document has this deposit number."
    )
    _reference_unique = models.UniqueIndex(
        "(mode, sender, reference) WHERE reference IS NOT NULL", "Another document has this TTN reference."
    )
    _due = models.Index("(state, next_at) WHERE next_at IS NOT NULL")
    _ended = models.Index("(id) WHERE live IS NOT TRUE")
    _seen = models.Index("(mode, sender, last_seen_at) WHERE last_seen_at IS NOT NULL")
    _delayed = models.Index("(mode, sender, first_seen_at) WHERE visibility_delay > 0")
    _decided = models.Index("(company_id, mode, decided_at DESC, id DESC) WHERE decided_at IS NOT NULL")
    _paused = models.Index(
        "(company_id, mode, reason_code) WHERE state = 'signed' AND reason_code IS NOT NULL"
    )

    @api.depends("reason_code", "reason_params")
    @api.depends_context("lang")
    def _compute_reason(self):
        messages = self.env["l10n_tn_edi.messages"]
        for document in self:
            document.reason = (
                messages._sentence(document.reason_code, document.reason_params or {})
                if document.reason_code
                else False
            )

    @api.depends("findings")
    @api.depends_context("lang")
    def _compute_findings_html(self):
        for document in self:
            items = document.move_id._l10n_tn_edi_explain(document.findings or [])
            document.findings_html = (
                Markup("<ul>%s</ul>")
                % Markup().join(Markup("<li>%s</li>") % item["sentence"] for item in items)
                if items
                else False
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_only_unsent(self):
        if any(document.attempt_count for document in self):
            raise UserError(
                self.env._("A document that may be at TTN is kept as proof and cannot be deleted.")
            )

    # --- The one gate ----------------------------------------------------------------------------------------------

    def _valid_actions(self):
        """:return: set of what may be done with this document now; buttons and server checks ask here."""
        self.ensure_one()
        actions = set()
        if not self.live:
            return actions
        if self.state in BEFORE_CLAIM:
            if not self.hold:
                actions.add("hold")
            if not self._is_in_doubt():
                actions.add("withdraw")
        if self.state in ("to_send", "to_sign", "signed"):
            actions.add("send")
        if self.state in ("error", "rejected"):
            actions.add("correct")
        if self.state in ("submitted", "unknown", "rejected"):
            actions.add("ask")
        if self.state == "to_decide":
            actions |= {"ask", "decide"}
        if self._is_tried_only():
            actions.add("retire")
        return actions

    def _is_tried_only(self):
        """:return: whether TTN's test platform was asked about the document, and the company deposits for real now."""
        self.ensure_one()
        return (
            self.live
            and self.mode == "test"
            and self.company_id.l10n_tn_edi_mode == "production"
            and (self.state in AT_TTN or bool(self.sudo().exchange_ids))
        )

    def _is_in_doubt(self):
        """:return: whether an earlier attempt may still show up at TTN, although the document is to be deposited (again).

        Whatever a human confirmed, the invoice can't be taken back then: nobody would ask TTN any more.
        """
        self.ensure_one()
        return (
            self.live
            and self.state in BEFORE_CLAIM
            # A responsible's word, and TTN's view, settle it.
            and self.reason_code != "ask.released"
            and bool(self.attempt_count)
            and self._may_have_been_deposited()
        )

    def _may_have_been_deposited(self):
        """:return: whether an attempt to deposit this document, of these bytes or of others, may have reached TTN."""
        self.ensure_one()
        return bool(self.sudo().exchange_ids._may_have_reached())

    def _require(self, action):
        """:raise UserError: when ``action`` (see ``_valid_actions``) is not possible for one of the documents."""
        for document in self:
            if action not in document._valid_actions():
                raise UserError(
                    self.env._(
                        "This is not possible for %(number)s now: its electronic document is “%(state)s”.",
                        number=document.number or document.move_id.display_name,
                        state=dict(document._fields["state"]._description_selection(self.env))[
                            document.state
                        ],
                    )
                )

    def _set_state(self, state, **values):
        """Move to ``state``. Every arrow of the diagram passes here.

        :param values: other fields written with it; the situation (``reason_code``, ``reason_params``) is cleared unless given.
        :raise ValueError: for an arrow that the diagram does not show (a programming error).
        """
        for document in self:
            if state != document.state and state not in TRANSITIONS[document.state]:
                raise ValueError(f"{document}: no way from {document.state} to {state}")
        if state == "sending" or state in SHOWN_BY_TTN:
            # Whoever holds it back comes too late: what may be at TTN is asked about.
            values["hold"] = False
        self.sudo().write({"reason_code": False, "reason_params": False, "state": state, **values})

    def _fail(self, code, params=None, findings=None):
        """Stop before anything was sent: say what is wrong; a human mends it and sends again."""
        self._set_state(
            "error", reason_code=code, reason_params=params or {}, findings=findings or [], next_at=False
        )

    # --- What invoices and scheduled actions ask for ---------------------------------------------------------------

    def _rebuild(self):
        """The invoice changed before anything was sent: what was built and signed no longer counts."""
        for document in self:
            # The row is written in any case: a worker that claims it at this moment, or the user, has to begin anew.
            document._set_state("to_send", revision=document.revision + 1, **document._unsigned_values())
            if not document.next_at:
                document._schedule()

    def _fail_if_renumbered(self):
        """TTN would be asked about the new number only, and never show what was deposited under another one.

        :return: whether the document was stopped.
        """
        self.ensure_one()
        name = self.move_id.name
        earlier = self.move_id.sudo().l10n_tn_edi_document_ids.filtered(
            lambda other: other.attempt_count and other.mode == self.mode and other.number != name
        )
        if earlier:
            self._fail("document.renumbered", {"number": name, "earlier": earlier[0].number})
        return bool(earlier)

    def _unsigned_values(self):
        """:return: values of a document that is to be built and signed anew."""
        self.ensure_one()
        return {
            # What was signed before may be at TTN already.
            "ask_first": bool(self.attempt_count) or self.ask_first,
            "signed_id": False,
            "sha256": False,
            "signature_value": False,
            "document_digest": False,
            "certificate_id": False,
            "signed_at": False,
            "findings": False,
        }

    def _version_values(self):
        """:return: what an exchange remembers of the bytes that are signed now."""
        self.ensure_one()
        return {
            "sha256": self.sha256,
            "signature_value": self.signature_value,
            "document_digest": self.document_digest,
        }

    def _withdraw(self):
        """The invoice is no longer there to be sent (draft, cancelled, excluded)."""
        self._require("withdraw")
        for document in self:
            document._set_state("withdrawn", live=False, next_at=False, held_mail=False)

    def _schedule(self):
        """Make the documents due and wake the scheduled action."""
        # Somebody waits for the one that he asked for: it goes before those that are due, a batch after them.
        waited_for = len(self) == 1 and self.requested_by
        self.sudo().write({"next_at": self._in(-HEAD_START_SECONDS if waited_for else 0)})
        following = self.filtered(lambda d: d.state in SHOWN_BY_TTN or d.ask_first)
        for documents, kind in ((following, "follow"), (self - following, "submit")):
            if documents:
                self._wake_lane(kind)

    def _request(self):
        """Have the documents' next exchanges with TTN say who asked for them; scheduled actions make them."""
        user = self.env.user
        self.sudo().requested_by = False if user._is_superuser() else user

    @api.model
    def _warn_about(self, move, tell):
        """Give whoever is responsible for an invoice an activity about it, in his language.

        :param move: ``account.move``.
        :param tell: callable of an environment in his language; gives the summary and the note.
        """
        move = move.sudo()
        user = move.invoice_user_id or move.create_uid
        summary, note = tell(self.with_context(lang=user.lang).env)
        move.activity_schedule("mail.mail_activity_data_warning", summary=summary, note=note, user_id=user.id)

    def _log(self, body):
        """One line in the invoice's chatter; cheap (no notification)."""
        self.move_id._message_log_batch(bodies={document.move_id.id: body for document in self})
