"""The archive from the accepted invoice to the inspector's desk: archived, sealed a day later, exported, checked without Odoo."""

import base64
import json
import subprocess
import sys
import urllib.error

import pytest

from tests.live.harness import database as databases
from tests.live.harness.cluster import FILE_STORES, give_clock, move_clock
from tests.live.harness.company import Company
from tests.live.harness.odoo import CronWorker, HttpServer
from tests.live.harness.processes import ENV_DIR, wait_until
from tests.live.harness.rpc import RpcError, Session
from tests.live.harness.visitor import Visitor

DAY = 24 * 3600
MOST_CLICKS = 15
ALL_STAMPED = """
    SELECT max(entry.number) = (
        SELECT max(seal.last_number)
          FROM l10n_tn_edi_archive_seal seal
          JOIN l10n_tn_edi_archive_stamp stamp ON stamp.seal_id = seal.id)
      FROM l10n_tn_edi_archive_entry entry
"""
PASSWORD = "live-tour-password"
VERIFIER = ENV_DIR.parent / "bin" / "teif-archive"


class World:
    """A company with accepted invoices, whose database has a clock that moves."""

    def __init__(self, database, ttn, start):
        ttn.admin("POST", "/settings", {"verdict_delay": 0.2})
        give_clock(database)
        options = {"l10n_tn_edi_ca_file": ttn.info["ca_file"], "l10n_tn_edi_private_hosts": "127.0.0.1"}
        self.web = HttpServer(database, options=options)
        for key in ("report.url", "web.base.url"):
            databases.set_parameter(database, key, self.web.url)
        start(self.web)
        start(CronWorker(database, options=options))
        self.database, self.ttn = database, ttn
        self.admin = Session(self.web.url, database, "admin", "admin")
        self.company = Company(self.admin, ttn)
        self.admin.call("res.company", "write", [1], {"l10n_tn_edi_tsa_url": ttn.info["tsa"]})
        self.trust()

    def trust(self):
        with open(self.ttn.info["anchors_file"], "rb") as stream:
            pem = base64.b64encode(stream.read()).decode()
        self.admin.call("l10n_tn_edi.trust.anchor", "create", [{"name": "Sandbox", "certificate": pem}])

    def query(self, sql, *values):
        return databases.query(self.database, sql, *values)

    def count(self, table, where="true"):
        return self.query(f"SELECT count(*) FROM l10n_tn_edi_archive_{table} WHERE {where}")[0][0]

    def wait(self, condition, what, timeout=120):
        """Wait with the workers awake."""

        def woken():
            databases.wake_cron(self.database)
            return condition()

        wait_until(woken, what, timeout, interval=0.5)

    def due(self, name):
        """Let a scheduled action run with the next look of a worker."""
        self.query(
            "UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' - interval '1 minute' WHERE id = "
            "(SELECT res_id FROM ir_model_data WHERE module = 'l10n_tn_edi_ttn' AND name = %s)",
            name,
        )

    def archive(self, count):
        """Have so many new invoices accepted and archived."""
        moves = self.company.post_invoices(count)
        self.wait(lambda: set(self.company.states(moves)) == {"accepted"}, "TTN has accepted the invoices")
        before = self.count("entry")
        self.query(
            "UPDATE l10n_tn_edi_document SET archive_at = now() AT TIME ZONE 'UTC' - interval '1 minute'"
        )
        self.due("ir_cron_archive")
        self.wait(lambda: self.count("entry") >= before + count, "the invoices are archived")
        return moves

    def next_day(self, days=1):
        move_clock(self.database, days * DAY)
        self.ttn.admin("POST", "/clock", {"offset": days * DAY})
        self.due("ir_cron_archive_seal")
        self.wait(
            lambda: self.count("stamp") and self.query(ALL_STAMPED) == [(True,)],
            "the day is sealed and stamped",
        )

    def confirmed(self, session, action, password):
        """Go through Odoo's question for the password. Gives the action behind it."""
        assert action["res_model"] == "res.users.identitycheck"
        check = action["res_id"]
        return session.call("res.users.identitycheck", "run_check", [check], context={"password": password})

    def export(self, session, password, **values):
        """Order an export as a user would. Gives the id of the export that is ready."""
        ask = session.call("l10n_tn_edi.archive.export.ask", "create", [values])[0]
        action = session.call("l10n_tn_edi.archive.export.ask", "action_export", [ask])
        if action["res_model"] == "res.users.identitycheck":
            action = self.confirmed(session, action, password)
        export = action["res_id"]
        self.wait(
            lambda: self.count("export", f"id = {export} AND state IN ('ready', 'failed')"),
            "the file is written",
        )
        [(state, problem)] = self.query(
            "SELECT state, problem FROM l10n_tn_edi_archive_export WHERE id = %s", export
        )
        assert state == "ready", problem
        return export


@pytest.fixture
def world(database, ttn, start):
    return World(database, ttn, start)


def verify(path, *arguments):
    """:return: (exit code, what the verifier says as JSON)."""
    command = [sys.executable, VERIFIER, "verify", "--json", path, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_from_the_invoice_to_the_inspector(world, tmp_path):
    world.archive(3)
    world.next_day()
    [(sequence, head)] = world.query("SELECT sequence, head FROM l10n_tn_edi_archive_seal")
    with pytest.raises(RpcError):
        world.admin.call("l10n_tn_edi.archive.seal", "unlink", [1])

    export = world.export(world.admin, "admin", reason="Inspection")
    data = world.admin.get(f"/l10n_tn_edi_ttn/archive/export/{export}")
    path = tmp_path / "export.asice"
    path.write_bytes(data)
    code, said = verify(path, "--head", f"{sequence}:{head}", "--anchors", world.ttn.info["anchors_file"])
    assert code == 0, said
    broken = tmp_path / "broken.asice"
    broken.write_bytes(
        data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]
    )
    code, said = verify(broken)
    assert code, said
    actions = {action for (action,) in world.query("SELECT DISTINCT action FROM l10n_tn_edi_archive_access")}
    assert {"export", "download"} <= actions

    # The same file from the server's own disk, one byte of it changed
    [(store, name)] = world.query(
        """
        SELECT attachment.store_fname, file.name
          FROM ir_attachment attachment
          JOIN l10n_tn_edi_archive_file file ON file.id = attachment.res_id
          JOIN l10n_tn_edi_archive_entry entry ON entry.id = file.entry_id
         WHERE attachment.res_model = 'l10n_tn_edi.archive.file' AND entry.number = 2 AND file.role = 'teif_signed'
        """
    )
    stored = FILE_STORES / world.database / store
    content = stored.read_bytes()
    stored.unlink()  # it may be a link to the file of another test
    stored.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    world.admin.call("l10n_tn_edi.archive.check", "action_begin", [])
    world.wait(lambda: world.count("check", "state = 'broken'"), "the integrity run has found it")
    [(number, wrong)] = world.query(
        "SELECT wrong_number, wrong FROM l10n_tn_edi_archive_check WHERE state = 'broken'"
    )
    assert (number, wrong["code"], wrong["params"]["file"]) == (2, "archive.file_changed", name)


def make_user(world, login, *groups):
    """:return: (id, session) of a new user in English."""
    references = [
        world.admin.call("ir.model.data", "search_read", [("module", "=", m), ("name", "=", n)], ["res_id"])[
            0
        ]["res_id"]
        for m, n in (group.split(".") for group in groups)
    ]
    values = {
        "name": login,
        "login": login,
        "password": PASSWORD,
        "lang": "en_US",
        "group_ids": [(4, group) for group in references],
    }
    [uid] = world.admin.call("res.users", "create", [values])
    return uid, Session(world.web.url, world.database, login, PASSWORD)


def actions_of(world, uid):
    return {
        action
        for (action,) in world.query("SELECT action FROM l10n_tn_edi_archive_access WHERE user_id = %s", uid)
    }


@pytest.mark.timeout(900)
def test_auditor_looks_downloads_and_exports_and_a_reader_does_not(world, browser):
    world.archive(2)
    world.next_day()
    uid, session = make_user(world, "tour_auditor", "l10n_tn_edi_ttn.group_archive_auditor")
    auditor = Visitor(browser, session)
    auditor.open("/odoo/el-fatoora-archive", ".o_list_view")
    assert not auditor.sees(".o_data_row:not(.o_sample_data_disabled *)", "INV"), (
        "without a mandate nothing is seen"
    )
    mandate = {
        "user_id": uid,
        "date_from": "2026-01-01",
        "date_to": "2026-12-31",
        "valid_until": "2099-12-31",
        "reason": "Mission 12",
    }
    world.admin.call("l10n_tn_edi.archive.mandate", "create", [mandate])
    auditor.open("/odoo/el-fatoora-archive", ".o_data_row td[name=document_number]")
    auditor.click(".o_data_row td[name=document_number]")
    auditor.wait(".o_field_widget[name=file_ids] td", "Signed TEIF")
    # The button opens a new tab, which a headless browser blocks: the address behind it is called as that tab would
    assert auditor.sees(".o_field_widget[name=file_ids] button[name=action_download]")
    [(file,)] = world.query("SELECT min(id) FROM l10n_tn_edi_archive_file")
    address = session.call("l10n_tn_edi.archive.file", "action_download", [file])["url"]
    assert session.get(address)
    assert "download" in actions_of(world, uid)

    auditor.click("button[name=action_export]")
    auditor.type(".modal div[name=reason] input", "Mission 12")
    auditor.click(".modal button[name=action_export]")
    auditor.type(".modal div[name=password] input", PASSWORD)
    auditor.click(".modal button[name=run_check]")
    # In the header: the files of the entry, on the page before, have such buttons too
    header = ".o_form_statusbar"
    auditor.wait(f"{header} button[name=action_refresh], {header} button[name=action_download]")
    world.wait(lambda: world.count("export", "state = 'ready' AND problem IS NULL"), "the file is written")
    if auditor.sees("button[name=action_refresh]"):
        auditor.click("button[name=action_refresh]")
    auditor.wait(".alert-success", "checked")
    assert "export" in actions_of(world, uid)
    [(export,)] = world.query("SELECT id FROM l10n_tn_edi_archive_export")
    assert session.get(f"/l10n_tn_edi_ttn/archive/export/{export}").startswith(b"PK")
    assert auditor.clicks < MOST_CLICKS
    assert not browser.errors

    _uid, session = make_user(world, "tour_reader", "l10n_tn_edi_ttn.group_archive_reader")
    reader = Visitor(browser, session)
    reader.open("/odoo/el-fatoora-archive", ".o_data_row")
    reader.click(".o_data_row td[name=document_number]")
    reader.wait(".o_field_widget[name=file_ids] td", "Signed TEIF")
    assert not reader.sees("button[name=action_export]")
    with pytest.raises(RpcError):
        session.call("l10n_tn_edi.archive.export.ask", "create", [{"reason": "no"}])
    with pytest.raises(urllib.error.HTTPError):
        session.get(f"/l10n_tn_edi_ttn/archive/export/{export}")

    manager = Visitor(browser, world.admin)
    manager.open("/odoo/el-fatoora-archive-access", ".o_data_row")
    for text in ("Download", "Export", "Mission 12"):
        manager.wait(".o_data_row", text)
    assert not browser.errors
