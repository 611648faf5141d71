"""Databases for tests: clones of the template, and SQL on them beside Odoo."""

import configparser
import contextlib
import os
import re

import psycopg2

from .processes import ENV_DIR, SCRIPTS, HarnessError, run

TEMPLATE = "template_tn"
ADDON = "l10n_tn_edi_ttn"
# Databases that live in another cluster than the project's: name to host
_HOSTS = {}


def clone(source, target):
    """Copy a database with its file store (a second); ``target`` is replaced. Nobody may be connected to ``source``."""
    run([SCRIPTS / "clone-db", source, target])


def drop(name):
    """Remove a database with its file store; one that is not there is fine."""
    run([SCRIPTS / "clone-db", "--drop", name], timeout=600)


def drop_abandoned():
    """Remove what test runs left that were killed: their databases carry the number of a process that is gone."""
    for (name,) in query("postgres", "SELECT datname FROM pg_database"):
        run_of = re.match(r"(?:test_odoo|live_base|live)_(\d+)(?:_|$)", name)
        if run_of and not os.path.exists(f"/proc/{run_of[1]}"):
            drop(name)


def build_base(name, module=ADDON, timeout=300):
    """Make ``name``: the template with the addon installed.

    :raise HarnessError: when the installation fails or logs an error.
    """
    clone(TEMPLATE, name)
    install(name, module, timeout=timeout)


def install(name, modules, *, option="-i", timeout=300):
    """Install modules into a database that nobody has open.

    :param str modules: their names, separated by commas.
    :param str option: ``-u`` to bring them up to date instead.
    :return: Odoo's log.
    :raise HarnessError: when it fails or logs an error.
    """
    command = [SCRIPTS / "odoo", "server", "-d", name, option, modules, "--no-http", "--stop-after-init"]
    try:
        output = run(command, timeout=timeout)
    except HarnessError as error:
        output = str(error)
        if not _from_first_error(output):
            raise
    errors = _from_first_error(output)
    if errors:
        raise HarnessError(f"the installation of {modules} failed:\n{errors}")
    return output


def _from_first_error(log):
    """:return: a log of Odoo from its first error on, or an empty text."""
    lines = log.splitlines()
    first = next((n for n, line in enumerate(lines) if " ERROR " in line or " CRITICAL " in line), len(lines))
    return "\n".join(lines[first:])


def settle(name, host):
    """From now on the database ``name`` is looked for in the cluster at ``host``."""
    _HOSTS[name] = host


def connection_settings(name=None):
    """:return: what psycopg2 needs to reach the cluster of a database (the project's by default), without its name."""
    parser = configparser.RawConfigParser()
    parser.read(ENV_DIR / "odoo.conf")
    options = parser["options"]
    host = _HOSTS.get(name, options["db_host"])
    return {"host": host, "port": int(options["db_port"]), "user": options["db_user"]}


@contextlib.contextmanager
def connection(name, cluster_of=None):
    """A connection of its own to a database (also for holding a lock against Odoo); rolled back at the end.

    :param str cluster_of: a database in whose cluster it is.
    """
    link = psycopg2.connect(dbname=name, connect_timeout=10, **connection_settings(cluster_of or name))
    try:
        yield link
    finally:
        link.close()


def query(name, sql, *values):
    """Run one statement in a transaction of its own and commit it.

    :return: the rows as tuples, or an empty list when the statement gives none.
    """
    with connection(name) as link, link, link.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def set_parameter(name, key, value):
    """Write a system parameter (``ir.config_parameter``) of a database that no server has open yet."""
    query(name, "DELETE FROM ir_config_parameter WHERE key = %s", key)
    query(name, "INSERT INTO ir_config_parameter (key, value) VALUES (%s, %s)", key, value)


def wake_cron(name):
    """Wake the cron workers of a database, as a trigger does; without it they look once a minute.

    A worker that is only just starting may miss it: call it again while waiting.
    """
    administer(name, "SELECT pg_notify('cron_trigger', %s)", name)


def cut_connections(name):
    """End the connections of all Odoo processes to a database."""
    ours = "datname = %s AND usename = current_user"
    administer(name, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}", name)


def administer(name, sql, *values):
    """Run one statement in the database "postgres" of the cluster in which ``name`` is."""
    with connection("postgres", cluster_of=name) as link, link, link.cursor() as cursor:
        cursor.execute(sql, values)
