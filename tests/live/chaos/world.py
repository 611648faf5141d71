"""Everything that a chaos test needs to itself: a database cluster, hosts with workers, TTN, and clocks that it moves."""

import contextlib
import datetime
import itertools
import os
import signal
import time

from tests.live.chaos.evidence import (
    Evidence,
    Life,
    deposits_of,
    documents_of,
    findings_of,
    last_exchange,
    ledger_of,
)
from tests.live.harness import database as databases
from tests.live.harness.cluster import (
    RUN,
    Clock,
    Cluster,
    give_clock,
    link_files,
    move_clock,
    remove_abandoned,
    remove_files,
)
from tests.live.harness.company import Company
from tests.live.harness.odoo import CronHost, HttpServer
from tests.live.harness.probe import probe_options
from tests.live.harness.rpc import Session
from tests.live.harness.sandbox import Sandbox

# Seconds: a call, and the lease of an attempt. In between a worker has the time to claim and to start its calls, also on a
# busy machine.
CALL, LEASE = 3, 9
#: Calls that a worker has on their way at once.
AT_ONCE = 6
_NUMBERS = itertools.count(1)
#: What calls TTN from elsewhere on this machine, as Odoo's web server, has the address that ends with 1.
_ADDRESS = "127.0.0.{}"


class Host:
    """A machine that runs scheduled actions: its processes, and those of them that stand still.

    :param clock: its own wall clock; None: the one of the world.
    :param str address: it calls TTN from there; by default as the world's database does.
    """

    def __init__(
        self, world, processes, *, clock=None, database=None, options=None, mutation="", address=None
    ):
        env = {
            "EDI_PROBE_ADDRESS": address or world.life.address,
            "EDI_PROBE_FAIL": str(world.traps),
            "EDI_PROBE_SECONDS": f"{LEASE}:{CALL}",
            "EDI_PROBE_AT_ONCE": str(AT_ONCE),
            "EDI_PROBE_NICE": "off",
            **(clock or world.clock).env,
        }
        if mutation:
            env["EDI_PROBE_MUTATION"] = mutation
        self.clock = clock
        self._process = CronHost(
            database or world.database,
            processes=processes,
            options={**world.options, **world.company.options(), **probe_options(), **(options or {})},
            env=env,
        )
        self._still = {}

    def start(self):
        self._process.start()
        return self

    def call_from(self, address):
        """From its next start on it calls TTN from there."""
        self._process.set_env(EDI_PROBE_ADDRESS=address)

    @property
    def running(self):
        return self._process.running

    def children(self):
        return self._process.children() if self.running else []

    def kill(self):
        """Power off."""
        self._process.kill()
        self._still.clear()

    def stop(self):
        self._process.stop(timeout=0)

    def still(self):
        """:return: processes that stand still."""
        return [pid for pid in self.children() if _state_of(pid) == "T"]

    def go_on(self, after):
        """Wake those that have stood still for ``after`` seconds.

        :return: how many.
        """
        now = time.monotonic()
        still = self.still()
        self._still = {pid: self._still.get(pid, now) for pid in still}
        due = [pid for pid, since in self._still.items() if now - since >= after]
        for pid in due:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        return len(due)


class World:
    """:param str base: database with the addon installed, in the project's cluster.

    :param folder: where the sandbox keeps its state.
    """

    def __init__(self, base, folder):
        remove_abandoned()
        number = next(_NUMBERS)
        self.database = f"live_{os.getpid()}_chaos{number}"
        self._base, self._folder = base, folder
        self._parts = contextlib.ExitStack()
        self.traps = folder / "traps"
        self.traps.mkdir(parents=True)
        self.clock = Clock(RUN / f"clock-{os.getpid()}-{number}")
        self.cluster = Cluster(f"chaos{number}")
        self.backup_cluster = Cluster(f"backup{number}")
        self.hosts = []
        self.life = Life("the original", _ADDRESS.format(2))
        #: Those of all databases that were at work; ``life`` is that of ``database``
        self.lives = [self.life]
        self._backup = {}

    def __enter__(self):
        with contextlib.ExitStack() as parts:
            parts.callback(remove_files, self.database)
            parts.callback(self.clock.remove)
            parts.callback(self.backup_cluster.remove)
            parts.callback(self.cluster.remove)
            self.cluster.create()
            self.cluster.load(self._base, self.database)
            give_clock(self.database)
            self.options = {"db_host": self.cluster.host}
            self.ttn = Sandbox(self._folder / "sandbox")
            parts.callback(self.ttn.stop)
            self.ttn.start()
            self.server = HttpServer(self.database, options=self.options)
            for key in ("report.url", "web.base.url"):
                databases.set_parameter(self.database, key, self.server.url)
            parts.callback(self.server.stop)
            self.server.start()
            self.company = Company(self.log_in(), self.ttn)
            self._parts = parts.pop_all()
        return self

    def __exit__(self, *exception):
        return self._parts.__exit__(*exception)

    def log_in(self):
        """:return: a new ``Session`` of the administrator."""
        return Session(self.server.url, self.database, "admin", "admin")

    # --- Hosts -----------------------------------------------------------------------------------------------------

    def add_host(self, processes, **options):
        """:return: a new running ``Host``; it is ended with the world."""
        host = Host(self, processes, **options)
        self._parts.callback(host.stop)
        if host.clock:
            self._parts.callback(host.clock.remove)
        self.hosts.append(host.start())
        return host

    def kill_hosts(self):
        for host in self.hosts:
            host.kill()

    def remove_hosts(self):
        self.kill_hosts()
        self.hosts.clear()

    # --- Traps -----------------------------------------------------------------------------------------------------

    def set_trap(self, point, action):
        (self.traps / f"{point}.{action}").touch()

    def waiting_traps(self):
        return sorted(trap.name for trap in self.traps.iterdir() if trap.name.count(".") == 2)

    def sprung_traps(self):
        """:return: dict of trap to the process that it caught."""
        caught = (trap.name.rpartition(".") for trap in self.traps.iterdir() if trap.name.count(".") == 3)
        return {name: int(pid) for name, _dot, pid in caught}

    def remove_traps(self):
        for name in self.waiting_traps():
            (self.traps / name).unlink(missing_ok=True)

    # --- Clocks ----------------------------------------------------------------------------------------------------

    def move_clocks(self, seconds):
        """The database's clock and those of the hosts jump."""
        for clock in {self.clock, *(host.clock for host in self.hosts if host.clock)}:
            clock.move(clock.offset + round(seconds))
        move_clock(self.database, self.clock.offset)

    def let_pass(self, seconds):
        """All clocks jump: the database's, the hosts', TTN's."""
        self.move_clocks(seconds)
        self.ttn.admin("POST", "/clock", {"advance": round(seconds)})

    # --- Database --------------------------------------------------------------------------------------------------

    def query(self, sql, *values):
        return databases.query(self.database, sql, *values)

    def break_database(self):
        """The database's server ends at once and is started again: what was not on disk is gone."""
        self.cluster.stop("immediate")
        self.cluster.start()

    def back_up(self):
        """Keep a physical copy of the whole cluster; the database is away for a moment."""
        self.cluster.stop("fast")
        self.cluster.copy_to(self.backup_cluster)
        last = max((row["seq"] for row in ledger_of(self.ttn)), default=0)
        self._backup = {"parent": self.life, "born_at": last}
        self.cluster.start()

    def restore(self):
        """The backup takes the place of the database; everybody who was at work on it is ended."""
        self.kill_hosts()
        self.life.remember(self.database)
        self.cluster.stop("immediate")
        self.backup_cluster.copy_to(self.cluster)
        self.cluster.start()
        move_clock(self.database, self.clock.offset)
        self.life = self._begin_life("the restored database", self.database)
        for host in self.hosts:
            host.call_from(self.life.address)

    @contextlib.contextmanager
    def copy_at_work(self, processes):
        """The backup is started as a second database with workers of its own, beside the first one."""
        name = f"{self.database}_copy"
        second = Cluster(f"{self.cluster.home.name.rpartition('-')[2]}copy")
        with contextlib.ExitStack() as parts:
            parts.callback(remove_files, name)
            parts.callback(second.remove)
            self.backup_cluster.copy_to(second)
            second.start()
            databases.settle(name, second.host)
            databases.administer(name, f'ALTER DATABASE "{self.database}" RENAME TO "{name}"')
            move_clock(name, self.clock.offset)
            link_files(self.database, name)
            life = self._begin_life("the second copy", name)
            host = Host(
                self, processes, database=name, options={"db_host": second.host}, address=life.address
            )
            parts.callback(host.stop)
            host.start()
            yield name
            host.kill()
            life.remember(name)

    def _begin_life(self, name, database):
        """:return: the ``Life`` of a database that is the backup, and at which nobody is at work yet."""
        address = _ADDRESS.format(2 + len(self.lives))
        self.lives.append(Life(name, address, inherited=last_exchange(database), **self._backup))
        return self.lives[-1]

    # --- Evidence --------------------------------------------------------------------------------------------------

    def evidence(self, moves=None):
        """:param moves: ids of invoices; None: all.

        :return: ``Evidence`` about them; nobody is at work.
        """
        self.life.remember(self.database)
        [[minutes]] = self.query("SELECT l10n_tn_edi_absence_minutes FROM res_company WHERE id = 1")
        return Evidence(
            documents=documents_of(self.database, moves),
            findings=findings_of(self.database),
            lives=self.lives,
            life=self.life,
            deposits=deposits_of(self.ttn),
            rows=ledger_of(self.ttn),
            now=datetime.datetime.fromisoformat(self.ttn.admin("GET", "/clock")["now"]).timestamp(),
            window=minutes * 60 + LEASE,
            whole=moves is None,
        )


def _state_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stream:
            return stream.read().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
