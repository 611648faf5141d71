"""Fixtures of the live suite. Everything that is started here is ended here, whatever the test does.

The addon is installed once a run, into a database of which every test gets a copy of its own.
"""

import os
import uuid

import pytest

from tests.live.harness import browser as browser_module
from tests.live.harness import database as databases
from tests.live.harness import odoo, rpc, sandbox
from tests.live.harness.company import Company


@pytest.fixture(scope="session")
def base_database():
    """Name of the database with the addon installed; nobody connects to it, it is only copied."""
    name = f"live_base_{os.getpid()}"
    databases.build_base(name)
    yield name
    databases.drop(name)


@pytest.fixture
def database(base_database):
    """Name of a database of this test alone."""
    name = f"live_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    databases.clone(base_database, name)
    yield name
    databases.drop(name)


@pytest.fixture
def start(request):
    """``start(process)``: starts a harness process and ends it after the test, before its database goes."""

    def start_process(process):
        request.addfinalizer(process.stop)
        return process.start()

    return start_process


@pytest.fixture
def odoo_server(database, start):
    """A running HTTP server on the test's database; PDF reports find their style sheets there."""
    server = odoo.HttpServer(database)
    for key in ("report.url", "web.base.url"):
        databases.set_parameter(database, key, server.url)
    return start(server)


@pytest.fixture
def admin(odoo_server):
    """A session of the administrator on ``odoo_server``."""
    return rpc.Session(odoo_server.url, odoo_server.database, "admin", "admin")


@pytest.fixture
def ttn(tmp_path, start):
    """A running sandbox of El Fatoora with an empty state."""
    return start(sandbox.Sandbox(tmp_path / "sandbox"))


@pytest.fixture
def company(admin, ttn):
    """The company, ready to deposit; TTN gives its verdicts soon."""
    ttn.admin("POST", "/settings", {"verdict_delay": 0.2})
    return Company(admin, ttn)


@pytest.fixture
def worker(database, company, start):
    """``worker()``: starts one more process that runs scheduled actions."""

    def start_worker(env=None, options=None):
        options = {**company.options(), **(options or {})}
        return start(odoo.CronWorker(database, threads=2, options=options, env=env))

    return start_worker


@pytest.fixture
def browser():
    """A browser with an empty profile."""
    with browser_module.Browser(name=f"browser-{uuid.uuid4().hex[:8]}") as tab:
        yield tab
