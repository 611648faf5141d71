import hashlib
import logging
import random
import time

import psycopg2

from odoo import api, fields, models

from ..elfatoora import decisions, facts
from ..elfatoora.timing import WATCH
from .l10n_tn_edi_account import SETTINGS_REASONS
from .l10n_tn_edi_document import AT_TTN, BEFORE_CLAIM
from .l10n_tn_edi_document_queue import CALL_SECONDS, LEASE_SECONDS, TO_DEPOSIT

_logger = logging.getLogger(__name__)

# A company that cannot call (no account, another database…) is looked at again after this time.
REFUSED_RETRY_MINUTES = 60
# A platform that the company has left is looked at again, should it come back …
WATCH_RETRY_MINUTES = 24 * 60
# … for what TTN may still change its mind about.
MAY_CHANGE_AT_TTN = ("rejected", "to_decide", "accepted", "conflict")
# What an attempt is worth, by the decision that its answer led to; every other is in doubt.
ANSWER_CLASSES = {
    "send.not_sent": "not_sent",
    "send.given_up": "not_sent",
    "send.submitted": "submitted",
    "send.refused": "refused",
    "send.refused_account": "refused",
}


class L10nTnEdiDocument(models.Model):
    """The deposit: claim, commit, call, write the answer."""

    _inherit = "l10n_tn_edi.document"

    @api.model
    def _claim_deposits_due(self, limit):
        """Claim documents to deposit; everything that the calls need is read before.

        :return: (number of documents claimed or put off, dict of (document id, exchange id) to a job for a thread).
        """
        # Counted from before the claim: a worker that stood still since then calls nobody.
        deadline = time.monotonic() + LEASE_SECONDS - CALL_SECONDS
        # When the commit of the claims is not confirmed, nothing is called.
        documents, claims = self._claim_due(self._to_deposit(), limit, self._claim_deposits)
        now = self._now()
        # Those that wait for an answer to another one were not touched.
        waiting = documents.filtered(
            lambda d: d.state == "signed" and not d.ask_first and d.next_at and d.next_at <= now
        )
        return len(documents - waiting), {
            key: (lambda signed=signed, client=client: client.save_efact(signed, deadline=deadline))
            for key, (signed, client) in (claims or {}).items()
        }

    @api.model
    def _to_deposit(self):
        """:return: domain of what may be deposited when it is due."""
        return TO_DEPOSIT

    @api.model
    def _claim_deposits(self, documents):
        """:return: dict of (document id, exchange id) to (signed bytes, client): all that the threads need."""
        # A claim that PostgreSQL forgets in a crash would be a deposit without a trace.
        self.env.cr.execute("SET LOCAL synchronous_commit TO on")
        clients = self._clients(documents)
        taken = documents._numbers_taken()
        now = self.env["l10n_tn_edi.exchange"]._database_now()
        attempts = documents._without_doubles()._each(lambda document: document._claim(clients, taken, now))
        attempts = {document: values for document, values in attempts.items() if values}
        exchanges = self.env["l10n_tn_edi.exchange"]._open_all("save", now, attempts)
        claims = {
            (document.id, exchange.id): (document.signed_id.raw, clients[document.company_id, document.mode])
            for document, exchange in zip(attempts, exchanges, strict=True)
        }
        if claims:
            # Should this worker die, somebody looks after the attempts when their lease is over.
            self._wake_after(fields.Datetime.add(now, seconds=LEASE_SECONDS + 60))
        return claims

    @api.model
    def _wake_after(self, at):
        """Have somebody look after what may be left behind; one look a minute is enough.

        :param datetime at: naive UTC.
        """
        lane = self._lanes("follow")[:1]
        waiting = (
            self.env["ir.cron.trigger"]
            .sudo()
            .search_count(
                [
                    ("cron_id", "=", lane.id),
                    ("call_at", ">=", at),
                    ("call_at", "<=", fields.Datetime.add(at, minutes=1)),
                ],
                limit=1,
            )
        )
        if lane and not waiting:
            lane._trigger(fields.Datetime.add(at, minutes=1))

    @api.model
    def _clients(self, documents):
        """:return: dict of (company, mode) to a client, or to the code of why there is none."""
        gateway = self.env["l10n_tn_edi.gateway"]
        clients = {}
        for document in documents:
            key = (document.company_id, document.mode)
            if key not in clients:
                problem = gateway._problem(document.company_id)
                if not problem and document.mode != document.company_id.l10n_tn_edi_mode:
                    # Neither is a real invoice sent as a test, nor the other platform asked with these credentials.
                    problem = "latch.mode_changed"
                clients[key] = problem or gateway._client(*key)
        return clients

    # --- Claim -----------------------------------------------------------------------------------------------------

    def _claim(self, clients, taken, now):
        """Write down that a deposit is about to be tried; its exchange belongs to the same transaction.

        :param dict clients: as ``_clients`` gives them.
        :param set taken: as ``_numbers_taken`` gives it.
        :param datetime now: the database's clock.
        :return: values of the attempt's exchange, or None when the document may not go now.
        """
        self.ensure_one()
        client = clients[self.company_id, self.mode]
        if isinstance(client, str):
            self._put_off(client)
            return None
        if (
            self.move_id.state != "posted"
            or hashlib.sha256(self.signed_id.raw or b"").hexdigest() != self.sha256
            or self._certificate_was_replaced()
        ):
            self._set_state("to_send", **self._unsigned_values())
            return None
        if self._number_key() in taken:
            self._fail("document.number_taken", {"number": self.number})
            return None
        lease_until = fields.Datetime.add(now, seconds=LEASE_SECONDS)
        self._set_state(
            "sending",
            attempt_count=self.attempt_count + 1,
            lease_until=lease_until,
            poll_count=0,
            absences=False,
            next_at=lease_until,
        )
        return {
            "lease_until": lease_until,
            "attempt": self.attempt_count,
            "sent_id": self.signed_id.id,
            **self._version_values(),
        }

    def _certificate_was_replaced(self):
        """:return: bool, whether TTN refused these bytes, or the account they wait for, and another certificate signs now.

        They would be refused again. Where somebody has to sign, they wait: the certificate may be declared yet.
        """
        refused = any(attempt.answer_class == "refused" for attempt in self._saves())
        if not refused and not (self.reason_code or "").startswith("ttn."):
            return False
        provider = self.company_id._l10n_tn_edi_signing_provider()
        return (
            bool(provider)
            and provider.code not in provider._interactive_codes()
            and provider.certificate_id != self.certificate_id
        )

    def _number_key(self):
        """:return: what TTN knows the document by, and of which one only may be there."""
        return (self.mode, self.sender, self.type_code, self.number)

    def _without_doubles(self):
        """:return: of several documents with one number the first; between workers the unique index speaks."""
        first = {}
        for document in self:
            first.setdefault(document._number_key(), document)
        return self.browse(document.id for document in first.values())

    def _put_off(self, code):
        """The company cannot call now: say why, and look again later. What is settled but watched keeps its own reason."""
        if self.state in MAY_CHANGE_AT_TTN:
            again = WATCH_RETRY_MINUTES if code == "latch.mode_changed" else REFUSED_RETRY_MINUTES
            since = self.lease_until or self.submitted_at
            over = since and since < self._in(-WATCH)
            self.sudo().next_at = False if over else self._in(60 * again)
            return
        self._set_state(
            self.state,
            reason_code=code,
            reason_params={"company": self.company_id.name},
            # Back in its own mode the company's settings let it go on (``_go_on_after_settings``); nobody looks before.
            next_at=False if code == "latch.mode_changed" else self._in(60 * REFUSED_RETRY_MINUTES),
        )

    def _numbers_taken(self):
        """:return: set of (mode, sender, type, number) that are at TTN already by another document than these."""
        return {
            other._number_key()
            for other in self.sudo().search(
                [
                    ("id", "not in", self.ids),
                    ("number", "in", self.mapped("number")),
                    ("state", "in", AT_TTN),
                ]
            )
        }

    # --- Answer ----------------------------------------------------------------------------------------------------

    def _record_deposit(self, exchange, call, recording):
        """Write what came of an attempt, to its own exchange in any case.

        :param call: the finished ``elfatoora.client.Call``, or the exception of a call that broke.
        :param recording: the ``Recording`` of the transaction.
        """
        self.ensure_one()
        if isinstance(call, BaseException):
            _logger.error("A deposit call broke", exc_info=call)
            return  # no answer: the lease runs out and the document becomes unknown
        decision = decisions.after_save(
            call,
            self._uncertain_attempts(),
            failures=self._failures_in_a_row(exchange),
            extra=self.env["l10n_tn_edi.rejection.cause"]._rules(),
            rng=random.SystemRandom(),
        )
        late = self.state != "sending" or self.attempt_count != exchange.attempt
        exchange._complete(
            call,
            recording,
            answer_class=ANSWER_CLASSES.get(decision.code, "unknown"),
            deposit_id=str(decision.deposit_id) if decision.deposit_id else False,
            reason_code=decision.code,
        )
        if late:
            # Another worker has moved on (the lease was over); only a deposit number still tells something new.
            if decision.deposit_id:
                self._record_late_deposit(exchange, decision, recording)
            return
        self._apply_deposit(decision, exchange.started_at, recording)
        # Where the answer was lost the account rests for a moment, or stops: see ``_room`` of it
        if facts.ACCOUNT in decision.flags and decision.state not in ("submitted", "unknown"):
            self._pause_account(decision)

    def _record_late_deposit(self, exchange, decision, recording):
        """TTN took a document whose attempt was given up meanwhile.

        :param exchange: the attempt.
        :param decision: ``decisions.Decision`` with a deposit number.
        :param recording: as in ``_record_deposit``.
        """
        self.ensure_one()
        again = self.state == "signed" and self.sha256 == exchange.sha256
        if (self.state == "unknown" or again) and not self.deposit_id:
            self._apply_deposit(decision, exchange.started_at, recording)
        elif self.state in (*BEFORE_CLAIM, "withdrawn") and self.deposit_id != str(decision.deposit_id):
            self._ask_anew([decision.deposit_id])

    def _pause_account(self, decision):
        """What refused this document would refuse every other of the account: they wait for better settings, not for a refusal.

        A change of the settings lets them go on at once (``_go_on_after_settings``).
        """
        self.sudo().search(
            [
                *self._due_domain(TO_DEPOSIT),
                ("company_id", "=", self.company_id.id),
                ("mode", "=", self.mode),
            ]
        ).write(
            {
                "reason_code": decision.causes[0].code,
                "reason_params": {**decision.causes[0].params, "text": decision.causes[0].text},
                "next_at": self._in(60 * REFUSED_RETRY_MINUTES),
            }
        )

    @api.model
    def _go_on_after_settings(self, companies):
        """The settings of companies changed: what was stopped by them is tried again at once."""
        stopped = self.sudo().search(
            [
                ("company_id", "child_of", companies.ids),
                ("live", "=", True),
                ("hold", "=", False),
                ("state", "not in", ("sending", "withdrawn", "accepted", "conflict")),
                ("reason_code", "!=", False),
            ]
        )
        stopped = stopped.filtered(lambda document: document.reason_code.startswith(SETTINGS_REASONS))
        for document in stopped:
            if document.state == "error":
                document._set_state("to_send", **document._unsigned_values())
        if stopped:
            stopped._schedule()

    def _saves(self):
        """:return: the attempts to deposit exactly the bytes that are signed now, newest first."""
        return self.sudo().exchange_ids.filtered(lambda e: e.operation == "save" and e.sha256 == self.sha256)

    def _uncertain_attempts(self):
        """:return: number of deposits of these bytes that may have reached TTN, one without an answer yet included."""
        return max(1, len(self._saves()._may_have_reached()))

    def _last_attempt_at(self):
        """:return: when the last deposit was tried, which is when a deposit that is found now was made; now if never."""
        return self._saves()[:1].started_at or self._now()

    def _failures_in_a_row(self, exchange):
        """:return: number of attempts before ``exchange`` that were surely not sent, back to the last that may have been."""
        failures = 0
        for attempt in self._saves() - exchange:
            if attempt.answer_class != "not_sent":
                break
            failures += 1
        return failures

    def _apply_deposit(self, decision, tried_at, recording):
        """Write what an attempt came to.

        :param datetime tried_at: when it began, by the database's clock: a deposit is compared with other attempts' leases,
            which no worker's own clock may confuse.
        :param recording: as in ``_record_deposit``.
        """
        values = {**self._situation(decision), "next_at": self._in(decision.retry_in, recording.now)}
        if "ask_first" in decision.flags:
            values["ask_first"] = True
        if decision.state != "signed":
            values["requested_by"] = False  # what somebody asked for is done
        if decision.state == "submitted":
            values.update(deposit_id=str(decision.deposit_id), submitted_at=tried_at)
        elif decision.state == "rejected":
            values.update(decided_at=fields.Datetime.now(), rejections=self._rejections(decision))
        self._set_state_unless_taken(decision, values, recording)

    def _set_state_unless_taken(self, decision, values, recording):
        """Write a decision, unless what TTN gave (deposit number, reference) is another document's already.

        :return: whether it was written. If not, the exchange keeps what TTN said and a human looks.
        :raise psycopg2.errors.UniqueViolation: when it is taken and the document is not alone (or later, at the flush).
        """
        if not recording.alone:
            self._set_state(decision.state, **values)
            return True
        try:
            with self.env.cr.savepoint():
                self._set_state(decision.state, **values)
                self.flush_recordset()
        except psycopg2.errors.UniqueViolation as error:
            self.invalidate_recordset()
            self._set_state(**self._taken(error.diag.constraint_name or "", decision))
            return False
        return True

    def _taken(self, constraint, decision):
        """:return: values, ``state`` among them, of a document whose answer of TTN belongs to another document as well."""
        self.ensure_one()
        if "live_number" in constraint:
            return {
                "state": self.state,  # every other state claims the number too
                "reason_code": "document.number_taken",
                "reason_params": {"number": self.number},
                "next_at": False,
            }
        values = {"reason_code": "deposit.id_taken", "reason_params": {"deposit": decision.deposit_id}}
        if self.state == "sending":
            return {**values, "state": "unknown", "next_at": self._in(60)}
        return {**values, "state": "to_decide", "next_at": False}

    @api.model
    def _situation(self, decision):
        """:return: values that say why: the first known cause when there is one, else the decision's own reason."""
        if decision.causes:
            cause = decision.causes[0]
            return {
                "reason_code": cause.code,
                "reason_params": {**decision.params, **cause.params, "text": cause.text},
            }
        return {"reason_code": decision.code, "reason_params": dict(decision.params)}

    @api.model
    def _in(self, seconds, now=None):
        """:param datetime now: the database's clock, where it has been read already.
        :return: naive UTC datetime ``seconds`` from now, or False for None.
        """
        return False if seconds is None else fields.Datetime.add(now or self._now(), seconds=seconds)

    @api.model
    def _rejections(self, decision):
        """:return: TTN's words and what they mean, as JSON: the text as it came, TTN's code, our cause and its details."""
        return [
            {
                "code": cause.code,
                "ttn_code": cause.ttn_code,
                "text": cause.text,
                "kind": cause.kind,
                "params": cause.params,
            }
            for cause in decision.causes
        ]

    def _tell(self):
        """One line in the chatter for what people want to know of the new states, nothing for the rest."""
        lines = {}
        for document in self:
            # The scheduled action speaks English; the people who read this have a language of their own.
            readers = document.move_id.invoice_user_id.lang or document.company_id.partner_id.lang
            line = document.with_context(lang=readers or document.env.lang)._line()
            if line:
                lines[document.move_id.id] = line
        if lines:
            self.move_id.browse(lines)._message_log_batch(bodies=lines)

    def _line(self):
        """:return: what the chatter says about the document's state, or None."""
        self.ensure_one()
        if self.state == "submitted":
            return self.env._("Deposited at TTN under number %(deposit)s.", deposit=self.deposit_id)
        if self.state == "accepted":
            return self.env._("Accepted by TTN under reference %(reference)s.", reference=self.reference)
        if self.state == "rejected":
            texts = "; ".join(r["text"] for r in self.rejections or [] if r["text"])
            return self.env._("Rejected by TTN: %(texts)s", texts=texts or self.reason or "")
        if self.state in ("to_decide", "conflict", "error"):
            return self.reason or ""
        return None
