"""The amounts of a TEIF document, all from Odoo's tax engine: they equal the journal entry to the millime."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from odoo import models

from ..teif.codes import STAMP, TAX_LABELS, TVA
from ..teif.document import Allowance, Amount, Line, Quantity, Tax, TaxTotal, quantity, rate
from .l10n_tn_edi_text import clean, cut, language
from .res_company_stamp import SPECIAL_TYPE

ITEM_DESCRIPTION = 500
PRICE_DECIMALS = 5  # the most that the schema takes
# By the number of decimals: Odoo's currencies have six at most.
STEPS = tuple(Decimal(1).scaleb(-decimals) for decimals in range(7))
RATE_LENGTH = 5
TVA_EXEMPT = (TVA, Decimal(0))
# What is kept of a base line beside what the tax engine says of it
NET, CODES = "l10n_tn_edi_net", "l10n_tn_edi_codes"
# Taxes that a line carries, by version; all of them where none is given.
TAXES_A_LINE = {"1.8.8": 1, "1.8.9": 1}
# Base lines of which only the taxes count: the stamp, and the two lines of a discount for early payment, which cancel out.
TAXES_ONLY = (SPECIAL_TYPE, "early_payment")


@dataclass
class TeifAmounts:
    """The sums of one invoice in its currency, positive for a credit note too.

    ``taxes`` maps ``(code, rate)`` to ``[base, tax]``; ``lines`` are the base lines that become ``Lin``, in print order;
    ``split`` is what :meth:`account.move._l10n_tn_edi_split` found, once it was asked.
    """

    lines: list = field(default_factory=list)
    net: Decimal = Decimal(0)
    taxes: dict = field(default_factory=lambda: defaultdict(lambda: [Decimal(0), Decimal(0)]))
    total: Decimal = Decimal(0)
    split: tuple | None = None

    @property
    def tax_without_stamp(self):
        return sum((tax for (code, _rate), (_base, tax) in self.taxes.items() if code != STAMP), Decimal(0))

    @property
    def vat_base(self):
        return sum((base for (code, _rate), (base, _tax) in self.taxes.items() if code == TVA), Decimal(0))


class AccountMove(models.Model):
    _inherit = "account.move"

    def _l10n_tn_edi_read_ahead(self):
        """Read at once, for all invoices of a batch, what Odoo's tax engine would ask for invoice by invoice."""
        self.line_ids.fetch(["tax_ids", "tax_tag_ids"])

    def _l10n_tn_edi_decimal(self, value):
        """``value`` (a float of the tax engine, or a Decimal) with the decimals of the invoice's currency, as a Decimal."""
        step = STEPS[self.currency_id.decimal_places]
        # repr() is the shortest text that gives the float back: no binary dust in the Decimal.
        amount = (value if isinstance(value, Decimal) else Decimal(repr(float(value)))).quantize(
            step, ROUND_HALF_UP
        )
        return amount if amount else abs(amount)

    def _l10n_tn_edi_amounts(self):
        """:return: the :class:`TeifAmounts` of the invoice."""
        self.ensure_one()
        base_lines, _tax_lines = self._get_rounded_base_and_tax_lines()
        amounts = TeifAmounts(total=self._l10n_tn_edi_decimal(self.amount_total))
        self._l10n_tn_edi_add_taxes(amounts, base_lines)
        for base_line in sorted(base_lines, key=self._l10n_tn_edi_print_order):
            if base_line["special_type"] in TAXES_ONLY:
                continue
            net = self._l10n_tn_edi_net(base_line)
            if self._l10n_tn_edi_is_stamp_line(base_line, net):
                continue
            amounts.lines.append(base_line)
            amounts.net += net
            if not self._l10n_tn_edi_has_vat(base_line):
                # Each Lin needs a tax: without VAT it is VAT at 0 %, and so it stands among the invoice's taxes.
                amounts.taxes[TVA_EXEMPT][0] += net
        return amounts

    def _l10n_tn_edi_print_order(self, base_line):
        line = base_line["record"]
        return (bool(base_line["special_type"]), line.sequence, line.id or 0)

    def _l10n_tn_edi_add_taxes(self, amounts, base_lines):
        """Sum bases and taxes per TEIF code and rate into ``amounts.taxes``."""
        AccountTax = self.env["account.tax"]

        def grouping(_base_line, tax_data):
            return tax_data["tax"]._l10n_tn_edi_code_and_rate() if tax_data else False

        per_line = AccountTax._aggregate_base_lines_tax_details(base_lines, grouping)
        for key, values in AccountTax._aggregate_base_lines_aggregated_values(per_line).items():
            if key:
                amounts.taxes[key][0] += self._l10n_tn_edi_decimal(values["base_amount_currency"])
                amounts.taxes[key][1] += self._l10n_tn_edi_decimal(values["tax_amount_currency"])

    def _l10n_tn_edi_net(self, base_line):
        """The line's total without tax as it is in the journal entry (I-171)."""
        if NET not in base_line:  # asked for several times a line
            details = base_line["tax_details"]
            base_line[NET] = self._l10n_tn_edi_decimal(
                details["total_excluded_currency"] + details["delta_total_excluded_currency"]
            )
        return base_line[NET]

    def _l10n_tn_edi_codes(self, base_line):
        """``(code, rate)`` of the taxes of a line."""
        if CODES not in base_line:
            base_line[CODES] = tuple(
                data["tax"]._l10n_tn_edi_code_and_rate() for data in base_line["tax_details"]["taxes_data"]
            )
        return base_line[CODES]

    def _l10n_tn_edi_has_vat(self, base_line):
        return any(code == TVA for code, _rate in self._l10n_tn_edi_codes(base_line))

    def _l10n_tn_edi_is_stamp_line(self, base_line, net):
        """Whether the line is there for the stamp duty only: it belongs to the invoice's taxes and is never a ``Lin``."""
        codes = {code for code, _rate in self._l10n_tn_edi_codes(base_line)}
        return not net and STAMP in codes and (codes == {STAMP} or not base_line["price_unit"])

    # === Lines === #

    def _l10n_tn_edi_lines(self, amounts):
        """The ``teif.document.Line`` of each line, in the order of ``amounts.lines``."""
        return tuple(
            self._l10n_tn_edi_line(number, base_line)
            for number, base_line in enumerate(amounts.lines, start=1)
        )

    def _l10n_tn_edi_line(self, number, base_line):
        line = base_line["record"]
        name = line.name or line.product_id.display_name or self.name
        price, allowances = self._l10n_tn_edi_price(base_line)
        return Line(
            number=str(number),
            code=self._l10n_tn_edi_item_code(number, base_line),
            description=cut(name, ITEM_DESCRIPTION),
            lang=language(name, self._l10n_tn_edi_language()),
            quantity=Quantity(
                quantity(base_line["quantity"]),
                base_line["product_uom_id"]._l10n_tn_edi_unit(self._l10n_tn_edi_version()),
            ),
            taxes=self._l10n_tn_edi_line_taxes(base_line),
            allowances=allowances,
            amounts=(
                Amount("I-183", price, self.currency_id.name),
                Amount("I-171", self._l10n_tn_edi_net(base_line), self.currency_id.name),
            ),
        )

    def _l10n_tn_edi_item_code(self, number, base_line):
        """The item's code: the product's reference or barcode, else the line's number."""
        product = base_line["product_id"]
        return clean(product.default_code) or clean(product.barcode) or str(number)

    def _l10n_tn_edi_line_taxes(self, base_line):
        """The taxes of a line, VAT first; the stamp belongs to the invoice only."""
        codes = [item for item in self._l10n_tn_edi_codes(base_line) if item[0] != STAMP]
        if not self._l10n_tn_edi_has_vat(base_line):
            codes.insert(0, TVA_EXEMPT)
        codes.sort(key=lambda item: item[0] != TVA)
        # The others stand among the taxes of the invoice, and in the base of the VAT.
        codes = codes[: TAXES_A_LINE.get(self._l10n_tn_edi_version())]
        return tuple(Tax(code, TAX_LABELS[code], rate(percent)) for code, percent in codes)

    def _l10n_tn_edi_price(self, base_line):
        """``(I-183 unit price without tax, discounts)`` of a line.

        A discount that TEIF can't write (more than 5 characters, or a surcharge) goes into the unit price.
        """
        price = self._l10n_tn_edi_unit_price(base_line, base_line["price_unit"])
        discount = base_line["discount"] or 0.0
        if not discount:
            return price, ()
        percentage = Decimal(repr(float(discount)))
        if percentage < 0 or percentage != rate(percentage) or len(str(rate(percentage))) > RATE_LENGTH:
            return self._l10n_tn_edi_unit_price(base_line, base_line["price_unit"] * (1 - discount / 100)), ()
        gross = self._l10n_tn_edi_decimal(price * quantity(base_line["quantity"]))
        return price, (
            Allowance(code="I-151", label="Remise", lang="fr", rate=rate(percentage), basis=gross),
        )

    def _l10n_tn_edi_unit_price(self, base_line, price_unit):
        """``price_unit`` without the taxes included in it, with 5 decimals at most and the currency's at least."""
        if any(data["tax"].price_include for data in base_line["tax_details"]["taxes_data"]):
            price_unit = base_line["tax_ids"]._get_tax_details(
                price_unit,
                1.0,
                precision_rounding=10**-PRICE_DECIMALS,
                rounding_method="round_globally",
                product=base_line["product_id"],
                product_uom=base_line["product_uom_id"],
                special_mode=base_line["special_mode"],
            )["total_excluded"]
        exact = Decimal(repr(float(price_unit))).quantize(STEPS[PRICE_DECIMALS], ROUND_HALF_UP)
        usual = exact.quantize(STEPS[self.currency_id.decimal_places], ROUND_HALF_UP)
        return usual if usual == exact else exact.normalize()

    # === Sums === #

    def _l10n_tn_edi_sums(self, amounts):
        """The amounts of the invoice (InvoiceMoa), in the order of TTN's example."""
        currency = self.currency_id.name
        capital = self.company_id.l10n_tn_edi_capital
        sums = [
            Amount("I-180", amounts.total, currency, *self._l10n_tn_edi_words(amounts.total)),
            Amount("I-176", self._l10n_tn_edi_decimal(amounts.net), currency),
            Amount("I-182", self._l10n_tn_edi_decimal(amounts.vat_base), currency),
            Amount("I-181", self._l10n_tn_edi_decimal(amounts.tax_without_stamp), currency),
        ]
        if capital:
            company_currency = self.company_id.currency_id.name
            sums.insert(0, Amount("I-179", quantity(capital), company_currency))
        return tuple(sums)

    def _l10n_tn_edi_tax_totals(self, amounts):
        """The taxes of the invoice (InvoiceTax): the stamp first, as an amount only, then the others by code and rate."""
        currency = self.currency_id.name
        totals = []
        for (code, percent), (base, tax) in sorted(
            amounts.taxes.items(), key=lambda item: (item[0][0] != STAMP, item[0][0], -item[0][1])
        ):
            if self._l10n_tn_edi_is_nothing(code, percent, tax):
                continue
            due = Amount("I-178", self._l10n_tn_edi_decimal(tax), currency)
            sums = (
                (due,) if code == STAMP else (Amount("I-177", self._l10n_tn_edi_decimal(base), currency), due)
            )
            totals.append(TaxTotal(Tax(code, TAX_LABELS[code], rate(percent)), sums))
        return tuple(totals)

    def _l10n_tn_edi_is_nothing(self, code, percent, tax):
        """Whether a tax stands on the lines for its place only: an exported or suspended FODEC of 0 %."""
        return code not in (STAMP, TVA) and not percent and not tax
