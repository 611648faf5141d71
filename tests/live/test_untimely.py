"""Answers between real processes that come when the invoice was taken back or changed, and hosts with wrong clocks."""

from tests.live.harness import database as databases
from tests.live.harness.cluster import RUN, Clock
from tests.live.harness.probe import probe_options
from tests.live.harness.processes import wait_until
from tests.live.test_queue import deposits_by_number, make_due, wait_for, wait_woken

# How long TTN takes to answer: long enough for a user to be faster
SLOW = 6


def exchanges(company, move):
    """:return: (answer, whether it is finished, whether it is kept) of each question about an invoice, oldest first."""
    return databases.query(
        company.database,
        "SELECT e.answer_class, e.finished_at IS NOT NULL, e.kept_answer IS NOT NULL FROM l10n_tn_edi_exchange e"
        " JOIN l10n_tn_edi_document d ON d.id = e.document_id WHERE e.operation = 'consult' AND d.move_id = %s ORDER BY e.id",
        move,
    )


def ask_slowly(company, worker, ttn):
    """:return: id of an invoice that TTN is asked about, before its deposit, at this moment."""
    [move] = company.post_invoices(1)
    databases.query(company.database, "UPDATE l10n_tn_edi_document SET ask_first = true")
    ttn.admin("POST", "/settings", {"latency": SLOW})
    worker()
    wait_woken(company, lambda: exchanges(company, move), "TTN is being asked")
    assert exchanges(company, move) == [(None, False, False)]
    return move


def wait_answered(company, move):
    wait_until(lambda: exchanges(company, move)[0][1], "the answer is written", 30)
    assert exchanges(company, move)[0] == ("answered", True, False)


def test_taken_back_while_ttn_is_asked(company, worker, ttn, admin):
    move = ask_slowly(company, worker, ttn)
    admin.call("account.move", "button_draft", [move])
    assert not exchanges(company, move)[0][1], "the answer comes after that"
    wait_answered(company, move)
    assert company.states([move]) == []
    ttn.admin("POST", "/settings", {"latency": 0})
    admin.call("account.move", "action_post", [move])
    make_due(company)
    wait_for(company, [move], ["accepted"])
    assert set(deposits_by_number(company).values()) == {1}


def test_changed_while_ttn_is_asked(company, worker, ttn, admin):
    move = ask_slowly(company, worker, ttn)
    admin.call("account.move", "write", [move], {"narration": "changed"})
    assert not exchanges(company, move)[0][1], "the answer comes after that"
    wait_answered(company, move)
    assert company.documents([move], "ask_first") == [(True,)]
    ttn.admin("POST", "/settings", {"latency": 0})
    make_due(company)
    wait_for(company, [move], ["accepted"])
    assert set(deposits_by_number(company).values()) == {1}
    assert len(exchanges(company, move)) > 1, "TTN was asked afresh"


def test_host_whose_clock_is_ahead(company, worker, request):
    """It deposits nothing before the company's delay is over."""
    company.admin.call("res.company", "write", [1], {"l10n_tn_edi_delay_minutes": 60})
    clock = Clock(RUN / f"{company.database}.clock", offset=7200)
    request.addfinalizer(clock.remove)
    worker(env=clock.env, options=probe_options())
    moves = company.post_invoices(2)

    databases.query(
        company.database,
        "UPDATE ir_cron SET nextcall = now() - interval '1 minute' FROM ir_act_server action"
        " WHERE action.id = ir_actions_server_id AND action.code = 'model._cron_submit()'",
    )

    def looked():
        [[done]] = databases.query(
            company.database,
            "SELECT bool_and(nextcall > now()) FROM ir_cron JOIN ir_act_server action ON action.id = ir_actions_server_id"
            " WHERE action.code = 'model._cron_submit()' AND ir_cron.active",
        )
        return done

    wait_woken(company, looked, "it has looked for something to deposit")
    assert company.deposits() == []
    assert set(company.states(moves)) == {"to_send"}
    # Whoever sends at once is not kept waiting for as long as the clock is ahead
    company.admin.call("account.move", "action_l10n_tn_edi_send", moves)
    wait_for(company, moves, ["accepted"])
    assert set(deposits_by_number(company).values()) == {1}
