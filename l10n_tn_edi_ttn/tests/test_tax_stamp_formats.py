"""The stamp duty in the formats of Odoo's own electronic invoices: UBL and Factur-X."""

from decimal import Decimal

from odoo.tests import tagged

from ..teif.foreign import parse_foreign_xml
from .common import TnEdiCommon

UBL = ("account.edi.xml.ubl_20", "account.edi.xml.ubl_21", "account.edi.xml.ubl_bis3")
LINES = ("InvoiceLine", "CreditNoteLine")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestStampFormats(TnEdiCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = (
            cls.env["res.partner.bank"]
            .sudo()
            .create({"acc_number": "08006011000123456770", "partner_id": cls.company.partner_id.id})
        )
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.sudo().active = True
        cls.env["res.currency.rate"].sudo().create(
            {"currency_id": cls.euro.id, "company_id": cls.company.id, "name": "2026-03-01", "rate": 0.3}
        )

    def moves(self):
        """(name, posted move, its stamp in its own currency)"""
        invoice = self.make_invoice(self.line(), self.line(50.0, self.vat_0), post=True)
        yield "invoice", invoice, "1"
        yield (
            "without stamp",
            self.make_invoice(self.line(), l10n_tn_edi_stamp_choice="without", post=True),
            "0",
        )
        yield "euro", self.make_invoice(self.line(), currency_id=self.euro.id, post=True), "0.3"
        reversal = invoice._reverse_moves([{"invoice_date": "2026-03-20"}])
        reversal.action_post()
        yield "given back", reversal, "1"
        self.company.sudo().l10n_tn_edi_refund_stamp = "charged"
        yield "charged", self.make_invoice(self.line(), move_type="out_refund", post=True), "-1"

    def export(self, model, move):
        data, problems = self.env[model].sudo()._export_invoice(move.sudo())
        self.assertFalse(problems)
        return parse_foreign_xml(data)

    def number(self, root, *names):
        """The amount of the one element at the end of ``names`` (local names), 0 where there is none."""
        found = root.xpath("//" + "/".join(f"*[local-name()='{name}']" for name in names))
        self.assertLessEqual(len(found), 1)
        return Decimal(found[0].text) if found else Decimal(0)

    def test_ubl(self):
        for name, move, stamp in self.moves():
            for model in UBL:
                with self.subTest(move=name, model=model):
                    root = self.export(model, move)
                    lines = [line for tag in LINES for line in root.iterfind(f"{{*}}{tag}")]
                    names = [line.findtext("{*}Item/{*}Name") for line in lines]
                    self.assertTrue(all(names), names)
                    amounts = [Decimal(line.findtext("{*}LineExtensionAmount")) for line in lines]
                    self.assertEqual(len(lines), len(move.invoice_line_ids) + bool(Decimal(stamp)))
                    if Decimal(stamp):
                        self.assertEqual((names[-1], amounts[-1]), (self.stamp.name, Decimal(stamp)))
                    total = Decimal(str(move.amount_total))
                    sums = "LegalMonetaryTotal"
                    self.assertEqual(self.number(root, sums, "LineExtensionAmount"), sum(amounts))
                    self.assertEqual(self.number(root, sums, "TaxInclusiveAmount"), total)
                    self.assertEqual(
                        self.number(root, sums, "PayableAmount"), Decimal(str(move.amount_residual))
                    )
                    taxes = [Decimal(tax.findtext("{*}TaxAmount")) for tax in root.iterfind("{*}TaxTotal")]
                    self.assertEqual(sum(amounts) + taxes[0], total)

    def test_facturx(self):
        for name, move, stamp in self.moves():
            with self.subTest(move=name):
                root = self.export("account.edi.xml.cii", move)
                settlement = "ApplicableHeaderTradeSettlement"
                sums = (settlement, "SpecifiedTradeSettlementHeaderMonetarySummation")
                charge = self.number(root, *sums, "ChargeTotalAmount")
                charge -= self.number(root, *sums, "AllowanceTotalAmount")
                self.assertEqual(charge, Decimal(stamp))
                self.assertEqual(
                    self.number(root, settlement, "SpecifiedTradeAllowanceCharge", "ActualAmount"),
                    abs(charge),
                )
                basis = self.number(root, *sums, "TaxBasisTotalAmount")
                self.assertEqual(basis, self.number(root, *sums, "LineTotalAmount") + charge)
                total = self.number(root, *sums, "GrandTotalAmount")
                self.assertEqual(total, Decimal(str(move.amount_total)))
                self.assertEqual(basis + self.number(root, *sums, "TaxTotalAmount"), total)
                summaries = root.xpath(
                    f"//*[local-name()='{settlement}']/*[local-name()='ApplicableTradeTax']"
                )
                bases = {
                    one.findtext("{*}CategoryCode"): Decimal(one.findtext("{*}BasisAmount"))
                    for one in summaries
                }
                self.assertEqual(len(bases), len(summaries), "one summary a category")
                self.assertEqual(sum(bases.values()), basis)
