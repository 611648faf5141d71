"""The queue between real processes: several workers, killed workers, users at work during a call.

What must hold whatever happens: no automatic double deposit, no lost acceptance, nobody waits for the network.
"""

import threading
import time
from collections import Counter

import pytest

from tests.live.harness import database as databases
from tests.live.harness.company import Company
from tests.live.harness.odoo import CronWorker
from tests.live.harness.processes import wait_until
from tests.live.harness.rpc import RpcError, Session


@pytest.fixture
def company(admin, ttn):
    ttn.admin("POST", "/settings", {"verdict_delay": 0.2})
    return Company(admin, ttn)


@pytest.fixture
def worker(database, company, start):
    """``worker()``: starts one more process that runs scheduled actions."""

    def start_worker():
        return start(CronWorker(database, threads=2, options=company.options()))

    return start_worker


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
    ttn.admin("POST", "/settings", {"latency": 6})
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

    assert timed(pay) < 4
    assert timed(credit) < 4
    for change in ({"narration": "changed"}, {"ref": "changed"}, {"state": "draft"}):
        with pytest.raises(RpcError):
            admin.call("account.move", "write", [move], change)
    with pytest.raises(RpcError):
        admin.call("account.move", "button_draft", [move])
    assert company.states([move]) == ["sending"], "all of that happened during the call"
    ttn.admin("POST", "/settings", {"latency": 0})
    wait_for(company, [move], ["accepted"])
    assert set(deposits_by_number(company).values()) == {1}


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


def test_batch_with_bad_documents(company, worker, ttn):
    """One run: what is good is accepted, what is not says why, nothing is tried for ever."""
    count, refused, wrong = 500, 25, 25
    moves = []
    for _time in range(count // 100):
        moves += company.post_invoices(100)
    names = {row["id"]: row["name"] for row in company.admin.call("account.move", "read", moves, ["name"])}
    for move in moves[:refused]:
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
    company.admin.call("res.company", "write", [1], {"l10n_tn_edi_breaker_percent": 99})
    databases.query(
        company.database,
        "UPDATE account_move SET partner_id = %s, commercial_partner_id = %s, partner_shipping_id = %s WHERE id = ANY(%s)",
        customer,
        customer,
        customer,
        moves[refused : refused + wrong],
    )
    worker()
    ended = {"accepted", "rejected", "error"}
    wait_woken(
        company, lambda: set(company.states(moves)) <= ended, "every document has its end", timeout=240
    )
    assert Counter(company.states(moves)) == {
        "accepted": count - refused - wrong,
        "rejected": refused,
        "error": wrong,
    }
    bad = company.documents(moves[: refused + wrong], "reason_code", "next_at", "state", "findings")
    assert all(reason for reason, *_rest in bad)
    assert all(findings and not next_at for _reason, next_at, state, findings in bad if state == "error")
    tried = deposits_by_number(company)
    assert set(tried.values()) == {1}
    assert len(tried) == count - wrong
    # Whatever wakes the workers now: nothing is tried again
    make_due(company)
    databases.wake_cron(company.database)
    time.sleep(3)
    assert deposits_by_number(company) == tried


def test_two_users_press_send_at_once(company, worker, odoo_server):
    moves = company.post_invoices(6)
    worker()
    refused = []

    def send():
        session = Session(odoo_server.url, odoo_server.database, "admin", "admin")
        for move in moves:
            try:
                session.call("account.move", "action_l10n_tn_edi_send", [move])
            except RpcError as error:
                refused.append(str(error))

    threads = [threading.Thread(target=send) for _user in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # What was sent meanwhile is told to be on its way; nothing else is ever refused
    assert all("not possible" in text for text in refused), refused
    wait_for(company, moves, ["accepted"])
    assert set(deposits_by_number(company).values()) == {1}
