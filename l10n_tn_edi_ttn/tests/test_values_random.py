import importlib.util
import io
import random
from pathlib import Path

from odoo.tests import tagged

from ..teif import write
from .common import TnEdiCommon

INVOICES = 25
SEED = 20260315
LONG = 200
# TTN's own schemas, where they are at hand beside the project
JUDGE = Path(__file__).resolve().parents[3] / "shared" / "ttn" / "judge.py"
# A second engine takes a tenth of a second a document: so many of each setting are judged, and the long ones.
JUDGED = 6


def load_judge():
    """:return: the module that judges by TTN's own schemas, None where they are not at hand."""
    if not JUDGE.is_file():
        return None
    spec = importlib.util.spec_from_file_location("ttn_judge", JUDGE)
    judge = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(judge)
    return judge


@tagged("post_install_l10n", "post_install", "-at_install")
class TestRandomInvoices(TnEdiCommon):
    """Whatever is invoiced, with whatever rounding: the document equals the journal entry and the checker finds nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.ref("product.decimal_price").sudo().digits = 5
        ref = cls.env["account.chart.template"].with_company(cls.company).ref
        cls.included = [
            tax.sudo().copy({"name": f"{tax.name} TTC", "price_include_override": "tax_included"})
            for tax in (cls.vat_19, cls.vat_7)
        ]
        cls.fodec = ref("l10n_tn_edi_tax_sale_fodec")
        cls.duty, cls.lamps, cls.tfl = (
            ref(f"l10n_tn_edi_tax_sale_{key}").sudo() for key in ("dc", "lamps", "tfl")
        )
        for tax, amount in ((cls.duty, 12.5), (cls.lamps, 0.05), (cls.tfl, 2.0)):
            tax.write({"amount": amount, "active": True})
        cls.suspension = ref("l10n_tn_edi_fp_suspension")
        cls.suspended = [ref(f"l10n_tn_edi_tax_sale_vat_{rate}_suspended") for rate in (19, 7)]
        cls.env["l10n_tn_edi.vat.attestation"].create(
            {
                "partner_id": cls.customer.id,
                "number": "AUT-1",
                "date": "2026-01-01",
                "date_start": "2026-01-01",
                "date_end": "2026-12-31",
            }
        )
        cls.currencies = cls.env["res.currency"]
        for code, rate in (("EUR", 1 / 3.3333), ("USD", 1 / 3.0471), ("JPY", 50.4)):
            currency = cls.env.ref(f"base.{code}")
            currency.sudo().active = True
            cls.currencies |= currency
            cls.env["res.currency.rate"].sudo().create(
                {
                    "currency_id": currency.id,
                    "company_id": cls.company.id,
                    "name": "2026-03-01",
                    "rate": rate,
                }
            )
        cls.judge = load_judge()

    # === What is invoiced === #

    def taxes_of(self, rng):
        """``(taxes to choose from for each line, fiscal position)`` of one invoice."""
        none = self.env["account.tax"]
        plain = (self.vat_19, self.vat_13, self.vat_7, self.vat_0, none)
        levied = (
            self.fodec + self.vat_19,
            self.fodec + self.vat_7,
            self.duty + self.fodec + self.vat_19,
            self.lamps + self.vat_19,
            self.tfl,
        )
        return rng.choice(
            (
                (plain, None),
                (plain + levied, None),
                (levied, None),
                # Odoo's own rounding differs when one invoice mixes both kinds, and so nobody does.
                ((*self.included, self.vat_0), None),
                ((*self.suspended, self.fodec + self.suspended[0], self.vat_19), self.suspension),
            )
        )

    def random_lines(self, rng, count, taxes):
        for _number in range(count):
            price = rng.choice((rng.uniform(0, 2), rng.uniform(1, 100), rng.uniform(100, 50000)))
            yield self.line(
                round(price, rng.choice((0, 2, 3, 5))),
                rng.choice(taxes),
                quantity=rng.choice((1, 1, 2, 3, 12, 0.25, 1.5, round(rng.uniform(0.01, 99), 2))),
                discount=rng.choice((0, 0, 0, 5, 10, 33.33, 99.99, 100, round(rng.uniform(0, 99), 2))),
            )

    def random_invoice(self, rng, count=None):
        taxes, position = self.taxes_of(rng)
        lines = list(self.random_lines(rng, count or rng.randint(1, 12), taxes))
        values = {"fiscal_position_id": position.id} if position else {}
        if rng.random() < 0.3:
            values["currency_id"] = rng.choice(self.currencies).id
            if not position and rng.random() < 0.5:
                values["partner"] = self.foreigner
        elif rng.random() < 0.2:
            lines.insert(rng.randint(0, len(lines)), self.stamp_line())
        elif rng.random() < 0.2:
            values["invoice_cash_rounding_id"] = self.cash_rounding_a.id
        if rng.random() < 0.2:
            values.update(
                move_type="out_refund",
                l10n_tn_edi_original_number="F-1",
                l10n_tn_edi_original_date="2026-01-01",
            )
        elif rng.random() < 0.2:
            values["invoice_payment_term_id"] = self.pay_terms_b.id
        return self.make_invoice(*lines, post=True, **values)

    # === What must hold === #

    def check_invoice(self, move, judged):
        document = move._l10n_tn_edi_teif_document()
        self.assertEqual(self.assert_equals_journal_entry(move), document, "what is written is what is read")
        self.assertEqual(self.findings(move), [])
        if judged and self.judge:
            self.assertEqual(self.judge.verdict(io.BytesIO(write.write(document)))[1], [])

    def check_many(self, rounding):
        self.company.sudo().tax_calculation_rounding_method = rounding
        rng = random.Random(f"{SEED} {rounding}")
        for number in range(INVOICES):
            with self.subTest(number=number):
                self.check_invoice(self.random_invoice(rng), judged=number < JUDGED)

    def test_round_per_line(self):
        self.check_many("round_per_line")

    def test_round_globally(self):
        self.check_many("round_globally")

    def test_two_hundred_lines(self):
        for rounding in ("round_per_line", "round_globally"):
            self.company.sudo().tax_calculation_rounding_method = rounding
            self.check_invoice(self.random_invoice(random.Random(SEED), count=LONG), judged=True)

    def test_tax_changed_by_a_millime_by_hand(self):
        """What the accountant corrects in the tax lines is what the document says."""
        move = self.make_invoice(self.line(33.335), self.line(11.115), self.stamp_line())
        tax_line = move.line_ids.filtered(lambda line: line.tax_line_id == self.vat_19)
        receivable = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        move.write(
            {
                "line_ids": [
                    (1, tax_line.id, {"amount_currency": tax_line.amount_currency - 0.001}),
                    (1, receivable.id, {"amount_currency": receivable.amount_currency + 0.001}),
                ]
            }
        )
        move.action_post()
        document = self.assert_equals_journal_entry(move)
        self.assertEqual(self.taxes(document)["I-1602", "19"], ("44.450", "8.447"))
        self.assertEqual(self.findings(move), [])

    def test_cash_rounding(self):
        for rounding in (self.cash_rounding_a, self.cash_rounding_b):
            move = self.make_invoice(
                self.line(33.337), self.stamp_line(), invoice_cash_rounding_id=rounding.id, post=True
            )
            self.assert_equals_journal_entry(move)
        # Rounding by changing the tax is what TTN calls a wrong tax: said, and the other way is at hand.
        self.assertEqual([item.code for item in self.findings(move)], ["amount.tax"])

    def test_cash_rounding_as_a_line(self):
        move = self.make_invoice(
            self.line(33.337), self.stamp_line(), invoice_cash_rounding_id=self.cash_rounding_a.id, post=True
        )
        self.assertEqual(self.findings(move), [])
        self.assertEqual(len(self.teif(move).lines), 2)
