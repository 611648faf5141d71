"""Lists, dashboard and analysis with 100,000 electronic invoices beside Odoo's own, through the calls of the web client.

    python bench/list_bench.py [--count N]

Both sides ask the same server and database in turns; the best turn of each counts, in seconds. Odoo's own list is the same
view without the addon's columns, filters and groups; its dashboard is the same one with electronic invoicing switched off
in the journal; the analysis is compared with Odoo's graph of invoices. Rows are put in by SQL: nobody posts 100,000 invoices
for this.
"""

import argparse
import json
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from lxml import etree  # noqa: E402

from tests.live.harness import database as databases  # noqa: E402
from tests.live.harness import odoo, rpc  # noqa: E402

COUNT, TURNS = 100_000, 7
LIMIT = 1.2
#: A difference below this is the network's and the clock's, not the list's.
NOISE_SECONDS = 0.004
#: Two tables are counted where Odoo counts one (the status stands on the document, so that the queue never writes the invoice):
#: told, not judged. What opens and filters a list is judged.
TOLD = {"graph", "group"}
OWN = "l10n_tn_edi_"
SALES = [("move_type", "in", ("out_invoice", "out_refund"))]
# What Odoo's own list is asked for, beside what ours is.
FILTERS = {
    "open": ([], []),
    "accepted": (
        [("payment_state", "=", "not_paid")],
        [("l10n_tn_edi_state", "in", ("accepted", "conflict"))],
    ),
    "rejected": (
        [("payment_state", "=", "partial")],
        [("l10n_tn_edi_live", "=", True), ("l10n_tn_edi_state", "=", "rejected")],
    ),
    "waiting": (
        [("payment_state", "=", "in_payment")],
        [("l10n_tn_edi_state", "in", ("sending", "submitted"))],
    ),
}
# Nearly all is done in a running company.
STATES = (
    "CASE WHEN n %% 100 = 1 THEN 'rejected' WHEN n %% 100 = 2 THEN 'submitted' WHEN n %% 200 = 3 THEN 'to_send'"
    " WHEN n %% 200 = 5 THEN 'error' ELSE 'accepted' END"
)
PAYMENT = (
    "CASE WHEN n %% 100 = 1 THEN 'partial' WHEN n %% 100 = 2 THEN 'in_payment' WHEN n %% 200 = 3 THEN 'paid'"
    " WHEN n %% 200 = 5 THEN 'reversed' ELSE 'not_paid' END"
)


def fill(database, admin, count):
    """Put ``count`` posted invoices with electronic documents into the database, over two years and 500 customers."""
    tunisia = admin.call("res.country", "search", [("code", "=", "TN")])[0]
    journal = admin.call("account.journal", "search", [("type", "=", "sale")])[0]
    customers = admin.call(
        "res.partner",
        "create",
        [{"name": f"Customer {n}", "is_company": True, "country_id": tunisia} for n in range(500)],
    )
    admin.call("account.journal", "write", [journal], {"l10n_tn_edi_enabled": True})
    admin.call(
        "res.company",
        "write",
        [1],
        {
            "l10n_tn_edi_enabled": True,
            "l10n_tn_edi_go_live_date": "2020-01-01",
            "l10n_tn_edi_sending": "on_demand",
        },
    )
    line = {"name": "Service", "quantity": 1, "price_unit": 100}
    values = {
        "move_type": "out_invoice",
        "partner_id": customers[0],
        "invoice_date": "2026-01-15",
        "invoice_line_ids": [(0, 0, line)],
    }
    [move] = admin.call("account.move", "create", [values])
    admin.call("account.move", "action_post", [move])
    [[document]] = databases.query(database, "SELECT id FROM l10n_tn_edi_document WHERE move_id = %s", move)
    date = "date '2026-01-15' - (n %% 700)::int"
    _copy(
        database,
        "account_move",
        move,
        count,
        {
            "name": "'BENCH/' || n",
            "sequence_prefix": "'BENCH/'",
            "sequence_number": "n",
            "date": date,
            "invoice_date": date,
            "invoice_date_due": date,
            "partner_id": f"{customers[0]} + (n %% 500)",
            "commercial_partner_id": f"{customers[0]} + (n %% 500)",
            "payment_state": PAYMENT,
            "l10n_tn_edi_document_id": "NULL",
            "access_token": "NULL",
        },
    )
    _copy(
        database,
        "l10n_tn_edi_document",
        document,
        count,
        {
            "move_id": "move.id",
            "number": "move.name",
            "partner_id": "move.commercial_partner_id",
            "invoice_date": "move.invoice_date",
            "state": STATES,
            "hold": "FALSE",
            "sender": "'1234567RAM000'",
            "type_code": "'I-11'",
            "deposit_id": "(100000 + n)::text",
            "submitted_at": "move.invoice_date + interval '1 hour'",
            "decided_at": "move.invoice_date + interval '2 hours'",
            "reference": "'REF' || n",
            "next_at": "NULL",
        },
        "JOIN account_move move ON move.name = 'BENCH/' || n",
    )
    databases.query(
        database,
        "UPDATE account_move SET l10n_tn_edi_document_id = document.id"
        " FROM l10n_tn_edi_document document WHERE document.move_id = account_move.id",
    )
    for table in ("account_move", "l10n_tn_edi_document"):
        databases.query(database, f"ANALYZE {table}")


def _copy(database, table, template, count, values, join=""):
    """Copy one row ``count`` times; ``values`` are SQL expressions of the row's number ``n``, by column."""
    columns = [
        name
        for (name,) in databases.query(
            database,
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name != 'id'",
            table,
        )
    ]
    chosen = ", ".join(values.get(name, f'template."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    databases.query(
        database,
        f"INSERT INTO {table} ({names}) SELECT {chosen} FROM {table} template"
        f" CROSS JOIN generate_series(1, {count}) n {join} WHERE template.id = %s",
        template,
    )


class Lists:
    """The calls of the web client for the invoice list."""

    def __init__(self, admin):
        self.admin = admin
        views = admin.call(
            "account.move",
            "get_views",
            [[False, "list"]],
            context={"default_move_type": "out_invoice"},
        )
        known = views["models"]["account.move"]["fields"]
        arch = etree.fromstring(views["views"]["list"]["arch"])
        names = [node.get("name") for node in arch.xpath("/list/field")]
        spec = {name: _specification(known[name]) for name in names}
        self.ours = spec
        self.odoo = {name: value for name, value in spec.items() if not name.startswith(OWN)}

    def search(self, domain, spec):
        """What opening or filtering the list asks: the first page and how many there are."""
        return self.admin.call(
            "account.move",
            "web_search_read",
            domain=[*SALES, *domain],
            specification=spec,
            limit=80,
            order="date desc, name desc, invoice_date desc, id desc",
            count_limit=10001,
        )

    def group(self, by, spec):
        """What grouping the list asks."""
        return self.admin.call(
            "account.move",
            "web_read_group",
            domain=SALES,
            groupby=[by],
            aggregates=["amount_total_signed:sum"],
            auto_unfold=False,
            unfold_read_specification=spec,
        )

    def dashboard(self):
        """What the accounting dashboard asks: the cards of all journals."""
        return self.admin.call(
            "account.journal",
            "web_search_read",
            domain=[("show_on_dashboard", "=", True)],
            specification={"kanban_dashboard": {}, "kanban_dashboard_graph": {}},
        )

    def switch(self, on):
        """Electronic invoicing in the journal, on or off."""
        journals = self.admin.call("account.journal", "search", [("type", "=", "sale")], limit=1)
        self.admin.call("account.journal", "write", journals, {"l10n_tn_edi_enabled": on})

    def graph(self, model, groups, domain):
        """What a graph asks: number and total by month and status."""
        total = "amount_total" if model != "account.move" else "amount_total_signed"
        return self.admin.call(
            model,
            "formatted_read_group",
            domain,
            groupby=["invoice_date:month", *groups],
            aggregates=["__count", f"{total}:sum"],
        )


def _specification(field):
    if field["type"] == "many2one":
        return {"fields": {"display_name": {}}}
    return {"fields": {}} if field["type"] in ("many2many", "one2many") else {}


def measure(count=COUNT):
    """Seconds of both lists for each question, and the ratio."""
    name = f"bench_list_{os.getpid()}"
    with ExitStack() as stack:
        databases.build_base(name)
        stack.callback(databases.drop, name)
        server = stack.enter_context(odoo.HttpServer(name, name=name)).start()
        admin = rpc.Session(server.url, name, "admin", "admin", timeout=600)
        fill(name, admin, count)
        lists = Lists(admin)
        questions = {
            what: (
                lambda theirs=theirs: lists.search(theirs, lists.odoo),
                lambda ours=ours: lists.search(ours, lists.ours),
            )
            for what, (theirs, ours) in FILTERS.items()
        }
        questions["group"] = (
            lambda: lists.group("payment_state", lists.odoo),
            lambda: lists.group("l10n_tn_edi_state", lists.ours),
        )
        questions["graph"] = (
            lambda: lists.graph("account.move", ["payment_state"], SALES),
            lambda: lists.graph("l10n_tn_edi.report", ["outcome"], [("live", "=", True)]),
        )
        results = {what: _compare(*pair) for what, pair in questions.items()}
        results["dashboard"] = _compare(lists.dashboard, lists.dashboard, prepare=lists.switch)
    return {
        "documents": count,
        "limit": LIMIT,
        "questions": results,
        "within_limit": all(
            what in TOLD or row["ratio"] <= LIMIT or row["ours_s"] - row["odoo_s"] <= NOISE_SECONDS
            for what, row in results.items()
        ),
    }


def _compare(theirs, ours, prepare=None):
    """:param prepare: called before each side's turn, untimed, with whether it is ours."""
    best = [float("inf"), float("inf")]
    lengths = [None, None]
    for _turn in range(TURNS):
        for side, question in enumerate((theirs, ours)):
            if prepare:
                prepare(bool(side))
                question()
            began = time.perf_counter()
            answer = question()
            best[side] = min(best[side], time.perf_counter() - began)
            lengths[side] = answer.get("length") if isinstance(answer, dict) else len(answer)
    return {
        "odoo_s": round(best[0], 4),
        "ours_s": round(best[1], 4),
        "ratio": round(best[1] / best[0], 2),
        "rows": lengths,
    }


def show(result):
    print(f"invoice list, {result['documents']} electronic invoices (limit {result['limit']} × Odoo's own)")
    for what, row in result["questions"].items():
        print(f"  {what:10} Odoo {row['odoo_s']:.3f} s   ours {row['ours_s']:.3f} s   {row['ratio']:.2f} ×")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=COUNT)
    found = measure(parser.parse_args().count)
    show(found)
    print(json.dumps(found, indent=1))
    sys.exit(0 if found["within_limit"] else 1)
