from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Datetime
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..elfatoora import decisions
from ..models.l10n_tn_edi_document_queue import TO_ASK
from .common_flow import LOGGER
from .common_unknown import UnknownCase


@tagged("post_install_l10n", "post_install", "-at_install")
class TestUnknown(UnknownCase):
    """Nothing is deposited twice by itself, no acceptance is lost."""

    # === The answer is lost after the deposit === #

    def test_answer_lost_after_the_deposit(self):
        for kind in ("reset_after", "text_without_id", "text_several_numbers", "fault_after", "truncate"):
            with self.subTest(kind=kind):
                document = self.lost(kind)
                self.assertEqual(document.state, "unknown")
                self.assertTrue(document.reason)
                self.assertEqual(document.exchange_ids.answer_class, "unknown")
                self.assertFalse(document.deposit_id)
                self.follow()
                self.assertEqual(document.state, "accepted", document.reason)
                [row] = self.saves(document.number)
                self.assertEqual(document.deposit_id, str(row["deposit_id"]))

    def test_told_in_words(self):
        document = self.lost("reset_after")
        self.assert_sentence(document, "Odoo asks TTN")

    def test_lost_and_not_yet_visible(self):
        """TTN shows it only later: absence is not concluded from impatience."""
        document = self.lost("late_deposit", delay=3600)
        for _time in range(5):
            self.follow()
        self.assertEqual((document.state, document.reason_code), ("unknown", "ask.not_visible"))
        self.assertEqual(len(self.saves()), 1)
        self.addCleanup(self.sandbox.advance_clock, 0)
        self.sandbox.advance_clock(4000)
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual(len(self.saves()), 1)

    def test_deposited_by_a_relay_twice(self):
        """A relay repeats the request: TTN holds the document twice and accepts both, which is told."""
        document = self.lost("relay_double")
        self.assertEqual(self.deposited(), 2)
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("conflict", "accept.two_acceptances"))
        references = {deposit["reference"] for deposit in self.sandbox.deposits(self.login)}
        self.assertEqual(len(references), 2)
        self.assertIn(document.reference, references, "the invoice has a reference all the same")
        self.assertEqual(set(document.reason_params["references"]), references)
        self.assertTrue(document.ttn_xml_id)
        self.assert_sentence(document, *references)
        self.assert_chatter_has(document.move_id, min(references))
        with self.assertRaises(UserError):
            document.move_id.button_draft()

    def test_a_doubled_deposit_is_told_whatever_becomes_of_it(self):
        """Both are rejected: the invoice says what TTN objects to, the account that TTN holds two; and it says so once."""
        self.fault("reject", times=2)
        document = self.lost("relay_double")
        account = self.env["l10n_tn_edi.account"]._of(self.company, "test")
        self.follow()
        self.assertEqual((document.state, self.deposited()), ("rejected", 2))
        newest = max(deposit["id"] for deposit in self.sandbox.deposits(self.login))
        [told] = account.findings
        self.assertEqual((told["code"], told["deposit"]), ("sweep.duplicate", newest))
        self.assertIn("2 times", account.with_context(lang="en_US").findings_text)
        self.assertTrue(account.activity_ids, "the responsible is told")
        document._schedule()
        self.follow()
        self.assertEqual(len(account.findings), 1)
        account.with_user(self.make_responsible()).action_clear()
        document._schedule()
        self.follow()
        self.assertFalse(account.findings, "somebody has looked at it")

    def test_two_acceptances_one_after_the_other(self):
        self.fault("two_acceptances")
        document = self.deposit()
        self.follow()
        self.assertEqual(document.state, "conflict")
        self.assertTrue(document.reference)

    def test_second_acceptance_after_acceptance(self):
        """Deposited again by hand elsewhere after it was accepted: kept as it was, and told."""
        document = self.lost("reset_before")
        self.age(document, hours=1)
        self.accept()
        self.ask_until_decided(document)
        document.with_user(self.make_responsible()).action_decide_absent()
        self.follow()
        self.submit()
        self.follow()
        self.assertEqual(document.state, "accepted")
        reference, file = document.reference, document.ttn_xml_id
        self.assertTrue(document.next_at, "after a second try, TTN is looked at once a day")
        # The first try arrives after all, late.
        client = self.env["l10n_tn_edi.gateway"].sudo()._client(self.company, "test")
        client.save_efact(document.signed_id.raw)
        self.follow()
        self.assertEqual(document.state, "conflict")
        self.assertEqual((document.reference, document.ttn_xml_id), (reference, file))

    # === The attempt never arrived === #

    def test_lost_before_the_deposit(self):
        document = self.lost("reset_before")
        self.assertEqual((document.state, document.attempt_count), ("unknown", 1))
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("unknown", "ask.not_visible"))
        self.assertFalse(document.absences, "within the lease it may still arrive")

        self.age(document, minutes=5)
        for _time in range(4):
            self.age(document, seconds=10)
            self.follow()
        self.assertEqual(document.state, "unknown", "three answers, but not long enough after the attempt")
        self.age(document, hours=1)
        self.ask_until_decided(document)
        self.assertEqual(document.state, "unknown", "nothing shows yet that TTN's view is up to date")
        self.accept()
        self.ask_until_decided(document)
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.absent"))
        self.assert_sentence(document)
        self.assert_chatter_has(document.move_id, document.with_context(lang="en_US").reason[:30])
        self.assertEqual(len(self.saves(document.number)), 1)

    def test_refused_in_the_text_of_the_answer(self):
        """TTN refuses in the text in which it takes documents otherwise: the clinic explains it, nothing is asked for ever."""
        text = "Document non valide ligne numéro : 1 colonne numéro: 10 message: cvc-elt.1: Cannot find the declaration"
        document = self.lost("text_without_id", text=text)
        self.assertEqual((document.state, document.reason_code), ("rejected", "ttn.wrong_root"))
        self.assertEqual(document.exchange_ids.answer_class, "refused")
        self.assertEqual(document.rejections[0]["text"], text)
        # Whatever the text said, TTN had taken it.
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual(len(self.saves(document.number)), 1)

    def test_account_refused_in_the_text_of_the_answer(self):
        document = self.lost("text_without_id", text="Signataire non autorisé")
        self.assertEqual((document.state, document.ask_first), ("signed", True))
        self.assertEqual(document.reason_code, "ttn.signer_not_authorised")
        self.assertEqual(document.rejection_ids.text, "Signataire non autorisé", "it counts")
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual(len(self.saves(document.number)), 1)

    def test_words_of_an_answer_that_tells_nothing(self):
        document = self.lost("text_without_id", text="Revenez demain matin")
        self.assertEqual((document.state, document.reason_code), ("unknown", "ttn.unknown"))
        self.assert_sentence(document, "Revenez demain matin")
        document = self.lost("text_without_id")
        self.assertEqual((document.state, document.reason_code), ("unknown", "send.no_id"))
        self.assert_sentence(document, "Facture enregistree")

    # === The company's option: once by itself === #

    def test_resent_once_by_itself(self):
        self.settings(auto_resend=True)
        document = self.lost("reset_before")
        self.age(document, hours=1)
        self.accept()
        for _time in range(4):
            self.age(document, minutes=1)
            self.follow()
            self.submit()
        self.assertEqual((document.state, document.resent), ("accepted", True), document.reason)
        self.assertEqual((len(self.saves(document.number)), self.deposited(document.number)), (2, 1))

    def test_never_resent_by_itself_in_production(self):
        self.settings(auto_resend=True)
        document = self.lost("reset_before")
        [attempt] = document.exchange_ids
        self.assertTrue(document._history(attempt, []).auto_resend)
        document.mode = "production"
        self.assertFalse(document._history(attempt, []).auto_resend)

    def test_resent_only_once(self):
        self.settings(auto_resend=True)
        fault = self.fault("reset_before", operation="saveEfact")
        document = self.post()
        self.submit()
        self.sandbox.remove_fault(fault)
        self.age(document, hours=1)
        self.accept()
        fault = self.fault("reset_before", operation="saveEfact")
        for _time in range(4):
            self.age(document, minutes=1)
            self.follow()
            self.submit()
        self.assertEqual((document.state, document.resent, document.attempt_count), ("unknown", True, 2))
        self.sandbox.remove_fault(fault)
        self.age(document, hours=1)
        self.accept()
        self.ask_until_decided(document)
        self.assertEqual(document.state, "to_decide")
        self.assertEqual(len(self.saves(document.number)), 2)

    # === Answers that come late === #

    def test_killed_worker(self):
        """The worker died between claim and answer: the lease runs out and TTN is asked."""
        document = self.post()
        _kept, patcher = self.held_answers()
        self.submit()
        patcher.stop()
        self.assertEqual((document.state, document.exchange_ids.answer_class), ("sending", False))
        self.follow()
        self.assertEqual(document.state, "sending", "the lease is not over")
        self.assertFalse(self.questions())
        self.age(document, minutes=10)
        self.documents._expire_leases()
        self.assertEqual((document.state, document.reason_code), ("unknown", "send.lease_expired"))
        self.assert_sentence(document)
        self.follow()
        self.assertEqual(document.state, "accepted")
        self.assertEqual(len(self.saves()), 1)

    def test_late_answer_belongs_to_its_own_attempt(self):
        document = self.post()
        kept, patcher = self.held_answers()
        self.submit()
        patcher.stop()
        [((document_id, exchange_id), call)] = kept
        self.age(document, minutes=10)
        self.documents._expire_leases()
        self.assertEqual(document.state, "unknown")
        attempt = self.env["l10n_tn_edi.exchange"].sudo().browse(exchange_id)
        self.documents._record_together([((document_id, exchange_id), call)])
        self.assertEqual((document.state, document.deposit_id), ("submitted", str(call.answer.deposit_id)))
        self.assertEqual((attempt.answer_class, attempt.deposit_id), ("submitted", document.deposit_id))
        self.follow()
        self.assertEqual(document.state, "accepted")

    def test_late_answer_after_a_second_attempt(self):
        """The first attempt's answer is kept with the first attempt and does not touch the second."""
        document = self.post()
        kept, patcher = self.held_answers()
        self.submit()
        patcher.stop()
        [((document_id, exchange_id), call)] = kept
        first = self.env["l10n_tn_edi.exchange"].sudo().browse(exchange_id)
        self.age(document, minutes=10)
        self.documents._expire_leases()
        # Nobody found it, a responsible let it go again …
        document._set_state("to_decide")
        document._set_state("signed")
        document.next_at = Datetime.now()
        # TTN does not show it yet.
        with patch.object(type(document), "_must_be_asked_about", lambda *_arguments: False):
            self.documents._cron_submit()
        self.assertEqual((document.state, document.attempt_count), ("submitted", 2))
        second_deposit = document.deposit_id
        # … and then the first answer arrives.
        self.documents._record_together([((document_id, exchange_id), call)])
        self.assertEqual((document.state, document.deposit_id), ("submitted", second_deposit))
        self.assertEqual(first.deposit_id, str(call.answer.deposit_id))
        self.assertNotEqual(first.deposit_id, second_deposit)
        self.follow()
        self.assertEqual(document.state, "conflict", "TTN accepted both, and that is told")

    def test_call_that_breaks_inside(self):
        """An error of our own while calling: nothing is known, so the lease decides."""
        document = self.post()
        Client = "odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_gateway.ElFatooraClient.save_efact"
        with patch(Client, side_effect=RuntimeError("broken")), self.assertLogs(LOGGER, "ERROR"):
            self.submit()
        self.assertEqual(document.state, "sending")
        self.age(document, minutes=10)
        self.follow()
        self.assertEqual(document.state, "unknown")

    def test_next_question_has_a_trigger_of_its_own(self):
        """The trigger that started a run is still there during it, and goes with it."""
        document = self.lost("reset_after")
        document.next_at = at = Datetime.add(Datetime.now(), seconds=30)
        lane = self.env.ref("l10n_tn_edi_ttn.ir_cron_follow")
        triggers = self.env["ir.cron.trigger"].sudo().search([("cron_id", "=", lane.id)])
        triggers.unlink()
        lane._trigger(Datetime.subtract(Datetime.now(), seconds=1))
        for _once in range(2):
            document._wake_at("follow", TO_ASK)
            triggers = (
                self.env["ir.cron.trigger"].sudo().search([("cron_id", "=", lane.id), ("call_at", "=", at)])
            )
            self.assertEqual(len(triggers), 1)

    def test_answer_that_cannot_be_written(self):
        """Our own error on one answer stops neither the run nor the other documents."""
        documents = self.documents.union(*(self.post() for _number in range(3)))
        Document = type(self.documents)
        original = Document._apply_deposit

        def apply_deposit(document, decision, tried_at, alone):
            if document == documents[1]:
                raise RuntimeError("broken")
            return original(document, decision, tried_at, alone)

        with patch.object(Document, "_apply_deposit", apply_deposit), self.assertLogs(LOGGER, "ERROR"):
            self.submit()
        self.assertEqual(documents.mapped("state"), ["submitted", "sending", "submitted"])
        self.age(documents[1], minutes=10)
        self.follow()
        self.follow()
        self.assertEqual(set(documents.mapped("state")), {"accepted"})
        self.assertEqual(len(self.saves()), 3)

    # === Deposit numbers === #

    def test_deposit_number_of_another_document(self):
        first = self.accept()
        [deposit] = self.sandbox.deposits(self.login)
        first.deposit_id = str(deposit["id"] + 1)  # the number that TTN gives next
        second = self.post()
        with mute_logger("odoo.sql_db"):
            self.submit()
        self.assertEqual((second.state, second.reason_code), ("unknown", "deposit.id_taken"))
        self.assertEqual(
            second.exchange_ids.deposit_id, first.deposit_id, "the answer is kept with its attempt"
        )
        self.assertFalse(second.deposit_id)
        self.assert_sentence(second, first.deposit_id)
        with mute_logger("odoo.sql_db"):
            self.follow()
        self.assertEqual((second.state, second.reason_code), ("to_decide", "deposit.id_taken"))
        self.assertEqual(len(self.saves(second.number)), 1)

    def test_vanished_deposit(self):
        self.fault("hidden", params={"until": 0, "gone_from": 0.5, "back_at": 10**9})
        document = self.deposit()
        self.addCleanup(self.sandbox.advance_clock, 0)
        self.sandbox.advance_clock(100)
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("submitted", "ask.not_visible"))
        self.age(document, days=4)
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.vanished"))
        self.assertEqual(len(self.saves()), 1)

    def test_our_leases_are_those_of_the_rules(self):
        """What the decisions know as states is what the documents have."""
        states = dict(self.documents._fields["state"].selection)
        self.assertLessEqual(decisions.STATES, set(states))
