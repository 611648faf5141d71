import base64
import hashlib
import ssl
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import psycopg2

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..archive import chain, tree
from ..models import l10n_tn_edi_archive_account
from ..signature.problems import SignatureError
from .common_archive_seal import TnEdiSealCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestArchiveSeal(TnEdiSealCommon):
    """Each day is sealed in the night after it, stamped with the time and chained to the day before."""

    def openssl(self, *command):
        done = subprocess.run(
            ["openssl", *map(str, command)], capture_output=True, text=True, timeout=60, check=False
        )
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_day_is_sealed_when_it_is_over(self):
        entries = self.append(3)
        self.seals._cron_seal()
        self.assertFalse(self.seals._last(self.company, "test"), "the day is not over")
        seal = self.seal()
        self.assertEqual((seal.sequence, seal.day, seal.previous), (1, entries[0].day, False))
        self.assertEqual((seal.first_number, seal.last_number, seal.entry_count), (1, 3, 3))
        self.assertEqual(seal.signer, "FOURNISSEUR ESSAI")
        self.assertEqual(seal.state, "complete")
        self.assertEqual(chain.read(seal.statement.encode()).root, seal.root)
        self.assertEqual(tree.Tree([[leaf] for leaf in seal._leaves()]).root.hex(), seal.root)
        self.assertEqual(self.seal(), seal, "a day is sealed once")
        self.assertFalse(self.account.archive_problem)

    def test_others_verify_signature_and_time(self):
        self.append()
        seal = self.seal()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            (path / "statement").write_text(seal.statement)
            (path / "signature").write_bytes(seal._signature())
            (path / "token").write_bytes(seal.stamp_ids._token())
            anchors = self.sandbox.info["anchors_file"]
            self.openssl(
                *("cms", "-verify", "-binary", "-cades", "-inform", "DER", "-purpose", "any"),
                *("-in", path / "signature", "-content", path / "statement", "-out", "/dev/null"),
                *("-CAfile", anchors),
            )
            self.openssl(
                *("ts", "-verify", "-digest", seal.imprint, "-token_in", "-in", path / "token"),
                *("-CAfile", anchors),
            )

    def test_days_are_chained(self):
        first, second, third = self.sealed_days(2, 1, 2)
        self.assertEqual((second.previous, third.previous), (first.head, second.head))
        self.assertEqual(
            [(seal.first_number, seal.last_number) for seal in (first, second, third)],
            [(1, 2), (3, 3), (4, 5)],
        )
        self.assertEqual(third.day - first.day, timedelta(days=2))

    def test_without_a_signer_the_day_is_stamped_alone(self):
        self.append()
        self.company.sudo().l10n_tn_edi_provider_id = False
        seal = self.seal()
        self.assertEqual((seal.state, seal.signer), ("unsigned", False))
        self.assertEqual(self.account.archive_problem["code"], "archive.unsigned_no_provider")
        self.assertIn("signature provider", " ".join(self.account._attention()))
        self.company.sudo().l10n_tn_edi_provider_id = self.provider
        with self.days_later(1, hours=9):
            self.append()
        later = self.seal(2)
        self.assertEqual((later.state, later.previous), ("complete", seal.head))

    def test_a_signer_that_needs_its_holder(self):
        self.append()
        desk = self.provider.sudo().create(
            {
                "name": "Bureau",
                "code": "desktop",
                "company_id": self.company.id,
                "state": "test",
                "agent_key": "k",
            }
        )
        self.company.sudo().l10n_tn_edi_provider_id = desk
        self.assertEqual(self.seal().state, "unsigned")
        self.assertEqual(self.account.archive_problem["code"], "provider.no_archives")

    def test_a_silent_signer_is_waited_for_a_day(self):
        self.append()
        error = SignatureError("remote.unreachable")
        with patch.object(
            self.env.registry["l10n_tn_edi.signature.provider"], "_sign_detached", side_effect=error
        ):
            self.assertFalse(self.seal(1))
            self.assertEqual(self.account.archive_problem["code"], "remote.unreachable")
            self.assertEqual(self.seal(2, hours=3).state, "unsigned")

    def test_time_stamps_are_tried_again(self):
        self.append()
        for setting, code in (("down", "tsa.status"), ("reject", "stamp.refused")):
            self.sandbox.settings(tsa=setting)
            seal = self.seal()
            self.assertEqual(seal.state, "unstamped")
            self.assertEqual(self.account.archive_problem["code"], code)
        with self.days_later(4):
            self.assertIn("without time-stamp: 1", " ".join(self.account._attention()))
        self.sandbox.settings(tsa="ok")
        self.assertEqual(self.seal().state, "complete")
        self.assertFalse(self.account.archive_problem)

    def test_a_service_that_nobody_trusts(self):
        self.append()
        self.anchor.unlink()
        other = self.sandbox.call(
            "POST", "remote", kind="seal", name="x", pin="y" * 8, subject="X", matricule="1234567R"
        )
        pem = ssl.DER_cert_to_PEM_cert(base64.b64decode(other["chain"][0])).encode()
        self.entries.env["l10n_tn_edi.trust.anchor"].create(
            {"name": "Another", "certificate": base64.b64encode(pem)}
        )
        self.assertEqual(self.seal().state, "unstamped")
        self.assertEqual(self.account.archive_problem["code"], "trust.refused")

    def test_days_without_seal_are_told(self):
        with self.days_later(-4):
            self.append(2)
        said = " ".join(self.account._attention())
        self.assertIn("without seal: 1", said)
        self.seal()
        self.assertNotIn("without seal", " ".join(self.account._attention()))

    def test_time_stamps_are_renewed_together(self):
        seals = self.sealed_days(1, 1, 1)
        with patch.object(l10n_tn_edi_archive_account, "RENEW_BEFORE", timedelta(days=36500)):
            self.account._seal_due()
            self.account._seal_due()
        for seal in seals:
            self.assertEqual(seal.stamp_ids.sorted("id").mapped("kind"), ["first", "renewal", "renewal"])
        renewals = seals.stamp_ids.filtered(lambda one: one.kind == "renewal")
        self.assertEqual(len({one._token() for one in renewals}), 2, "one time-stamp for all of them")
        self.assertEqual(self.check().state, "clean")
        self.account._seal_due()
        self.assertEqual(len(seals.stamp_ids), 9, "nothing more is due")

    def test_seals_and_time_stamps_are_never_changed(self):
        self.append()
        seal = self.seal()
        for record in (seal, seal.stamp_ids):
            with self.assertRaises(UserError):
                record.unlink()
            for query in ("UPDATE %s SET create_uid = 1", "DELETE FROM %s", "TRUNCATE %s CASCADE"):
                with (
                    mute_logger("odoo.sql_db"),
                    self.assertRaises(psycopg2.Error),
                    self.env.cr.savepoint(),
                ):
                    self.env.cr.execute(query % record._table)
        with self.assertRaises(UserError):
            seal.root = "0" * 64

    def test_a_copy_seals_nothing(self):
        self.append()
        self.env["ir.config_parameter"].sudo().set_param("database.is_neutralized", "True")
        self.assertFalse(self.seal())

    def test_the_head_is_handed_over(self):
        self.append()
        seal = self.seal()
        digest = chain.seal_digest(seal.statement.encode(), seal._signature())
        self.assertIn(f"head: 1:{digest.hex()}\n", seal._head_text())


@tagged("post_install_l10n", "post_install", "-at_install")
class TestArchiveCheck(TnEdiSealCommon):
    """The integrity run names the first record that is not as it was archived."""

    def setUp(self):
        super().setUp()
        self.first, self.second = self.sealed_days(3, 2)
        with self.days_later(2, hours=9):
            self.append()

    def assert_names(self, code, number=0, **params):
        for steps in (1, 100):
            check = self.check(steps)
            self.assertEqual((check.state, check.wrong["code"], check.wrong_number), ("broken", code, number))
            self.assertEqual({**check.wrong["params"], **params}, check.wrong["params"])
            self.assertNotIn("%(", check.sentence)
        return check

    def test_untouched(self):
        for steps in (1, 2, 100):
            check = self.check(steps)
            self.assertEqual((check.state, check.number, check.sequence), ("clean", 6, 2), check.wrong)
            self.assertEqual(check.head, self.second.head)
            self.assertEqual(check.file_count, 12)

    def test_a_byte_of_a_file(self):
        file = self.entry(2).file_ids.filtered(lambda one: one.role == "certificate")
        attachment = file._attachment()
        path = Path(attachment._full_path(attachment.store_fname))
        data = path.read_bytes()
        self.addCleanup(path.write_bytes, data)
        path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
        self.assert_names("archive.file_changed", 2, file=file.name)
        [activity] = self.account.activity_ids.filtered(
            lambda one: "archive was changed" in (one.summary or "")
        )
        self.assertIn(file.name, activity.summary)
        self.assertTrue(any("entry 2" in line for line in self.account._attention()))

    def test_a_file_that_is_gone(self):
        attachment = self.entry(4).file_ids[0]._attachment()
        path = Path(attachment._full_path(attachment.store_fname))
        data = path.read_bytes()
        self.addCleanup(path.write_bytes, data)
        path.unlink()
        self.assert_names("archive.file_changed", 4)

    def test_a_row(self):
        self.change(
            "UPDATE l10n_tn_edi_archive_entry SET ttn_reference = 'X' WHERE id = %s", self.entry(3).id
        )
        self.assert_names("archive.column_changed", 3, column="ttn_reference")

    def test_a_record(self):
        entry = self.entry(5)
        changed = entry.record_json.replace('"currency":"TND"', '"currency":"EUR"')
        self.assertNotEqual(changed, entry.record_json)
        self.change("UPDATE l10n_tn_edi_archive_entry SET record_json = %s WHERE id = %s", changed, entry.id)
        self.assert_names("archive.record_changed", 5)

    def test_a_record_with_its_hash(self):
        entry = self.entry(2)
        changed = entry.record_json.replace('"currency":"TND"', '"currency":"EUR"')
        self.change(
            "UPDATE l10n_tn_edi_archive_entry SET record_json = %s, record_sha256 = %s, currency = 'EUR' WHERE id = %s",
            changed,
            hashlib.sha256(changed.encode()).hexdigest(),
            entry.id,
        )
        self.assert_names("archive.record_changed", 2)

    def test_an_entry_is_removed(self):
        for number in (3, 1):
            entry = self.entry(number)
            self.change("DELETE FROM l10n_tn_edi_archive_file WHERE entry_id = %s", entry.id)
            self.change("DELETE FROM l10n_tn_edi_archive_entry WHERE id = %s", entry.id)
            self.assert_names("archive.entry_missing", number)

    def test_entries_change_places(self):
        one, two = self.entry(1), self.entry(2)
        self.change("UPDATE l10n_tn_edi_archive_entry SET number = 99 WHERE id = %s", one.id)
        self.change("UPDATE l10n_tn_edi_archive_entry SET number = 1 WHERE id = %s", two.id)
        self.change("UPDATE l10n_tn_edi_archive_entry SET number = 2 WHERE id = %s", one.id)
        self.assert_names("archive.record_changed", 1)

    def test_an_entry_is_added(self):
        self.change("UPDATE l10n_tn_edi_archive_entry SET number = 0 WHERE id = %s", self.append().id)
        self.assert_names("archive.entry_added", 0)

    def test_the_tail_is_cut(self):
        self.assertEqual(self.check().state, "clean")
        entry = self.entry(6)
        self.change("DELETE FROM l10n_tn_edi_archive_file WHERE entry_id = %s", entry.id)
        self.change("DELETE FROM l10n_tn_edi_archive_entry WHERE id = %s", entry.id)
        self.assert_names("archive.entry_missing", 6)

    def test_seals(self):
        for column, value in (
            ("root", "0" * 64),
            ("head", "1" * 64),
            ("day", "2020-01-01"),
            ("imprint", "2" * 64),
        ):
            with self.subTest(column=column), self.env.cr.savepoint() as savepoint:
                self.change(
                    f"UPDATE l10n_tn_edi_archive_seal SET {column} = %s WHERE id = %s", value, self.second.id
                )
                self.assert_names("archive.seal_changed", sequence=2)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_seal_is_removed(self):
        self.change("DELETE FROM l10n_tn_edi_archive_stamp WHERE seal_id = %s", self.first.id)
        self.change("DELETE FROM l10n_tn_edi_archive_seal WHERE id = %s", self.first.id)
        self.assert_names("archive.seal_missing", sequence=1)

    def test_the_chain_is_made_anew(self):
        self.assertEqual(self.check().state, "clean")
        self.change("DELETE FROM l10n_tn_edi_archive_stamp")
        self.change("DELETE FROM l10n_tn_edi_archive_seal")
        self.env.invalidate_all()
        self.company.sudo().l10n_tn_edi_provider_id = False
        self.seal(3)
        self.assert_names("archive.chain_rewritten", sequence=2)

    def test_what_was_deleted_after_its_term(self):
        self.change(
            "UPDATE l10n_tn_edi_archive_entry SET retain_until = '2020-01-01' WHERE company_id = %s AND number IN (2, 4)",
            self.company.id,
        )
        self.assertEqual(self.entries._delete_over(self.company), 2)
        self.assertEqual(self.check().state, "clean", "the deletion names them, their hashes stay")
        self.change(
            "UPDATE l10n_tn_edi_archive_entry SET deletion_id = %s WHERE number = 3", self.entry(4).id
        )
        self.assert_names("archive.deletion_unexplained", 3)

    def test_runs_begin_by_themselves(self):
        checks = self.entries.env["l10n_tn_edi.archive.check"]
        checks._cron_check()
        [check] = checks.search([("company_id", "=", self.company.id)])
        self.assertEqual(check.state, "clean")
        checks._cron_check()
        self.assertEqual(checks.search_count([("company_id", "=", self.company.id)]), 1, "once a week")
