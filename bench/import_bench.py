"""Invoices from a workbook through a real cron worker: the template filled by a script, some of it wrong, then corrected.

    python bench/import_bench.py [--invoices 2000] [--wrong 60]

Each invoice has 5 lines: 10,000 rows, over which the worker's memory must stay flat. What is wrong is wrong in 15 ways. The
journal of errors is corrected by a script too and imported again: everything must be in then, nothing twice.
"""

import argparse
import base64
import io
import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from openpyxl import Workbook, load_workbook

ROOT = Path(__file__).resolve().parents[1]
for folder in (ROOT / "l10n_tn_edi_ttn", ROOT):
    sys.path.insert(0, str(folder))

from spreadsheet.columns import COLUMNS  # noqa: E402
from spreadsheet.template import make_template  # noqa: E402

from tests.live.harness import database as databases  # noqa: E402
from tests.live.harness import odoo, rpc, sandbox  # noqa: E402
from tests.live.harness.company import Company  # noqa: E402
from tests.live.harness.processes import wait_until  # noqa: E402

LINES = 5
LIMIT_SECONDS_PER_1000 = 180
#: Between the first quarter of the file and the one that has most.
LIMIT_GROWTH_MIB = 64
#: Fifteen ways to be wrong: values of the first row of an invoice.
FAULTS = (
    {"date": "le quinze mars"},
    {"date": None},
    {"price": "1,23,4"},
    {"price": -3},
    {"vat": 20},
    {"type": "Devis"},
    {"discount": 150},
    {"city": "x" * 60},
    {"identifier": "12AB"},
    {"identifier": "7654321AAM000"},
    {"country": "Atlantide"},
    {"currency": "XXX"},
    {"rib": "123"},
    {"due_date": "01/01/2026"},
    {"total": 1},
)


def rows(count, wrong):
    """:return: list of dicts by column key; ``wrong`` of the invoices, spread out, have a fault."""
    every = count // wrong if wrong else count + 1
    result = []
    for number in range(count):
        first = {
            "number": f"F-{number:06d}",
            "date": "15/03/2026",
            "identifier": "7654321CAM000",
            "customer_name": "Live Customer",
            "description": "Service 1",
            "quantity": 1 + number % 7,
            "price": 100.5,
            "vat": 19,
        }
        if every <= count and number % every == 0 and number // every < wrong:
            first |= FAULTS[number // every % len(FAULTS)]
        result.append(first)
        for line in range(2, LINES + 1):
            result.append(
                {"number": first["number"], "description": f"Service {line}", "price": 10 * line, "vat": 19}
            )
    return result


def fill(table):
    """:return: bytes of a workbook with the template's titles and ``table``, written row by row."""
    titles = [cell.value for cell in load_workbook(io.BytesIO(make_template("fr"))).worksheets[0][1]]
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Factures")
    sheet.append(titles)
    for row in table:
        sheet.append([row.get(column.key) for column in COLUMNS])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def correct(journal):
    """:return: bytes of the journal with every red cell mended, and the number of its invoices."""
    book = load_workbook(io.BytesIO(journal))
    sheet = book.worksheets[0]
    good = {key: value for key, value in rows(1, 0)[0].items() if key != "number"}
    numbers = set()
    for cells in sheet.iter_rows(min_row=2):
        numbers.add(cells[2].value)
        for column, cell in zip(COLUMNS, cells[2:], strict=True):
            if cell.fill.fgColor.rgb.endswith("F8CBCB"):
                cell.value = good.get(column.key)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue(), len(numbers)


def _memory(pid, field):
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return 0.0


def _import(admin, worker, data, journal, timeout):
    """Import ``data`` and wait for its end.

    :return: (values of the import, seconds of the request, seconds in all, memory of the worker at its quarters in MiB).
    """
    began = time.monotonic()
    record = admin.call(
        "l10n_tn_edi.import",
        "create",
        [{"file": base64.b64encode(data).decode(), "filename": "factures.xlsx", "journal_id": journal}],
    )[0]
    admin.call("l10n_tn_edi.import", "action_import", [record])
    request = time.monotonic() - began
    memory = []

    def ended():
        databases.wake_cron(worker.database)
        [[state, done]] = databases.query(
            worker.database,
            "SELECT i.state, (SELECT count(*) FILTER (WHERE l.state <> 'waiting') * 4 / greatest(count(*), 1)"
            " FROM l10n_tn_edi_import_invoice l WHERE l.import_id = i.id) FROM l10n_tn_edi_import i WHERE i.id = %s",
            record,
        )
        if done > len(memory):
            memory.append(round(_memory(worker.pid, "VmRSS")))
        return state != "running"

    wait_until(ended, "the import has its end", timeout=timeout, interval=0.5)
    seconds = time.monotonic() - began
    fields = ["state", "imported_count", "refused_count", "known_count", "error_journal"]
    return admin.call("l10n_tn_edi.import", "read", [record], fields)[0], request, seconds, memory


def measure(invoices=2000, wrong=60):
    """:return: dict of figures of one run."""
    name = f"bench_import_{os.getpid()}"
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        databases.build_base(name)
        stack.callback(databases.drop, name)
        box = stack.enter_context(sandbox.Sandbox(Path(folder) / "sandbox", name=name))
        server = stack.enter_context(odoo.HttpServer(name)).start()
        admin = rpc.Session(server.url, name, "admin", "admin", timeout=600)
        company = Company(admin, box)
        # What is measured is the import: nothing is deposited meanwhile
        databases.query(name, "UPDATE res_company SET l10n_tn_edi_delay_minutes = 10000")
        worker = stack.enter_context(odoo.CronWorker(name, options=company.options())).start()
        timeout = 120 + invoices * 0.6
        first, request, seconds, memory = _import(
            admin, worker, fill(rows(invoices, wrong)), company.journal, timeout
        )
        corrected, numbers = correct(base64.b64decode(first["error_journal"]))
        second, _request, _seconds, _memory_again = _import(
            admin, worker, corrected, company.journal, timeout
        )
        [[moves, distinct]] = databases.query(
            name,
            "SELECT count(*), count(DISTINCT l10n_tn_edi_import_number) FROM account_move"
            " WHERE l10n_tn_edi_import_number IS NOT NULL AND state = 'posted'",
        )
    right = (
        (first["imported_count"], first["refused_count"]) == (invoices - wrong, wrong)
        and numbers == wrong
        and (second["imported_count"], second["refused_count"], second["known_count"]) == (wrong, 0, 0)
        and moves == distinct == invoices
    )
    growth = max(memory) - memory[0]
    return {
        "invoices": invoices,
        "lines": LINES,
        "wrong": wrong,
        "imported": first["imported_count"],
        "refused": first["refused_count"],
        "imported_after_correction": second["imported_count"],
        "posted": moves,
        "right": right,
        "request_seconds": round(request, 1),
        "seconds": round(seconds, 1),
        "ms_per_invoice": round(1000 * seconds / invoices, 1),
        "memory_mib_at_quarters": memory,
        "memory_growth_mib": growth,
        "within_limit": right
        and seconds <= LIMIT_SECONDS_PER_1000 * max(invoices, 1000) / 1000
        and growth <= LIMIT_GROWTH_MIB,
    }


def show(result):
    """Print the figures."""
    print(
        f"import: {result['invoices']} invoices of {result['lines']} lines, {result['wrong']} wrong: {result['imported']} in and "
        f"{result['refused']} refused after {result['seconds']} s ({result['ms_per_invoice']} ms each, request "
        f"{result['request_seconds']} s); corrected journal: {result['imported_after_correction']} in; {result['posted']} "
        f"posted; memory at the quarters {result['memory_mib_at_quarters']} MiB"
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--invoices", type=int, default=2000)
    parser.add_argument("--wrong", type=int, default=60)
    options = parser.parse_args()
    result = measure(options.invoices, options.wrong)
    show(result)
    print(json.dumps(result, indent=1))
    return 0 if result["within_limit"] else 1


if __name__ == "__main__":
    sys.exit(main())
