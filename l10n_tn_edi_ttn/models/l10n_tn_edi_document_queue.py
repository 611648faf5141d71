import logging
import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue

import psycopg2

from odoo import api, models

from .l10n_tn_edi_recording import Recording

_logger = logging.getLogger(__name__)

# Calls that are on their way at once; a claim never takes more than can start at once. With half a second to an answer,
# and two calls a document, this many keep one worker busy.
CALLS_AT_ONCE = 64
# So many answers are written before anything else is begun: a transaction costs about as much as ten answers in it …
ANSWERS_AT_ONCE = CALLS_AT_ONCE // 4
# … and when there is nothing else to do, as many, or half of the calls under way, are waited for, but no longer than this.
TOGETHER_SECONDS = 0.2
# A whole call takes at most this long (elfatoora.client.Limits.total) …
CALL_SECONDS = 45
# … and an attempt without an answer by then is unknown.
LEASE_SECONDS = 120
# Claims smaller than this wait for more free places, as long as other calls are on their way.
CLAIM_AT_LEAST = CALLS_AT_ONCE // 4
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
RETRYABLE = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.LockNotAvailable,
    psycopg2.errors.DeadlockDetected,
)


class L10nTnEdiDocument(models.Model):
    """The queue: rows of this table, claimed by any number of workers of any number of hosts.

    Only the document's row is ever locked, never the invoice's. A claim is committed before the network is touched; the
    calls of a run are made by threads that know nothing of the ORM, while the run goes on preparing and claiming; answers
    are written as they come, in a transaction whose snapshot begins after the calls. See ``l10n_tn_edi_document_lanes``
    for what a scheduled action does with all this.
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
        return [("hold", "=", False), ("next_at", "<=", self._now()), *step]

    @api.model
    def _now(self):
        """:return: naive UTC datetime of the database's clock: that of a host may be wrong."""
        return self.env["l10n_tn_edi.exchange"]._database_now()

    @api.model
    def _claim_due(self, step, limit, work):
        """Lock up to ``limit`` due documents that no other worker has, work on them, and commit.

        Whoever loses a race (a user who resets an invoice, another worker) loses all of it and begins anew.

        :param work: callable that takes the locked documents; nothing it does may leave the database.
        :return: (documents, what ``work`` gave); no documents when there are none, or others were faster.
        """
        domain = self._due_domain(step)
        for attempt in range(CLAIM_TRIES):
            self._end_snapshot()
            try:
                # Some more than wanted: other workers may hold the first ones, and after a lost race they go for others.
                candidates = self.search(domain, order="next_at, id", limit=limit * 4 * (attempt + 1))
                if not candidates:
                    return candidates, None
                if attempt:
                    candidates = self.browse(random.sample(candidates.ids, len(candidates)))
                documents = candidates.try_lock_for_update(limit=limit).filtered_domain(domain)
                result = work(documents) if documents else None
                self._commit()
                return documents, result
            except RETRYABLE:
                self._rollback()
        return self.browse(), None

    def _each(self, step):
        """Run ``step(document)`` for each document: in one go, or, when anything goes wrong, each on its own account.

        :param step: callable that takes one document; it writes to the database only.
        :return: dict of documents to what ``step`` gave; those that could not be worked on are stopped (``_fail``)
            and give None.
        """
        try:
            with self.env.cr.savepoint():
                results = {document: step(document) for document in self}
                self.env.flush_all()
                return results
        except psycopg2.OperationalError:
            raise  # somebody else won; the whole claim begins anew
        except Exception:
            if len(self) > 1:
                _logger.info("A batch of electronic documents is done one by one", exc_info=True)
        self.env.invalidate_all(flush=False)
        return {document: document._guarded(lambda document=document: step(document)) for document in self}

    def _guarded(self, step):
        """Run one step of one document; whatever goes wrong stops this document only.

        :return: what ``step()`` gave, or None.
        """
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                return step()
        except psycopg2.OperationalError:
            raise  # somebody else won; the whole claim begins anew
        except Exception:
            _logger.exception("Electronic document %s could not be prepared", self.id)
            self.invalidate_recordset()
            self._fail("document.unexpected")
            return None

    # --- Calls -----------------------------------------------------------------------------------------------------

    @api.model
    def _calling(self, at_once=CALLS_AT_ONCE):
        """:return: context manager of threads for calls; at its end it waits for those that are still on their way."""
        return ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="elfatoora")

    @api.model
    def _call_together(self, pool, jobs, more=None):
        """Make network calls in parallel.

        :param pool: of ``_calling``.
        :param dict jobs: any hashable key to a callable without arguments that touches no ORM.
        :param more: called with the number of free places while few have ended; gives further jobs, or None when there is
            nothing to do but wait. What it raises is raised at the end.
        :return: yields lists of (key, result), all that ended meanwhile; a callable that raises gives its exception as result.
        """
        running, ended = {}, SimpleQueue()

        def start(jobs):
            for key, job in jobs.items():
                future = pool.submit(job)
                running[future] = key
                future.add_done_callback(ended.put)

        start(jobs)
        failure = None
        while running:
            if more and ended.qsize() < ANSWERS_AT_ONCE:
                try:
                    further = more(CALLS_AT_ONCE - len(running) + ended.qsize())
                except Exception as error:  # noqa: BLE001 - raised again below
                    # The answers to the calls under way are written first.
                    failure, further, more = error, None, None
                if further is not None:
                    start(further)
                    continue
            yield [
                (running.pop(future), future.exception() or future.result())
                for future in self._wait_for_some(ended, len(running))
            ]
        if failure:
            raise failure

    @api.model
    def _wait_for_some(self, ended, count):
        """:param SimpleQueue ended: gets the calls as they end.
        :param int count: of the calls under way, at least one.
        :return: list of calls that have ended: half of them or ``ANSWERS_AT_ONCE``, fewer when that takes too long, more when
            they are there.
        """
        found = [ended.get()]
        until = time.monotonic() + TOGETHER_SECONDS
        with suppress(Empty):
            while len(found) < min(ANSWERS_AT_ONCE, count / 2):
                found.append(ended.get(timeout=max(0.0, until - time.monotonic())))
            while True:
                found.append(ended.get_nowait())
        return found

    # --- Answers ---------------------------------------------------------------------------------------------------

    @api.model
    def _write_answers(self, answers):
        """Write answers of TTN on fresh data and commit them: together, or, when anything goes wrong, each alone.

        :param answers: list of ((document id, exchange id), call) as ``_call_together`` gives them.
        """
        if len(answers) > 1:
            try:
                self._end_snapshot()
                self._record_together(answers)
                self._commit()
                return
            except Exception:
                _logger.info("Answers of TTN are written one by one", exc_info=True)
                self._give_up()
        for answer in answers:
            if not self._write_result(lambda answer=answer: self._record_together([answer])):
                self._keep_answer(answer)

    @api.model
    def _write_result(self, write):
        """Run ``write()`` on fresh data and commit it; on a serialization failure do it again with the answer in memory.

        :param write: callable without arguments.
        :return: whether it was committed. One document never stops the others, so nothing is raised.
        """
        for attempt in range(1, RESULT_TRIES + 1):
            try:
                self._end_snapshot()
                write()
                self._commit()
                return True
            except RETRYABLE:
                if attempt == RESULT_TRIES:
                    _logger.exception("An answer of TTN could not be written")
                self._give_up()
                time.sleep(0.02 * attempt)
            except Exception:
                _logger.exception("An answer of TTN could not be understood")
                self._give_up()
                return False
        return False

    @api.model
    def _give_up(self):
        """Roll back after a failure, which may have been that of the connection."""
        try:
            self._rollback()
        except psycopg2.Error:
            _logger.exception("The database is lost")

    @api.model
    def _record_together(self, answers):
        """Record answers in one transaction, all or none."""
        with self.env.cr.savepoint():
            documents = self.browse([document_id for (document_id, _exchange), _call in answers])
            exchanges = (
                self.env["l10n_tn_edi.exchange"]
                .sudo()
                .browse([exchange for (_id, exchange), _call in answers])
            )
            before = {document: document.state for document in documents}
            recording = Recording(self.env, alone=len(answers) == 1)
            for document, exchange, (_key, call) in zip(documents, exchanges, answers, strict=True):
                if exchange.operation == "save":
                    document._record_deposit(exchange, call, recording)
                else:
                    document._record_verdict(exchange, call, recording)
            recording.files.store()
            recording.accepted._after_acceptance()
            for account, findings in recording.told.items():
                account._note_findings(findings)
            documents.filtered(lambda document: document.state != before[document])._tell()
            self.env.flush_all()
