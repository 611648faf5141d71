"""Orders that are paid online before they are invoiced: the customer pays the stamp, and the invoice equals the payment."""

from odoo.addons.l10n_tn_edi_ttn.tests.common import TnEdiCommon
from odoo.fields import Command
from odoo.tests import tagged


@tagged("post_install_l10n", "post_install", "-at_install")
class TestStampOfOrders(TnEdiCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("sales_team.group_sale_manager")
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.sudo().active = True
        cls.env["res.currency.rate"].sudo().create(
            {"currency_id": cls.euro.id, "company_id": cls.company.id, "name": "2026-03-01", "rate": 0.3}
        )
        cls.service.sudo().invoice_policy = "order"

    def make_order(self, quantity=1, **values):
        return (
            self.env["sale.order"]
            .with_company(self.company)
            .create(
                {
                    "partner_id": self.customer.id,
                    "require_payment": True,
                    "prepayment_percent": 1.0,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": self.service.id,
                                "product_uom_qty": quantity,
                                "price_unit": 100.0,
                                "tax_ids": [Command.set(self.vat_19.ids)],
                            }
                        )
                    ],
                    **values,
                }
            )
        )

    def pay(self, order, amount=None, state="done"):
        """What an online payment of ``order`` leaves behind."""
        env = self.env(su=True)
        provider = env["payment.provider"].create(
            {"name": "Essai", "code": "none", "company_id": self.company.id}
        )
        return env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": env.ref("payment.payment_method_unknown").id,
                "amount": order.amount_total if amount is None else amount,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "sale_order_ids": [Command.set(order.ids)],
                "state": state,
            }
        )

    def invoice(self, order):
        move = order._create_invoices(final=True)
        move.write({"invoice_date": "2026-03-15", "journal_id": self.invoice_journal.id})
        move.action_post()
        return move

    def test_the_payment_covers_the_stamp(self):
        order = self.make_order()
        self.assertEqual((order.amount_untaxed, order.amount_tax, order.amount_total), (100.0, 20.0, 120.0))
        self.assertEqual(order.tax_totals["total_amount_currency"], 120.0)
        self.assertEqual(len(order.order_line), 1)
        transaction = self.pay(order)
        order.action_confirm()
        self.assertEqual(order.amount_total, 120.0)
        move = self.invoice(order)
        self.assertEqual(move.transaction_ids, transaction)
        self.assertEqual((move.amount_total, move.l10n_tn_edi_stamp), (120.0, 1.0))
        document = self.assert_clean(move)
        self.assertEqual(self.taxes(document)["I-1601", "0"], (None, "1.000"))
        self.assertEqual(len(document.lines), 1)

    def test_paid_without_stamp_it_is_never_added(self):
        """An order from before, or paid by a link for the price alone: the invoice equals the payment."""
        order = self.make_order()
        self.pay(order, 119.0)
        order.action_confirm()
        self.assertEqual(self.invoice(order).amount_total, 119.0)

    def test_part_paid_the_stamp_is_due_with_the_rest(self):
        order = self.make_order()
        self.pay(order, 50.0)
        order.action_confirm()
        self.assertEqual(self.invoice(order).amount_total, 120.0)

    def test_several_invoices_of_one_payment(self):
        """The payment covers one stamp: the last invoice must not ask for more."""
        self.service.sudo().invoice_policy = "delivery"
        order = self.make_order(quantity=2)
        self.assertEqual(order.amount_total, 239.0)
        self.pay(order)
        order.action_confirm()
        order.order_line.qty_delivered = 1
        self.assertEqual(self.invoice(order).amount_total, 120.0)
        order.order_line.qty_delivered = 2
        self.assertEqual(self.invoice(order).amount_total, 119.0)

    def test_orders_without_stamp(self):
        self.assertEqual(self.make_order(require_payment=False).amount_total, 119.0, "the invoice adds it")
        self.assertEqual(self.make_order(prepayment_percent=0.3).amount_total, 119.0)
        self.assertEqual(self.make_order(order_line=[]).amount_total, 0.0)
        order = self.make_order()
        order.prepayment_percent = 0.5
        self.assertEqual(order.amount_total, 119.0)
        self.customer.l10n_tn_edi_public_body = "state"
        self.assertEqual(self.make_order().amount_total, 119.0)
        self.customer.l10n_tn_edi_public_body = False
        self.company.sudo().l10n_tn_edi_stamp_automatic = False
        self.assertEqual(self.make_order().amount_total, 119.0)

    def test_customer_changed_on_the_quotation(self):
        order = self.make_order()
        self.foreigner.l10n_tn_edi_public_body = "state"
        order.partner_invoice_id = self.foreigner
        self.assertEqual(order.l10n_tn_edi_stamp, 0.0)

    def test_invoiced_without_payment_the_totals_agree_all_the_same(self):
        order = self.make_order()
        order.action_confirm()
        self.assertEqual(self.invoice(order).amount_total, order.amount_total)

    def test_foreign_currency(self):
        pricelist = self.env["product.pricelist"].sudo().create({"name": "EUR", "currency_id": self.euro.id})
        order = self.make_order(pricelist_id=pricelist.id, date_order="2026-03-15 10:00:00")
        order.order_line.price_unit = 100.0
        self.assertEqual((order.l10n_tn_edi_stamp, order.amount_total), (0.3, 119.3))
        self.pay(order)
        order.action_confirm()
        self.assertEqual(self.invoice(order).amount_total, 119.3)
