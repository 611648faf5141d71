import logging
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import psycopg2

from odoo import api, fields, models

_logger = logging.getLogger(__name__)

# Calls that go out together; a claim never takes more, so that every claimed document is called at once.
CALLS_AT_ONCE = 8
# A whole call takes at most this long (elfatoora.client.Limits.total) …
CALL_SECONDS = 45
# … and an attempt without an answer by then is unknown.
LEASE_SECONDS = 120
# Serialization failures on a result: the answer is in memory, so it is written again, never asked again.
RESULT_TRIES = 5
CLAIM_TRIES = 3
# What each step of a run looks for among the due documents.
TO_PREPARE = [("state", "in", ("to_send", "to_sign"))]
TO_DEPOSIT = [("state", "=", "signed"), ("ask_first", "=", False)]
TO_ASK = [
    "|",
    ("state", "in", ("submitted", "unknown", "rejected", "to_decide", "accepted", "conflict")),
    "&",
    ("state", "=", "signed"),
    ("ask_first", "=", True),
]
RETRYABLE = (psycopg2.errors.SerializationFailure, psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected)


class L10nTnEdiDocument(models.Model):
    """The queue: rows of this table, claimed by any number of workers of any number of hosts.

    Only the document's row is ever locked, never the invoice's. A claim is committed before the network is touched; the
    calls of a run go out together through threads that know nothing of the ORM; each answer is written and committed
    alone, in a transaction whose snapshot begins after the call.
    """

    _inherit = "l10n_tn_edi.document"

    # --- Transactions ----------------------------------------------------------------------------------------------

    @api.model
    def _commit(self):
        """Commit, where that is allowed: inside Odoo's tests one connection is shared, and it only flushes."""
        if self.env["account.move"]._can_commit():
            self.env.cr.commit()  # pylint: disable=invalid-commit  # the claim must be seen before TTN is called
        else:
            self.env.flush_all()

    @api.model
    def _rollback(self):
        if self.env["account.move"]._can_commit():
            self.env.cr.rollback()  # pylint: disable=invalid-commit  # give up a claim that another worker won

    @api.model
    def _end_snapshot(self):
        """Begin a new snapshot: Odoo's transactions are REPEATABLE READ and would not see what users did meanwhile."""
        self._commit()
        self.env.invalidate_all(flush=False)

    # --- Claims ----------------------------------------------------------------------------------------------------

    @api.model
    def _due_domain(self, step):
        """:param list step: ``TO_PREPARE``, ``TO_DEPOSIT`` or ``TO_ASK``."""
        return [("live", "=", True), ("hold", "=", False), ("next_at", "<=", fields.Datetime.now()), *step]

    @api.model
    def _claim_due(self, step, limit, work):
        """Lock up to ``limit`` due documents that no other worker has, work on them, and commit.

        Whoever loses a race (a user who resets an invoice, another worker) loses all of it and begins anew.

        :param work: callable that takes the locked documents; nothing it does may leave the database.
        :return: (documents, what ``work`` gave); no documents when there are none, or others were faster.
        """
        domain = self._due_domain(step)
        for _try in range(CLAIM_TRIES):
            self._end_snapshot()
            try:
                # Some more than wanted: other workers may hold the first ones.
                candidates = self.search(domain, order="next_at, id", limit=limit * 4)
                documents = candidates.try_lock_for_update(limit=limit).filtered_domain(domain)
                result = work(documents)
                self._commit()
                return documents, result
            except RETRYABLE:
                self._rollback()
        return self.browse(), None

    # --- Calls -----------------------------------------------------------------------------------------------------

    @api.model
    def _call_together(self, jobs):
        """Make network calls in parallel.

        :param dict jobs: any hashable key to a callable without arguments that touches no ORM.
        :return: yields (key, result) as they end; a callable that raises gives its exception as result.
        """
        if not jobs:
            return
        with ThreadPoolExecutor(max_workers=CALLS_AT_ONCE, thread_name_prefix="elfatoora") as pool:
            futures = {pool.submit(job): key for key, job in jobs.items()}
            for future in as_completed(futures):
                yield futures[future], future.exception() or future.result()

    def _write_result(self, write):
        """Run ``write()`` on fresh data and commit it; on a serialization failure do it again with the answer in memory.

        :param write: callable without arguments.
        """
        for attempt in range(1, RESULT_TRIES + 1):
            self._end_snapshot()
            try:
                write()
                self._commit()
                return
            except RETRYABLE:
                if attempt == RESULT_TRIES:
                    _logger.exception("An answer of TTN could not be written")
                self._rollback()
                time.sleep(0.02 * attempt)
            except Exception:
                # One document never stops the others; this one is asked about again when its time is over.
                _logger.exception("An answer of TTN could not be understood")
                self._rollback()
                return

    # --- Scheduled actions -----------------------------------------------------------------------------------------

    @api.model
    def _cron_submit(self):
        """Build, check, sign and deposit what is due, then ask about what was just deposited."""
        if self._run_steps([(TO_PREPARE, self._prepare_batch), (TO_DEPOSIT, self._deposit_batch)], "ir_cron_submit"):
            self._first_questions()

    @api.model
    def _cron_follow(self):
        """Ask TTN about deposits that have no verdict and about attempts that have no answer."""
        self._expire_leases()
        if self._run_steps([(TO_ASK, self._ask_batch)], "ir_cron_follow"):
            self._wake("ir_cron_follow", TO_ASK)
            self._wake("ir_cron_submit", TO_DEPOSIT)

    @api.model
    def _run_steps(self, steps, cron):
        """Repeat each step until nothing is due for it or the scheduled action's time is over.

        :param list steps: (what to look for, method) pairs; a method works on one batch and gives the number of documents.
        :param str cron: XML id of the scheduled action, woken again when its time is over.
        :return: whether everything due was done.
        """
        for step, batch in steps:
            while done := batch():
                if not self._progress(done, self.search_count(self._due_domain(step))):
                    self.env.ref(f"l10n_tn_edi_ttn.{cron}")._trigger()
                    self._commit()
                    return False
        return True

    @api.model
    def _wake(self, cron, step):
        """Have a scheduled action run when the next document is due for ``step``."""
        waiting = self.search(
            [("live", "=", True), ("hold", "=", False), ("next_at", "!=", False), *step], order="next_at", limit=1
        )
        if waiting:
            self.env.ref(f"l10n_tn_edi_ttn.{cron}")._trigger(max(waiting.next_at, fields.Datetime.now()))
        self._commit()

    @api.model
    def _progress(self, done, left):
        """:return: whether there is time for another batch."""
        if not self.env["account.move"]._can_commit():
            return True
        return self.env["ir.cron"]._commit_progress(done, remaining=left) > 0
