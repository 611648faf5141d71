from odoo.fields import Command
from odoo.tests import tagged

from .common import TnEdiCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestWithholding(TnEdiCommon):
    """What the customer withholds is withheld at payment: the invoice says what is due, whatever is paid."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        account = cls.env["account.chart.template"].with_company(cls.company).ref("l10n_tn_432")
        repartition = [
            Command.create({"repartition_type": "base"}),
            Command.create({"repartition_type": "tax", "account_id": account.id}),
        ]
        cls.withholding = (
            cls.env["account.tax"]
            .sudo()
            .create(
                {
                    "name": "RS 1,5 %",
                    "amount_type": "percent",
                    "amount": -1.5,
                    "type_tax_use": "sale",
                    "company_id": cls.company.id,
                    "country_id": cls.env.ref("base.tn").id,
                    "tax_group_id": cls.vat_0.tax_group_id.id,
                    "invoice_repartition_line_ids": repartition,
                    "refund_repartition_line_ids": repartition,
                }
            )
        )

    def test_it_is_never_taken_for_another_tax(self):
        self.assertFalse(self.withholding.l10n_tn_edi_code)

    def test_negative_tax_on_an_invoice_is_said(self):
        move = self.make_invoice(self.line(1000.0, self.vat_19 + self.withholding), post=True)
        self.assertEqual(
            [(item["code"], item["severity"], item["res_id"]) for item in move._l10n_tn_edi_findings()],
            [("odoo.negative_tax", "blocking", self.withholding.id)],
        )
        [item] = move._l10n_tn_edi_explain(move._l10n_tn_edi_findings())
        self.assertIn("RS 1,5 %", item["sentence"])

    def test_withheld_on_payment(self):
        """With Odoo's l10n_account_withholding_tax the same tax stands on the line and lowers nothing before the payment."""
        if "is_withholding_tax_on_payment" in self.withholding._fields:
            self.withholding.is_withholding_tax_on_payment = True
            taxes = self.vat_19 + self.withholding
        else:
            taxes = self.vat_19
        move = self.make_invoice(self.line(1000.0, taxes), post=True)
        document = self.assert_clean(move)
        self.assertEqual(self.amounts(document)["I-180"], "1191.000")
        self.assertEqual(
            document.amount("I-180").description, "ONE THOUSAND ONE HUNDRED AND NINETY-ONE DINARS"
        )
        self.assertEqual(
            self.taxes(document),
            {("I-1601", "0"): (None, "1.000"), ("I-1602", "19"): ("1000.000", "190.000")},
        )
        self.assertEqual(len(document.lines[0].taxes), 1)
        # The customer pays 1176 and keeps 15: the document stays what it was.
        payment = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"payment_date": "2026-03-20"})
        )
        if "withholding_line_ids" in payment._fields:
            self.assertEqual(payment.withholding_line_ids.amount, 15.0, "the stamp is no base of it")
            payment.withholding_line_ids.name = "RS-1"
            payment.withholding_outstanding_account_id = self.company_data["default_account_assets"]
        else:
            payment.amount = 1176.0
        payment.action_create_payments()
        self.assertEqual(self.amounts(self.teif(move))["I-180"], "1191.000")
