"""Terms, legal holds and deletion runs; who may look, and what is written down about it."""

import json
import time
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..archive import record as records
from .common_archive import TnEdiArchiveCommon
from .common_import import TnEdiImportCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestArchiveRetention(TnEdiArchiveCommon):
    def setUp(self):
        super().setUp()
        self.session = {"identity-check-last": time.time()}
        self.startPatcher(
            patch("odoo.addons.base.models.res_users.request", SimpleNamespace(session=self.session))
        )

    def past(self, entries, day="2020-12-31"):
        """The term of the entries ended on a day."""
        self.opened(
            entries,
            "UPDATE l10n_tn_edi_archive_entry SET retain_until = %s WHERE id = ANY(%s)",
            day,
            entries.ids,
        )

    def test_term_counts_from_the_end_of_the_fiscal_year(self):
        until = self.entries._retain_until
        day, today = fields.Date.to_date("2026-03-15"), fields.Date.to_date("2026-11-22")
        self.assertEqual(str(until(self.company, "production", day, today)), "2036-12-31")
        self.company.sudo().write({"fiscalyear_last_month": "6", "fiscalyear_last_day": 30})
        self.assertEqual(str(until(self.company, "production", day, today)), "2036-06-30")
        self.settings(archive_years=15)
        self.assertEqual(str(until(self.company, "production", day, today)), "2041-06-30")
        self.assertEqual(str(until(self.company, "test", day, today)), "2027-11-22")
        for values in (
            {"archive_years": 9},
            {"exchange_years": 0},
            {"access_years": 0},
            {"personal_years": 0},
        ):
            with self.subTest(**values), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.settings(**values)

    def test_nothing_is_deleted_before_its_date(self):
        entries = self.archived(2)
        responsible = self.make_responsible()
        with self.assertRaises(UserError):
            entries.with_user(responsible).sudo(False).action_delete_over()
        self.assertTrue(all(file._is_intact() for file in entries.file_ids))
        with self.assertRaises(AccessError):
            entries.with_user(self.make_accountant()).sudo(False).action_delete_over()

    def test_the_password_is_asked_for_before_a_deletion(self):
        [entry] = self.archived()
        self.past(entry)
        self.session["identity-check-last"] = time.time() - 3600
        asked = entry.with_user(self.make_responsible()).sudo(False).action_delete_over()
        self.assertEqual(asked["res_model"], "res.users.identitycheck")
        self.assertTrue(entry.record_json, "nothing is deleted yet")

    def test_deletion_keeps_what_proves_the_others(self):
        gone, kept = self.archived(2)
        self.past(gone)
        hashes = (gone.number, gone.record_sha256, gone.file_ids.mapped("sha256"))
        told = (gone | kept).with_user(self.make_responsible()).sudo(False).action_delete_over()
        self.assertIn("1 ", told["params"]["message"])
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual((gone.number, gone.record_sha256, gone.file_ids.mapped("sha256")), hashes)
        for name in ("record_json", "document_number", "receiver", "partner_id", "document_id", "user"):
            self.assertFalse(gone[name], name)
        self.assertFalse(any(file._read_whole() for file in gone.file_ids))
        # The run is an entry like the others
        deletion = gone.deletion_id
        self.assertEqual((deletion.kind, deletion.number), ("deletion", kept.number + 1))
        [file] = deletion.file_ids
        self.assertEqual(records.read_deletion(file._read_whole()), [gone.number])
        record = records.read(deletion.record_json.encode())
        self.assertEqual((record.kind, record.user), ("deletion", "tn_edi_responsible"))
        self.assertTrue(all(one._is_intact() for one in kept.file_ids))
        log = self.env["l10n_tn_edi.archive.access"].sudo().search([("action", "=", "delete")], limit=1)
        self.assertEqual(log.entry_id, deletion)
        opening = self.env["l10n_tn_edi.archive.opening"].sudo().search([], limit=1)
        self.assertEqual(opening.kind, "retention")
        self.assertEqual(self.entries._delete_over(self.company), 0)
        with self.assertRaises(UserError):
            gone.document_number = "X"

    def test_a_legal_hold_keeps_longer(self):
        [entry] = self.archived()
        self.past(entry)
        responsible = self.make_responsible()
        hold = (
            self.env["l10n_tn_edi.archive.hold"]
            .with_user(responsible)
            .create(
                {
                    "company_id": self.company.id,
                    "date_from": entry.document_date - timedelta(days=1),
                    "reason": "Contrôle fiscal 2026/17",
                }
            )
        )
        self.assertEqual(self.entries._delete_over(self.company), 0)
        for change in (
            lambda: hold.write({"date_from": "2030-01-01"}),
            hold.sudo().unlink,
            hold.action_release,
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                change()
        hold.release_reason = "Contrôle clos"
        hold.action_release()
        self.assertEqual(hold.released_by, responsible)
        with self.assertRaises(UserError):
            hold.reason = "autre"
        self.assertEqual(self.entries._delete_over(self.company), 1)

    def test_scheduled_action_deletes_only_where_it_is_wanted(self):
        [entry] = self.archived()
        self.past(entry)
        self.entries._cron_retention()
        self.assertFalse(entry.deletion_id)
        self.settings(archive_delete=True)
        self.entries._cron_retention()
        self.assertTrue(entry.deletion_id)

    def test_exchanges_and_log_have_their_own_terms(self):
        [entry] = self.archived()
        exchanges = entry.document_id.exchange_ids
        exchange = exchanges[-1]
        self.env["l10n_tn_edi.archive.access"]._log("view", entries=entry)
        self.assertTrue(exchange.response_text or exchange.response_file)
        self.settings(exchange_years=2, access_years=3)
        self.entries._cron_retention()
        self.assertTrue(exchange.response_text or exchange.response_file, "its term has not ended")
        ids = exchanges.ids
        self.opened(
            exchanges, "UPDATE l10n_tn_edi_exchange SET finished_at = '2020-01-01' WHERE id = ANY(%s)", ids
        )
        accesses = self.env["l10n_tn_edi.archive.access"].sudo()
        self.opened(accesses, "UPDATE l10n_tn_edi_archive_access SET at = '2020-01-01'")
        self.entries._cron_retention()
        self.env.invalidate_all()
        self.assertFalse(exchange.response_text or exchange.response_file or exchange.request_text)
        self.assertTrue(exchange.answer_class)
        self.assertFalse(accesses.search([]))
        self.assertIn(exchange.id, [int(one["id"]) for one in json.loads(entry.record_json)["exchanges"]])


@tagged("post_install_l10n", "post_install", "-at_install")
class TestWorkbookRetention(TnEdiImportCommon):
    def test_what_workbooks_told_of_customers_goes_after_its_term(self):
        record = self.import_rows([self.row(), self.row("F-2", vat="x")]).sudo()
        self.assertTrue(record.invoice_ids.move_id and record.finding_ids)
        entries = self.env["l10n_tn_edi.archive.entry"].sudo()
        entries._delete_workbooks(self.company)
        self.assertTrue(record.file)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_import SET create_date = create_date - interval '4 years' WHERE id = %s",
            [record.id],
        )
        self.env.invalidate_all()
        entries._delete_workbooks(self.company)
        self.assertFalse(record.file or record.error_journal)
        self.assertFalse(any(record.invoice_ids.mapped("payload")) or any(record.finding_ids.mapped("value")))
        self.assertTrue(record.invoice_ids.move_id, "which invoice came in with it stays")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestArchiveAccess(TnEdiArchiveCommon):
    def setUp(self):
        super().setUp()
        self.march, self.april = self.archive(
            self.accept(invoice_date="2026-03-15"), self.accept(invoice_date="2026-04-20")
        )

    def make_user(self, *groups, company=None):
        company = company or self.company
        return new_test_user(
            self.env(su=True),
            login=f"archive_{len(self.env['res.users'].sudo().search([]))}",
            groups=",".join(("base.group_user", *groups)),
            company_id=company.id,
            company_ids=[fields.Command.set(company.ids)],
        )

    def mandate(self, user, **values):
        return (
            self.env["l10n_tn_edi.archive.mandate"]
            .with_user(self.make_responsible(f"resp_{user.login}"))
            .create(
                {
                    "user_id": user.id,
                    "company_id": self.company.id,
                    "date_from": "2026-04-01",
                    "date_to": "2026-04-30",
                    "valid_until": fields.Date.add(fields.Date.today(), days=30),
                    "reason": "Ordre de mission 12",
                    **values,
                }
            )
        )

    def seen(self, user):
        return (
            self.env["l10n_tn_edi.archive.entry"]
            .with_user(user)
            .search([("company_id", "=", self.company.id)])
        )

    def log(self, user):
        return self.env["l10n_tn_edi.archive.access"].sudo().search([("user_id", "=", user.id)])

    def test_reader_sees_his_companies(self):
        reader = self.make_user("l10n_tn_edi_ttn.group_archive_reader")
        self.assertEqual(self.seen(reader).sudo(), (self.april | self.march).sorted("number", reverse=True))
        other = self.env["res.company"].sudo().create({"name": "AUTRE ESSAI"})
        stranger = self.make_user("l10n_tn_edi_ttn.group_archive_reader", company=other)
        self.assertFalse(self.seen(stranger))
        with self.assertRaises(AccessError):
            self.march.with_user(stranger).sudo(False).read(["number"])
        with self.assertRaises(AccessError):
            self.seen(self.make_user())

    def test_auditor_sees_what_his_mandate_names_until_its_day(self):
        auditor = self.make_user("l10n_tn_edi_ttn.group_archive_auditor")
        self.assertFalse(self.seen(auditor))
        mandate = self.mandate(auditor)
        self.assertEqual(self.seen(auditor).sudo(), self.april)
        with self.assertRaises(AccessError):
            self.march.with_user(auditor).sudo(False).read(["number"])
        with self.assertRaises(AccessError):
            self.march.file_ids[0].with_user(auditor).sudo(False)._download()
        self.assertTrue(b"".join(self.april.file_ids[0].with_user(auditor).sudo(False)._download("contrôle")))
        for model in ("access", "opening"):
            with self.subTest(model), self.assertRaises(AccessError):
                self.env[f"l10n_tn_edi.archive.{model}"].with_user(auditor).search([])
        with self.assertRaises(AccessError):
            mandate.with_user(auditor).write({"date_from": "2020-01-01"})
        mandate.valid_until = fields.Date.subtract(fields.Date.today(), days=1)
        self.assertFalse(self.seen(auditor))

    def test_mandates_are_checked(self):
        auditor = self.make_user("l10n_tn_edi_ttn.group_archive_auditor")
        with self.assertRaises(ValidationError):
            self.mandate(auditor, date_to="2026-03-31")
        other = self.env["res.company"].sudo().create({"name": "AUTRE ESSAI"})
        stranger = self.make_user("l10n_tn_edi_ttn.group_archive_auditor", company=other)
        with self.assertRaises(ValidationError):
            self.mandate(stranger)

    def test_every_look_is_written_down(self):
        reader = self.make_user("l10n_tn_edi_ttn.group_archive_reader", "base.group_allow_export")
        entry = self.march.with_user(reader).sudo(False)
        entry.web_read({"document_number": {}})
        self.assertEqual((self.log(reader).action, self.log(reader).entry_id), ("view", self.march))
        entry.search_read([("company_id", "=", self.company.id)], ["number"])
        entry.web_search_read([("company_id", "=", self.company.id)], {"number": {}})
        self.assertEqual(self.log(reader).mapped("action"), ["search", "search", "view"])
        self.assertEqual(self.log(reader)[0].what, f"{self.march.number}, {self.april.number}")
        list(entry.file_ids[0]._download("demande du client"))
        last = self.log(reader)[0]
        self.assertEqual((last.action, last.reason), ("download", "demande du client"))
        entry.export_data(["number"])
        self.assertEqual(self.log(reader)[0].action, "export")
        # Odoo's own work is no look
        count = len(self.log(reader))
        entry.sudo().read(["number"])
        self.assertEqual(len(self.log(reader)), count)

    def test_files_are_not_opened_beside_their_entry(self):
        reader = self.make_user("l10n_tn_edi_ttn.group_archive_reader", "base.group_system")
        attachment = self.march.file_ids[0]._attachment().with_user(reader).sudo(False)
        with self.assertRaises(AccessError):
            attachment.read(["datas"])
        self.assertNotIn(
            attachment.id,
            self.env["ir.attachment"].with_user(reader).search([("res_field", "=", "content")]).ids,
        )
