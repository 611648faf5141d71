"""The three typical companies of the demo, played on the suite's own processes: every invoice ends accepted, none twice."""

import sys
from pathlib import Path

import pytest

from tests.live.harness import database as databases
from tests.live.harness.odoo import HttpServer
from tests.live.harness.processes import Process, wait_until
from tests.live.harness.rpc import Session

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "demo"))

import results
import scenarios

INVOICES = {"small": 2, "medium": 5, "large": 12}


@pytest.mark.parametrize("name", sorted(INVOICES))
def test_scenario(name, database, ttn, start, tmp_path, capsys):
    folder = tmp_path / "token"
    server = HttpServer(
        database,
        options={
            "max_cron_threads": 2,
            "l10n_tn_edi_ca_file": ttn.info["ca_file"],
            "l10n_tn_edi_private_hosts": "127.0.0.1",
            "l10n_tn_edi_agent_socket": folder / "agent.sock",
        },
    )
    for key in ("report.url", "web.base.url"):
        databases.set_parameter(database, key, server.url)
    start(server)

    def start_agent(command, environment):
        start(Process(f"agent-{database}", command, environment))
        wait_until((folder / "agent.sock").exists, "the signing agent listens")

    folder.mkdir()
    place = scenarios.Place(
        url=server.url,
        log_in=lambda login, password: Session(server.url, database, login, password),
        download=lambda user, path: user.get(path),
        ttn=lambda *call: ttn.admin(*call, timeout=60),
        info=ttn.info,
        folder=folder,
        start_agent=start_agent,
    )
    user, moves = scenarios.play(name, place)
    rows = results.wait(user, moves.values())
    results.table(user, moves, rows)

    shown = capsys.readouterr().out
    assert shown.count("accepted") == len(moves) == INVOICES[name], shown
    assert len(ttn.admin("GET", "/ledger?operation=saveEfact")["rows"]) == len(moves)
