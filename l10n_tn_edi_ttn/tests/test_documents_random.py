import random

from odoo.fields import Command
from odoo.tests import tagged

from .common_documents import VERSIONS, DocumentsCase

INVOICES = 30
JUDGED = 8
SEED = 20260616


@tagged("post_install_l10n", "post_install", "-at_install")
class TestRandomDocuments(DocumentsCase):
    """Any mixture of what an invoice may hold: every version accepts it, the sums are the journal entry's, the reader agrees."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fodec = (
            cls.env["account.tax"]
            .sudo()
            .create(
                {
                    "name": "FODEC 1 %",
                    "amount": 1.0,
                    "type_tax_use": "sale",
                    "sequence": 0,
                    "include_base_amount": True,
                    "company_id": cls.company.id,
                    "country_id": cls.env.ref("base.tn").id,
                    "tax_group_id": cls.vat_19.tax_group_id.id,
                    "l10n_tn_edi_code": "I-162",
                }
            )
        )
        cls.fee = cls.make_product("Redevance", "RED")
        cls.fee.sudo().l10n_tn_edi_allowance_code = "I-154"
        cls.rebate = cls.make_product("Ristourne", "RIST")
        cls.rebate.sudo().l10n_tn_edi_allowance_code = "I-152"
        cls.euro = cls.setup_other_currency("EUR", rates=[("2026-01-01", 0.3)])

    def random_lines(self, rng):
        taxes = (
            self.vat_19,
            self.vat_13,
            self.vat_7,
            self.vat_0,
            self.fodec + self.vat_19,
            self.env["account.tax"],
        )
        for sequence in range(1, rng.randint(3, 15)):
            kind = rng.random()
            if kind < 0.15:
                yield Command.create(
                    {
                        "display_type": rng.choice(("line_section", "line_subsection")),
                        "name": f"Lot {sequence}",
                        "sequence": sequence,
                        "collapse_composition": rng.random() < 0.5,
                    }
                )
            elif kind < 0.25:
                yield Command.create(
                    {"display_type": "line_note", "name": "Note " * rng.randint(1, 150), "sequence": sequence}
                )
            elif kind < 0.33:
                product = rng.choice((self.fee, self.rebate))
                yield self.line(
                    rng.choice((5.0, 7.5)),
                    rng.choice(taxes),
                    quantity=-1 if product == self.rebate else 1,
                    product_id=product.id,
                    sequence=sequence,
                )
            elif kind < 0.4:
                yield self.line(
                    -round(rng.uniform(0.1, 20), 3),
                    rng.choice(taxes),
                    product_id=False,
                    name="Rabais",
                    sequence=sequence,
                )
            else:
                yield self.line(
                    round(rng.uniform(100, 5000), rng.choice((0, 2, 3))),
                    rng.choice(taxes),
                    quantity=rng.choice((1, 2, 0.5, 12)),
                    discount=rng.choice((0, 0, 5, 12.5)),
                    sequence=sequence,
                )
        yield self.line(1000.0, sequence=99)

    def random_invoice(self, rng):
        values = {"partner": rng.choice((self.customer, self.consumer, self.foreigner))}
        if rng.random() < 0.3:
            values["currency_id"] = self.euro.id
        if rng.random() < 0.3:
            values.update(move_type="out_refund", l10n_tn_edi_credit_reason="Geste commercial")
        if rng.random() < 0.5:
            values.update(partner_bank_id=self.bank.id, ref="BC-1", l10n_tn_edi_note="Une note")
        return self.make(*self.random_lines(rng), **values)

    def test_random(self):
        rng = random.Random(SEED)
        for number in range(INVOICES):
            self.company.sudo().tax_calculation_rounding_method = rng.choice(
                ("round_per_line", "round_globally")
            )
            move = self.random_invoice(rng)
            for version in VERSIONS:
                with self.subTest(number=number, version=version):
                    self.check(move, version, judged=number < JUDGED)

    def check(self, move, version, judged):
        document = self.document(move, version, clean=False, judged=judged)
        blocking = [
            item
            for item in move.with_context(l10n_tn_edi_version=version)._l10n_tn_edi_findings()
            if item["severity"] == "blocking"
        ]
        self.assertEqual(blocking, [])
        totals = {(amount.code, amount.currency): amount.value for amount in document.amounts}
        currency = move.currency_id.name
        self.assertEqual(totals["I-180", currency], move._l10n_tn_edi_decimal(move.amount_total))
        self.assertEqual(totals["I-176", currency], move._l10n_tn_edi_decimal(move.amount_untaxed))
        lines = sum(
            amount.value for line in document.lines for amount in line.amounts if amount.code == "I-171"
        )
        signed = sum(
            allowance.amount.value * (1 if allowance.code == "I-154" else -1)
            for allowance in document.allowances
        )
        self.assertEqual(lines + signed, totals["I-176", currency])
        for line in document.lines:
            if line.lines:
                parts = sum(part.amounts[1].value for part in line.lines)
                self.assertEqual(parts, line.amounts[1].value)
