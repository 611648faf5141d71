import base64
import time

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_unknown import UnknownCase


@tagged("post_install_l10n", "post_install", "-at_install")
class TestDecided(UnknownCase):
    """What a responsible decides about a deposit leads to an end, and never to a second deposit by itself."""

    def setUp(self):
        super().setUp()
        self.responsible = self.make_responsible(f"decides_{self.login}")
        self.addCleanup(self.sandbox.advance_clock, 0)

    # === Helpers === #

    def client(self):
        return self.env["l10n_tn_edi.gateway"].sudo()._client(self.company, "test")

    def signed_and_deposited_elsewhere(self):
        """:return: the document of an invoice, to be built anew, and TTN's number of what was deposited of it elsewhere."""
        account = self.env["l10n_tn_edi.account"]._of(self.company, "test").with_user(self.responsible)
        account.action_stop()
        document = self.post()
        self.submit()
        self.assertEqual(document.state, "signed")
        deposit_id = self.client().save_efact(document.signed_id.raw).answer.deposit_id
        account.action_resume()
        return document, str(deposit_id)

    def same_document(self):
        """:return: (document that TTN holds with another signature, number of that deposit)."""
        document, deposit_id = self.signed_and_deposited_elsewhere()
        value = document.signature_value
        time.sleep(1.1)  # a signature tells its second
        document._rebuild()
        fault = self.fault("reset_before")
        self.submit()
        self.sandbox.remove_fault(fault)
        self.assertNotEqual(document.signature_value, value)
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.same_document"))
        return document, deposit_id

    def number_taken(self):
        """:return: (document, not deposited yet, whose number TTN holds with another content; number of that deposit)."""
        document, deposit_id = self.signed_and_deposited_elsewhere()
        move = document.move_id
        move.button_draft()
        move.invoice_line_ids[0].price_unit += 50
        move.action_post()
        return self.document_of(move), deposit_id

    def wizard(self, document):
        action = document.with_user(self.responsible).sudo(False).action_open_decide()
        return self.env["l10n_tn_edi.decide"].with_user(self.responsible).browse(action["res_id"])

    def shown(self, document, deposit_id, same):
        """:return: the line of a deposit on the screen, compared as ``same``."""
        [line] = self.wizard(document).line_ids.filtered(lambda line: line.deposit_id == deposit_id)
        self.assertEqual(line.same, same)
        return line

    def renumber(self, move, name):
        self.env["account.resequence.wizard"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({"first_name": name}).resequence()

    def assert_released(self, document):
        """Under its number nothing is deposited; under another one it goes."""
        self.assertEqual((document.state, document.reason_code), ("error", "ask.released"), document.reason)
        self.assert_sentence(document, document.number)
        move, number = document.move_id, document.number
        made = len(self.saves(number))
        self.assertTrue(document.ask_first)
        move.action_l10n_tn_edi_correct()
        for _time in range(3):
            self.submit()
            self.follow()
        self.assertIn(document.state, ("error", "to_decide"))
        self.assertEqual(len(self.saves(number)), made, "never deposited under the number that is taken")
        if document.state == "error":
            self.renumber(move, f"{move.name}9")
            for _time in range(2):
                self.submit()
                self.follow()
            self.assertEqual(document.state, "accepted", document.reason)
            self.assertEqual(document.number, f"{number}9")
            self.assertEqual((len(self.saves(number)), len(self.saves(document.number))), (made, 1))

    # === It is this invoice === #

    def test_same_document_is_taken_for_ours(self):
        document, deposit_id = self.same_document()
        line = self.shown(document, deposit_id, "content")
        reference = line.reference
        self.assertTrue(reference)
        line.action_choose()
        self.assert_chatter_has(document.move_id, reference)
        [ruling] = document.rulings
        self.assertEqual(
            (ruling["deposit_id"], ruling["ours"], ruling["reference"], ruling["user_id"]),
            (int(deposit_id), True, reference, self.responsible.id),
        )
        self.assertTrue(ruling["at"])
        for _time in range(2):
            self.follow()
            self.assertEqual((document.state, document.reason_code), ("accepted", "accept.decided"))
        self.assertEqual((document.reference, document.deposit_id), (reference, deposit_id))
        self.assertFalse(document.unproved, "TTN's signature on the same content proves it")
        self.assertIn(reference.encode(), document.ttn_xml_id.raw)
        self.assert_sentence(document, reference)
        self.assertFalse(document.move_id._l10n_tn_edi_awaits_ttn())
        self.assertEqual(self.deposited(document.number), 1)

    def test_same_document_without_proof_is_told(self):
        self.fault("invalid_sigttn")
        document, deposit_id = self.same_document()
        self.shown(document, deposit_id, "content").action_choose()
        self.follow()
        self.assertEqual((document.state, document.unproved), ("accepted", True))

    def test_only_a_responsible_says_so(self):
        document, deposit_id = self.same_document()
        for decide in ("_decide_deposited", "_decide_other"):
            with self.assertRaises(UserError):
                getattr(document.with_user(self.make_accountant(decide)).sudo(False), decide)(deposit_id, "R")
        self.assertFalse(document.rulings)

    def test_earlier_version_of_the_same_document(self):
        document = self.lost("reset_before")
        earlier = document.signed_id.raw
        document._set_state("to_decide")
        document.with_user(self.responsible).action_decide_absent()
        time.sleep(1.1)
        document._rebuild()
        self.documents._cron_submit()
        # What was tried first arrives after all.
        deposit_id = str(self.client().save_efact(earlier).answer.deposit_id)
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.earlier_accepted"))
        self.shown(document, deposit_id, "earlier").action_choose()
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("accepted", "accept.decided"))
        self.assertEqual((document.deposit_id, self.deposited(document.number)), (deposit_id, 1))

    def test_earlier_document_counts_again(self):
        """TTN accepts what it had rejected, before its correction is deposited."""
        self.fault("rejected_then_accepted")
        rejected = self.deposit()
        self.follow()
        self.assertEqual(rejected.state, "rejected")
        move = rejected.move_id
        move.invoice_line_ids[0].name = "Prestation corrigée"
        move.action_l10n_tn_edi_correct()
        corrected = self.document_of(move)
        self.sandbox.advance_clock(100)
        self.submit()
        self.follow()
        self.assertEqual((corrected.state, corrected.reason_code), ("to_decide", "ask.earlier_accepted"))
        self.shown(corrected, rejected.deposit_id, "earlier").action_choose()
        self.assertEqual((corrected.state, corrected.live), ("withdrawn", False))
        self.assertEqual((self.document_of(move), rejected.live), (rejected, True))
        self.follow()
        self.assertEqual((rejected.state, rejected.unproved), ("accepted", False))
        self.assertFalse(move._l10n_tn_edi_awaits_ttn())
        self.assertEqual(self.deposited(), 1)

    def test_what_is_left_behind_is_asked_about(self):
        """The correction may have been deposited: it gives way to the earlier document, but TTN may accept it too."""
        fault = self.fault("rejected_then_accepted")
        rejected = self.deposit()
        self.follow()
        self.sandbox.remove_fault(fault)
        move = rejected.move_id
        move.invoice_line_ids[0].name = "Prestation corrigée"
        move.action_l10n_tn_edi_correct()
        corrected = self.document_of(move)
        fault = self.fault("reset_before", operation="saveEfact")
        for _time in range(2):
            self.submit()
            self.follow()
        self.sandbox.remove_fault(fault)
        self.assertEqual(corrected.state, "unknown")
        self.sandbox.advance_clock(100)
        self.follow()
        self.assertEqual((corrected.state, corrected.reason_code), ("to_decide", "ask.earlier_accepted"))
        self.shown(corrected, rejected.deposit_id, "earlier").action_choose()
        self.assertEqual((corrected.state, corrected.live), ("to_decide", False))
        self.follow()
        self.assertEqual((rejected.state, rejected.live), ("accepted", True))
        # What was lost arrives after all.
        self.client().save_efact(corrected.signed_id.raw)
        self.due(corrected)
        self.documents._cron_follow()
        self.assertEqual((corrected.state, corrected.live), ("conflict", False))
        self.assertTrue(move.sudo().activity_ids, "somebody is told")
        self.assertEqual(self.document_of(move), rejected)

    # === It is another document === #

    def test_taken_number_is_released_at_once_when_nothing_was_tried(self):
        document, deposit_id = self.number_taken()
        document.ask_first = True
        self.submit()
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.number_taken"))
        with self.assertRaises(UserError):
            document.move_id.button_draft()
        self.shown(document, deposit_id, "other").action_disown()
        self.assertEqual(document.reason_code, "ask.number_taken", "until TTN was asked")
        self.assert_chatter_has(document.move_id, deposit_id)
        self.follow()
        self.assert_chatter_has(document.move_id, document.with_context(lang="en_US").reason[:30])
        self.assert_released(document)

    def test_taken_number_in_a_new_document(self):
        """Reset to draft and posted again, it is asked for before, and not deposited under this number."""
        document, deposit_id = self.number_taken()
        document.ask_first = True
        self.submit()
        self.follow()
        self.shown(document, deposit_id, "other").action_disown()
        self.follow()
        move = document.move_id
        move.button_draft()
        move.action_post()
        again = self.document_of(move)
        self.assertNotEqual(again, document)
        self.submit()
        self.follow()
        self.assertEqual((again.state, again.reason_code), ("to_decide", "ask.number_taken"))
        self.assertEqual(len(self.saves(again.number)), 1)

    def test_taken_number_waits_until_ours_is_surely_not_there(self):
        document, deposit_id = self.number_taken()
        fault = self.fault("reset_before", operation="saveEfact")
        self.submit()
        self.sandbox.remove_fault(fault)
        self.assertEqual(document.state, "unknown")
        document._set_state("to_decide", next_at=document.next_at)
        self.follow()
        self.shown(document, deposit_id, "other").action_disown()
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.release_waits"))
        self.assert_sentence(document)
        self.age(document, hours=1)
        self.accept()
        for _time in range(5):
            if document.state == "to_decide":
                self.age(document, minutes=1)
                self.follow()
        self.assert_released(document)

    def test_another_document_under_our_number_of_deposit(self):
        document, deposit_id = self.number_taken()
        fault = self.fault("reset_before", operation="saveEfact")
        self.submit()
        self.sandbox.remove_fault(fault)
        document._set_state("to_decide")
        document.with_user(self.responsible)._decide_deposited(deposit_id)
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.id_of_other"))
        self.shown(document, deposit_id, "other").action_disown()
        self.assertFalse(document.deposit_id)
        self.age(document, hours=1)
        self.accept()
        for _time in range(5):
            if document.state == "to_decide":
                self.age(document, minutes=1)
                self.follow()
        self.assert_released(document)

    # === TTN gave a reference to something that differs === #

    def mismatch(self):
        self.fault("foreign_reference", params={"invented": True})
        document = self.deposit()
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "accept.mismatch"))
        return document, document.deposit_id

    def test_mismatch_is_ours_all_the_same(self):
        document, deposit_id = self.mismatch()
        self.shown(document, deposit_id, "changed").action_choose()
        for _time in range(2):
            self.follow()
            self.assertEqual((document.state, document.reason_code), ("accepted", "accept.decided"))
        self.assertTrue(document.unproved, "TTN has proved another document")
        self.assertTrue(document.ttn_xml_id)
        self.assert_chatter_has(document.move_id, document.reference)

    def test_mismatch_is_another_document(self):
        document, deposit_id = self.mismatch()
        self.shown(document, deposit_id, "changed").action_disown()
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.release_waits"))
        self.age(document, days=2)
        for _time in range(4):
            if document.state == "to_decide":
                self.age(document, minutes=1)
                self.follow()
        self.assertEqual((document.state, document.reason_code), ("error", "ask.released"))
        document.move_id.button_draft()
        self.assertEqual(document.state, "withdrawn")
        self.assertEqual(self.deposited(document.number), 1)

    def test_through_the_screen(self):
        """Without a look on the portal nobody disowns what TTN shows."""
        document, deposit_id = self.mismatch()
        wizard = self.wizard(document)
        wizard.write({"decision": "other", "deposit_id": deposit_id})
        with self.assertRaises(UserError):
            wizard.action_apply()
        wizard.sure = True
        wizard.action_apply()
        [ruling] = document.rulings
        self.assertEqual((ruling["deposit_id"], ruling["ours"]), (int(deposit_id), False))

    # === What the next question may not wipe === #

    def test_no_answer_leaves_the_reason(self):
        document, _deposit_id = self.mismatch()
        told = document.reason_code, document.reason_params
        self.fault("html", operation="consultEfact")
        self.follow()
        self.assertEqual((document.state, document.reason_code, document.reason_params), ("to_decide", *told))

    def test_both_acceptances_stay(self):
        document = self.lost("relay_double")
        self.follow()
        references = {deposit["reference"] for deposit in self.sandbox.deposits(self.login)}
        self.assertEqual((document.state, len(references)), ("conflict", 2))
        for kind in ("html", "empty_answer"):
            with self.subTest(kind=kind):
                fault = self.fault(kind, operation="consultEfact")
                document.next_at = document.write_date
                self.follow()
                self.sandbox.remove_fault(fault)
                self.assertEqual(document.reason_code, "accept.two_acceptances")
                self.assertEqual(set(document.reason_params["references"]), references)
        self.follow()
        files = document.ttn_xml_id + document.rival_xml_ids
        self.assertEqual(len(files), 2, "each once, however often TTN shows them")
        for reference in references:
            self.assertEqual(len(files.filtered(lambda one, text=reference: text.encode() in one.raw)), 1)
        with self.assertRaises(UserError):
            document.rival_xml_ids.unlink()
        with self.assertRaises(UserError):
            document.rival_xml_ids.datas = base64.b64encode(b"x")
