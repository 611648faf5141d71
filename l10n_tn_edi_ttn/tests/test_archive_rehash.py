import base64
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..archive import chain, evidence, verify
from ..models import l10n_tn_edi_archive_account, l10n_tn_edi_archive_rehash
from ..models.l10n_tn_edi_archive_store import StoreError
from .common_archive_seal import TnEdiSealCommon

UNTIL = "l10n_tn_edi_ttn.archive_%s_until"


@tagged("post_install_l10n", "post_install", "-at_install")
class TestArchiveRehash(TnEdiSealCommon):
    """Before a hash algorithm grows old, the trees are made anew with another one."""

    def setUp(self):
        super().setUp()
        self.first, self.second = self.sealed_days(3, 1)

    def trusted(self, algorithm, days):
        """An administrator says that an algorithm is trusted for so many days."""
        until = fields.Date.today() + timedelta(days=days)
        self.env["ir.config_parameter"].sudo().set_param(UNTIL % algorithm, fields.Date.to_string(until))

    def kinds(self, seal):
        return seal.stamp_ids.sorted("id").mapped("kind")

    def rehashes(self):
        return self.entries.env["l10n_tn_edi.archive.rehash"].search([])

    def exported(self):
        """:return: report of the verifier about an export of everything, with every look it can take."""
        exports = self.entries.env["l10n_tn_edi.archive.export"]
        entries = self.entries.search([("company_id", "=", self.company.id)], order="number")
        last = exports._last_stamped(self.company, "test")
        export = exports._order_export(
            entries.filtered(lambda entry: entry.number <= last.last_number), "Contrôle", "tout"
        ).sudo()
        self.addCleanup(lambda: [export._path(end).unlink(missing_ok=True) for end in ("", ".part")])
        export._write_file()
        head = chain.read_head(export.head)
        return verify.verify(
            [export._path()],
            export._judges(with_documents=True),
            heads=[head],
            complete=True,
            processes=1,
        )

    def test_nothing_is_due_as_long_as_it_is_trusted(self):
        self.account._seal_due()
        self.assertEqual(self.kinds(self.first), ["first"])
        self.trusted("sha256", 366)
        self.account._seal_due()
        self.assertEqual(self.kinds(self.first), ["first"])

    def test_a_date_that_is_none_counts_as_not_said(self):
        self.env["ir.config_parameter"].sudo().set_param(UNTIL % "sha256", "soon")
        with self.assertLogs(l10n_tn_edi_archive_rehash.__name__, "WARNING"):
            self.account._seal_due()
        self.assertEqual(self.kinds(self.first), ["first"])

    def test_trees_are_made_anew_with_one_time_stamp(self):
        self.trusted("sha256", 300)
        self.account._seal_due()
        stamps = (self.first | self.second).stamp_ids.filtered(lambda one: one.kind == "rehash")
        self.assertEqual(len(stamps), 2)
        self.assertEqual(len({one._token() for one in stamps}), 1, "one time-stamp for all of them")
        self.assertEqual(stamps.mapped("algorithm"), ["sha512", "sha512"])
        for seal in (self.first, self.second):
            chains = evidence.decode(seal._evidence())
            self.assertEqual([one[0].algorithm for one in chains], ["sha256", "sha512"])
        self.assertFalse(self.rehashes(), "the work is done")
        self.assertFalse(self.account.archive_problem)
        self.account._seal_due()
        self.assertEqual(self.kinds(self.first), ["first", "rehash"], "nothing more is due")
        self.assertEqual(self.check().state, "clean")
        self.assertEqual(self.check(steps=1).state, "clean")

    def test_the_verifier_accepts_it(self):
        with patch.object(l10n_tn_edi_archive_account, "RENEW_BEFORE", timedelta(days=36500)):
            self.account._renew_stamps()
            self.trusted("sha256", 300)
            self.account._seal_due()
        # The renewal after it is made with the new algorithm
        self.assertEqual(self.kinds(self.first), ["first", "renewal", "rehash", "renewal"])
        with self.days_later(2, hours=9):
            self.append(2)
        third = self.seal(3)
        self.assertEqual(self.kinds(third), ["first", "rehash"], "a new day follows at once")
        report = self.exported()
        self.assertTrue(report.clean, report.findings)
        self.assertEqual((report.records, report.seals), (6, 3))
        self.assertEqual(self.check().state, "clean")
        # Old and new ones at once: each is renewed with its own algorithm
        self.trusted("sha256", 3000)
        with self.days_later(3, hours=9):
            self.append()
        fourth = self.seal(4)
        self.assertEqual(self.kinds(fourth), ["first"])
        with patch.object(l10n_tn_edi_archive_account, "RENEW_BEFORE", timedelta(days=36500)):
            self.account._seal_due()
        report = self.exported()
        self.assertTrue(report.clean, report.findings)
        self.assertEqual(self.check().state, "clean")

    def test_it_goes_on_where_a_run_ended(self):
        self.trusted("sha256", 300)
        with patch.object(l10n_tn_edi_archive_rehash, "AT_ONCE", 2):
            self.account._seal_due()
            self.assertEqual(self.rehashes().mapped("done_count"), [2, 0])
            self.assertEqual(self.kinds(self.first), ["first"])
            self.account._seal_due()
            self.assertEqual(self.rehashes().mapped("done_count"), [4, 0])
            self.account._seal_due()
        self.assertEqual(self.kinds(self.first), ["first", "rehash"])
        self.assertTrue(self.exported().clean)

    def test_a_time_stamp_meanwhile_is_covered_too(self):
        self.trusted("sha256", 300)
        with patch.object(l10n_tn_edi_archive_rehash, "AT_ONCE", 2):
            self.account._seal_due()
        with patch.object(l10n_tn_edi_archive_account, "RENEW_BEFORE", timedelta(days=36500)):
            self.account._renew_stamps()
        self.account._seal_due()
        self.assertEqual(self.kinds(self.first), ["first", "renewal", "rehash"])
        self.assertTrue(self.exported().clean)

    def test_a_service_that_is_down_is_asked_again(self):
        self.trusted("sha256", 300)
        self.sandbox.settings(tsa="down")
        self.account._seal_due()
        self.assertEqual(self.account.archive_problem["code"], "tsa.status")
        self.assertTrue(all(row._is_done() for row in self.rehashes()))
        self.sandbox.settings(tsa="ok")
        self.account._seal_due()
        self.assertEqual(self.kinds(self.second), ["first", "rehash"])

    def test_an_object_store_without_answer_holds_up_no_renewal(self):
        self.trusted("sha256", 300)
        files = self.env.registry["l10n_tn_edi.archive.file"]
        with (
            patch.object(files, "_read", side_effect=StoreError("store.unreachable")),
            patch.object(l10n_tn_edi_archive_account, "RENEW_BEFORE", timedelta(days=36500)),
        ):
            self.account._seal_due()
        self.assertEqual(self.account.archive_problem["code"], "store.unreachable")
        self.assertEqual(self.kinds(self.first), ["first", "renewal"])
        self.account._seal_due()
        self.assertEqual(self.kinds(self.first), ["first", "renewal", "rehash"])

    def test_no_algorithm_is_left(self):
        self.trusted("sha256", 300)
        self.trusted("sha512", 300)
        self.account._seal_due()
        self.assertEqual(self.account.archive_problem["code"], "archive.hashes_old")
        self.assertIn("hash algorithm", " ".join(self.account._attention()))

    def test_what_was_deleted_after_its_term_is_left_out(self):
        gone = self.entry(2)
        self.opened(
            gone,
            "UPDATE l10n_tn_edi_archive_entry SET retain_until = '2020-12-31' WHERE id = %s",
            gone.id,
        )
        with self.days_later(2, hours=9):
            self.assertEqual(self.entries._delete_over(self.company), 1)
        self.trusted("sha256", 300)
        self.seal(3)
        self.assertEqual(self.check().state, "clean")
        report = self.exported()
        self.assertTrue(report.clean, report.findings)
        self.assertEqual(report.records, 4, "three and the deletion")

    def test_a_tree_that_was_changed_is_named(self):
        self.trusted("sha256", 300)
        self.account._seal_due()
        stamp = self.first.stamp_ids.filtered(lambda one: one.kind == "rehash")
        leaves = stamp._leaves()
        for what, value in (
            ("entry", bytes(64) + leaves[64:]),
            ("seal", leaves[:-64] + bytes(64)),
            ("cut", leaves[:64]),
            ("odd", leaves[:-1]),
        ):
            with self.subTest(what), self.env.cr.savepoint() as savepoint:
                self.change(
                    "UPDATE l10n_tn_edi_archive_stamp SET leaves = %s WHERE id = %s",
                    base64.b64encode(value),
                    stamp.id,
                )
                check = self.check()
                self.assertEqual((check.state, check.wrong["code"]), ("broken", "archive.stamp_changed"))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_file_whose_old_hash_still_fits_is_named(self):
        """As if somebody could make two files with one SHA-256."""
        self.trusted("sha256", 300)
        self.account._seal_due()
        attachment = self.entry(3).file_ids[0]._attachment()
        path = Path(attachment._full_path(attachment.store_fname))
        data = path.read_bytes()
        self.addCleanup(path.write_bytes, data)
        path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
        with patch.object(self.env.registry["l10n_tn_edi.archive.file"], "_is_intact", lambda _self: True):
            check = self.check()
        self.assertEqual((check.wrong["code"], check.wrong_number), ("archive.rehash_changed", 3))
        self.assertNotIn("%(", check.sentence)
