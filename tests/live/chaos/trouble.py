"""Trouble for the queue: faults at TTN, workers that die or stand still, a database that breaks, clocks that jump.

``Chaos.run`` makes it and ends when every document has its end, or when nothing has moved for so many lease periods: not
after a time, so that a busy machine only takes longer. Where nothing can happen before a timer, the clocks jump to it.
"""

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from urllib.error import HTTPError

import psycopg2

from tests.live.chaos.world import LEASE
from tests.live.harness import database as databases
from tests.live.harness.rpc import RpcError

#: Faults at TTN, as shares of the calls; several of a kind as a list.
FAULTS = {
    "timeout_before": {"operation": "saveEfact", "probability": 0.02, "params": {"seconds": 8}},
    "timeout_after": {"operation": "saveEfact", "probability": 0.02, "params": {"seconds": 8}},
    "reset_before": {"probability": 0.02},
    "reset_after": {"probability": 0.03},
    "reset_in_body": {"probability": 0.01},
    "silent_connect": {"probability": 0.005, "params": {"seconds": 4}},
    "slow_drip": {"probability": 0.005, "params": {"interval": 0.3, "chunk": 16}},
    "truncate": {"probability": 0.02},
    "gzip_bomb": {"probability": 0.005, "params": {"size": 64 << 20}},
    "html": {"probability": 0.02},
    "http_status": {"probability": 0.02},
    "redirect": {"probability": 0.01},
    "wrong_encoding": {"probability": 0.01},
    "text_without_id": {"probability": 0.03},
    "text_several_numbers": {"probability": 0.03},
    "fault_200": {"operation": "consultEfact", "probability": 0.01},
    "fault_after": {"probability": 0.02},
    "refuse": {"operation": "consultEfact", "probability": 0.01},
    # Before W is over, and long after
    "late_deposit": [
        {"probability": 0.03, "params": {"delay": 40}},
        {"probability": 0.01, "params": {"delay": 240}},
    ],
    "hidden": {"probability": 0.04, "params": {"until": 5, "gone_from": 8, "back_at": 40}},
    # Refused at once: the document, and the account
    "two_signatures": {"operation": "saveEfact", "probability": 0.01},
    "altered_file": {"operation": "saveEfact", "probability": 0.01},
    "wrong_login": {"operation": "saveEfact", "probability": 0.003},
    "late_verdict": {"probability": 0.02, "params": {"delay": 120}},
    "relay_double": {"probability": 0.02},
    "rejected_then_accepted": {"probability": 0.03, "params": {"after": 60}},
    "reject": {"probability": 0.03},
    "several_errors": {"probability": 0.02},
    "two_acceptances": {"probability": 0.01},
    "foreign_reference": {"probability": 0.01},
    "invalid_sigttn": {"probability": 0.02},
    "broken_content": {"probability": 0.01},
    "reserialised": {"probability": 0.04},
    "prefix_numbers": {"probability": 0.1},
    "foreign_deposit": {"probability": 0.05},
    "empty_answer": {"probability": 0.04},
}
#: Where workers die and stand still.
POINTS = (
    *("prepare.commit", "prepare.committed", "claim.commit", "claim.committed"),
    *("save.connect", "save.sent", "save.answer", "result.commit", "result.committed"),
    *("question.commit", "question.committed", "consult.connect", "consult.sent", "consult.answer"),
    *("lease.commit", "lease.committed", "hold.commit", "hold.committed", "asked.commit", "asked.committed"),
    *("sweep.commit", "sweep.committed", "release.commit", "release.committed"),
)
FINAL = ("accepted", "rejected", "to_decide", "conflict")
DAY = 86_400
_TICK = 0.5
#: Makes every lane due that no worker has in hand.
CALL_LANES = """
    UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' WHERE id IN (
        SELECT cron.id FROM ir_cron cron JOIN ir_act_server action ON action.id = cron.ir_actions_server_id
        WHERE action.code IN ('model._cron_submit()', 'model._cron_follow()') FOR UPDATE OF cron SKIP LOCKED)
"""
#: Seconds without any change after which nothing but a timer is awaited, when no call can be on its way.
_QUIET = 3.0
#: Seconds for which a second copy deposits at most: it finds hundreds of documents that the first one deposits as well.
_COPY_AT_WORK = 120
#: Seconds for which it compares before, at most, and one more for each document: one answer in four is lost.
_COPY_COMPARES = 120
#: Seconds without any question after which it has nothing more to do: a comparison that broke off is tried again sooner.
_COPY_QUIET = 40.0
#: So often is the web server asked to post: each connection that it lost may cost it one answer.
_POST_TURNS = 8
#: So many jumps of the clocks without a document that moves, and it is over.
_PATIENCE = 30
#: So many, and the next event comes all the same: a stopped queue and a comparison that is due go on after fewer.
_NEXT_EVENT_AFTER = 10
#: Seconds for which the clocks jump at least when no event is to come: what is in doubt is asked about for a day.
_LEAST_AT_THE_END = 3600


class Chaos:
    """:param world: a ``World`` whose company has posted ``moves``.

    ``left_out`` lists the events that did not come and the traps that nobody sprang; ``hits`` counts how often each kind of
    fault struck; ``forgotten`` is the number of invoices that a restored database does not have any more.

    :param moves: ids of invoices.
    :param events: names of methods of this class, in their order; each comes when some more documents have moved.
    :param int seed: of every choice that is made here.
    :param float share: of the ticks at which a worker dies, and at which one stands still.
    :param bool surely: each fault strikes once at least, by the number of the call, however few calls there are by its share.
    :param tell: called with a line about how far it is, once a minute and at each event.
    """

    def __init__(
        self, world, moves, *, events=(), seed=1, share=0.01, faults=FAULTS, surely=False, tell=None
    ):
        self.world, self.moves = world, list(moves)
        self.random, self.share, self.faults, self.surely = random.Random(seed), share, faults, surely
        self.events = list(events)
        self.between = max(1, len(moves) // (len(events) + 1))
        self.still_for = LEASE + 1
        # An account goes on depositing; only later deposits tell whether an earlier one is absent.
        self.further = 5
        self.happened = Counter()
        self.left_out, self.hits = [], Counter()
        self.forgotten = 0
        self._open_since = {}
        self._picture, self._changed_at = None, time.monotonic()
        self._moved_at = self._changed_at  # jumps of the clocks not counted
        self._jumps, self._least_jump = 0, 0
        self._tell, self._began, self._told_at = tell, time.monotonic(), 0.0

    def run(self, days=2):
        """Make trouble until everything has its end; then some quiet days pass."""
        self._least_jump = _LEAST_AT_THE_END
        self.switch_faults_on()
        self.go(lambda: not self.events and not self.world.waiting_traps() and not self.unfinished())
        self.left_out = [*self.events, *self.world.waiting_traps()]
        self.events.clear()
        self.world.remove_traps()
        for fault in self.world.ttn.admin("GET", "/faults")["faults"]:
            self.hits[fault["kind"]] += fault["hits"]
        self.world.ttn.admin("DELETE", "/faults")
        self.share = 0.0
        # Later deposits that are visible are what tells an absence; of a restored database the first numbers are at TTN.
        self.post(self.forgotten + 3)
        self.go(lambda: not self.unfinished())
        for _day in range(days):
            self._jump(DAY + 3600)
            self.go(lambda: self._is_at_rest())
        self.world.kill_hosts()

    def switch_faults_on(self):
        faults = [
            (kind, values)
            for kind, several in self.faults.items()
            for values in (several if isinstance(several, list) else [several])
        ]
        for number, (kind, values) in enumerate(faults):
            seed = f"{self.random.random()}{number}"
            self.world.ttn.admin("POST", "/faults", {"kind": kind, "seed": seed, **values})
            if self.surely:
                certain = {name: value for name, value in values.items() if name != "probability"}
                self.world.ttn.admin("POST", "/faults", {"kind": kind, "nth": 5 * number + 1, **certain})

    def post(self, count):
        """Post further invoices; the web server forgets who asks when it meets a connection that is gone."""
        for turn in range(_POST_TURNS):
            try:
                self.moves += self.world.company.post_invoices(count)
                return
            except (HTTPError, RpcError) as error:
                # Drafts may be left behind: they have no document
                self.happened["the web server lost its connection"] += 1
                if turn + 1 == _POST_TURNS:
                    raise AssertionError(f"{error}\n{self.world.server.log(100)}") from error
                time.sleep(_TICK)
                with suppress(HTTPError, RpcError):
                    self.world.company.admin = self.world.log_in()

    def unfinished(self):
        """:return: rows (id, state) of the documents that have no end and are not for a human to look at."""
        return self.world.query(
            "SELECT id, state FROM l10n_tn_edi_document WHERE live AND NOT hold AND state <> ALL(%s)",
            list(FINAL),
        )

    # --- The clockwork ---------------------------------------------------------------------------------------------

    def go(self, is_over):
        """Let the world go on until ``is_over()``, or nothing moves any more."""
        self._jumps = 0
        self._changed_at = self._moved_at = time.monotonic()
        woken = moved_at = 0
        while True:
            time.sleep(_TICK)
            self._keep_hosts()
            try:
                moved = self._look()
                if is_over():
                    return
                stuck = self._is_stuck()
                if self.events and (
                    moved >= moved_at + self.between or (stuck and self._jumps >= _NEXT_EVENT_AFTER)
                ):
                    moved_at = moved
                    self._next_event()
                elif self.events and stuck and all(state == "unknown" for _id, state in self.unfinished()):
                    # An event that meets nothing on its way proves nothing; what is asked about for hours is in no hurry.
                    self.post(self.between)
                    self._wake()
                elif stuck and self._jumps >= _PATIENCE:
                    return
                elif stuck and self._jumps % 6 == 5 and self.further:
                    self.further -= 1
                    self.post(3)
                    self._jumps += 1
                elif stuck:
                    self._jump(self._until_next())
                elif time.monotonic() - woken > 1:
                    woken = time.monotonic()
                    self._wake()
            except psycopg2.OperationalError:
                self.happened["the test lost its connection"] += 1

    def _look(self):
        """Notice what has changed.

        :return: how many steps all documents have made together.
        """
        rows = self.world.query(
            "SELECT id, state, attempt_count, poll_count, next_at FROM l10n_tn_edi_document ORDER BY id"
        )
        now = time.monotonic()
        if rows != self._picture:
            if not self._picture or [r[:3] for r in rows] != [r[:3] for r in self._picture]:
                self._jumps = 0
            self._picture, self._changed_at, self._moved_at = rows, now, now
        if self._tell and now - self._told_at > 60:
            self._report("")
        calls = self.world.query("SELECT id FROM l10n_tn_edi_exchange WHERE finished_at IS NULL")
        self._open_since = {call: self._open_since.get(call, now) for (call,) in calls}
        return sum(row[1] not in ("to_send", "to_sign", "signed") for row in rows)

    def _is_stuck(self):
        """:return: whether nothing can happen before a timer: no worker is at work, no call can be on its way."""
        now = time.monotonic()
        if now - self._changed_at < _QUIET or any(host.still() for host in self.world.hosts):
            return False
        # A call without an answer: its worker died, or it ends by itself within this time.
        return all(now - since > LEASE for since in self._open_since.values())

    def _is_at_rest(self):
        due = self.world.query(
            "SELECT 1 FROM l10n_tn_edi_document WHERE live AND NOT hold AND next_at <= now() AT TIME ZONE 'UTC' LIMIT 1"
        )
        return not due and not self.unfinished() and time.monotonic() - self._moved_at > LEASE

    def _until_next(self):
        """:return: seconds to the next timer of a document; longer the longer nothing comes of it."""
        [[seconds]] = self.world.query(
            "SELECT extract(epoch FROM min(next_at) - now() AT TIME ZONE 'UTC') FROM l10n_tn_edi_document"
            " WHERE live AND NOT hold AND state <> ALL(%s)",
            list(FINAL),
        )
        least = 0 if self.events or seconds is None else self._least_jump
        return max(float(seconds or 0), 30 * self._jumps**2, least) + 2

    def _jump(self, seconds):
        self.happened["clocks jumped"] += 1
        self._jumps += 1
        self.world.let_pass(seconds)
        time.sleep(1.1)  # libfaketime looks once a second
        self._wake()
        self._changed_at = time.monotonic()

    def _wake(self):
        """Wake the workers, which sleep for up to a minute by themselves."""
        if any(host.still() for host in self.world.hosts):
            # The lane of a worker that stands still may be the one that was woken; the others look every few minutes only.
            self.world.query(CALL_LANES)
        databases.wake_cron(self.world.database)

    def _keep_hosts(self):
        """Start the dead hosts; wake the processes that stood still beyond their lease; kill and stop some by chance."""
        for host in self.world.hosts:
            if not host.running:
                host.kill()  # what its master left behind
                host.start()
            self.happened["stood still beyond the lease"] += host.go_on(self.still_for)
            for number, what in ((signal.SIGKILL, "killed"), (signal.SIGSTOP, "stopped")):
                children = host.children()
                if children and self.random.random() < self.share:
                    with suppress(ProcessLookupError):
                        os.kill(self.random.choice(children), number)
                        self.happened[what] += 1

    def _report(self, what):
        self._told_at = time.monotonic()
        states = ", ".join(
            f"{count} {state}" for state, count in Counter(row[1] for row in self._picture).items()
        )
        traps = len(self.world.waiting_traps())
        self._tell(f"{self._told_at - self._began:6.0f} s: {states}; {traps} traps wait  {what}".rstrip())

    # --- Events ----------------------------------------------------------------------------------------------------

    def _next_event(self):
        if self.events:
            name = self.events.pop(0)
            if self._tell:
                self._report(name.replace("_", " "))
            try:
                getattr(self, name)()
            except psycopg2.OperationalError as error:
                raise AssertionError(f"{name} broke off") from error
            self.happened[name.replace("_", " ")] += 1
            self._jumps, self._changed_at = 0, time.monotonic()

    def connections_cut(self):
        databases.cut_connections(self.world.database)

    def database_stopped_at_once(self):
        self.world.break_database()

    def host_powered_off(self):
        self.random.choice(self.world.hosts).kill()

    def ttn_restarted(self):
        self.world.ttn.kill()
        self.world.ttn.start()

    def clock_ahead(self):
        """By an hour, in the middle of whatever is going on; TTN's own clock goes right."""
        self.world.move_clocks(3600)

    def clock_back(self):
        self.world.move_clocks(-1800)

    def backup(self):
        self.world.back_up()

    def restore(self):
        """The database is as it was at the backup; what was deposited since, it does not know."""
        self.world.restore()
        rows = self.world.query("SELECT move_id FROM l10n_tn_edi_document")
        self.forgotten += len(self.moves) - len(rows)
        self.moves = [move for (move,) in rows]

    def second_copy(self):
        """The backup runs as a second database beside the first one, for some minutes or until it has nothing more to do."""
        with self.world.copy_at_work(processes=2) as name:
            [[inherited]] = databases.query(name, "SELECT coalesce(max(id), 0) FROM l10n_tn_edi_exchange")
            deposits = (
                f"SELECT 1 FROM l10n_tn_edi_exchange WHERE operation = 'save' AND id > {inherited} LIMIT 1"
            )
            before, quiet_since, at_work = None, time.monotonic(), False
            until = quiet_since + _COPY_COMPARES + len(self.moves)
            while time.monotonic() < min(until, quiet_since + _COPY_QUIET):
                time.sleep(1)
                databases.wake_cron(name)
                databases.wake_cron(self.world.database)
                if not at_work and databases.query(name, deposits):
                    at_work, until = True, time.monotonic() + _COPY_AT_WORK
                rows = databases.query(
                    name,
                    "SELECT id, state, attempt_count, (SELECT max(id) FROM l10n_tn_edi_exchange)"
                    " FROM l10n_tn_edi_document ORDER BY id",
                )
                if rows != before:
                    before, quiet_since = rows, time.monotonic()
