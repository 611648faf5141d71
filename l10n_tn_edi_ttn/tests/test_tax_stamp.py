from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..models.account_move_stamp import AccountMove as StampedMove
from .common import TnEdiCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestStamp(TnEdiCommon):
    """The stamp duty comes and goes by itself, once a document, and equals the journal entry in every currency."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.sudo().active = True
        cls.env["res.currency.rate"].sudo().create(
            {"currency_id": cls.euro.id, "company_id": cls.company.id, "name": "2026-03-01", "rate": 0.3}
        )

    def assert_stamp(self, move, amount, total=None):
        """``move`` bears ``amount`` of stamp, once, everywhere: in the entry, in the totals, never on a line."""
        move.flush_recordset()
        items = move.line_ids.filtered(lambda line: line.tax_line_id == self.stamp)
        signed = -move.direction_sign * sum(items.mapped("amount_currency"))
        self.assertEqual(len(items), 1 if amount else 0)
        self.assertAlmostEqual(-signed, amount, 3)
        self.assertAlmostEqual(sum(move.line_ids.mapped("balance")), 0, 3)
        self.assertAlmostEqual(move.amount_total, move.tax_totals["total_amount_currency"], 3)
        terms = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        self.assertAlmostEqual(
            abs(sum(terms.mapped("amount_currency"))), abs(move.amount_total), 3, "terms share out the stamp"
        )
        if total is not None:
            self.assertAlmostEqual(move.amount_total, total, 3)

    def reverse(self, invoice, modify=False):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": "2026-03-20"})
        )
        action = wizard.modify_moves() if modify else wizard.refund_moves()
        return self.env["account.move"].browse(action["res_id"])

    # === Coming and going === #

    def test_invoice_made_by_code(self):
        move = self.make_invoice(self.line())
        self.assert_stamp(move, 1.0, 120.0)
        self.assertEqual(len(move.invoice_line_ids), 1)
        move.action_post()
        self.assert_stamp(move, 1.0, 120.0)
        document = self.assert_clean(move)
        self.assertEqual(self.taxes(document)["I-1601", "0"], (None, "1.000"))
        self.assertEqual(len(document.lines), 1)

    def test_invoice_typed_in(self):
        with Form(self.env["account.move"].with_context(default_move_type="out_invoice")) as form:
            form.partner_id = self.customer
            form.invoice_date = "2026-03-15"
            with form.invoice_line_ids.new() as line:
                line.product_id = self.service
                line.price_unit = 100.0
                line.quantity = 7
            self.assertAlmostEqual(form.tax_totals["total_amount_currency"], 834.0, 3)
        self.assert_stamp(form.record, 1.0, 834.0)

    def test_lines_changed_on_the_draft(self):
        move = self.make_invoice(self.line(quantity=5))
        self.assert_stamp(move, 1.0, 596.0)
        move.invoice_line_ids = [self.line(10.0, quantity=3)]
        self.assert_stamp(move, 1.0)
        move.invoice_line_ids[0].quantity = 1
        self.assert_stamp(move, 1.0)
        move.invoice_line_ids.unlink()
        self.assert_stamp(move, 0.0, 0.0)
        move.invoice_line_ids = [self.line()]
        self.assert_stamp(move, 1.0, 120.0)

    def test_invoice_without_any_tax(self):
        self.assert_stamp(self.make_invoice(self.line(taxes=self.env["account.tax"])), 1.0, 101.0)

    def test_choice_by_hand_is_kept(self):
        move = self.make_invoice(self.line())
        move.l10n_tn_edi_stamp_choice = "without"
        self.assert_stamp(move, 0.0, 119.0)
        move.invoice_line_ids = [self.line(10.0)]
        move.action_post()
        self.assert_stamp(move, 0.0)
        move.button_draft()
        self.assertEqual(move.l10n_tn_edi_stamp_choice, "without")
        move.l10n_tn_edi_stamp_choice = "with"
        self.assert_stamp(move, 1.0)

    def test_stamp_wanted_by_hand_where_none_is_due(self):
        self.customer.l10n_tn_edi_public_body = "state"
        self.assert_stamp(self.make_invoice(self.line(), l10n_tn_edi_stamp_choice="with"), 1.0, 120.0)

    def test_public_bodies(self):
        move = self.make_invoice(self.line())
        for kind in ("state", "local", "administrative"):
            self.customer.l10n_tn_edi_public_body = kind
            self.assert_stamp(move, 0.0, 119.0)
        self.customer.l10n_tn_edi_public_body = False
        self.assert_stamp(move, 1.0, 120.0)
        contact = self.env["res.partner"].create({"name": "Ordonnateur", "parent_id": self.customer.id})
        self.customer.l10n_tn_edi_public_body = "local"
        self.assert_stamp(self.make_invoice(self.line(), partner=contact), 0.0)

    def test_customer_changed_on_the_draft(self):
        self.customer.l10n_tn_edi_public_body = "state"
        move = self.make_invoice(self.line(), partner=self.consumer)
        self.assert_stamp(move, 1.0)
        move.partner_id = self.customer
        self.assert_stamp(move, 0.0)

    def test_export(self):
        ref = self.env["account.chart.template"].with_company(self.company).ref
        export = ref("l10n_tn_fp_template_export")
        move = self.make_invoice(self.line(taxes=self.vat_0), partner=self.foreigner)
        self.assert_stamp(move, 1.0)
        move.fiscal_position_id = export
        self.assert_stamp(move, 0.0, 100.0)
        move.fiscal_position_id = False
        self.assert_stamp(move, 1.0)
        move.l10n_tn_edi_type_code = "I-15"
        self.assert_stamp(move, 0.0)

    def test_companies_that_do_not_want_it(self):
        move = self.make_invoice(self.line())
        self.company.sudo().l10n_tn_edi_stamp_automatic = False
        self.assert_stamp(move, 0.0)
        self.company.sudo().l10n_tn_edi_stamp_automatic = True
        self.assert_stamp(move, 1.0)
        self.company.sudo().l10n_tn_edi_enabled = False
        self.assert_stamp(move, 0.0)
        self.assert_stamp(self.make_invoice(self.line(), move_type="out_receipt"), 0.0)

    def test_what_is_posted_stays(self):
        move = self.make_invoice(self.line(), post=True)
        self.company.sudo().l10n_tn_edi_stamp_automatic = False
        self.customer.l10n_tn_edi_public_body = "state"
        self.assert_stamp(move, 1.0, 120.0)
        self.assert_equals_journal_entry(move)

    # === Never twice === #

    def test_stamp_tax_on_a_line_counts_alone(self):
        for lines in (
            (self.line(), self.stamp_line()),
            (self.line(taxes=self.vat_19 + self.stamp),),
        ):
            move = self.make_invoice(*lines)
            self.assert_stamp(move, 1.0, 120.0)
            self.assertFalse(move.l10n_tn_edi_stamp)
            move.l10n_tn_edi_stamp_choice = "with"
            self.assert_stamp(move, 1.0, 120.0)

    def test_stamp_line_added_and_removed(self):
        move = self.make_invoice(self.line())
        move.invoice_line_ids = [self.stamp_line()]
        self.assert_stamp(move, 1.0, 120.0)
        move.invoice_line_ids.filtered(lambda line: not line.price_unit).unlink()
        self.assert_stamp(move, 1.0, 120.0)
        self.assertEqual(move.l10n_tn_edi_stamp, 1.0)

    def test_multiplied_stamp_says_how_to_mend_it(self):
        move = self.make_invoice(
            self.line(taxes=self.vat_19 + self.stamp, quantity=3), currency_id=self.euro.id, post=True
        )
        self.assertEqual([item["code"] for item in move._l10n_tn_edi_findings()], ["odoo.stamp_multiplied"])
        self.assertFalse(
            [
                item
                for item in self.make_invoice(
                    self.line(quantity=3), currency_id=self.euro.id, post=True
                )._l10n_tn_edi_findings()
                if item["code"] == "odoo.stamp_multiplied"
            ]
        )

    # === Amount === #

    def test_amount_of_the_day(self):
        amounts = self.env["l10n_tn_edi.stamp.amount"].sudo()
        amounts.create({"date_from": "2026-07-01", "amount": 1.5})
        amounts.create({"date_from": "2026-08-01", "amount": 2.0, "company_id": self.company.id})
        for date, amount in (
            ("2022-12-31", 0.0),
            ("2026-06-30", 1.0),
            ("2026-07-01", 1.5),
            ("2026-08-01", 2.0),
        ):
            move = self.make_invoice(self.line(), invoice_date=date)
            self.assert_stamp(move, amount)
        move.invoice_date = "2026-07-15"
        self.assert_stamp(move, 1.5)

    def test_amounts_are_for_accounting_managers(self):
        amounts = self.env["l10n_tn_edi.stamp.amount"].with_user(self.make_accountant())
        self.assertTrue(amounts.search([]))
        with self.assertRaises(AccessError):
            amounts.create({"date_from": "2027-01-01", "amount": 2})

    def test_foreign_currency(self):
        """0.30 EUR at the invoice's rate and exactly one dinar in the books, whatever the quantity."""
        move = self.make_invoice(self.line(33.33, quantity=4), currency_id=self.euro.id)
        self.assert_stamp(move, 0.3, 158.95)
        item = move.line_ids.filtered(lambda line: line.tax_line_id == self.stamp)
        self.assertAlmostEqual(item.balance, -1.0, 3)
        move.invoice_currency_rate = 0.25
        self.assert_stamp(move, 0.25)
        self.assertAlmostEqual(item.balance, -1.0, 3)
        move.currency_id = self.company.currency_id
        self.assert_stamp(move, 1.0)
        move.currency_id = self.euro
        self.assert_stamp(move, 0.3)
        move.action_post()
        self.assertEqual(self.taxes(self.assert_clean(move))["I-1601", "0"], (None, "0.30"))

    def test_terms_rounding_and_early_payment(self):
        move = self.make_invoice(
            self.line(33.337),
            invoice_payment_term_id=self.pay_terms_b.id,
            invoice_cash_rounding_id=self.cash_rounding_a.id,
            post=True,
        )
        self.assert_stamp(move, 1.0)
        self.assert_equals_journal_entry(move)
        early = (
            self.env["account.payment.term"]
            .sudo()
            .create(
                {
                    "name": "2/10",
                    "early_discount": True,
                    "discount_percentage": 2,
                    "discount_days": 10,
                    "early_pay_discount_computation": "mixed",
                    "line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})],
                }
            )
        )
        move = self.make_invoice(self.line(), invoice_payment_term_id=early.id, post=True)
        self.assert_stamp(move, 1.0)
        self.assert_equals_journal_entry(move)

    def test_prices_with_tax_are_not_touched(self):
        """The rounding of prices that include tax takes no notice of the stamp."""
        included = self.vat_19.sudo().copy({"name": "TTC", "price_include_override": "tax_included"})
        for rounding in ("round_per_line", "round_globally"):
            self.company.sudo().tax_calculation_rounding_method = rounding
            lines = [self.line(price, included) for price in (0.333, 10.01, 5.555, 7.777)]
            alone = self.make_invoice(*lines, l10n_tn_edi_stamp_choice="without")
            stamped = self.make_invoice(*lines)
            self.assertEqual(stamped.amount_untaxed, alone.amount_untaxed)
            self.assertAlmostEqual(stamped.amount_total, alone.amount_total + 1, 3)

    # === Copies, reversals, credit notes === #

    def test_duplicate(self):
        move = self.make_invoice(self.line(), post=True)
        self.assert_stamp(move.copy({"invoice_date": "2026-03-16"}), 1.0, 120.0)
        self.customer.l10n_tn_edi_public_body = "state"
        self.assert_stamp(move.copy({"invoice_date": "2026-03-16"}), 0.0, 119.0)

    def test_reversal_keeps_the_stamp_of_the_original(self):
        """The original bore 2 TND; today it would be one: the reversal gives back two, and nothing is left to pay."""
        self.env["l10n_tn_edi.stamp.amount"].sudo().create({"date_from": "2026-03-16", "amount": 0.5})
        invoice = self.make_invoice(self.line(), post=True)
        refund = self.reverse(invoice)
        self.assert_stamp(refund, 1.0, 120.0)
        refund.action_post()
        self.assertEqual(self.amounts(self.assert_clean(refund))["I-180"], "120.000")

    def test_reversal_with_a_new_draft(self):
        invoice = self.make_invoice(self.line(), post=True)
        draft = self.reverse(invoice, modify=True)
        self.assertEqual(invoice.payment_state, "reversed")
        self.assert_stamp(invoice.reversal_move_ids, 1.0, 120.0)
        self.assert_stamp(draft, 1.0, 120.0)

    def test_reversal_of_an_invoice_without_stamp(self):
        invoice = self.make_invoice(self.line(), l10n_tn_edi_stamp_choice="without", post=True)
        self.assert_stamp(self.reverse(invoice), 0.0, 119.0)

    def test_own_stamp_of_a_credit_note_borne_by_the_company(self):
        self.company.sudo().l10n_tn_edi_refund_stamp = "borne"
        refund = self.make_invoice(
            self.line(), move_type="out_refund", l10n_tn_edi_original_number="F-1", post=True
        )
        self.assert_stamp(refund, 0.0, 119.0)
        borne = refund.line_ids.filtered("l10n_tn_edi_stamp_cost")
        self.assertEqual({item.account_id.code[:4]: item.balance for item in borne}, {"6654": 1, "4370": -1})
        self.assert_clean(refund)
        refund.button_draft()
        self.assertFalse(refund.line_ids.filtered("l10n_tn_edi_stamp_cost"))
        refund.action_post()
        self.assertEqual(len(refund.line_ids.filtered("l10n_tn_edi_stamp_cost")), 2)
        self.assertFalse(refund.copy().line_ids.filtered("l10n_tn_edi_stamp_cost"))
        again = self.reverse(refund)
        self.assertFalse(again.line_ids.filtered("l10n_tn_edi_stamp_cost"))

    def test_own_stamp_borne_in_another_currency(self):
        refund = self.make_invoice(self.line(), move_type="out_refund", currency_id=self.euro.id, post=True)
        borne = refund.line_ids.filtered("l10n_tn_edi_stamp_cost")
        self.assertEqual(sorted(borne.mapped("balance")), [-1.0, 1.0])
        self.assertEqual(refund.amount_total, 119.0)

    def test_own_stamp_of_a_reversal_borne_by_the_company(self):
        invoice = self.make_invoice(self.line(), post=True)
        self.reverse(invoice, modify=True)
        borne = invoice.reversal_move_ids.line_ids.filtered("l10n_tn_edi_stamp_cost")
        self.assertEqual(sorted(borne.mapped("balance")), [-1.0, 1.0])

    def test_own_stamp_of_a_credit_note_charged(self):
        """The customer pays it: less is credited."""
        self.company.sudo().l10n_tn_edi_refund_stamp = "charged"
        refund = self.make_invoice(
            self.line(), move_type="out_refund", l10n_tn_edi_original_number="F-1", post=True
        )
        self.assert_stamp(refund, -1.0, 118.0)
        self.assertEqual(refund._l10n_tn_edi_findings(), [], "it is meant")
        document = self.assert_equals_journal_entry(refund)
        self.assertEqual(self.taxes(document)["I-1601", "0"], (None, "-1.000"))
        self.assertFalse(refund.line_ids.filtered("l10n_tn_edi_stamp_cost"))

    def test_own_stamp_charged_on_a_reversal(self):
        """The stamp of the invoice is given back, the credit note's own is taken: they are one amount."""
        invoice = self.make_invoice(self.line(), post=True)
        self.company.sudo().l10n_tn_edi_refund_stamp = "charged"
        self.assert_stamp(self.reverse(invoice), 0.0, 119.0)

    def test_no_own_stamp(self):
        self.company.sudo().l10n_tn_edi_refund_stamp = "none"
        refund = self.make_invoice(self.line(), move_type="out_refund", post=True)
        self.assert_stamp(refund, 0.0, 119.0)
        self.assertFalse(refund.line_ids.filtered("l10n_tn_edi_stamp_cost"))

    def test_borne_without_an_account(self):
        with (
            patch.object(
                type(self.company),
                "_l10n_tn_edi_stamp_expense_account",
                lambda company: company.env["account.account"],
            ),
            self.assertRaisesRegex(UserError, "no account"),
        ):
            self.make_invoice(self.line(), move_type="out_refund", post=True)

    # === Paid before === #

    def test_paid_before_the_invoice(self):
        with patch.object(StampedMove, "_l10n_tn_edi_paid_before", lambda move: True):
            move = self.make_invoice(self.line())
            self.assert_stamp(move, 0.0, 119.0)
            move.action_post()
        self.assert_stamp(move, 0.0, 119.0)
        with patch.object(StampedMove, "_l10n_tn_edi_paid_before", lambda move: True):
            self.assert_stamp(self.make_invoice(self.line(), self.stamp_line(), post=True), 1.0, 120.0)

    def test_an_online_payment_of_the_invoice_changes_nothing(self):
        move = self.make_invoice(self.line())
        self.assertFalse(move._l10n_tn_edi_paid_before())

    # === Who === #

    def test_plain_invoicing_user(self):
        accountant = self.make_accountant()
        move = (
            self.env["account.move"]
            .with_user(accountant)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_date": "2026-03-15",
                    "invoice_line_ids": [self.line()],
                }
            )
        )
        move.l10n_tn_edi_stamp_choice = "without"
        self.assert_stamp(move, 0.0)
        move.l10n_tn_edi_stamp_choice = "automatic"
        move.action_post()
        self.assert_stamp(move, 1.0, 120.0)

    def test_queries_of_a_long_invoice(self):
        """The stamp costs a few queries an invoice, none a line."""

        def queries(**values):
            lines = [self.line() for _number in range(40)]
            self.env.flush_all()
            start = self.env.cr.sql_log_count
            self.make_invoice(*lines, **values)
            self.env.flush_all()
            return self.env.cr.sql_log_count - start

        queries()
        self.assertLessEqual(queries(), queries(l10n_tn_edi_stamp_choice="without") + 6)
