"""The queue between real processes: several workers, killed workers, users at work during a call.

What must hold whatever happens: no automatic double deposit, no lost acceptance, nobody waits for the network.
"""

import threading
import time
from collections import Counter

import pytest

from tests.live.harness import database as databases
from tests.live.harness.odoo import CronWorker
from tests.live.harness.probe import probe_options
from tests.live.harness.processes import wait_until
from tests.live.harness.rpc import RpcError, Session

# Nobody waits for the network: a click on this machine, with other work on it, takes less than that.
CLICK_SECONDS = 4


def wait_woken(company, condition, what, timeout=90):
    """Wait for ``condition`` and wake the workers meanwhile, as any trigger of a running system does."""

    def woken():
        databases.wake_cron(company.database)
        return condition()

    wait_until(woken, what, timeout, interval=0.5)


def wait_for(company, moves, states):
    """Wait until every invoice's document is in one of ``states``."""
    what = f"{len(moves)} documents are {' or '.join(states)}"
    wait_woken(company, lambda: set(company.states(moves)) <= set(states), what)


def make_due(company):
    """Let the scheduled actions run now, whatever their next time is."""
    databases.query(
        company.database,
        "UPDATE ir_cron SET nextcall = now() - interval '1 minute' FROM ir_act_server action"
        " WHERE action.id = ir_actions_server_id AND action.code LIKE 'model.\\_cron\\_%%'",
    )
    databases.query(
        company.database,
        "UPDATE l10n_tn_edi_document SET next_at = now() at time zone 'UTC' WHERE next_at IS NOT NULL",
    )


def deposits_by_number(company):
    return Counter(row["number"] for row in company.deposits())


def test_two_workers_deposit_each_invoice_once(company, worker):
    moves = company.post_invoices(24)
    worker()
    worker()
    wait_for(company, moves, ["accepted"])
    counted = deposits_by_number(company)
    assert len(counted) == 24
    assert set(counted.values()) == {1}
    references = [reference for (reference,) in company.documents(moves, "reference")]
    assert len(set(references)) == 24


def take_one(company):
    """Have one invoice accepted: an account that took nothing lately is compared first, and tried with one document."""
    moves = company.post_invoices(1)
    wait_for(company, moves, ["accepted"])


def test_worker_killed_during_the_call(company, worker, ttn):
    first = worker()
    take_one(company)
    ttn.admin("POST", "/settings", {"latency": 4})
    moves = company.post_invoices(3)
    wait_woken(company, lambda: set(company.states(moves)) == {"sending"}, "the calls have begun")
    time.sleep(1)
    first.kill()
    wait_until(lambda: len(company.deposits()) == 1 + 3, "the sandbox has taken them all the same", 30)
    ttn.admin("POST", "/settings", {"latency": 0})
    assert set(company.states(moves)) == {"sending"}

    # Nobody touches them while their lease runs
    second = worker()
    make_due(company)
    databases.wake_cron(company.database)
    time.sleep(3)
    assert set(company.states(moves)) == {"sending"}

    databases.query(
        company.database, "UPDATE l10n_tn_edi_document SET lease_until = lease_until - interval '5 minutes'"
    )
    make_due(company)
    wait_for(company, moves, ["accepted"])
    assert set(deposits_by_number(company).values()) == {1}
    assert second.running


def test_worker_killed_before_anything_was_sent(company, worker, ttn):
    first = worker()
    take_one(company)
    ttn.stop()
    moves = company.post_invoices(2)
    wait_woken(
        company,
        lambda: [row for row in company.documents(moves, "COALESCE(attempt_count, 0)") if row[0]],
        "a deposit was tried",
    )
    wait_for(company, moves, ["signed"])
    first.kill()
    ttn.start()
    make_due(company)
    worker()
    wait_for(company, moves, ["accepted"])
    assert set(deposits_by_number(company).values()) == {1}


def test_users_at_work_during_the_call(company, worker, ttn, admin, odoo_server):
    ttn.admin("POST", "/settings", {"latency": 12})
    [move] = company.post_invoices(1)
    worker()
    wait_woken(company, lambda: company.states([move]) == ["sending"], "the call has begun")

    def timed(action):
        began = time.monotonic()
        action()
        return time.monotonic() - began

    def pay():
        wizard = admin.call(
            "account.payment.register",
            "create",
            {},
            context={"active_model": "account.move", "active_ids": [move]},
        )
        admin.call("account.payment.register", "action_create_payments", [wizard])

    def credit():
        wizard = admin.call(
            "account.move.reversal",
            "create",
            {"reason": "Return", "journal_id": company.journal, "move_ids": [(6, 0, [move])]},
        )
        admin.call("account.move.reversal", "reverse_moves", [wizard])

    def edit(change):
        return lambda: admin.call("account.move", "write", [move], change)

    def refused(action):
        def attempt():
            with pytest.raises(RpcError, match="is at TTN|request a cancellation"):
                action()

        return attempt

    # What is not printed may change; what is may not, and nobody waits to learn that.
    allowed = {"invoice_user_id": admin.uid, "invoice_origin": "S00042"}
    for action in (
        pay,
        credit,
        edit(allowed),
        *(
            refused(edit(change))
            for change in ({"narration": "changed"}, {"ref": "changed"}, {"state": "draft"})
        ),
        refused(lambda: admin.call("account.move", "button_draft", [move])),
    ):
        assert timed(action) < CLICK_SECONDS
        assert company.states([move]) == ["sending"], "all of that happens during the call"
    ttn.admin("POST", "/settings", {"latency": 0})
    wait_for(company, [move], ["accepted"])
    assert set(deposits_by_number(company).values()) == {1}

    # What users did is there, and what they were refused is not.
    fields = ["state", "payment_state", "narration", "ref", "reversal_move_ids", "amount_total", *allowed]
    [after] = admin.call("account.move", "read", [move], fields)
    assert (after["state"], after["narration"], after["ref"]) == ("posted", False, False)
    assert after["payment_state"] in ("paid", "in_payment")
    assert after["invoice_user_id"][0] == admin.uid
    [paid] = admin.call(
        "account.payment", "search_read", [("invoice_ids", "in", [move])], ["amount", "state"]
    )
    assert paid["amount"] == after["amount_total"]
    assert paid["state"] in ("in_process", "paid")
    [reversal] = admin.call(
        "account.move", "read", after["reversal_move_ids"], ["state", "amount_total", "move_type"]
    )
    assert (reversal["state"], reversal["move_type"]) == ("draft", "out_refund")
    assert reversal["amount_total"] == after["amount_total"]


def test_two_users_send_and_one_withdraws(company, worker, odoo_server):
    """Sending and resetting to draft at the same time: one of the two wins, and what was sent is never withdrawn."""
    moves = company.post_invoices(12)
    worker()

    def reset(move):
        session = Session(odoo_server.url, odoo_server.database, "admin", "admin")
        try:
            session.call("account.move", "button_draft", [move])
        except RpcError:
            return

    threads = [threading.Thread(target=reset, args=(move,)) for move in moves[::2]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drafts = {
        row["id"]
        for row in company.admin.call(
            "account.move", "search_read", [("id", "in", moves), ("state", "=", "draft")], ["id"]
        )
    }
    sent = [move for move in moves if move not in drafts]
    wait_for(company, sent, ["accepted"])
    deposited = deposits_by_number(company)
    assert set(deposited.values()) <= {1}
    names = {row["id"]: row["name"] for row in company.admin.call("account.move", "read", moves, ["name"])}
    for move in drafts:
        assert names[move] not in deposited, "a withdrawn invoice was deposited"
    for move in sent:
        assert deposited[names[move]] == 1


class Runs:
    """The first lane that deposits, all alone in its database: nothing else works, and each of its runs is counted."""

    def __init__(self, company):
        self.database = company.database
        [[self.lane]] = databases.query(
            self.database,
            "SELECT min(cron.id) FROM ir_cron cron JOIN ir_act_server action ON action.id = cron.ir_actions_server_id"
            " WHERE action.code = 'model._cron_submit()'",
        )
        databases.query(self.database, "UPDATE ir_cron SET active = false WHERE id <> %s", self.lane)

    def count(self):
        """:return: number of runs that have begun."""
        [[count]] = databases.query(
            self.database, "SELECT count(*) FROM ir_cron_progress WHERE cron_id = %s", self.lane
        )
        return count

    def at_rest(self):
        """:return: whether no run is under way and none is asked for."""
        [[asked]] = databases.query(
            self.database,
            "SELECT count(*) FROM ir_cron_trigger WHERE cron_id = %s AND call_at <= now() AT TIME ZONE 'UTC'",
            self.lane,
        )
        free = databases.query(
            self.database, "SELECT id FROM ir_cron WHERE id = %s FOR UPDATE SKIP LOCKED", self.lane
        )
        return bool(free) and not asked


@pytest.mark.timeout(900)
def test_batch_with_bad_documents(company, ttn, database, start):
    """One run, with the limits that a company gets: what is good is accepted, what is not says why and is left alone."""
    count, every = 500, 10
    moves = []
    for _time in range(count // 100):
        moves += company.post_invoices(100)
    # Spread among the good ones: what TTN rejects, and what our own check stops
    refused, wrong = moves[4 :: 2 * every], moves[4 + every :: 2 * every]
    assert len(refused) == len(wrong) == 25
    names = {row["id"]: row["name"] for row in company.admin.call("account.move", "read", moves, ["name"])}
    for move in refused:
        ttn.admin("POST", "/faults", {"kind": "reject", "number": names[move]})
    customer = company.admin.call(
        "res.partner",
        "create",
        [
            {
                "name": "Not to be told",
                "is_company": True,
                "country_id": company.find("res.country", [("code", "=", "TN")]),
            }
        ],
    )[0]
    databases.query(
        company.database,
        "UPDATE account_move SET partner_id = %s, commercial_partner_id = %s, partner_shipping_id = %s WHERE id = ANY(%s)",
        customer,
        customer,
        customer,
        wrong,
    )
    runs = Runs(company)
    # A run gives way to others after ten seconds and asks for the next one; here it has the time that it needs.
    options = {**company.options(), **probe_options(), "limit_time_real": 100_000, "limit_time_real_cron": 0}
    env = {"EDI_PROBE_RUN_SECONDS": "900", "EDI_PROBE_NICE": "off"}
    start(CronWorker(database, options=options, env=env))
    ended = {"accepted", "rejected", "error"}
    wait_woken(
        company, lambda: set(company.states(moves)) <= ended, "every document has its end", timeout=480
    )
    assert runs.count() == 1
    expected = dict.fromkeys(moves, "accepted")
    expected |= dict.fromkeys(refused, "rejected") | dict.fromkeys(wrong, "error")
    assert dict(zip(sorted(moves), company.states(moves), strict=True)) == expected
    assert not databases.query(company.database, "SELECT id FROM l10n_tn_edi_account WHERE stopped")
    bad = company.documents(refused + wrong, "reason_code", "next_at", "state", "findings")
    assert all(reason for reason, *_rest in bad)
    assert all(findings and not next_at for _reason, next_at, state, findings in bad if state == "error")
    tried = deposits_by_number(company)
    assert set(tried.values()) == {1}
    assert set(tried) == set(names.values()) - {names[move] for move in wrong}
    attempts = company.documents(moves, "attempt_count")

    # Two more runs with everything due: nothing is tried again
    for more in (2, 3):
        wait_until(runs.at_rest, "the run is over", 60)
        make_due(company)
        wait_woken(company, lambda more=more: runs.count() >= more and runs.at_rest(), f"run {more} is over")
    assert company.documents(moves, "attempt_count") == attempts
    assert deposits_by_number(company) == tried
    assert dict(zip(sorted(moves), company.states(moves), strict=True)) == expected


def press_together(server, company, moves):
    """Two people press “Send” on each of ``moves`` at the same moment.

    :return: list of (user, move, began, ended, text of the refusal or None).
    """
    group = company.admin.call("ir.model.data", "check_object_reference", "account", "group_account_invoice")[
        1
    ]
    for login in ("first", "second"):
        values = {"name": login, "login": login, "password": login, "group_ids": [(4, group)]}
        company.admin.call("res.users", "create", [values])
    barrier, clicks = threading.Barrier(2, timeout=60), []

    def press(login):
        session = Session(server.url, server.database, login, login)
        for move in moves:
            barrier.wait()
            refusal, began = None, time.monotonic()
            try:
                session.call("account.move", "action_l10n_tn_edi_send", [move])
            except RpcError as error:
                refusal = str(error)
            clicks.append((login, move, began, time.monotonic(), refusal))

    threads = [threading.Thread(target=press, args=(login,)) for login in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(clicks) == 2 * len(moves)
    for move in moves:
        (one, _, began, ended, _), (other, _, other_began, other_ended, _) = (
            click for click in clicks if click[1] == move
        )
        assert one != other
        assert max(began, other_began) < min(ended, other_ended), "the two clicks overlap"
    return clicks


def check_clicks(clicks):
    """Nobody waited; nobody was refused but for what was on its way already, and never both of the two."""
    assert max(ended - began for _user, _move, began, ended, _refusal in clicks) < CLICK_SECONDS
    refused = [(move, refusal) for _user, move, _began, _ended, refusal in clicks if refusal]
    assert all("not possible" in refusal for _move, refusal in refused), refused
    assert len({move for move, _refusal in refused}) == len(refused)


def test_two_users_send_what_is_held(company, worker, ttn, odoo_server):
    """Two people send the same held invoices while earlier ones are on their way to a slow TTN: one deposit each."""
    company.admin.call("res.company", "write", [1], {"l10n_tn_edi_sending": "on_demand"})
    moves = company.post_invoices(6)
    assert company.documents(moves, "hold") == [(True,)] * 6
    worker()
    ttn.admin("POST", "/settings", {"latency": 2})
    clicks = press_together(odoo_server, company, moves)
    assert not any(hold for (hold,) in company.documents(moves, "hold"))
    wait_for(company, moves, ["accepted"])
    check_clicks(clicks)
    counted = deposits_by_number(company)
    assert (len(counted), set(counted.values())) == (6, {1})


def test_two_users_send_what_has_no_document(company, worker, ttn, odoo_server):
    """Two people send an invoice that gets its electronic document only now: it gets one, and is deposited once."""
    company.admin.call("account.journal", "write", [company.journal], {"l10n_tn_edi_enabled": False})
    moves = company.post_invoices(6)
    company.admin.call("account.journal", "write", [company.journal], {"l10n_tn_edi_enabled": True})
    assert not company.documents(moves, "id")
    worker()
    ttn.admin("POST", "/settings", {"latency": 2})
    clicks = press_together(odoo_server, company, moves)
    made = databases.query(
        company.database, "SELECT count(*) FROM l10n_tn_edi_document WHERE move_id = ANY(%s)", moves
    )
    assert made == [(6,)]
    wait_for(company, moves, ["accepted"])
    check_clicks(clicks)
    counted = deposits_by_number(company)
    assert (len(counted), set(counted.values())) == (6, {1})
