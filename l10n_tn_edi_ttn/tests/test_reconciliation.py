"""Where the books and TTN disagree: other totals at TTN, how late an invoice is, numbers that are missing at the start."""

import dataclasses
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_flow import TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestReconciliation(TnEdiFlowCommon):
    def lines(self, move):
        self.env.flush_all()
        return self.env["l10n_tn_edi.reconciliation"].search([("move_id", "=", move.id)])

    def gaps(self, move):
        """:return: how many numbers are missing before the invoice's."""
        return sum(self.lines(move).filtered(lambda line: line.kind == "gap").mapped("missing"))

    def assert_found(self, move, kind):
        line = self.lines(move)
        self.assertEqual(line.mapped("kind"), [kind])
        self.assertTrue(line.reason)
        return line

    def pass_days(self, document, days):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_document SET create_date = create_date - make_interval(days => %s) WHERE id = %s",
            [days, document.id],
        )

    def shows_more(self, in_document=0, in_list=0):
        """Have TTN show a larger total, in the document that it returns or in its list of deposits, until the test ends."""
        model = type(self.documents)
        read_content, read_deposit = model._read_content, model._read_deposit

        def content(document, *args):
            values = read_content(document, *args)
            return {**values, "total": values["total"] + in_document}

        def listed(document, deposit, *args):
            more = deposit.amount_tax and deposit.amount_tax + in_list
            return read_deposit(document, dataclasses.replace(deposit, amount_tax=more), *args)

        self.startPatcher(patch.object(model, "_read_content", content))
        self.startPatcher(patch.object(model, "_read_deposit", listed))

    # === Totals === #

    def test_another_total_in_the_document_is_shown_at_once(self):
        document = self.deposit()
        move = document.move_id
        self.shows_more(in_document=5)
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "accept.mismatch"))
        line = self.assert_found(move, "amount")
        self.assertAlmostEqual(line.amount_ttn, move.amount_total + 5)
        self.assertEqual((line.amount, line.days), (move.amount_total, 0))
        self.assertIn("another total", line.with_context(lang="en_US").reason)
        self.pass_days(document, 5)
        self.assert_found(move, "amount")

    def test_another_total_in_the_list(self):
        document = self.deposit()
        move = document.move_id
        self.shows_more(in_list=7)
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        line = self.assert_found(move, "amount")
        self.assertAlmostEqual(line.amount_ttn, move.amount_total + 7)
        self.assertIn("another total", line.with_context(lang="en_US").reason)

    def test_the_same_total_is_kept_and_not_shown(self):
        document = self.accept()
        self.assertEqual(document.total_ttn, document.total)
        self.assertFalse(self.lines(document.move_id))

    # === Only tried out === #

    def test_what_is_on_the_test_platform_only_is_not_deposited(self):
        document = self.accept()
        move = document.move_id.sudo(False)
        self.assertFalse(self.lines(move))
        self.pass_days(document, 5)
        self.settings(mode="production")
        line = self.assert_found(move, "not_sent")
        self.assertIn("test platform", line.with_context(lang="en_US").reason)
        with self.assertRaises(UserError):
            line.with_user(self.make_accountant()).action_send()
        line.with_user(self.make_responsible(f"resp_{self.login}")).action_send()
        self.assertFalse(document.live)
        new = self.document_of(move)
        self.assertEqual((new.mode, new.state), ("production", "to_send"))

    def test_a_gap_sends_nothing(self):
        self.settings(sending="on_demand")
        move = self.numbered(3, "2027-01-05")
        self.assertEqual(self.gaps(move), 2)
        self.lines(move).action_send()
        self.assertTrue(self.document_of(move).hold)

    # === Days === #

    def test_a_correction_does_not_begin_the_days_anew(self):
        self.fault("reject", times=1)
        document = self.deposit()
        self.follow()
        self.assertEqual(document.state, "rejected")
        move = document.move_id
        self.assertFalse(self.lines(move))
        self.pass_days(document, 5)
        self.assertEqual(self.assert_found(move, "not_sent").days, 5)
        move.action_l10n_tn_edi_correct()
        self.assertNotEqual(self.document_of(move), document)
        self.assertEqual(self.assert_found(move, "not_sent").days, 5)

    # === Numbers === #

    def numbered(self, number, date, year="2027"):
        """:return: a posted invoice of that number in the year's (or month's) sequence."""
        return self.make_invoice(
            name=f"{self.invoice_journal.code}/{year}/{number:05d}", invoice_date=date, post=True
        )

    def test_first_number_of_a_year_is_missing(self):
        move = self.numbered(3, "2027-01-05")
        self.assertEqual(self.gaps(move), 2)
        self.assertFalse(self.gaps(self.numbered(4, "2027-01-06")))

    def test_first_number_of_a_month_is_missing(self):
        self.settings(go_live_date="2027-02-01")
        self.assertEqual(self.gaps(self.numbered(2, "2027-02-10", "2027/02")), 1)

    def test_numbers_of_before_are_not_missing(self):
        """In a year, or a month, that began before El Fatoora the first numbers may have been given elsewhere."""
        self.settings(go_live_date="2027-01-04")
        self.assertFalse(self.gaps(self.numbered(351, "2027-01-05")))
        self.settings(go_live_date="2027-02-02")
        self.assertFalse(self.gaps(self.numbered(17, "2027-02-10", "2027/02")))

    def test_number_missing_on_the_way_from_before(self):
        self.settings(go_live_date="2027-01-04")
        self.numbered(351, "2027-01-02")
        self.assertFalse(self.gaps(self.numbered(352, "2027-01-05")))
        self.assertEqual(self.gaps(self.numbered(354, "2027-01-05")), 1)

    def test_first_number_with_el_fatoora_is_missing(self):
        self.settings(go_live_date="2027-01-04")
        self.numbered(351, "2027-01-02")
        self.assertEqual(self.gaps(self.numbered(353, "2027-01-05")), 1)

    def test_numbers_that_never_begin_anew(self):
        move = self.make_invoice(name="SUITE00007", invoice_date="2027-01-05", post=True)
        self.assertFalse(self.gaps(move))
