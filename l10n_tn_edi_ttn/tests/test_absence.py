from odoo.fields import Datetime
from odoo.tests import tagged

from ..models.l10n_tn_edi_document_queue import LEASE_SECONDS
from .common_unknown import UnknownCase


@tagged("post_install_l10n", "post_install", "-at_install")
class TestAbsence(UnknownCase):
    """When TTN's not showing a deposit is believed: by which clock, after how long, on what other evidence."""

    def test_a_lease_of_a_clock_that_was_set_back(self):
        """Nobody waits for the time by which the database's clock was ahead when a document was claimed."""
        document = self.lost("reset_after")
        document.write({"state": "sending", "lease_until": Datetime.add(document._now(), days=300)})
        self.documents._cron_follow()
        self.assertLess(document.lease_until, Datetime.add(document._now(), seconds=LEASE_SECONDS + 1))
        self.assertEqual((document.state, document.next_at), ("sending", document.lease_until))
        self.age(document, minutes=3)
        self.follow()
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)

    def test_a_wrong_clock_of_ttn_is_no_jump(self):
        """Once TTN told a time of next year: it is not waited for."""
        self.accept()
        document = self.lost("reset_before")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_exchange SET ttn_clock = ttn_clock + interval '1 year' WHERE id < %s",
            document.exchange_ids.ids,
        )
        self.env.invalidate_all()
        self.age(document, hours=1)
        self.accept()
        self.ask_until_decided(document)
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.absent"), document.reason)

    def test_a_clock_that_jumps_ahead_is_no_waiting(self):
        """The database's clock goes an hour ahead: TTN's own says how long was waited."""
        self.accept()
        document = self.lost("reset_before")
        attempt = document.exchange_ids
        self.env.flush_all()
        # As if all before had been written down by a clock an hour behind
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_exchange SET started_at = started_at - interval '1 hour',"
            " finished_at = finished_at - interval '1 hour' WHERE id <= %s",
            [attempt.id],
        )
        self.env.invalidate_all()
        self.age(document, hours=1)
        self.accept()
        self.ask_until_decided(document)
        self.assertEqual((document.state, document.reason_code), ("unknown", "ask.not_visible"))
        # TTN's clock has gone on by an hour, too: it is absent.
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_exchange SET ttn_clock = ttn_clock - interval '1 hour' WHERE id <= %s",
            [attempt.id],
        )
        self.env.invalidate_all()
        self.accept()
        self.ask_until_decided(document)
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.absent"), document.reason)

    def test_the_company_decides_how_long(self):
        self.settings(absence_minutes=300)
        document = self.lost("reset_before")
        self.age(document, hours=1)
        self.accept()
        self.ask_until_decided(document)
        self.assertEqual(document.state, "unknown")
        self.age(document, hours=6)
        self.ask_until_decided(document)
        self.assertEqual(document.state, "to_decide")

    def test_incomplete_answers_prove_nothing(self):
        document = self.lost("reset_before")
        self.age(document, hours=1)
        self.fault("html", operation="consultEfact", number=document.number)
        self.accept()
        self.ask_until_decided(document)
        self.assertEqual(document.state, "unknown")
        self.assertFalse(document.absences)

    def test_a_view_that_goes_blind_proves_nothing(self):
        """A later deposit was shown before; since then TTN shows nothing at all, ours neither."""
        self.settings(auto_resend=True)
        document = self.lost("reset_after")
        self.age(document, hours=1)
        fault = self.fault("empty_answer", operation="consultEfact", number=document.number)
        later = self.accept()
        self.assertTrue(later.last_seen_at)
        self.sandbox.remove_fault(fault)
        fault = self.fault("empty_answer", operation="consultEfact")
        for _time in range(5):
            self.age(document + later, minutes=1)
            self.follow()
            self.submit()
        self.assertEqual((document.state, document.reason_code), ("unknown", "ask.not_visible"))
        self.assertGreater(len(self.questions(later.number)), 1, "the later one is asked about again")
        self.sandbox.remove_fault(fault)
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual(len(self.saves(document.number)), 1)

    def test_a_slow_view_is_remembered(self):
        """What was found of an attempt whose answer was lost tells how long to wait for the next."""
        document = self.lost("late_deposit", delay=3600)
        self.follow()
        self.assertEqual(document.state, "unknown")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_exchange SET started_at = started_at - interval '40 minutes' "
            "WHERE document_id = %s AND operation = 'save'",
            [document.id],
        )
        document.exchange_ids.invalidate_recordset(flush=False)
        self.addCleanup(self.sandbox.advance_clock, 0)
        self.sandbox.advance_clock(4000)
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertGreaterEqual(document.visibility_delay, 2400)
        self.assertEqual(self.documents._longest_delay_of("test", document.sender), document.visibility_delay)
        self.sandbox.advance_clock(0)
        self.accept()  # TTN's clock is right again
        lost = self.lost("reset_before")
        self.age(lost, minutes=100)
        self.accept()
        self.ask_until_decided(lost)
        self.assertEqual(lost.state, "unknown", "three times as long as the longest is not over")
        self.age(lost, hours=1)
        self.ask_until_decided(lost)
        self.assertEqual((lost.state, lost.reason_code), ("to_decide", "ask.absent"))

    def test_a_deposit_that_is_shown_at_once_is_not_slow(self):
        self.assertFalse(self.accept().visibility_delay)

    def test_what_was_shown_after_an_outage_was_not_slow(self):
        document = self.deposit()
        fault = self.fault("http_status", operation="consultEfact")
        self.follow()
        self.sandbox.remove_fault(fault)
        self.assertEqual((document.state, document.poll_count), ("submitted", 1))
        self.age(document, hours=3)
        self.follow()
        self.assertEqual(document.state, "accepted")
        self.assertFalse(document.visibility_delay)

    def test_nobody_waits_for_ever(self):
        document = self.lost("reset_before")
        self.age(document, days=2)
        self.ask_until_decided(document)
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.absent_unproved"))
        self.assert_sentence(document)
