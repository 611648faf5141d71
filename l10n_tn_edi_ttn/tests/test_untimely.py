"""Answers of TTN that come after the invoice was taken back or changed."""

from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.l10n_tn_edi_document_queue import TO_PREPARE
from .common_flow import TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestUntimely(TnEdiFlowCommon):
    def waiting(self):
        """:return: a signed document that TTN is asked about before its deposit."""
        document = self.post()
        document.ask_first = True
        self.submit()
        self.assertEqual((document.state, self.saves()), ("signed", []))
        return document

    def forgotten(self):
        """:return: the same of a document that TTN has accepted already; a backup was restored."""
        document = self.accept()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_document SET state = 'signed', ask_first = true, reference = NULL, deposit_id = NULL,"
            " submitted_at = NULL, first_seen_at = NULL, attempt_count = 0 WHERE id = %s",
            [document.id],
        )
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_exchange SET document_id = NULL WHERE document_id = %s", [document.id]
        )
        self.env.invalidate_all()
        return document

    def ask(self, document):
        """:return: TTN's answer to a question about the document, still to be written."""
        self.due(document)
        _count, jobs = self.documents._claim_questions_due(1)
        [(key, job)] = jobs.items()
        self.assertEqual(key[0], document.id)
        return key, job()

    def record(self, answer):
        """:return: the exchange of an answer that was written."""
        self.documents._write_answers([answer])
        exchange = self.env["l10n_tn_edi.exchange"].browse(answer[0][1])
        self.assertEqual((exchange.answer_class, exchange.kept_answer), ("answered", False))
        self.assertTrue(exchange.finished_at)
        return exchange

    def change(self, document):
        """Have the invoice say something else."""
        document.move_id.partner_id.street = "1 rue changée"
        document.move_id.narration = "changed"

    def told(self, document):
        return document.move_id.activity_ids.filtered(lambda one: "TTN holds" in (one.summary or ""))

    def test_taken_back_and_nothing_there(self):
        document = self.waiting()
        answer = self.ask(document)
        document.move_id.button_draft()
        exchange = self.record(answer)
        self.assertEqual(exchange.sha256, document.sha256)
        self.assertEqual((document.state, document.next_at), ("withdrawn", False))
        self.assertFalse(self.told(document))

    def test_changed_and_nothing_there(self):
        """What was not there for other bytes says nothing of these: TTN is asked afresh before the deposit."""
        document = self.waiting()
        answer = self.ask(document)
        self.change(document)
        self.assertEqual(document.state, "to_send")
        self.submit()
        self.assertEqual(document.state, "signed")
        self.record(answer)
        self.assertEqual((document.state, document.ask_first), ("signed", True))
        self.submit()
        self.assertFalse(self.saves())
        questions = len(self.questions())
        self.follow()
        self.assertEqual(len(self.questions()), questions + 1)
        self.submit()
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual(len(self.saves()), 1)

    def test_written_while_it_is_built_again(self):
        document = self.waiting()
        answer = self.ask(document)
        self.change(document)
        self.record(answer)
        self.assertEqual((document.state, document.ask_first), ("to_send", True))
        self.assertFalse(self.told(document))

    def test_old_answer_that_shows_nothing(self):
        """An answer that was kept for long decides about no deposit, be it for the same bytes."""
        document = self.waiting()
        answer = self.ask(document)
        exchange = self.env["l10n_tn_edi.exchange"].sudo().browse(answer[0][1])
        exchange.started_at = fields.Datetime.subtract(exchange.started_at, minutes=10)
        self.record(answer)
        self.assertEqual((document.state, document.ask_first), ("signed", True))
        self.follow()
        self.assertFalse(document.ask_first)

    def test_taken_back_and_accepted(self):
        """An acceptance is told, and the next document of the invoice is not deposited blindly."""
        document = self.forgotten()
        move = document.move_id
        answer = self.ask(document)
        move.button_draft()
        self.record(answer)
        self.assertEqual(document.state, "withdrawn")
        move.partner_id.street = "1 rue changée"
        told = self.told(document)
        self.assertEqual(len(told), 1)
        self.assertIn(document.number, told.note)
        move.action_post()
        following = self.document_of(move)
        self.assertNotEqual(following, document)
        self.assertTrue(following.ask_first)
        self.submit()
        self.follow()
        self.assertEqual(following.state, "to_decide", following.reason)
        self.assertEqual(len(self.saves()), 1)

    def test_taken_back_posted_again_and_accepted(self):
        document = self.forgotten()
        move = document.move_id
        answer = self.ask(document)
        move.button_draft()
        document.ask_first = False
        move.action_post()
        following = self.document_of(move)
        self.assertFalse(following.ask_first)
        self.record(answer)
        self.assertTrue(following.ask_first)
        self.assertTrue(self.told(document))

    def test_changed_and_accepted(self):
        document = self.forgotten()
        answer = self.ask(document)
        self.change(document)
        document.ask_first = False
        self.record(answer)
        self.assertEqual((document.state, document.ask_first), ("to_send", True))
        self.assertEqual(len(self.told(document)), 1)
        self.submit()
        self.follow()
        self.assertEqual(document.state, "to_decide", document.reason)
        self.assertEqual(len(self.saves()), 1)

    def test_changed_signed_and_accepted(self):
        """Signed anew, it is asked about at once: nobody has to be told."""
        document = self.forgotten()
        answer = self.ask(document)
        self.change(document)
        self.submit()
        document.write({"ask_first": False, "next_at": False})
        self.record(answer)
        self.assertEqual((document.state, document.ask_first), ("signed", True))
        self.assertTrue(document.next_at)
        self.assertFalse(self.told(document))

    # === A host whose clock is wrong === #

    @contextmanager
    def clock_apart(self, **delta):
        """Have this host's own clock differ from the database's.

        :param delta: as for ``timedelta``.
        """
        now = fields.Datetime.now
        with patch.object(fields.Datetime, "now", staticmethod(lambda: now() + timedelta(**delta))):
            yield

    def test_delay_before_deposit(self):
        self.settings(delay_minutes=60)
        for hours in (2, -2):
            with self.subTest(hours=hours), self.clock_apart(hours=hours):
                document = self.post()
                self.assertNotIn(document, document.search(document._due_domain(TO_PREPARE)))
                self.documents._cron_submit()
                self.assertEqual(document.state, "to_send")
                lane = self.documents._lanes("submit")[:1]
                triggers = self.env["ir.cron.trigger"].sudo()
                triggers.search([("cron_id", "=", lane.id)]).unlink()
                document.sudo(False).move_id.action_l10n_tn_edi_send()
                self.assertIn(document, document.search(document._due_domain(TO_PREPARE)))
                woken = triggers.search([("cron_id", "=", lane.id)])
                self.assertEqual(len(woken), 1)
                self.assertLessEqual(woken.call_at, self.documents._now())

    def test_question_that_is_on_its_way(self):
        document = self.waiting()
        self.due(document)
        with self.clock_apart(hours=2):
            _count, jobs = self.documents._claim_questions_due(1)
            self.assertEqual([key[0] for key in jobs], document.ids)
            self.assertEqual(self.documents._claim_questions_due(1), (0, {}))

    def test_held_back_while_ttn_was_asked(self):
        """What is at TTN is followed, whoever held it back meanwhile."""
        document = self.forgotten()
        answer = self.ask(document)
        document.sudo(False).action_hold()
        self.assertTrue(document.hold)
        self.record(answer)
        self.assertEqual((document.state, document.hold), ("accepted", False), document.reason)

    # === A deposit number that comes late === #

    def given_up(self):
        """:return: (document that a responsible has confirmed to be absent, the late answer to its deposit)."""
        document = self.post()
        self.due(document)
        self.documents._prepare_batch()
        _count, jobs = self.documents._claim_deposits_due(1)
        [(key, job)] = jobs.items()
        document._set_state("unknown")
        document._set_state("to_decide")
        document.with_user(self.make_responsible(f"late_{self.login}")).sudo(False).action_decide_absent()
        return document, (key, job())

    def test_deposit_number_after_the_decision(self):
        document, answer = self.given_up()
        self.documents._write_answers([answer])
        self.assertEqual(document.state, "submitted")
        self.assertTrue(document.deposit_id)
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual(len(self.saves()), 1)

    def test_deposit_number_after_it_was_left_behind(self):
        """No way leads back while an answer may come; should a document be withdrawn all the same, the number is told."""
        document, answer = self.given_up()
        with self.assertRaises(UserError):
            document.move_id.button_draft()
        document._set_state("withdrawn", live=False)
        self.documents._write_answers([answer])
        self.assertEqual(document.state, "withdrawn")
        self.assertIn(document.exchange_ids.filtered("attempt").deposit_id, self.told(document).note)
        self.assertTrue(document.ask_first, "the invoice's next document asks first")
