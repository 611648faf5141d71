"""The queue through real cron workers: invoices of 20 lines, from posted to accepted, against the sandbox.

    python bench/queue_bench.py [--count 1000,10000] [--workers 1,2,4] [--latency 0,0.5] [--profile FILE]

Every measurement gets a copy of one database of posted invoices, a sandbox of its own, and workers that were started
before the first document is due. Documents per second are counted from the first end to the last: nothing can have one
before, for TTN is asked five seconds after a deposit at the earliest. Own CPU is that of the workers' processes (user and
system, from /proc), TLS and the check of TTN's signatures included; what PostgreSQL and the sandbox take of the same
machine stands beside it. The sandbox checks no schema here: it would take most of a machine with two cores.
"""

import argparse
import itertools
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import copies  # noqa: E402
from tests.live.harness import database as databases  # noqa: E402
from tests.live.harness import odoo, rpc, sandbox  # noqa: E402
from tests.live.harness.company import Company  # noqa: E402
from tests.live.harness.probe import Probe  # noqa: E402
from tests.live.harness.processes import ENV_DIR, wait_until  # noqa: E402

LINES = 20
# So many invoices are posted through Odoo; more are copies of their rows, which takes seconds instead of half an hour.
POSTED = 500
WARM_UP = 10
# Of one worker; and how much worse a document may become where there are ten times as many
LIMITS = {"cpu_ms": 30.0, "documents_per_second": 25.0, "growth": 1.15, "memory_mib": 64}
ENDS = "('accepted', 'rejected', 'to_decide', 'error')"


class Workload:
    """A database with ``count`` posted invoices that nobody has looked at yet, and the state of their sandbox."""

    def __init__(self, folder, count):
        self.folder, self.count = folder, count
        self.base = f"bench_base_{os.getpid()}"
        self.state = folder / "sandbox"

    def __enter__(self):
        databases.build_base(self.base)
        with ExitStack() as stack:
            box = stack.enter_context(sandbox.Sandbox(self.state, name=f"bench-sandbox-{os.getpid()}"))
            box.admin("POST", "/settings", {"schema_sample": 0.0, "verdict_delay": 0.5})
            # However long posting takes
            server = stack.enter_context(odoo.HttpServer(self.base, options={"limit_time_real": 0})).start()
            admin = rpc.Session(server.url, self.base, "admin", "admin", timeout=300)
            company = Company(admin, box)
            for start in range(0, min(self.count, POSTED), 100):
                self._post(admin, company, min(100, self.count - start))
            self.options = company.options()
        copies.fill_up(self.base, self.count)
        databases.query(self.base, "UPDATE l10n_tn_edi_document SET next_at = NULL")
        databases.query(self.base, "UPDATE l10n_tn_edi_account SET swept_at = now() at time zone 'UTC'")
        databases.query(self.base, "DELETE FROM ir_cron_trigger")
        databases.query(self.base, "UPDATE ir_cron SET nextcall = now() + interval '1 day'")
        databases.query(self.base, "ANALYZE")
        return self

    def _post(self, admin, company, count):
        line = {"name": "Service", "quantity": 1, "tax_ids": [(6, 0, [company.tax])]}
        values = {
            "move_type": "out_invoice",
            "partner_id": company.customer,
            "invoice_date": "2026-01-15",
            "invoice_line_ids": [(0, 0, {**line, "price_unit": 100 + n}) for n in range(LINES)],
        }
        moves = admin.call("account.move", "create", [values] * count)
        admin.call("account.move", "action_post", moves)

    def __exit__(self, *_exception):
        databases.drop(self.base)


def run(load, *, workers=1, latency=0.0, verdict=True, warm_up=True, profile=None):
    """One measurement.

    :param Workload load: what is to be deposited.
    :param int workers: processes, each running one scheduled action at a time.
    :param float latency: seconds that the sandbox adds to every answer.
    :param bool verdict: until everything is accepted; False: until everything is submitted.
    :param bool warm_up: let the workers do some documents before; what is measured are the others.
    :param profile: file for the profile of the (one) worker.
    :return: dict of figures.
    """
    name = f"bench_{os.getpid()}_{time.monotonic_ns() % 10**8}"
    state = load.folder / name
    shutil.copytree(load.state, state)
    wanted = ENDS if verdict else "('submitted', 'accepted', 'rejected', 'to_decide', 'error')"
    with ExitStack() as stack:
        databases.clone(load.base, name)
        stack.callback(shutil.rmtree, state, ignore_errors=True)
        stack.callback(databases.drop, name)
        box = stack.enter_context(sandbox.Sandbox(state, name=name))
        box.admin("POST", "/settings", {"latency": latency})
        databases.query(name, "UPDATE res_company SET l10n_tn_edi_test_url = %s", box.endpoint)
        probes = [Probe(load.folder / f"{name}-{n}.json", profile) for n in range(workers)]
        running = [
            stack.enter_context(
                odoo.CronWorker(
                    name,
                    options={**load.options, "l10n_tn_edi_ca_file": box.info["ca_file"], **probe.options()},
                    name=f"{name}-{n}",
                    env=probe.environment(),
                )
            ).start()
            for n, probe in enumerate(probes)
        ]
        if warm_up:
            _warm_up(name, len(running))
        before = [
            (probe.cpu(worker.pid), probe.counters()) for probe, worker in zip(probes, running, strict=True)
        ]
        sandbox_before, postgres_before = probes[0].cpu(box.pid), _postgres_cpu()
        [[count]] = databases.query(name, "SELECT count(*) FROM l10n_tn_edi_document WHERE state = 'to_send'")
        _make_due(name)
        began = time.monotonic()
        ends = []  # (moment, documents without an end), from the first end on

        def left():
            [[left]] = databases.query(
                name, f"SELECT count(*) FROM l10n_tn_edi_document WHERE live AND state NOT IN {wanted}"
            )
            if left < count:
                ends.append((time.monotonic(), left))
            return left

        wait_until(lambda: not left(), "everything has its end", timeout=60 + count * 0.5, interval=0.2)
        seconds = time.monotonic() - began
        (first, at_first), (last, _none) = ends[0], ends[-1]
        cpu = [probe.cpu(worker.pid) - b[0] for probe, worker, b in zip(probes, running, before, strict=True)]
        sandbox_cpu = probes[0].cpu(box.pid) - sandbox_before
        postgres_cpu = _postgres_cpu() - postgres_before
        load_average = os.getloadavg()[0]
        time.sleep(0.5)
        counters = [probe.counters() for probe in probes]
        if profile:
            time.sleep(25)
        [[good]] = databases.query(
            name, "SELECT count(*) FROM l10n_tn_edi_document WHERE state IN ('submitted', 'accepted')"
        )
        good -= load.count - count
    return {
        "workers": workers,
        "latency": latency,
        "until": "accepted" if verdict else "submitted",
        "documents": count,
        "good": good,
        "seconds": round(seconds, 1),
        "documents_per_second": round(at_first / (last - first) if last > first else count / seconds, 1),
        "cpu_ms": round(1000 * sum(cpu) / count, 1),
        "sandbox_cpu_ms": round(1000 * sandbox_cpu / count, 1),
        "postgres_cpu_ms": round(1000 * postgres_cpu / count, 1),
        "load_average": round(load_average, 1),
        "cpu_ms_of": _steps(counters, [b[1] for b in before], count),
        "sql": round(sum(c["sql"] - b[1]["sql"] for c, b in zip(counters, before, strict=True)) / count, 1),
        "memory_mib": round(max(c["highest"] for c in counters)),
        "memory_grown_mib": round(
            max(c["highest"] - b[1]["memory"] for c, b in zip(counters, before, strict=True))
        ),
    }


def _postgres_cpu():
    """:return: seconds of processor time of the project's PostgreSQL cluster so far, ended backends included."""
    postmaster = int((ENV_DIR / "pg" / "data" / "postmaster.pid").read_text().split()[0])
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, parent, *fields = _stat(stat)
        except OSError:
            continue  # ended meanwhile
        if pid == postmaster:
            ticks += sum(fields)
        elif parent == postmaster:
            ticks += sum(fields[:2])
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(path):
    """:return: (process, its parent, user and system time, both of its ended children), times in ticks."""
    head, _paren, tail = path.read_text().rpartition(")")
    fields = tail.split()
    return int(head.split()[0]), int(fields[1]), *map(int, fields[11:15])


def _steps(after, before, count):
    """:return: dict of steps to milliseconds of processor time per document, all workers together."""
    names = sorted({step for counters in after for step in counters["steps"]})
    return {
        step: round(
            1000
            * sum(
                late["steps"].get(step, 0.0) - early["steps"].get(step, 0.0)
                for late, early in zip(after, before, strict=True)
            )
            / count,
            1,
        )
        for step in names
    }


def _warm_up(name, workers):
    """Let every worker do a few documents: the schema is compiled, TTN's service description read, caches filled."""
    for _worker in range(workers):
        _make_due(name, WARM_UP)
        wait_until(
            lambda: (
                not databases.query(
                    name,
                    "SELECT 1 FROM l10n_tn_edi_document WHERE state <> 'accepted' AND next_at IS NOT NULL LIMIT 1",
                )
            ),
            "the first documents have their end",
            timeout=90,
            interval=0.2,
        )
    wait_until(
        lambda: (
            not databases.query(
                name,
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query ~ 'ir_cron' AND state ~ 'idle in'",
            )
        ),
        "the workers are idle",
        timeout=60,
        interval=0.2,
    )


def _make_due(name, limit=10**6):
    """Make documents due that nobody has looked at yet, and wake the workers."""
    databases.query(
        name,
        "UPDATE l10n_tn_edi_document SET next_at = now() at time zone 'UTC' WHERE id IN"
        " (SELECT id FROM l10n_tn_edi_document WHERE state = 'to_send' AND next_at IS NULL ORDER BY id LIMIT %s)",
        limit,
    )
    databases.query(
        name,
        "UPDATE ir_cron SET nextcall = now() at time zone 'UTC' - interval '1 minute' WHERE id IN (SELECT cron.id"
        " FROM ir_cron cron JOIN ir_act_server action ON action.id = cron.ir_actions_server_id"
        " WHERE action.code IN ('model._cron_submit()', 'model._cron_follow()') FOR UPDATE OF cron SKIP LOCKED)",
    )
    databases.wake_cron(name)


def measure(counts=(1000, 10000), workers=(1, 2, 4), latencies=(0.0, 0.5), profile=None):
    """:return: dict with the figures of every measurement, and ``within_limit``."""
    rows = []
    for count in counts:
        with tempfile.TemporaryDirectory() as folder, Workload(Path(folder), count) as load:
            plan = [{"verdict": False, "profile": profile}]
            if not profile:
                plan += [{"workers": n, "latency": latency} for n in workers for latency in latencies]
            for step in plan:
                rows.append(run(load, **step))
                # The long form takes an hour: what is measured is told at once, whatever happens to the rest.
                print(f"measured: {json.dumps(rows[-1])}", file=sys.stderr, flush=True)
    wrong = _exceeded(rows)
    return {
        "limits": LIMITS,
        "cores": os.cpu_count(),
        "rows": rows,
        "exceeded": wrong,
        "within_limit": not wrong,
    }


def _exceeded(rows):
    """:return: list of sentences, one for each limit that a measurement does not keep."""
    wrong = []
    for row in rows:
        if row["good"] != row["documents"]:
            wrong.append(f"{_name(row)}: only {row['good']} are good")
        if row["workers"] == 1 and row["cpu_ms"] > LIMITS["cpu_ms"]:
            wrong.append(f"{_name(row)}: {row['cpu_ms']} ms")
        if row["workers"] == 1 and row["documents_per_second"] < LIMITS["documents_per_second"]:
            wrong.append(f"{_name(row)}: {row['documents_per_second']} documents/s")
    for few, many in itertools.combinations(rows, 2):
        same = all(few[name] == many[name] for name in ("workers", "latency", "until"))
        if same and few["documents"] < many["documents"]:
            for name in ("cpu_ms", "sql"):
                if many[name] > few[name] * LIMITS["growth"]:
                    wrong.append(f"{_name(many)}: {name} {few[name]} of few documents, {many[name]} of many")
            # A process that has just begun still fills its caches: the same with many documents as with few is flat.
            if many["memory_mib"] > few["memory_mib"] + LIMITS["memory_mib"]:
                wrong.append(
                    f"{_name(many)}: {few['memory_mib']} MiB with few, {many['memory_mib']} with many"
                )
    return wrong


def _name(row):
    return (
        f"{row['documents']} until {row['until']}, {row['workers']} worker(s), latency {row['latency']:g} s"
    )


def show(result):
    """Print what ``measure`` gave, one line a measurement."""
    print(
        f"\nqueue: invoices of {LINES} lines through real workers on {result['cores']} cores; CPU, SQL per document"
    )
    for row in result["rows"]:
        print(
            f"  {row['until']:<9} {row['workers']} worker(s), latency {1000 * row['latency']:4.0f} ms:"
            f" {row['good']}/{row['documents']} good in {row['seconds']:.0f} s,"
            f" {row['documents_per_second']:5.1f} documents/s,"
            f" {row['cpu_ms']:5.1f} ms CPU, {row['sql']:5.1f} SQL, {row['memory_mib']} MiB"
            f" ({row['memory_grown_mib']:+d}); PostgreSQL {row['postgres_cpu_ms']:.1f} ms,"
            f" sandbox {row['sandbox_cpu_ms']:.1f} ms, load {row['load_average']:g}"
        )
        print("            ", ", ".join(f"{step} {took:.1f}" for step, took in row["cpu_ms_of"].items()))
    limits = result["limits"]
    print(
        f"  limits: {limits['cpu_ms']:g} ms CPU and {limits['documents_per_second']:g} documents/s with one worker;"
        f" CPU and SQL of ten times as many at most {limits['growth']:g} times;"
        f" {limits['memory_mib']} MiB more: {'kept' if result['within_limit'] else 'EXCEEDED'}"
    )
    for sentence in result["exceeded"]:
        print(f"    EXCEEDED by {sentence}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", default="1000", help="for example 1000,10000")
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--latency", default="0,0.5")
    parser.add_argument(
        "--profile", help="only the first measurement, with a profile of the worker in this file"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(
        [int(n) for n in options.count.split(",")],
        [int(n) for n in options.workers.split(",")],
        [float(n) for n in options.latency.split(",")],
        options.profile,
    )
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        show(result)
    return 0 if result["within_limit"] else 1


if __name__ == "__main__":
    sys.exit(main())
