from odoo.tests import tagged

from ..models.template_tn import OTHER_TAXES, PREFIX, SUSPENSION, SUSPENSION_OF_ALL
from .common import TnEdiCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestOtherTaxes(TnEdiCommon):
    """FODEC and the other taxes beside VAT: there for every company, in the base of the VAT, right in TEIF."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ref = cls.env["account.chart.template"].with_company(cls.company).ref
        cls.fodec = ref(f"{PREFIX}fodec")
        cls.duty = ref(f"{PREFIX}dc").sudo()
        cls.duty.write({"amount": 10.0, "active": True})
        cls.tfl = ref(f"{PREFIX}tfl").sudo()
        cls.tfl.write({"amount": 2.0, "active": True})
        cls.conditioners = ref(f"{PREFIX}conditioners").sudo()
        cls.conditioners.write({"amount": 10.0, "active": True})
        cls.export_position = ref("l10n_tn_fp_template_export")

    def test_fodec_enters_the_base_of_the_vat(self):
        move = self.make_invoice(
            self.line(100.0, self.fodec + self.vat_19, quantity=2), self.line(50.0, self.vat_7), post=True
        )
        document = self.assert_clean(move)
        self.assertEqual(
            self.taxes(document),
            {
                ("I-1601", "0"): (None, "1.000"),
                ("I-162", "1"): ("200.000", "2.000"),
                ("I-1602", "19"): ("202.000", "38.380"),
                ("I-1602", "7"): ("50.000", "3.500"),
            },
        )
        self.assertEqual(
            self.amounts(document),
            {"I-176": "250.000", "I-182": "252.000", "I-181": "43.880", "I-180": "294.880"},
        )
        self.assertEqual([tax.code for tax in document.lines[0].taxes], ["I-1602"])
        self.assertEqual(str(document.lines[0].amounts[1].value), "200.000")

    def test_fodec_is_booked_as_other_taxes_on_turnover(self):
        move = self.make_invoice(self.line(100.0, self.fodec + self.vat_19), post=True)
        item = move.line_ids.filtered(lambda line: line.tax_line_id == self.fodec)
        self.assertEqual((item.account_id.code[:5], item.balance), ("43658", -1.0))
        vat = move.line_ids.filtered(lambda line: line.tax_line_id == self.vat_19)
        self.assertEqual(abs(vat.tax_base_amount), 101.0)
        self.assertTrue(
            item.tax_tag_ids & move.invoice_line_ids.tax_tag_ids, "it counts in the VAT's base of the report"
        )

    def test_duties_are_reckoned_on_the_price_each(self):
        move = self.make_invoice(self.line(100.0, self.duty + self.fodec + self.vat_19), post=True)
        document = self.assert_clean(move)
        self.assertEqual(
            self.taxes(document),
            {
                ("I-1601", "0"): (None, "1.000"),
                ("I-161", "10"): ("100.000", "10.000"),
                ("I-162", "1"): ("100.000", "1.000"),
                ("I-1602", "19"): ("111.000", "21.090"),
            },
        )

    def test_tax_a_piece(self):
        move = self.make_invoice(self.line(1000.0, self.conditioners + self.vat_19, quantity=3), post=True)
        document = self.assert_clean(move)
        self.assertEqual(self.taxes(document)["I-166", "0"], ("3000.000", "30.000"))
        self.assertEqual(self.taxes(document)["I-1602", "19"], ("3030.000", "575.700"))

    def test_tax_outside_of_the_vat(self):
        move = self.make_invoice(self.line(100.0, self.tfl), post=True)
        document = self.assert_equals_journal_entry(move)
        self.assertEqual(self.taxes(document)["I-168", "2"], ("100.000", "2.000"))
        self.assertEqual(self.taxes(document)["I-1602", "0"], ("100.000", "0.000"))

    def test_credit_note(self):
        move = self.make_invoice(
            self.line(100.0, self.fodec + self.vat_19),
            move_type="out_refund",
            l10n_tn_edi_original_number="F-1",
            l10n_tn_edi_original_date="2026-01-01",
            post=True,
        )
        self.assertEqual(self.taxes(self.assert_clean(move))["I-162", "1"], ("100.000", "1.000"))

    def test_price_that_includes_fodec_and_vat(self):
        (self.fodec + self.vat_19).sudo().price_include_override = "tax_included"
        move = self.make_invoice(self.line(120.19, self.fodec + self.vat_19), post=True)
        document = self.assert_clean(move)
        self.assertEqual(self.amounts(document)["I-176"], "100.000")
        self.assertEqual(self.taxes(document)["I-1602", "19"], ("101.000", "19.190"))

    def test_export_bears_none(self):
        taxes = self.export_position.map_tax(self.fodec + self.duty + self.vat_19)
        self.assertEqual(len(taxes), 2)
        self.assertEqual(set(taxes.mapped("amount")), {0.0})
        move = self.make_invoice(
            self.line(100.0, taxes),
            partner=self.foreigner,
            fiscal_position_id=self.export_position.id,
            post=True,
        )
        self.assertEqual(
            self.taxes(self.assert_equals_journal_entry(move)), {("I-1602", "0"): ("100.000", "0.000")}
        )

    # === Who has them === #

    def charted(self, company):
        chart = self.env["account.chart.template"].sudo().with_company(company)
        return {row[0]: chart.ref(PREFIX + row[0], raise_if_not_found=False) or None for row in OTHER_TAXES}

    def test_new_company(self):
        for key, code, kind, _amount, in_base, active, _name, _french in OTHER_TAXES:
            tax = self.charted(self.company)[key]
            self.assertEqual((tax.l10n_tn_edi_code, tax.amount_type), (code, kind))
            self.assertEqual(tax.include_base_amount, in_base)
            if key == "fodec":
                self.assertTrue(active and tax.active)
                self.assertEqual(tax.amount, 1.0)
        other = self.charted(self.company)["packaging"]
        self.assertFalse(other.active)
        self.assertEqual(other.tax_group_id.name, "Other taxes")

    def test_french_names(self):
        self.env["res.lang"].sudo()._activate_lang("fr_FR")
        chart = self.env["account.chart.template"].sudo()
        chart._load_translations(langs=["fr_FR"], companies=self.company)
        self.assertEqual(
            self.charted(self.company)["dc"].with_context(lang="fr_FR").name, "Droit de consommation"
        )

    def test_company_that_was_there_before(self):
        chart = self.env["account.chart.template"].sudo().with_company(self.company)
        taxes = chart.env["account.tax"].browse(
            [tax.id for tax in self.charted(self.company).values() if tax]
        )
        suspended = chart.ref("l10n_tn_edi_tax_sale_vat_19_suspended")
        positions = chart.ref(SUSPENSION) + chart.ref(SUSPENSION_OF_ALL)
        (taxes + suspended).unlink()
        positions.unlink()
        self.assertFalse(any(self.charted(self.company).values()))
        made = chart._l10n_tn_edi_load(self.company)
        self.assertTrue(all(self.charted(self.company).values()))
        self.assertIn(self.charted(self.company)["fodec"], made)
        again = chart.ref("l10n_tn_edi_tax_sale_vat_19_suspended")
        self.assertEqual(again.l10n_tn_edi_suspended_tax_id, self.vat_19)
        self.assertEqual(chart.ref(SUSPENSION).map_tax(self.vat_19), again)
        self.assertFalse(chart._l10n_tn_edi_load(self.company), "there is nothing left to add")

    def test_what_somebody_changed_or_made_stays(self):
        chart = self.env["account.chart.template"].sudo().with_company(self.company)
        self.duty.name = "DC 10 %"
        fodec = self.charted(self.company)["fodec"]
        fodec.unlink()
        own = self.vat_19.sudo().copy({"name": "FODEC 1%", "amount": 1.0, "l10n_tn_edi_code": "I-162"})
        chart.ref("l10n_tn_edi_tax_sale_fodec_suspended").unlink()
        chart._l10n_tn_edi_load(self.company)
        self.assertEqual(self.duty.name, "DC 10 %")
        self.assertIsNone(self.charted(self.company)["fodec"])
        self.assertEqual(own.name, "FODEC 1%")

    def test_button_is_for_accounting_managers(self):
        settings = self.env["res.config.settings"].sudo().create({"company_id": self.company.id})
        action = settings.action_l10n_tn_edi_load_taxes()
        self.assertEqual(action["tag"], "display_notification")

    def test_other_countries_are_left_alone(self):
        other = self.env["res.company"].sudo().create({"name": "X", "country_id": self.env.ref("base.fr").id})
        self.assertFalse(self.env["account.chart.template"].sudo()._l10n_tn_edi_load(other))
