from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models.l10n_tn_edi_document import AT_TTN, BEFORE_CLAIM, STATES, TRANSITIONS
from ..models.l10n_tn_edi_document_queue import TO_PREPARE
from .common import TnEdiCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestStates(TnEdiCommon):
    """The state diagram, arrow by arrow, and what an invoice may do in each state."""

    def _document(self, state="to_send"):
        """A posted invoice's document, put into ``state`` past the gate."""
        document = self.make_invoice(post=True).l10n_tn_edi_document_id.sudo()
        document.state = state
        return document

    def test_every_arrow(self):
        names = {name for name, _label in STATES}
        self.assertEqual(names, set(TRANSITIONS), "each state has its line in the diagram")
        document = self._document()
        for origin, targets in TRANSITIONS.items():
            for target in names - {origin}:
                with self.subTest(origin=origin, target=target):
                    document.state = origin
                    if target in targets:
                        document._set_state(target)
                        self.assertEqual(document.state, target)
                    else:
                        with self.assertRaises(ValueError):
                            document._set_state(target)

    def test_every_state_can_be_reached_and_left(self):
        reached = {"to_send"}
        while True:
            further = reached | {target for state in reached for target in TRANSITIONS[state]}
            if further == reached:
                break
            reached = further
        self.assertEqual(reached, set(TRANSITIONS))
        final = {state for state, targets in TRANSITIONS.items() if not targets}
        self.assertEqual(final, {"withdrawn", "conflict"})

    def test_new_state_clears_the_old_situation(self):
        document = self._document()
        document._fail("document.findings", {"count": 1})
        self.assertEqual(document.reason_code, "document.findings")
        document._set_state("to_send")
        self.assertFalse(document.reason_code)

    def test_nothing_is_offered_on_a_document_that_no_longer_counts(self):
        document = self._document("rejected")
        document.live = False
        self.assertEqual(document._valid_actions(), set())

    def test_invoice_is_frozen_while_ttn_holds_it(self):
        for state in AT_TTN:
            with self.subTest(state=state):
                document = self._document(state)
                move = document.move_id
                self.assertTrue(move.need_cancel_request)
                self.assertFalse(move.show_reset_to_draft_button)
                for change in (
                    lambda move: move.button_draft(),
                    lambda move: move.button_cancel(),
                    lambda move: move.write({"state": "draft"}),
                    lambda move: move.write({"name": "OTHER-1"}),
                    lambda move: move.write({"narration": "<p>changed</p>"}),
                    lambda move: move.write({"invoice_date_due": "2031-01-01"}),
                    lambda move: move.invoice_line_ids[0].write({"name": "changed"}),
                    lambda move: move.sudo().write({"ref": "changed"}),
                    lambda move: move.button_request_cancel(),
                ):
                    with self.assertRaises(UserError):
                        change(move)
                self.assertEqual(move.state, "posted")

    def test_unprinted_fields_stay_free(self):
        document = self._document("accepted")
        document.move_id.write({"invoice_user_id": self.env.uid, "is_move_sent": True})
        document.move_id.write({"narration": document.move_id.narration, "ref": document.move_id.ref})

    def test_leaving_before_the_claim_withdraws(self):
        for state in BEFORE_CLAIM:
            with self.subTest(state=state):
                document = self._document(state)
                document.move_id.button_draft()
                self.assertEqual((document.state, document.live), ("withdrawn", False))
                document.move_id.action_post()
                self.assertNotEqual(document.move_id.l10n_tn_edi_document_id, document)
                self.assertEqual(document.move_id.l10n_tn_edi_document_id.state, "to_send")

    def test_change_before_the_claim_builds_anew(self):
        for state in ("to_sign", "signed", "error"):
            with self.subTest(state=state):
                document = self._document(state)
                document.move_id.narration = "<p>Changed in time</p>"
                self.assertEqual(document.state, "to_send")
                self.assertFalse(document.signed_id)

    def test_rejected_goes_back_to_draft_and_gets_a_new_document(self):
        document = self._document("rejected")
        move = document.move_id
        name = move.name
        move.button_draft()
        self.assertEqual((document.state, document.live), ("rejected", False))
        move.action_post()
        self.assertEqual(move.name, name)
        self.assertEqual(move.l10n_tn_edi_document_ids - document, move.l10n_tn_edi_document_id)
        self.assertEqual(move.l10n_tn_edi_document_id.state, "to_send")

    def test_rejected_is_corrected_from_the_posted_invoice(self):
        document = self._document("rejected")
        move = document.move_id
        move.action_l10n_tn_edi_correct()
        self.assertFalse(document.live)
        self.assertEqual(move.l10n_tn_edi_document_id.state, "to_send")
        self.assertEqual(move.state, "posted")

    def test_deletion(self):
        move = self.make_invoice(post=True)
        document = move.l10n_tn_edi_document_id
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        self.assertFalse(document.exists())
        sent = self._document("rejected")
        sent.attempt_count = 1
        sent.move_id.button_draft()
        with self.assertRaises(UserError):
            sent.move_id.with_context(force_delete=True).unlink()

    def test_one_live_document(self):
        document = self._document()
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            document.copy({"move_id": document.move_id.id})

    def test_actions_need_the_right_state(self):
        accepted = self._document("accepted")
        for action in ("action_send", "action_correct", "action_hold", "action_ask"):
            with self.assertRaises(UserError):
                getattr(accepted, action)()

    def test_only_a_responsible_decides(self):
        document = self._document("to_decide")
        accountant = self.make_accountant()
        with self.assertRaises(UserError):
            document.with_user(accountant).sudo(False).action_decide_absent()
        document.sudo(False).action_decide_absent()
        self.assertEqual(document.state, "signed")

    def test_a_reader_cannot_send(self):
        document = self._document()
        reader = new_test_user(
            self.env(su=True),
            login="tn_edi_reader",
            groups="account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        document.with_user(reader).read(["state", "number"])
        with self.assertRaises(AccessError):
            document.with_user(reader).sudo(False).action_send()

    def test_posting_outside_the_scope_makes_no_document(self):
        self.invoice_journal.l10n_tn_edi_enabled = False
        self.assertFalse(self.make_invoice(post=True).l10n_tn_edi_document_id)

    def test_on_demand_waits_for_a_hand(self):
        self.company.sudo().l10n_tn_edi_sending = "on_demand"
        document = self.make_invoice(post=True).l10n_tn_edi_document_id
        self.assertTrue(document.hold)
        document.move_id.action_l10n_tn_edi_send()
        self.assertFalse(document.hold)

    def test_delay_before_deposit(self):
        self.company.sudo().l10n_tn_edi_delay_minutes = 30
        document = self.make_invoice(post=True).l10n_tn_edi_document_id
        self.assertNotIn(document, document.search(document._due_domain(TO_PREPARE)))
        document.move_id.action_l10n_tn_edi_send()
        self.assertIn(document, document.search(document._due_domain(TO_PREPARE)))
