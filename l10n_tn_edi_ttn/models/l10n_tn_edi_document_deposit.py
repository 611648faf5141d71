import logging
import random
import time

import psycopg2

from odoo import api, fields, models

from ..elfatoora import decisions, facts
from .l10n_tn_edi_document_queue import CALL_SECONDS, CALLS_AT_ONCE, LEASE_SECONDS, TO_DEPOSIT

_logger = logging.getLogger(__name__)

# A company that cannot call (no account, another database…) is looked at again after this time.
REFUSED_RETRY_MINUTES = 60
# Reasons that the settings of the company, its provider or its certificate mend.
SETTINGS_REASONS = ("latch.", "account.", "provider.", "pkcs12.", "certificate.", "key.", "ttn.", "network.", "send.not_sent")


class L10nTnEdiDocument(models.Model):
    """The deposit: claim, commit, call, write the answer."""

    _inherit = "l10n_tn_edi.document"

    @api.model
    def _deposit_batch(self):
        """:return: the number of documents claimed or put off."""
        # Counted from before the claim: a worker that stood still since then calls nobody.
        deadline = time.monotonic() + LEASE_SECONDS - CALL_SECONDS
        # When the commit of the claims is not confirmed, nothing is called.
        documents, claims = self._claim_due(TO_DEPOSIT, CALLS_AT_ONCE, self._claim_deposits)
        if not claims:
            return len(documents)
        jobs = {
            key: (lambda signed=signed, client=client: client.save_efact(signed, deadline=deadline))
            for key, (signed, client) in claims.items()
        }
        for (document_id, exchange_id), call in self._call_together(jobs):
            self._write_result(
                lambda document_id=document_id, exchange_id=exchange_id, call=call: self.browse(
                    document_id
                )._record_deposit(self.env["l10n_tn_edi.exchange"].sudo().browse(exchange_id), call)
            )
        return len(documents)

    @api.model
    def _claim_deposits(self, documents):
        """:return: dict of (document id, exchange id) to (signed bytes, client): all that the threads need."""
        clients = self._clients(documents)
        claims = {}
        for document in documents:
            exchange = document._guarded(lambda document=document: document._claim(clients))
            if exchange:
                client = clients[document.company_id, document.mode]
                claims[document.id, exchange.id] = (document.signed_id.raw, client)
        if claims:
            # Should this worker die, somebody looks after the attempts when their lease is over.
            over = max(self.browse(document_id).lease_until for document_id, _exchange in claims)
            self.env.ref("l10n_tn_edi_ttn.ir_cron_follow")._trigger(fields.Datetime.add(over, minutes=1))
        return claims

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

    def _claim(self, clients):
        """Write down, in one transaction, that a deposit is about to be tried.

        :param dict clients: as ``_clients`` gives them.
        :return: the exchange of the attempt, or None when the document may not go now.
        """
        self.ensure_one()
        client = clients[self.company_id, self.mode]
        if isinstance(client, str):
            self._put_off(client)
            return None
        if self.move_id.state != "posted":
            self._set_state("to_send", **self._unsigned_values())
            return None
        if self._number_taken():
            self._fail("document.number_taken", {"number": self.number})
            return None
        exchange = self.env["l10n_tn_edi.exchange"]._open(
            self,
            "save",
            attempt=self.attempt_count + 1,
            sha256=self.sha256,
            signature_value=self.signature_value,
            document_digest=self.document_digest,
        )
        exchange.lease_until = fields.Datetime.add(exchange.started_at, seconds=LEASE_SECONDS)
        self._set_state(
            "sending",
            attempt_count=self.attempt_count + 1,
            lease_until=exchange.lease_until,
            poll_count=0,
            absences=False,
            next_at=exchange.lease_until,
        )
        # The unique index on sender, type and number speaks here, inside this document's savepoint.
        self.flush_recordset()
        return exchange

    def _put_off(self, code):
        """The company cannot call now: say why, and look again later."""
        self._set_state(
            self.state,
            reason_code=code,
            reason_params={"company": self.company_id.name},
            next_at=fields.Datetime.add(fields.Datetime.now(), minutes=REFUSED_RETRY_MINUTES),
        )

    def _number_taken(self):
        """:return: whether another document with this number is at TTN already for this sender."""
        return bool(
            self.sudo().search_count(
                [
                    ("id", "!=", self.id),
                    ("mode", "=", self.mode),
                    ("sender", "=", self.sender),
                    ("type_code", "=", self.type_code),
                    ("number", "=", self.number),
                    ("state", "in", ("sending", "submitted", "unknown", "to_decide", "accepted", "conflict")),
                ],
                limit=1,
            )
        )

    # --- Answer ----------------------------------------------------------------------------------------------------

    def _record_deposit(self, exchange, call):
        """Write what came of an attempt, to its own exchange in any case.

        :param call: the finished ``elfatoora.client.Call``, or the exception of a call that broke.
        """
        self.ensure_one()
        if isinstance(call, BaseException):
            _logger.error("A deposit call broke", exc_info=call)
            return  # no answer: the lease runs out and the document becomes unknown
        decision = decisions.after_save(
            call, self._uncertain_attempts(), failures=self._failures_in_a_row(exchange), rng=random.SystemRandom()
        )
        late = self.state != "sending" or self.attempt_count != exchange.attempt
        exchange._complete(
            call,
            answer_class={"signed": "not_sent", "submitted": "submitted", "rejected": "refused"}.get(decision.state, "unknown"),
            deposit_id=str(decision.deposit_id) if decision.deposit_id else False,
            reason_code=decision.code,
        )
        if late:
            # Another worker has moved on (the lease was over); only a deposit number still tells something new.
            if decision.deposit_id and self.state == "unknown" and not self.deposit_id:
                self._apply_deposit(decision)
            return
        self._apply_deposit(decision)
        if facts.ACCOUNT in decision.flags and decision.state != "submitted":
            self._pause_account(decision)

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
                "next_at": fields.Datetime.add(fields.Datetime.now(), minutes=REFUSED_RETRY_MINUTES),
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
                ("state", "in", ("to_send", "to_sign", "signed", "error")),
                ("reason_code", "!=", False),
            ]
        )
        for document in stopped.filtered(lambda document: document.reason_code.startswith(SETTINGS_REASONS)):
            if document.state == "error":
                document._set_state("to_send", **document._unsigned_values())
            document._schedule()

    def _saves(self):
        """:return: the attempts to deposit exactly the bytes that are signed now, newest first."""
        return self.sudo().exchange_ids.filtered(lambda e: e.operation == "save" and e.sha256 == self.sha256)

    def _uncertain_attempts(self):
        """:return: number of deposits of these bytes that may have reached TTN, one without an answer yet included."""
        return len(self._saves().filtered(lambda e: e.answer_class not in ("not_sent", "refused")))

    def _failures_in_a_row(self, exchange):
        """:return: number of attempts before ``exchange`` that were surely not sent, back to the last that may have been."""
        failures = 0
        for attempt in self._saves() - exchange:
            if attempt.answer_class != "not_sent":
                break
            failures += 1
        return failures

    def _apply_deposit(self, decision):
        values = {**self._situation(decision), "next_at": self._in(decision.retry_in)}
        if "ask_first" in decision.flags:
            values["ask_first"] = True
        if decision.state == "submitted":
            values.update(deposit_id=str(decision.deposit_id), submitted_at=fields.Datetime.now())
        elif decision.state == "rejected":
            values.update(decided_at=fields.Datetime.now(), rejections=self._rejections(decision))
        try:
            with self.env.cr.savepoint():
                self._set_state(decision.state, **values)
                self.flush_recordset()
        except psycopg2.errors.UniqueViolation:
            # TTN gave this number to another document of ours: the exchange keeps it, a human looks.
            self.invalidate_recordset()
            self._set_state("unknown", reason_code="deposit.id_taken", reason_params={"deposit": decision.deposit_id}, next_at=self._in(60))
            return
        self._tell(decision.state)

    @api.model
    def _situation(self, decision):
        """:return: values that say why: the first known cause when there is one, else the decision's own reason."""
        if decision.causes:
            cause = decision.causes[0]
            return {"reason_code": cause.code, "reason_params": {**decision.params, **cause.params, "text": cause.text}}
        return {"reason_code": decision.code, "reason_params": dict(decision.params)}

    @api.model
    def _in(self, seconds):
        """:return: naive UTC datetime ``seconds`` from now, or False for None."""
        return False if seconds is None else fields.Datetime.add(fields.Datetime.now(), seconds=seconds)

    @api.model
    def _rejections(self, decision):
        """:return: TTN's words and what they mean, as JSON: the text as it came, TTN's code, our cause and its details."""
        return [
            {"code": cause.code, "ttn_code": cause.ttn_code, "text": cause.text, "kind": cause.kind, "params": cause.params}
            for cause in decision.causes
        ]

    def _tell(self, state):
        """One line in the chatter for what people want to know, nothing for the rest."""
        for document in self:
            # The scheduled action speaks English; the people who read this have a language of their own.
            readers = document.move_id.invoice_user_id.lang or document.company_id.partner_id.lang
            document = document.with_context(lang=readers or document.env.lang)
            if state == "submitted":
                document._log(document.env._("Deposited at TTN under number %(deposit)s.", deposit=document.deposit_id))
            elif state == "accepted":
                document._log(document.env._("Accepted by TTN under reference %(reference)s.", reference=document.reference))
            elif state == "rejected":
                texts = "; ".join(r["text"] for r in document.rejections or [] if r["text"])
                document._log(document.env._("Rejected by TTN: %(texts)s", texts=texts or document.reason or ""))
            elif state in ("to_decide", "conflict"):
                document._log(document.reason or "")
