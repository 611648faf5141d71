from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import freeze_time, tagged

from ..elfatoora import breaker
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

    def let_the_next_probe_go(self):
        state = self.account.breaker
        self.account.breaker = {**state, "next_probe": state["next_probe"] - 3600}

    def forget_what_was_taken_lately(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_exchange SET finished_at = finished_at - interval '1 hour' WHERE company_id = %s",
            [self.company.id],
        )
        self.env.invalidate_all()

    def test_down_behind_an_answer(self):
        """TTN answers, and does not tell what became of the deposit: a handful of documents is used up, not the queue."""
        for kind, params in (
            ("refuse", {"code": "SERV07", "message": "Service indisponible"}),
            ("http_status", {"status": 503}),
            ("html", {}),
            ("text_without_id", {}),
        ):
            with self.subTest(kind=kind):
                self.forget_what_was_taken_lately()
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
                self.assertIn(self.account.stop_sentence, [row["why"] for row in report._rows()])

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
        self.forget_what_was_taken_lately()
        self.fault("refuse", operation="saveEfact")
        documents = self.documents.union(*(self.post() for _number in range(8))).sorted("id")
        self.submit()
        self.assertTrue(self.account.stopped)
        self.follow()
        self.assertEqual(set(earlier.mapped("state")), {"accepted"})
        self.assertTrue(self.account.stopped)
        self.submit()
        self.assertEqual(sum(documents.mapped("attempt_count")), 5)

    def test_stopped_by_hand(self):
        responsible = self.make_responsible()
        self.account.with_user(responsible).action_stop()
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("signed", "breaker.hand"))
        self.account.with_user(responsible).action_resume()
        self.documents._cron_submit()
        self.assertEqual(document.state, "submitted")
