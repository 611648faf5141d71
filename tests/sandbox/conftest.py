"""Fixtures: a running sandbox with one account and one declared signer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from sandbox_process import STARTED, Sandbox


@pytest.fixture(scope="session", autouse=True)
def _nothing_left():
    """A test that fails half-way leaves no server behind."""
    yield
    for process in STARTED:
        if process.poll() is None:
            process.kill()
            process.wait(10)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A sandbox over plain HTTP for a whole module; its verdicts come at once."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"), "--verdict-delay", "0").start()
    sandbox.account()
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope="module")
def signer(server):
    """A declared signer."""
    return server.signer()


@pytest.fixture
def sandbox(server):
    """The module's sandbox without faults and with its settings as they were."""
    before = server.admin("GET", "settings")
    yield server
    server.admin("DELETE", "faults")
    server.settings(**before)
