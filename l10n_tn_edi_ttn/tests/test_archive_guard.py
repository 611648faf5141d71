"""Nobody changes or deletes what is archived: through the form, RPC, superuser's ORM, SQL as Odoo's own database user."""

import psycopg2

from odoo import fields
from odoo.addons.l10n_tn_edi_ttn.hooks import uninstall_hook
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common_archive import TnEdiArchiveCommon

RESTRICT_VIOLATION = "23001"


@tagged("post_install_l10n", "post_install", "-at_install")
class TestArchiveGuard(TnEdiArchiveCommon):
    def setUp(self):
        super().setUp()
        [self.entry] = self.archived()
        self.document = self.entry.document_id
        self.file = self.entry.file_ids[0]
        self.attachment = self.file._attachment()

    def administrator(self):
        return new_test_user(
            self.env(su=True),
            login="tn_edi_archive_admin",
            groups="base.group_system,account.group_account_manager",
            company_id=self.company.id,
            company_ids=[fields.Command.set(self.company.ids)],
        )

    def assert_refused(self, query, *values):
        with self.subTest(query), mute_logger("odoo.sql_db"):
            with self.assertRaises(psycopg2.Error) as caught, self.env.cr.savepoint():
                self.env.cr.execute(query, values)
            self.assertEqual(caught.exception.pgcode, RESTRICT_VIOLATION)

    # === In Odoo === #

    def test_superuser_of_the_orm(self):
        for records, values in (
            (self.entry, {"document_number": "X"}),
            (self.entry, {"record_json": "{}"}),
            (self.file, {"sha256": "0" * 64}),
            (self.file, {"content": b"eA=="}),
            (self.attachment, {"raw": b"x"}),
            (self.attachment, {"datas": b"eA=="}),
            (self.attachment, {"res_id": False}),
            (self.document.exchange_ids[0], {"answer_class": "unknown"}),
        ):
            with self.subTest(model=records._name, values=values):
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    records.sudo().write(values)
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    records.sudo().unlink()
        self.assertTrue(self.file._is_intact())

    def test_administrator_through_rpc_and_form(self):
        entry = self.entry.with_user(self.administrator()).sudo(False)
        for name, arguments in (
            ("write", [{"document_number": "X"}]),
            ("unlink", []),
            ("copy", []),
        ):
            with self.subTest(name), self.assertRaises(UserError), self.env.cr.savepoint():
                getattr(entry, name)(*arguments)
        with self.assertRaises(AccessError):
            entry.create([{"number": 7}])
        form = Form(entry)
        with self.assertRaises(AssertionError):
            form.document_number = "X"
        attachment = self.attachment.with_user(entry.env.user).sudo(False)
        for name, arguments in (("write", [{"raw": b"x"}]), ("unlink", []), ("read", [["raw"]])):
            with self.subTest(name), self.assertRaises(UserError), self.env.cr.savepoint():
                getattr(attachment, name)(*arguments)

    def test_no_second_file_beside_the_archived_one(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.Error), self.env.cr.savepoint():
            self.attachment.copy()

    # === In the database === #

    def test_statements_of_odoos_database_user(self):
        entry, file, document, attachment = self.entry.id, self.file.id, self.document.id, self.attachment.id
        self.env.flush_all()
        self.env["l10n_tn_edi.archive.access"]._log("view", entries=self.entry)
        self.assert_refused("UPDATE l10n_tn_edi_archive_entry SET total = '1' WHERE id = %s", entry)
        self.assert_refused("UPDATE l10n_tn_edi_archive_entry SET retain_until = '2000-01-01'")
        self.assert_refused("DELETE FROM l10n_tn_edi_archive_entry WHERE id = %s", entry)
        self.assert_refused("TRUNCATE l10n_tn_edi_archive_entry CASCADE")
        self.assert_refused("UPDATE l10n_tn_edi_archive_file SET sha256 = '' WHERE id = %s", file)
        self.assert_refused("DELETE FROM l10n_tn_edi_archive_file WHERE id = %s", file)
        self.assert_refused("TRUNCATE l10n_tn_edi_archive_file")
        self.assert_refused("UPDATE ir_attachment SET store_fname = 'aa/bb' WHERE id = %s", attachment)
        self.assert_refused("UPDATE ir_attachment SET res_id = 0 WHERE id = %s", attachment)
        self.assert_refused("DELETE FROM ir_attachment WHERE id = %s", attachment)
        for one in (self.document.signed_id, self.document.ttn_xml_id):
            self.assert_refused("UPDATE ir_attachment SET store_fname = 'aa/bb' WHERE id = %s", one.id)
            self.assert_refused("DELETE FROM ir_attachment WHERE id = %s", one.id)
        bodies = "FROM ir_attachment WHERE res_model = 'l10n_tn_edi.exchange' AND res_id = ANY(%s)"
        exchanges = self.document.exchange_ids.ids
        self.env.cr.execute(f"SELECT count(*) {bodies}", [exchanges])
        self.assertTrue(self.env.cr.fetchone()[0], "a large answer lies in a file")
        self.assert_refused(f"DELETE {bodies}", exchanges)
        self.assert_refused("UPDATE l10n_tn_edi_document SET signed_id = NULL WHERE id = %s", document)
        self.assert_refused("UPDATE l10n_tn_edi_document SET sha256 = 'x' WHERE id = %s", document)
        self.assert_refused(
            "UPDATE l10n_tn_edi_exchange SET deposit_id = '1' WHERE document_id = %s", document
        )
        self.assert_refused("DELETE FROM l10n_tn_edi_exchange WHERE document_id = %s", document)
        self.assert_refused("UPDATE l10n_tn_edi_archive_access SET user_id = 1")
        self.assert_refused("DELETE FROM l10n_tn_edi_archive_access")
        self.assert_refused("TRUNCATE l10n_tn_edi_archive_access")

    def test_what_is_not_archived_goes_on(self):
        other = self.accept()
        other.sudo().write({"sha256": "0" * 64})
        self.document._set_state("conflict")
        self.env["ir.attachment"].sudo().create({"name": "free", "raw": b"x"}).unlink()
        self.env.flush_all()
        self.assertEqual(self.document.state, "conflict")

    def test_customers_can_be_merged(self):
        other = self.customer.copy()
        wizard = self.env["base.partner.merge.automatic.wizard"].sudo().create({})
        wizard._merge((self.customer | other).ids, dst_partner=other)
        self.env.invalidate_all()
        self.assertEqual(self.entry.partner_id, other)
        self.assertTrue(all(file._is_intact() for file in self.entry.file_ids))

    def test_an_opening_is_written_down_and_ends_with_its_transaction(self):
        opening = self.env["l10n_tn_edi.archive.opening"].sudo()
        before = opening.search_count([])
        self.opened(
            self.entry, "UPDATE l10n_tn_edi_archive_entry SET total = '7' WHERE id = %s", self.entry.id
        )
        self.assertEqual(self.entry.total, "7")
        self.assertEqual(opening.search_count([]), before + 1)
        self.assert_refused("UPDATE l10n_tn_edi_archive_entry SET total = '8'")
        # Neither without a row nor with that of another transaction
        self.env.cr.execute("SET LOCAL l10n_tn_edi.archive_opening = '0'")
        self.assert_refused("UPDATE l10n_tn_edi_archive_entry SET total = '8'")
        row = opening.search([], limit=1)
        self.assertEqual((row.kind, row.reason), ("migration", "test"))
        self.assertTrue(row.database_user and row.opened_at)
        self.assert_refused("DELETE FROM l10n_tn_edi_archive_opening")
        self.assert_refused("UPDATE l10n_tn_edi_archive_opening SET reason = 'nothing'")
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.Error), self.env.cr.savepoint():
            self.env.cr.execute("SELECT l10n_tn_edi_archive_open('migration', ' ', NULL)")

    def test_a_retention_run_before_the_date_is_refused_by_the_database(self):
        opening = self.env["l10n_tn_edi.archive.opening"]
        opening._open("retention", "too early")
        self.assert_refused("DELETE FROM ir_attachment WHERE id = %s", self.attachment.id)
        self.assert_refused("UPDATE l10n_tn_edi_archive_entry SET total = '8' WHERE id = %s", self.entry.id)
        opening._close()

    # === Removal, update === #

    def test_removal_is_refused_while_production_has_to_be_kept(self):
        module = self.env["ir.module.module"].sudo().search([("name", "=", "l10n_tn_edi_ttn")])
        account = module.search([("name", "=", "account")])
        module._l10n_tn_edi_check_retention()  # the test platform's entries prove nothing
        self.production(self.entry)
        for one in (module, account):
            with self.subTest(one.name), self.assertRaisesRegex(UserError, "2036"):
                one.with_user(self.env.ref("base.user_admin")).button_uninstall()
        with self.assertRaises(UserError):
            uninstall_hook(self.env(su=True))
        self.assertEqual(module.state, "installed")

    def test_an_update_keeps_the_guard(self):
        self.env["l10n_tn_edi.archive.opening"]._install_guard()
        self.assert_refused("DELETE FROM l10n_tn_edi_archive_entry WHERE id = %s", self.entry.id)

    def test_the_garbage_collection_keeps_the_files(self):
        attachment = self.attachment
        attachment._mark_for_gc(attachment.store_fname)
        self.env.flush_all()
        attachment._gc_file_store_unsafe()
        self.assertTrue(self.file._is_intact())

    # === What can only be seen === #

    def test_a_file_changed_on_disk_is_seen(self):
        path = self.attachment._full_path(self.attachment.store_fname)
        with open(path, "rb") as stream:
            before = stream.read()
        self.addCleanup(self.put_back, path, before)
        with open(path, "wb") as stream:
            stream.write(before.replace(b"a", b"b", 1))
        self.assertFalse(self.file._is_intact())

    def put_back(self, path, data):
        with open(path, "wb") as stream:
            stream.write(data)
