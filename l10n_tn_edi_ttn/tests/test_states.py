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

    # === Who may do what === #

    def test_nobody_writes_past_the_buttons(self):
        """Neither an accountant nor an administrator edits, makes or deletes documents and exchanges by hand."""
        document = self._document("submitted")
        exchange = self.env["l10n_tn_edi.exchange"]._open(document, "save")
        administrator = self.make_accountant()
        administrator.sudo().group_ids += self.env.ref("base.group_system") + self.env.ref(
            "account.group_account_manager"
        )
        for record, values in ((document, {"state": "accepted"}), (exchange, {"deposit_id": "1"})):
            theirs = record.with_user(administrator).sudo(False)
            with self.assertRaises(AccessError):
                theirs.write(values)
            with self.assertRaises(AccessError):
                theirs.unlink()
            with self.assertRaises(AccessError):
                theirs.create({"move_id": document.move_id.id, "mode": "test"})

    def test_roles(self):
        accountant = self.make_accountant()
        responsible = new_test_user(
            self.env(su=True),
            login="tn_edi_responsible",
            groups="account.group_account_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        reader = new_test_user(
            self.env(su=True),
            login="tn_edi_reader",
            groups="account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        stranger = new_test_user(
            self.env(su=True),
            login="tn_edi_employee",
            groups="base.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        everybody = {
            "reader": reader,
            "accountant": accountant,
            "responsible": responsible,
            "stranger": stranger,
        }
        for action, state, allowed in (
            ("action_send", "to_send", {"accountant", "responsible"}),
            ("action_hold", "to_send", {"accountant", "responsible"}),
            ("action_correct", "error", {"accountant", "responsible"}),
            ("action_ask", "submitted", {"accountant", "responsible"}),
            ("action_decide_absent", "to_decide", {"responsible"}),
        ):
            for role, user in everybody.items():
                with self.subTest(action=action, role=role):
                    document = self._document(state)
                    do = getattr(document.with_user(user).sudo(False), action)
                    if role in allowed:
                        do()
                    else:
                        with self.assertRaises(UserError):
                            do()
                        self.assertEqual((document.state, document.hold), (state, False))

    # === Renumber, edit, exclude === #

    def resequence(self, move, name):
        wizard = (
            self.env["account.resequence.wizard"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"first_name": name})
        )
        wizard.resequence()

    def test_renumber(self):
        document = self._document("signed")
        document.signed_at = "2026-03-15 10:00:00"
        self.resequence(document.move_id, "NEW/2026/00077")
        self.assertEqual(document.move_id.name, "NEW/2026/00077")
        self.assertEqual(
            (document.state, document.signed_at), ("to_send", False), "what was signed no longer counts"
        )
        for state in AT_TTN:
            with self.subTest(state=state):
                document = self._document(state)
                with self.assertRaises(UserError):
                    self.resequence(document.move_id, "NEW/2026/00099")
                self.assertNotEqual(document.move_id.name, "NEW/2026/00099")

    def test_lines_are_frozen(self):
        document = self._document("submitted")
        move = document.move_id
        line = move.invoice_line_ids[0]
        for change in (
            lambda: move.write({"invoice_line_ids": [self.line(5)]}),
            lambda: move.write({"invoice_line_ids": [Command.delete(line.id)]}),
            lambda: move.write({"invoice_line_ids": [Command.update(line.id, {"name": "Other"})]}),
            lambda: line.write({"discount": 50}),
            lambda: line.with_context(check_move_validity=False).write({"price_unit": 1}),
            lambda: line.sudo().write({"tax_ids": [Command.clear()]}),
            lambda: move.sudo().write(
                {"invoice_line_ids": [Command.create({"display_type": "line_note", "name": "Note"})]}
            ),
        ):
            with self.assertRaises(UserError):
                change()
        self.assertEqual(line.name, "Prestation")

    def test_rejected_may_be_edited(self):
        document = self._document("rejected")
        document.move_id.write({"narration": "<p>Corrigé</p>", "l10n_tn_edi_note": "Corrigé", "ref": "BC 12"})
        document.move_id.invoice_line_ids[0].name = "Prestation corrigée"
        self.assertEqual((document.state, document.live), ("rejected", True))

    def test_exclusion(self):
        document = self._document("to_sign")
        move = document.move_id
        move.write({"l10n_tn_edi_exclusion": "other", "l10n_tn_edi_exclusion_reason": "Avoir interne"})
        document.next_at = "2026-01-01"
        self.env["l10n_tn_edi.document"].sudo()._prepare_batch()
        self.assertEqual(
            (document.state, document.live, document.reason_code), ("withdrawn", False, "scope.excluded")
        )
        self.assertFalse(move._l10n_tn_edi_awaits_ttn(), "the e-mail need not wait")
        move.l10n_tn_edi_exclusion = False
        move.action_l10n_tn_edi_send()
        self.assertNotEqual(move.l10n_tn_edi_document_id, document)
        self.assertEqual(move.l10n_tn_edi_state, "to_send")
        at_ttn = self._document("submitted").move_id
        with self.assertRaises(UserError):
            at_ttn.l10n_tn_edi_exclusion = "other"

    def test_hold(self):
        document = self._document()
        move = document.move_id
        due = document._due_domain(TO_PREPARE)
        document.next_at = "2026-01-01"
        self.assertIn(document, document.search(due))
        move.action_l10n_tn_edi_hold()
        self.assertNotIn(document, document.search(due))
        self.assertNotIn("hold", document._valid_actions())
        move.action_l10n_tn_edi_send()
        self.assertIn(document, document.search(due))

    def test_held_from_the_start(self):
        document = self.make_invoice(post=True, l10n_tn_edi_hold=True).l10n_tn_edi_document_id
        self.assertTrue(document.hold)

    def test_a_copy_is_a_new_invoice(self):
        document = self._document("accepted")
        copied = document.move_id.copy()
        self.assertFalse(copied.l10n_tn_edi_document_id)
        self.assertFalse(copied.l10n_tn_edi_state)
        copied.action_post()
        self.assertEqual(copied.l10n_tn_edi_state, "to_send")

    def test_sent_proof_stays(self):
        document = self._document("rejected")
        document.attempt_count = 1
        exchange = self.env["l10n_tn_edi.exchange"]._open(document, "save")
        with self.assertRaises(UserError):
            document.unlink()
        with self.assertRaises(UserError):
            exchange.unlink()
        document.move_id.button_draft()
        with self.assertRaises(UserError):
            document.move_id.with_context(force_delete=True).unlink()

    def test_actions_of_each_state(self):
        expected = {
            "to_send": {"withdraw", "hold", "send"},
            "to_sign": {"withdraw", "hold", "send"},
            "signing": {"withdraw", "hold"},
            "signed": {"withdraw", "hold", "send"},
            "error": {"withdraw", "hold", "correct"},
            "rejected": {"correct", "ask"},
            "submitted": {"ask"},
            "unknown": {"ask"},
            "to_decide": {"ask", "decide"},
        }
        document = self._document()
        for state in TRANSITIONS:
            document.state = state
            self.assertEqual(document._valid_actions(), expected.get(state, set()), state)
            self.assertEqual(document.move_id.l10n_tn_edi_actions or [], sorted(expected.get(state, set())))

    def test_action_on_many_is_all_or_nothing(self):
        first, second = self._document("error"), self._document("accepted")
        with self.assertRaises(UserError):
            (first.move_id + second.move_id).action_l10n_tn_edi_correct()
        self.assertEqual(first.state, "error")
        (first.move_id + self._document("error").move_id).action_l10n_tn_edi_correct()
        self.assertEqual(first.state, "to_send")
