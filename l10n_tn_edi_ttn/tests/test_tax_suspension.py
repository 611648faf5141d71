import base64
import io
from datetime import date

from openpyxl import load_workbook
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.template_tn import SUSPENSION, SUSPENSION_OF_ALL
from .common import TnEdiCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSuspension(TnEdiCommon):
    """Sales without VAT to a customer who has an attestation, and what the documents say of the tax that isn't due."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ref = cls.env["account.chart.template"].with_company(cls.company).ref
        cls.position = ref(SUSPENSION)
        cls.position_all = ref(SUSPENSION_OF_ALL)
        cls.fodec = ref("l10n_tn_edi_tax_sale_fodec")
        cls.suspended_19 = ref("l10n_tn_edi_tax_sale_vat_19_suspended")
        cls.suspended_7 = ref("l10n_tn_edi_tax_sale_vat_7_suspended")
        cls.suspended_fodec = ref("l10n_tn_edi_tax_sale_fodec_suspended")

    def attestation(self, **values):
        return self.env["l10n_tn_edi.vat.attestation"].create(
            {
                "partner_id": self.customer.id,
                "number": "AUT-2026-4455",
                "date": "2026-01-02",
                "date_start": "2026-01-01",
                "date_end": "2026-12-31",
                "tax_office": "Bureau de Sfax",
                **values,
            }
        )

    def suspended(self, *lines, post=False, **values):
        lines = lines or (self.line(100.0, self.suspended_19, quantity=2),)
        return self.make_invoice(*lines, fiscal_position_id=self.position.id, post=post, **values)

    def assert_blocked(self, move, code):
        """``move`` is not posted, and the draft says why before anybody tries."""
        self.assertIn(code, [item["code"] for item in move._l10n_tn_edi_findings()])
        sentence = self.env["l10n_tn_edi.messages"]._sentence(*move._l10n_tn_edi_attestation_problem())
        with self.assertRaises(UserError) as raised, self.cr.savepoint():
            move.action_post()
        self.assertEqual(str(raised.exception), sentence)
        self.assertEqual(move.state, "draft")

    # === The documents === #

    def test_mapping_keeps_the_rate(self):
        self.assertEqual(
            self.position.map_tax(self.vat_19 + self.vat_7), self.suspended_19 + self.suspended_7
        )
        self.assertEqual(self.suspended_19.l10n_tn_edi_suspended_tax_id, self.vat_19)
        self.assertEqual(self.position.map_tax(self.fodec), self.fodec, "FODEC is due")
        self.assertEqual(self.position_all.map_tax(self.fodec), self.suspended_fodec)

    def test_teif(self):
        self.attestation()
        move = self.suspended(post=True)
        document = self.assert_clean(move)
        self.assertEqual(self.taxes(document)["I-1602", "0"], ("200.000", "0.000"))
        self.assertEqual(
            self.amounts(document),
            {"I-176": "200.000", "I-182": "200.000", "I-181": "0.000", "I-180": "201.000", "I-187": "38.000"},
        )
        self.assertEqual(document.special_conditions, ("Ventes en suspension de taxes et impôts",))
        [reference] = document.references
        self.assertEqual((reference.code, reference.value), ("I-85", "AUT-2026-4455"))
        self.assertEqual(reference.dates[0].value, date(2026, 1, 2))
        self.assertEqual(str(document.lines[0].taxes[0].rate), "0")

    def test_several_rates_and_what_is_due(self):
        self.attestation()
        move = self.suspended(
            self.line(33.335, self.suspended_19),
            self.line(10.0, self.suspended_7, quantity=3),
            self.line(5.0, self.vat_19),
            post=True,
        )
        document = self.assert_clean(move)
        self.assertEqual(self.amounts(document)["I-187"], "8.434")  # 6.334 + 2.100
        self.assertEqual(self.taxes(document)["I-1602", "19"], ("5.000", "0.950"))

    def test_fodec_suspended_too(self):
        self.attestation(covers_fodec=True)
        move = self.make_invoice(
            self.line(100.0, self.suspended_19 + self.suspended_fodec),
            fiscal_position_id=self.position_all.id,
            post=True,
        )
        document = self.assert_clean(move)
        self.assertEqual(self.amounts(document)["I-187"], "19.190", "the VAT that FODEC would have been in")
        self.assertNotIn(("I-162", "0"), self.taxes(document))
        self.assertEqual(
            {key: round(values["tax"], 3) for key, values in move._l10n_tn_edi_suspended().items()},
            {("I-1602", 19): 19.19, ("I-162", 1): 1.0},
        )

    def test_fodec_due_under_suspension_of_vat(self):
        self.attestation()
        move = self.suspended(self.line(100.0, self.suspended_19 + self.fodec), post=True)
        document = self.assert_clean(move)
        self.assertEqual(self.taxes(document)["I-162", "1"], ("100.000", "1.000"))
        self.assertEqual(self.taxes(document)["I-1602", "0"], ("101.000", "0.000"))
        self.assertEqual(self.amounts(document)["I-187"], "19.190")

    def test_credit_note(self):
        attestation = self.attestation(amount_limit=200)
        invoice = self.suspended(post=True)
        self.assertEqual((attestation.amount_used, attestation.amount_left), (200.0, 0.0))
        refund = invoice._reverse_moves([{"invoice_date": "2026-03-20"}])
        self.assertEqual(refund.l10n_tn_edi_attestation_id, attestation)
        refund.action_post()
        self.assertEqual(attestation.amount_used, 0.0)
        self.assertEqual(self.amounts(self.assert_clean(refund))["I-187"], "38.000")

    def test_print(self):
        self.attestation(order_number="BC-7", visa_number="V-9")
        html = (
            self.env["ir.actions.report"]
            ._render_qweb_html("account.report_invoice", self.suspended(post=True).ids)[0]
            .decode()
        )
        for text in ("Ventes en suspension de taxes et impôts", "38.000", "AUT-2026-4455", "BC-7 V-9"):
            self.assertIn(text, html)
        html = (
            self.env["ir.actions.report"]
            ._render_qweb_html("account.report_invoice", self.make_invoice(post=True).ids)[0]
            .decode()
        )
        self.assertNotIn("suspension", html)

    # === The attestation === #

    def test_found_by_itself(self):
        self.attestation(number="OLD", date_start="2025-01-01", date_end="2025-12-31")
        good = self.attestation()
        self.attestation(number="LATER", date_end="2027-12-31")
        self.assertEqual(self.suspended().l10n_tn_edi_attestation_id, good)
        self.assertFalse(self.make_invoice().l10n_tn_edi_attestation_id)

    def test_missing(self):
        move = self.suspended()
        self.assert_blocked(move, "odoo.attestation_missing")
        move.l10n_tn_edi_attestation_id = self.attestation()
        move.action_post()
        self.assertEqual(move.state, "posted")

    def test_suspended_tax_without_the_position(self):
        self.assert_blocked(
            self.make_invoice(self.line(100.0, self.suspended_19)), "odoo.attestation_missing"
        )

    def test_suspended_line_alone_keeps_the_chosen_attestation(self):
        attestation = self.attestation(date_end="2099-12-31")
        move = self.make_invoice(
            self.line(100.0, self.suspended_19),
            invoice_date=False,
            l10n_tn_edi_attestation_id=attestation.id,
        )
        move.action_post()
        self.assertEqual(move.l10n_tn_edi_attestation_id, attestation)
        self.assertEqual([item.code for item in self.teif(move).references], ["I-85"])
        self.assertEqual(attestation.amount_used, 100.0)

    def test_expired(self):
        attestation = self.attestation(date_end="2026-03-14")
        self.assert_blocked(
            self.suspended(l10n_tn_edi_attestation_id=attestation.id), "odoo.attestation_expired"
        )
        attestation.date_end = "2026-03-15"
        self.suspended(l10n_tn_edi_attestation_id=attestation.id, post=True)

    def test_taxes_not_covered(self):
        self.attestation()
        move = self.make_invoice(
            self.line(100.0, self.suspended_19 + self.suspended_fodec),
            fiscal_position_id=self.position_all.id,
        )
        self.assert_blocked(move, "odoo.attestation_taxes")

    def test_of_another_customer(self):
        attestation = self.attestation(partner_id=self.consumer.id)
        self.assert_blocked(
            self.suspended(l10n_tn_edi_attestation_id=attestation.id), "odoo.attestation_customer"
        )

    def test_amount_used_up(self):
        attestation = self.attestation(amount_limit=500)
        first, second, third = (self.suspended() for _number in range(3))
        (first + second).action_post()
        self.assertEqual((attestation.amount_left, attestation.state), (100.0, "valid"))
        self.assert_blocked(third, "odoo.attestation_amount")
        third.invoice_line_ids.quantity = 1
        third.action_post()
        self.assertEqual((attestation.amount_left, attestation._is_used_up()), (0.0, True))
        self.assertFalse(self.suspended().l10n_tn_edi_attestation_id, "one that is used up isn't proposed")

    def test_amount_used_up_within_one_posting(self):
        self.attestation(amount_limit=300)
        moves = self.suspended() + self.suspended()
        with self.assertRaisesRegex(UserError, "400"), self.cr.savepoint():
            moves.action_post()
        self.assertEqual(set(moves.mapped("state")), {"draft"})

    def test_quantity_used_up(self):
        self.attestation(quantity_limit=3)
        self.suspended(post=True)
        self.assert_blocked(
            self.suspended(l10n_tn_edi_attestation_id=self.env["l10n_tn_edi.vat.attestation"].search([]).id),
            "odoo.attestation_quantity",
        )

    def test_reason_overrides_and_is_logged(self):
        move = self.suspended(l10n_tn_edi_attestation_reason="   ")
        self.assert_blocked(move, "odoo.attestation_missing")
        move.l10n_tn_edi_attestation_reason = "Attestation attendue, accord du directeur"
        self.assertEqual(move._l10n_tn_edi_findings(), [])
        move.action_post()
        self.assertEqual(move.state, "posted")
        log = " ".join(move.message_ids.mapped("body"))
        self.assertIn("accord du directeur", log)
        self.assertIn("names no attestation", log)

    def test_reset_to_draft_gives_the_amount_back(self):
        attestation = self.attestation(amount_limit=200)
        move = self.suspended(post=True)
        self.assertEqual(attestation.amount_left, 0.0)
        move.button_draft()
        self.assertEqual(attestation.amount_left, 200.0)
        move.action_post()

    def test_constraints(self):
        with self.assertRaises(ValidationError):
            self.attestation(covers_vat=False)
        with self.assertRaises(ValidationError):
            self.attestation(kind="single")
        self.attestation(kind="single", order_number="BC-1")
        for values in (
            {"date_end": "2025-01-01"},
            {"amount_limit": -1},
            {"kind": "single", "order_number": "BC-1"},
        ):
            with (
                self.subTest(values=values),
                self.assertRaises(IntegrityError),
                mute_logger("odoo.sql_db"),
                self.cr.savepoint(),
            ):
                self.attestation(**values).flush_recordset()

    def test_rights(self):
        accountant = self.make_accountant()
        attestation = self.attestation().with_user(accountant)
        attestation.tax_office = "Sfax II"
        with self.assertRaises(AccessError):
            attestation.unlink()
        other = self.env["res.company"].sudo().create({"name": "Autre"})
        attestation.sudo().company_id = other
        self.assertFalse(
            self.env["l10n_tn_edi.vat.attestation"]
            .with_user(accountant)
            .search([("id", "=", attestation.id)])
        )

    # === The quarterly list === #

    def sheet(self, **values):
        wizard = self.env["l10n_tn_edi.suspension.list"].create(
            {"company_id": self.company.id, "year": 2026, "quarter": "1", **values}
        )
        wizard.action_export()
        book = load_workbook(io.BytesIO(base64.b64decode(wizard.file)))
        return wizard, [list(row) for row in book.active.iter_rows(values_only=True)]

    def test_quarterly_list(self):
        self.attestation(order_number="BC-7", visa_number="V-9", covers_fodec=True)
        self.customer.name = "=CLIENT ESSAI SA"
        first = self.suspended(post=True)
        both = self.make_invoice(
            self.line(100.0, self.suspended_19 + self.suspended_fodec),
            fiscal_position_id=self.position_all.id,
            invoice_date="2026-03-31",
            post=True,
        )
        refund = first._reverse_moves([{"invoice_date": "2026-03-31"}])
        refund.action_post()
        self.suspended(invoice_date="2026-04-01", post=True)
        self.suspended()
        self.make_invoice(post=True)
        wizard, rows = self.sheet()
        self.assertEqual((wizard.count, wizard.filename), (3, "suspension-2026-T1.xlsx"))
        self.assertEqual(
            [(row[8], row[10], row[11], row[12], row[13]) for row in rows[1:-1]],
            [
                (first.name, 200, 19, "TVA", 38),
                (both.name, 101, 19, "TVA", 19.19),
                (both.name, 100, 1, "FODEC", 1),
                (refund.name, -200, 19, "TVA", -38),
            ],
        )
        self.assertEqual(
            rows[1][1:8], ["7654321CAM000", "=CLIENT ESSAI SA", *rows[1][3:4], "AUT-2026-4455", *rows[1][5:8]]
        )
        self.assertEqual(rows[1][6:8], ["Bureau de Sfax", "BC-7 V-9"])
        self.assertEqual((rows[-1][10], rows[-1][13]), (101, 20.19))
        _wizard, rows = self.sheet(quarter="2")
        self.assertEqual(len(rows), 3)

    def test_list_by_a_plain_user(self):
        self.attestation()
        self.suspended(post=True)
        wizard = (
            self.env["l10n_tn_edi.suspension.list"]
            .with_user(self.make_accountant())
            .create({"company_id": self.company.id, "year": 2026, "quarter": "1"})
        )
        wizard.action_export()
        self.assertEqual(wizard.count, 1)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestExemption(TnEdiCommon):
    """What is exempt from VAT is totalled, with the reason."""

    def test_exempt_with_reason(self):
        document = self.assert_clean(
            self.make_invoice(self.line(100.0, self.vat_0, quantity=2), self.line(10.0), post=True)
        )
        self.assertEqual(self.amounts(document)["I-185"], "200.000")
        self.assertEqual(document.free_texts[0].texts, ("Exonéré : article 13 du code de la TVA",))

    def test_line_without_any_vat(self):
        document = self.assert_clean(
            self.make_invoice(self.line(30.0, self.env["account.tax"]), self.line(5.0, self.vat_0), post=True)
        )
        self.assertEqual(self.amounts(document)["I-185"], "35.000")

    def test_reason_missing(self):
        self.vat_0.sudo().invoice_legal_notes = False
        move = self.make_invoice(self.line(100.0, self.vat_0), post=True)
        [finding] = move._l10n_tn_edi_findings()
        self.assertEqual(
            (finding["code"], finding["severity"], finding["field"]),
            ("odoo.exemption_reason", "advice", "invoice_legal_notes"),
        )
        move = self.make_invoice(self.line(100.0, self.vat_0), l10n_tn_edi_note="Exonéré", post=True)
        self.assertEqual(move._l10n_tn_edi_findings(), [])

    def test_export_is_not_exempt(self):
        export = (
            self.env["account.chart.template"].with_company(self.company).ref("l10n_tn_fp_template_export")
        )
        move = self.make_invoice(
            self.line(100.0, self.vat_0), partner=self.foreigner, fiscal_position_id=export.id, post=True
        )
        self.assertNotIn("I-185", self.amounts(self.teif(move)))
