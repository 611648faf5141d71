"""Copies of a production database, beside it and at work: what the latch stops, and what only the sweep can see."""

import contextlib
import copy
import json

import pytest

from tests.live.chaos.world import Host, World
from tests.live.harness import database as databases
from tests.live.harness.cluster import Cluster, move_clock, remove_files
from tests.live.harness.odoo import HttpServer
from tests.live.harness.processes import SCRIPTS, HarnessError, run, wait_until
from tests.live.harness.rpc import Session

HOUR = 3600
# Each test starts several processes; the first one makes all that they share.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def production(base_database, tmp_path_factory):
    """A company in production with one invoice accepted, a TTN that answers at once, and nobody at work."""
    with World(base_database, tmp_path_factory.mktemp("copies")) as world:
        world.ttn.admin("POST", "/settings", {"verdict_delay": 0, "schema_sample": 0})
        admin = world.company.admin
        [provider] = admin.call("l10n_tn_edi.signature.provider", "search", [])
        admin.call("l10n_tn_edi.signature.provider", "write", [provider], {"state": "enabled"})
        values = {"l10n_tn_edi_mode": "production", "l10n_tn_edi_production_url": world.ttn.endpoint}
        admin.call("res.company", "write", [1], values)
        admin.call("res.company", "action_l10n_tn_edi_activate_production", [1])
        moves = world.company.post_invoices(1)
        with at_work(world, world.database):
            wait_for(world.database, moves, "accepted")
        yield world


@contextlib.contextmanager
def at_work(world, name, **options):
    """A worker on a database."""
    host = Host(world, 1, database=name, options=options)
    try:
        yield host.start()
    finally:
        host.stop()


@contextlib.contextmanager
def restored(world):
    """The production database, dumped and restored in another cluster: what the database knows is the same.

    :return: its name, and options of processes that use it.
    """
    name = f"{world.database}_restored"
    cluster = Cluster(f"{world.cluster.home.name.rpartition('-')[2]}restored")
    with contextlib.ExitStack() as parts:
        parts.callback(remove_files, name)
        parts.callback(cluster.remove)
        cluster.create()
        cluster.load(world.database, name, world.cluster)
        databases.query(name, f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog')
        move_clock(name, world.clock.offset)
        yield name, {"db_host": cluster.host}


def look(name, moves, *columns):
    return databases.query(
        name,
        f"SELECT {', '.join(columns)} FROM l10n_tn_edi_document WHERE live AND move_id = ANY(%s) ORDER BY move_id",
        moves,
    )


def wait_for(name, moves, state, reason=None):
    """Wait until the documents of invoices have a state, and a reason when there is one."""

    def there():
        databases.wake_cron(name)
        rows = look(name, moves, "state", "reason_code")
        return all(row[0] == state and (reason is None or row[1] == reason) for row in rows)

    try:
        wait_until(there, f"{name}: {state} {reason or ''}", 120, interval=0.5)
    except HarnessError as error:
        rows = look(name, moves, "number", "state", "reason_code", "hold", "ask_first", "next_at")
        raise HarnessError(f"{error}, but {rows}") from None


def numbers(world):
    """:return: list of the numbers of all deposits at TTN."""
    return [deposit["number"] for deposit in world.ttn.admin("GET", "/deposits?limit=1000")["deposits"]]


def calls(world):
    """:return: how many bodies TTN has received."""
    return len(json.loads(world.ttn.command("ledger", "--json")))


def is_bound(name):
    """:return: whether the latch holds production open for this database."""
    [[bound]] = databases.query(
        name,
        "SELECT l10n_tn_edi_production_binding = value || ':' || system_identifier"
        " FROM res_company, ir_config_parameter, pg_control_system() WHERE res_company.id = 1 AND key = 'database.uuid'",
    )
    return bound


def session_of(name, options=None):
    """:return: a running server on a copy, and a session of its administrator."""
    server = HttpServer(name, options=options or {"db_host": databases.connection_settings(name)["host"]})
    server.start()
    return server, Session(server.url, name, "admin", "admin")


def sign_only(world, count):
    """:return: new invoices of the production that are signed, and not deposited: their worker stops then."""
    moves = world.company.post_invoices(count)
    world.set_trap("prepare.committed", "stop")
    with at_work(world, world.database):
        wait_for(world.database, moves, "signed")
    return moves


def test_restored_copy_is_silent_until_somebody_confirms(production):
    """A dump, restored in another cluster: nothing is sent, nothing is even asked, until an administrator says so."""
    moves = production.company.post_invoices(2)
    [(first,), (second,)] = look(production.database, moves, "number")
    with restored(production) as (name, options):
        before = calls(production)
        with at_work(production, name, **options):
            wait_for(name, moves, "signed", "latch.other_database")
        assert calls(production) == before

        # The server was moved: the old one is switched off, the administrator confirms in the new one.
        server, admin = session_of(name, options)
        with server:
            [company] = admin.call("res.company", "read", [1], ["l10n_tn_edi_production_active"])
            assert not company["l10n_tn_edi_production_active"]
            admin.call("res.company", "action_l10n_tn_edi_activate_production", [1])
        with at_work(production, name, **options):
            wait_for(name, moves, "accepted")
    found = numbers(production)
    assert (found.count(first), found.count(second)) == (1, 1)

    # The old one comes back by mistake. TTN holds these numbers: it finds that out before it sends anything.
    production.let_pass(2 * HOUR)
    with at_work(production, production.database):
        wait_for(production.database, moves, "to_decide")
    found = numbers(production)
    assert (found.count(first), found.count(second)) == (1, 1)


def test_copy_of_the_files_is_caught_by_the_sweep(production):
    """A physical copy has the same identity, so that the latch lets it pass; it compares before it sends."""
    moves = sign_only(production, 2)
    production.back_up()
    with at_work(production, production.database):
        wait_for(production.database, moves, "accepted")
    deposits = numbers(production)
    before = look(production.database, moves, "number", "reference")

    with production.copy_at_work(processes=1) as twin:
        assert is_bound(twin) and is_bound(production.database)
        # Its own rows say that nothing was sent; it asks, and takes over what TTN says.
        wait_for(twin, moves, "accepted")
        assert look(twin, moves, "number", "reference") == before
        assert numbers(production) == deposits

        # Somebody posts in the copy, and the production gives the same number to another invoice.
        server, admin = session_of(twin)
        with server:
            company = copy.copy(production.company)
            company.admin = admin
            stray = company.post_invoices(1)
        wait_for(twin, stray, "accepted")
        [(taken,)] = look(twin, stray, "number")
    production.let_pass(2 * HOUR)
    fresh = production.company.post_invoices(1)
    assert look(production.database, fresh, "number") == [(taken,)]
    with at_work(production, production.database):
        wait_for(production.database, fresh, "to_decide")
    assert numbers(production).count(taken) == 1, "TTN has it for the other invoice, and for that alone"
    [[findings]] = databases.query(
        production.database, "SELECT findings FROM l10n_tn_edi_account WHERE mode = 'production'"
    )
    assert taken in {finding["params"].get("number") for finding in findings}


def test_neutralised_copy_sends_nothing(production):
    """Odoo's own command makes a copy harmless: what is signed stays, and nothing is signed any more."""
    signed = sign_only(production, 1)
    unsigned = production.company.post_invoices(1)
    with restored(production) as (name, options):
        run([SCRIPTS / "odoo", "neutralize", "-d", name, "--db_host", options["db_host"]])
        before = calls(production)
        # Odoo switches its scheduled actions off as well; whoever switches them on again sends nothing either.
        databases.query(name, "UPDATE ir_cron SET active = true WHERE cron_name LIKE 'El Fatoora%%'")
        with at_work(production, name, **options):
            wait_for(name, signed, "signed", "latch.neutralized")
            wait_for(name, unsigned, "error", "provider.disabled")
        assert calls(production) == before
        [secrets] = databases.query(
            name,
            "SELECT l10n_tn_edi_login, l10n_tn_edi_password_encrypted, l10n_tn_edi_production_binding"
            " FROM res_company WHERE id = 1",
        )
        assert secrets == (None, None, None)
