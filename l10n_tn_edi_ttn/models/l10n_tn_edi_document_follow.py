import base64
import hashlib
import logging
import random
import time
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.tools import SQL

from ..elfatoora import cev, decisions, facts
from ..elfatoora.answers import ConsultAnswer, FaultAnswer
from ..elfatoora.rejections import classify_fault, classify_problem
from ..signature import verify
from ..teif import reader
from ..teif.foreign import ForeignXmlError, parse_foreign_xml
from .l10n_tn_edi_document import BEFORE_CLAIM
from .l10n_tn_edi_document_prepare import ORIGINAL_PENDING
from .l10n_tn_edi_document_queue import CALL_SECONDS, LEASE_SECONDS, RETRYABLE, TO_ASK

_logger = logging.getLogger(__name__)

# TTN's own delays are not known well enough to let a company go below this where it counts.
LEAST_ABSENCE_MINUTES = {"test": 0, "production": 30}
# How long a slow visibility makes the next absences wait longer.
DELAYS_KEPT_DAYS = 90


class L10nTnEdiDocument(models.Model):
    """Following a deposit: leases, questions, verdicts."""

    _inherit = "l10n_tn_edi.document"

    # --- Leases ----------------------------------------------------------------------------------------------------

    @api.model
    def _expire_leases(self):
        """Attempts without an answer (a killed worker, a lost network) become unknown: TTN will be asked."""
        self._end_snapshot()
        now = self.env["l10n_tn_edi.exchange"]._database_now()
        stale = self.search([("state", "=", "sending"), ("lease_until", "<", now)])
        for document in stale:
            try:
                document._expire_lease(now)
                self._commit()
            except RETRYABLE:
                self._rollback()  # somebody else has just written it

    def _expire_lease(self, now):
        self.ensure_one()
        locked = self.try_lock_for_update()
        if locked.state == "sending" and locked.lease_until < now:
            decision = decisions.lease_expired(random.SystemRandom())
            locked._set_state(
                decision.state,
                reason_code=decision.code,
                reason_params=dict(decision.params),
                next_at=self._in(decision.retry_in or 0),
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
        asked.sudo().next_at = fields.Datetime.add(fields.Datetime.now(), seconds=LEASE_SECONDS)
        exchanges = Exchange._open_all("consult", now, dict.fromkeys(asked, {}))
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

    # --- Facts for the decision ------------------------------------------------------------------------------------

    def _sent(self):
        """:return: ``decisions.Sent``: what we deposited."""
        self.ensure_one()
        ids = {int(number) for number in self._saves().mapped("deposit_id") if number}
        if self.deposit_id:
            ids.add(int(self.deposit_id))
        earlier = self.move_id.sudo().l10n_tn_edi_document_ids.exchange_ids.filtered(
            lambda e: e.operation == "save" and e.sha256 != self.sha256 and e.answer_class != "not_sent"
        )
        return decisions.Sent(
            signature_value=self.signature_value,
            document_digest=self.document_digest,
            sender=self.sender,
            number=self.number,
            type_code=self.type_code,
            total=self._total_sent(),
            deposit_ids=frozenset(ids),
            earlier_signatures=frozenset(value for value in earlier.mapped("signature_value") if value),
            earlier_deposit_ids=frozenset(int(number) for number in earlier.mapped("deposit_id") if number),
        )

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
        lease_until = self.lease_until or self.submitted_at or exchange.started_at
        company = self.company_id
        # What tells an absence is looked up only where there may be one: nothing is absent beside our own deposit.
        shown = bool(seen) and all(one.signature_value for one in seen)
        shown = shown and any(self._is_ours(one.signature_value) for one in seen)
        return decisions.History(
            state=self.state,
            now=_seconds(exchange.started_at),
            attempts=self._uncertain_attempts(),
            lease_until=_seconds(lease_until),
            absences=tuple(self.absences or ()),
            polls=self.poll_count,
            ever_seen=bool(self.first_seen_at or self.deposit_id),
            later_visible=not shown and self._later_deposit_visible(lease_until),
            window=60.0 * max(company.l10n_tn_edi_absence_minutes, LEAST_ABSENCE_MINUTES[self.mode]),
            longest_delay=0.0 if shown else self._longest_delay_of(self.mode, self.sender),
            auto_resend=company.l10n_tn_edi_auto_resend,
            resent=self.resent,
            reference=self.reference or "",
        )

    def _is_ours(self, signature_value):
        return bool(signature_value) and "".join(signature_value.split()) == self.signature_value

    def _later_deposit_visible(self, lease_until):
        """:return: whether TTN has shown a deposit of this account that was made after ``lease_until``."""
        return bool(
            self.sudo().search_count(
                [
                    ("mode", "=", self.mode),
                    ("sender", "=", self.sender),
                    ("id", "!=", self.id),
                    ("submitted_at", ">", lease_until),
                    ("first_seen_at", "!=", False),
                ],
                limit=1,
            )
        )

    @api.model
    def _longest_delay_of(self, mode, sender):
        """:return: seconds, the longest time that this account's deposits took to become visible."""
        query = SQL(
            "SELECT max(visibility_delay) FROM l10n_tn_edi_document "
            "WHERE mode = %s AND sender = %s AND first_seen_at > %s",
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
        if not deposit.deposit_id:
            return False
        return bool(
            self.sudo().search_count(
                [
                    ("id", "!=", self.id),
                    ("mode", "=", self.mode),
                    ("sender", "=", self.sender),
                    ("deposit_id", "=", str(deposit.deposit_id)),
                ],
                limit=1,
            )
        )

    # --- Verdicts --------------------------------------------------------------------------------------------------

    def _apply_verdict(self, decision, history, recording):
        """Write a decision about what TTN shows.

        :param decision: ``decisions.Decision``.
        :param history: the ``decisions.History`` it was made of.
        :param recording: the ``Recording`` of the transaction.
        """
        self.ensure_one()
        values = {
            **self._situation(decision),
            "poll_count": self.poll_count + 1,
            "next_at": self._in(decision.retry_in),
            "ask_first": facts.ASK_FIRST in decision.flags,
        }
        if decision.absent:
            values["absences"] = [*history.absences, history.now]
        elif decision.absent is False:
            values["absences"] = False
        if facts.VISIBLE in decision.flags and not self.first_seen_at:
            values["first_seen_at"] = fields.Datetime.now()
            if self.poll_count and self.submitted_at:
                # Only what a question before did not show yet: when nobody asked, TTN was not slow.
                values["visibility_delay"] = history.now - _seconds(self.submitted_at)
        if decision.deposit_id and not self.deposit_id and decision.state != "to_decide":
            values.update(
                deposit_id=str(decision.deposit_id), submitted_at=self.submitted_at or self._last_attempt_at()
            )
        if facts.RESEND in decision.flags:
            values.update(resent=True, ask_first=True)
        news = decision.state in ("accepted", "conflict") and (
            not self.reference or self._proves_more(decision)
        )
        if news:
            values.update(self._acceptance(decision, recording))
        elif decision.state == "rejected":
            values.update(
                # A refusal at once leaves nothing to show at TTN: its words stay.
                rejections=self._rejections(decision) or self.rejections,
                decided_at=self.decided_at or fields.Datetime.now(),
            )
        if not self._set_state_unless_taken(decision, values, recording) or not news:
            return
        self._keep_ttn_document(decision, recording)
        if self.live:
            recording.accepted += self
        else:
            self._after_late_acceptance()

    def _proves_more(self, decision):
        """:return: whether TTN's document, or its proof, comes only now for an acceptance that is known already."""
        if decision.state != "accepted" or not decision.seen:
            return False
        return (not self.ttn_xml_id and bool(decision.seen.reference)) or (
            self.unproved and facts.UNPROVED not in decision.flags
        )

    def _acceptance(self, decision, recording):
        """:return: values of an accepted document: TTN's reference and its date."""
        self.ensure_one()
        given = recording.references.get(self._shown_content(decision))
        return {
            "reference": decision.reference,
            "unproved": facts.UNPROVED in decision.flags,
            "decided_at": self.decided_at or fields.Datetime.now(),
            **({"reference_date": self._utc(given.dates[0].value if given.dates else None)} if given else {}),
        }

    @api.model
    def _shown_content(self, decision):
        """:return: bytes of the document with TTN's reference that a decision was made of; empty when there is none."""
        return decision.seen.deposit.content if decision.seen and decision.seen.reference else b""

    def _keep_ttn_document(self, decision, recording):
        """Keep TTN's file byte for byte, and the picture of its QR code."""
        self.ensure_one()
        content = self._shown_content(decision)
        if not content or content == self.ttn_xml_id.raw:
            return
        name = f"{self.number.replace('/', '_')}_TTN.xml"
        given = recording.references.get(content)
        image = cev.image(given.cev) if given else b""
        if self.ttn_xml_id and image:
            self.sudo().cev = base64.b64encode(image)  # another file came before: it gives up its place
        elif image:
            recording.files.add(self, "cev", image, mimetype="image/png")
        recording.files.add(
            self, "ttn_xml_id", content, name=name, mimetype="application/xml", owner=self.move_id
        )

    @api.model
    def _utc(self, moment):
        """:param moment: what stands in TTN's I-37 date: a moment in Tunis, or something unreadable.
        :return: naive UTC datetime, or False.
        """
        if not isinstance(moment, datetime):
            return False
        return moment.replace(tzinfo=ZoneInfo("Africa/Tunis")).astimezone(UTC).replace(tzinfo=None)

    def _after_late_acceptance(self):
        """TTN has accepted a document that the invoice had left behind after a rejection: a human has to know."""
        self.ensure_one()
        current = self.move_id.sudo().l10n_tn_edi_document_id
        if current.live and current.state in BEFORE_CLAIM:
            current._set_state(
                current.state,
                hold=True,
                reason_code="ask.earlier_accepted",
                reason_params={"reference": self.reference},
            )
        self.move_id.sudo().activity_schedule(
            "mail.mail_activity_data_warning",
            summary=self.env._("TTN accepted what it had rejected"),
            note=self.env._(
                "TTN has accepted the earlier document %(number)s under reference %(reference)s. Do not deposit the invoice "
                "again; if it was changed since, correct it with a credit note.",
                number=self.number,
                reference=self.reference,
            ),
            user_id=self.move_id.invoice_user_id.id or self.move_id.create_uid.id,
        )

    def _after_acceptance(self):
        """What waited for TTN may go on: the print is made anew, credit notes go out, the kept e-mail leaves."""
        if not self:
            return
        moves = self.move_id.sudo()
        printed = moves.filtered("invoice_pdf_report_id")
        # Without reference and QR code it is not the final form; it stays among the files, the next print is new.
        printed.invoice_pdf_report_id.res_field = False
        printed.invalidate_recordset(["invoice_pdf_report_id", "invoice_pdf_report_file"])
        waiting = self.sudo().search(
            [
                ("state", "=", "to_send"),
                ("live", "=", True),
                ("reason_code", "=", ORIGINAL_PENDING),
                ("move_id", "any", moves._l10n_tn_edi_citing_domain()),
            ]
        )
        if waiting:
            waiting._schedule()
        moves._action_invoice_ready_to_be_sent()
        if any(document.held_mail for document in self):
            self._wake_lane("send_held_mail")


def _seconds(moment):
    """:return: seconds since the epoch of a naive UTC datetime."""
    return moment.replace(tzinfo=UTC).timestamp()
