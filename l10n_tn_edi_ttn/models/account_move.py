import logging

import psycopg2

from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from .l10n_tn_edi_document import AT_TTN, BEFORE_CLAIM

_logger = logging.getLogger(__name__)

# What stands in the TEIF document or on the print. From the claim on nobody changes it, not even the code that does not
# count as accounting for Odoo (narration, due date, bank account).
PRINTED_FIELDS = frozenset(
    {
        "name",
        "company_id",
        "currency_id",
        "fiscal_position_id",
        "invoice_currency_rate",
        "invoice_date",
        "invoice_date_due",
        "invoice_incoterm_id",
        "invoice_payment_term_id",
        "journal_id",
        "move_type",
        "narration",
        "partner_bank_id",
        "partner_id",
        "partner_shipping_id",
        "payment_reference",
        "ref",
        "reversed_entry_id",
    }
)
# Of our own stored fields all are printed but these.
UNPRINTED_FIELDS = frozenset({"l10n_tn_edi_document_id", "l10n_tn_edi_hold", "l10n_tn_edi_replaced_id"})
PRINTED_LINE_FIELDS = frozenset(
    {
        "name",
        "product_id",
        "product_uom_id",
        "quantity",
        "price_unit",
        "discount",
        "tax_ids",
        "currency_id",
        "amount_currency",
        "balance",
        "debit",
        "credit",
        "display_type",
        "sequence",
        "deferred_start_date",
        "deferred_end_date",
    }
)


# Lines of the entry that are not on the invoice.
UNPRINTED_LINES = frozenset(
    {"payment_term", "cogs", "epd", "discount", "non_deductible_product", "non_deductible_tax"}
)


# As many documents as are named one by one in a search; more are joined.
NAMED_DOCUMENTS = 5000


def _few_documents(records, *term):
    """:param term: of a domain.
    :return: the documents that it finds, None when they are too many to be named one by one.
    """
    documents = (
        records.env["l10n_tn_edi.document"].sudo().search([term], order="id", limit=NAMED_DOCUMENTS + 1)
    )
    return documents if len(documents) <= NAMED_DOCUMENTS else None


class DocumentState(fields.Selection):
    """The state of an invoice's document. What is rare among many is looked up by its index first: PostgreSQL would walk
    through the invoices by date and look at the document of each.
    """

    def _search_related(self, records, operator, value):
        # EXTENDS 'Field'
        values = [value] if operator == "=" else value
        if operator in ("in", "=") and all(values):
            documents = _few_documents(records, "state", "in", list(values))
            if documents is not None:
                return Domain("l10n_tn_edi_document_id", "in", documents.ids)
        return super()._search_related(records, operator, value)


class DocumentLive(fields.Boolean):
    """Whether an invoice's document is the one in force. Those that are not are few, and looked up first as above."""

    def _search_related(self, records, operator, value):
        # EXTENDS 'Field'
        values = [value] if operator == "=" else value
        if operator in ("in", "=") and all(values):
            ended = _few_documents(records, "live", "=", False)
            if ended is not None:
                with_one = Domain("l10n_tn_edi_document_id", "!=", False)
                return with_one & Domain("l10n_tn_edi_document_id", "not in", ended.ids)
        return super()._search_related(records, operator, value)


class AccountMove(models.Model):
    _inherit = "account.move"

    l10n_tn_edi_document_ids = fields.One2many(
        "l10n_tn_edi.document", "move_id", string="Electronic Documents", readonly=True
    )
    # Stored so that lists can search, sort and group through it, and written in the transaction that makes the document:
    # following a document never locks the invoice's row.
    l10n_tn_edi_document_id = fields.Many2one(
        "l10n_tn_edi.document",
        string="Electronic Document",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    l10n_tn_edi_state = DocumentState(string="TTN Status", related="l10n_tn_edi_document_id.state")
    l10n_tn_edi_live = DocumentLive(
        string="Electronic Document in Force",
        related="l10n_tn_edi_document_id.live",
        help="Not replaced, withdrawn or given up.",
    )
    l10n_tn_edi_reference = fields.Char(string="TTN Reference", related="l10n_tn_edi_document_id.reference")
    l10n_tn_edi_submitted_at = fields.Datetime(
        string="Deposited at TTN", related="l10n_tn_edi_document_id.submitted_at"
    )
    l10n_tn_edi_decided_at = fields.Datetime(
        string="Accepted or Rejected On", related="l10n_tn_edi_document_id.decided_at"
    )
    l10n_tn_edi_reason = fields.Text(related="l10n_tn_edi_document_id.reason")
    l10n_tn_edi_cause = fields.Char(related="l10n_tn_edi_document_id.cause", string="TTN: What Is Wrong")
    l10n_tn_edi_findings_html = fields.Html(related="l10n_tn_edi_document_id.findings_html", sanitize=False)
    l10n_tn_edi_actions = fields.Json(
        compute="_compute_l10n_tn_edi_actions", help="What may be done with the electronic document now."
    )

    @api.depends(
        "l10n_tn_edi_document_id.state", "l10n_tn_edi_document_id.hold", "l10n_tn_edi_document_id.live"
    )
    def _compute_l10n_tn_edi_actions(self):
        for move in self:
            # Who may open an invoice (a salesperson too) sees where it stands.
            document = move.sudo().l10n_tn_edi_document_id
            move.l10n_tn_edi_actions = sorted(document._valid_actions()) if document else []

    # --- A document for each posted invoice that is concerned -------------------------------------------------------

    def _post(self, soft=True):
        # EXTENDS 'account'
        posted = super()._post(soft)
        posted._l10n_tn_edi_create_documents()
        return posted

    def _l10n_tn_edi_create_documents(self, delay=True):
        """Make the electronic documents of newly posted invoices, and nothing else: no network, no signature, no PDF.

        Never raises: posting is Odoo's affair, and an exception here would leave a whole batch in draft.

        :param bool delay: whether the company's delay before deposit and holds apply; not when somebody sends by hand.
        :return: the new ``l10n_tn_edi.document`` records.
        """
        documents = self.env["l10n_tn_edi.document"].sudo()
        concerned = self.filtered(lambda move: move._l10n_tn_edi_concerned()[0])
        if not concerned:
            return documents
        self.env.flush_all()  # an error in what others wrote is theirs, and is not caught here
        for move in concerned:
            try:
                with self.env.cr.savepoint():
                    documents += move._l10n_tn_edi_create_document(delay)
            except psycopg2.OperationalError:
                raise  # Odoo itself runs the whole request again
            except Exception:
                _logger.exception("No electronic document could be made for %s", move)
        due = documents.filtered(lambda document: not document.hold and document.next_at)
        if due:
            documents._wake_lane("submit", sorted(set(due.mapped("next_at"))))
        return documents

    def _l10n_tn_edi_create_document(self, delay):
        self.ensure_one()
        company = self.company_id
        wait = company.l10n_tn_edi_delay_minutes if delay else 0
        document = (
            self.env["l10n_tn_edi.document"]
            .sudo()
            .create(
                {
                    "move_id": self.id,
                    "number": self.name,
                    "mode": company.l10n_tn_edi_mode,
                    "hold": delay and (self.l10n_tn_edi_hold or company.l10n_tn_edi_sending == "on_demand"),
                    "next_at": self.env["l10n_tn_edi.document"]._in(60 * wait),
                    "ask_first": any(
                        earlier.attempt_count or earlier.ask_first
                        for earlier in self.sudo().l10n_tn_edi_document_ids
                    ),
                }
            )
        )
        if not delay:
            document._request()
        self.sudo().l10n_tn_edi_document_id = document
        document._ask_about_replaced()
        document._fail_if_renumbered()
        return document

    # --- Nothing changes behind TTN's back --------------------------------------------------------------------------

    @api.model
    @tools.ormcache()
    def _l10n_tn_edi_printed_fields(self):
        """:return: names of the fields that nobody changes once TTN may hold the invoice."""
        return PRINTED_FIELDS | {
            name
            for name, field in self._fields.items()
            if name.startswith("l10n_tn_edi_") and field.store and name not in UNPRINTED_FIELDS
        }

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'account'
        moves = super().create(vals_list)
        # Looked at afterwards: what is not among the values may come from a default, which anybody may set.
        for move in moves.filtered("l10n_tn_edi_document_id"):
            self._l10n_tn_edi_check_vals({"l10n_tn_edi_document_id": move.l10n_tn_edi_document_id.id})
        return moves

    @api.model
    def _l10n_tn_edi_check_vals(self, vals):
        """:raise AccessError: when somebody would choose an invoice's electronic document himself."""
        if "l10n_tn_edi_document_id" in vals and not self.env.su:
            raise AccessError(
                self.env._("The electronic document of an invoice is made by Odoo and cannot be chosen.")
            )

    def write(self, vals):
        # EXTENDS 'account'
        self._l10n_tn_edi_check_vals(vals)
        if "l10n_tn_edi_hold" in vals:
            held = self.sudo().l10n_tn_edi_document_id.filtered(lambda d: d.live and d.state in BEFORE_CLAIM)
            held.write({"hold": vals["l10n_tn_edi_hold"]})
        leaving = vals.get("state") in ("draft", "cancel")
        if leaving or self._l10n_tn_edi_printed_fields() & vals.keys():
            for move in self.filtered("l10n_tn_edi_document_id"):
                if leaving and move.state == "posted":
                    move._l10n_tn_edi_before_leaving()
                elif move._l10n_tn_edi_changes(vals):
                    move._l10n_tn_edi_before_change()
        return super().write(vals)

    def _l10n_tn_edi_changes(self, vals):
        """:return: whether ``vals`` gives a printed field another value (Odoo writes many fields back unchanged)."""
        for name in self._l10n_tn_edi_printed_fields() & vals.keys():
            field = self._fields[name]
            if field.type in ("one2many", "many2many"):
                return True
            if field.convert_to_record(field.convert_to_cache(vals[name], self), self) != self[name]:
                return True
        return False

    def _l10n_tn_edi_before_change(self):
        """Called before something printed changes, whoever asks for it.

        Writing the document's row here makes one of the two lose, should the document be claimed at this moment.

        :raise UserError: when TTN holds the document, or may hold it.
        """
        for move in self:
            document = move.l10n_tn_edi_document_id.sudo()
            if document.live and document.state in AT_TTN:
                raise UserError(
                    self.env._(
                        "%(number)s is at TTN (%(state)s): what it says cannot be changed any more. "
                        "Once it is accepted, correct it with a credit note.",
                        number=move.name,
                        state=dict(document._fields["state"]._description_selection(self.env))[
                            document.state
                        ],
                    )
                )
            if document.live and document.state in BEFORE_CLAIM:
                document._rebuild()

    def _l10n_tn_edi_before_leaving(self):
        """Called before an invoice goes back to draft or is cancelled, whoever asks for it."""
        for move in self:
            document = move.l10n_tn_edi_document_id.sudo()
            if not document.live:
                continue
            if document.state in AT_TTN:
                raise UserError(
                    self.env._(
                        "%(number)s is at TTN (%(state)s): it can be neither reset to draft nor cancelled. "
                        "Once it is accepted, make a credit note; if it is rejected, you can correct it.",
                        number=move.name,
                        state=dict(document._fields["state"]._description_selection(self.env))[
                            document.state
                        ],
                    )
                )
            if document._is_in_doubt():
                raise UserError(
                    self.env._(
                        "TTN may still show an earlier deposit of %(number)s: it can be neither reset to draft nor cancelled. "
                        "Send it again; once it is accepted, make a credit note.",
                        number=move.name,
                    )
                )
            if document.state == "rejected":
                # TTN is asked about it once a day all the same: it may still accept it.
                document.live = False
            else:
                document._withdraw()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_l10n_tn_edi_sent(self):
        documents = self.sudo().l10n_tn_edi_document_ids
        if any(document.attempt_count for document in documents):
            raise UserError(
                self.env._("An invoice whose electronic document was deposited at TTN cannot be deleted.")
            )
        self.sudo().l10n_tn_edi_document_id = False
        documents.unlink()

    def _need_cancel_request(self):
        # EXTENDS 'account'
        document = self.sudo().l10n_tn_edi_document_id
        return super()._need_cancel_request() or bool(
            document.live and (document.state in AT_TTN or document._is_in_doubt())
        )

    @api.depends("l10n_tn_edi_document_id.state")
    def _compute_need_cancel_request(self):
        # EXTENDS 'account'
        return super()._compute_need_cancel_request()

    @api.depends("l10n_tn_edi_document_id.state")
    def _compute_show_reset_to_draft_button(self):
        # EXTENDS 'account'
        return super()._compute_show_reset_to_draft_button()

    def button_request_cancel(self):
        # EXTENDS 'account'
        document = self.sudo().l10n_tn_edi_document_id
        if document.live and (document.state in AT_TTN or document._is_in_doubt()):
            raise UserError(
                self.env._(
                    "El Fatoora has no cancellation. Once %(number)s is accepted, a credit note undoes it.",
                    number=self.name,
                )
            )
        return super().button_request_cancel()

    # --- Buttons ----------------------------------------------------------------------------------------------------

    def action_l10n_tn_edi_check(self):
        """Build and check without sending; shows what the document would be refused for."""
        findings = []
        for move in self:
            findings += move._l10n_tn_edi_explain(move._l10n_tn_edi_findings())
        blocking = [finding["sentence"] for finding in findings if finding["severity"] == "blocking"]
        others = [finding["sentence"] for finding in findings if finding["severity"] != "blocking"]
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger" if blocking else ("warning" if others else "success"),
                "sticky": bool(findings),
                "title": self.env._("To correct before sending")
                if blocking
                else self.env._("Ready to be sent"),
                "message": "\n".join(blocking + others)
                or self.env._("TTN's schema and all our checks accept it."),
            },
        }

    def action_l10n_tn_edi_send(self):
        """Send as soon as possible; invoices that have no electronic document yet and should have one get it."""
        without = self.filtered(
            lambda move: not move.l10n_tn_edi_document_id.live and move._l10n_tn_edi_concerned()[0]
        )
        without.check_access("write")
        self.l10n_tn_edi_document_id.filtered("live").action_send()
        without._l10n_tn_edi_create_documents(delay=False)

    def action_l10n_tn_edi_correct(self):
        self.l10n_tn_edi_document_id.action_correct()

    def action_l10n_tn_edi_hold(self):
        self.l10n_tn_edi_document_id.action_hold()

    def action_l10n_tn_edi_ask(self):
        self.l10n_tn_edi_document_id.action_ask()

    # --- Nothing leaves for the customer before TTN has accepted ----------------------------------------------------

    def _l10n_tn_edi_awaits_ttn(self):
        """:return: whether the invoice is, or will be, on its way to TTN and is not accepted yet."""
        self.ensure_one()
        document = self.l10n_tn_edi_document_id.sudo()
        if document.live:
            return document.state not in ("accepted", "conflict")
        return self.state == "posted" and self._l10n_tn_edi_concerned()[0]

    def _is_ready_to_be_sent(self):
        # EXTENDS 'account'
        return super()._is_ready_to_be_sent() and not self._l10n_tn_edi_awaits_ttn()


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'account'
        lines = super().create(vals_list)
        lines._l10n_tn_edi_printed().move_id._l10n_tn_edi_before_change()
        return lines

    def write(self, vals):
        # EXTENDS 'account'
        if PRINTED_LINE_FIELDS & vals.keys():
            for line in self._l10n_tn_edi_printed():
                if any(
                    line._fields[name].convert_to_record(
                        line._fields[name].convert_to_cache(vals[name], line), line
                    )
                    != line[name]
                    for name in PRINTED_LINE_FIELDS & vals.keys() & line._fields.keys()
                ):
                    line.move_id._l10n_tn_edi_before_change()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_l10n_tn_edi_sent(self):
        self._l10n_tn_edi_printed().move_id._l10n_tn_edi_before_change()

    def _l10n_tn_edi_printed(self):
        """:return: the lines of ``self`` that are printed on a posted invoice with an electronic document."""
        return self.filtered(
            lambda line: (
                line.display_type not in UNPRINTED_LINES
                and line.move_id.l10n_tn_edi_document_id
                and line.move_id.state == "posted"
            )
        )
