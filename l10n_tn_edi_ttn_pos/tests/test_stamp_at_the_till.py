"""Orders of the till for which an invoice is asked: the stamp is paid with them, and the invoice equals the payment."""

import uuid

from odoo.addons.l10n_tn_edi_ttn.tests.common import TnEdiCommon
from odoo.fields import Command, Datetime
from odoo.tests import HttpCase, new_test_user, tagged


class TillCommon(TnEdiCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("point_of_sale.group_pos_manager")
        env = cls.env(su=True, context={**cls.env.context, "allowed_company_ids": cls.company.ids})
        env["product.template"].search([("available_in_pos", "=", True)]).available_in_pos = False
        cls.service.sudo().write({"available_in_pos": True, "list_price": 100.0, "name": "Table en chêne"})
        cls.stamp_product = cls.env.ref("l10n_tn_edi_ttn_pos.product_stamp")
        cls.bank = env["pos.payment.method"].create(
            {"name": "Banque", "journal_id": cls.company_data["default_journal_bank"].id}
        )
        cls.till = (
            env["pos.config"]
            .create(
                {
                    "name": "Boutique",
                    "company_id": cls.company.id,
                    "invoice_journal_id": cls.invoice_journal.id,
                    "payment_method_ids": [Command.set(cls.bank.ids)],
                }
            )
            .with_env(cls.env)
        )


@tagged("post_install_l10n", "post_install", "-at_install")
class TestStampAtTheTill(TillCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.till.sudo().open_ui()
        cls.session = cls.till.current_session_id
        cls.session.sudo().set_opening_control(0, None)

    def line(self, product, price, quantity=1, taxes=(), total=None, **values):
        total = price * quantity if total is None else total
        return {
            "uuid": str(uuid.uuid4()),
            "product_id": product.id,
            "qty": quantity,
            "price_unit": price,
            "price_subtotal": price * quantity,
            "price_subtotal_incl": total,
            "tax_ids": [Command.set([tax.id for tax in taxes])],
            **values,
        }

    def table(self, quantity=1, **values):
        return self.line(self.service, 100.0, quantity, self.vat_19, 119.0 * quantity, **values)

    def stamp_line(self, quantity=1, **values):
        return self.line(self.stamp_product, 1.0, quantity, **values)

    def sync(self, *lines, customer=None, invoiced=True, **values):
        """Send an order as the till does when it is paid.

        :return: the ``pos.order``.
        """
        total = sum(line["price_subtotal_incl"] for line in lines)
        order = {
            "uuid": str(uuid.uuid4()),
            "session_id": self.session.id,
            "partner_id": (customer or self.customer).id,
            "to_invoice": invoiced,
            "state": "paid",
            "date_order": Datetime.to_string(Datetime.now()),
            "amount_total": total,
            "amount_paid": total,
            "amount_tax": total - sum(line["price_subtotal"] for line in lines),
            "amount_return": 0,
            "lines": [Command.create(line) for line in lines],
            "payment_ids": [
                Command.create(
                    {
                        "amount": total,
                        "payment_method_id": self.bank.id,
                        "name": Datetime.to_string(Datetime.now()),
                    }
                )
            ],
            **values,
        }
        orders = self.env["pos.order"].sudo().with_context(generate_pdf=False)
        result = orders.sync_from_ui([order])
        return orders.browse(row["id"] for row in result["pos.order"] if row["uuid"] == order["uuid"])

    def test_paid_at_the_till_it_is_the_stamp_of_the_invoice(self):
        order = self.sync(self.table(), self.stamp_line())
        self.assertEqual((order.state, order.amount_total, order.amount_paid), ("done", 120.0, 120.0))
        move = order.account_move
        self.assertEqual((move.state, move.amount_total, move.l10n_tn_edi_stamp), ("posted", 120.0, 1.0))
        self.assertEqual(move.payment_state, "paid")
        self.assertEqual(move.invoice_line_ids.mapped("product_id"), self.service)
        self.assertEqual(len(move.invoice_line_ids), 1)
        document = self.assert_clean(move)
        self.assertEqual(self.taxes(document)["I-1601", "0"], (None, "1.000"))
        self.assertEqual(len(document.lines), 1)

    def test_paid_without_it_is_never_added(self):
        """A till that knows nothing of the stamp, or an invoice asked for afterwards."""
        self.assertEqual(self.sync(self.table()).account_move.amount_total, 119.0)
        order = self.sync(self.table(), invoiced=False)
        self.assertFalse(order.account_move)
        order.with_context(generate_pdf=False).action_pos_order_invoice()
        self.assertEqual(
            (order.account_move.amount_total, order.account_move.l10n_tn_edi_stamp), (119.0, 0.0)
        )

    def test_paid_with_it_and_invoiced_later(self):
        order = self.sync(self.table(), self.stamp_line(), invoiced=False)
        order.with_context(generate_pdf=False).action_pos_order_invoice()
        self.assertEqual(
            (order.account_move.amount_total, order.account_move.l10n_tn_edi_stamp), (120.0, 1.0)
        )

    def test_without_invoice_it_is_the_states(self):
        """Closing the session books what was taken for the stamp to the account of the stamp, not to the sales."""
        self.sync(self.table(), self.stamp_line(), invoiced=False)
        self.session.sudo().close_session_from_ui()
        account = self.stamp.invoice_repartition_line_ids.account_id
        items = self.session.move_id.line_ids.filtered(lambda line: line.account_id == account)
        self.assertEqual(sum(items.mapped("balance")), -1.0)

    def test_all_of_it_given_back(self):
        sold = self.sync(self.table(), self.stamp_line())
        table, stamp = sold.lines
        order = self.sync(
            self.table(-1, refunded_orderline_id=table.id),
            self.stamp_line(-1, refunded_orderline_id=stamp.id),
            is_refund=True,
        )
        move = order.account_move
        self.assertEqual((move.move_type, move.reversed_entry_id), ("out_refund", sold.account_move))
        self.assertEqual((move.amount_total, move.l10n_tn_edi_stamp), (120.0, 1.0))
        self.assertFalse(move.amount_residual)
        cost = move.line_ids.filtered("l10n_tn_edi_stamp_cost")
        self.assertEqual(
            sorted(cost.mapped("balance")), [-1.0, 1.0], "the company bears that of the credit note"
        )

    def test_part_given_back_the_invoice_keeps_its_stamp(self):
        sold = self.sync(self.table(2), self.stamp_line())
        order = self.sync(self.table(-1, refunded_orderline_id=sold.lines[0].id), is_refund=True)
        self.assertEqual(
            (order.account_move.amount_total, order.account_move.l10n_tn_edi_stamp), (119.0, 0.0)
        )

    def test_stamp_of_the_credit_note_charged(self):
        """The customer pays it: what he gets back is less by it, of a whole sale as of a part."""
        self.company.sudo().l10n_tn_edi_refund_stamp = "charged"
        sold = self.sync(self.table(2), self.stamp_line())
        table, stamp = sold.lines
        part = self.sync(self.table(-1, refunded_orderline_id=table.id), self.stamp_line(), is_refund=True)
        self.assertEqual(part.amount_total, -118.0)
        move = part.account_move
        self.assertEqual(
            (move.move_type, move.amount_total, move.l10n_tn_edi_stamp), ("out_refund", 118.0, -1.0)
        )
        self.assertFalse(move.amount_residual)
        rest = self.sync(
            self.table(-1, refunded_orderline_id=table.id),
            self.stamp_line(-1, refunded_orderline_id=stamp.id),
            self.stamp_line(),
            is_refund=True,
        )
        self.assertEqual(rest.amount_total, -119.0)
        self.assertEqual((rest.account_move.amount_total, rest.account_move.l10n_tn_edi_stamp), (119.0, 0.0))
        self.assertFalse(rest.account_move.amount_residual)
        for refund in (part, rest):
            self.assertFalse(refund.account_move.line_ids.filtered("l10n_tn_edi_stamp_cost"))

    def test_refund_made_in_the_backend(self):
        sold = self.sync(self.table(), self.stamp_line())
        refund = sold._refund()
        self.assertEqual(refund.amount_total, -120.0)
        self.assertEqual(refund.lines.refunded_orderline_id, sold.lines)

    def test_what_the_till_is_told(self):
        data = self.till.sudo()._load_pos_data_read(self.till.sudo(), self.till.sudo())[0]
        self.assertEqual(
            data["_l10n_tn_edi_stamp"],
            {
                "product_id": self.stamp_product.id,
                "tax_id": self.stamp.id,
                "amount": 1.0,
                "refund_charged": False,
            },
        )
        self.assertIn(self.stamp_product.id, data["_pos_special_products_ids"])
        self.company.sudo().l10n_tn_edi_refund_stamp = "charged"
        self.assertTrue(self.till._l10n_tn_edi_stamp_data()["refund_charged"])
        self.company.sudo().l10n_tn_edi_stamp_automatic = False
        self.assertIs(self.till._l10n_tn_edi_stamp_data(), False)

    def test_a_cashier_may_read_it(self):
        cashier = new_test_user(
            self.env(su=True),
            login="caissier",
            groups="base.group_user,point_of_sale.group_pos_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        till = self.till.with_user(cashier)
        self.assertEqual(till._l10n_tn_edi_stamp_data()["amount"], 1.0)
        partners = self.env["res.partner"].with_user(cashier)._load_pos_data_read(self.customer, till)
        self.assertIn("l10n_tn_edi_public_body", partners[0])

    def test_foreign_currency(self):
        euro = self.env.ref("base.EUR").sudo()
        euro.active = True
        self.env["res.currency.rate"].sudo().create(
            {"currency_id": euro.id, "company_id": self.company.id, "name": "2026-01-01", "rate": 0.2987}
        )
        order = self.env["pos.order"].new({"company_id": self.company.id, "date_order": Datetime.now()})
        order.currency_id, order.currency_rate = euro, 0.2987
        order.lines = [Command.create({"product_id": self.stamp_product.id, "price_unit": 0.3, "qty": 1})]
        self.assertEqual(order._l10n_tn_edi_stamp_paid(), 1.0)
        order.lines.qty = -1
        self.assertEqual(order._l10n_tn_edi_stamp_paid(), -1.0)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestStampAtTheTillTour(TillCommon, HttpCase):
    # The till asks several things at once, which one after the other use the test's one cursor.
    test_cursor_lock_timeout = 120

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        new_test_user(
            cls.env(su=True),
            login="caissier",
            password="caissier",
            groups="base.group_user,point_of_sale.group_pos_user",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def sell(self, tour):
        """Run a tour as a cashier.

        :return: the orders that it made.
        """
        # What is printed is not looked at here.
        self.patch(type(self.env["account.move"]), "_generate_and_send", lambda *args, **kwargs: {})
        self.start_tour(f"/pos/ui/{self.till.id}", tour, login="caissier", timeout=600)
        return self.env["pos.order"].sudo().search([("config_id", "=", self.till.id)], order="id")

    def test_tour(self):
        """A cashier sells with and without invoice, to a company and to a public body, and takes a sale back."""
        self.consumer.sudo().write(
            {"name": "Commune d'Essai", "is_company": True, "l10n_tn_edi_public_body": "local"}
        )
        orders = self.sell("l10n_tn_edi_ttn_pos_stamp")
        self.assertEqual(orders.mapped("amount_total"), [119.0, 120.0, 119.0, -120.0])
        self.assertEqual(orders.account_move.sorted("id").mapped("l10n_tn_edi_stamp"), [1.0, 0.0, 1.0])
        self.assertEqual(orders.account_move.sorted("id").mapped("amount_total"), [120.0, 119.0, 120.0])

    def test_tour_charged(self):
        """The stamp of the sale comes back, that of the credit note is paid."""
        self.company.sudo().l10n_tn_edi_refund_stamp = "charged"
        orders = self.sell("l10n_tn_edi_ttn_pos_charged")
        self.assertEqual(orders.mapped("amount_total"), [120.0, -119.0])
        stamps = orders[1].lines.filtered(lambda line: line.product_id == self.stamp_product)
        self.assertEqual(sorted(stamps.mapped("qty")), [-1.0, 1.0])
        self.assertEqual(orders.account_move.sorted("id").mapped("amount_total"), [120.0, 119.0])

    def test_global_discount(self):
        """Given after the stamp is on the order: the stamp is never discounted."""
        if "discount_product_id" not in self.till._fields:
            self.skipTest("pos_discount is not installed")
        discount = self.make_product("Remise", "REM").sudo()
        discount.available_in_pos = True
        self.till.sudo().write(
            {"module_pos_discount": True, "iface_discount": True, "discount_product_id": discount.id}
        )
        order = self.sell("l10n_tn_edi_ttn_pos_discount")
        self.assertEqual(order.amount_total, 108.1)
        move = order.account_move
        self.assertEqual((move.amount_total, move.l10n_tn_edi_stamp), (108.1, 1.0))
