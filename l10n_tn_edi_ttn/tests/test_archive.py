"""What becomes an entry of the archive, with which proof, and what does not hinder the others."""

import hashlib
from datetime import UTC, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..archive import record as records
from ..models.l10n_tn_edi_archive_entry import TUNIS
from ..signature import certificates
from .common_archive import PDF, TnEdiArchiveCommon
from .common_flow import LOGGER


@tagged("post_install_l10n", "post_install", "-at_install")
class TestArchive(TnEdiArchiveCommon):
    def test_accepted_document_with_all_that_proves_it(self):
        document = self.accept()
        [entry] = self.archive(document)
        record = records.read(entry.record_json.encode())
        self.assertEqual(hashlib.sha256(entry.record_json.encode()).hexdigest(), entry.record_sha256)
        self.assertEqual((entry.number, entry.mode, entry.state), (1, "test", "accepted"))
        self.assertEqual(record.archive, "1234567RAM000/test")
        self.assertEqual(record.document_number, document.number)
        self.assertEqual(record.ttn_reference, document.reference)
        self.assertEqual(str(record.total), document.total)
        self.assertEqual(record.user, self.env.user.login)
        self.assertEqual(record.receiver, "7654321CAM000")
        self.assertEqual(
            [int(one.id) for one in record.exchanges], document.exchange_ids.sorted("id").ids, "by reference"
        )
        contents = {file.name: (file, file._read_whole()) for file in entry.file_ids}
        self.assertEqual({file.name for file in record.files}, set(contents))
        for file in record.files:
            row, data = contents[file.name]
            self.assertEqual((file.role, file.size, file.sha256_hex), (row.role, row.size, row.sha256))
            self.assertEqual(hashlib.sha256(data).hexdigest(), file.sha256_hex)
            self.assertTrue(row._is_intact())
        by_role = entry.file_ids.grouped("role")
        self.assertEqual(by_role["teif_signed"]._read_whole(), document.signed_id.raw)
        self.assertEqual(by_role["teif_validated"]._read_whole(), document.ttn_xml_id.raw)
        self.assertEqual(by_role["pdf"]._read_whole(), PDF)
        holders = [certificates.describe(file._read_whole()).holder for file in by_role["certificate"]]
        self.assertIn("FOURNISSEUR ESSAI", holders)
        self.assertFalse(document.archive_at)
        self.assertEqual(entry.day, entry.archived_at.replace(tzinfo=UTC).astimezone(TUNIS).date())

    def test_revocation_answers_are_younger_than_the_signature(self):
        [entry] = self.archived()
        answers = entry.file_ids.filtered(lambda file: file.role == "revocation")
        self.assertTrue(answers or entry.lacks)
        self.assertNotIn("revocation.early", entry.lacks or [])

    def test_numbers_have_no_gap_and_do_not_come_twice(self):
        entries = self.archived(3)
        self.assertEqual(entries.mapped("number"), [1, 2, 3])
        self.assertFalse(self.archive())
        [late] = self.archived(1)
        self.assertEqual(late.number, 4)

    def test_the_archive_keeps_its_name(self):
        [first] = self.archived()
        document = self.accept()
        self.company.partner_id.sudo().vat = "7654321/C/A/M/000"
        [second] = self.archive(document)
        self.assertEqual(second.archive, first.archive)

    def test_rejected_and_left_is_archived_without_a_print(self):
        self.fault("reject", times=1)
        document = self.deposit()
        self.follow()
        self.assertEqual(document.state, "rejected", document.reason)
        self.assertFalse(document.archive_at, "it may still be corrected")
        document.action_correct()
        self.assertTrue(document.archive_at)
        [entry] = self.archive(document)
        self.assertEqual(entry.state, "rejected")
        self.assertNotIn("pdf", entry.file_ids.mapped("role"))

    def test_what_never_went_to_ttn_has_no_entry(self):
        document = self.post()
        document.move_id.button_draft()
        self.assertEqual(document.state, "withdrawn")
        self.assertFalse(document.archive_at)

    def test_switched_off_or_before_the_day(self):
        self.settings(archive=False)
        self.assertFalse(self.accept().archive_at)
        self.settings(archive=True, archive_since=fields.Date.add(fields.Date.today(), days=1))
        self.assertFalse(self.accept().archive_at)

    def test_one_bad_document_never_stops_the_others(self):
        good, bad, broken = self.accept(), self.accept(), self.accept()
        classes = type(self.documents)
        receiver = classes._archive_receiver

        def fails(document):
            if document == bad:
                raise ValueError("no print")
            return PDF

        def too_long(document, signed):
            return "x" * 2000 if document == broken else receiver(document, signed)

        with (
            patch.object(classes, "_archive_pdf", fails),
            patch.object(classes, "_archive_receiver", too_long),
            self.assertLogs(LOGGER, "ERROR"),
        ):
            entries = self.archive(good, bad, broken)
        self.assertEqual(entries.document_id, good)
        for document in (bad, broken):
            self.assertEqual(document.archive_problem, "archive.unexpected")
            self.assertGreaterEqual(document.archive_tries, 1)
            self.assertGreater(document.archive_at, fields.Datetime.now())
        account = self.env["l10n_tn_edi.account"].sudo()._of(self.company, "test")
        self.assertTrue(any(bad.number in sentence for sentence in account._attention()))
        entries = self.archive(bad, broken)
        self.assertEqual(entries.mapped("number"), [2, 3])
        self.assertFalse((bad | broken).filtered("archive_problem"))

    def test_waits_for_an_authority_but_not_for_ever(self):
        document = self.accept()
        silent = (None, None, "remote.unreachable")
        ask = patch.object(type(self.env["l10n_tn_edi.certificate"]), "_ask_for_proof", return_value=silent)
        with ask:
            self.assertFalse(self.archive(document))
            self.assertFalse(document.archive_problem, "waiting is no problem")
            document.decided_at -= timedelta(days=4)
            [entry] = self.archive(document)
        self.assertIn("remote.unreachable", entry.lacks)

    def test_queries_do_not_grow_with_the_batch(self):
        few, many = [self.accept() for _n in range(2)], [self.accept() for _n in range(6)]
        self.archived()
        counts = []
        for documents in (few, many):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.archive(*documents)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        # A savepoint for each print
        self.assertLessEqual(counts[1] - counts[0], 4 * 4, counts)

    def test_what_ttn_says_later_is_one_more_entry(self):
        document = self.accept()
        [first] = self.archive(document)
        document._set_state("conflict")
        self.assertTrue(document.archive_at)
        entries = self.archive(document)
        self.assertEqual(entries.mapped("state"), ["accepted", "conflict"])
        self.assertEqual(first.number, 1)

    def test_all_that_ttn_accepted_is_archived(self):
        self.fault("relay_double")
        document = self.post()
        self.submit()
        self.follow()
        self.assertEqual(document.state, "conflict")
        [entry] = self.archive(document)
        validated = entry.file_ids.filtered(lambda file: file.role == "teif_validated")
        self.assertEqual(len(validated), 2)
        kept = {document.ttn_xml_id.raw, document.rival_xml_ids.raw}
        self.assertEqual({file._read_whole() for file in validated}, kept)
        self.assertEqual(len(kept), 2)
