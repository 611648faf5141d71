import logging
import math
import time
from datetime import UTC, datetime

from odoo import api, fields, models
from odoo.tools import SQL

from ..elfatoora import decisions, sweep
from ..elfatoora.answers import ConsultAnswer, FaultAnswer
from ..elfatoora.rejections import classify_fault, classify_problem
from ..signature import verify
from ..teif import reader
from ..teif.foreign import ForeignXmlError, parse_foreign_xml
from .l10n_tn_edi_document_queue import CALL_SECONDS
from .l10n_tn_edi_exchange import moment_of, seconds_of

_logger = logging.getLogger(__name__)

# As many as a backup of yesterday may have forgotten on a busy day
FINDINGS_KEPT = 2000
# One sweep asks for at most so many periods; the next one goes on from there.
CALLS_A_SWEEP = 120
# How often a period is asked for whose answer is lost on the way.
LOST_ANSWERS_TAKEN = 2


class L10nTnEdiAccount(models.Model):
    """The account's recent deposits compared with ours: finds what a restored backup, a copy or a portal deposited."""

    _inherit = "l10n_tn_edi.account"

    @api.model
    def _cron_sweep(self):
        """Compare every account that can call; then the queue may go on."""
        documents = self.env["l10n_tn_edi.document"]
        for company in self.env["res.company"].sudo().search([("l10n_tn_edi_enabled", "=", True)]):
            if self.env["l10n_tn_edi.gateway"]._problem(company):
                continue
            try:
                self._of(company, company.l10n_tn_edi_mode)._sweep()
                documents._commit()
            except Exception:
                # One company never stops the others.
                _logger.exception("The account of company %s could not be compared", company.id)
                documents._give_up()

    @api.model
    def _sweep_before_deposits(self, documents):
        """Sweep the accounts of documents that are about to be deposited, where no recent sweep says that all is well.

        Called outside of any claim: it talks to TTN.
        """
        gateway = self.env["l10n_tn_edi.gateway"]
        for company, mode in {(document.company_id, document.mode) for document in documents}:
            if company.l10n_tn_edi_mode == mode and not gateway._problem(company):
                account = self._of(company, mode)
                if account._must_sweep():
                    account._sweep()

    def _must_sweep(self):
        """:return: whether nothing may be deposited before a sweep."""
        self.ensure_one()
        last = self._last_calls(
            ("answer_class", "in", ("submitted", "refused", "answered")),
            ("operation", "!=", "sweep"),
            limit=1,
        )
        # A complete comparison was a call too.
        last_call = max(last.finished_at or self.swept_at, self.swept_at) if self.swept_at else False
        return sweep.must_sweep(
            self._now(),
            seconds_of(self.swept_at),
            seconds_of(last_call),
            restored=self.swept_in != self._running_database(),
        )

    @api.model
    def _running_database(self):
        """:return: text that another copy of this database has otherwise, be it younger than an hour: one that was loaded
        from a dump has another oid, and a copy of the files needs another start of PostgreSQL.
        """
        [[running]] = self.env.execute_query(
            SQL(
                "SELECT concat(oid, ':', extract(epoch FROM pg_postmaster_start_time()))"
                " FROM pg_database WHERE datname = current_database()"
            )
        )
        return running

    def _sweep(self):
        """Ask TTN for the deposits since the last sweep, compare, and write what came of it.

        :return: whether the sweep was complete; otherwise the next one goes on where this one broke off.
        """
        self.ensure_one()
        documents = self.env["l10n_tn_edi.document"]
        now = self._now()
        longest = documents._longest_delay_of(self.mode, self.company_id.l10n_tn_edi_matricule)
        running, progress = self._running_database(), self.sweep_progress or {}
        # Another database, or this one restored, goes on from nothing.
        goes_on = progress.get("goes_on") if progress.get("running") == running else None
        began = now if goes_on is None else progress["began"]
        last = seconds_of(self.swept_at)
        periods = sweep.periods(
            now,
            last and min(last, progress.get("began", last)),
            longest_delay=longest,
            broken_off_at=goes_on,
            first_length=progress.get("length", sweep.LONGEST_PERIOD),
        )
        client = self.env["l10n_tn_edi.gateway"]._client(self.company_id, self.mode)
        restored = self.swept_in and self.swept_in != running
        # No transaction stays open while TTN is asked.
        documents._commit()
        seen, left, cause = self._ask_all(client, periods, restored)
        progress = {
            "began": began,
            "goes_on": left and left[0],
            "length": left and left[1] - left[0],
            "running": running,
        }
        documents._write_result(lambda: self._apply_sweep(seen, now, progress, cause))
        return not left

    def _ask_all(self, client, periods, restored):
        """Ask for periods one after the other; an answer that may be cut is compared with those for both halves.

        :return: (list of ``Seen``, first period without a whole answer or None, ``Cause`` or None).
        """
        seen, calls = [], 0
        waiting = [(period, None) for period in periods]
        while waiting:
            period, answer = waiting[0]
            parts = sweep.halves(period)
            if answer is not None and not (parts and sweep.may_be_cut(answer)):
                waiting.pop(0)
                seen += answer
                continue
            if calls >= CALLS_A_SWEEP:
                return seen, period, None
            found = []
            for asked in [period] if answer is None else parts:
                one, cause, count = self._ask_period_well(client, asked, restored)
                calls += count
                if cause and answer is None and parts and cause.params.get("limit"):
                    break  # too large for one answer
                if cause:
                    return seen, period, cause
                found.append(one)
            if answer is None:
                waiting[:1] = [(period, found[0])] if found else [(part, None) for part in parts]
            elif sweep.is_whole(answer, found):
                waiting.pop(0)
                seen += answer
            else:
                waiting[:1] = zip(parts, found, strict=True)
        return seen, None, None

    def _ask_period_well(self, client, period, restored):
        """Ask for a period again when the answer was lost, or when nothing is there and that is not believed at once.

        :return: as ``_ask_period``, and how often was asked.
        """
        empty = lost = 0
        while True:
            answer, cause = self._ask_period(client, period)
            empty += answer == []
            lost += bool(cause)
            if cause:
                asked_enough = cause.kind != "technical" or lost >= LOST_ANSWERS_TAKEN
            else:
                asked_enough = answer or empty >= (sweep.EMPTY_ANSWERS_NEEDED if restored else 1)
            if asked_enough:
                return answer, cause, empty + lost + bool(answer)

    def _ask_period(self, client, period):
        """:return: (list of ``Seen`` of the deposits that TTN processed in the period, None), or (None, cause) without answer."""
        since, until = (datetime.fromtimestamp(math.ceil(moment), UTC) for moment in period)
        call = client.consult_efact(since=since, until=until, deadline=time.monotonic() + CALL_SECONDS)
        self.env["l10n_tn_edi.exchange"]._keep_sweep(self, call)
        if isinstance(call.answer, ConsultAnswer):
            return [self._read(deposit) for deposit in call.answer.deposits], None
        if isinstance(call.answer, FaultAnswer):
            return None, classify_fault(call.answer)
        return None, classify_problem(call.problem)

    @api.model
    def _read(self, deposit):
        """:return: ``decisions.Seen`` with what is compared."""
        try:
            root = parse_foreign_xml(deposit.content) if deposit.content else None
        except ForeignXmlError:
            root = None
        if root is None:
            return decisions.Seen(deposit)
        supplier = next((report for report in verify.verify_tolerant(root) if report.id == "SigFrs"), None)
        teif = reader.read(root)
        return decisions.Seen(
            deposit,
            signature_value=supplier.signature_value if supplier else None,
            document_digest=supplier.document_digest if supplier else None,
            sender=teif.sender.value,
            number=teif.number,
            reference=teif.ttn_reference.reference if teif.ttn_reference else "",
        )

    def _known(self, seen):
        """:return: list of ``sweep.Known``: every version of ours that has to do with what TTN shows."""
        signatures = {"".join(one.signature_value.split()) for one in seen if one.signature_value}
        ids = {str(one.deposit.deposit_id) for one in seen if one.deposit.deposit_id is not None}
        numbers = {(one.number or one.deposit.number or "").strip() for one in seen} - {""}
        exchanges = (
            self.env["l10n_tn_edi.exchange"]
            .sudo()
            .search(
                self._has(
                    ("operation", "=", "save"),
                    "|",
                    "|",
                    ("signature_value", "in", list(signatures)),
                    ("deposit_id", "in", list(ids)),
                    ("document_id.number", "in", list(numbers)),
                )
            )
        )
        versions = {}
        for exchange in exchanges:
            versions.setdefault((exchange.document_id, exchange.signature_value), []).append(exchange)
        return [
            sweep.Known(
                key=document.id,
                signature_value=signature,
                document_digest=tries[0].document_digest or "",
                number=document.number or "",
                deposit_ids=frozenset(
                    int(number)
                    for number in {
                        *(one.deposit_id for one in tries),
                        document.deposit_id if signature == document.signature_value else False,
                    }
                    if number
                ),
                reference=document.reference or "" if signature == document.signature_value else "",
            )
            for (document, signature), tries in versions.items()
        ]

    def _apply_sweep(self, seen, now, progress, cause):
        """Write what a sweep found.

        :param seen: list of ``Seen``.
        :param float now: when it began, or its last part, seconds.
        :param dict progress: ``sweep_progress``; where nothing goes on the sweep is complete, and before that nothing may be
            deposited.
        :param cause: ``rejections.Cause`` of what broke it off, or None.
        """
        self.ensure_one()
        report = sweep.compare(
            seen,
            self._known(seen),
            self.company_id.l10n_tn_edi_matricule,
            cleared=frozenset(self.cleared or ()),
        )
        new = [
            {"code": finding.code, "params": dict(finding.params), "deposit": finding.seen.deposit.deposit_id}
            for finding in report.findings
        ]
        # What waits for an answer of ours is asked about at once; only what stays strange is told.
        told = [item for item in new if item["code"] not in ("sweep.lost_deposit", "sweep.lost_acceptance")]
        known = {(item["code"], item["deposit"]) for item in self.findings or []}
        fresh = [item for item in told if (item["code"], item["deposit"]) not in known]
        numbers = dict.fromkeys(report.quarantine, True)
        self._settle(
            {
                **(
                    {"swept_at": moment_of(now), "swept_in": progress["running"]}
                    if progress["goes_on"] is None
                    else {}
                ),
                "sweep_progress": progress,
                "sweep_problem": cause.code if cause else False,
                "sweep_problem_params": {**cause.params, "text": cause.text} if cause else False,
                "hold_all": self.hold_all or report.hold_all,
                "quarantine": {**(self.quarantine or {}), **numbers} or False,
                "findings": [*(self.findings or []), *fresh][-FINDINGS_KEPT:] or False,
            }
        )
        if fresh:
            self._alert("sweep.found", {"company": self.company_id.name, "count": len(fresh)})
            messages = self.env["l10n_tn_edi.messages"]
            text = " ".join(messages._sentence(item["code"], item["params"]) for item in fresh[:10])
            self._message_log_batch(bodies={self.id: text})
        waiting = (
            self.env["l10n_tn_edi.document"]
            .sudo()
            .browse(report.ask)
            .filtered(
                lambda document: (
                    document.live
                    and document.state not in ("sending", "signed", "to_send", "to_sign", "signing")
                )
            )
        )
        if waiting:
            waiting._schedule(fields.Datetime.now())
