"""What an invoice's screens show of its electronic document: one banner with the next thing to do; nothing abroad."""

from odoo import api, fields, models
from odoo.tools import format_datetime

MOVE_TYPES = ("out_invoice", "out_refund")
LEVELS = {
    "signing": "warning",
    "unknown": "warning",
    "to_decide": "warning",
    "error": "danger",
    "rejected": "danger",
    "conflict": "danger",
    "accepted": "success",
}
# More findings than this are not read in a banner; the page below it has them all.
FINDINGS_SHOWN = 5


class AccountMove(models.Model):
    _inherit = "account.move"

    l10n_tn_edi_visible = fields.Boolean(compute="_compute_l10n_tn_edi_visible")
    l10n_tn_edi_undeposited = fields.Boolean(
        compute="_compute_l10n_tn_edi_scope", help="Posted and concerned, but without an electronic document."
    )
    l10n_tn_edi_scope = fields.Char(string="Why It Is Not Deposited", compute="_compute_l10n_tn_edi_scope")

    @api.depends(
        "move_type",
        "company_id.account_fiscal_country_id",
        "company_id.l10n_tn_edi_enabled",
        "l10n_tn_edi_document_id",
    )
    def _compute_l10n_tn_edi_visible(self):
        for move in self:
            move.l10n_tn_edi_visible = move.move_type in MOVE_TYPES and bool(
                move.l10n_tn_edi_document_id
                or (
                    move.company_id.account_fiscal_country_id.code == "TN"
                    and move.company_id.l10n_tn_edi_enabled
                )
            )

    @api.depends(
        "state",
        "move_type",
        "journal_id.l10n_tn_edi_enabled",
        "company_id.l10n_tn_edi_enabled",
        "company_id.l10n_tn_edi_go_live_date",
        "company_id.l10n_tn_edi_consumer_policy",
        "company_id.l10n_tn_edi_foreign_policy",
        "commercial_partner_id.l10n_tn_edi_identifier_type",
        "invoice_date",
        "l10n_tn_edi_exclusion",
        "l10n_tn_edi_document_id.live",
    )
    @api.depends_context("lang")
    def _compute_l10n_tn_edi_scope(self):
        messages = self.env["l10n_tn_edi.messages"]
        for move in self:
            live = move.sudo().l10n_tn_edi_document_id.live
            concerned, reason = move._l10n_tn_edi_concerned()
            move.l10n_tn_edi_undeposited = concerned and not live
            move.l10n_tn_edi_scope = messages._sentence(reason) if reason and not live else False

    # --- The banner -------------------------------------------------------------------------------------------------

    @api.depends(
        "l10n_tn_edi_document_id.state",
        "l10n_tn_edi_document_id.live",
        "l10n_tn_edi_document_id.hold",
        "l10n_tn_edi_document_id.next_at",
        "l10n_tn_edi_document_id.reason_code",
        "l10n_tn_edi_document_id.findings",
        "l10n_tn_edi_document_id.reference",
    )
    def _compute_alerts(self):
        # EXTENDS 'account'
        return super()._compute_alerts()

    def _get_alerts(self):
        # EXTENDS 'account'
        alerts = super()._get_alerts()
        banner = self._l10n_tn_edi_banner()
        if banner:
            alerts["l10n_tn_edi"] = banner
        return alerts

    def _l10n_tn_edi_banner(self):
        """The banner of the invoice form: where the electronic document stands and the one next thing to do.

        :return: a dict as ``_get_alerts`` wants it, or None when there is nothing to say.
        """
        self.ensure_one()
        document = self.l10n_tn_edi_document_id.sudo()
        if not document or self.move_type not in MOVE_TYPES:
            return None
        if not document.live:
            # Back in draft to be corrected: what TTN objected to must stay in sight.
            if document.state != "rejected" or self.state != "draft":
                return None
            return {"level": "warning", "message": self._l10n_tn_edi_told(document)}
        banner = {"level": self._l10n_tn_edi_level(document), "message": self._l10n_tn_edi_told(document)}
        # Several lines of one banner, not several banners: what comes first is what is read.
        if self.env.user.has_group("account.group_account_invoice"):
            banner.update(self._l10n_tn_edi_next_step(document))
        return banner

    @api.model
    def _l10n_tn_edi_level(self, document):
        """:return: 'info', 'warning', 'danger' or 'success'. Waiting is no warning; a document that cannot go is one."""
        if document.state in LEVELS:
            return "warning" if document.unproved and document.state == "accepted" else LEVELS[document.state]
        stopped = document.state in ("to_send", "signed") and document.reason_code
        return "warning" if stopped or document.hold else "info"

    def _l10n_tn_edi_told(self, document):
        """:return: str, the situation in the user's words: a headline, then what TTN or the checks said."""
        texts = [self._l10n_tn_edi_headline(document)]
        if document.state == "error" and document.findings:
            sentences = [
                item["sentence"]
                for item in self._l10n_tn_edi_explain(document.findings)
                if item["severity"] == "blocking"
            ]
            texts += [f"• {sentence}" for sentence in sentences[:FINDINGS_SHOWN]]
            if len(sentences) > FINDINGS_SHOWN:
                texts.append(
                    self.env._(
                        "… and %(count)s more, on the page El Fatoora.", count=len(sentences) - FINDINGS_SHOWN
                    )
                )
        elif document.state == "rejected" and document.rejections:
            texts += [f"• {line}" for line in document._rejection_lines()[:FINDINGS_SHOWN]]
        elif document.reason and not (document.state == "accepted" and not document.unproved):
            texts.append(document.reason)
        if document.mode == "test" and document.state in ("accepted", "conflict"):
            texts.append(self.env._("This was TTN's test platform: it has no legal effect."))
        return "\n".join(texts)

    def _l10n_tn_edi_headline(self, document):
        """:return: str, one short sentence for the state."""
        if document.hold and document.state in ("to_send", "to_sign", "signed"):
            return self.env._("On hold: nothing is deposited at TTN until somebody sends it.")
        if document.state in ("to_send", "to_sign", "signed"):
            if document.next_at and document.next_at > fields.Datetime.now():
                moment = format_datetime(self.env, document.next_at, dt_format="short")
                return self.env._(
                    "Goes to TTN after %(moment)s. Until then it can still be reset to draft.", moment=moment
                )
            return self.env._("Goes to TTN with the next run, within minutes.")
        headlines = {
            "signing": lambda: self.env._("Waits for its signature."),
            "sending": lambda: self.env._("Is being deposited at TTN."),
            "submitted": lambda: self.env._(
                "At TTN since %(moment)s, deposit %(deposit)s. The verdict usually comes within minutes.",
                moment=format_datetime(self.env, document.submitted_at, dt_format="short"),
                deposit=document.deposit_id or "?",
            ),
            "unknown": lambda: self.env._(
                "It is not known whether TTN received it. It is never sent twice: TTN is asked first."
            ),
            "to_decide": lambda: self.env._("Somebody has to decide what became of the deposit."),
            "accepted": lambda: self.env._(
                "Accepted by TTN under reference %(reference)s.", reference=document.reference or "?"
            ),
            "conflict": lambda: self.env._("TTN accepted it twice."),
            "rejected": lambda: self.env._("Rejected by TTN."),
            "error": lambda: self.env._("To correct before it can go to TTN:"),
        }
        headline = headlines.get(document.state)
        return (
            headline()
            if headline
            else dict(document._fields["state"]._description_selection(self.env))[document.state]
        )

    def _l10n_tn_edi_next_step(self, document):
        """:return: dict of a banner's link, empty when there is nothing that the user should do."""
        actions = document._valid_actions()
        if document.state == "error":
            return self._l10n_tn_edi_place_to_mend(document)
        if "correct" in actions:
            return {
                "action_text": self.env._("Correct and send again"),
                "action": self.action_l10n_tn_edi_open_correct(),
            }
        if "decide" in actions and self.env.user.has_group("account.group_account_manager"):
            return {"action_text": self.env._("Decide"), "action": document._action_to_decide()}
        if document.state in ("submitted", "unknown", "to_decide"):
            return {
                "action_text": self.env._("Ask TTN now"),
                "action_call": ["account.move", "action_l10n_tn_edi_ask", self.ids],
            }
        record, _field = document._mending_place() if document.state == "signed" else (None, False)
        if record and record != self:
            return {
                "action_text": self.env._("Open %(record)s", record=record.sudo().display_name),
                "action": document.action_mend(),
            }
        if "send" in actions:
            return {
                "action_text": self.env._("Send now"),
                "action_call": ["account.move", "action_l10n_tn_edi_send", self.ids],
            }
        return {}

    def _l10n_tn_edi_place_to_mend(self, document):
        """The record of the first blocking finding, when it is another one than the invoice that is on the screen."""
        for item in self._l10n_tn_edi_explain(document.findings or []):
            if item["severity"] != "blocking" or not item["model"] or not item["res_id"]:
                continue
            if item["model"] in ("account.move", "account.move.line"):
                return {}
            record = self.env[item["model"]].browse(item["res_id"]).exists()
            if record:
                return {
                    "action_text": self.env._("Open %(record)s", record=record.sudo().display_name),
                    "action": record._get_records_action(views=[(False, "form")]),
                }
        return {}

    # --- Buttons of lists: what is possible is done, the rest is left alone -------------------------------------------

    def action_l10n_tn_edi_send_selected(self):
        """Send those of a selection that can be sent, and say how many were not."""
        ready = self.filtered(
            lambda move: "send" in (move.l10n_tn_edi_actions or ()) or move.l10n_tn_edi_undeposited
        )
        ready -= ready.l10n_tn_edi_document_id.filtered(lambda one: one._is_for_administrators()).move_id
        ready.action_l10n_tn_edi_send()
        return self._l10n_tn_edi_counted(
            self.env._("%(count)s on their way to TTN.", count=len(ready)), ready
        )

    def action_l10n_tn_edi_sign_selected(self):
        """Open the signing of those of a selection that wait for a person's signature."""
        waiting = self.l10n_tn_edi_document_id.filtered(
            lambda document: document.live and document.state in ("to_sign", "signing")
        )
        if not waiting:
            return self._l10n_tn_edi_counted(
                self.env._("Nothing of this waits for a signature."), self.browse()
            )
        return waiting.action_sign()

    def action_l10n_tn_edi_ask_selected(self):
        """Ask TTN about those of a selection that wait for a verdict."""
        ready = self.filtered(lambda move: "ask" in (move.l10n_tn_edi_actions or ()))
        ready.action_l10n_tn_edi_ask()
        return self._l10n_tn_edi_counted(self.env._("TTN is asked about %(count)s.", count=len(ready)), ready)

    def action_l10n_tn_edi_correct_selected(self):
        """Prepare and send again those of a selection that were to be corrected.

        What is mended in the draft only is left alone: it would go with the same fault again.
        """
        ready = self.filtered(
            lambda move: (
                "correct" in (move.l10n_tn_edi_actions or ())
                and not move.l10n_tn_edi_document_id.sudo()._changes_the_entry()
            )
        )
        ready -= ready.l10n_tn_edi_document_id.filtered(lambda one: one._is_for_administrators()).move_id
        ready.action_l10n_tn_edi_correct()
        return self._l10n_tn_edi_counted(
            self.env._("%(count)s are prepared and sent again.", count=len(ready)), ready
        )

    def _l10n_tn_edi_counted(self, message, done):
        """:return: the action that shows ``message`` and how many of the selection were left alone."""
        left = len(self) - len(done)
        if left:
            message += " " + self.env._(
                "%(count)s left alone: nothing of the kind can be done with them now.", count=left
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if done else "warning",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_l10n_tn_edi_decide(self):
        """Open the wizard in which a responsible decides what became of a deposit."""
        self.ensure_one()
        return self.l10n_tn_edi_document_id.action_open_decide()

    def action_l10n_tn_edi_open_documents(self):
        """Open the electronic documents of the invoice; the form at once when there is only one."""
        self.ensure_one()
        return self.l10n_tn_edi_document_ids._get_records_action(name=self.env._("Electronic Documents"))

    # --- Nothing of all this abroad ---------------------------------------------------------------------------------

    @api.model
    def _l10n_tn_edi_in_sight(self):
        """:return: whether one of the companies the user works with has its accounting in Tunisia."""
        return "TN" in self.env.companies.sudo().account_fiscal_country_id.mapped("code")

    @api.model
    def _get_view_cache_key(self, view_id=None, view_type="form", **options):
        # EXTENDS 'base'
        return super()._get_view_cache_key(view_id, view_type, **options) + (self._l10n_tn_edi_in_sight(),)

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        # EXTENDS 'base'
        arch, view = super()._get_view(view_id, view_type, **options)
        # A form knows its invoice's country; a list has no record to ask, so its columns and buttons are left out here.
        if view_type in ("list", "kanban", "search") and not self._l10n_tn_edi_in_sight():
            for node in arch.xpath(
                "//*[starts-with(@name, 'l10n_tn_edi_') or starts-with(@name, 'action_l10n_tn_edi_')]"
            ):
                node.getparent().remove(node)
        return arch, view
