"""Everything at once: faults at TTN, workers that are killed or stand still, connections cut, clocks that jump.

``Chaos`` drives it, ``verdict`` compares what the database believes with what the sandbox has in its ledger.
"""

import json
import random
import signal
import time
from collections import Counter

from tests.live.harness import database as databases
from tests.live.harness.odoo import CronWorker
from tests.live.harness.probe import probe_options

LEASE, CALL = 12, 4
#: Share of the calls that each fault strikes.
FAULTS = {
    "timeout_before": {"operation": "saveEfact", "probability": 0.03, "params": {"seconds": 6}},
    "timeout_after": {"operation": "saveEfact", "probability": 0.03, "params": {"seconds": 6}},
    "reset_before": {"probability": 0.03},
    "reset_after": {"probability": 0.04},
    "truncate": {"probability": 0.03},
    "html": {"probability": 0.02},
    "http_status": {"probability": 0.02},
    "text_without_id": {"probability": 0.03},
    "text_several_numbers": {"probability": 0.03},
    "fault_after": {"probability": 0.03},
    "late_deposit": {"probability": 0.03, "params": {"delay": 20}},
    "hidden": {"probability": 0.05, "params": {"until": 20}},
    "rejected_then_accepted": {"probability": 0.03, "params": {"after": 5}},
    "reserialised": {"probability": 0.05},
    "reject": {"probability": 0.03},
    "prefix_numbers": {"probability": 0.1},
    "empty_answer": {"probability": 0.05},
}
POINTS = ("commit", "committed", "connect", "sent", "answer")
FINAL = ("accepted", "rejected", "to_decide", "conflict")


class Chaos:
    """:param company: the ``Company`` whose invoices are deposited.

    :param moves: ids of its posted invoices.
    :param int workers: processes that run scheduled actions.
    :param float share: how often a failpoint strikes.
    :param str mutation: a rule of the protocol to switch off.
    :param int later: further invoices, posted while the first ones are on their way.
    """

    def __init__(
        self, company, moves, start, *, workers=2, share=0.004, mutation="", faults=FAULTS, later=0, seed=1
    ):
        self.company, self.moves, self._start = company, moves, start
        self.count, self.share, self.mutation, self.faults = workers, share, mutation, faults
        self.later = later
        self.random = random.Random(seed)
        self.workers = []
        self.happened = Counter()

    def run(self, seconds):
        """Make trouble until everything has its end, at most for ``seconds``; the last third is quiet."""
        databases.query(
            self.company.database,
            "UPDATE res_company SET l10n_tn_edi_absence_minutes = 1, l10n_tn_edi_auto_resend = true,"
            " l10n_tn_edi_breaker_percent = 99",
        )
        for kind, values in self.faults.items():
            self.company.ttn.admin(
                "POST", "/faults", {"kind": kind, "seed": str(self.random.random()), **values}
            )
        began = time.monotonic()
        quiet = False
        while time.monotonic() - began < seconds and self.open_documents():
            if not quiet and time.monotonic() - began > seconds * 2 / 3:
                quiet = True
                self.company.ttn.admin("DELETE", "/faults")
            self._keep_workers(quiet)
            if self.later and all(
                state not in ("to_send", "to_sign", "signed") for state in self.open_documents()
            ):
                self.moves += self.company.post_invoices(self.later)
                self.later = 0
            if not quiet and self.random.random() < 0.1:
                self._cut_connections()
            self._let_time_pass(20)
            databases.wake_cron(self.company.database)
            time.sleep(1)
        for worker, _since in self.workers:
            worker.kill()
        # TTN's clock goes on: every verdict is there.
        self._let_time_pass(600)

    def open_documents(self):
        return [state for state in self.company.states(self.moves) if state not in FINAL]

    def _keep_workers(self, quiet):
        """Start the missing workers; wake those that stood still beyond their lease; kill one by chance."""
        alive = []
        for worker, stopped_since in self.workers:
            if not worker.running:
                self.happened["killed"] += 1
                continue
            state = _state_of(worker.pid)
            if state == "T":
                stopped_since = stopped_since or time.monotonic()
                if time.monotonic() - stopped_since > LEASE + 2:
                    self.happened["stood still"] += 1
                    worker.signal(signal.SIGCONT)
                    stopped_since = None
            elif not quiet and self.random.random() < 0.02:
                worker.kill()
                self.happened["killed"] += 1
                continue
            alive.append((worker, stopped_since))
        self.workers = alive
        while len(self.workers) < self.count:
            self.workers.append((self._start(self._worker(quiet)), None))

    def _worker(self, quiet):
        variables = {"EDI_PROBE_SECONDS": f"{LEASE}:{CALL}"}
        if not quiet:
            variables["EDI_PROBE_FAIL"] = ",".join(
                f"{point}:{self.share}:{action}" for point in POINTS for action in ("kill", "stop")
            )
        if self.mutation:
            variables["EDI_PROBE_MUTATION"] = self.mutation
        options = {**self.company.options(), **probe_options()}
        return CronWorker(self.company.database, threads=2, options=options, env=variables)

    def _cut_connections(self):
        self.happened["connections cut"] += 1
        databases.query(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            self.company.database,
        )

    def _let_time_pass(self, seconds):
        """Both clocks jump: TTN's by the sandbox, ours by moving the past of everything that is not on its way."""
        self.company.ttn.admin("POST", "/clock", {"advance": seconds})
        databases.query(
            self.company.database,
            "UPDATE l10n_tn_edi_document SET"
            " lease_until = lease_until - make_interval(secs => %(s)s),"
            " submitted_at = submitted_at - make_interval(secs => %(s)s),"  # the same moment at TTN as before
            " next_at = next_at - make_interval(secs => %(s)s),"
            " absences = (SELECT jsonb_agg(moment::text::float - %(s)s) FROM jsonb_array_elements(absences) moment)"
            " WHERE id IN (SELECT id FROM l10n_tn_edi_document WHERE state <> 'sending' FOR UPDATE SKIP LOCKED)".replace(
                "%(s)s", str(int(seconds))
            ),
        )
        databases.query(
            self.company.database,
            # A worker that stands still keeps its rows locked.
            "UPDATE ir_cron SET nextcall = now() at time zone 'UTC' WHERE id IN (SELECT cron.id FROM ir_cron cron"
            " JOIN ir_act_server action ON action.id = cron.ir_actions_server_id"
            " WHERE action.code IN ('model._cron_submit()', 'model._cron_follow()') FOR UPDATE OF cron SKIP LOCKED)",
        )


def verdict(company, moves):
    """:return: (Counter of the documents' states, list of what must not be: one sentence each)."""
    deposits = company.ttn.admin("GET", "/deposits?limit=10000")["deposits"]
    rows = databases.query(
        company.database,
        "SELECT number, state, reference, signature_value, id FROM l10n_tn_edi_document WHERE live AND move_id = ANY(%s)",
        moves,
    )
    wrong = []
    for number, state, reference, signature, _key in rows:
        ours = [deposit for deposit in deposits if deposit["number"] == number]
        accepted = {deposit["reference"] for deposit in ours if deposit["reference"]}
        if state not in FINAL:
            wrong.append(f"{number} has no end: {state}")
        if len(ours) > 1 and state not in ("to_decide", "conflict"):
            wrong.append(f"{number} was deposited {len(ours)} times and is {state}")
        if accepted and state not in ("accepted", "conflict", "to_decide"):
            wrong.append(f"{number} is accepted by TTN and is {state}")
        if state in ("accepted", "conflict"):
            mine = {
                deposit["reference"]
                for deposit in ours
                if "".join(deposit["signature_value"].split()) == "".join((signature or "").split())
            }
            if reference not in mine:
                wrong.append(f"{number} is accepted under {reference}, which is not TTN's for it")
    known = {(row[0]) for row in rows}
    wrong += [f"{d['number']} was deposited by nobody" for d in deposits if d["number"] not in known]
    return Counter(row[1] for row in rows), wrong


def _state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stream:
        return stream.read().rpartition(")")[2].split()[0]


def report(chaos, counted, wrong):
    """One line for people."""
    rows = json.loads(chaos.company.ttn.command("ledger", "--json"))
    faults = Counter(fault for row in rows for fault in row["faults"])
    return json.dumps({"states": counted, "happened": chaos.happened, "faults": faults, "wrong": wrong[:10]})
