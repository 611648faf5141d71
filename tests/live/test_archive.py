"""The archive of a database in use: made by scheduled actions, guarded by the database, whole in every copy."""

import hashlib
import subprocess

import psycopg2
import pytest

from tests.live.harness import database as databases
from tests.live.harness.cluster import FILE_STORES, link_files, remove_files
from tests.live.harness.company import Company
from tests.live.harness.object_store import ObjectStore
from tests.live.harness.odoo import CronWorker
from tests.live.harness.processes import ROOT, SCRIPTS, run, wait_until
from tests.live.harness.rpc import RpcError

FILES = """
    SELECT entry.number, file.name, file.size, file.sha256, attachment.store_fname
      FROM l10n_tn_edi_archive_file file
      JOIN l10n_tn_edi_archive_entry entry ON entry.id = file.entry_id
      JOIN ir_attachment attachment ON attachment.res_model = 'l10n_tn_edi.archive.file' AND attachment.res_id = file.id
  ORDER BY entry.number, file.name
"""
ENTRIES = "SELECT number, record_json, record_sha256 FROM l10n_tn_edi_archive_entry ORDER BY number"


def wrong(database):
    """:return: what of the archive is not what its hashes say, read beside Odoo."""
    found = [
        number
        for number, text, digest in databases.query(database, ENTRIES)
        if hashlib.sha256(text.encode()).hexdigest() != digest
    ]
    for number, name, size, digest, stored in databases.query(database, FILES):
        data = (FILE_STORES / database / stored).read_bytes()
        if (len(data), hashlib.sha256(data).hexdigest()) != (size, digest):
            found.append((number, name))
    return found


def make_due(database, *crons):
    """Let the scheduled actions run as soon as a worker looks; all when none is named."""
    databases.query(
        database,
        "UPDATE ir_cron SET nextcall = now() at time zone 'UTC' WHERE active AND (cron_name = ANY(%s) OR %s)",
        list(crons),
        not crons,
    )


def archive(company, start, count):
    """Let new invoices be accepted and archived by a worker, which is gone afterwards."""
    database = company.database
    worker = start(CronWorker(database, options=company.options()))
    moves = company.post_invoices(count)

    def accepted():
        databases.wake_cron(database)
        return set(company.states(moves)) == {"accepted"}

    wait_until(accepted, "all are accepted", timeout=180, interval=1)

    def kept():
        # Neither the hour that TTN is given nor the authority's younger answer is waited for
        databases.query(
            database,
            "UPDATE l10n_tn_edi_document SET archive_at = now() at time zone 'UTC' - interval '1 minute' "
            "WHERE archive_at IS NOT NULL",
        )
        make_due(database, "El Fatoora: archive what is final")
        databases.wake_cron(database)
        return len(databases.query(database, ENTRIES)) == count

    wait_until(kept, "all are archived", timeout=240, interval=5)
    worker.stop()


def run_all(worker):
    """Let a worker run what is scheduled, up to the last of our actions."""
    make_due(worker.database)
    ran = "SELECT lastcall FROM ir_cron WHERE cron_name = 'El Fatoora: delete what is past its term'"

    def looked():
        databases.wake_cron(worker.database)
        return databases.query(worker.database, ran)[0][0]

    wait_until(looked, "the scheduled actions of the copy have run", timeout=180, interval=1)
    worker.stop()


@pytest.fixture
def company(admin, ttn):
    return Company(admin, ttn)


@pytest.fixture
def archived(company, start):
    """The company, with three accepted invoices in its archive."""
    archive(company, start, 3)
    return company


@pytest.mark.timeout(900)
def test_whole_in_every_copy_and_nothing_is_sent(database, archived, odoo_server, start):
    assert wrong(database) == []
    roles = databases.query(database, "SELECT role, count(*) FROM l10n_tn_edi_archive_file GROUP BY role")
    assert {"teif_signed": 3, "teif_validated": 3, "pdf": 3}.items() <= dict(roles).items()
    entries = databases.query(database, ENTRIES)
    deposits = archived.deposits()
    odoo_server.stop()

    copies = {name: f"{database}_{name}" for name in ("restored", "raw", "neutralised")}
    try:
        databases.clone(database, copies["raw"])
        databases.clone(database, copies["neutralised"])
        run([SCRIPTS / "odoo", "neutralize", "-d", copies["neutralised"]], timeout=120)
        dump = FILE_STORES / f"{database}.dump"
        run([SCRIPTS / "pg", "pg_dump", "-Fc", "-f", dump, database], timeout=120)
        run([SCRIPTS / "pg", "createdb", copies["restored"]])
        run([SCRIPTS / "pg", "pg_restore", "-d", copies["restored"], dump], timeout=300)
        dump.unlink()
        link_files(database, copies["restored"])
        for name, copy in copies.items():
            assert databases.query(copy, ENTRIES) == entries, name
            assert wrong(copy) == [], name
            if name == "neutralised":
                active = "SELECT cron_name FROM ir_cron WHERE active AND cron_name LIKE 'El Fatoora%%'"
                assert databases.query(copy, active) == [], "nothing of ours runs there"
            else:
                run_all(start(CronWorker(copy, options=archived.options())))
            assert databases.query(copy, ENTRIES) == entries, name
            with pytest.raises(psycopg2.errors.RestrictViolation):
                databases.query(copy, "DELETE FROM l10n_tn_edi_archive_entry")
        assert archived.deposits() == deposits
    finally:
        for copy in copies.values():
            databases.drop(copy)
            remove_files(copy)


@pytest.mark.timeout(600)
def test_refused_after_an_update_and_seen_where_nothing_refuses(database, archived, odoo_server):
    databases.query(
        database,
        "BEGIN; SELECT l10n_tn_edi_archive_open('migration', 'as of production', NULL); "
        "UPDATE l10n_tn_edi_archive_entry SET mode = 'production', retain_until = '2036-12-31'; COMMIT",
    )
    module = archived.find("ir.module.module", [("name", "=", "account")])
    with pytest.raises(RpcError, match="2036"):
        archived.admin.call("ir.module.module", "button_immediate_uninstall", [module], context={})
    entry = archived.find("l10n_tn_edi.archive.entry", [])
    for call in (("write", [entry], {"total": "1"}), ("unlink", [entry])):
        with pytest.raises(RpcError):
            archived.admin.call("l10n_tn_edi.archive.entry", *call)
    odoo_server.stop()
    databases.install(database, databases.ADDON, option="-u")
    for sql in (
        "UPDATE l10n_tn_edi_archive_entry SET total = '1'",
        "TRUNCATE l10n_tn_edi_archive_entry CASCADE",
        "DELETE FROM ir_attachment WHERE res_model = 'l10n_tn_edi.archive.file'",
    ):
        with pytest.raises(psycopg2.errors.RestrictViolation):
            databases.query(database, sql)
    assert wrong(database) == []

    # The owner of the tables, against whom there is detection only
    databases.query(database, "ALTER TABLE l10n_tn_edi_archive_entry DISABLE TRIGGER USER")
    databases.query(
        database,
        "UPDATE l10n_tn_edi_archive_entry SET record_json = replace(record_json, 'accepted', 'rejected') WHERE number = 2",
    )
    [_number, name, _size, _digest, stored] = databases.query(database, FILES)[0]
    path = FILE_STORES / database / stored
    subprocess.run(["cp", "--remove-destination", path, f"{path}.new"], check=True)
    path.unlink()
    path.write_bytes(b"x" + (path.with_name(f"{path.name}.new")).read_bytes()[1:])
    assert wrong(database) == [2, (1, name)]


@pytest.mark.timeout(600)
def test_object_store_that_deletes_nothing_before_its_day(database, company, start):
    store = start(ObjectStore())
    settings = {
        "l10n_tn_edi_store": "s3",
        "l10n_tn_edi_store_url": store.make_bucket("open", lock=False),
        "l10n_tn_edi_store_key": "key",
        "l10n_tn_edi_store_secret": "secret",
    }
    company.admin.call("res.company", "write", [1], settings)
    with pytest.raises(RpcError, match="bucket"):
        company.admin.call("res.company", "action_l10n_tn_edi_test_store", [1])
    company.admin.call("res.company", "write", [1], {"l10n_tn_edi_store_url": store.make_bucket("archive")})
    told = company.admin.call("res.company", "action_l10n_tn_edi_test_store", [1])
    assert told["params"]["type"] == "success"

    archive(company, start, 1)

    assert databases.query(database, FILES) == [], "nothing of it is in Odoo's file store"
    rows = databases.query(
        database, "SELECT store, store_key, store_version, size, sha256 FROM l10n_tn_edi_archive_file"
    )
    assert {row[0] for row in rows} == {"s3"}
    for _store, key, version, size, digest in rows:
        path = f"/archive/{key}?versionId={version}"
        status, data = store.call("GET", path)
        assert (status, len(data), hashlib.sha256(data).hexdigest()) == (200, size, digest)
        status, told = store.call("DELETE", path)
        assert status >= 400 and b"AccessDenied" in told, "locked"
        assert store.call("GET", path)[0] == 200
    script = "print('INTACT', all(f._is_intact() for f in env['l10n_tn_edi.archive.file'].search([])))"
    assert "INTACT True" in odoo_shell(database, script)
    store.stop()
    script = """
try:
    env['l10n_tn_edi.archive.file'].search([], limit=1)._is_intact()
except OSError as error:
    print('SILENT', error.code)
"""
    assert "SILENT store.unreachable" in odoo_shell(database, script)


def odoo_shell(database, script):
    """:return: what a script prints in Odoo's shell."""
    command = [SCRIPTS / "odoo", "shell", "-d", database, "--no-http"]
    done = subprocess.run(
        command, input=script, capture_output=True, text=True, timeout=120, check=True, cwd=ROOT
    )
    return done.stdout
