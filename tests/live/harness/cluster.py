"""A PostgreSQL cluster of a test's own, which may be stopped at once, copied and put back; clocks to move."""

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

from . import database as databases
from .processes import ENV_DIR, SCRIPTS, HarnessError, run

RUN = ENV_DIR / "run"
FILE_STORES = ENV_DIR / "data" / "filestore"


@functools.lru_cache(maxsize=1)
def faketime_library():
    """:return: path of the library that moves a process's clock.

    :raise HarnessError: when it is missing.
    """
    found = sorted(Path("/usr/lib").glob("**/libfaketimeMT.so.1"))
    if not found:
        raise HarnessError("libfaketime is missing (Debian package: libfaketime)")
    return found[0]


class Clock:
    """The wall clock of the processes that get ``env``, moved by a file; their monotonic clock goes on as it does.

    :param Path path: the file.
    :param int offset: seconds ahead of the machine's clock.
    """

    def __init__(self, path, offset=0):
        self._path = Path(path)
        self.move(offset)

    @property
    def env(self):
        """Variables that a process needs to live by this clock."""
        return {
            "LD_PRELOAD": str(faketime_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_CACHE_DURATION": "1",
        }

    def move(self, offset):
        """:param int offset: as above; the processes notice within a second."""
        self.offset = offset
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(f"{offset:+d}\n")
        fresh.replace(self._path)

    def remove(self):
        self._path.unlink(missing_ok=True)


# libfaketime stops PostgreSQL's own timers (a deadlock would last for ever), so the functions that tell the time are shadowed.
_DATABASE_CLOCK = """
    CREATE TABLE test_clock (ahead interval NOT NULL);
    INSERT INTO test_clock VALUES ('0');
    CREATE FUNCTION now() RETURNS timestamptz STABLE LANGUAGE sql
        AS 'SELECT pg_catalog.now() + ahead FROM public.test_clock';
    CREATE FUNCTION clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql
        AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM public.test_clock';
"""


def give_clock(name):
    """Give a database a clock that ``move_clock`` moves; for connections that are made from now on."""
    databases.query(name, _DATABASE_CLOCK)
    databases.query(name, f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog')


def move_clock(name, offset):
    """:param int offset: seconds ahead of the machine's clock."""
    databases.query(name, "UPDATE test_clock SET ahead = make_interval(secs => %s)", offset)


class Cluster:
    """:param str name: names its folder in .env/run, which carries the number of this process as well."""

    def __init__(self, name):
        self.home = RUN / f"pg-{os.getpid()}-{name}"
        self._env = {"PG_HOME": str(self.home)}

    @property
    def host(self):
        """What Odoo calls ``db_host``."""
        return run([SCRIPTS / "pg", "socket-dir"], env=self._env).strip()

    def create(self):
        """Make an empty cluster and start it."""
        run([SCRIPTS / "pg", "init"], env=self._env)
        self.start()
        run(
            [SCRIPTS / "pg", "admin-psql", "-q", "-d", "postgres", "-c", "CREATE ROLE odoo LOGIN CREATEDB"],
            env=self._env,
        )
        return self

    def start(self):
        run([SCRIPTS / "pg", "start"], env=self._env)

    def stop(self, how="fast"):
        """:param str how: 'fast', or 'immediate' as a power cut of the database alone."""
        run([SCRIPTS / "pg", "stop", how], env=self._env)

    def load(self, source, name, cluster=None):
        """Copy a database into this cluster by a dump; its files are linked, not copied.

        :param str source: a database of the project's cluster, or of ``cluster``.
        """
        dump = self.home / "load.dump"
        env = cluster._env if cluster else None
        run([SCRIPTS / "pg", "pg_dump", "-Fc", "-Z0", "-f", dump, source], timeout=300, env=env)
        run([SCRIPTS / "pg", "createdb", name], env=self._env)
        run([SCRIPTS / "pg", "pg_restore", "-j2", "-d", name, dump], timeout=300, env=self._env)
        dump.unlink()
        databases.settle(name, self.host)
        link_files(source, name)

    def copy_to(self, other):
        """Copy the whole cluster, which is stopped, to another ``Cluster``: what a physical backup is."""
        shutil.rmtree(other.home, ignore_errors=True)
        other.home.mkdir(parents=True)
        shutil.copystat(self.home, other.home)
        # cp keeps the owners, which shutil does not.
        subprocess.run(["cp", "-a", f"{self.home}/.", other.home], check=True)

    def remove(self):
        if (self.home / "data" / "PG_VERSION").exists():
            self.stop("immediate")
        shutil.rmtree(self.home, ignore_errors=True)


def link_files(source, target):
    """Give a database the files of another one."""
    if (FILE_STORES / source).is_dir():
        subprocess.run(["cp", "-al", FILE_STORES / source, FILE_STORES / target], check=True)


def remove_files(name):
    shutil.rmtree(FILE_STORES / name, ignore_errors=True)


def remove_abandoned():
    """Stop and remove the clusters of test runs that were killed."""
    for home in RUN.glob("pg-*-*"):
        owner = re.fullmatch(r"pg-(\d+)-.*", home.name)
        if owner and not os.path.exists(f"/proc/{owner[1]}"):
            if (home / "data" / "PG_VERSION").exists():
                run([SCRIPTS / "pg", "stop", "immediate"], env={"PG_HOME": str(home)})
            shutil.rmtree(home, ignore_errors=True)
