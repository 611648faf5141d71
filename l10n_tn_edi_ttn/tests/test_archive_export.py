import csv
import io
import time
import tracemalloc
import zipfile
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..archive import chain, documents, verify
from ..archive.checks import Judges
from ..models import l10n_tn_edi_archive_export_write
from .common_archive_seal import TnEdiSealCommon

MEGABYTE = 1024 * 1024


@tagged("post_install_l10n", "post_install", "-at_install")
class TestArchiveExport(TnEdiSealCommon):
    """What is exported is whole, can be continued after an interruption, and is written down."""

    def setUp(self):
        super().setUp()
        self.first, self.second = self.sealed_days(3, 2)
        self.exports = self.entries.env["l10n_tn_edi.archive.export"]
        self.manager = self.make_user("archive_manager", "account.group_account_manager")
        # As if the password had just been given: the question itself needs a browser (see the live suite)
        session = SimpleNamespace(session={"identity-check-last": time.time()})
        self.startPatcher(patch("odoo.addons.base.models.res_users.request", session))

    def make_user(self, login, *groups):
        return new_test_user(
            self.env(su=True),
            login=login,
            groups=",".join(groups),
            company_id=self.company.id,
            company_ids=[fields.Command.set(self.company.ids)],
        )

    def ask(self, user, **values):
        return (
            self.env["l10n_tn_edi.archive.export.ask"]
            .with_user(user)
            .sudo(False)
            .create({"company_id": self.company.id, "mode": "test", "reason": "Contrôle 2026", **values})
        )

    def ordered(self, user=None, **values):
        action = self.ask(user or self.manager, **values).action_export()
        export = self.exports.browse(action["res_id"])
        self.addCleanup(lambda: [export._path(end).unlink(missing_ok=True) for end in ("", ".part")])
        return export

    def written(self, **values):
        """:return: an export of the manager whose file is ready."""
        export = self.ordered(**values)
        self.exports._cron_export()
        return export

    def names(self, export):
        with zipfile.ZipFile(export._path()) as container:
            return container.namelist()

    def test_the_whole_archive(self):
        export = self.written()
        self.assertEqual((export.state, export.problem), ("ready", False))
        self.assertEqual((export.numbers, export.complete), ([[1, 5]], [1, 2]))
        self.assertEqual((export.progress, export.entry_count), (100.0, 5))
        report = verify.verify(
            [export._path()],
            Judges(trust=self.anchor._archive_trust()),
            heads=[chain.read_head(f"2:{self.second.head}")],
            complete=True,
            processes=1,
        )
        self.assertTrue(report.clean, report.findings)
        self.assertEqual((report.records, report.seals), (5, 2))
        with zipfile.ZipFile(export._path()) as container:
            self.assertIsNone(container.testzip())
            rows = list(
                csv.reader(io.StringIO(container.read("index.csv").decode("utf-8-sig")), delimiter=";")
            )
        self.assertEqual([row[3] for row in rows[1:]], [f"FE-2026-{number:05d}" for number in range(1, 6)])

    def test_it_goes_on_where_it_was_ended(self):
        whole = self.written()
        content = whole._path().read_bytes()
        again = self.ordered()
        again.ordered_at = whole.ordered_at
        runs = 0
        with (
            patch("odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_archive_export_write.BATCH", 1),
            patch.object(self.env.registry["l10n_tn_edi.archive.export"], "_progress", lambda _self: False),
        ):
            while again.state in ("waiting", "running"):
                runs += 1
                again._go_on()
                self.assertLess(again.progress, 101)
                part = again._path(".part")
                if part.exists():
                    # What a killed run had begun to write behind the last commit
                    with part.open("ab") as stream:
                        stream.write(b"PK\3\4 half a member")
        self.assertGreater(runs, 7)
        self.assertEqual(again._path().read_bytes(), content)

    def test_a_file_that_another_host_lost(self):
        export = self.ordered()
        with patch.object(self.env.registry["l10n_tn_edi.archive.export"], "_progress", lambda _self: False):
            export._go_on()
        export._path(".part").unlink()
        self.exports._cron_export()
        self.assertEqual((export.state, export.problem), ("ready", False))

    def test_a_selection(self):
        entries = self.entry(2) | self.entry(5)
        action = entries.with_user(self.manager).action_export()
        ask = self.env[action["res_model"]].with_user(self.manager).browse(action["res_id"])
        ask.reason = "Une facture"
        self.assertEqual(ask.count, 2)
        export = self.exports.browse(ask.action_export()["res_id"])
        self.addCleanup(export._path().unlink)
        self.exports._cron_export()
        self.assertEqual((export.state, export.problem, export.complete), ("ready", False, False))
        records = {name.split("/")[1] for name in self.names(export) if name.startswith("records/")}
        self.assertEqual(records, {"000000002", "000000005"})

    def test_period_and_customer(self):
        self.assertEqual(self.written(date_from="2026-03-03", date_to="2026-03-04").numbers, [[2, 3]])
        self.assertEqual(self.written(partner_id=self.customer.id).entry_count, 5)
        with self.assertRaises(UserError):
            self.ordered(partner_id=self.consumer.id)

    def test_what_is_not_stamped_waits(self):
        self.sandbox.settings(tsa="down")
        with self.days_later(2, hours=9):
            self.append(2)
        self.seal(3)
        ask = self.ask(self.manager)
        self.assertEqual((ask.count, ask.unsealed_count), (5, 2))
        self.assertEqual(self.written().numbers, [[1, 5]])

    def test_renewed_time_stamps_go_along(self):
        with patch(
            "odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_archive_account.RENEW_BEFORE",
            timedelta(days=36500),
        ):
            self.account._seal_due()
        export = self.written()
        self.assertEqual((export.state, export.problem), ("ready", False))

    def test_a_changed_file_is_named(self):
        file = self.entry(4).file_ids.filtered(lambda one: one.role == "pdf")
        attachment = file._attachment()
        path = attachment._full_path(attachment.store_fname)
        with open(path, "rb") as stream:
            content = stream.read()

        def restore():
            with open(path, "wb") as stream:
                stream.write(content)

        self.addCleanup(restore)
        with open(path, "wb") as stream:
            stream.write(content[:-1] + b"X")
        export = self.written()
        self.assertEqual((export.state, export.problem["code"]), ("ready", "export.not_clean"))
        self.assertIn("invoice.pdf", export.sentence)

    def test_who_may(self):
        reader = self.make_user("archive_reader", "l10n_tn_edi_ttn.group_archive_reader")
        with self.assertRaises(AccessError):
            self.ask(reader)
        with self.assertRaises(AccessError):
            self.entries.browse().with_user(reader).action_export()
        auditor = self.make_user("archive_auditor", "l10n_tn_edi_ttn.group_archive_auditor")
        with self.assertRaises(UserError):
            self.ordered(auditor)
        self.env["l10n_tn_edi.archive.mandate"].sudo().create(
            {
                "user_id": auditor.id,
                "company_id": self.company.id,
                "date_from": "2026-03-01",
                "date_to": "2026-03-04",
                "valid_until": fields.Date.today() + timedelta(days=30),
                "reason": "Mission 12",
            }
        )
        export = self.ordered(auditor)
        self.assertEqual(export.numbers, [[1, 3]])
        self.assertEqual(self.exports.with_user(auditor).search([]), export)
        with self.assertRaises(UserError):
            self.ordered(reason="  ")

    def test_everything_is_written_down(self):
        export = self.written()
        path = export.with_user(self.manager)._downloaded()
        self.assertEqual(path, export._path())
        logged = (
            self.env["l10n_tn_edi.archive.access"]
            .sudo()
            .search([("user_id", "=", self.manager.id), ("action", "in", ("export", "download"))], order="id")
        )
        self.assertEqual(logged.mapped("action"), ["export", "download"])
        self.assertEqual(set(logged.mapped("reason")), {"Contrôle 2026"})
        with self.assertRaises(UserError):
            export.unlink()

    def test_the_file_is_removed_after_some_days(self):
        export = self.written()
        export.remove_at = fields.Datetime.now() - timedelta(minutes=1)
        self.exports._cron_export()
        self.assertEqual(export.state, "over")
        self.assertFalse(export._path().exists())
        with self.assertRaises(UserError):
            export.with_user(self.manager)._downloaded()

    def test_memory_does_not_grow_with_the_archive(self):
        drafts = [self.draft(number, size=MEGABYTE) for number in range(6, 36)]
        with self.days_later(2, hours=9):
            self.entries._append(self.company, "test", drafts)
        drafts.clear()
        self.seal(3)
        export = self.ordered()
        self.env.invalidate_all()
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        self.exports._cron_export()
        _now, peak = tracemalloc.get_traced_memory()
        self.assertEqual((export.state, export.problem), ("ready", False))
        self.assertGreater(
            sum(self.entries.search([("company_id", "=", self.company.id)]).file_ids.mapped("size")),
            40 * MEGABYTE,
        )
        self.assertLess(peak, 20 * MEGABYTE)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestArchiveExportDocuments(TnEdiSealCommon):
    """The check of a finished file looks at the signatures inside of the invoices too."""

    def setUp(self):
        super().setUp()
        self.document = self.archived()
        self.exports = self.entries.env["l10n_tn_edi.archive.export"]

    def export(self):
        """:return: an export of everything, sealed before and written."""
        self.seal()
        entries = self.entries.search([("company_id", "=", self.company.id)], order="number")
        export = self.exports._order_export(entries, "Contrôle", "tout").sudo()
        self.addCleanup(lambda: [export._path(end).unlink(missing_ok=True) for end in ("", ".part")])
        return export

    def altered(self):
        """Archive the invoice once more, with a signed TEIF whose content was changed before."""
        draft = self.draft(self.document.number + 1)
        signed = self.document.file_ids.filtered(lambda file: file.role == "teif_signed")._read_whole()
        data = signed.replace(b"</InvoiceBody>", b"<!-- more --></InvoiceBody>").replace(b"TND", b"EUR")
        self.assertNotEqual(data, signed)
        file = self.entries._record_file("teif_signed", "signed.xml", "application/xml", data)
        draft["contents"].append((file, data))
        self.entries._append(self.company, "test", [draft])

    def test_signatures_of_supplier_and_ttn_hold(self):
        export = self.export()
        with patch.object(documents, "problems", wraps=documents.problems) as judged:
            self.exports._cron_export()
        self.assertEqual((export.state, export.problem), ("ready", False))
        roles = [call.args[0] for call in judged.call_args_list]
        self.assertEqual(sorted(roles), ["teif_signed", "teif_validated"])
        self.assertTrue(all(call.args[2] for call in judged.call_args_list), "authorities are loaded")

    def test_a_signature_that_was_broken_before_the_archive(self):
        self.altered()
        export = self.export()
        self.exports._cron_export()
        self.assertEqual((export.state, export.problem["code"]), ("ready", "export.not_clean"))
        self.assertIn("SigFrs", export.sentence)

    def test_a_seal_of_another_company(self):
        export = self.export()
        with patch.object(l10n_tn_edi_archive_export_write, "_owner", lambda _signer: "9999999Z"):
            self.exports._cron_export()
        self.assertIn("9999999Z", export.sentence)

    def test_a_check_that_the_server_ended_looks_at_less(self):
        self.altered()
        export = self.export()
        self.assertTrue(export._write_file())
        for tried, code in ((1, "export.documents_not_checked"), (2, "export.not_checked")):
            export.write({"state": "checking", "checkpoint": {**export.checkpoint, "tried": tried}})
            self.assertTrue(export._go_on())
            self.assertEqual((export.state, export.problem["code"]), ("ready", code))
            self.assertNotIn("%(", export.sentence)
