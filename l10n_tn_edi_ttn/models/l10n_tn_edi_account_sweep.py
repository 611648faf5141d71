import logging
import math
import time
from datetime import UTC, datetime

from odoo import api, models
from odoo.tools import SQL

from ..elfatoora import decisions, periods, sweep
from ..elfatoora.answers import ConsultAnswer, FaultAnswer
from ..elfatoora.rejections import classify_fault, classify_problem
from ..signature import verify
from ..teif import reader
from ..teif.foreign import ForeignXmlError, parse_foreign_xml
from .l10n_tn_edi_document import SHOWN_BY_TTN
from .l10n_tn_edi_document_queue import CALL_SECONDS
from .l10n_tn_edi_exchange import moment_of, seconds_of

_logger = logging.getLogger(__name__)


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
        left = progress.get("left") if progress.get("running") == running else None
        last = seconds_of(self.swept_at)
        wanted = periods.periods(
            now, last and min(last, progress.get("began", last)), longest_delay=longest, left=left
        )
        client = self.env["l10n_tn_edi.gateway"]._client(self.company_id, self.mode)
        restored = bool(self.swept_in) and self.swept_in != running
        # No transaction stays open while TTN is asked.
        documents._commit()
        walked = periods.walk(wanted, lambda period: self._ask_period(client, period), restored=restored)
        seen = [self._read(deposit) for deposit in walked.deposits]
        progress = {"began": progress["began"] if left else now, "left": walked.left, "running": running}
        documents._write_result(lambda: self._apply_sweep(seen, now, progress, walked.cause))
        return not walked.left

    def _ask_period(self, client, period):
        """:return: ``periods.Asked`` for the deposits that TTN processed in a period."""
        since, until = (datetime.fromtimestamp(math.ceil(moment), UTC) for moment in period)
        call = client.consult_efact(since=since, until=until, deadline=time.monotonic() + CALL_SECONDS)
        self.env["l10n_tn_edi.exchange"]._keep_sweep(self, call)
        # Kept whatever becomes of the others, and no transaction stays open during the next question.
        self.env["l10n_tn_edi.document"]._commit()
        if isinstance(call.answer, ConsultAnswer):
            return periods.Asked(call.answer.deposits)
        if isinstance(call.answer, FaultAnswer):
            return periods.Asked(cause=classify_fault(call.answer))
        return periods.Asked(
            cause=classify_problem(call.problem), too_large=call.problem.code == "answer.too_large"
        )

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
                asked=document._is_asked_about(signature),
            )
            for (document, signature), tries in versions.items()
        ]

    def _apply_sweep(self, seen, now, progress, cause):
        """Write what a sweep found.

        :param seen: list of ``Seen``.
        :param float now: when it began, or its last part, seconds.
        :param dict progress: ``sweep_progress``; when nothing is left the sweep is complete, and before that nothing may be
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
            if finding.code not in sweep.BY_THEMSELVES
        ]
        numbers = dict.fromkeys(report.quarantine, True)
        self._note_findings(
            new,
            **{
                **(
                    {"swept_at": moment_of(now), "swept_in": progress["running"]}
                    if not progress["left"]
                    else {}
                ),
                "sweep_progress": progress,
                "sweep_problem": cause.code if cause else False,
                "sweep_problem_params": {**cause.params, "text": cause.text} if cause else False,
                "hold_all": self.hold_all or report.hold_all,
                "quarantine": {**(self.quarantine or {}), **numbers} or False,
            },
        )
        self._ask_about(report)

    def _ask_about(self, report):
        """Nothing that TTN shows is deposited again before TTN was asked about the document.

        :param report: ``sweep.Report``.
        """
        documents = self.env["l10n_tn_edi.document"].sudo()
        for finding in report.findings:
            if finding.code in (*sweep.BY_THEMSELVES, "sweep.left_behind"):
                signature = "".join((finding.seen.signature_value or "").split())
                for document in documents.browse(finding.keys):
                    document._found_at_ttn(signature, finding.seen.deposit.deposit_id)
        waiting = documents.browse(report.ask).filtered(lambda document: document.state in SHOWN_BY_TTN)
        if waiting:
            waiting._schedule()
