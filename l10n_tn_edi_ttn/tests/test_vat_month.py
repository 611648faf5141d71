"""The month for the VAT return: what stands in the posted entries, beside what TTN says, tied to the ledger."""

import io
from datetime import datetime

from openpyxl import load_workbook

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common import TnEdiCommon

MONTH = "2026-03-01"


@tagged("post_install", "post_install_l10n", "-at_install")
class TestVatMonth(TnEdiCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ref = cls.env["account.chart.template"].with_company(cls.company).ref
        cls.fodec = ref("l10n_tn_edi_tax_sale_fodec")
        cls.suspended = ref("l10n_tn_edi_tax_sale_vat_19_suspended")
        cls.suspension = ref("l10n_tn_edi_fp_suspension")
        cls.export = ref("l10n_tn_fp_template_export")

    def month(self, **values):
        report = self.env["l10n_tn_edi.vat.month"].create({"month": MONTH, **values})
        report.action_compute()
        return report

    def row(self, report, section, rate=None):
        found = report.line_ids.filtered(
            lambda line: line.section == section and (rate is None or line.rate == rate)
        )
        self.assertEqual(len(found), 1, report.line_ids.mapped("name"))
        return found

    def put(self, move, state, decided="2026-03-20 10:00:00", **values):
        """Have an invoice's document in a state, as if TTN had answered."""
        move.l10n_tn_edi_document_id.sudo().write({"state": state, "decided_at": decided, **values})
        return move

    def invoice(self, *lines, **values):
        return self.make_invoice(*lines, post=True, **values)

    def test_rows_by_rate_and_status(self):
        self.put(self.invoice(self.line(1000.0), self.stamp_line()), "accepted")
        self.put(self.invoice(self.line(100.0, self.vat_7), self.stamp_line()), "submitted", decided=False)
        self.put(self.invoice(self.line(10.0)), "rejected")
        self.invoice(self.line(1.0), l10n_tn_edi_exclusion="elsewhere", l10n_tn_edi_exclusion_reference="1")
        self.put(self.invoice(self.line(200.0), move_type="out_refund"), "accepted")
        report = self.month()

        high = self.row(report, "vat", 19.0)
        self.assertEqual(
            [high.base_posted, high.base_accepted, high.base_pending, high.base_rejected, high.base_excluded],
            [811.0, 800.0, 0.0, 10.0, 1.0],
        )
        self.assertEqual([high.tax_posted, high.tax_accepted, high.tax_rejected], [154.09, 152.0, 1.9])
        low = self.row(report, "vat", 7.0)
        self.assertEqual([low.base_pending, low.tax_pending, low.tax_posted], [100.0, 7.0, 7.0])
        stamp = self.row(report, "stamp")
        # Every invoice bears it, written by hand or not; the credit note gives none back.
        self.assertEqual([stamp.count_posted, stamp.count_accepted, stamp.count_pending], [4, 1, 1])
        self.assertEqual([stamp.tax_posted, stamp.base_posted], [4.0, 0.0])
        counted = self.row(report, "invoices")
        self.assertEqual(
            [counted.count_posted, counted.count_accepted, counted.count_rejected, counted.count_excluded],
            [5, 2, 1, 1],
        )
        self.assertTrue(report.equal)
        self.assertEqual(report.open_count, 2)
        opened = self.env["account.move"].search(report.action_open_invoices()["domain"])
        self.assertEqual(set(opened.mapped("l10n_tn_edi_state")), {"submitted", "rejected"})

    def test_fodec_suspension_export_and_exemption(self):
        self.invoice(self.line(1000.0, self.fodec | self.vat_19))
        self.invoice(
            self.line(500.0, self.suspended),
            fiscal_position_id=self.suspension.id,
            l10n_tn_edi_attestation_reason="Attestation en cours",
        )
        self.invoice(self.line(300.0, self.vat_0), partner=self.foreigner, fiscal_position_id=self.export.id)
        self.invoice(self.line(50.0, self.vat_0))
        self.invoice(self.line(20.0, self.vat_0.browse()))
        report = self.month()
        fodec = self.row(report, "fodec", 1.0)
        self.assertEqual([fodec.base_posted, fodec.tax_posted], [1000.0, 10.0])
        self.assertEqual(self.row(report, "vat", 19.0).base_posted, 1010.0, "FODEC is in the base of VAT")
        suspended = self.row(report, "suspended", 19.0)
        self.assertEqual([suspended.base_posted, suspended.tax_posted], [500.0, 0.0])
        self.assertEqual(self.row(report, "export").base_posted, 300.0)
        self.assertEqual(self.row(report, "exempt").base_posted, 50.0)
        self.assertEqual(self.row(report, "none").base_posted, 20.0)
        self.assertTrue(report.equal, (report.total_here, report.total_ledger))
        for line in report.line_ids:
            french = line.with_context(lang="fr_FR").name
            self.assertTrue(french)

    def test_only_posted_entries_of_the_month_count(self):
        self.make_invoice(self.line(7000.0))
        self.invoice(self.line(100.0), invoice_date="2026-04-01")
        self.invoice(self.line(100.0), invoice_date="2026-03-31")
        self.assertEqual(self.row(self.month(), "vat", 19.0).base_posted, 100.0)

    def test_other_entries_with_sales_taxes_are_named(self):
        self.invoice(self.line(100.0))
        income, bank = (
            self.company_data["default_account_revenue"],
            self.company_data["default_account_assets"],
        )
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": "2026-03-10",
                "line_ids": [
                    Command.create(
                        {"account_id": income.id, "credit": 10.0, "tax_ids": self.vat_19.ids, "name": "Cash"}
                    ),
                    Command.create({"account_id": bank.id, "debit": 11.9, "name": "Cash"}),
                ],
            }
        )
        entry.action_post()
        self.assertTrue(entry.line_ids.tax_line_id)
        report = self.month()
        self.assertFalse(report.equal)
        self.assertEqual(report.stranger_ids, entry)
        self.assertAlmostEqual(report.tax_ledger - report.tax_here, 1.9)

    def test_accepted_in_another_month(self):
        here = self.put(self.invoice(), "accepted", decided="2026-04-02 08:00:00")
        # In Tunis it is April already.
        night = self.put(self.invoice(), "accepted", decided="2026-03-31 23:30:00")
        earlier = self.put(self.invoice(invoice_date="2026-02-20"), "accepted", decided="2026-03-01 09:00:00")
        self.put(self.invoice(), "accepted", decided="2026-03-31 22:30:00")
        report = self.month()
        self.assertEqual(report.late_ids, here | night | earlier)
        self.assertEqual(report.late_count, 3)

    def test_spreadsheet(self):
        self.put(self.invoice(self.line(1000.1234)), "accepted", decided="2026-04-02 08:00:00")
        waiting = self.put(self.invoice(), "submitted", decided=False)
        report = self.month()
        report.action_export()
        book = load_workbook(io.BytesIO(report._workbook()))
        sheet = book.worksheets[0]
        rows = {row[0].value: row for row in sheet.iter_rows()}
        line = self.row(report, "vat", 19.0)
        self.assertEqual(rows[line.name][1].value, line.base_posted)
        self.assertEqual(rows[line.name][1].number_format, "#,##0.000")
        self.assertIn("Equal", rows)
        self.assertEqual([row[0].value for row in book.worksheets[1].iter_rows()][1:], [waiting.name])
        late = list(book.worksheets[2].iter_rows())[1]
        self.assertEqual(late[6].value, datetime(2026, 4, 2))

    def test_a_company_that_is_not_worked_with_is_refused(self):
        other = self.env(su=True)["res.company"].create({"name": "Another"})
        report = self.env["l10n_tn_edi.vat.month"].with_context(allowed_company_ids=self.company.ids)
        with self.assertRaises(AccessError):
            report.create({"month": MONTH, "company_id": other.id}).action_compute()

    def test_a_reader_sees_it(self):
        self.invoice()
        reader = self.make_accountant("tn_edi_vat_reader")
        reader.sudo().group_ids = self.env.ref("account.group_account_readonly")
        report = self.env["l10n_tn_edi.vat.month"].with_user(reader).create({"month": MONTH})
        report.action_compute()
        self.assertTrue(report.line_ids)
        self.assertTrue(report.equal)
