from datetime import date

from odoo.tests import tagged

from ..models.account_move_teif import SCOPE_REASONS
from .common import TnEdiCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestScope(TnEdiCommon):
    """Which invoices are deposited, and why the others are not."""

    def assert_reason(self, move, reason):
        self.assertEqual(move._l10n_tn_edi_concerned(), (reason is None, reason))
        self.assertIn(reason, SCOPE_REASONS | {None})

    def test_customer_invoices_and_credit_notes(self):
        for move_type in ("out_invoice", "out_refund"):
            self.assert_reason(self.make_invoice(move_type=move_type, post=True), None)

    def test_draft(self):
        self.assert_reason(self.make_invoice(), "scope.not_posted")

    def test_receipts_and_purchases(self):
        self.assert_reason(self.make_invoice(move_type="out_receipt", post=True), "scope.move_type")
        purchase = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.customer.id,
                "invoice_date": "2026-03-15",
                "invoice_line_ids": [self.line(taxes=self.env["account.tax"])],
            }
        )
        purchase.action_post()
        self.assert_reason(purchase, "scope.move_type")

    def test_switches(self):
        move = self.make_invoice(post=True)
        self.invoice_journal.l10n_tn_edi_enabled = False
        self.assert_reason(move, "scope.journal_off")
        self.company.sudo().l10n_tn_edi_enabled = False
        self.assert_reason(move, "scope.company_off")

    def test_another_country(self):
        move = self.make_invoice(post=True)
        company = self.company.sudo()
        # The country cannot be changed once there are entries; the reading of it can be tested all the same.
        self.env.cr.execute(
            "UPDATE res_company SET account_fiscal_country_id = %s WHERE id = %s",
            (self.env.ref("base.fr").id, company.id),
        )
        company.invalidate_recordset(["account_fiscal_country_id"])
        self.assert_reason(move, "scope.not_tunisian")

    def test_go_live_date(self):
        move = self.make_invoice(post=True)
        company = self.company.sudo()
        company.l10n_tn_edi_go_live_date = "2026-03-15"
        self.assert_reason(move, None)
        company.l10n_tn_edi_go_live_date = "2026-03-16"
        self.assert_reason(move, "scope.before_go_live")
        company.l10n_tn_edi_go_live_date = False
        self.assert_reason(move, "scope.no_go_live")

    def test_consumers_and_foreign_customers_by_company_rule(self):
        consumer = self.make_invoice(partner=self.consumer, post=True)
        foreign = self.make_invoice(partner=self.foreigner, post=True)
        self.assert_reason(consumer, None)
        self.assert_reason(foreign, None)
        self.company.sudo().write(
            {"l10n_tn_edi_consumer_policy": "exclude", "l10n_tn_edi_foreign_policy": "exclude"}
        )
        self.assert_reason(consumer, "scope.consumer")
        self.assert_reason(foreign, "scope.foreign")
        self.assert_reason(self.make_invoice(post=True), None)

    def test_exclusion(self):
        move = self.make_invoice(
            l10n_tn_edi_exclusion="other", l10n_tn_edi_exclusion_reason="Test", post=True
        )
        self.assert_reason(move, "scope.excluded")
        move = self.make_invoice(
            l10n_tn_edi_exclusion="elsewhere", l10n_tn_edi_exclusion_reference="0736202000535629", post=True
        )
        self.assert_reason(move, "scope.deposited_elsewhere")

    def test_credit_note_of_an_invoice_deposited_elsewhere(self):
        invoice = self.make_invoice(
            l10n_tn_edi_exclusion="elsewhere", l10n_tn_edi_exclusion_reference="0736202000535629", post=True
        )
        refund = self.make_invoice(move_type="out_refund", reversed_entry_id=invoice.id, post=True)
        references = self.teif(refund).references
        self.assertEqual(
            [(r.code, r.value) for r in references], [("I-89", invoice.name), ("I-88", "0736202000535629")]
        )
        self.assertEqual(references[0].dates[0].value, date(2026, 3, 15))


@tagged("post_install_l10n", "post_install", "-at_install")
class TestPresets(TnEdiCommon):
    """What is preset on taxes, partners and companies."""

    def test_codes_of_the_tunisian_chart(self):
        for tax in self.vat_19 + self.vat_13 + self.vat_7 + self.vat_0:
            self.assertEqual(tax.l10n_tn_edi_code, "I-1602")
        self.assertEqual(self.stamp.l10n_tn_edi_code, "I-1601")

    def test_preset_of_a_company_that_was_there_before(self):
        taxes = (
            self.env["account.tax"]
            .sudo()
            .search(
                [
                    ("company_id", "=", self.company.id),
                    ("type_tax_use", "=", "sale"),
                    ("country_id.code", "=", "TN"),
                ]
            )
        )
        taxes.l10n_tn_edi_code = False
        self.env["account.tax"].sudo()._l10n_tn_edi_preset_taxes(self.company)
        self.test_codes_of_the_tunisian_chart()

    def test_preset_keeps_what_somebody_chose(self):
        tax = self.vat_13.sudo()
        tax.l10n_tn_edi_code = "I-1603"
        self.env["account.tax"].sudo()._l10n_tn_edi_preset_taxes(self.company)
        tax.name = "TVA 13 %"
        self.assertEqual(tax.l10n_tn_edi_code, "I-1603")

    def test_guess(self):
        Tax = self.env["account.tax"].sudo()
        for name, amount_type, amount, code in (
            ("TVA 12 %", "percent", 12.0, "I-1602"),
            ("FODEC 1 %", "percent", 1.0, "I-162"),
            ("Taxe TPE", "percent", 7.0, "I-164"),
            ("Droit de consommation", "percent", 10.0, "I-161"),
            ("Retenue 19 %", "percent", 19.0, False),
            ("RS", "percent", -1.0, False),
            ("Something at 3 %", "percent", 3.0, False),
            ("Timbre", "fixed", 1.0, "I-1601"),
            ("Eco", "fixed", 1.0, False),
        ):
            with self.subTest(name=name):
                tax = Tax.create(
                    {
                        "name": name,
                        "amount_type": amount_type,
                        "amount": amount,
                        "type_tax_use": "sale",
                        "company_id": self.company.id,
                        "country_id": self.env.ref("base.tn").id,
                        "tax_group_id": self.vat_19.tax_group_id.id
                        if amount_type == "percent"
                        else self.stamp.tax_group_id.id,
                        "l10n_tn_edi_code": False,
                    }
                )
                tax.tax_group_id.name = "Group"
                tax.l10n_tn_edi_code = False
                self.assertEqual(tax._l10n_tn_edi_guess_code(), code)

    def test_identifier_type(self):
        Partner = self.env["res.partner"]
        tunisia, france = self.env.ref("base.tn").id, self.env.ref("base.fr").id
        for values, kind in (
            ({"is_company": True, "country_id": tunisia}, "I-01"),
            ({"is_company": False, "country_id": tunisia, "vat": "7654321CAM000"}, "I-01"),
            ({"is_company": False, "country_id": tunisia}, "I-02"),
            ({"is_company": False}, "I-02"),
            ({"is_company": True, "country_id": france}, "I-04"),
            ({"is_company": False, "country_id": france}, "I-04"),
            ({"is_company": False, "country_id": france, "l10n_tn_edi_identifier_type": "I-03"}, "I-03"),
        ):
            with self.subTest(values=values):
                self.assertEqual(Partner.create({"name": "P", **values}).l10n_tn_edi_identifier_type, kind)

    def test_residence_card_stays_when_the_partner_changes(self):
        partner = self.env["res.partner"].create({"name": "P", "country_id": self.env.ref("base.tn").id})
        partner.l10n_tn_edi_identifier_type = "I-03"
        partner.country_id = self.env.ref("base.fr")
        self.assertEqual(partner.l10n_tn_edi_identifier_type, "I-03")

    def test_matricule_as_people_write_it(self):
        for typed in (
            "7654321C/A/M/000",
            "7654321 c a m 000",
            "7654321-C-A-M-000",
            "7654321.C.A.M.000",
            "TN7654321CAM000",
        ):
            with self.subTest(typed=typed):
                # Odoo's own check of tax numbers knows fewer ways to write a matricule than people do.
                self.customer.with_context(no_vat_validation=True).vat = typed
                self.assertEqual(
                    self.customer._l10n_tn_edi_identifier_value("1.8.9"), ("I-01", "7654321CAM000")
                )

    def test_company_matricule(self):
        self.assertEqual(self.company.l10n_tn_edi_matricule, "1234567RAM000")

    def test_branch_invoices_under_its_parent(self):
        branch = (
            self.env["res.company"]
            .sudo()
            .create(
                {
                    "name": "Agence",
                    "parent_id": self.company.id,
                    "country_id": self.env.ref("base.tn").id,
                }
            )
        )
        self.assertEqual(branch.l10n_tn_edi_matricule, "1234567RAM000")

    def test_units(self):
        unit = self.env["uom.uom"].sudo().create({"name": "Palette de douze"})
        self.assertEqual(unit._l10n_tn_edi_unit(), "UNIT")
        unit.name = "Benne"
        self.assertEqual(unit._l10n_tn_edi_unit(), "Benne")
        unit.l10n_tn_edi_code = "PF"
        self.assertEqual(unit._l10n_tn_edi_unit(), "PF")
        self.assertEqual(self.env["uom.uom"]._l10n_tn_edi_unit(), "UNIT")
