import logging
import math
import random
import time
from datetime import UTC, datetime

from odoo import api, fields, models
from odoo.tools import SQL

from ..elfatoora import decisions, periods, sweep
from ..elfatoora.answers import ConsultAnswer, FaultAnswer
from ..elfatoora.consulted import compact
from ..elfatoora.rejections import classify_fault, classify_problem
from ..signature import verify
from ..teif import reader
from ..teif.foreign import ForeignXmlError, parse_foreign_xml
from .l10n_tn_edi_account import SETTINGS_REASONS
from .l10n_tn_edi_document import SHOWN_BY_TTN
from .l10n_tn_edi_document_queue import CALL_SECONDS, LEASE_SECONDS, RETRYABLE
from .l10n_tn_edi_exchange import moment_of, seconds_of

_logger = logging.getLogger(__name__)

# So long the scheduled action asks; a question and its repetitions that are begun by then are waited for. Odoo kills what
# takes longer than limit_time_real_cron, 120 seconds by default.
SWEEP_SECONDS = 60
# Nobody else compares an account for so many leases of a deposit: longer than all of that.
SWEEP_LEASES = 2.5
# Deposits that wait for a comparison ask for it again after this time at the latest.
SWEEP_RETRY_SECONDS = 300


class L10nTnEdiAccount(models.Model):
    """The account's recent deposits compared with ours: finds what a restored backup, a copy or a portal deposited."""

    _inherit = "l10n_tn_edi.account"

    # Who compares the account now holds it until then, by the database's clock.
    sweeping_until = fields.Datetime(readonly=True, copy=False)

    # --- When ------------------------------------------------------------------------------------------------------

    @api.model
    def _cron_sweep(self):
        """Compare every account that can call, those first that waited longest; then the queue may go on."""
        documents = self.env["l10n_tn_edi.document"]
        until = time.monotonic() + SWEEP_SECONDS
        accounts = self._swept_by_itself().sorted(lambda account: (bool(account.swept_at), account.swept_at))
        for number, account in enumerate(accounts):
            left = until - time.monotonic()
            if left <= 0:
                self._wake_for(accounts[number:])
                break
            # One that has much to compare leaves time for the others.
            account._sweep_guarded(left / 2 if accounts[number + 1 :] else left)
            documents._end_snapshot()

    @api.model
    def _swept_by_itself(self):
        """:return: the accounts that can call."""
        accounts, documents = self.browse(), self.env["l10n_tn_edi.document"]
        for company in self.env["res.company"].sudo().search([("l10n_tn_edi_enabled", "=", True)]):
            try:
                if not self.env["l10n_tn_edi.gateway"]._problem(company):
                    accounts += self._of(company, company.l10n_tn_edi_mode)
                    documents._commit()
            except RETRYABLE:
                documents._rollback()  # another worker has just made it
        return accounts

    @api.model
    def _wake_for(self, accounts):
        """Have the accounts compared soon that should be by now."""
        due = fields.Datetime.subtract(self.env["l10n_tn_edi.exchange"]._database_now(), hours=1)
        if any(not account.swept_at or account.swept_at < due for account in accounts):
            self.env["l10n_tn_edi.document"]._wake_lane("sweep")

    def _sweep_guarded(self, seconds):
        """``_sweep``; whatever goes wrong with one account never stops the others.

        :return: False when another worker compares the account.
        """
        self.ensure_one()
        documents = self.env["l10n_tn_edi.document"]
        try:
            return self.sudo()._sweep(seconds)
        except RETRYABLE:
            documents._rollback()
            return False
        except Exception:
            _logger.exception("The account of company %s could not be compared", self.company_id.id)
            documents._give_up()
            return True

    def _must_sweep(self):
        """:return: whether nothing may be deposited before a sweep."""
        self.ensure_one()
        last = self._last_calls(
            ("answer_class", "in", ("submitted", "refused")),
            # A question about one document shows nothing of what others have deposited meanwhile.
            ("operation", "=", "save"),
            limit=1,
        )
        # A complete comparison shows it as well.
        last_call = max(last.finished_at or self.swept_at, self.swept_at) if self.swept_at else False
        return sweep.must_sweep(
            self._now(),
            seconds_of(self.swept_at),
            seconds_of(last_call),
            restored=self.swept_in != self._running_database(),
        )

    def _sweep_again_in(self):
        """:return: seconds until a comparison that did not come to its end is tried again: soon when it came further."""
        failed = (self.sweep_progress or {}).get("failed")
        if not failed:
            return SWEEP_RETRY_SECONDS  # another worker is at it, or goes on by itself
        return min(decisions.retry_delay(failed - 1, random.SystemRandom()), SWEEP_RETRY_SECONDS)

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

    # --- Asking ----------------------------------------------------------------------------------------------------

    def _sweep(self, seconds):
        """Ask TTN for the deposits since the last sweep, compare, and write what came of it, period by period.

        What was compared stays compared: the next sweep goes on where this one broke off.

        :param float seconds: after which no other period is begun.
        :return: False when another worker compares the account.
        """
        self.ensure_one()
        documents = self.env["l10n_tn_edi.document"]
        held_until = self._hold_sweep()
        if not held_until:
            return False
        until, last = time.monotonic() + seconds, None
        try:
            last = self._sweep_periods(held_until, lambda: time.monotonic() >= until)
            if last and last.apart is not None:
                last = self._sweep_periods(held_until, lambda: time.monotonic() >= until)
        except Exception:
            documents._give_up()
            raise
        finally:
            goes_on = bool(last and last.left and not last.cause)
            documents._write_result(lambda: self._release_sweep(held_until, goes_on))
        return True

    def _hold_sweep(self):
        """Keep other workers from comparing the same account.

        :return: until when (naive UTC datetime), or None when another worker does.
        """
        documents = self.env["l10n_tn_edi.document"]
        documents._end_snapshot()
        locked = self.try_lock_for_update()
        now = self.env["l10n_tn_edi.exchange"]._database_now()
        until = fields.Datetime.add(now, seconds=round(SWEEP_LEASES * LEASE_SECONDS))
        if not locked or locked._is_swept_by_another(now):
            documents._commit()
            return None
        locked.sweeping_until = until
        # No transaction stays open while TTN is asked.
        documents._commit()
        return until

    def _is_swept_by_another(self, now):
        """:param datetime now: the database's clock. It may have gone back since: no worker holds an account for longer."""
        latest = fields.Datetime.add(now, seconds=round(SWEEP_LEASES * LEASE_SECONDS))
        return bool(self.sweeping_until and now < self.sweeping_until <= latest)

    def _release_sweep(self, held_until, goes_on):
        """:param bool goes_on: something is left to ask for, and nothing but time was in the way."""
        if self.sweeping_until == held_until:
            self.sweeping_until = False
            if goes_on:
                self.env["l10n_tn_edi.document"]._wake_lane("sweep")

    def _sweep_periods(self, held_until, is_over):
        """:param held_until: as ``_hold_sweep`` gave it.
        :param is_over: callable, whether the time for questions is over.
        :return: the last ``periods.Walked``; None when it could not be written, or another worker goes on.
        """
        documents = self.env["l10n_tn_edi.document"]
        now, last = self._now(), seconds_of(self.swept_at)
        running, progress = self._running_database(), self.sweep_progress or {}
        # Another database, or this one restored, goes on from nothing.
        left = progress.get("left") if progress.get("running") == running else None
        began = progress.get("began", now) if left else now
        restored = bool(self.swept_in) and self.swept_in != running
        apart, measured, walked = progress.get("apart", 0.0), [0.0], None
        failed = progress.get("failed", 0) if left else 0
        # A sweep that came to its end in several parts saw what was visible when the first one began.
        since = last and min(last, progress.get("since") or last)
        longest = documents._longest_delay_of(self.mode, self.company_id.l10n_tn_edi_matricule)
        wanted = periods.periods(now, since, longest_delay=longest, apart=apart, left=left)
        client = self.env["l10n_tn_edi.gateway"]._client(self.company_id, self.mode)
        documents._commit()

        def ask(period):
            asked = self._ask_period(client, period)
            measured.append(asked.apart)
            return asked

        for walked in periods.walk(wanted, ask, restored=restored, apart=apart, is_over=is_over):
            failed = failed + 1 if walked.cause else 0
            progress = {
                "since": since,
                "began": began,
                "left": walked.left,
                "running": running,
                "apart": apart,
                "failed": failed,
            }
            if walked.apart is not None:
                # All of it anew, with periods that allow for the clocks
                progress.update(left=None, apart=walked.apart)
            elif not walked.left:
                progress.update(since=began, apart=periods.allowance(max(measured)))
            seen = [self._read(deposit) for deposit in walked.deposits]
            written = documents._write_result(
                lambda walked=walked, seen=seen, progress=progress: self._apply_sweep(
                    walked, seen, now, progress, held_until
                )
            )
            if not written or self.sweeping_until != held_until:
                return None
        return walked

    def _ask_period(self, client, period):
        """:return: ``periods.Asked`` for the deposits that TTN processed in a period."""
        since, until = (datetime.fromtimestamp(math.ceil(moment), UTC) for moment in period)
        call = client.consult_efact(since=since, until=until, deadline=time.monotonic() + CALL_SECONDS)
        apart = abs(call.server_time.timestamp() - self._now()) if call.server_time else 0.0
        # What a proxy with a broken clock says is not asked about for years.
        apart = min(apart, periods.FIRST_LOOK)
        self.env["l10n_tn_edi.exchange"]._keep_account_call(self, call)
        # Kept whatever becomes of the others, and no transaction stays open during the next question.
        self.env["l10n_tn_edi.document"]._commit()
        if isinstance(call.answer, ConsultAnswer):
            return periods.Asked(call.answer.deposits, apart=apart)
        if isinstance(call.answer, FaultAnswer):
            return periods.Asked(cause=classify_fault(call.answer), apart=apart)
        too_large = call.problem.code == "answer.too_large"
        return periods.Asked(cause=classify_problem(call.problem), too_large=too_large, apart=apart)

    # --- Comparing -------------------------------------------------------------------------------------------------

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

    @api.model
    def _deposit_numbers(self, seen):
        return [str(one.deposit.deposit_id) for one in seen if one.deposit.deposit_id is not None]

    def _without_those_of_branches(self, seen):
        """:return: list of ``seen`` without what another company here deposited under the same matricule: a branch may have its
        parent's account at TTN, and compares for itself.
        """
        others = [
            ("operation", "=", "save"),
            ("mode", "=", self.mode),
            ("company_id", "!=", self.company_id.id),
            ("document_id.sender", "=", self.company_id.l10n_tn_edi_matricule),
        ]
        exchanges = self.env["l10n_tn_edi.exchange"].sudo()
        signatures = [compact(one.signature_value) for one in seen if one.signature_value]
        by_signature = exchanges.search([*others, ("signature_value", "in", signatures)])
        by_deposit = exchanges.search([*others, ("deposit_id", "in", self._deposit_numbers(seen))])
        theirs = {*by_signature.mapped("signature_value"), *by_deposit.mapped("deposit_id")}
        return [
            one for one in seen if (compact(one.signature_value) or str(one.deposit.deposit_id)) not in theirs
        ]

    def _known(self, seen):
        """:return: list of ``sweep.Known``: every version of ours that has to do with what TTN shows."""
        numbers = {(one.number or one.deposit.number or "").strip() for one in seen} - {""}
        # One search for each index
        exchanges = self.env["l10n_tn_edi.exchange"].sudo()
        for term in (
            ("signature_value", "in", [compact(one.signature_value) for one in seen if one.signature_value]),
            ("deposit_id", "in", self._deposit_numbers(seen)),
            ("document_id.number", "in", list(numbers)),
        ):
            exchanges |= exchanges.search(self._has(("operation", "=", "save"), term))
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

    def _apply_sweep(self, walked, seen, now, progress, held_until):
        """Write what a part of a sweep found.

        :param walked: ``periods.Walked``.
        :param seen: list of ``Seen``, its deposits.
        :param float now: when it began, or its last part, seconds.
        :param dict progress: ``sweep_progress``. When the whole is complete too, deposits may go on; not before.
        :param datetime held_until: as ``_hold_sweep`` gave it: who stood still for longer has nothing to say.
        """
        self.ensure_one()
        if self.sweeping_until != held_until:
            return
        seen = self._without_those_of_branches(seen)
        report = sweep.compare(
            seen,
            self._known(seen),
            self.company_id.l10n_tn_edi_matricule,
            cleared=frozenset(self.cleared or ()),
        )
        restored = bool(self.swept_in) and self.swept_in != progress["running"]
        cause, complete = walked.cause, not walked.left
        self._note_findings(
            self._findings_of(report, walked.unread),
            **({"swept_at": moment_of(now), "swept_in": progress["running"]} if complete else {}),
            sweep_progress=progress,
            sweep_problem=cause.code if cause else False,
            sweep_problem_params={**cause.params, "text": cause.text} if cause else False,
            # What nobody has read may be what a restored database has forgotten.
            hold_all=self.hold_all or report.hold_all or (restored and bool(walked.unread)),
            quarantine={**(self.quarantine or {}), **dict.fromkeys(report.quarantine, True)} or False,
        )
        self._ask_about(report)
        if complete:
            # While it did not come to its end, its problem was the reason told; that TTN answers now ends others' as well.
            # What a stopped queue waits for, a deposit has to show.
            ended = ("sweep.waiting", *(() if self.stopped else SETTINGS_REASONS))
            self._wake_paused(lambda document: document.next_at and document.reason_code.startswith(ended))

    @api.model
    def _findings_of(self, report, unread):
        """:param report: ``sweep.Report``.
        :param unread: a period of which TTN shows more than is read, or None.
        :return: list of ``findings`` that somebody has to look at.
        """
        found = self._items_of(
            finding for finding in report.findings if finding.code not in sweep.BY_THEMSELVES
        )
        if unread:
            # Told by the minute: the next comparisons divide the same time at other seconds.
            minute = fields.Datetime.to_string(moment_of(unread[0]))[:16]
            found.append({"code": "sweep.unread", "params": {"minute": minute}, "deposit": None})
        return found

    def _ask_about(self, report):
        """Nothing that TTN shows is deposited again before TTN was asked about the document.

        :param report: ``sweep.Report``.
        """
        documents = self.env["l10n_tn_edi.document"].sudo()
        for finding in report.findings:
            if finding.code in (*sweep.BY_THEMSELVES, "sweep.left_behind"):
                for document in documents.browse(finding.keys):
                    document._found_at_ttn(
                        compact(finding.seen.signature_value), finding.seen.deposit.deposit_id
                    )
        waiting = documents.browse(report.ask).filtered(lambda document: document.state in SHOWN_BY_TTN)
        if waiting:
            waiting._schedule()
