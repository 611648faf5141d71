"""A new invoice in the place of one that TTN rejected: TTN is asked about that one before the new one is deposited.

The new one has another number, so no question about it would ever show what became of the other.
"""

from odoo import fields, models

from .l10n_tn_edi_document import BEFORE_CLAIM

# A document looks again after the one that it waits for this often, at the latest (its answer wakes it at once).
RETRY_MINUTES = 15
REPLACED_PENDING, REPLACED_ACCEPTED = "replaced.pending", "replaced.accepted"


class L10nTnEdiDocument(models.Model):
    _inherit = "l10n_tn_edi.document"

    ask_replaced = fields.Boolean(
        readonly=True,
        help="The invoice replaces one that TTN rejected: TTN is asked about that one before the deposit.",
    )

    def _documents_replaced(self):
        """:return: what TTN may hold of the invoices that this one replaces, the last one's first, on the same platform."""
        self.ensure_one()
        documents, move = self.browse(), self.move_id.sudo().l10n_tn_edi_replaced_id
        while move:
            documents += move.l10n_tn_edi_document_id
            move = move.l10n_tn_edi_replaced_id
        return documents.filtered(lambda document: document.attempt_count and document.mode == self.mode)

    def _moves_replacing(self):
        """:return: the invoices in the place of this document's, those in the place of these included."""
        found = moves = self.move_id.sudo()
        while moves:
            moves = moves.search([("l10n_tn_edi_replaced_id", "in", moves.ids)])
            found += moves
        return found - self.move_id.sudo()

    def _ask_about_replaced(self):
        """Called for the document of a newly posted invoice: what it replaces is asked about at once."""
        self.ensure_one()
        replaced = self._documents_replaced()
        if replaced:
            self.ask_replaced = True
            if not self._hold_for_accepted(replaced):
                replaced[0]._schedule()

    def _hold_for_accepted(self, replaced):
        """Hold a document when one that it should replace was accepted after all: the sale would be declared twice.

        :param replaced: of ``_documents_replaced``.
        :return: whether it is held.
        """
        self.ensure_one()
        accepted = replaced.filtered(lambda document: document.state in ("accepted", "conflict"))[:1]
        if accepted:
            self._set_state(
                self.state,
                hold=True,
                ask_replaced=True,
                reason_code=REPLACED_ACCEPTED,
                reason_params={"number": accepted.number, "reference": accepted.reference},
            )
        return bool(accepted)

    def _past_the_replaced(self):
        """:return: those of the claimed documents that wait for no answer about what they replace."""
        for document in self.filtered("ask_replaced"):
            document._wait_for_replaced()
        return self.filtered(lambda document: not document.ask_replaced)

    def _wait_for_replaced(self):
        self.ensure_one()
        replaced = self._documents_replaced()
        if not replaced:
            self.ask_replaced = False  # the company has changed to the other platform since
            return
        if self._hold_for_accepted(replaced):
            return
        at = self._in(60 * RETRY_MINUTES)
        self._set_state(
            self.state, next_at=at, reason_code=REPLACED_PENDING, reason_params={"number": replaced[0].number}
        )
        # Without an answer a rejected document is asked about tomorrow, or never again.
        if not replaced[0].next_at or replaced[0].next_at > at:
            replaced[0]._schedule()

    def _after_answer_about_replaced(self):
        """TTN has answered about a document that is rejected, or still is: it keeps nobody waiting any more."""
        self.ensure_one()
        answered = self._moves_replacing().l10n_tn_edi_document_id.filtered(
            lambda document: document.ask_replaced and document._is_answered_by(self)
        )
        answered.ask_replaced = False
        due = answered.filtered(lambda document: document.reason_code == REPLACED_PENDING)
        for document in due:
            document._set_state(document.state)
        if due:
            due._schedule()

    def _is_answered_by(self, asked):
        """:return: whether a new answer about ``asked`` is what this document waits for, and nothing was accepted meanwhile."""
        self.ensure_one()
        replaced = self._documents_replaced()
        return replaced[:1] == asked and set(replaced.mapped("state")) == {"rejected"}

    def _tell_replacing(self):
        """TTN has accepted a document that was rejected: what was to replace it is held, and a human has to know."""
        self.ensure_one()
        for move in self._moves_replacing():
            document = move.l10n_tn_edi_document_id
            if move.state == "cancel" or (document and document.mode != self.mode):
                continue
            if document.live and document.state in BEFORE_CLAIM:
                document._hold_for_accepted(self)
            self._warn_about(move, self._words_about(document))

    def _words_about(self, replacing):
        """:param replacing: the document of an invoice that was to replace this one's.
        :return: what ``_warn_about`` wants.
        """
        told = {"number": self.number, "reference": self.reference}
        if replacing.attempt_count:
            return lambda env: (
                env._("TTN accepted what it had rejected"),
                env._(
                    "This invoice replaces %(number)s, which TTN has accepted under reference %(reference)s after all. This "
                    "one is at TTN as well, or was: undo one of the two with a credit note.",
                    **told,
                ),
            )
        return lambda env: (
            env._("TTN accepted what it had rejected"),
            env._(
                "This invoice replaces %(number)s, which TTN has accepted under reference %(reference)s after all. It "
                "is not deposited before %(number)s is undone at TTN with a credit note.",
                **told,
            ),
        )

    # --- By hand ---------------------------------------------------------------------------------------------------

    def action_send(self):
        # One at a time: whoever sends a selection has not read why one of them is held.
        if len(self) == 1 and self.env.user.has_group("account.group_account_manager"):
            self._release_from_replaced()
        return super().action_send()

    def _release_from_replaced(self):
        """A responsible has seen to what this document replaces, or takes it upon himself."""
        self._check_may_send()
        self._require("send")
        if not self.ask_replaced or set(self._documents_replaced().mapped("state")) == {"rejected"}:
            return  # TTN is only to be asked
        self.sudo().ask_replaced = False
        self._log(
            self.env._(
                "%(user)s let this invoice go to TTN although it replaces one that TTN may hold.",
                user=self.env.user.name,
            )
        )
