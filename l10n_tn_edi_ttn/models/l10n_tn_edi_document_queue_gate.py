import time

import psycopg2

from odoo import api, fields, models

from ..elfatoora import breaker, decisions
from .l10n_tn_edi_account import SETTLED
from .l10n_tn_edi_document import BEFORE_CLAIM
from .l10n_tn_edi_document_deposit import ANSWER_CLASSES
from .l10n_tn_edi_document_queue import CALLS_AT_ONCE, LEASE_SECONDS, RETRYABLE, TO_DEPOSIT

# A lane compares for so long before it deposits; the scheduled action of the comparison does the rest.
SWEEP_SECONDS = 20


class L10nTnEdiDocument(models.Model):
    """What keeps a whole account from depositing: a stopped queue, deposits at TTN that nobody here knows."""

    _inherit = "l10n_tn_edi.document"

    # --- Compared first --------------------------------------------------------------------------------------------

    @api.model
    def _sweep_before_deposits(self):
        """Compare the accounts of what is due for a deposit, where no recent comparison says that all is well.

        TTN is asked, perhaps for long: no row may be locked, and no call may be on its way whose answer would wait.
        """
        until = time.monotonic() + SWEEP_SECONDS
        self._end_snapshot()
        try:
            for account in self._behind(self._to_deposit_when_compared()):
                left = until - time.monotonic()
                # What another worker compares, or there is no time for, stays due.
                if left > 0 and account._sweep_guarded(left) and account._must_sweep():
                    self.browse()._wait_for_sweep(account)
                self._end_snapshot()
        except RETRYABLE:
            self._rollback()  # another worker is at it; what is due stays due

    @api.model
    def _behind(self, step):
        """:param list step: domain of what may be deposited when it is due.
        :return: the accounts of the first due documents that are to be compared before.
        """
        due = self.search(self._due_domain(step), order="next_at, id", limit=CALLS_AT_ONCE)
        gateway, accounts = self.env["l10n_tn_edi.gateway"], self.env["l10n_tn_edi.account"]
        for company, mode in due.grouped(lambda document: (document.company_id, document.mode)):
            # The claim says of the others why they can't go.
            if company.l10n_tn_edi_mode == mode and not gateway._problem(company):
                accounts += accounts._of(company, mode)
        return accounts.filtered(lambda account: account._must_sweep())

    @api.model
    def _claim_deposits_due(self, limit):
        self._end_snapshot()
        try:
            return super()._claim_deposits_due(limit)
        except RETRYABLE:
            self._rollback()
            return 0, {}  # another worker is at it; what is due stays due

    @api.model
    def _to_deposit(self):
        step = self._to_deposit_when_compared()
        # Accounts that are to be compared first take no place from the others'
        while behind := self._behind(step):
            step = [*step, ("company_id", "not in", behind.company_id.ids)]
        return step

    def _wait_for_sweep(self, account):
        code, params = account.sweep_problem or "sweep.waiting", account.sweep_problem_params or {}
        self._wait_for_account(account, code, self._in(account._sweep_again_in()), params)

    # --- Past the gate ---------------------------------------------------------------------------------------------

    @api.model
    def _claim_deposits(self, documents):
        return super()._claim_deposits(self._past_the_gate(documents))

    @api.model
    def _past_the_gate(self, documents):
        """:return: those of the claimed documents that may go; the others are told why they wait."""
        passed = self.browse()
        for (company, mode), group in documents.grouped(
            lambda document: (document.company_id, document.mode)
        ).items():
            if self.env["l10n_tn_edi.gateway"]._problem(company) or company.l10n_tn_edi_mode != mode:
                passed += group  # the claim itself says why they can't go
                continue
            group = group._past_the_replaced()
            if not group:
                continue
            account = self.env["l10n_tn_edi.account"]._of(company, mode)
            group = group._past_the_sweep(account)
            allowed = account._allowance() if group else None
            passed += (
                group._past_the_question(account, allowed)
                ._past_the_breaker(account, allowed)
                ._few_first(account)
            )
        return documents & passed

    def _past_the_sweep(self, account):
        if account.hold_all:
            self._wait_for_account(account, "sweep.unidentified", self._in(3600))
            return self.browse()
        if account._must_sweep():
            self._wait_for_sweep(account)
            return self.browse()
        strange = self.filtered(lambda document: document.number in (account.quarantine or {}))
        for document in strange:
            document._ask_about_quarantined()
        return self - strange

    def _ask_about_quarantined(self):
        """TTN holds something under this number. When it is this very document (a restored backup forgot the deposit), asking
        finds that out, and what became of it; when it is not, a human decides. One answer may leave out what the next one shows.
        """
        self.ensure_one()
        answers = len(self._answered_questions())
        asked = self.reason_code == "ask.absent_confirmed" and answers >= decisions.ABSENCES_NEEDED
        self._set_state(
            self.state,
            hold=asked,
            ask_first=not asked,
            reason_code="sweep.quarantined",
            reason_params={"number": self.number},
        )
        if not asked and answers:
            self.sudo().next_at = self._in(decisions.next_poll_delay(answers))
        elif not asked:
            self._schedule()

    def _answered_questions(self):
        """:return: the questions about exactly the bytes that are signed now which TTN answered completely, newest first."""
        return self.sudo().exchange_ids.filtered(
            lambda e: e.operation == "consult" and e.answer_class == "answered" and e.sha256 == self.sha256
        )

    def _past_the_question(self, account, allowed):
        """:param allowed: as ``_allowance`` of the account gives it.
        :return: those of which TTN surely has nothing, or of which it said so a moment ago; the others are asked about again.

        A document may have waited for days since: in a stopped queue, held back, or for a connection.
        """
        if allowed == 0:
            return self  # they wait in any case
        earlier = dict(
            self.sudo()._read_group(
                [
                    ("move_id", "in", self.move_id.ids),
                    ("id", "not in", self.ids),
                    ("mode", "=", account.mode),
                    ("attempt_count", ">", 0),
                ],
                ["move_id"],
                ["id:recordset"],
            )
        )
        now = self._now()
        none = self.sudo().browse()
        again = self.filtered(
            lambda document: (
                (document.attempt_count or document.move_id in earlier)
                and document._must_be_asked_about(earlier.get(document.move_id, none), now)
            )
        )
        if again:
            again.sudo().ask_first = True
            again._schedule()
        return self - again

    def _must_be_asked_about(self, earlier, now):
        """:param earlier: the invoice's other documents that were tried.
        :param datetime now: the database's clock.
        :return: whether TTN may have something of this invoice, and did not say a moment ago that it has not.
        """
        self.ensure_one()
        if not (self.sudo() | earlier).exchange_ids._may_have_reached():
            return False
        asked = self._answered_questions()[:1]
        age = (now - asked.started_at).total_seconds() if asked else -1
        return not 0 <= age <= LEASE_SECONDS

    def _past_the_breaker(self, account, allowed):
        if allowed is None or not self:
            return self
        probe = account._start_probe(self) if allowed else self.browse()
        self._wait_for_account(
            account, account.stop_code, account._next_probe(), account.stop_params, but=probe
        )
        return probe

    def _few_first(self, account):
        """An account that took nothing lately is tried with one document, then with a few: see ``_room`` of the account.

        :return: those that may go; the others stay due and go on once the answers are there.
        """
        room = account._room()
        if room is None or account.stopped:
            return self  # of a stopped account, the probe that was chosen
        return self[: max(0, room - self.sudo().search_count(account._has(*self._on_their_way())))]

    @api.model
    def _on_their_way(self):
        """:return: domain of the documents that are being deposited now."""
        return [
            ("state", "=", "sending"),
            ("lease_until", ">", self.env["l10n_tn_edi.exchange"]._database_now()),
        ]

    @api.model
    def _to_deposit_when_compared(self):
        # Accounts that rest, or wait for the answers to their first documents, take no place from the others'
        sending = self.sudo()._read_group(self._on_their_way(), ["company_id", "mode"], ["__count"])
        Account = self.env["l10n_tn_edi.account"]
        waiting = Account._resting().company_id.ids
        for company, mode, count in sending:
            room = Account._of(company, mode)._room()
            if room is not None and count >= room:
                waiting.append(company.id)
        return [*TO_DEPOSIT, ("company_id", "not in", waiting)]

    def _wait_for_account(self, account, code, at, params=None, but=()):
        """What keeps these from going keeps all of the account: none of them is looked at before ``at``.

        :param account: the ``l10n_tn_edi.account``.
        :param but: documents that go all the same.
        """
        due = self.sudo().search_fetch(account._has(*self._due_domain(TO_DEPOSIT)), ("reason_code",))
        waiting = (self.sudo() | due) - self.browse(document.id for document in but).sudo()
        told = waiting.filtered(lambda document: document.reason_code != code)
        waiting.write(
            {
                "reason_code": code,
                "reason_params": {"company": account.company_id.name, **(params or {})},
                "next_at": at,
            }
        )
        told._announce()

    # --- Found by a comparison -------------------------------------------------------------------------------------

    def _is_asked_about(self, signature_value):
        """:param str signature_value: of a version of the document that TTN may hold.
        :return: whether TTN is asked about that version before anything else is deposited.
        """
        self.ensure_one()
        if self.state in BEFORE_CLAIM:
            return self.live and self.state == "signed" and signature_value == self.signature_value
        return self.state != "withdrawn"

    def _found_at_ttn(self, signature_value, deposit_id):
        """TTN shows a deposit of a version of this document that is not recorded here (a restored backup has forgotten it).

        :param str signature_value: of that version, "" when its document can't be read.
        :param deposit_id: TTN's number, None when it shows none.
        """
        self.ensure_one()
        if not self.live or self.state not in (*BEFORE_CLAIM, "unknown"):
            return  # a claim is in other hands; all others are asked about as they are
        if self.state in ("signed", "unknown") and signature_value == self.signature_value:
            self._take_over(deposit_id)
        elif self.state in BEFORE_CLAIM:
            self.ask_first = True

    def _take_over(self, deposit_id):
        """TTN holds the signed bytes: whatever its next answer leaves out, they are not deposited again."""
        values = {"hold": False, "first_seen_at": self.first_seen_at or fields.Datetime.now()}
        state = "unknown"
        if deposit_id is not None:
            state = "submitted"
            values.update(
                deposit_id=self.deposit_id or str(deposit_id),
                submitted_at=self.submitted_at or self._last_attempt_at(),
            )
        try:
            with self.env.cr.savepoint():
                self._set_state(state, **values)
                self.flush_recordset()
        except psycopg2.errors.UniqueViolation:
            # Another document has the number, or the deposit: the question tells.
            self.invalidate_recordset()
            self.ask_first = True
            self._schedule()
        else:
            self._tell()

    # --- By hand ---------------------------------------------------------------------------------------------------

    def action_send(self):
        self._probe_now()
        return super().action_send()

    def action_correct(self):
        self._probe_now()
        return super().action_correct()

    def _probe_now(self):
        """Who sends by hand has mended something: a stopped queue tries a document at once instead of after its pause."""
        self._check_may_send()
        for company, mode in {(document.company_id, document.mode) for document in self}:
            self.env["l10n_tn_edi.account"]._of(company, mode)._probe_now()

    # --- Outcomes --------------------------------------------------------------------------------------------------

    @api.model
    def _record_together(self, answers):
        documents = self.browse([document_id for (document_id, _exchange), _call in answers])
        before = {document: document.state for document in documents}
        result = super()._record_together(answers)
        exchanges = (
            self.env["l10n_tn_edi.exchange"].sudo().browse([exchange for (_id, exchange), _call in answers])
        )
        accounts, working = {}, set()
        for document, exchange in zip(documents, exchanges, strict=True):
            outcome = document._outcome(exchange, before[document])
            if outcome:
                key = (document.company_id, document.mode)
                if key not in accounts:
                    accounts[key] = self.env["l10n_tn_edi.account"]._of(*key)
                accounts[key]._record_outcome(outcome, document)
                if outcome == breaker.DEPOSITED:
                    working.add(key)
        for key in working:
            if not accounts[key].stopped:
                accounts[key]._after_deposit()
        return result

    def _outcome(self, exchange, before):
        """:return: what an answer tells about the account as a whole (``breaker.OUTCOMES``), or None."""
        self.ensure_one()
        if exchange.operation == "save" and exchange.finished_at:
            if exchange.answer_class not in SETTLED:
                return breaker.DOWN
            if exchange.answer_class == "submitted":
                return breaker.DEPOSITED
        if self.state == before:
            return None
        return {"accepted": breaker.ACCEPTED, "rejected": breaker.REJECTED}.get(self.state)

    def _pause_account(self, decision):
        result = super()._pause_account(decision)
        if ANSWER_CLASSES.get(decision.code) == "refused":
            account = self.env["l10n_tn_edi.account"]._of(self.company_id, self.mode)
            account._record_outcome(breaker.ACCOUNT, self, decision.causes[0])
        return result

    @api.model
    def _go_on_after_settings(self, companies):
        accounts = self.env["l10n_tn_edi.account"].sudo().search([("company_id", "child_of", companies.ids)])
        accounts.filtered(
            lambda account: account.stop_reason in (breaker.BY_ACCOUNT, breaker.BY_SILENCE)
        )._go_on()
        return super()._go_on_after_settings(companies)
