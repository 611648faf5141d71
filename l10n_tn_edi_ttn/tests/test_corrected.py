"""A rejected invoice goes back to TTN: the three ways, and the article's two examples."""

from lxml import etree

from odoo import Command
from odoo.exceptions import UserError
from odoo.fields import Date, Datetime
from odoo.tests import Form, tagged

from ..teif.foreign import parse_foreign_xml
from ..teif.reader import read
from .common_flow import TnEdiFlowCommon
from .test_clinic import CONTACT, rejection

INCOMPLETE = ("CONTRL77", "Adresse du client incomplète")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestCorrected(TnEdiFlowCommon):
    """The three ways of a rejected invoice that is paid, in a closed period."""

    def setUp(self):
        super().setUp()
        self.company.sudo().fiscalyear_lock_date = False

    def paid_and_rejected(self, errors=None, locked=True):
        document = self.reject(*(errors or [INCOMPLETE]))
        move = document.move_id.sudo(False).with_user(self.env.user)
        register = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        )
        register.create({"payment_date": "2026-03-16"})._create_payments()
        self.assertIn(move.payment_state, ("paid", "in_payment"))
        if locked:
            self.company.sudo().fiscalyear_lock_date = "2026-03-31"
        return move

    def corrected_but_accepted_later(self):
        """:return: the rejected document of a corrected invoice; TTN will accept it an hour later all the same."""
        before = self.reject(INCOMPLETE, after=3600)
        before.move_id.partner_id.street = "1 rue changée"
        before.sudo(False).action_correct()
        return before

    def correct(self, move):
        return Form(
            self.env["l10n_tn_edi.correct"].with_context(**move.action_l10n_tn_edi_open_correct()["context"])
        )

    def go(self, move):
        """Let the corrected document go all its way."""
        for _time in range(2):
            self.submit()
            self.follow()
        self.submit()
        self.follow()
        document = self.document_of(move)
        self.assertEqual(document.state, "accepted", document.reason)
        return document

    def test_deposited_again_from_the_posted_invoice(self):
        move = self.paid_and_rejected()
        before = (
            move.name,
            move.invoice_date,
            move.date,
            move.line_ids.ids,
            move.payment_state,
            move.amount_residual,
        )
        form = self.correct(move)
        self.assertEqual(form.way, "again")
        self.assertTrue(form.locked)
        wizard = form.save()
        action = wizard.action_mend()
        self.assertEqual((action["res_model"], action["res_id"]), ("res.partner", move.partner_id.id))
        move.partner_id.street = "12 avenue de la République"
        wizard.action_apply()
        self.go(move)
        after = (
            move.name,
            move.invoice_date,
            move.date,
            move.line_ids.ids,
            move.payment_state,
            move.amount_residual,
        )
        self.assertEqual(after, before)
        self.assertEqual([row["outcome"] for row in self.saves(move.name)], ["deposited", "deposited"])

    def test_the_document_before_stays_rejected(self):
        """TTN's daily answer about it shows the accepted one as well, which is nobody's affair."""
        move = self.paid_and_rejected(locked=False)
        before = self.document_of(move)
        move.partner_id.street = "1 rue changée"
        self.correct(move).save().action_apply()
        document = self.go(move)
        told = self.chatter(move)
        self.due(before)
        self.documents._cron_follow()
        self.assertEqual((before.live, before.state), (False, "rejected"), before.reason)
        self.assertEqual(document.state, "accepted")
        self.assertEqual(self.chatter(move), told)
        # Were it in force again, what took its place would keep it from being deposited.
        self.assertEqual(before._sent().later_signatures, {document.signature_value})
        document.live, before.live = False, True
        self.assertEqual(before._sent().earlier_signatures, {document.signature_value})

    def test_both_are_accepted(self):
        before = self.corrected_but_accepted_later()
        document = self.go(before.move_id)
        self.let_ttn_accept()
        self.due(before | document)
        self.documents._cron_follow()
        self.assertEqual((before.state, document.state), ("conflict", "conflict"))

    def test_asked_again_after_a_long_wait(self):
        """What TTN said of a rejected document is out of date when the corrected one has waited: it may be accepted since."""
        before = self.corrected_but_accepted_later()
        document = self.document_of(before.move_id)
        self.submit()
        self.assertEqual((document.state, document.ask_first), ("signed", True))
        self.follow()
        self.assertEqual((document.state, document.ask_first), ("signed", False), document.reason)
        self.assertLess(
            document.next_at, Datetime.subtract(Datetime.now(), hours=23), "it is the next one to go"
        )
        question = document.exchange_ids[:1]
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_exchange SET started_at = started_at - interval '10 minutes' WHERE id = %s",
            question.ids,
        )
        self.env.invalidate_all()
        self.let_ttn_accept()
        deposits = len(self.saves())
        self.documents._cron_submit()
        self.assertEqual((document.state, document.ask_first), ("signed", True))
        self.documents._cron_follow()
        self.assertEqual(document.state, "to_decide", document.reason)
        self.assertEqual(len(self.saves()), deposits, "nothing is deposited twice")

    def test_reset_to_draft(self):
        move = self.paid_and_rejected(
            [["CONTRL78", "Le total ne correspond pas à la somme des lignes"]], locked=False
        )
        form = self.correct(move)
        self.assertEqual(form.way, "draft")
        number = move.name
        form.save().action_apply()
        self.assertEqual((move.state, move.name), ("draft", number))
        move.invoice_line_ids.filtered("product_id").price_unit = 120
        move.action_post()
        document = self.go(move)
        self.assertEqual((move.name, document.number), (number, number))
        self.assertTrue(move.amount_residual, "what was paid stays, the rest is due")

    def test_reset_to_draft_needs_an_open_period(self):
        move = self.paid_and_rejected([["CONTRL78", "Le total ne correspond pas à la somme des lignes"]])
        form = self.correct(move)
        self.assertEqual(form.way, "replace")
        form.way = "draft"
        with self.assertRaises(UserError):
            form.save().action_apply()
        # An exception to the lock, as Odoo knows it, opens the way for its user.
        self.env["account.lock_exception"].sudo().create(
            {
                "company_id": self.company.id,
                "user_id": self.env.user.id,
                "fiscalyear_lock_date": False,
                "end_datetime": Datetime.add(Datetime.now(), hours=1),
            }
        )
        form = self.correct(move)
        self.assertEqual((form.way, form.locked), ("draft", False))
        form.save().action_apply()
        self.assertEqual(move.state, "draft")
        number = move.name
        move.invoice_line_ids.filtered("product_id").price_unit = 120
        move.action_post()
        document = self.go(move)
        self.assertEqual((document.number, document.state), (number, "accepted"))

    def test_reversed_and_replaced_when_the_period_is_closed(self):
        move = self.paid_and_rejected([["CONTRL78", "Le total ne correspond pas à la somme des lignes"]])
        rejected, entry = move.l10n_tn_edi_document_id, move.line_ids.read(["balance", "account_id"])
        action = self.correct(move).save().action_apply()
        new = self.env["account.move"].browse(action["res_id"])
        reversal = move.reversal_move_ids
        self.assertEqual(
            move.line_ids.read(["balance", "account_id"]), entry, "the closed period is as it was"
        )
        self.assertEqual((reversal.state, reversal.date), ("posted", Date.context_today(move)))
        self.assertEqual(move.payment_state, "reversed")
        self.assertFalse(reversal.l10n_tn_edi_document_id, "the reversal never goes to TTN")
        self.assertFalse(rejected.live)
        self.assertFalse(move.l10n_tn_edi_undeposited)
        self.assertEqual(
            (new.state, new.invoice_date, new.amount_total),
            ("draft", Date.context_today(move), move.amount_total),
        )
        new.invoice_line_ids.filtered("product_id").price_unit = 120
        new.action_post()
        self.assertNotEqual(new.name, move.name)
        credits = self.env["account.move.line"].search(
            [
                ("partner_id", "=", move.commercial_partner_id.id),
                ("account_type", "=", "asset_receivable"),
                ("reconciled", "=", False),
                ("balance", "<", 0),
                ("parent_state", "=", "posted"),
            ]
        )
        self.assertEqual(len(credits), 1, "the payment is free again")
        new.js_assign_outstanding_line(credits.id)
        self.assertIn(new.payment_state, ("partial", "paid", "in_payment"))
        self.go(new)
        with self.assertRaises(UserError):
            move._l10n_tn_edi_replace_rejected()

    def test_a_replaced_credit_note_keeps_its_original(self):
        """What takes the place of a rejected credit note undoes the same invoice and names the same documents to TTN."""
        original = self.deposit()
        self.follow()
        self.assertEqual(original.state, "accepted")
        credit = (
            original.move_id.sudo(False)
            .with_user(self.env.user)
            ._reverse_moves(
                [
                    {
                        "invoice_date": "2026-03-20",
                        "date": "2026-03-20",
                        "l10n_tn_edi_note": "Retour de marchandise",
                        "l10n_tn_edi_reference_ids": [
                            Command.create({"code": "I-84", "number": "BL-7", "date": "2026-03-18"})
                        ],
                    }
                ]
            )
        )
        credit.action_post()
        self.fault("reject", times=1, params={"errors": [["CONTRL78", "Le total ne correspond pas"]]})
        self.submit()
        self.follow()
        self.assertEqual(self.document_of(credit).state, "rejected")
        form = self.correct(credit)
        form.way = "replace"
        new = self.env["account.move"].browse(form.save().action_apply()["res_id"])
        self.assertEqual((new.move_type, new.reversed_entry_id), ("out_refund", original.move_id))
        self.assertEqual(new.l10n_tn_edi_note, "Retour de marchandise")
        self.assertEqual(new.l10n_tn_edi_reference_ids.mapped("number"), ["BL-7"])
        self.assertEqual(credit.l10n_tn_edi_reference_ids.mapped("number"), ["BL-7"])
        new.action_post()
        for _time in range(2):
            self.submit()
            self.follow()
        document = self.document_of(new)
        self.assertEqual(document.state, "accepted", document.reason)
        sent = read(parse_foreign_xml(document.signed_id.raw))
        named = {reference.code: reference.value for reference in sent.references}
        self.assertEqual(named, {"I-89": original.number, "I-88": original.reference, "I-84": "BL-7"})
        self.assertEqual(original.move_id.payment_state, "reversed")
        lines = self.env["l10n_tn_edi.reconciliation"].search([("move_id", "=", original.move_id.id)])
        self.assertFalse(lines, "it was undone at TTN, not inside Odoo alone")

    def test_one_of_several_objections_changes_amounts(self):
        """The amounts decide the way, wherever TTN lists them; each objection leads to its own record."""
        total = "Le total ne correspond pas à la somme des lignes"
        move = self.paid_and_rejected(
            [["CONTRL77", "Adresse du client incomplète"], ["CONTRL78", total]], locked=False
        )
        form = self.correct(move)
        self.assertEqual(form.way, "draft")
        address, amounts = form.save().rejection_ids
        self.assertEqual(amounts.text, total)
        opened = [one.action_mend() for one in (address, amounts)]
        self.assertEqual(
            [(one["res_model"], one["res_id"], one["context"]["l10n_tn_edi_mend"]) for one in opened],
            [
                ("res.partner", self.customer.id, "street"),
                ("account.move", move.id, "invoice_line_ids"),
            ],
        )
        self.assertIn(self.customer.name, address.mending_label)
        self.assertIn(move.name, amounts.mending_label)

    def test_the_person_behind_a_contact(self):
        """A contact of the document leads to the partner it was made from: company, salesperson, customer, their person."""
        seller = self.make_responsible("tn_edi_seller").partner_id
        person = self.env["res.partner"].create(
            {
                "name": "Mme Ben Salah",
                "parent_id": self.customer.id,
                "phone": "71 222 222",
                "email": "b@exemple.tn",
            }
        )
        self.settings(name_salesperson=True)
        seller.sudo().write({"phone": "71 111 111"})
        self.customer.phone = "71 333 333"
        self.company.partner_id.sudo().phone = "71 444 444"
        document = self.post(partner=person, invoice_user_id=seller.user_ids.id)
        self.submit()
        root = etree.fromstring(document.signed_id.raw)
        found = {}
        for contact in root.iter("ContactName"):
            path = root.getroottree().getpath(contact)
            address = contact.getparent().getparent().findtext("Communication/ComAdress")
            found[address] = document.move_id._l10n_tn_edi_locate(path, ())
        company = self.company.partner_id
        self.assertEqual(found["71 111 111"], (seller, "phone"))
        self.assertEqual(found["71 222 222"], (person, "phone"))
        self.assertEqual(found["b@exemple.tn"], (person, "email"))
        self.assertEqual(found["71 333 333"], (self.customer, "phone"))
        self.assertEqual(found["71 444 444"], (company, "phone"))

    def test_the_missing_element_is_told_and_led_to(self):
        """Xerces names the element that follows the missing one: the place is that of the missing one."""
        document = self.post()
        self.submit()
        lines = document.signed_id.raw.decode().splitlines()
        line = (
            document.move_id.invoice_line_ids.filtered("product_id")[:1]
            or document.move_id.invoice_line_ids[:1]
        )

        def place(named, expected, element):
            row = next(number for number, text in enumerate(lines, 1) if f"<{named}" in text)
            column = lines[row - 1].index(">", lines[row - 1].index(f"<{named}")) + 2
            item = rejection(
                f"Document non valide ligne numéro : {row} colonne numéro: {column} message: cvc-complex-type.2.4.a: Invalid "
                f"content was found starting with element '{element}'. One of '{{{expected}}}' is expected."
            )
            document.write({"state": "rejected", "rejections": [item], "reason_code": item["code"]})
            self.assertEqual(item["params"]["expected"], expected)
            return document._mending_place()

        self.assertEqual(place("Quantity", "LinImd", "Quantity")[0], line)
        self.assertEqual(place("LinQty", "LinImd", "LinQty"), (line, "name"))
        self.assertEqual(
            self.correct(document.move_id).way, "draft", "a line is not written once it is posted"
        )
        self.assertIn("LinImd", document.rejection_text.split("TTN:")[0])
        self.assertEqual(place("LinMoa", "LinDtm, LinTax", "LinMoa"), (line, "tax_ids"))
        self.assertEqual(
            place("DocumentType", "DocumentIdentifier", "DocumentType"), (document.move_id, "name")
        )

    def test_the_message_names_the_very_element(self):
        """Line and column of TTN's message lead to the field, however many elements have that name."""
        document = self.post()
        self.submit()
        content = document.signed_id.raw.decode()
        lines = content.splitlines()
        row = next(number for number, line in enumerate(lines, 1) if "<CityName" in line)
        second = lines[row - 1].rfind("</CityName>") + len("</CityName>") + 1
        text = (
            f"Document non valide ligne numéro : {row} colonne numéro: {second} message: cvc-maxLength-valid: Value 'x' "
            "with length = '40' is not facet-valid with respect to maxLength '35' for type 'x'."
        )
        document.write(
            {"state": "rejected", "rejections": [rejection(text)], "reason_code": "ttn.text_too_long"}
        )
        self.assertEqual(document._mending_place(), (self.customer.sudo(), "city"))

    def test_the_message_quotes_the_very_value(self):
        """A value with an apostrophe and accents is found again in the document, and shown whole."""
        supplier = self.company.partner_id
        supplier.sudo().street = "Rue de l’Indépendance"
        document = self.post()
        self.submit()
        text = (
            "cvc-maxLength-valid: Value 'Rue de l’Indépendance' with length = '40' is not facet-valid with respect to "
            "maxLength '35' for type '#AnonType_StreetPartnerAdresses'."
        )
        item = rejection(text)
        document.write({"state": "rejected", "rejections": [item], "reason_code": item["code"]})
        self.assertEqual(item["params"]["value"], "Rue de l’Indépendance")
        self.assertEqual(document._mending_place(), (supplier.sudo(), "street"))

    def test_the_article_s_two_examples(self):
        """A document refused for its contact, then for its signer, is mended and accepted."""
        self.fault("refuse", times=1, params={"code": "SERV02", "message": f"Document non valide {CONTACT}"})
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("rejected", "ttn.contact_incomplete"))
        self.sandbox.account(self.login, undeclare=[self.serial])
        move = document.move_id
        move.partner_id.phone = "71 123 456"
        move.action_l10n_tn_edi_correct()
        self.submit()
        self.follow()
        self.submit()
        document = self.document_of(move)
        self.assertEqual(
            (document.state, document._main_cause()[0].code), ("signed", "ttn.signer_not_authorised")
        )
        move.invalidate_recordset(["alerts"])
        self.assertEqual(move.alerts["l10n_tn_edi"]["action"]["res_model"], "l10n_tn_edi.signature.provider")
        self.assertEqual(document._mending_place(), (self.provider.sudo(), "certificate_id"))
        self.sandbox.account(self.login, declare=[self.serial])
        move.action_l10n_tn_edi_send()
        for _time in range(3):
            self.submit()
            self.follow()
        self.assertEqual(self.document_of(move).state, "accepted", self.document_of(move).reason)
        rejected = self.env["l10n_tn_edi.rejection"].search([("document_id.move_id", "=", move.id)])
        self.assertEqual(
            sorted(rejected.cause_id.mapped("code")), ["ttn.contact_incomplete", "ttn.signer_not_authorised"]
        )
