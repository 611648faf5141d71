import time

from odoo import api, fields, models

from .l10n_tn_edi_document_queue import (
    CALLS_AT_ONCE,
    CLAIM_AT_LEAST,
    TO_ASK,
    TO_DEPOSIT,
    TO_PREPARE,
)

# After a deposit the same run asks for its verdict for so long: TTN usually answers within seconds.
FIRST_QUESTIONS_SECONDS = 20
# A run ends after this time, so that other scheduled actions get their turn (Odoo's own measure for one).
RUN_SECONDS = 10
# More due documents than this in front of one lane: the other lanes are woken too.
BACKLOG_PER_LANE = 40
PROGRESS_SECONDS = 1
# What another worker holds is looked at again after this time.
OTHERS_SECONDS = 5


class L10nTnEdiDocument(models.Model):
    """What the scheduled actions do. A scheduled action runs in one worker at a time, so there are several of each kind,
    the *lanes*: as many workers as there are lanes share the work.
    """

    _inherit = "l10n_tn_edi.document"

    @api.model
    def _cron_submit(self):
        """Build, check, sign and deposit what is due, and ask about what was just deposited."""
        self._run_lane("submit")

    @api.model
    def _cron_follow(self):
        """Ask TTN about deposits that have no verdict and about attempts that have no answer."""
        self._record_kept()
        self._expire_leases()
        self._run_lane("follow")

    # --- One run ---------------------------------------------------------------------------------------------------

    @api.model
    def _run_lane(self, kind):
        """Work until nothing is due or the time is over; then see to it that the rest is done.

        :param str kind: 'submit' or 'follow'.
        """
        at_work = self.env["account.move"]._can_commit()
        with self._calling() as pool:
            run = _Run(kind, pool, asks=kind == "follow" or at_work)
            if at_work:
                self._wake_other_lanes(run)
            while True:
                worked = self._round(run, at_work)
                if at_work and worked and self._is_over(run):
                    self._wake_lane(kind)
                    break
                if not worked and not (at_work and self._wait_for_verdicts(run)):
                    break
        if at_work:
            self._wake_at("follow", TO_ASK)
            self._wake_at("submit", TO_DEPOSIT)
            self._progress(run, left=0)

    @api.model
    def _round(self, run, at_work):
        """Claim what is due and make the calls; while they are on their way, prepare and claim further documents.

        :param bool at_work: False inside Odoo's tests: one claim a round, so that a test sees what it looks for.
        :return: whether there was anything to do.
        """
        before = run.total
        jobs = self._next_jobs(run, CALLS_AT_ONCE, alone=True)
        if jobs:
            more = (lambda free: self._more_jobs(run, free)) if at_work else None
            for answers in self._call_together(run.pool, jobs, more):
                self._write_answers(answers)
        return run.total > before

    @api.model
    def _more_jobs(self, run, free):
        """:return: further jobs for ``free`` places (perhaps none, after other work), None when there is nothing to do."""
        if self._is_over(run):
            return None
        before = run.total
        jobs = self._next_jobs(run, free, alone=False)
        return jobs if run.total > before else None

    @api.model
    def _next_jobs(self, run, free, alone):
        """Claim questions and deposits for the free places; when there are none to claim, prepare some documents.

        :param bool alone: no call is on its way.
        :return: dict of keys to jobs.
        """
        jobs = {}
        if alone and run.kind == "submit":
            # What may take long, while nobody waits for an answer to be written
            if self._signed_elsewhere():
                run.total += self._prepare_batch()
            self._sweep_before_deposits()
        if alone or free >= CLAIM_AT_LEAST:
            if run.asks and (alone or time.monotonic() >= run.ask_from):
                # Half of the places: neither questions nor deposits keep the others waiting.
                places = free if run.kind == "follow" else (free + 1) // 2
                count, questions = self._claim_questions_due(places)
                jobs.update(questions)
                run.total += count
                if count < places:
                    # What comes due meanwhile is claimed together: a claim costs about as much as ten documents in it.
                    run.ask_from = time.monotonic() + 1
            if run.kind == "submit" and len(jobs) < free:
                count, deposits = self._claim_deposits_due(free - len(jobs))
                jobs.update(deposits)
                run.total += count
                if count > len(deposits):
                    run.ask_from = 0.0  # among them may be some that are to be asked about first
        if not jobs and run.kind == "submit" and (alone or time.monotonic() >= run.prepare_from):
            count = self._prepare_batch(alone)
            run.total += count
            if not count:
                run.prepare_from = time.monotonic() + 1
        return jobs

    # --- Time ------------------------------------------------------------------------------------------------------

    @api.model
    def _is_over(self, run):
        """:return: whether the run has to end although there may be something to do."""
        now = time.monotonic()
        if now - run.told_at >= PROGRESS_SECONDS:
            self._progress(run, left=1)
        return now - run.began >= RUN_SECONDS

    @api.model
    def _progress(self, run, left):
        """Tell Odoo what was done since it was told last.

        :param int left: 0 at the end: what is left gets a new run (see ``_wake_lane``) instead of an immediate repetition of
            this one, so that others are served in between.
        """
        self.env["ir.cron"]._commit_progress(run.total - run.told, remaining=left)
        run.told, run.told_at = run.total, time.monotonic()

    @api.model
    def _wait_for_verdicts(self, run):
        """Nothing is due: wait for the first questions about what was just deposited; the next run may be a minute away.

        :return: whether there is something to wait for.
        """
        if run.kind != "submit" or time.monotonic() - run.began > RUN_SECONDS + FIRST_QUESTIONS_SECONDS:
            return False
        self._end_snapshot()
        now = self._now()
        waiting = self.search(
            [
                ("live", "=", True),
                ("state", "=", "submitted"),
                ("submitted_at", ">", fields.Datetime.subtract(now, seconds=FIRST_QUESTIONS_SECONDS)),
                ("next_at", "<=", fields.Datetime.add(now, seconds=FIRST_QUESTIONS_SECONDS)),
            ],
            order="next_at",
            limit=1,
        )
        pause = (waiting.next_at - now).total_seconds() if waiting else 0
        self._commit()
        if waiting:
            time.sleep(min(max(pause, 0.1), 1.0))
            run.ask_from = 0.0
        return bool(waiting)

    # --- Lanes -----------------------------------------------------------------------------------------------------

    @api.model
    def _lanes(self, kind):
        """:param str kind: 'submit' or 'follow'; or any other scheduled action of the addon, by the name of its method.
        :return: those that are switched on, the first one first.
        """
        return (
            self.env["ir.cron"]
            .sudo()
            .search(
                [("code", "=", f"model._cron_{kind}()"), ("model_id.model", "=like", "l10n_tn_edi.%")],
                order="id",
            )
        )

    @api.model
    def _wake_lane(self, kind, at=None):
        """Have a lane run: the one of this run, else the first one.

        :param at: naive UTC datetime by the database's clock, or a list of them; now by default.
        """
        lanes = self._lanes(kind)
        own = lanes.browse(self.env.context.get("cron_id", ()))
        lane = own if own in lanes else lanes[:1]
        if lane:
            now, here = self._now(), fields.Datetime.now()
            moments = at if isinstance(at, list) else [at or now]
            # Odoo wakes the workers at once only for what this host's own clock has passed.
            lane._trigger([min(moment, here) if moment <= now else moment for moment in moments])

    @api.model
    def _wake_other_lanes(self, run):
        """Have as many other lanes run as there is work for."""
        step = TO_ASK if run.kind == "follow" else ["|", *TO_PREPARE, "&", *TO_DEPOSIT]
        lanes = self._lanes(run.kind)
        due = self.search_count(self._due_domain(step), limit=BACKLOG_PER_LANE * len(lanes))
        others = lanes.filtered(lambda lane: lane.id != self.env.context.get("cron_id"))
        for lane in others[: due // BACKLOG_PER_LANE]:
            lane._trigger()

    @api.model
    def _wake_at(self, kind, step):
        """Have a lane run when the next document is due for ``step``."""
        waiting = self.search(
            [("live", "=", True), ("hold", "=", False), ("next_at", "!=", False), *step],
            order="next_at",
            limit=1,
        )
        lane = self._lanes(kind)[:1]
        if not waiting or not lane:
            return
        # What is due already is in the hands of another worker.
        now = self._now()
        at = max(waiting.next_at, fields.Datetime.add(now, seconds=OTHERS_SECONDS))
        if (
            not self.env["ir.cron.trigger"]
            .sudo()
            .search_count(
                [
                    ("cron_id", "=", lane.id),
                    # Not the one that started this run: Odoo removes it only when the run is over.
                    ("call_at", ">", now),
                    ("call_at", "<=", at),
                ],
                limit=1,
            )
        ):
            lane._trigger(at)


class _Run:
    """What one run of a lane remembers.

    :param str kind: 'submit' or 'follow'.
    :param pool: the threads of its calls.
    :param bool asks: whether it asks TTN about deposits.
    """

    def __init__(self, kind, pool, asks):
        self.kind, self.pool, self.asks = kind, pool, asks
        self.began = self.told_at = time.monotonic()
        # All that was due for a question is claimed, or nothing was to be prepared: not looked at again before these moments
        self.ask_from = self.prepare_from = 0.0
        # Documents claimed, put off or prepared, and how many of them Odoo knows of
        self.total = self.told = 0
