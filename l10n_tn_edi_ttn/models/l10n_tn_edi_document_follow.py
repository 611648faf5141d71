import hashlib
import logging
import random
import time
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from ..elfatoora import cev, decisions
from ..elfatoora.answers import ConsultAnswer, FaultAnswer
from ..elfatoora.consulted import compact, sort_deposits
from ..elfatoora.rejections import classify_fault, classify_problem
from ..signature import verify
from ..teif import reader
from ..teif.foreign import ForeignXmlError, parse_foreign_xml
from .l10n_tn_edi_document import BEFORE_CLAIM
from .l10n_tn_edi_document_queue import CALL_SECONDS, LEASE_SECONDS, RETRYABLE, TO_ASK
from .l10n_tn_edi_exchange import seconds_of

_logger = logging.getLogger(__name__)

# A clock that runs apart by less than this, or an answer that is written down so much later, is no jump.
CLOCKS_APART_SECONDS = 30
# TTN's own delays are not known well enough to let a company go below this where it counts.
LEAST_ABSENCE_MINUTES = {"test": 0, "production": 30}
# How long a slow visibility makes the next absences wait longer.
DELAYS_KEPT_DAYS = 90


class L10nTnEdiDocument(models.Model):
    """Following a deposit: leases, questions, and the facts that a verdict is decided from."""

    _inherit = "l10n_tn_edi.document"

    # --- Leases ----------------------------------------------------------------------------------------------------

    @api.model
    def _expire_leases(self):
        """Attempts without an answer (a killed worker, a lost network) become unknown: TTN will be asked."""
        self._end_snapshot()
        now = self.env["l10n_tn_edi.exchange"]._database_now()
        longest = fields.Datetime.add(now, seconds=LEASE_SECONDS + CLOCKS_APART_SECONDS)
        stale = self.search(
            [
                ("state", "in", ("sending", "unknown")),
                "|",
                ("lease_until", ">", longest),
                *("&", ("state", "=", "sending"), ("lease_until", "<", now)),
            ]
        )
        for document in stale:
            try:
                document._expire_lease(now, longest)
                self._commit()
            except RETRYABLE:
                self._rollback()  # somebody else has just written it

    def _expire_lease(self, now, longest):
        self.ensure_one()
        locked = self.try_lock_for_update()
        if locked.lease_until and locked.lease_until > longest:
            # The database's clock was set back since: nobody waits for the time that it was ahead.
            lease_until = fields.Datetime.add(now, seconds=LEASE_SECONDS)
            locked.sudo().write({"lease_until": lease_until, "next_at": lease_until})
        elif locked.state == "sending" and locked.lease_until < now:
            decision = decisions.lease_expired(random.SystemRandom())
            locked._set_state(
                decision.state,
                reason_code=decision.code,
                reason_params=dict(decision.params),
                next_at=self._in(decision.retry_in or 0, now),
            )

    # --- Questions -------------------------------------------------------------------------------------------------

    @api.model
    def _claim_questions_due(self, limit):
        """Claim documents to ask about.

        :return: (number of documents claimed or put off, dict of (document id, exchange id) to a job for a thread).
        """
        deadline = time.monotonic() + LEASE_SECONDS - CALL_SECONDS
        documents, questions = self._claim_due(TO_ASK, limit, self._claim_questions)
        return len(documents), {
            key: (lambda client=client, number=number: client.consult_efact(number=number, deadline=deadline))
            for key, (client, number) in (questions or {}).items()
        }

    @api.model
    def _claim_questions(self, documents):
        """:return: dict of (document id, exchange id) to (client, number): all that the threads need."""
        clients = self._clients(documents)
        Exchange = self.env["l10n_tn_edi.exchange"]
        now = Exchange._database_now()
        asked = documents.browse()
        for document in documents:
            client = clients[document.company_id, document.mode]
            if isinstance(client, str):
                document._put_off(client)
            else:
                asked += document
        # Nobody else asks meanwhile.
        asked.sudo().next_at = fields.Datetime.add(now, seconds=LEASE_SECONDS)
        exchanges = Exchange._open_all(
            "consult", now, {document: document._version_values() for document in asked}
        )
        # A question before a deposit is only the first part of what somebody asked for.
        asked.sudo().filtered(
            lambda document: document.requested_by and document.state != "signed"
        ).requested_by = False
        # By number and not by deposit: only so a second deposit of the document is seen.
        return {
            (document.id, exchange.id): (clients[document.company_id, document.mode], document.number)
            for document, exchange in zip(asked, exchanges, strict=True)
        }

    def _record_verdict(self, exchange, call, recording):
        """Write what TTN said about a document.

        :param call: the finished ``elfatoora.client.Call``, or the exception of a call that broke.
        :param recording: the ``Recording`` of the transaction.
        """
        self.ensure_one()
        if isinstance(call, BaseException):
            _logger.error("A question to TTN broke", exc_info=call)
            self.sudo().next_at = self._in(decisions.next_poll_delay(self.poll_count, random.SystemRandom()))
            return
        answer = call.answer
        complete = isinstance(answer, ConsultAnswer)
        exchange._complete(call, recording, answer_class="answered" if complete else "unknown")
        if self.state == "sending":
            return  # the matter is in other hands meanwhile
        if not self._is_asked_now(exchange, recording):
            if complete:
                self._record_untimely(exchange, answer.deposits, recording)
            return
        cause, taught = None, self.env["l10n_tn_edi.rejection.cause"]._rules()
        if isinstance(answer, FaultAnswer):
            cause = classify_fault(answer, extra=taught)
        elif call.problem:
            cause = classify_problem(call.problem)
        seen = [self._read_deposit(deposit, recording) for deposit in answer.deposits] if complete else None
        history = self._history(exchange, seen)
        decision = decisions.after_consult(
            self._sent(), seen, history, cause=cause, extra=taught, rng=random.SystemRandom()
        )
        self._apply_verdict(decision, history, recording)
        self._note_told(decision, recording)

    # --- Answers that come too late --------------------------------------------------------------------------------

    def _is_asked_now(self, exchange, recording):
        """:return: whether the answer to a question may decide about the document as it stands: it was neither taken back nor
        signed anew since.
        """
        self.ensure_one()
        if self.state not in decisions.STATES or exchange.sha256 != self.sha256:
            return False
        # What was not at TTN a while ago may be there by now, so a deposit needs a fresh answer.
        fresh_until = fields.Datetime.add(exchange.started_at, seconds=LEASE_SECONDS)
        return self.state != decisions.SIGNED or recording.now <= fresh_until

    def _record_untimely(self, exchange, deposits, recording):
        """The document was taken back or changed while TTN was asked: what TTN did not show means nothing any more, what it
        showed is looked after.

        :param exchange: the question.
        :param deposits: TTN's complete answer, ``elfatoora.answers.Deposit`` each.
        :param recording: the ``Recording`` of the transaction.
        """
        self.ensure_one()
        seen = [self._read_deposit(deposit, recording) for deposit in deposits]
        taught = self.env["l10n_tn_edi.rejection.cause"]._rules()
        shown = sort_deposits(self._sent(exchange), seen, taught).of_concern
        if shown:
            self._ask_anew(
                [one.deposit.deposit_id for one in shown], {one.any_reference for one in shown} - {""}
            )

    def _ask_anew(self, deposits, references=()):
        """TTN holds something of an invoice that was taken back or changed: it is asked again before anything is deposited,
        and where that may take its time somebody is told.

        :param deposits: TTN's deposit numbers.
        :param references: the references that TTN gave.
        """
        self.ensure_one()
        current = self.sudo() | self.move_id.sudo().l10n_tn_edi_document_id
        # One that was withdrawn hands it on to the next document of the invoice.
        current.filtered(lambda document: document.state in (*BEFORE_CLAIM, "withdrawn")).ask_first = True
        following = current.filtered(lambda document: document.state in decisions.STATES)
        if following:
            following._schedule()
        if self not in following:
            self._tell_of_what_ttn_holds(deposits, references)

    def _tell_of_what_ttn_holds(self, deposits, references):
        shown = ", ".join(str(one) for one in (*deposits, *sorted(references)) if one)
        self._warn_about(
            self.move_id,
            lambda env: (
                env._("TTN holds something of this invoice"),
                env._(
                    "%(number)s was taken back or changed while TTN was at work. TTN holds under this number: %(deposits)s. "
                    "Before the invoice is deposited, Odoo asks TTN again. What TTN has accepted must not be deposited again: "
                    "correct it with a credit note.",
                    number=self.number,
                    deposits=shown,
                ),
            ),
        )

    # --- Facts for the decision ------------------------------------------------------------------------------------

    def _sent(self, question=None):
        """:param question: the exchange of a question about bytes that the document has no more.
        :return: ``decisions.Sent``: what we deposited.
        """
        self.ensure_one()
        version = question or self
        tried = self.move_id.sudo().l10n_tn_edi_document_ids.exchange_ids.filtered(
            lambda e: e.operation == "save"
        )
        ids = {
            int(attempt.deposit_id)
            for attempt in tried
            if attempt.deposit_id and attempt.document_id == self and attempt.sha256 == version.sha256
        }
        if self.deposit_id:
            ids.add(int(self.deposit_id))
        others = tried.filtered(lambda e: e.sha256 != version.sha256 and e.answer_class != "not_sent")
        later = others.browse()
        if question or not self.live:
            # What was deposited after these bytes has taken their place, and is asked about for itself.
            made = self._made_at(version, tried)
            later = others.filtered(lambda e: made and e.id > made)
        earlier = others - later
        return decisions.Sent(
            signature_value=version.signature_value,
            document_digest=version.document_digest,
            sender=self.sender,
            number=self.number,
            type_code=self.type_code,
            total=Decimal() if question else self._total_sent(),
            deposit_ids=frozenset(ids),
            earlier_signatures=frozenset(value for value in earlier.mapped("signature_value") if value),
            earlier_deposit_ids=frozenset(int(number) for number in earlier.mapped("deposit_id") if number),
            later_signatures=frozenset(value for value in later.mapped("signature_value") if value),
            later_deposit_ids=frozenset(int(number) for number in later.mapped("deposit_id") if number),
        )

    def _made_at(self, version, tried):
        """:param version: the document, or a question about bytes that it has no more.
        :param tried: the attempts to deposit documents of the invoice.
        :return: id of the last exchange by which the bytes of ``version`` were there, 0 when there is none: the attempt; where a
            restored database has forgotten it, the first question.
        """
        ids = tried.filtered(lambda e: e.sha256 == version.sha256).ids
        if ids:
            return max(ids)
        return min(self.sudo().exchange_ids.filtered(lambda e: e.sha256 == version.sha256).ids, default=0)

    def _total_sent(self):
        """:return: Decimal of the total as it stands in the signed document, or None."""
        self.ensure_one()
        if self.total:
            return Decimal(self.total)
        return self._total_with_tax(reader.read(parse_foreign_xml(self.signed_id.raw)))

    @api.model
    def _total_with_tax(self, teif):
        """:return: Decimal of the I-180 amount, or None."""
        return next((amount.value for amount in teif.amounts if amount.code == "I-180"), None)

    def _history(self, exchange, seen):
        """:param exchange: the question that was asked.
        :param seen: what TTN shows, list of ``decisions.Seen``, or None.
        :return: ``decisions.History``: what happened to the document so far.
        """
        self.ensure_one()
        lease_until = self.lease_until or self.submitted_at
        if not lease_until:
            # A restored database has forgotten the attempt: what is waited for is counted from the first question.
            lease_until = self.sudo().exchange_ids[-1:].started_at or exchange.started_at
        company = self.company_id
        # What tells an absence is looked up only where there may be one: nothing is absent beside our own deposit.
        shown = bool(seen) and all(one.signature_value for one in seen)
        shown = shown and any(self._is_ours(one.signature_value) for one in seen)
        jumped = 0.0 if shown else self._jumped(exchange)
        later_seen = None if shown else self._later_deposit_seen(lease_until)
        return decisions.History(
            state=self.state,
            now=seconds_of(exchange.started_at) - jumped,
            clock_ahead=jumped,
            attempts=self._uncertain_attempts(),
            lease_until=seconds_of(lease_until),
            absences=tuple(self.absences or ()),
            polls=self.poll_count,
            ever_seen=bool(self.first_seen_at or self.deposit_id),
            later_seen=later_seen and later_seen - jumped,
            window=60.0 * max(company.l10n_tn_edi_absence_minutes, LEAST_ABSENCE_MINUTES[self.mode]),
            longest_delay=0.0 if shown else self._longest_delay_of(self.mode, self.sender),
            # In production only a human decides that something is deposited a second time.
            auto_resend=company.l10n_tn_edi_auto_resend and self.mode == "test",
            resent=self.resent,
            reference=self.reference or "",
            tried=self._may_have_been_deposited(),
            rulings=tuple(
                decisions.Ruling(ruling["deposit_id"], ruling["ours"], ruling["reference"])
                for ruling in self.rulings or ()
            ),
            conflict=(self.reason_params or {}) if self.state == "conflict" else {},
            left_behind=not self.live,
        )

    def _jumped(self, exchange):
        """:param exchange: an answered question.
        :return: seconds by which the database's clock has gone ahead of TTN's since before the last attempt: nobody has waited
            them. 0.0 when it has not, or TTN does not tell the time.
        """
        before = (
            self.env["l10n_tn_edi.exchange"]
            .sudo()
            .search(
                [
                    ("company_id", "=", self.company_id.id),
                    ("mode", "=", self.mode),
                    ("ttn_clock", "!=", False),
                    ("id", "<", (self._saves()[:1] or exchange).id),
                ],
                order="id desc",
                limit=1,
            )
        )
        if not (before and exchange.ttn_clock):
            return 0.0
        ours, ttn = exchange.finished_at - before.finished_at, exchange.ttn_clock - before.ttn_clock
        ahead = (ours - ttn).total_seconds()
        # A clock of TTN's that goes back tells nothing.
        return ahead if ahead > CLOCKS_APART_SECONDS and ttn.total_seconds() >= 0 else 0.0

    def _is_ours(self, signature_value):
        return bool(signature_value) and compact(signature_value) == self.signature_value

    def _later_deposit_seen(self, lease_until):
        """:return: when TTN was last asked, and showed a deposit of this account that was made after ``lease_until``:
        seconds, or None.
        """
        later = self.sudo().search(
            [
                ("mode", "=", self.mode),
                ("sender", "=", self.sender),
                ("id", "!=", self.id),
                ("last_seen_at", ">", lease_until),
                ("submitted_at", ">", lease_until),
            ],
            order="last_seen_at desc",
            limit=1,
        )
        return seconds_of(later.last_seen_at)

    @api.model
    def _longest_delay_of(self, mode, sender):
        """:return: seconds, the longest time that this account's deposits took to become visible."""
        query = SQL(
            "SELECT max(visibility_delay) FROM l10n_tn_edi_document "
            "WHERE mode = %s AND sender = %s AND first_seen_at > %s AND visibility_delay > 0",
            mode,
            sender,
            fields.Datetime.subtract(fields.Datetime.now(), days=DELAYS_KEPT_DAYS),
        )
        [[longest]] = self.env.execute_query(query)
        return float(longest or 0)

    def _read_deposit(self, deposit, recording):
        """Read and verify the document that TTN shows with a deposit.

        :param deposit: ``elfatoora.answers.Deposit``.
        :param recording: the ``Recording`` of the transaction.
        :return: ``decisions.Seen``.
        """
        self.ensure_one()
        known = {"deposit": deposit}
        if deposit.content:
            known.update(self._read_content(deposit.content, recording))
        if not self._is_ours(known.get("signature_value")):
            known["other"] = self._belongs_to_another(deposit)
        return decisions.Seen(**known)

    def _read_content(self, content, recording):
        """:param bytes content: the document that TTN shows.
        :return: dict of what of ``decisions.Seen`` can be read in it; empty when it can't be read.
        """
        if hashlib.sha256(content).hexdigest() == self.sha256:
            # Our own bytes, as they were checked when they were signed: TTN has added nothing yet.
            return {
                "signature_value": self.signature_value,
                "document_digest": self.document_digest,
                "sender": self.sender,
                "number": self.number,
                "type_code": self.type_code,
                "total": self._total_sent(),
            }
        try:
            root = parse_foreign_xml(content)
        except ForeignXmlError:
            return {}
        # TTN writes documents anew, perhaps indented.
        reports = verify.verify_tolerant(root)
        supplier = next((report for report in reports if report.id == "SigFrs"), None)
        teif = reader.read(root)
        given = recording.references[content] = teif.ttn_reference
        return {
            "signature_value": supplier.signature_value if supplier else None,
            "document_digest": supplier.document_digest if supplier else None,
            "sender": teif.sender.value,
            "number": teif.number,
            "type_code": teif.type_code,
            "total": self._total_with_tax(teif),
            "reference": given.reference if given else "",
            "ttn_signature": self._ttn_signature(reports),
            "fingerprint": cev.read_fingerprint(given.cev) if given else None,
        }

    def _belongs_to_another(self, deposit):
        """:return: whether it is known as another invoice's; that of an earlier document of this one concerns us."""
        if not deposit.deposit_id:
            return False
        return bool(
            self.sudo().search_count(
                [
                    ("move_id", "!=", self.move_id.id),
                    ("mode", "=", self.mode),
                    ("sender", "=", self.sender),
                    ("deposit_id", "=", str(deposit.deposit_id)),
                ],
                limit=1,
            )
        )
