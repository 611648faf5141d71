import time

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common_unknown import UnknownCase


@tagged("post_install_l10n", "post_install", "-at_install")
class TestConfirmed(UnknownCase):
    """What a responsible says became of a lost attempt: absent, so that it is made again, or a deposit that he names."""

    def test_confirmed_absent(self):
        document = self.to_decide_as_absent()
        move = document.move_id
        with self.assertRaises(UserError):
            move.l10n_tn_edi_document_id.with_user(self.make_accountant()).action_decide_absent()
        self.assertEqual(document.state, "to_decide")
        signed = document.signed_id
        document.with_user(self.make_responsible()).action_decide_absent()
        self.assert_chatter_has(move, "confirmed")
        self.assertEqual(document.state, "signed")
        self.documents._cron_submit()
        self.assertEqual(len(self.saves(document.number)), 1, "asked once more before")
        self.documents._cron_follow()
        self.documents._cron_submit()
        self.assertEqual((document.state, document.attempt_count), ("submitted", 2))
        self.assertEqual(document.signed_id, signed, "the same bytes")
        self.follow()
        self.assertEqual(document.state, "accepted")
        self.assertEqual(self.deposited(document.number), 1)
        attempts = document.exchange_ids.filtered(lambda exchange: exchange.operation == "save")
        self.assertEqual(attempts.mapped("attempt"), [2, 1])
        self.assertEqual(attempts.mapped("answer_class"), ["submitted", "unknown"])

    def test_there_after_all(self):
        """The human was wrong, or TTN late: the question before the deposit finds it."""
        document = self.lost("late_deposit", delay=7200)
        self.age(document, hours=1)
        self.accept()
        self.ask_until_decided(document)
        self.assertEqual(document.state, "to_decide")
        document.with_user(self.make_responsible()).action_decide_absent()
        self.addCleanup(self.sandbox.advance_clock, 0)
        self.sandbox.advance_clock(8000)
        self.documents._cron_follow()
        self.documents._cron_submit()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual(self.deposited(document.number), 1)

    def test_no_answer_before_the_second_deposit(self):
        """While TTN does not answer, nothing is deposited again."""
        document = self.to_decide_as_absent()
        document.with_user(self.make_responsible()).action_decide_absent()
        fault = self.fault("html", operation="consultEfact")
        for _time in range(3):
            self.follow()
            self.submit()
        self.assertEqual((document.state, document.ask_first), ("signed", True))
        self.assertEqual(len(self.saves(document.number)), 1)
        self.sandbox.remove_fault(fault)
        self.follow()
        self.submit()
        self.assertEqual(document.state, "submitted")

    def confirmed_absent_and_there(self):
        """:return: a document that a responsible confirmed as absent, and that TTN shows two hours later."""
        document = self.lost("late_deposit", delay=7200)
        self.age(document, hours=1)
        self.accept()
        self.ask_until_decided(document)
        document.with_user(self.make_responsible()).action_decide_absent()
        self.assertEqual(document.state, "signed")
        self.addCleanup(self.sandbox.advance_clock, 0)
        return document

    def test_confirmed_absent_is_not_taken_back(self):
        """The first deposit may still appear: the invoice stays, so that its acceptance is seen."""
        document = self.confirmed_absent_and_there()
        move = document.move_id
        for leave in (
            lambda: move.button_draft(),
            lambda: move.button_cancel(),
            lambda: move.button_request_cancel(),
            lambda: move.write({"state": "cancel"}),
            lambda: document._withdraw(),
        ):
            with self.assertRaises(UserError):
                leave()
        self.assertTrue(move.need_cancel_request)
        self.assertFalse(move.show_reset_to_draft_button)
        self.assertEqual((move.state, document.state, document.live), ("posted", "signed", True))
        self.sandbox.advance_clock(8000)
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual(self.deposited(document.number), 1)

    def test_confirmed_absent_is_not_left_out(self):
        """A change that would take it out of the scope stops it, and its acceptance is seen all the same."""
        document = self.confirmed_absent_and_there()
        move = document.move_id
        move.write({"l10n_tn_edi_exclusion": "other", "l10n_tn_edi_exclusion_reason": "Essai"})
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("error", "document.in_doubt"))
        self.assertIn(document.number, document.reason)
        self.assertTrue(document.live)
        self.sandbox.advance_clock(8000)
        # In the same second the same bytes are signed, and nothing is to decide.
        time.sleep(1.1)
        move.l10n_tn_edi_exclusion = False
        self.submit()
        self.follow()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.earlier_accepted"))
        self.assertEqual(self.deposited(document.number), 1)

    def test_what_never_left_is_taken_back(self):
        """Neither what was surely not sent nor what the account was refused holds the invoice back."""
        self.company.sudo().l10n_tn_edi_test_url = "https://127.0.0.1:9/"
        document = self.post()
        self.submit()
        self.connect(self.company, self.login, self.password)
        self.sandbox.account(self.login, undeclare=[self.serial])
        self.submit()
        self.assertEqual(document.state, "signed")
        self.assertEqual(document.exchange_ids.mapped("answer_class"), ["refused", "not_sent"])
        document.move_id.button_draft()
        self.assertEqual((document.state, document.live), ("withdrawn", False))

    def test_names_a_deposit(self):
        document = self.to_decide_as_absent()
        # Somebody deposited the very file on TTN's portal meanwhile.
        client = self.env["l10n_tn_edi.gateway"].sudo()._client(self.company, "test")
        deposit_id = client.save_efact(document.signed_id.raw).answer.deposit_id
        with self.assertRaises(UserError):
            document.with_user(self.make_accountant())._decide_deposited(str(deposit_id))
        responsible = document.with_user(self.make_responsible()).sudo(False)
        with self.assertRaises(UserError):
            responsible._decide_deposited("not a number")
        responsible._decide_deposited(str(deposit_id))
        self.assertEqual((document.state, document.deposit_id), ("submitted", str(deposit_id)))
        self.assert_chatter_has(document.move_id, str(deposit_id))
        self.documents._cron_follow()
        self.assertEqual(document.state, "accepted", "verified, not believed")

    def test_names_a_deposit_that_is_not_ours(self):
        document = self.to_decide_as_absent()
        document.with_user(self.make_responsible())._decide_deposited("99999999")
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("submitted", "ask.not_visible"))
        self.assertFalse(document.reference)
        self.age(document, days=4)
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.vanished"))
        self.assert_sentence(document)

    def test_through_the_wizard(self):
        document = self.to_decide_as_absent()
        responsible = self.make_responsible()
        action = document.with_user(responsible).action_open_decide()
        form = Form(self.env[action["res_model"]].with_user(responsible).browse(action["res_id"]))
        form.decision = "absent"
        wizard = form.save()
        with self.assertRaises(UserError):
            wizard.action_apply()
        wizard.sure = True
        wizard.action_apply()
        self.assertEqual(document.state, "signed")

    def test_nobody_decides_what_is_not_open(self):
        document = self.accept()
        with self.assertRaises(UserError):
            document.with_user(self.make_responsible()).action_decide_absent()
        self.assertEqual(document.state, "accepted")
