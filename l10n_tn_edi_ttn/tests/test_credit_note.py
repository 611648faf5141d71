from odoo.fields import Datetime
from odoo.tests import tagged

from ..teif.foreign import parse_foreign_xml
from ..teif.reader import read
from .common_flow import TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestCreditNote(TnEdiFlowCommon):
    """A credit note goes after the invoice that it undoes."""

    def credit(self, document):
        """:return: the document of a posted credit note of the document's invoice."""
        reversal = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=document.move_id.ids)
            .create({"journal_id": document.journal_id.id, "reason": "Retour", "date": "2026-03-20"})
        )
        move = self.env["account.move"].browse(reversal.reverse_moves()["res_id"])
        move.action_post()
        return self.document_of(move)

    def test_waits_for_its_original(self):
        original = self.deposit()
        credit = self.credit(original)
        self.submit()
        self.assertEqual((credit.state, credit.reason_code), ("to_send", "credit_note.original_pending"))
        self.assert_sentence(credit, original.number)
        self.assertGreater(credit.next_at, Datetime.now())
        self.assertFalse(credit.hold)
        self.assertEqual(len(self.saves()), 1)
        later = credit.next_at
        self.due(original)
        self.documents._cron_follow()
        self.assertEqual(original.state, "accepted")
        self.assertLess(credit.next_at, later, "the acceptance wakes it")
        self.documents._cron_submit()
        self.assertEqual(credit.state, "submitted", credit.reason)
        self.follow()
        self.assertEqual((credit.state, credit.type_code), ("accepted", "I-12"))
        sent = read(parse_foreign_xml(credit.signed_id.raw))
        references = {reference.code: reference.value for reference in sent.references}
        self.assertEqual(references["I-89"], original.number)
        self.assertEqual(references["I-88"], original.reference)

    def test_both_posted_together(self):
        original = self.post()
        credit = self.credit(original)
        self.submit()
        self.assertEqual((original.state, credit.state), ("submitted", "to_send"))
        self.follow()
        self.submit()
        self.follow()
        self.assertEqual((original.state, credit.state), ("accepted", "accepted"))
        self.assertEqual([row["number"] for row in self.saves()], [original.number, credit.number])

    def test_original_rejected_asks_a_human(self):
        self.fault("reject", times=1)
        original = self.deposit()
        credit = self.credit(original)
        self.follow()
        self.assertEqual(original.state, "rejected")
        self.submit()
        self.assertEqual(
            (credit.state, credit.hold, credit.reason_code), ("to_send", True, "credit_note.original_refused")
        )
        self.assert_sentence(credit, original.number)
        self.submit()
        self.assertEqual(len(self.saves()), 1)
        credit.move_id.with_user(self.make_accountant()).action_l10n_tn_edi_send()
        self.submit()
        self.assertEqual(credit.state, "submitted", "released by a human, it goes")

    def test_original_corrected_first(self):
        self.fault("reject", times=1)
        original = self.deposit()
        credit = self.credit(original)
        self.follow()
        self.submit()
        original.move_id.l10n_tn_edi_note = "Corrigé"
        original.move_id.action_l10n_tn_edi_correct()
        credit.move_id.action_l10n_tn_edi_send()
        self.submit()
        self.assertEqual((credit.state, credit.reason_code), ("to_send", "credit_note.original_pending"))
        for _time in range(3):
            self.follow()
            self.submit()
        self.follow()
        self.assertEqual(self.document_of(original.move_id).state, "accepted")
        self.assertEqual(credit.state, "accepted")

    def test_original_never_deposited(self):
        """The credit note of an invoice from before El Fatoora goes by itself."""
        self.invoice_journal.l10n_tn_edi_enabled = False
        move = self.make_invoice(post=True)
        self.invoice_journal.l10n_tn_edi_enabled = True
        self.assertFalse(move.l10n_tn_edi_document_id)
        credit = move._reverse_moves([{"invoice_date": "2026-03-20"}])
        credit.action_post()
        document = self.document_of(credit)
        self.submit()
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)

    def test_credited_and_paid_while_ttn_works(self):
        """TTN's work locks neither payments nor credit notes of the invoice."""
        original = self.deposit()
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=original.move_id.ids
        ).create({"amount": 20, "payment_date": "2026-03-16"})._create_payments()
        self.credit(original)
        self.follow()
        self.assertEqual(original.state, "accepted", original.reason)
