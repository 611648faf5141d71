"""The shop: the customer sees the stamp in the cart and at the checkout, pays it, and the invoice equals the payment."""

from lxml import html

from odoo.addons.l10n_tn_edi_ttn.tests.common import TnEdiCommon
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged


@tagged("post_install_l10n", "post_install", "-at_install")
class TestStampInTheShop(TnEdiCommon, HttpCase):
    """Over HTTP, as the customer's browser does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        env = cls.env(su=True)
        env.ref("website.default_website").company_id = cls.company
        cls.service.sudo().write(
            {"list_price": 100.0, "is_published": True, "sale_ok": True, "invoice_policy": "order"}
        )
        cls.customer.write({"email": "achats@client.example", "phone": "74 000 000"})
        new_test_user(
            env,
            login="client",
            password="client-essai",
            groups="base.group_portal",
            partner_id=cls.customer.id,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.transfer = cls.make_provider("payment.payment_provider_transfer", "enabled")

    @classmethod
    def make_provider(cls, xmlid, state):
        """:return: the ``payment.provider`` as the company has it when it is switched on."""
        provider = cls.env(su=True).ref(xmlid).copy({"company_id": cls.company.id})
        provider.write({"state": state, "is_published": True})
        return provider

    def fill_cart(self):
        """:return: the cart of the customer, with one service in it."""
        self.authenticate("client", "client-essai")
        self.make_jsonrpc_request(
            "/shop/cart/add",
            {
                "product_template_id": self.service.product_tmpl_id.id,
                "product_id": self.service.id,
                "quantity": 1,
            },
        )
        return self.env["sale.order"].sudo().search([("partner_id", "=", self.customer.id)])

    def total_shown(self, path):
        """:return: the total on a page of the shop as it is written there, without its currency."""
        response = self.url_open(path)
        self.assertEqual(response.url, self.base_url() + path, "no other step of the checkout is missing")
        amounts = html.fromstring(response.content).xpath(
            "//tr[@name='o_order_total']//span[@class='oe_currency_value']"
        )
        [total] = {amount.text_content() for amount in amounts}
        return total

    def begin_payment(self, order, provider):
        """:return: the ``payment.transaction`` of which the shop tells the provider the amount."""
        values = self.make_jsonrpc_request(
            f"/shop/payment/transaction/{order.id}",
            {
                "provider_id": provider.id,
                "payment_method_id": provider.payment_method_ids[:1].id,
                "token_id": None,
                "amount": None,
                "flow": "redirect" if provider == self.transfer else "direct",
                "tokenization_requested": False,
                "landing_route": "/shop/payment/validate",
                "access_token": order._portal_ensure_token(),
            },
        )
        return order.transaction_ids.filtered(lambda payment: payment.reference == values["reference"])

    def invoice(self, order):
        move = order.with_env(self.env)._create_invoices(final=True)
        move.write({"invoice_date": "2026-03-15", "journal_id": self.invoice_journal.id})
        move.action_post()
        return move

    def assert_stamped_once(self, move):
        self.assertEqual((move.amount_total, move.l10n_tn_edi_stamp), (120.0, 1.0))
        self.assertEqual(move.invoice_line_ids.product_id, self.service)
        document = self.assert_clean(move)
        self.assertEqual(self.taxes(document)["I-1601", "0"], (None, "1.000"))
        self.assertEqual(len(document.lines), 1)

    def test_paid_at_once(self):
        if self.env["ir.module.module"].sudo()._get("payment_demo").state != "installed":
            self.skipTest("payment_demo is not installed")
        order = self.fill_cart()
        self.assertEqual(self.total_shown("/shop/cart"), "120.000")
        self.assertEqual(self.total_shown("/shop/payment"), "120.000")
        payment = self.begin_payment(order, self.make_provider("payment.payment_provider_demo", "test"))
        self.assertEqual((payment.amount, order.state), (120.0, "draft"))
        self.make_jsonrpc_request(
            "/payment/demo/simulate_payment",
            {"reference": payment.reference, "payment_details": "1234", "simulated_state": "done"},
        )
        self.make_jsonrpc_request("/payment/status/poll")
        self.assertEqual((payment.state, order.state, order.amount_total), ("done", "sale", 120.0))
        move = self.invoice(order)
        self.assertEqual(move.transaction_ids, payment)
        self.assert_stamped_once(move)
        self.assertEqual(move.amount_residual, 0.0)

    def test_paid_days_later(self):
        """A transfer: the customer was told the amount, and the order is confirmed when the money is there."""
        order = self.fill_cart()
        payment = self.begin_payment(order, self.transfer)
        self.url_open("/payment/custom/process", data={"reference": payment.reference})
        self.make_jsonrpc_request("/payment/status/poll")
        self.assertEqual((payment.state, order.state, order.amount_total), ("pending", "sent", 120.0))
        order.action_confirm()
        self.assertEqual(order.amount_total, 120.0)
        self.assert_stamped_once(self.invoice(order))

    def test_express_checkout(self):
        """Paid from the cart: the customer's wallet is told the same amount as the payment page shows."""
        order = self.fill_cart()
        self.assertEqual(order._get_amount_total_excluding_delivery(), 120.0)

    def test_exempt_customer(self):
        self.customer.l10n_tn_edi_public_body = "state"
        order = self.fill_cart()
        self.assertEqual(self.total_shown("/shop/payment"), "119.000")
        self.assertEqual(self.begin_payment(order, self.transfer).amount, 119.0)
        order.action_confirm()
        move = self.invoice(order)
        self.assertEqual((move.amount_total, move.l10n_tn_edi_stamp), (119.0, 0.0))

    def test_paid_without_stamp_it_is_never_added(self):
        """The customer turns out to owe it, when the shop has told the amount already."""
        self.customer.l10n_tn_edi_public_body = "state"
        order = self.fill_cart()
        payment = self.begin_payment(order, self.transfer)
        payment._set_pending()
        order.action_confirm()
        self.customer.l10n_tn_edi_public_body = False
        self.assertEqual((payment.amount, order.amount_total), (119.0, 119.0))
        self.assertEqual(self.invoice(order).amount_total, 119.0)
