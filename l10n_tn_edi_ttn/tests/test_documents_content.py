from datetime import date

from odoo.fields import Command
from odoo.tests import tagged

from ..models.uom_uom import NAMED_UNITS, UNIT_CODES
from ..teif.codes import UNITS
from .common import RIB
from .common_documents import VERSIONS, DocumentsCase

SECOND_RIB = "17000000000001234567"


@tagged("post_install_l10n", "post_install", "-at_install")
class TestContent(DocumentsCase):
    """Everything else that the schema carries and Odoo knows."""

    # === Places, parties, contacts === #

    def test_delivery_address(self):
        delivery = self.env["res.partner"].create(
            {
                "name": "Dépôt",
                "parent_id": self.customer.id,
                "type": "delivery",
                "street": "Zone industrielle",
                "zip": "5000",
                "city": "Monastir",
                "country_id": self.customer.country_id.id,
            }
        )
        for document in self.documents(self.make(partner_shipping_id=delivery.id)).values():
            [place] = document.places
            self.assertEqual((place.code, place.text), ("I-51", "Zone industrielle, 5000, Monastir, TN"))

    def test_establishment(self):
        establishment = (
            self.env["res.partner"]
            .sudo()
            .create(
                {
                    "name": "Agence de Sousse",
                    "type": "other",
                    "parent_id": self.company.partner_id.id,
                    "street": "Rue du Port",
                    "zip": "4000",
                    "city": "Sousse",
                    "country_id": self.customer.country_id.id,
                }
            )
        )
        self.invoice_journal.sudo().l10n_tn_edi_establishment_id = establishment
        for document in self.documents(self.make()).values():
            supplier = document.party("I-62")
            self.assertEqual(supplier.name, "FOURNISSEUR ESSAI SARL")
            self.assertEqual(supplier.addresses[0].city, "Sousse")
            [place] = supplier.places
            self.assertEqual((place.code, place.text), ("I-57", "12 rue de Marseille, 1000, Tunis, TN"))
        establishment.city = "S" * 36
        [finding] = self.make()._l10n_tn_edi_findings()
        self.assertEqual((finding["res_id"], finding["field"]), (establishment.id, "city"))

    def test_contacts(self):
        self.company.sudo().l10n_tn_edi_name_salesperson = True
        self.env.user.partner_id.sudo().write(
            {"name": "Vendeur", "phone": "71 111 111", "email": "v@essai.example"}
        )
        person = self.env["res.partner"].create(
            {"name": "Mme Comptable", "parent_id": self.customer.id, "email": "c@client.example"}
        )
        move = self.make(partner=person, invoice_user_id=self.env.user.id)
        for document in self.documents(move).values():
            sellers = [
                (contact.code, contact.name, contact.means)
                for contact in document.party("I-62").contacts
                if contact.code == "I-93"
            ]
            self.assertEqual(sellers, [("I-93", "Vendeur", "I-101"), ("I-93", "Vendeur", "I-103")])
            [contact] = document.party("I-64").contacts
            self.assertEqual((contact.name, contact.address), ("Mme Comptable", "c@client.example"))

    # === References === #

    def test_orders_deliveries_and_contracts(self):
        move = self.make(
            ref="BC-77",
            l10n_tn_edi_contract_number="CTR-9",
            l10n_tn_edi_reference_ids=[
                self.reference(code="I-84", number="BL-12", date="2026-03-10"),
                self.reference(code="I-817", number="Travaux de mars"),
                self.reference(code="I-84", number="BL-13"),
            ],
        )
        for document in self.documents(move).values():
            self.assertEqual(
                self.references(document),
                [
                    ("I-87", "CTR-9"),
                    ("I-83", "BC-77"),
                    ("I-84", "BL-12"),
                    ("I-817", "Travaux de mars"),
                    ("I-84", "BL-13"),
                ],
            )
            self.assertEqual(document.references[2].dates[0].value, date(2026, 3, 10))

    # === Payment === #

    def test_several_accounts(self):
        post = self.bank.sudo().copy({"acc_number": SECOND_RIB, "bank_id": False, "l10n_tn_edi_always": True})
        post.acc_number = "170000000000012345" + f"{97 - int('170000000000012345') * 100 % 97:02d}"
        move = self.make(partner_bank_id=self.bank.id)
        for version, document in self.documents(move).items():
            first, second = (payment.institution for payment in document.payments)
            self.assertEqual((first.account, first.code, first.name), (RIB, "I-142", "BANQUE ESSAI"))
            self.assertEqual((second.account, second.code), (post.acc_number, "I-141"))
            self.assertEqual(first.country, "TN" if version == "1.9.0" else None)

    def test_foreign_account_in_the_new_format(self):
        self.bank.sudo().acc_number = "FR76 3000 6000 0112 3456 7890 189"
        move = self.make(partner_bank_id=self.bank.id)
        self.assertEqual(self.codes(move), ["odoo.account_without_rib"])
        document = self.document(move, "1.9.0", clean=False)
        institution = document.payments[0].institution
        self.assertEqual(
            (institution.code, institution.account, institution.country),
            ("I-143", "FR7630006000011234567890189", "FR"),
        )
        self.assertEqual(self.codes(move.with_context(l10n_tn_edi_version="1.9.0")), [])

    def test_cheque_and_terms(self):
        term = self.pay_terms_a.sudo()
        term.l10n_tn_edi_code = "I-111"
        move = self.make(
            invoice_payment_term_id=term.id, l10n_tn_edi_payment_means="I-132", partner_bank_id=self.bank.id
        )
        for document in self.documents(move).values():
            first, second = document.payments
            self.assertEqual((first.terms, first.condition, first.means), ("I-111", "I-121", "I-132"))
            self.assertIsNone(first.institution)
            self.assertEqual(second.institution.account, RIB)

    def test_instalments(self):
        for document in self.documents(self.make(invoice_payment_term_id=self.pay_terms_b.id)).values():
            self.assertEqual([payment.terms for payment in document.payments][-2:], ["I-117", "I-117"])

    # === Lines === #

    def test_sections_and_notes(self):
        move = self.make(
            Command.create({"display_type": "line_note", "name": "Avant tout", "sequence": 1}),
            Command.create({"display_type": "line_section", "name": "Lot 1", "sequence": 2}),
            Command.create({"display_type": "line_subsection", "name": "Gros oeuvre", "sequence": 3}),
            self.line(sequence=4),
            Command.create({"display_type": "line_note", "name": "Garantie deux ans", "sequence": 5}),
            self.line(sequence=6),
            Command.create({"display_type": "line_note", "name": "Merci", "sequence": 7}),
        )
        for document in self.documents(move).values():
            first, second = document.lines
            self.assertEqual(
                [(info.code, info.description) for info in first.infos],
                [("SECTION", "Lot 1"), ("SUBSECTION", "Gros oeuvre")],
            )
            self.assertEqual(first.free_texts[0].texts, ("Garantie deux ans",))
            self.assertEqual(second.free_texts, ())
            self.assertEqual(document.free_texts[0].texts, ("Avant tout", "Merci"))

    def test_sub_lines(self):
        move = self.make(
            self.line(50.0, sequence=1),
            Command.create(
                {
                    "display_type": "line_section",
                    "name": "Kit complet",
                    "sequence": 2,
                    "collapse_composition": True,
                }
            ),
            self.line(100.0, sequence=3, quantity=2),
            self.line(33.333, sequence=4, discount=10),
            Command.create(
                {"display_type": "line_section", "name": "Mixte", "sequence": 5, "collapse_composition": True}
            ),
            self.line(10.0, sequence=6),
            self.line(10.0, self.vat_7, sequence=7),
        )
        for document in self.documents(move).values():
            self.assertEqual([line.number for line in document.lines], ["1", "2", "3", "4"])
            kit = document.lines[1]
            self.assertEqual(
                (kit.description, [line.number for line in kit.lines]), ("Kit complet", ["2.1", "2.2"])
            )
            self.assertEqual(str(kit.amounts[1].value), "230.000")
            self.assertEqual(str(document.amount("I-176").value), "300.000")
        product = self.make_product("Long", "C" * 36)
        move = self.make(
            Command.create(
                {"display_type": "line_section", "name": "Kit", "sequence": 2, "collapse_composition": True}
            ),
            self.line(sequence=3),
            self.line(sequence=4, product_id=product.id),
        )
        [finding] = move._l10n_tn_edi_findings()
        self.assertEqual((finding["model"], finding["res_id"]), ("product.product", product.id))

    def test_discount_of_the_whole_invoice(self):
        move = self.make(
            self.line(200.0), self.line(-25.0, product_id=False, name="Rabais global"), self.stamp_line()
        )
        for document in self.documents(move).values():
            self.assertEqual(len(document.lines), 1)
            [allowance] = document.allowances
            self.assertEqual(
                (allowance.code, allowance.label, str(allowance.amount.value)),
                ("I-153", "Rabais global", "25.000"),
            )
            self.assertEqual([str(a.value) for a in allowance.tax.amounts], ["25.000", "4.750"])
            self.assertEqual(str(document.amount("I-176").value), "175.000")
            self.assertEqual(str(document.amount("I-172").value), "200.000")
            self.assertEqual(str(document.amount("I-180").value), "209.250")

    def test_discount_and_charge_by_their_products(self):
        rebate, fee = self.make_product("Ristourne", "RIST"), self.make_product("Redevance", "RED")
        rebate.sudo().l10n_tn_edi_allowance_code = "I-152"
        fee.sudo().l10n_tn_edi_allowance_code = "I-154"
        move = self.make(
            self.line(200.0),
            self.line(20.0, quantity=-1, product_id=rebate.id),
            self.line(5.0, product_id=fee.id),
            self.line(1.0, product_id=rebate.id),
        )
        for document in self.documents(move).values():
            self.assertEqual(
                [(a.code, str(a.amount.value)) for a in document.allowances],
                [("I-152", "20.000"), ("I-154", "5.000")],
            )
            self.assertEqual(len(document.lines), 2)
            self.assertEqual(str(document.amount("I-175").value), "5.000")
            self.assertEqual(str(document.amount("I-176").value), "186.000")

    def test_discounts_alone_are_items(self):
        move = self.make(self.line(-25.0), move_type="out_refund", post=False)
        document = move._l10n_tn_edi_teif_document()
        self.assertEqual((len(document.lines), document.allowances), (1, ()))

    # === Currencies === #

    def test_euro(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 0.3)])
        move = self.make(self.line(100.0), currency_id=euro.id, invoice_date="2026-03-15")
        for version, document in self.documents(move).items():
            totals = [
                (str(amount.value), amount.currency) for amount in document.amounts if amount.code == "I-180"
            ]
            wanted = [(f"{move.amount_total:.2f}", "EUR")]
            if version == "1.9.0":
                wanted.append((f"{move.amount_total_signed:.3f}", "TND"))
                self.assertTrue(document.amounts[-1].description.endswith("MILLIMES"))
            self.assertEqual(totals, wanted)
            self.assertIn("Cours : 1 EUR = 3.33333 TND", document.free_texts[0].texts[0])

    # === Units === #

    def test_units_are_in_the_list(self):
        unlisted = {"ONZ", "LBR", "FOT", "SMI", "OZA", "QTL", "INQ", "FTQ"}
        self.assertEqual({*UNIT_CODES.values(), *NAMED_UNITS.values()} - UNITS, unlisted)

    def test_every_unit_of_odoo_has_a_code(self):
        names = self.env["ir.model.data"].sudo().search([("module", "=", "uom"), ("model", "=", "uom.uom")])
        self.assertEqual(set(names.mapped("name")), set(UNIT_CODES))

    def test_units(self):
        unit = self.env["uom.uom"].sudo().create({"name": "Mois"})
        move = self.make(self.line(product_uom_id=unit.id))
        for document in self.documents(move).values():
            self.assertEqual(document.lines[0].quantity.unit, "MON")
        unit.name = "Benne"
        move = self.make(self.line(product_uom_id=unit.id))
        units = {
            version: self.document(move, version, clean=version != "1.9.0").lines[0].quantity.unit
            for version in VERSIONS
        }
        self.assertEqual(units, {"1.8.8": "Benne", "1.8.9": "Benne", "1.9.0": "UNIT"})
        [finding] = move.with_context(l10n_tn_edi_version="1.9.0")._l10n_tn_edi_findings()
        self.assert_names_the_unit(finding, unit)
        unit.name = "Benne de chantier"
        for version in VERSIONS:
            move = move.with_context(l10n_tn_edi_version=version)
            self.assertEqual(self.document(move, version, clean=False).lines[0].quantity.unit, "UNIT")
            [finding] = move._l10n_tn_edi_findings()
            self.assert_names_the_unit(finding, unit)
        unit.l10n_tn_edi_code = "BENNE"
        [finding] = move.with_context(l10n_tn_edi_version="1.9.0")._l10n_tn_edi_findings()
        self.assertEqual((finding["code"], finding["res_id"]), ("odoo.unit_code", unit.id))

    def assert_names_the_unit(self, finding, unit):
        self.assertEqual((finding["code"], finding["severity"]), ("odoo.unit_unknown", "warning"))
        self.assertEqual((finding["model"], finding["res_id"]), ("uom.uom", unit.id))
        self.assertIn(unit.name, self.env["account.move"]._l10n_tn_edi_explain([finding])[0]["sentence"])

    # === Attachment, period === #

    def test_attachment(self):
        move = self.make()
        move.l10n_tn_edi_attachment_id = self.env["ir.attachment"].create(
            {
                "name": "Bon de livraison " + "x" * 60,
                "raw": b"pdf",
                "res_model": "account.move",
                "res_id": move.id,
            }
        )
        for document in self.documents(move).values():
            [attachment] = document.attachments
            self.assertEqual(attachment.identifier, f"PJ-{move.l10n_tn_edi_attachment_id.id}")
            self.assertEqual((len(attachment.name), attachment.dates[0].code), (50, "I-35"))

    def test_period_in_the_new_format(self):
        move = self.make(l10n_tn_edi_period_start="2026-02-01", l10n_tn_edi_period_end="2026-02-28")
        for document in self.documents(move).values():
            self.assertEqual(document.date("I-36").value.end, date(2026, 2, 28))

    def test_number_in_the_new_format(self):
        move = self.make(name="FAC/2026/00001")
        self.assertEqual(self.codes(move), [])
        [finding] = move.with_context(l10n_tn_edi_version="1.9.0")._l10n_tn_edi_findings()
        self.assertEqual((finding["code"], finding["field"]), ("odoo.number_form", "name"))


@tagged("post_install_l10n", "post_install", "-at_install")
class TestVersions(DocumentsCase):
    """Which version a document is written in."""

    def test_next_version_from_its_day(self):
        move = self.make()
        self.assertEqual(move._l10n_tn_edi_teif_document().version, "1.8.9")
        company = self.company.sudo()
        company.write({"l10n_tn_edi_next_version": "1.9.0", "l10n_tn_edi_next_version_date": "2026-07-01"})
        self.assertEqual(company._l10n_tn_edi_version_on(date(2026, 6, 30)), "1.8.9")
        self.assertEqual(company._l10n_tn_edi_version_on(date(2026, 7, 1)), "1.9.0")
        company.l10n_tn_edi_next_version_date = "2020-01-01"
        self.assertEqual(move._l10n_tn_edi_teif_document().version, "1.9.0")

    def test_wrong_key_letter(self):
        self.customer.with_context(no_vat_validation=True).vat = "7654321AAM000"
        move = self.make()
        for version, severity in (("1.8.9", "warning"), ("1.9.0", "blocking")):
            findings = move.with_context(l10n_tn_edi_version=version)._l10n_tn_edi_findings()
            self.assertEqual(
                {(item["code"], item["severity"]) for item in findings}, {("identifier.key_letter", severity)}
            )

    def test_long_matricule_that_is_refused(self):
        """From 1.8.9 the 8 characters that name the tax payer stand for a form that the schema refuses."""
        self.customer.with_context(no_vat_validation=True).vat = "7654321/C/F/M/000"
        move = self.make()
        self.assertEqual(move._l10n_tn_edi_teif_document().receiver.value, "7654321C")
        self.customer.with_context(no_vat_validation=True).vat = "7654321/C/A/M/001"
        for version, wanted in (("1.8.9", "7654321CAM001"), ("1.9.0", "7654321CAM001")):
            self.assertEqual(self.document(self.make(), version).receiver.value, wanted)

    def test_leading_zeros(self):
        self.customer.with_context(no_vat_validation=True).vat = "736202 x/a/m/000"
        for document in self.documents(self.make()).values():
            self.assertEqual(document.receiver.value, "0736202XAM000")
