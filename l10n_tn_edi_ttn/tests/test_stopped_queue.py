from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import freeze_time, tagged

from ..elfatoora import breaker
from ..elfatoora.breaker import Limits, rest_after
from ..models import l10n_tn_edi_document_lanes
from .common_flow import TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestStoppedQueue(TnEdiFlowCommon):
    """The queue of an account that stops by itself or by hand, tries one document now and then, and goes on in its order."""

    def setUp(self):
        super().setUp()
        self.account = self.env["l10n_tn_edi.account"]._of(self.company, "test")

    def test_mass_rejection(self):
        self.settings(breaker_last=4, breaker_least=4)
        fault = self.fault("mass_rejection")
        rejected = self.documents.union(*(self.deposit() for _number in range(4)))
        self.follow()
        self.assertEqual(set(rejected.mapped("state")), {"rejected"})
        self.assertEqual((self.account.stopped, self.account.stop_reason), (True, breaker.BY_REJECTIONS))
        self.assertTrue(self.account.activity_ids)
        self.assertTrue(self.account.stop_sentence)
        waiting = self.documents.union(*(self.post() for _number in range(3)))
        self.submit()
        self.assertEqual(set(waiting.mapped("state")), {"signed"})
        self.assertEqual(set(waiting.mapped("reason_code")), {"breaker.rejections"})
        self.assertIn("rejects", waiting[0].reason)

        # Time passes: one goes as a probe, and when it is accepted the others follow.
        self.sandbox.remove_fault(fault)
        state = self.account.breaker
        self.account.breaker = {**state, "next_probe": state["next_probe"] - 600}
        self.submit()
        self.assertEqual(waiting.sorted("id").mapped("state"), ["submitted", "signed", "signed"])
        self.follow()
        self.assertFalse(self.account.stopped)
        self.assertFalse(self.account.activity_ids)
        with patch.object(l10n_tn_edi_document_lanes, "CALLS_AT_ONCE", 1):
            self.documents._cron_submit()
        self.follow()
        self.assertEqual(set(waiting.mapped("state")), {"accepted"})
        numbers = [row["number"] for row in self.saves()]
        self.assertEqual(numbers[-3:], waiting.sorted("id").mapped("number"), "in their order")

    def test_stopped_by_hand(self):
        """Nobody looks at what waits before the queue runs again; then it goes at once."""
        responsible = self.make_responsible()
        self.account.with_user(responsible).action_stop()
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("signed", "breaker.hand"))
        self.assertGreater(document.next_at, fields.Datetime.add(fields.Datetime.now(), minutes=55))
        self.account.with_user(responsible).action_resume()
        self.documents._cron_submit()
        self.assertEqual(document.state, "submitted")

    def test_stopped_for_one_reason_and_then_for_another(self):
        """What was put off for the first reason goes on with what was put off for the second."""
        responsible = self.make_responsible()
        self.account.with_user(responsible).action_stop()
        first, second = self.post(), self.post()
        self.submit()
        first._set_state("signed", reason_code="breaker.silence", next_at=self.documents._in(3000))
        self.account.with_user(responsible).action_resume()
        self.documents._cron_submit()
        self.assertEqual((first.state, second.state), ("submitted", "submitted"))

    def let_the_next_probe_go(self):
        state = self.account.breaker
        self.account.breaker = {**state, "next_probe": state["next_probe"] - 3600}

    def later(self, seconds):
        """As if so much time had passed since TTN's answers."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_exchange SET finished_at = finished_at - make_interval(secs => %s) WHERE company_id = %s",
            [seconds, self.company.id],
        )
        self.env.invalidate_all()

    def resting(self, seconds):
        """:return: context in which the account rests as it really does, at first for so long."""
        return patch.object(
            breaker, "rest_after", lambda silent, _limits: rest_after(silent, Limits(rest=seconds))
        )

    def test_down_behind_an_answer(self):
        """TTN answers, and does not tell what became of the deposit: a handful of documents is used up, not the queue."""
        for kind, params in (
            ("refuse", {"code": "SERV07", "message": "Service indisponible"}),
            ("http_status", {"status": 503}),
            ("html", {}),
            ("text_without_id", {}),
        ):
            with self.subTest(kind=kind):
                self.later(3600)
                fault = self.fault(kind, operation="saveEfact", params=params)
                documents = self.documents.union(*(self.post() for _number in range(10))).sorted("id")
                for _time in range(8):
                    self.submit()
                self.assertEqual((self.account.stopped, self.account.stop_reason), (True, breaker.BY_SILENCE))
                self.assertTrue(self.account.activity_ids)
                used, waiting = documents[:5], documents[5:]
                self.assertEqual(set(used.mapped("state")), {"unknown"})
                self.assertEqual(set(waiting.mapped("state")), {"signed"})
                self.assertEqual(set(waiting.mapped("attempt_count")), {0})
                self.assertEqual(set(waiting.mapped("reason_code")), {"breaker.silence"})
                report = self.env["l10n_tn_edi.contingency"].create({"account_id": self.account.id})
                self.assertIn(
                    self.account.stop_sentence, [row["why"] for row in report._rows(report.document_ids)]
                )

                # One is tried now and then …
                self.let_the_next_probe_go()
                for _time in range(3):
                    self.submit()
                self.assertEqual(waiting.mapped("attempt_count"), [1, 0, 0, 0, 0])
                self.assertTrue(self.account.stopped)
                # … and once TTN takes one, the others follow in their order.
                self.sandbox.remove_fault(fault)
                self.let_the_next_probe_go()
                with patch.object(l10n_tn_edi_document_lanes, "CALLS_AT_ONCE", 1):
                    self.submit()
                    self.submit()
                self.assertFalse(self.account.stopped)
                self.assertFalse(self.account.activity_ids)
                self.assertEqual(set(waiting[1:].mapped("state")), {"submitted"})
                self.assertEqual(
                    [row["number"] for row in self.saves() if row["number"] in waiting.mapped("number")],
                    waiting.mapped("number"),
                )

    def test_down_while_it_works(self):
        """TTN breaks down just after it took something, with many documents due: few of them are on their way at once."""
        self.deposit()
        self.fault("refuse", operation="saveEfact")
        documents = self.documents.union(*(self.post() for _number in range(20)))
        self.submit()
        self.assertTrue(self.account.stopped)
        self.assertEqual(sum(documents.mapped("attempt_count")), 5)

    def test_rests_after_an_answer_that_tells_nothing(self):
        """One lost answer costs a moment, several in a row more and more."""
        fault = self.fault("html", operation="saveEfact")
        documents = self.documents.union(*(self.post() for _number in range(4))).sorted("id")
        with self.resting(19):
            for lost, seconds in enumerate((19, 57, Limits.rest_at_most), start=1):
                self.submit()
                self.submit()
                attempts = [1] * lost + [0] * (4 - lost)
                self.assertEqual(documents.mapped("attempt_count"), attempts, "the others wait")
                self.assertEqual(documents[lost:].mapped("reason_code"), [False] * (4 - lost))
                self.assertEqual((self.account._room(), self.account._resting()), (0, self.account))
                self.later(seconds - 9)
                self.assertEqual(self.account._room(), 0)
                self.later(10)
                self.assertEqual((self.account._room(), len(self.account._resting())), (1, 0))
            self.sandbox.remove_fault(fault)
            self.submit()
            self.assertEqual(documents[3].state, "submitted")
        self.assertFalse(self.account.stopped)

    def test_does_not_rest_by_a_clock_that_was_set_back(self):
        self.deposit()
        self.fault("html", operation="saveEfact")
        self.post()
        with self.resting(10):
            self.submit()
            self.assertEqual(self.account._room(), 0)
            self.later(-1800)
            self.assertEqual(self.account._room(), 1)

    def test_many_at_once_when_ttn_takes_them(self):
        self.deposit()
        documents = self.documents.union(*(self.post() for _number in range(60)))
        at_once, original = [], type(self.documents)._claim_deposits

        def claim(model, candidates):
            claims = original(model, candidates)
            at_once.append(len(claims))
            return claims

        with patch.object(type(self.documents), "_claim_deposits", claim):
            self.submit()
        self.assertEqual(set(documents.mapped("state")), {"submitted"})
        self.assertEqual([count for count in at_once if count][:2], [4, 20])
        with freeze_time(fields.Datetime.now() + timedelta(hours=2)):
            self.assertIsNone(self.account._room(), "whatever the clock of the host says")

    def test_verdicts_do_not_end_a_silence(self):
        """What TTN took before gets its verdicts, while nothing new is taken."""
        earlier = self.documents.union(*(self.deposit() for _number in range(2)))
        self.later(3600)
        self.fault("refuse", operation="saveEfact")
        documents = self.documents.union(*(self.post() for _number in range(8))).sorted("id")
        self.submit()
        self.assertTrue(self.account.stopped)
        self.follow()
        self.assertEqual(set(earlier.mapped("state")), {"accepted"})
        self.assertTrue(self.account.stopped)
        self.submit()
        self.assertEqual(sum(documents.mapped("attempt_count")), 5)

    def test_each_trouble_has_a_to_do_of_its_own(self):
        """Starting the queue again does not settle what was found at TTN, nor the other way round."""
        responsible = self.make_responsible()
        account = self.account.with_user(responsible)
        found = {"code": "sweep.unidentified", "params": {}, "deposit": 7}

        def open_to_dos():
            return {activity.activity_type_id for activity in self.account.activity_ids}

        stopped, at_ttn = (
            self.env.ref(f"l10n_tn_edi_ttn.activity_type_{name}") for name in ("stopped", "found")
        )
        account.action_stop()
        self.account._note_findings([found])
        self.assertEqual(open_to_dos(), {stopped, at_ttn})
        account.action_resume()
        self.assertEqual(open_to_dos(), {at_ttn})
        account.action_stop()
        account.action_clear()
        self.assertEqual(open_to_dos(), {stopped})
