import base64
import hashlib
import time
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..elfatoora import periods
from ..elfatoora.answers import Problem
from ..elfatoora.rejections import classify_problem
from ..models import l10n_tn_edi_document_lanes
from ..models.l10n_tn_edi_exchange import moment_of
from .common_flow import LOGGER, TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestAccount(TnEdiFlowCommon):
    """The comparison of an account with TTN's deposits, and what may not be deposited before."""

    def setUp(self):
        super().setUp()
        self.account = self.env["l10n_tn_edi.account"]._of(self.company, "test")

    def forget(self, document):
        """Restore a backup from before the document was deposited."""
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM l10n_tn_edi_exchange WHERE document_id = %s", [document.id])
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_document SET state = 'signed', deposit_id = NULL, submitted_at = NULL, reference = NULL,"
            " attempt_count = 0, lease_until = NULL, next_at = now() at time zone 'UTC' WHERE id = %s",
            [document.id],
        )
        self.env.invalidate_all()

    def forget_answer(self, document):
        """Restore a backup from after a try that was not sent, and before the one that was."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_exchange SET answer_class = 'not_sent', reason_code = 'send.not_sent', deposit_id = NULL"
            " WHERE document_id = %s AND operation = 'save'",
            [document.id],
        )
        self.env.cr.execute(
            "DELETE FROM l10n_tn_edi_exchange WHERE document_id = %s AND operation = 'consult'", [document.id]
        )
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_document SET state = 'signed', deposit_id = NULL, submitted_at = NULL, reference = NULL,"
            " first_seen_at = NULL, decided_at = NULL, poll_count = 0 WHERE id = %s",
            [document.id],
        )
        self.env.invalidate_all()
        self.account.swept_in = "another"

    @contextmanager
    def asking(self, *answers, before=None):
        """Let each question of a comparison have the next of ``answers``: a ``periods.Asked``, or an error; then TTN's own.

        :param before: called with the account before each question.
        :return: list of the periods that were asked for.
        """
        original, asked, answers = type(self.account)._ask_period, [], iter(answers)

        def ask(account, client, period):
            asked.append(period)
            if before:
                before(account)
            answer = next(answers, None)
            if isinstance(answer, Exception):
                raise answer
            return answer or original(account, client, period)

        with patch.object(type(self.account), "_ask_period", ask):
            yield asked

    def woken(self, kind):
        """:return: whether the first lane of a kind is to run soon."""
        lane = self.documents._lanes(kind)[:1]
        return bool(self.env["ir.cron.trigger"].sudo().search_count([("cron_id", "=", lane.id)]))

    def past(self, **delta):
        return fields.Datetime.subtract(fields.Datetime.now(), **delta)

    # === Comparison === #

    def test_first_deposit_waits_for_a_comparison(self):
        self.account.swept_at = False
        document = self.deposit()
        self.assertTrue(self.account.swept_at)
        questions = [row for row in self.questions() if not row["number"]]
        self.assertEqual(len(questions), 7, "a week, a day at a time")
        self.assertEqual(
            set(
                self.account.env["l10n_tn_edi.exchange"]
                .sudo()
                .search([("account_id", "=", self.account.id)])
                .mapped("operation")
            ),
            {"sweep"},
        )
        self.assertFalse(self.account.findings)
        self.assertEqual(document.state, "submitted")

    def test_restored_backup(self):
        document = self.accept()
        reference = document.reference
        self.forget(document)
        # A backup may be a few minutes old only: it is known by not being the database that was compared.
        self.account.swept_in = "another"
        self.submit()
        self.assertEqual((document.state, document.ask_first), ("signed", True), document.reason)
        self.assertEqual(document.reason_code, "sweep.quarantined")
        self.assertIn(document.number, document.reason)
        self.assertIn(document.number, self.account.findings_text)
        self.assertTrue(self.account.activity_ids)
        self.assertEqual(self.account.swept_in, self.account._running_database())

        # What TTN holds is this very document: its acceptance is not lost.
        self.follow()
        self.assertEqual((document.state, document.reference), ("accepted", reference), document.reason)
        self.assertEqual(len(self.saves(document.number)), 1, "nothing is deposited again")

        self.account.with_user(self.make_responsible()).action_clear()
        self.assertFalse(self.account.quarantine)
        self.assertFalse(self.account.activity_ids)
        self.account.swept_at = self.past(hours=2)
        self.env["l10n_tn_edi.account"]._cron_sweep()
        self.assertFalse(self.account.findings, "what somebody looked at is not told again")

    def test_restored_backup_with_a_try_that_was_not_sent(self):
        """TTN holds bytes of which the backup knows that they were not sent: they are asked about, never deposited again."""
        document = self.deposit()
        self.forget_answer(document)
        self.submit()
        self.assertEqual((document.state, document.ask_first), ("submitted", False), document.reason)
        self.assert_chatter_has(document.move_id, f"number {document.deposit_id}.")
        self.fault("empty_answer", times=2)
        self.follow()
        self.submit()
        self.follow()
        self.assertEqual(document.state, "submitted", "what was seen once is not absent")
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual(len(self.saves(document.number)), 1, "nothing is deposited again")
        self.assertFalse(self.account.findings, "nobody has to look")

    def test_restored_backup_of_what_is_signed_anew(self):
        """The backup signs the invoice again: the other signature is at TTN already, and a human decides."""
        document = self.deposit()
        self.forget_answer(document)
        document._rebuild()
        self.env["l10n_tn_edi.account"]._cron_sweep()
        self.assertEqual((document.state, document.ask_first), ("to_send", True))
        self.assertEqual(list(self.account.quarantine), [document.number])
        self.assertIn("changed here since", self.account.findings_text)
        # In the same second the same bytes are signed, and nothing is to decide.
        time.sleep(1.1)
        self.submit()
        self.fault("empty_answer", times=1)
        self.follow()
        self.submit()
        self.assertEqual((document.state, document.ask_first), ("signed", True), document.reason)
        self.follow()
        self.assertEqual(document.state, "to_decide", document.reason)
        self.assertEqual(len(self.saves(document.number)), 1, "nothing is deposited again")

    def test_restored_backup_of_a_withdrawn_document(self):
        document = self.deposit()
        self.forget_answer(document)
        document._withdraw()
        self.env["l10n_tn_edi.account"]._cron_sweep()
        self.assertEqual((document.state, document.live), ("withdrawn", False))
        self.assertIn(document.number, self.account.quarantine)
        self.assertIn(document.number, self.account.findings_text)

    def test_restored_backup_of_a_document_left_behind(self):
        """The acceptance of a rejected document that was replaced meanwhile is not lost either."""
        document = self.accept()
        reference = document.reference
        self.forget_answer(document)
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_document SET state = 'rejected', live = false, next_at = NULL WHERE id = %s",
            [document.id],
        )
        self.env.invalidate_all()
        self.env["l10n_tn_edi.account"]._cron_sweep()
        self.assertTrue(document.next_at)
        self.documents._cron_follow()
        self.assertEqual((document.state, document.reference), ("accepted", reference), document.reason)

    def test_restored_backup_and_an_unreadable_deposit(self):
        """What cannot be read is for a human after a while, also when the attempt was forgotten."""
        self.fault("broken_content")
        document = self.deposit()
        self.forget(document)
        self.account.swept_in = "another"
        self.submit()
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("unknown", "ask.unreadable"))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_exchange SET started_at = started_at - interval '2 days' WHERE document_id = %s",
            [document.id],
        )
        self.env.invalidate_all()
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.unreadable"))
        self.assertEqual(len(self.saves(document.number)), 1, "nothing is deposited again")

    def test_restored_backup_and_empty_answers(self):
        """“Nothing is there” is believed the third time only: a restored database would deposit everything again."""
        document = self.accept()
        self.forget(document)
        self.account.swept_in = "another"
        self.fault("empty_answer", times=2)
        self.submit()
        self.assertEqual(document.reason_code, "sweep.quarantined")
        self.follow()
        self.assertEqual(document.state, "accepted")
        self.assertEqual(len(self.saves(document.number)), 1, "nothing is deposited again")

    def test_restored_backup_waits_for_the_whole_comparison(self):
        """A part of the comparison is no leave to deposit, even when it comes close to the present."""
        self.account.write({"swept_at": self.past(hours=24), "swept_in": "another"})
        document = self.post()
        # A day and the hour before it: two periods, the first of which ends now but for an hour.
        with patch.object(periods, "CALLS_A_SWEEP", 1):
            self.submit()
        self.assertEqual((document.state, document.reason_code), ("signed", "sweep.waiting"))
        self.assertFalse(self.saves())
        self.submit()
        self.assertEqual(document.state, "submitted")

    def test_number_of_an_unknown_deposit(self):
        document = self.accept()
        self.forget(document)
        document.sudo().write({"signature_value": "AAAA", "document_digest": "AAAA"})
        self.account.swept_at = self.past(hours=2)
        self.submit()
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.number_taken"))
        self.assertEqual(len(self.saves(document.number)), 1, "nothing is deposited again")

    def test_number_of_a_deposit_that_is_no_longer_shown(self):
        document = self.accept()
        self.forget(document)
        self.account.swept_at = self.past(hours=2)
        self.submit()
        self.fault("empty_answer")
        for _answer in range(3):
            self.assertEqual((document.state, document.hold), ("signed", False), document.reason)
            self.follow()
            self.submit()
        self.assertEqual((document.state, document.hold), ("signed", True), document.reason)
        self.assertEqual(document.reason_code, "sweep.quarantined")
        self.assertEqual(len(self.saves(document.number)), 1, "nothing is deposited again")

    def test_our_own_deposits_are_known(self):
        documents = self.documents.union(*(self.accept() for _number in range(3)))
        self.account.swept_at = self.past(hours=2)
        self.env["l10n_tn_edi.account"]._cron_sweep()
        self.assertFalse(self.account.findings)
        self.assertFalse(self.account.quarantine)
        self.assertEqual(set(documents.mapped("state")), {"accepted"})

    def test_documents_that_are_kept_are_not_kept_with_each_answer(self):
        """Several answers list each deposit, hour after hour: what is known is named, what is not stays whole."""
        document = self.accept()
        deposit_id, content = document.deposit_id, document.ttn_xml_id.raw
        for known in (True, False):
            if not known:
                self.forget(document)
            self.account.swept_at = self.past(hours=2)
            self.env["l10n_tn_edi.account"]._cron_sweep()
            exchange = self.account._last_calls(("operation", "=", "sweep"), limit=1)
            body = base64.b64decode(exchange.response_file or b"") or (exchange.response_text or "").encode()
            self.assertIn(f"<idSaveEfact>{deposit_id}<".encode(), body)
            self.assertEqual(f"sha256:{hashlib.sha256(content).hexdigest()}".encode() in body, known)
            self.assertEqual(base64.b64encode(content)[:200] in body, not known)

    def test_comparison_without_answer(self):
        self.account.swept_at = self.past(hours=2)
        fault = self.fault("http_status", operation="consultEfact")
        document = self.post()
        self.submit()
        self.assertEqual(document.state, "signed")
        self.assertTrue(document.reason)
        self.assertFalse(self.saves())
        # Again soon, and less and less often while it does not come further
        waits = []
        for failed in (1, 2, 3, 4, 5, 6):
            self.assertEqual(self.account.sweep_progress["failed"], failed)
            waits.append((document.next_at - fields.Datetime.now()).total_seconds())
            self.submit()
        for wait, expected in zip(waits, (15, 30, 60, 120, 300, 300), strict=True):
            self.assertAlmostEqual(wait, expected, delta=expected / 5 + 5)
        self.sandbox.remove_fault(fault)
        # What waited goes on when anybody compares the account
        self.env["l10n_tn_edi.account"]._cron_sweep()
        self.assertFalse(self.account.sweep_progress["failed"])
        self.documents._cron_submit()
        self.assertEqual(document.state, "submitted")

    def test_comparison_is_no_proof_that_the_account_is_in_order(self):
        """What was refused goes on telling why, until a deposit is taken."""
        self.sandbox.account(self.login, undeclare=[self.serial])
        document = self.post()
        self.submit()
        told = document.reason_code, document.next_at
        self.assertEqual((told[0], self.account.stopped), ("ttn.signer_not_authorised", True))
        self.account.swept_at = self.past(hours=2)
        self.env["l10n_tn_edi.account"]._cron_sweep()
        self.assertGreater(self.account.swept_at, self.past(minutes=5))
        self.assertEqual((document.reason_code, document.next_at), told)

    def test_comparison_goes_on_where_it_broke_off(self):
        """However many of TTN's answers are lost: what was compared is not asked again, and nothing goes before the end."""
        document = self.accept()
        self.forget(document)
        self.account.write({"swept_at": self.past(days=3), "swept_in": "another"})
        asked = len(self.questions())
        lost = "http_status"
        # Three times “nothing” for the first day; the same for the second one, an answer lost; both answers for the third.
        faults = ("empty_answer", "empty_answer", None, lost, None, None, None, lost, lost)
        original = type(self.account)._ask_period
        answers = iter(faults)

        def ask(account, client, period):
            kind = next(answers, None)
            fault = kind and self.fault(kind, operation="consultEfact")
            try:
                return original(account, client, period)
            finally:
                if fault:
                    self.sandbox.remove_fault(fault)

        with patch.object(type(self.account), "_ask_period", ask):
            self.submit()
        self.assertEqual((document.state, self.account.swept_in), ("signed", "another"))
        self.assertTrue(document.reason_code.startswith("ttn."), document.reason_code)
        # Three days and the hour before them; the third day is missing.
        begin, _end = self.account.sweep_progress["left"]
        self.assertAlmostEqual(moment_of(begin), self.past(hours=25), delta=timedelta(minutes=10))
        self.assertEqual(len(self.questions()) - asked, len(faults))

        document.sudo().next_at = fields.Datetime.now()
        with self.asking() as asked:
            self.submit()
        self.assertFalse(self.account.sweep_progress["left"] or self.account.sweep_problem)
        self.assertEqual(min(start for start, _end in asked), begin)
        self.assertEqual(document.reason_code, "sweep.quarantined")
        self.follow()
        self.assertEqual(document.state, "accepted")
        self.assertEqual(len(self.saves(document.number)), 1, "nothing is deposited again")

    def test_what_was_compared_before_a_failure_stays_compared(self):
        """Whatever ends the comparison, a killed worker too, the next one goes on after the last period that was compared."""
        document = self.accept()
        self.forget(document)
        self.account.swept_at = self.past(hours=30)
        whole = periods.Asked([])
        with (
            patch.object(periods, "LONGEST_PERIOD", 6 * 3600),
            self.assertLogs(LOGGER, "ERROR"),
            self.asking(whole, whole, RuntimeError("the worker dies")) as asked,
        ):
            self.env["l10n_tn_edi.account"]._cron_sweep()
        self.assertEqual(len(asked), 3)
        self.assertEqual(tuple(self.account.sweep_progress["left"]), asked[2])
        self.assertFalse(self.account.sweeping_until, "others may go on")
        with self.asking() as again:
            self.env["l10n_tn_edi.account"]._cron_sweep()
        self.assertEqual(again[0][0], asked[2][0])
        self.assertFalse(self.account.sweep_progress["left"])
        self.assertIn(document.number, self.account.findings_text)

    def test_the_rest_of_a_comparison_goes_on_at_once(self):
        self.account.swept_at = begin = self.past(hours=49)
        self.env["ir.cron.trigger"].sudo().search([]).unlink()
        with patch.object(periods, "CALLS_A_SWEEP", 1):
            self.env["l10n_tn_edi.account"]._cron_sweep()
            self.assertEqual(self.account.swept_at, begin)
            self.assertTrue(self.woken("sweep"))
            for _run in range(4):  # three days, and the seconds since the first run
                if self.account.swept_at == begin:
                    self.env["ir.cron.trigger"].sudo().search([]).unlink()
                    self.env["l10n_tn_edi.account"]._cron_sweep()
        self.assertGreater(self.account.swept_at, begin)
        self.assertFalse(self.woken("sweep"))

    def test_comparison_of_another_worker(self):
        """Whoever comes second asks nothing; documents wait without a delay of their own."""
        document = self.post()
        self.documents._prepare_batch()
        self.account.write(
            {
                "swept_at": self.past(hours=30),
                "sweeping_until": fields.Datetime.add(fields.Datetime.now(), seconds=100),
            }
        )
        with self.asking() as asked:
            self.submit()
            self.env["l10n_tn_edi.account"]._cron_sweep()
        self.assertFalse(asked)
        self.assertEqual((document.state, document.reason_code), ("signed", False))
        self.assertLessEqual(document.next_at, fields.Datetime.now())
        # A worker that died holds the account for minutes only, a restored database not at all.
        self.account.sweeping_until = fields.Datetime.add(fields.Datetime.now(), days=1)
        self.submit()
        self.assertEqual(document.state, "submitted")

    def test_late_worker_writes_nothing(self):
        """One stood still for longer than it may hold the account: what another has done since stays."""
        self.account.write({"swept_at": self.past(hours=30), "sweep_progress": {"left": None}})
        other = fields.Datetime.add(fields.Datetime.now(), seconds=299)
        with self.asking(before=lambda account: account.write({"sweeping_until": other})) as asked:
            self.env["l10n_tn_edi.account"]._cron_sweep()
        self.assertEqual(len(asked), 1)
        self.assertEqual(self.account.sweep_progress, {"left": None})
        self.assertEqual(self.account.sweeping_until, other)

    def test_no_comparison_while_calls_are_on_their_way(self):
        """It may take long, and the answers have to be written; the documents are left for the next turn."""
        document = self.post()
        self.documents._prepare_batch()
        self.account.swept_at = self.past(hours=30)
        self.due()
        before = document.next_at
        with self.documents._calling() as pool, self.asking() as asked:
            run = l10n_tn_edi_document_lanes._Run("submit", pool, asks=True)
            self.assertFalse(self.documents._next_jobs(run, 64, alone=False))
            self.assertEqual((asked, document.state, document.next_at), ([], "signed", before))
            self.assertTrue(self.documents._next_jobs(run, 64, alone=True))
        self.assertEqual((len(asked), document.state), (2, "sending"))

    def test_clock_of_the_database_ahead(self):
        """TTN finds deposits by its own clock: a database three hours ahead asks for more than what is to come."""
        account = type(self.account)
        original = account._now
        with patch.object(account, "_now", lambda account: original(account) + 3 * 3600):
            self.env["l10n_tn_edi.account"]._cron_sweep()
            document = self.accept()
            self.forget(document)
            self.env["l10n_tn_edi.account"]._cron_sweep()
            self.assertIn(document.number, self.account.findings_text or "")
            self.assertAlmostEqual(self.account.sweep_progress["apart"], 3 * 3600, delta=60)
        self.account.swept_at = self.past(hours=2)
        self.env["l10n_tn_edi.account"]._cron_sweep()
        self.assertEqual(self.account.sweep_progress["apart"], 0.0)

    def test_moment_of_which_ttn_shows_too_much(self):
        """It is passed over, but never in silence; a restored database deposits nothing before somebody has looked."""
        document = self.post()
        self.account.swept_in = "another"
        too_large = periods.Asked(cause=classify_problem(Problem("answer.too_large", "")), too_large=True)
        with patch.object(periods, "SHORTEST_PERIOD", 10**6), self.asking(too_large, too_large):
            self.submit()
        self.assertTrue(self.account.hold_all)
        self.assertIn("more deposits of", self.account.findings_text)
        self.assertTrue(self.account.activity_ids)
        self.assertEqual((document.state, document.reason_code), ("signed", "sweep.unidentified"))
        self.assertFalse(self.saves())
        self.account.with_user(self.make_responsible()).action_clear()
        self.submit()
        self.assertEqual(document.state, "submitted")

    def test_cleared_number_lets_its_document_go(self):
        """Who holds a document back tells somebody; once he has looked, it goes on by itself."""
        document = self.post()
        self.due(document)
        self.documents._prepare_batch()
        self.account.quarantine = {document.number: True}
        for _answer in range(3):  # one may leave out what the next one shows
            self.submit()
            self.assertEqual((document.hold, document.ask_first), (False, True))
            self.follow()
        self.submit()
        self.assertEqual((document.hold, document.reason_code), (True, "sweep.quarantined"))
        told = " ".join(self.account.with_context(lang="en_US")._attention())
        self.assertIn(f"Held back by Odoo, not by a person: 1 ({document.number})", told)
        responsible = self.make_responsible()
        document.write({"hold": True, "ask_first": True})  # as by a person, while TTN was asked
        self.account.with_user(responsible).action_clear()
        self.assertTrue(document.hold)
        document.ask_first = False
        self.account.with_user(responsible).action_clear()
        self.assertEqual((document.hold, document.ask_first), (False, True))
        self.follow()
        self.submit()
        self.assertEqual(document.state, "submitted", document.reason)

    def test_a_question_is_no_comparison(self):
        """After a pause TTN may hold what others have deposited: that somebody asked about one invoice changes nothing."""
        document = self.accept()
        self.assertFalse(self.account._must_sweep())
        hours = timedelta(hours=2)
        self.account.swept_at -= hours
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_exchange SET started_at = started_at - %s, finished_at = finished_at - %s"
            " WHERE company_id = %s",
            [hours, hours, self.company.id],
        )
        self.env.invalidate_all()
        self.assertTrue(self.account._must_sweep())
        document._schedule()
        self.follow()
        self.assertEqual(document.exchange_ids[:1].operation, "consult")
        self.assertTrue(self.account._must_sweep())
