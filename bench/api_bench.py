"""Invoices pushed through the API by several clients at once while the queue deposits them.

    python bench/api_bench.py [--invoices 5000] [--clients 4] [--batch 100]

The clients are the documented example (docs/api/el_fatoora_client.py), against an Odoo server of several processes; cron
workers deposit at the sandbox meanwhile. At the end the lists of the clients, Odoo's invoices and the sandbox's ledger are
compared: each invoice is there once. The floor, in the same run: such invoices created and posted through the ORM, in one
process and without anybody else.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.live.harness import api, odoo, rpc, sandbox  # noqa: E402
from tests.live.harness import database as databases  # noqa: E402
from tests.live.harness.company import Company  # noqa: E402
from tests.live.harness.processes import ENV_DIR, SCRIPTS, run, wait_until  # noqa: E402

LINES = 5
FLOOR = 200
# Of the floor; the server, the clients, the queue, PostgreSQL and the sandbox share the machine meanwhile
LIMIT_RATIO = 4.0


class Load:
    """A company that takes invoices by the API, with its queue at work.

    :param ExitStack stack: ends what is started.
    :param str database: with the addon installed.
    :param int processes: of Odoo's server, and workers of its scheduled actions.
    """

    def __init__(self, stack, database, folder, processes=2, workers=1):
        self.database = database
        self.box = stack.enter_context(sandbox.Sandbox(folder / "sandbox", name=database))
        self.box.admin("POST", "/settings", {"schema_sample": 0.0, "verdict_delay": 0.5})
        self.server = stack.enter_context(
            odoo.HttpServer(database, options={"workers": processes, "limit_time_real": 600})
        ).start()
        admin = rpc.Session(self.server.url, database, "admin", "admin", timeout=600)
        self.company = Company(admin, self.box)
        api.switch_on(admin)
        self.key = api.make_key(admin)
        for number in range(workers):
            name = f"{database}-{number}"
            stack.enter_context(odoo.CronWorker(database, options=self.company.options(), name=name)).start()

    def push(self, invoices, clients, batch):
        """Push ``invoices`` by ``clients`` at once.

        :return: (list of (external id, Odoo's id) that the clients were told, list of problems, seconds).
        """
        module = api.client_module()
        made, problems, lock = [], [], threading.Lock()
        module.MOST_IN_BATCH = batch

        def client(number):
            mine = [
                api.invoice(f"LOAD-{n:06d}", LINES, 10 + n % 90) for n in range(number, invoices, clients)
            ]
            caller = module.Client(self.server.url, self.key, tries=10, timeout=600)
            for external_id, invoice, problem in caller.create_many(mine):
                with lock:
                    if invoice:
                        made.append((external_id, int(invoice["id"].removeprefix("inv_"))))
                    else:
                        problems.append((external_id, problem))

        began = time.monotonic()
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(client, range(clients)))
        return made, problems, time.monotonic() - began

    def push_same_again(self, count, batch):
        """A client that lost all answers begins anew, with other idempotency keys. Gives how many it was told are new."""
        module = api.client_module()
        module.MOST_IN_BATCH = batch
        caller = module.Client(self.server.url, self.key, tries=10, timeout=600)
        again = [api.invoice(f"LOAD-{n:06d}", LINES, 10 + n % 90) for n in range(count)]
        before = self._moves()
        list(caller.create_many(again))
        return len(self._moves()) - len(before)

    def _moves(self):
        return databases.query(
            self.database,
            "SELECT i.external_id, i.move_id, m.state, m.name FROM l10n_tn_edi_api_invoice i"
            " JOIN account_move m ON m.id = i.move_id WHERE i.external_id LIKE 'LOAD-%%'",
        )

    def settled(self, invoices, timeout):
        """Wait until the queue is through. Gives the seconds."""
        began = time.monotonic()

        def through():
            databases.wake_cron(self.database)
            [[count]] = databases.query(
                self.database, "SELECT count(*) FROM l10n_tn_edi_document WHERE live AND state = 'accepted'"
            )
            return count >= invoices

        wait_until(through, f"{invoices} documents are accepted", timeout=timeout, interval=1)
        return time.monotonic() - began

    def compare(self, made):
        """:return: list of what is lost or doubled between clients, Odoo and the sandbox; empty when nothing is."""
        moves = self._moves()
        deposits = Counter(row["number"] for row in self.company.deposits())
        [[all_moves]] = databases.query(
            self.database, "SELECT count(*) FROM account_move WHERE move_type = 'out_invoice'"
        )
        wrong = []
        for what, left, right in (
            ("told and there", sorted(made), sorted((name, move) for name, move, _state, _number in moves)),
            ("posted", {state for _name, _move, state, _number in moves}, {"posted"}),
            ("invoices in Odoo", all_moves, len(moves)),
            ("deposited once", deposits, Counter(number for _name, _move, _state, number in moves)),
        ):
            if left != right:
                wrong.append(f"{what}: {str(left)[:200]} / {str(right)[:200]}")
        return wrong


_FLOOR_SCRIPT = """
import time
values = [{
    "move_type": "out_invoice", "partner_id": %(customer)s, "invoice_date": "2026-01-15",
    "invoice_line_ids": [(0, 0, {"name": "Service", "quantity": 1, "price_unit": 100 + n, "tax_ids": [(6, 0, [%(tax)s])]})
                         for n in range(%(lines)s)],
} for _n in range(%(count)s)]
env["account.move"].create(values[:5]).action_post()
began = time.monotonic()
env["account.move"].create(values).action_post()
env.flush_all()
print("FLOOR", time.monotonic() - began)
env.cr.rollback()
"""


def _floor(load):
    """:return: milliseconds to create and post an invoice through the ORM, in one process and one transaction."""
    script = _FLOOR_SCRIPT % {
        "customer": load.company.customer,
        "tax": load.company.tax,
        "lines": LINES,
        "count": FLOOR,
    }
    path = ENV_DIR / "run" / f"{load.database}-floor.py"
    path.write_text(script, encoding="utf-8")
    try:
        command = f"{SCRIPTS / 'odoo'} shell -d {load.database} --no-http < {path}"
        output = run(["bash", "-c", command], timeout=600)
    finally:
        path.unlink()
    seconds = next(float(line.split()[1]) for line in output.splitlines() if line.startswith("FLOOR "))
    return 1000 * seconds / FLOOR


def measure(invoices=5000, clients=4, batch=100):
    """:return: dict of figures of one run."""
    name = f"bench_api_{os.getpid()}"
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        databases.build_base(name)
        stack.callback(databases.drop, name)
        load = Load(stack, name, Path(folder))
        floor = _floor(load)
        made, problems, seconds = load.push(invoices, clients, batch)
        again = load.push_same_again(min(invoices, batch), batch)
        rest = load.settled(len(made), timeout=120 + invoices)
        wrong = load.compare(made)
    each = 1000 * seconds / invoices
    right = not problems and not wrong and not again and len(made) == invoices
    return {
        "invoices": invoices,
        "lines": LINES,
        "clients": clients,
        "batch": batch,
        "made": len(made),
        "refused": problems[:5],
        "wrong": wrong,
        "made_when_pushed_again": again,
        "seconds": round(seconds, 1),
        "seconds_until_all_accepted": round(seconds + rest, 1),
        "ms_per_invoice": round(each, 1),
        "floor_ms_per_invoice": round(floor, 1),
        "ratio_to_floor": round(each / floor, 2),
        "right": right,
        "within_limit": right and each <= LIMIT_RATIO * floor,
    }


def show(result):
    """Print the figures."""
    print(
        f"api: {result['invoices']} invoices of {result['lines']} lines by {result['clients']} clients in batches of "
        f"{result['batch']}: {result['made']} in after {result['seconds']} s ({result['ms_per_invoice']} ms each, floor "
        f"{result['floor_ms_per_invoice']} ms, ratio {result['ratio_to_floor']}), all accepted after "
        f"{result['seconds_until_all_accepted']} s; "
        f"{'none lost, none doubled' if result['right'] else 'WRONG: ' + str(result['wrong'] or result['refused'])}"
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--invoices", type=int, default=5000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--batch", type=int, default=100)
    options = parser.parse_args()
    result = measure(options.invoices, options.clients, options.batch)
    show(result)
    print(json.dumps(result, indent=1))
    return 0 if result["within_limit"] else 1


if __name__ == "__main__":
    sys.exit(main())
