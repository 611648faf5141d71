from datetime import date
from decimal import Decimal

from odoo.fields import Command
from odoo.tests import tagged

from ..teif.document import Period
from .common import COMPANY_MATRICULE, CUSTOMER_MATRICULE, RIB, TnEdiCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestValues(TnEdiCommon):
    """What an invoice looks like in TEIF, as the reader finds it in the written bytes."""

    # === The usual invoice === #

    def test_invoice_with_vat_and_stamp(self):
        document = self.assert_clean(self.make_invoice(post=True))
        self.assertEqual(document.version, "1.8.9")
        self.assertEqual((document.sender.type, document.sender.value), ("I-01", COMPANY_MATRICULE))
        self.assertEqual((document.receiver.type, document.receiver.value), ("I-01", CUSTOMER_MATRICULE))
        self.assertEqual((document.type_code, document.type_label), ("I-11", "Facture"))
        self.assertEqual(
            self.amounts(document),
            {"I-180": "120.000", "I-176": "100.000", "I-182": "100.000", "I-181": "19.000"},
        )
        self.assertEqual(
            self.taxes(document),
            {("I-1601", "0"): (None, "1.000"), ("I-1602", "19"): ("100.000", "19.000")},
        )
        self.assertEqual(document.amount("I-180").description, "ONE HUNDRED AND TWENTY DINARS")
        [line] = document.lines
        self.assertEqual((line.number, line.code, line.description), ("1", "SRV", "Prestation"))
        self.assertEqual([tax.code for tax in line.taxes], ["I-1602"])
        self.assertEqual((str(line.quantity.value), line.quantity.unit), ("1", "UNIT"))

    def test_parties(self):
        self.customer.write({"ref": "41115530", "company_registry": "C77"})
        document = self.assert_clean(self.make_invoice(post=True))
        supplier, customer = document.parties
        self.assertEqual((supplier.role, supplier.identifier.value), ("I-62", COMPANY_MATRICULE))
        self.assertEqual((supplier.name, supplier.name_type), ("FOURNISSEUR ESSAI SARL", "Qualification"))
        [address] = supplier.addresses
        self.assertEqual(
            (address.street, address.city, address.postal_code, address.country),
            ("12 rue de Marseille", "Tunis", "1000", "TN"),
        )
        self.assertEqual(
            [(r.code, r.value) for r in supplier.references], [("I-815", "B0123452020"), ("I-816", "SARL")]
        )
        self.assertEqual([contact.means for contact in supplier.contacts], ["I-101", "I-103", "I-104"])
        self.assertEqual(
            [(r.code, r.value) for r in customer.references], [("I-815", "C77"), ("I-814", "41115530")]
        )

    def test_contact_is_invoiced_under_its_company(self):
        contact = self.env["res.partner"].create(
            {
                "name": "Service comptable",
                "parent_id": self.customer.id,
                "type": "invoice",
                "street": "Rue de la Liberte",
                "city": "Sousse",
                "zip": "4000",
                "country_id": self.customer.country_id.id,
            }
        )
        document = self.assert_clean(self.make_invoice(partner=contact, post=True))
        customer = document.party("I-64")
        self.assertEqual(customer.name, "CLIENT ESSAI SA")
        self.assertEqual(customer.identifier.value, CUSTOMER_MATRICULE)
        self.assertEqual(customer.addresses[0].city, "Sousse")

    def test_vat_at_several_rates(self):
        move = self.make_invoice(
            self.line(100.0, self.vat_19),
            self.line(50.0, self.vat_7),
            self.line(10.0, self.vat_13),
            self.line(30.0, self.vat_0),
            self.line(5.0, self.env["account.tax"]),
            self.stamp_line(),
            post=True,
        )
        document = self.assert_clean(move)
        self.assertEqual(
            self.taxes(document),
            {
                ("I-1601", "0"): (None, "1.000"),
                ("I-1602", "19"): ("100.000", "19.000"),
                ("I-1602", "13"): ("10.000", "1.300"),
                ("I-1602", "7"): ("50.000", "3.500"),
                ("I-1602", "0"): ("35.000", "0.000"),
            },
        )
        self.assertEqual([str(line.taxes[0].rate) for line in document.lines], ["19", "7", "13", "0", "0"])

    def test_discount(self):
        move = self.make_invoice(self.line(450.5, quantity=2, discount=5.0), post=True)
        document = self.assert_clean(move)
        [line] = document.lines
        self.assertEqual(
            [(a.code, str(a.value)) for a in line.amounts], [("I-183", "450.500"), ("I-171", "855.950")]
        )
        [allowance] = line.allowances
        self.assertEqual(
            (allowance.code, str(allowance.rate), str(allowance.basis)), ("I-151", "5", "901.000")
        )
        self.assertEqual(self.taxes(document)["I-1601", "0"], (None, "1.000"))

    def test_surcharge_and_full_discount(self):
        move = self.make_invoice(
            self.line(100.0, discount=-10.0),
            self.line(40.0, discount=100.0),
            self.line(100.0, discount=33.33),
            post=True,
        )
        document = self.assert_clean(move)
        surcharge, free, third = document.lines
        self.assertEqual(
            ([str(a.value) for a in surcharge.amounts], surcharge.allowances), (["110.000", "110.000"], ())
        )
        self.assertEqual([str(a.value) for a in free.amounts], ["40.000", "0.000"])
        self.assertEqual(str(third.allowances[0].rate), "33.33")

    def test_stamp_on_an_ordinary_line(self):
        move = self.make_invoice(self.line(100.0, self.vat_19 + self.stamp), post=True)
        document = self.assert_clean(move)
        self.assertEqual(self.taxes(document)["I-1601", "0"], (None, "1.000"))
        self.assertEqual(self.taxes(document)["I-1602", "19"], ("100.000", "19.000"))
        self.assertEqual([tax.code for tax in document.lines[0].taxes], ["I-1602"])

    def test_stamp_multiplied_by_the_quantity_is_said(self):
        move = self.make_invoice(self.line(100.0, self.vat_19 + self.stamp, quantity=3), post=True)
        self.assert_equals_journal_entry(move)
        [finding] = move._l10n_tn_edi_findings()
        self.assertEqual((finding["code"], finding["severity"]), ("odoo.stamp_multiplied", "warning"))

    def test_price_included_taxes(self):
        included = self.vat_19.copy({"name": "19% TTC", "price_include_override": "tax_included"})
        move = self.make_invoice(self.line(119.0, included, quantity=2, discount=10.0), post=True)
        document = self.assert_clean(move)
        self.assertEqual([str(a.value) for a in document.lines[0].amounts], ["100.000", "180.000"])

    def test_units_of_measure(self):
        move = self.make_invoice(
            self.line(product_uom_id=self.env.ref("uom.product_uom_hour").id),
            self.line(product_uom_id=self.env.ref("uom.product_uom_kgm").id, quantity=2.5),
            post=True,
        )
        document = self.assert_clean(move)
        self.assertEqual(
            [(line.quantity.unit, str(line.quantity.value)) for line in document.lines],
            [("HUR", "1"), ("KGM", "2.5")],
        )

    def test_due_date_terms_and_account(self):
        bank = self.env["res.partner.bank"].create(
            {
                "acc_number": "TN59 " + RIB,
                "partner_id": self.company.partner_id.id,
                "bank_id": self.env["res.bank"].create({"name": "BANQUE ESSAI"}).id,
            }
        )
        move = self.make_invoice(
            partner_bank_id=bank.id, invoice_date_due="2026-04-15", invoice_payment_term_id=False, post=True
        )
        document = self.assert_clean(move)
        self.assertEqual(document.date("I-32").value, date(2026, 4, 15))
        [payment] = document.payments
        self.assertEqual(payment.terms, "I-114")
        account = payment.institution
        self.assertEqual(
            (account.code, account.account, account.name_code, account.branch, account.name),
            ("I-142", RIB, "08", "006", "BANQUE ESSAI"),
        )

    def test_account_without_rib_is_left_out(self):
        bank = self.env["res.partner.bank"].create(
            {
                "acc_number": "FR7630006000011234567890189",
                "partner_id": self.company.partner_id.id,
            }
        )
        move = self.make_invoice(partner_bank_id=bank.id, post=True)
        self.assertEqual([payment.institution for payment in self.teif(move).payments], [None])
        [finding] = move._l10n_tn_edi_findings()
        self.assertEqual((finding["code"], finding["severity"]), ("odoo.account_without_rib", "advice"))

    def test_instalments(self):
        move = self.make_invoice(invoice_payment_term_id=self.pay_terms_b.id, post=True)
        document = self.assert_clean(move)
        self.assertEqual([payment.terms for payment in document.payments], ["I-112", "I-117", "I-117"])
        self.assertIn("36.000 TND", document.payments[1].description)

    def test_references_period_and_note(self):
        move = self.make_invoice(
            ref="BC-77",
            l10n_tn_edi_period_start="2026-02-01",
            l10n_tn_edi_period_end="2026-02-28",
            l10n_tn_edi_note="Premiere ligne\x0b\n\nSeconde\tligne",
            post=True,
        )
        document = self.assert_clean(move)
        self.assertEqual([(r.code, r.value) for r in document.references], [("I-83", "BC-77")])
        self.assertEqual(document.date("I-36").value, Period(date(2026, 2, 1), date(2026, 2, 28)))
        [text] = document.free_texts
        self.assertEqual((text.code, text.texts), ("I-48", ("Premiere ligne", "Seconde ligne")))

    def test_notes_sections_and_long_descriptions(self):
        move = self.make_invoice(
            Command.create({"display_type": "line_section", "name": "Lot 1", "sequence": 1}),
            self.line(name="x" * 700, sequence=2),
            Command.create({"display_type": "line_note", "name": "Garantie deux ans", "sequence": 3}),
            post=True,
        )
        document = self.assert_clean(move)
        self.assertEqual(len(document.lines[0].description), 500)
        self.assertEqual(document.free_texts[0].texts, ("Garantie deux ans",))

    def test_arabic_text(self):
        move = self.make_invoice(self.line(name="خدمة استشارية"), post=True)
        self.assertEqual(self.assert_clean(move).lines[0].lang, "ar")

    # === Other documents and currencies === #

    def test_credit_note(self):
        invoice = self.make_invoice(post=True)
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": "2026-03-20"})
        )
        refund = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        refund.action_post()
        document = self.assert_clean(refund)
        self.assertEqual((document.type_code, document.type_label), ("I-12", "Facture d'avoir"))
        [original] = document.references
        self.assertEqual((original.code, original.value), ("I-89", invoice.name))
        self.assertEqual(original.dates[0].value, date(2026, 3, 15))
        self.assertEqual(self.amounts(document)["I-180"], "120.000")
        self.assertIsNone(document.date("I-32"))

    def test_credit_note_of_an_invoice_outside_odoo(self):
        refund = self.make_invoice(
            move_type="out_refund",
            l10n_tn_edi_original_number="F-2025-17",
            l10n_tn_edi_original_date="2025-12-30",
            post=True,
        )
        [original] = self.assert_clean(refund).references
        self.assertEqual((original.value, original.dates[0].value), ("F-2025-17", date(2025, 12, 30)))

    def test_credit_note_of_nothing_is_said(self):
        refund = self.make_invoice(move_type="out_refund", post=True)
        [finding] = refund._l10n_tn_edi_findings()
        self.assertEqual(
            (finding["code"], finding["field"]), ("odoo.credit_origin", "l10n_tn_edi_credit_reason")
        )

    def test_euro(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": euro.id,
                "company_id": self.company.id,
                "name": "2026-03-01",
                "rate": 1 / 3.35,
            }
        )
        move = self.make_invoice(
            self.line(33.335, self.vat_19),
            self.line(10.0, self.vat_7),
            currency_id=euro.id,
            partner=self.foreigner,
            post=True,
        )
        document = self.assert_clean(move)
        total = document.amount("I-180")
        self.assertEqual((total.currency, total.value), ("EUR", Decimal(str(move.amount_total))))
        self.assertIn("EUROS", total.description)
        text = document.free_texts[0].texts[0]
        self.assertIn("1 EUR = 3.35000 TND", text)
        self.assertIn(f"{abs(move.amount_total_signed):.3f} TND", text)

    def test_foreign_customer(self):
        document = self.assert_clean(
            self.make_invoice(self.line(100.0, self.vat_0), partner=self.foreigner, post=True)
        )
        customer = document.party("I-64")
        self.assertEqual((customer.identifier.type, customer.identifier.value), ("I-04", "FR23334175221"))
        self.assertEqual(customer.addresses[0].country, "FR")

    def test_export_position(self):
        export = (
            self.env["account.chart.template"].with_company(self.company).ref("l10n_tn_fp_template_export")
        )
        move = self.make_invoice(
            self.line(100.0, self.vat_0), partner=self.foreigner, fiscal_position_id=export.id, post=True
        )
        self.assertEqual(self.assert_clean(move).type_code, "I-15")

    def test_consumer_with_cin(self):
        document = self.assert_clean(self.make_invoice(partner=self.consumer, post=True))
        customer = document.party("I-64")
        self.assertEqual((customer.identifier.type, customer.identifier.value), ("I-02", "01234567"))
        self.assertEqual(customer.name_type, "Physical")

    def test_version_188(self):
        self.company.sudo().l10n_tn_edi_version = "1.8.8"
        self.assertEqual(self.assert_clean(self.make_invoice(post=True)).version, "1.8.8")

    def test_plain_invoicing_user(self):
        move = self.make_invoice(post=True)
        accountant = self.make_accountant()
        self.assertEqual(move.with_user(accountant)._l10n_tn_edi_findings(), [])
