import logging
import random
import time
import uuid
from collections import Counter
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..elfatoora.wire import Limits
from ..webhooks import answers
from ..webhooks.signing import signed_message
from .l10n_tn_edi_text import cut
from .l10n_tn_edi_webhook_event import envelope

_logger = logging.getLogger(__name__)

# A receiver takes the message and works on it later; it is no place to wait.
LIMITS = Limits(connect=5, read=10, total=15, max_answer=64 * 1024)
LEASE_SECONDS = 60
# On their way at once: in all, and to one receiver; to one that failed last a single one.
AT_ONCE, AT_ONCE_EACH = 16, 4
RUN_SECONDS = 30
ANSWER_SHOWN = 500
WAIT_DAYS, KEEP_DELIVERED_DAYS, KEEP_FAILED_DAYS = 7, 30, 90


class L10nTnEdiWebhookDelivery(models.Model):
    """One message to one receiver, until it was taken or given up.

    At least once: a worker that dies after its call leaves a lease, after which the message goes again, with the same event id.
    """

    _name = "l10n_tn_edi.webhook.delivery"
    _description = "Delivery of a Webhook"
    _order = "id desc"
    _rec_name = "event_id"

    webhook_id = fields.Many2one(
        "l10n_tn_edi.webhook", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="webhook_id.company_id", store=True, precompute=True, index=True)
    document_id = fields.Many2one(
        "l10n_tn_edi.document", readonly=True, index="btree_not_null", ondelete="set null"
    )
    move_id = fields.Many2one(related="document_id.move_id")
    event_id = fields.Char(required=True, readonly=True, index=True)
    kind = fields.Char(string="Type", required=True, readonly=True)
    body = fields.Text(string="Message", required=True, readonly=True)
    state = fields.Selection(
        [("waiting", "Waiting"), ("delivered", "Delivered"), ("failed", "Not delivered")],
        required=True,
        readonly=True,
        default="waiting",
    )
    attempts = fields.Integer(readonly=True)
    next_at = fields.Datetime(string="Next Try", readonly=True)
    lease_until = fields.Datetime(
        readonly=True, help="A worker is delivering it; after this moment another one may."
    )
    last_at = fields.Datetime(string="Last Try", readonly=True)
    duration_ms = fields.Integer(string="Duration (ms)", readonly=True)
    http_status = fields.Integer(string="HTTP Status", readonly=True)
    answer = fields.Text(readonly=True, help="The beginning of what the receiver answered.")
    reason_code = fields.Char(readonly=True)
    reason_params = fields.Json(readonly=True)
    reason = fields.Char(string="Situation", compute="_compute_reason")

    _due = models.Index("(webhook_id, next_at, id) WHERE state = 'waiting'")

    @api.depends("reason_code", "reason_params")
    @api.depends_context("lang")
    def _compute_reason(self):
        messages = self.env["l10n_tn_edi.messages"]
        for delivery in self:
            delivery.reason = delivery.reason_code and messages._sentence(
                delivery.reason_code, delivery.reason_params
            )

    # --- In --------------------------------------------------------------------------------------------------------

    @api.model
    def _add(self, values):
        """:param list values: of new deliveries, due at once.
        :return: the deliveries.
        """
        now = fields.Datetime.now()
        deliveries = self.create([{"next_at": now, **each} for each in values])
        deliveries.flush_recordset()
        self.env["l10n_tn_edi.document"]._wake_lane("deliver_webhooks")
        return deliveries

    @api.model
    def _make_test(self, webhook):
        """:return: a new delivery that tells of nothing; only its caller delivers it."""
        event_id, kind = str(uuid.uuid4()), "test"
        body = envelope(event_id, kind, webhook.company_id, {})
        return self.create({"webhook_id": webhook.id, "event_id": event_id, "kind": kind, "body": body})

    def action_replay(self):
        """Send the same message again, with the same event id, signed anew."""
        self.check_access("write")
        self.sudo().filtered(lambda delivery: delivery.state != "waiting").write(
            {"state": "waiting", "attempts": 0, "next_at": fields.Datetime.now(), "lease_until": False}
        )
        self.env["l10n_tn_edi.document"]._wake_lane("deliver_webhooks")

    # --- Out -------------------------------------------------------------------------------------------------------

    @api.model
    def _cron_deliver_webhooks(self):
        """Deliver what is due, until nothing is or the time is over."""
        documents = self.env["l10n_tn_edi.document"]
        at_work = self.env["account.move"]._can_commit()
        began, flying = time.monotonic(), Counter()

        def more(_free):
            if time.monotonic() - began > RUN_SECONDS:
                return None
            return self._claim(AT_ONCE - flying.total(), flying) or None

        with documents._calling(AT_ONCE) as pool:
            while jobs := more(AT_ONCE):
                for ended in documents._call_together(pool, jobs, more):
                    for (delivery_id, webhook_id), outcome in ended:
                        flying[webhook_id] -= 1
                        documents._write_result(
                            lambda delivery_id=delivery_id, outcome=outcome: self.browse(delivery_id)._record(
                                outcome
                            )
                        )
                    if at_work:
                        self.env["ir.cron"]._commit_progress(len(ended))
                if not at_work:
                    break  # inside a test: one claim, so that it sees what it looks for
        self._wake_when_due()

    @api.model
    def _claim(self, places, flying):
        """Take due messages, so that no other worker has them, and commit that before anything is sent.

        :param int places: calls that may still be made at once.
        :param Counter flying: this worker's calls on their way by webhook id; those claimed are added.
        :return: dict of (delivery id, webhook id) to jobs for threads.
        """
        documents = self.env["l10n_tn_edi.document"]
        if places <= 0:
            return {}
        documents._end_snapshot()
        now = fields.Datetime.now()
        due = [("state", "=", "waiting"), ("next_at", "<=", now)]
        ready = self.env["l10n_tn_edi.webhook.receiver"].search(
            [
                ("webhook_id.active", "=", True),
                "|",
                ("resume_at", "=", False),
                ("resume_at", "<=", now),
            ]
        )
        jobs = {}
        groups = self._read_group([*due, ("webhook_id", "in", ready.webhook_id.ids)], ["webhook_id"])
        for (webhook,) in random.sample(groups, len(groups)):
            elsewhere = self.search_count(
                [("webhook_id", "=", webhook.id), ("state", "=", "waiting"), ("lease_until", ">", now)]
            )
            limit = min(
                (1 if webhook.failures else AT_ONCE_EACH) - max(flying[webhook.id], elsewhere),
                places - len(jobs),
            )
            if limit <= 0 or webhook._problem():
                continue
            candidates = self.search(
                [*due, ("webhook_id", "=", webhook.id)], order="next_at, id", limit=4 * limit
            )
            taken = candidates.try_lock_for_update(limit=limit).filtered_domain(due)
            until = now + timedelta(seconds=LEASE_SECONDS)
            taken.write({"lease_until": until, "next_at": until})
            for delivery in taken:
                delivery.attempts += 1
                jobs[delivery.id, webhook.id] = delivery._job()
        documents._commit()
        flying.update(webhook_id for _delivery, webhook_id in jobs)
        return jobs

    def _job(self):
        """:return: callable without arguments, for a thread without the ORM, that gives an ``answers.Outcome`` and seconds."""
        self.ensure_one()
        url, body, event_id = self.webhook_id.url, self.body.encode(), self.event_id
        key_id, key = self.webhook_id._key()
        call = self.env["l10n_tn_edi.transport"]._open(seconds=LEASE_SECONDS - LIMITS.total, limits=LIMITS)
        return lambda: _deliver(call, url, body, event_id, key_id, key)

    def _deliver_now(self):
        """Deliver one message while somebody waits for what comes of it; it is not tried again by itself."""
        self.ensure_one()
        self.attempts += 1
        self._record(self._job()())
        if self.state == "waiting":
            self.write({"state": "failed", "next_at": False})

    def _record(self, answered):
        """Write what came of an attempt.

        :param answered: (``answers.Outcome``, seconds), or the exception of a call that broke.
        """
        self.ensure_one()
        if not self.exists():
            return
        if isinstance(answered, BaseException):
            _logger.error("A call of a webhook broke", exc_info=answered)
            answered = answers.of_problem(None), 0
        outcome, seconds = answered
        now, rng = fields.Datetime.now(), random.SystemRandom()
        values = {
            "last_at": now,
            "lease_until": False,
            "duration_ms": round(seconds * 1000),
            "http_status": outcome.status,
            "answer": cut(outcome.answer, ANSWER_SHOWN) or False,
            "reason_code": outcome.code,
            "reason_params": outcome.params,
        }
        if outcome.code is None:
            values.update(state="delivered", next_at=False)
        elif self.attempts >= answers.ATTEMPTS:
            values.update(state="failed", next_at=False)
        else:
            delay = answers.retry_delay(self.attempts, rng)
            values.update(state="waiting", next_at=now + timedelta(seconds=delay))
        self.write(values)
        receiver = self.webhook_id.receiver_ids
        if outcome.down:
            receiver._is_down(answers.retry_delay(receiver.failures + 1, rng))
        elif outcome.code is None:
            receiver._is_up(delivered_at=now)
        elif receiver.failures:
            receiver._is_up()

    @api.model
    def _wake_when_due(self):
        """Have the scheduled action run again when the next message may go."""
        self.env.flush_all()
        [[at]] = self.env.execute_query(
            SQL(
                """SELECT min(greatest(d.next_at, r.resume_at))
                     FROM l10n_tn_edi_webhook_delivery d
                     JOIN l10n_tn_edi_webhook w ON w.id = d.webhook_id
                     JOIN l10n_tn_edi_webhook_receiver r ON r.webhook_id = w.id
                    WHERE d.state = 'waiting' AND w.active AND w.binding = %s""",
                self.env["l10n_tn_edi.latch"]._database_identity(),
            )
        )
        if at:
            soon = fields.Datetime.now() + timedelta(seconds=1)
            self.env["l10n_tn_edi.document"]._wake_lane("deliver_webhooks", max(at, soon))

    @api.autovacuum
    def _gc_deliveries(self):
        """What waited too long is given up, and what is over is forgotten some time later."""
        now = fields.Datetime.now()
        self.search([("state", "=", "waiting"), ("create_date", "<", now - timedelta(days=WAIT_DAYS))]).write(
            {"state": "failed", "next_at": False, "reason_code": answers.TOO_OLD}
        )
        for state, days in (("delivered", KEEP_DELIVERED_DAYS), ("failed", KEEP_FAILED_DAYS)):
            self.search(
                [("state", "=", state), ("write_date", "<", now - timedelta(days=days))], limit=10000
            ).unlink()


def _deliver(call, url, body, event_id, key_id, key):
    """Sign and send one message.

    :return: (``answers.Outcome``, seconds).
    """
    began = time.monotonic()
    try:
        answer = call(signed_message(url, body, event_id, key_id, key))
        outcome = answers.of_status(answer.status, answer.body[:ANSWER_SHOWN].decode(errors="replace"))
    except OSError as error:
        problem = getattr(error, "problem", None)
        host = problem.params.get("host", "") if problem else ""
        outcome = answers.of_problem(problem.code if problem else None, host)
    except ValueError:
        outcome = answers.of_problem("network.bad_url")
    return outcome, time.monotonic() - began
