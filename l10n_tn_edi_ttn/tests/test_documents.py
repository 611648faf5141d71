from datetime import date, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import RIB
from .common_documents import VERSIONS, DocumentsCase


@tagged("post_install_l10n", "post_install", "-at_install")
class TestKinds(DocumentsCase):
    """Every kind of document in every version, accepted and read back."""

    def test_invoice(self):
        for version, document in self.documents(self.make()).items():
            self.assertEqual((document.version, document.type_code), (version, "I-11"))
            self.assertEqual(document.amount("I-180").description, "ONE HUNDRED AND TWENTY DINARS")

    def test_words_in_the_language_of_the_customer(self):
        self.env["res.lang"].sudo()._activate_lang("fr_FR")
        self.env["res.lang"].sudo()._activate_lang("ar_001")
        self.env["res.lang"].sudo()._activate_lang("es_ES")
        for lang, words, code in (
            ("fr_FR", "CENT VINGT DINARS", "fr"),
            ("ar_001", "مائة و عشرون دينارا", "ar"),
            ("es_ES", "CENT VINGT DINARS", "fr"),
        ):
            with self.subTest(lang=lang):
                self.customer.lang = lang
                total = self.document(self.make()).amount("I-180")
                self.assertEqual(total.lang, code)
                self.assertEqual(total.description.replace(" ", ""), words.replace(" ", ""))

    # === Credit notes === #

    def test_credit_note_of_several_invoices(self):
        first, second = self.make(), self.make(invoice_date="2026-03-16")
        second.write(
            {"l10n_tn_edi_exclusion": "elsewhere", "l10n_tn_edi_exclusion_reference": "0736202000535"}
        )
        refund = self.make(
            move_type="out_refund",
            invoice_date="2026-03-20",
            reversed_entry_id=first.id,
            l10n_tn_edi_reference_ids=[
                self.reference(origin_id=second.id),
                self.reference(number="F-2025-17", date="2025-12-30", ttn_reference="999"),
            ],
        )
        for document in self.documents(refund).values():
            self.assertEqual(document.type_code, "I-12")
            self.assertEqual(
                self.references(document),
                [
                    ("I-89", first.name),
                    ("I-89", second.name),
                    ("I-88", "0736202000535"),
                    ("I-89", "F-2025-17"),
                    ("I-88", "999"),
                ],
            )
            dates = [reference.dates[0].value for reference in document.references if reference.dates]
            self.assertEqual(dates, [date(2026, 3, 15), date(2026, 3, 16), date(2025, 12, 30)])
            self.assertEqual(str(document.amount("I-180").value), "120.000")

    def test_credit_note_waits_for_all_its_originals(self):
        first, second = self.make(), self.make()
        refund = self.make(
            move_type="out_refund",
            reversed_entry_id=first.id,
            l10n_tn_edi_reference_ids=[self.reference(origin_id=second.id)],
        )
        document = refund.l10n_tn_edi_document_id.sudo()
        first.l10n_tn_edi_document_id.sudo().state = "accepted"
        self.assertTrue(document._wait_for_originals())
        self.assertEqual(document.reason_code, "credit_note.original_pending")
        second.l10n_tn_edi_document_id.sudo().state = "accepted"
        self.assertFalse(document._wait_for_originals())

    def test_each_refused_original_stops_the_credit_note_once(self):
        invoices = [self.make() for _number in range(3)]
        refund = self.make(
            move_type="out_refund",
            reversed_entry_id=invoices[0].id,
            l10n_tn_edi_reference_ids=[self.reference(origin_id=move.id) for move in invoices[1:]],
        )
        document = refund.l10n_tn_edi_document_id.sudo()
        first, second, third = (move.l10n_tn_edi_document_id.sudo() for move in invoices)

        def situation():
            waits = document._wait_for_originals()
            situation = (waits, document.hold, document.reason_code)
            document.hold = False  # what a human does who releases it
            return situation

        first.state = "rejected"
        self.assertEqual(situation(), (True, True, "credit_note.original_refused"))
        self.assertIn(invoices[0].name, document.reason_params["number"])
        self.assertEqual(situation(), (True, False, "credit_note.original_pending"), "the others are awaited")
        second.state = "error"
        self.assertEqual(
            situation(), (True, True, "credit_note.original_refused"), "another one: asked again"
        )
        self.assertEqual(document.reason_params["number"], invoices[1].name)
        self.assertEqual(situation(), (True, False, "credit_note.original_pending"))
        third.state = "accepted"
        self.assertEqual(situation()[:2], (False, False), "released once for each, it goes")

    def test_acceptance_wakes_every_credit_note_that_waits_for_it(self):
        first, second = self.make(), self.make()
        refund = self.make(
            move_type="out_refund",
            reversed_entry_id=first.id,
            l10n_tn_edi_reference_ids=[self.reference(origin_id=second.id)],
        )
        document = refund.l10n_tn_edi_document_id.sudo()
        for original in (first, second):
            self.assertTrue(document._wait_for_originals())
            self.assertGreater(document.next_at, fields.Datetime.now() + timedelta(minutes=10))
            accepted = original.l10n_tn_edi_document_id.sudo()
            accepted.state = "accepted"
            accepted._after_acceptance()
            self.assertLessEqual(document.next_at, fields.Datetime.now())
        self.assertFalse(document._wait_for_originals())

    def test_references_of_a_sent_invoice_stay(self):
        """The invoice is asked before one of its references changes, as for its own fields."""
        move = self.make(l10n_tn_edi_reference_ids=[self.reference(code="I-84", number="BL-1")])
        reference = move.l10n_tn_edi_reference_ids
        for change in (
            lambda: reference.write({"number": "BL-2"}),
            reference.unlink,
            lambda: reference.create({"move_id": move.id, "code": "I-84", "number": "BL-3"}),
        ):
            with (
                patch.object(type(move), "_l10n_tn_edi_before_change", side_effect=UserError("sent")),
                self.assertRaises(UserError),
            ):
                change()

    def test_credit_note_of_an_invoice_outside_odoo(self):
        refund = self.make(
            move_type="out_refund",
            l10n_tn_edi_original_number="F-2025-17",
            l10n_tn_edi_original_date="2025-12-30",
            l10n_tn_edi_original_ttn_reference="0736202",
        )
        for document in self.documents(refund).values():
            self.assertEqual(self.references(document), [("I-89", "F-2025-17"), ("I-88", "0736202")])

    def test_credit_note_with_a_reason(self):
        refund = self.make(move_type="out_refund", post=False)
        self.assertEqual(self.codes(refund), ["odoo.credit_origin"])
        refund.l10n_tn_edi_credit_reason = "Ristourne de fin d'année"
        refund.action_post()
        for document in self.documents(refund).values():
            self.assertEqual(document.references, ())
            self.assertEqual(document.free_texts[0].texts, ("Motif de l'avoir : Ristourne de fin d'année",))

    def test_credit_note_in_another_currency(self):
        invoice = self.make()
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 0.3)])
        refund = self.make(
            self.line(), move_type="out_refund", reversed_entry_id=invoice.id, currency_id=euro.id
        )
        self.assertEqual(self.codes(refund), ["odoo.credit_currency"])

    def test_kind_that_does_not_fit(self):
        self.assertEqual(self.codes(self.make(l10n_tn_edi_type_code="I-12", post=False)), ["odoo.type_code"])

    # === Kinds by journal, customer, fiscal position === #

    def test_fee_note_by_its_journal(self):
        journal = self.invoice_journal.copy({"name": "Honoraires", "code": "HON"})
        journal.sudo().write(
            {
                "l10n_tn_edi_type_code": "I-13",
                "l10n_tn_edi_enabled": True,
                "default_account_id": self.invoice_journal.default_account_id.id,
            }
        )
        for document in self.documents(self.make(journal_id=journal.id)).values():
            self.assertEqual((document.type_code, document.type_label), ("I-13", "Note d'honoraire"))

    def test_kind_by_the_customer_is_changeable(self):
        self.customer.l10n_tn_edi_type_code = "I-13"
        move = self.make(post=False)
        self.assertEqual(move.l10n_tn_edi_type_code, "I-13")
        move.l10n_tn_edi_type_code = "I-11"
        move.action_post()
        self.assertEqual(move.l10n_tn_edi_type_code, "I-11")

    def test_order(self):
        for document in self.documents(self.make(l10n_tn_edi_type_code="I-16")).values():
            self.assertEqual((document.type_code, document.type_label), ("I-16", "Bon de commande"))

    def test_public_contract(self):
        self.customer.l10n_tn_edi_type_code = "I-14"
        move = self.make(post=False, partner_bank_id=False)
        self.assertEqual(move.l10n_tn_edi_type_code, "I-14")
        self.assertEqual(
            sorted(self.codes(move)), ["odoo.contract_number", "odoo.contract_rib", "odoo.statement_number"]
        )
        move.write(
            {
                "l10n_tn_edi_statement_number": "3",
                "l10n_tn_edi_contract_number": "MP-2025-77",
                "l10n_tn_edi_contract_date": "2025-09-01",
                "partner_bank_id": self.bank.id,
            }
        )
        move.action_post()
        for document in self.documents(move).values():
            self.assertEqual(document.type_code, "I-14")
            self.assertEqual(self.references(document), [("I-87", "MP-2025-77"), ("I-86", "3")])
            self.assertEqual(document.payments[0].institution.account, RIB)

    def test_public_customer_without_account(self):
        self.customer.sudo().l10n_tn_edi_public_body = "state"
        move = self.make(self.line(), partner_bank_id=False)
        self.assertIn("odoo.public_rib", self.codes(move))

    # === Export === #

    def export(self, **values):
        position = (
            self.env["account.fiscal.position"]
            .sudo()
            .create({"name": "Export", "company_id": self.company.id, "l10n_tn_edi_type_code": "I-15"})
        )
        self.foreigner.sudo().write({"vat": False, "l10n_tn_edi_identifier": "FR 23-334175221"})
        return self.make(
            self.line(1000.0, values.pop("taxes", self.vat_0)),
            partner=self.foreigner,
            fiscal_position_id=position.id,
            invoice_incoterm_id=self.env.ref("account.incoterm_FOB").id,
            incoterm_location="Radès",
            **values,
        )

    def test_export(self):
        move = self.export(l10n_tn_edi_first_country_id=self.env.ref("base.it").id)
        for version, document in self.documents(move).items():
            self.assertEqual((document.type_code, document.receiver.type), ("I-15", "I-04"))
            self.assertEqual(document.special_conditions, ("Ventes à l'exportation",))
            self.assertEqual(
                [(place.code, place.text) for place in document.places], [("I-58", "IT"), ("I-59", "FR")]
            )
            self.assertEqual(
                (document.free_texts[0].code, document.free_texts[0].texts), ("I-47", ("FOB Radès",))
            )
            self.assertEqual([str(total.tax.rate) for total in document.taxes], ["0"])
            wanted = "FR23334175221" if version == "1.9.0" else "FR 23-334175221"
            self.assertEqual(document.receiver.value, wanted)

    def test_export_with_vat(self):
        move = self.export(taxes=self.vat_19)
        self.assertEqual(self.codes(move), ["odoo.export_vat"])

    def test_export_without_destination(self):
        move = self.export(post=False)
        move.l10n_tn_edi_final_country_id = False
        self.assertEqual(self.codes(move), ["odoo.export_destination"])

    # === Consumers === #

    def test_consumer(self):
        for document in self.documents(self.make(partner=self.consumer)).values():
            customer = document.party("I-64")
            self.assertEqual((customer.identifier.type, customer.name_type), ("I-02", "Physical"))
        self.consumer.write({"l10n_tn_edi_identifier_type": "I-03", "l10n_tn_edi_identifier": "123 456 789"})
        for document in self.documents(self.make(partner=self.consumer)).values():
            self.assertEqual(document.receiver.type, "I-03")
            self.assertEqual(document.receiver.value, "123456789")

    def test_consumer_without_card_is_excluded_with_a_reason(self):
        self.consumer.l10n_tn_edi_identifier = False
        move = self.make(partner=self.consumer, post=False)
        self.assertEqual(self.codes(move), ["odoo.consumer_identifier"])
        move.write({"l10n_tn_edi_exclusion": "other", "l10n_tn_edi_exclusion_reason": "Client de passage"})
        move.action_post()
        self.assertEqual(move._l10n_tn_edi_concerned(), (False, "scope.excluded"))

    # === Down payments === #

    def test_down_payment_by_hand(self):
        advance = self.make(post=False, l10n_tn_edi_down_payment=True)
        self.assertEqual(self.codes(advance), ["odoo.down_payment_supply"])
        advance.l10n_tn_edi_supply = "services"
        advance.action_post()
        for document in self.documents(advance).values():
            self.assertIn("Acompte sur prestation de services", document.free_texts[0].texts)
        final = self.make(
            self.line(500.0),
            self.line(100.0, quantity=-1, name="Acompte"),
            self.stamp_line(),
            l10n_tn_edi_reference_ids=[self.reference(origin_id=advance.id)],
        )
        for document in self.documents(final).values():
            self.assertEqual(self.references(document), [("I-89", advance.name)])
            self.assertEqual(document.references[0].dates[0].value, date(2026, 3, 15))
            self.assertEqual(str(document.amount("I-176").value), "400.000")

    def test_down_payment_of_a_sales_order(self):
        """With Odoo's application Sales, which the addon does not require."""
        if "sale.order" not in self.env:
            return
        env = self.env(su=True)
        order = env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "client_order_ref": "BC-889",
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.service.id,
                            "product_uom_qty": 1,
                            "price_unit": 1000.0,
                            "tax_ids": [Command.set(self.vat_19.ids)],
                        }
                    )
                ],
            }
        )
        order.action_confirm()
        order.date_order = "2026-03-01 10:00:00"
        order.order_line.qty_delivered = 1
        wizard = env["sale.advance.payment.inv"].create(
            {"advance_payment_method": "percentage", "amount": 30, "sale_order_ids": [Command.set(order.ids)]}
        )
        advance = wizard._create_invoices(order)
        advance.write({"invoice_date": "2026-03-15", "name": "ACOMPTE-1"})
        self.assertEqual((advance.l10n_tn_edi_down_payment, advance.l10n_tn_edi_supply), (True, "services"))
        advance.action_post()
        final = order._create_invoices(final=True)
        final.write({"invoice_date": "2026-03-20", "name": "FINALE-1"})
        final.action_post()
        self.assertFalse(final.l10n_tn_edi_down_payment)
        for document in self.documents(final).values():
            self.assertEqual(self.references(document), [("I-89", "ACOMPTE-1"), ("I-83", "BC-889")])
            self.assertEqual(document.references[1].dates[0].value, date(2026, 3, 1))
            self.assertEqual(str(document.amount("I-176").value), "700.000")
            self.assertEqual(document.allowances, ())

    def test_delivery_notes_of_a_sales_order(self):
        """With Odoo's applications Sales and Inventory, which the addon does not require."""
        if "sale.order" not in self.env or "move_ids" not in self.env["sale.order.line"]._fields:
            return
        env = self.env(su=True)
        goods = env["product.product"].create(
            {"name": "Marchandise", "type": "consu", "taxes_id": [Command.set(self.vat_19.ids)]}
        )
        order = env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "order_line": [
                    Command.create({"product_id": goods.id, "product_uom_qty": 2, "price_unit": 10.0})
                ],
            }
        )
        order.action_confirm()
        picking = order.picking_ids
        picking.move_ids.write({"quantity": 2, "picked": True})
        picking.button_validate()
        move = order._create_invoices()
        move.write({"invoice_date": "2026-03-20", "name": "LIVREE-1"})
        move.action_post()
        for document in self.documents(move).values():
            self.assertIn(("I-84", picking.name), self.references(document))

    def test_negative_total_becomes_a_credit_note(self):
        move = self.make(self.line(100.0), self.line(300.0, quantity=-1), post=False)
        move.action_switch_move_type()
        self.assertEqual((move.move_type, move.l10n_tn_edi_type_code), ("out_refund", "I-12"))
        move.write({"name": "AVOIR-1", "l10n_tn_edi_credit_reason": "Solde en faveur du client"})
        move.action_post()
        for document in self.documents(move).values():
            self.assertEqual(str(document.amount("I-180").value), "238.000")
        self.assertEqual(set(VERSIONS), {"1.8.8", "1.8.9", "1.9.0"})
