from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..elfatoora import breaker as breakers
from ..elfatoora.breaker import Breaker, Limits

# A deposit that was taken says for so long that login and certificate are in order, and that TTN takes deposits.
TOOK_LATELY_MINUTES = 1
# So many deposits in a row that were taken lately say that TTN takes as many as come …
SURE_AFTER = 16
# … and until then so many times as many as were taken are on their way at once.
FURTHER_FOR_EACH = 4
# Classes of an attempt of which TTN's answer tells what became of it; every other uses the document up.
SETTLED = ("submitted", "refused")
# Who waits longer than that was put off together with the account; the others try again by themselves.
PAUSE_MINUTES = 5
# Tried too often: nothing is tried again before a person, or the account that works again, lets it go on.
GIVEN_UP = "send.given_up"
# Reasons that the settings of the company, its provider or its certificate mend.
SETTINGS_REASONS = (
    *("latch.", "account.", "provider.", "pkcs12.", "certificate.", "key.", "remote.", "agent."),
    *("ttn.", "network.", "send.not_sent", GIVEN_UP),
)
# As many as a backup of yesterday may have forgotten on a busy day
FINDINGS_KEPT = 2000
# Of those that are new, so many are told in words; the account's screen has them all.
FINDINGS_NAMED = 10
ACTIVITY_STOPPED = "l10n_tn_edi_ttn.activity_type_stopped"
ACTIVITY_FOUND = "l10n_tn_edi_ttn.activity_type_found"
MODES = [("test", "Test"), ("production", "Production")]


class L10nTnEdiAccount(models.Model):
    """What is known of one company's account at TTN as a whole: was it compared with ours, is its queue stopped, and why.

    The row is written only when something happens to the account (a sweep, a breaker that opens, a probe), never for a
    single document: workers would wait for each other.
    """

    _name = "l10n_tn_edi.account"
    _description = "Account at TTN"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _rec_name = "company_id"

    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    mode = fields.Selection(MODES, required=True, readonly=True)
    responsible_id = fields.Many2one(
        "res.users",
        domain=lambda self: self._responsible_domain(),
        help="Who is told when the queue stops or something strange is found: an accounting administrator.",
    )

    # --- Breaker ---------------------------------------------------------------------------------------------------
    breaker = fields.Json(readonly=True)
    stopped = fields.Boolean(readonly=True, string="Queue Stopped")
    stop_reason = fields.Char(readonly=True, help="One of breaker.REASONS.")
    stop_code = fields.Char(readonly=True, help="What is told to those who wait.")
    stop_params = fields.Json(readonly=True)
    stop_sentence = fields.Text(compute="_compute_stop_sentence", string="Why")
    stopped_at = fields.Datetime(readonly=True)
    waiting_count = fields.Integer(compute="_compute_waiting_count", string="Documents Waiting")

    # --- Sweep -----------------------------------------------------------------------------------------------------
    swept_at = fields.Datetime(readonly=True, string="Compared With TTN On")
    swept_in = fields.Char(
        readonly=True, help="The running database that was compared: a restored or copied one is another."
    )
    sweep_progress = fields.Json(
        readonly=True,
        help="Of the last comparison: when it began, and where and in which running database it goes on if it broke off.",
    )
    sweep_problem = fields.Char(readonly=True, help="Why the last comparison did not come to an end.")
    sweep_problem_params = fields.Json(readonly=True)
    hold_all = fields.Boolean(readonly=True, help="TTN shows a deposit that cannot be tied to any number.")
    quarantine = fields.Json(readonly=True, help="Numbers that nobody may use before a human has looked.")
    findings = fields.Json(readonly=True)
    findings_text = fields.Text(compute="_compute_findings_text", string="Found at TTN")
    cleared = fields.Json(readonly=True, help="Deposits that a human has looked at.")

    _one = models.Constraint("UNIQUE(company_id, mode)", "A company has one account in each mode.")

    def write(self, vals):
        # What happened to the account is written by buttons and scheduled actions, which leave a trace.
        fixed = [name for name in vals if self._fields[name].readonly]
        if fixed and not self.env.su:
            raise AccessError(
                self.env._(
                    "“%(field)s” of an account at TTN is not changed by hand.",
                    field=self._fields[fixed[0]]._description_string(self.env),
                )
            )
        return super().write(vals)

    @api.depends("stopped", "stop_code", "stop_params")
    @api.depends_context("lang")
    def _compute_stop_sentence(self):
        messages = self.env["l10n_tn_edi.messages"]
        for account in self:
            account.stop_sentence = account.stopped and messages._sentence(
                account.stop_code, account.stop_params
            )

    def _compute_waiting_count(self):
        for account in self:
            account.waiting_count = self.env["l10n_tn_edi.document"].search_count(
                account._has(("state", "=", "signed"))
            )

    @api.depends("findings")
    @api.depends_context("lang")
    def _compute_findings_text(self):
        messages = self.env["l10n_tn_edi.messages"]
        for account in self:
            account.findings_text = "\n".join(
                messages._sentence(finding["code"], finding["params"]) for finding in account.findings or []
            )

    @api.model
    def _of(self, company, mode):
        """:return: the account of a company in a mode; made when it is asked for the first time.

        :raise psycopg2.errors.SerializationFailure: when another worker has just made it, which this transaction cannot see.
        """
        account = self.sudo().search([("company_id", "=", company.id), ("mode", "=", mode)])
        if account:
            return account
        try:
            with self.env.cr.savepoint():
                return (
                    self.sudo()
                    .with_context(mail_create_nolog=True)
                    .create({"company_id": company.id, "mode": mode})
                )
        except psycopg2.errors.UniqueViolation as error:
            raise psycopg2.errors.SerializationFailure("The account was made at the same moment") from error

    def _has(self, *terms):
        """:param terms: further terms of a domain.
        :return: domain of the account's own rows: its documents as well as its exchanges.
        """
        self.ensure_one()
        return [("company_id", "=", self.company_id.id), ("mode", "=", self.mode), *terms]

    def _settle(self, values):
        """Write what several workers may find out at once, before anything is told.

        The one who comes second fails here, at the account's row, and tries again with what the first has written. Telling
        first, both would make the same followers and activities, and fail where nothing is tried again.
        """
        self.write(values)
        self.flush_recordset()

    def _responsible(self):
        """:return: who is told: the person chosen, while it is one, else another accounting administrator of the company."""
        self.ensure_one()
        managers = (
            self.env.ref("account.group_account_manager")
            .sudo()
            .all_user_ids.filtered(
                lambda user: user.active and not user.share and self.company_id in user.company_ids
            )
        )
        return (self.responsible_id & managers) or managers[:1] or self.env.ref("base.user_admin")

    @api.model
    def _responsible_domain(self):
        """:return: str, domain of the users who may be chosen: they can open the account and mend what they are told."""
        managers = self.env.ref("account.group_account_manager").ids
        return (
            f"[('share', '=', False), ('company_ids', 'in', company_id), ('all_group_ids', 'in', {managers})]"
        )

    def _alert(self, code, params, kind="mail.mail_activity_data_warning"):
        """An activity for the responsible, once as long as it is open.

        :param str kind: external id of its ``mail.activity.type``: what settles one kind leaves the others.
        """
        self.ensure_one()
        responsible = self._responsible()
        messages = self.env["l10n_tn_edi.messages"].with_context(lang=responsible.lang or self.env.lang)
        summary = messages._sentence(code, params)
        if summary not in self.activity_ids.mapped("summary"):
            self.activity_schedule(kind, summary=summary, user_id=responsible.id)

    def _note_findings(self, items, **values):
        """Keep what somebody must know of TTN's deposits, and tell what is new of it once.

        :param items: list of dicts ``{code, params, deposit}``, see ``_items_of``.
        :param values: what else becomes of the account at the same time.
        """
        self.ensure_one()
        known = {self._name_of_finding(item) for item in self.findings or []}
        new = {self._name_of_finding(item): item for item in items}
        fresh = [item for name, item in new.items() if name not in known]
        if fresh:
            values["findings"] = [*(self.findings or []), *fresh][-FINDINGS_KEPT:]
        if values:
            self._settle(values)
        if not fresh:
            return
        params = {"company": self.company_id.name, "count": len(fresh)}
        self._alert("sweep.found", params, ACTIVITY_FOUND)
        messages = self.env["l10n_tn_edi.messages"]
        text = " ".join(messages._sentence(item["code"], item["params"]) for item in fresh[:FINDINGS_NAMED])
        self._message_log_batch(bodies={self.id: text})

    @api.model
    def _items_of(self, findings):
        """:param findings: ``facts.Finding``.
        :return: list of dicts as in ``findings``.
        """
        return [
            {"code": one.code, "params": dict(one.params), "deposit": one.seen.deposit.deposit_id}
            for one in findings
        ]

    @api.model
    def _name_of_finding(self, item):
        params = item["params"]
        return item["code"], item["deposit"] or params.get("number") or params.get("minute")

    # --- Breaker ---------------------------------------------------------------------------------------------------

    def _limits(self):
        """:return: ``breaker.Limits`` of the company."""
        company = self.company_id
        return Limits(
            last=company.l10n_tn_edi_breaker_last,
            least=min(company.l10n_tn_edi_breaker_least, company.l10n_tn_edi_breaker_last),
            percent=company.l10n_tn_edi_breaker_percent,
        )

    def _now(self):
        """:return: seconds since the epoch by the database's clock."""
        [[now]] = self.env.execute_query(self.env["l10n_tn_edi.exchange"]._clock_query())
        return float(now)

    def _allowance(self):
        """:return: how many documents may be deposited now: None as many as there are, 1 a probe, 0 none."""
        if not self.stopped:
            return None
        return breakers.allowance(Breaker.from_dict(self.breaker or {}), self._now(), self._limits())

    def _start_probe(self, documents):
        """Choose the document that goes as a probe, and note it; committed together with the claim.

        :param documents: the claimed documents of the account, oldest first.
        :return: the one that goes.
        """
        state = Breaker.from_dict(self.breaker)
        key = breakers.choose_probe(state, documents.sorted("id").ids)
        self.breaker = breakers.start_probe(state, key, self._now(), self._limits()).as_dict()
        return documents.browse(key)

    def _probe_now(self):
        """Let the next probe go at once, unless somebody stopped the queue by hand."""
        if self.stopped and self.stop_reason != breakers.BY_HAND:
            self.breaker = {**self.breaker, "next_probe": self._now(), "probe": None, "probe_until": 0.0}

    def _room(self):
        """How many deposits may be on their way at once: what strikes one would strike all of them.

        :return: int, 0 for a moment after an answer that told nothing, 1 when TTN's last answer to a deposit does not show that
            the account is in order; None for any number.
        """
        calls = self._last_calls(("operation", "=", "save"), ("finished_at", "!=", False), limit=SURE_AFTER)
        now = self.env["l10n_tn_edi.exchange"]._database_now()
        silent = calls[: self._silences(calls)]
        rest = breakers.rest_after(len(silent), self._limits())
        # One in the future is of a clock that was set back
        if any(call.finished_at <= now < call.finished_at + timedelta(seconds=rest) for call in silent):
            return 0
        since = fields.Datetime.subtract(now, minutes=TOOK_LATELY_MINUTES)
        taken = 0
        for call in calls:
            if call.finished_at <= since or call.reason_code not in ("send.submitted", "send.refused"):
                break
            taken += 1
        return None if taken == SURE_AFTER else max(1, FURTHER_FOR_EACH * taken)

    @api.model
    def _silences(self, calls):
        """:param calls: an account's last exchanges, newest first.
        :return: how many of them in a row, from the newest on, had no answer that tells what became of the deposit.
        """
        return next((place for place, call in enumerate(calls) if call.answer_class in SETTLED), len(calls))

    @api.model
    def _resting(self):
        """:return: the accounts that deposit nothing for a moment, see ``_room``. Nothing is written for that."""
        query = SQL(
            """SELECT account.id
                 FROM l10n_tn_edi_account account
                CROSS JOIN LATERAL (
                    SELECT answer_class, finished_at
                      FROM l10n_tn_edi_exchange
                     WHERE company_id = account.company_id AND mode = account.mode
                       AND operation = 'save' AND finished_at IS NOT NULL
                     ORDER BY id DESC
                     LIMIT 1
                ) call
                WHERE account.stopped IS NOT TRUE
                  AND COALESCE(call.answer_class, '') NOT IN %s
                  AND call.finished_at > %s""",
            SETTLED,
            fields.Datetime.subtract(
                self.env["l10n_tn_edi.exchange"]._database_now(), seconds=Limits.rest_at_most
            ),
        )
        accounts = self.sudo().browse(id_ for (id_,) in self.env.execute_query(query))
        return accounts.filtered(lambda account: account._room() == 0)

    def _next_probe(self):
        """:return: naive UTC datetime at which waiting documents look again: all of them are written each time, and woken when
        the queue runs again.
        """
        state = Breaker.from_dict(self.breaker or {})
        wait = 3600.0
        if state.reason != breakers.BY_HAND:
            wait = min(max(state.next_probe - self._now(), 300.0 if state.probe else 60.0), wait)
        return self.env["l10n_tn_edi.document"]._in(wait)

    def _record_outcome(self, outcome, document, cause=None):
        """Take one outcome into account; opens or closes the breaker.

        :param str outcome: one of ``breaker.OUTCOMES``.
        :param cause: the ``rejections.Cause`` that TTN gave, None when there is none to tell.
        """
        self.ensure_one()
        if not self.stopped and outcome in (breakers.DEPOSITED, breakers.ACCEPTED):
            return
        now, limits = self._now(), self._limits()
        state = Breaker.from_dict(self.breaker or {}) if self.stopped else self._recent(document, limits)
        state, event = breakers.record(state, outcome, document.id, now, limits)
        if event == breakers.OPENED:
            self._stop(state, cause)
        elif event == breakers.CLOSED:
            self._go_on()
        elif self.stopped:
            self.breaker = state.as_dict()

    def _last_calls(self, *terms, limit):
        """:return: the account's last exchanges of a kind, newest first."""
        return self.env["l10n_tn_edi.exchange"].sudo().search(self._has(*terms), order="id desc", limit=limit)

    def _recent(self, document, limits):
        """:return: ``Breaker`` of a queue that runs, from the last verdicts and calls before ``document``'s."""
        resumed = [("decided_at", ">", self.stopped_at)] if self.stopped_at else []
        decided = (
            self.env["l10n_tn_edi.document"]
            .sudo()
            .search(
                self._has(("id", "!=", document.id), ("decided_at", "!=", False), *resumed),
                order="decided_at desc, id desc",
                limit=limits.last,
            )
        )
        calls = self._last_calls(
            ("operation", "=", "save"),
            ("finished_at", "!=", False),
            ("id", "not in", document.exchange_ids[:1].ids),  # the one that is being recorded
            limit=limits.silences,
        )
        verdicts = tuple(one.state in ("accepted", "conflict") for one in reversed(decided))
        return Breaker(verdicts=verdicts, silent=self._silences(calls))

    def _stop(self, state, cause=None):
        """Nothing is deposited any more but a probe now and then; everything else stays signed.

        :param state: the ``Breaker`` that opened.
        :param cause: as in ``_record_outcome``.
        """
        code, params = f"breaker.{state.reason}", {"company": self.company_id.name}
        if cause:
            code, params = cause.code, {**params, **cause.params, "text": cause.text}
        self._settle(
            {
                "stop_code": code,
                "stop_params": params,
                "breaker": state.as_dict(),
                "stopped": True,
                "stop_reason": state.reason,
                "stopped_at": fields.Datetime.now(),
            }
        )
        self._alert(code, params, ACTIVITY_STOPPED)
        self._message_log_batch(bodies={self.id: self.stop_sentence})

    def _go_on(self):
        """The queue runs again: what waited goes on in its order."""
        for account in self.filtered("stopped"):
            code = account.stop_code
            account._settle(
                {
                    "breaker": False,
                    "stopped": False,
                    "stop_reason": False,
                    "stopped_at": fields.Datetime.now(),
                }
            )
            account.activity_unlink([ACTIVITY_STOPPED])
            account._message_log_batch(
                bodies={account.id: self.env["l10n_tn_edi.messages"]._sentence("breaker.closed", {})}
            )
            account._wake_paused(
                lambda document, code=code: (
                    # They keep the reason that was told first; the queue may have stopped for another one since.
                    document.reason_code == code
                    or document.reason_code.startswith(("breaker.", *SETTINGS_REASONS))
                )
            )

    def _wake_paused(self, is_over, *terms):
        """What a signed document waited for is over: it goes on at once.

        :param is_over: callable that takes a document with a reason; gives whether it need not wait any more.
        :param terms: further terms of a domain, of those that may be meant.
        """
        self.ensure_one()
        paused = self._has(
            *(("state", "=", "signed"), ("live", "=", True), ("hold", "=", False)),
            *(("reason_code", "!=", False), *terms),
        )
        documents = self.env["l10n_tn_edi.document"].sudo()
        # Whole backlogs may wait, of which nothing else is read.
        names = ("reason_code", "next_at", "state", "ask_first")
        waiting = documents.search_fetch(paused, names).filtered(is_over)
        if waiting:
            waiting._schedule()

    def _after_deposit(self):
        """A deposit was taken: what waited for better settings, or for TTN, need not wait any more."""
        later = self.env["l10n_tn_edi.document"]._in(60 * PAUSE_MINUTES)
        # After each few answers, while thousands may be due: only those are looked for that are put off.
        for term in (("next_at", ">", later), ("reason_code", "=", GIVEN_UP)):
            self._wake_paused(lambda document: document.reason_code.startswith(SETTINGS_REASONS), term)

    # --- Buttons ---------------------------------------------------------------------------------------------------

    def _check_responsible(self):
        """:raise UserError: for anybody but an accounting administrator."""
        self.check_access("read")
        if not self.env.user.has_group("account.group_account_manager"):
            raise UserError(self.env._("Only an accounting administrator may decide this."))

    def action_stop(self):
        """Stop the queue by hand: nothing is deposited until somebody starts it again."""
        self._check_responsible()
        for account in self.sudo():
            account._stop(breakers.stop(Breaker.from_dict(account.breaker or {}), account._now()))

    def action_resume(self):
        """Start the queue again at once."""
        self._check_responsible()
        self.sudo()._go_on()

    def action_clear(self):
        """Somebody looked at what was found: the numbers may be used again, and these deposits are not told again.

        What waited for that goes on: TTN is asked about it, and what it does not hold is deposited.
        """
        self._check_responsible()
        for account in self.sudo():
            deposits = {finding["deposit"] for finding in account.findings or [] if finding["deposit"]}
            account.write(
                {
                    "cleared": sorted({*(account.cleared or []), *deposits}),
                    "quarantine": False,
                    "hold_all": False,
                    "findings": False,
                }
            )
            account._release_quarantined()
            account._wake_paused(lambda document: document.reason_code == "sweep.unidentified")
            account.activity_unlink([ACTIVITY_FOUND])
            account._message_log_batch(
                bodies={
                    account.id: self.env._(
                        "%(user)s looked at what was found at TTN.", user=self.env.user.name
                    )
                }
            )

    def _release_quarantined(self):
        """The documents that were held back for their numbers are asked about, and go on."""
        held = self._has(
            *(("live", "=", True), ("state", "=", "signed"), ("reason_code", "=", "sweep.quarantined")),
            # A person may have held it back while TTN was asked
            *("|", ("hold", "=", False), ("ask_first", "=", False)),
        )
        documents = self.env["l10n_tn_edi.document"].sudo().search(held)
        if documents:
            documents._set_state("signed", hold=False, ask_first=True)
            documents._schedule()

    def action_sweep(self):
        """Compare the account's recent deposits with ours soon."""
        self._check_responsible()
        self.env["l10n_tn_edi.document"]._wake_lane("sweep")
