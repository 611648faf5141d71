"""A rejected invoice that was reversed and replaced: nothing is deposited in its place while TTN may accept it after all."""

from odoo.exceptions import AccessError
from odoo.fields import Datetime
from odoo.tests import tagged

from .common_flow import TnEdiFlowCommon

REJECTION = ["CONTRL78", "Le total ne correspond pas à la somme des lignes"]


@tagged("post_install_l10n", "post_install", "-at_install")
class TestReplaced(TnEdiFlowCommon):
    def rejected(self, after=3600.0):
        """:return: the document of an invoice that TTN rejects, to accept it ``after`` seconds; None: never."""
        return self.reject(REJECTION, after=after)

    def replace(self, document, post=True):
        """:return: the invoice in the place of the document's."""
        new = document.move_id.sudo(False).with_user(self.env.user)._l10n_tn_edi_replace_rejected()
        self.assertEqual(new.l10n_tn_edi_replaced_id, document.move_id.sudo(False))
        if post:
            new.action_post()
        return new

    def work(self):
        for _time in range(2):
            self.submit()
            self.documents._cron_follow()

    def found(self, document):
        """:return: what the reconciliation finds about the document's invoice."""
        self.env.flush_all()
        lines = self.env["l10n_tn_edi.reconciliation"].search([("move_id", "=", document.move_id.id)])
        self.assertTrue(all(lines.mapped("reason")))
        return lines.mapped("kind")

    def assert_held(self, new, old):
        document = self.document_of(new)
        self.assertTrue(document.hold)
        self.assertEqual(document.reason_code, "replaced.accepted")
        reason = document.with_context(lang="en_US").reason
        self.assertIn(old.number, reason)
        self.assertIn(old.reference, reason)
        return document

    def test_not_accepted_is_asked_once_and_the_new_one_goes(self):
        old = self.rejected(after=None)
        new = self.replace(old)
        asked = len(self.questions(old.number))
        self.submit()
        document = self.document_of(new)
        self.assertEqual((document.state, document.reason_code), ("signed", "replaced.pending"))
        self.assertIn(old.number, document.with_context(lang="en_US").reason)
        self.assertFalse(self.saves(new.name))
        self.documents._cron_follow()
        self.assertEqual(len(self.questions(old.number)), asked + 1)
        self.documents._cron_submit()
        self.assertEqual(document.state, "submitted", "the answer wakes it")
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual(len(self.questions(old.number)), asked + 1)
        self.assertEqual(old.state, "rejected")

    def test_an_answer_before_its_time_keeps_nobody_waiting(self):
        old = self.rejected(after=None)
        self.settings(delay_minutes=60)
        new = self.replace(old)
        document = self.document_of(new)
        later = document.next_at
        self.documents._cron_follow()
        self.assertFalse(document.ask_replaced)
        self.assertEqual((document.state, document.next_at), ("to_send", later), "the company's delay stays")
        self.submit()
        self.assertEqual(document.state, "submitted", document.reason)

    def test_accepted_before_the_new_one_is_confirmed(self):
        old = self.rejected()
        new = self.replace(old, post=False)
        self.let_ttn_accept()
        self.due(old)
        self.documents._cron_follow()
        self.assertEqual(old.state, "accepted", old.reason)
        self.assertIn(old.reference, str(new.activity_ids.note))
        new.action_post()
        self.work()
        self.assert_held(new, old)
        self.assertFalse(self.saves(new.name))

    def test_accepted_while_the_new_one_waits(self):
        old = self.rejected()
        new = self.replace(old)
        self.submit()
        self.let_ttn_accept()
        self.work()
        self.assertEqual(old.state, "accepted", old.reason)
        self.assert_held(new, old)
        self.assertFalse(self.saves(new.name))
        self.assertIn(old.reference, str(new.activity_ids.note))

    def test_accepted_after_the_answer_and_before_the_deposit(self):
        old = self.rejected()
        new = self.replace(old)
        self.documents._cron_follow()
        self.assertFalse(self.document_of(new).ask_replaced)
        self.let_ttn_accept()
        self.due(old)
        self.documents._cron_follow()
        self.work()
        self.assert_held(new, old)
        self.assertFalse(self.saves(new.name))

    def test_accepted_after_the_deposit(self):
        old = self.rejected()
        new = self.replace(old)
        self.documents._cron_follow()
        self.submit()
        document = self.document_of(new)
        self.assertEqual(document.state, "submitted", document.reason)
        self.let_ttn_accept()
        self.due(old)
        self.documents._cron_follow()
        self.assertEqual(old.state, "accepted")
        self.assertFalse(document.hold)
        self.assertIn("at TTN as well", str(new.activity_ids.note))
        self.follow()
        self.assertEqual(document.state, "accepted")

    def test_ttn_cannot_be_reached(self):
        old = self.rejected(after=None)
        self.fault("http_status", operation="consultEfact", times=4)
        new = self.replace(old)
        document = self.document_of(new)
        for _time in range(4):
            self.submit()
            self.documents._cron_follow()
            self.assertEqual((document.state, document.reason_code), ("signed", "replaced.pending"))
            self.assertGreater(document.next_at, Datetime.now())
        self.assertFalse(self.saves(new.name))
        self.work()
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)

    def test_only_a_responsible_lets_it_go(self):
        old = self.rejected()
        new = self.replace(old)
        self.let_ttn_accept()
        self.work()
        document = self.assert_held(new, old)
        new.with_user(self.make_accountant()).action_l10n_tn_edi_send()
        self.work()
        self.assert_held(new, old)
        responsible = self.make_responsible(f"resp_{self.login}")
        both = (new + self.post().move_id.sudo(False)).with_user(responsible)
        both.action_l10n_tn_edi_send_selected()
        self.work()
        self.assert_held(new, old)
        self.assertFalse(self.saves(new.name))
        new.with_user(responsible).action_l10n_tn_edi_send()
        self.work()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assert_chatter_has(new, responsible.name)

    def test_undone_at_ttn_by_its_reversal(self):
        """The way out: the reversal is deposited as the credit note of what TTN accepted."""
        old = self.rejected()
        new = self.replace(old)
        reversal = old.move_id.sudo(False).reversal_move_ids
        self.let_ttn_accept()
        self.work()
        self.assert_held(new, old)
        self.assertEqual(self.found(old), ["undone"])
        reversal.button_draft()
        reversal.write({"l10n_tn_edi_exclusion": False, "l10n_tn_edi_exclusion_reason": False})
        reversal.action_post()
        self.work()
        self.follow()
        credit = self.document_of(reversal)
        self.assertFalse(self.found(old))
        self.assertEqual((credit.state, credit.type_code), ("accepted", "I-12"), credit.reason)

    def test_replaced_again(self):
        """An invoice in the place of one in the place of another is held for each of them."""
        old = self.rejected()
        self.fault("reject", times=1, params={"errors": [REJECTION]})
        second = self.replace(old)
        self.work()
        self.work()
        self.assertEqual(self.document_of(second).state, "rejected")
        third = self.replace(self.document_of(second))
        self.let_ttn_accept()
        self.due(old)
        self.documents._cron_follow()
        self.assertEqual(old.state, "accepted", old.reason)
        self.due(self.document_of(second))
        self.work()
        self.assert_held(third, old)
        self.assertFalse(self.saves(third.name))

    def test_replaced_in_odoo_s_own_way(self):
        """Odoo's “Reverse and Create Invoice” makes a credit note, which a human is asked about, and a new invoice."""
        old = self.rejected()
        move = old.move_id.sudo(False).with_user(self.env.user)
        reversal = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "date": "2026-03-20"})
        )
        new = self.env["account.move"].browse(reversal.modify_moves()["res_id"])
        self.assertEqual(new.l10n_tn_edi_replaced_id, move)
        new.action_post()
        self.submit()
        self.assertEqual(self.document_of(new).reason_code, "replaced.pending")
        self.let_ttn_accept()
        self.work()
        self.assertEqual(old.state, "accepted", old.reason)
        self.assert_held(new, old)
        self.assertFalse(self.saves(new.name))

    def test_nobody_chooses_what_an_invoice_replaces(self):
        old = self.rejected(after=None)
        new = self.replace(old, post=False)
        with self.assertRaises(AccessError):
            new.l10n_tn_edi_replaced_id = False
        self.assertFalse(new.copy().l10n_tn_edi_replaced_id)
