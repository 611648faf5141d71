"""Whether the amounts of a document agree with each other, to the smallest unit of the currency.

TTN's schemas up to 1.8.9 check no sum; the rules follow TTN's own examples: I-176 is the sum of the lines, I-181 the taxes
without the stamp, I-180 all of them with it. Only amounts in the document's own currency are compared. Tolerances
cover the ways of rounding that are lawful (per line or on the whole) and nothing more. A document whose amounts are
negative throughout (a credit note as some write it) is compared as it stands.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal, localcontext

from .codes import AMOUNTS, CHARGES, STAMP, TVA
from .document import CURRENCY_DECIMALS, Amount, Document, Line
from .findings import ADVICE, WARNING, Finding, finding
from .paths import item_path
from .words import LANGUAGES, amount_in_words

_BODY = "/TEIF/InvoiceBody"
#: Withheld by the customer at payment: known to 1.9.0, never part of what the invoice says is to be paid.
_WITHHOLDING = "I-1604"
_MANDATORY = {"I-176": None, "I-180": None, "I-181": WARNING, "I-182": ADVICE}
_ZERO = Decimal(0)


def check_amounts(document: Document) -> list[Finding]:
    """The findings about the amounts of ``document``."""
    with localcontext(prec=80):  # products of the longest numbers that the reader takes, exactly
        return _Amounts(document).check()


class _Amounts:
    """The amounts of one document in its own currency, by code, and what is wrong with them."""

    def __init__(self, document: Document):
        self.document = document
        self.findings = []
        self.currency = self._own_currency()
        self.unit = Decimal(1).scaleb(-CURRENCY_DECIMALS.get(self.currency, 2))
        self.own = {}
        for amount in document.amounts:
            if amount.currency == self.currency and isinstance(amount.value, Decimal):
                self.own.setdefault(amount.code, amount)

    def _own_currency(self):
        """That of the lines; the invoice itself may give its totals in dinars too."""
        for line in self.document.lines:
            for amount in line.amounts:
                if amount.code == "I-171":
                    return amount.currency
        total = self.document.amount("I-180")
        return total.currency if total else "TND"

    def check(self):
        self._check_presence()
        self._check_lines()
        self._check_net_total()
        self._check_taxes()
        self._check_grand_total()
        return self.findings

    def _say(self, code, path, **params):
        self.findings.append(finding(code, path, **params))

    def _total_path(self, code):
        amounts = self.document.amounts
        index = next(index for index, amount in enumerate(amounts) if amount is self.own[code])
        return item_path(f"{_BODY}/InvoiceMoa", "AmountDetails", index, len(amounts)) + "/Moa/Amount"

    def _compare(self, code, finding_code, expected, *others):
        """One finding when the amount ``code`` is neither ``expected`` nor one of ``others``."""
        found = self.own[code].value
        if found != expected and found not in others:
            self._say(finding_code, self._total_path(code), found=str(found), expected=str(expected))

    def _check_presence(self):
        path = f"{_BODY}/InvoiceMoa"
        for code, severity in _MANDATORY.items():
            if code not in self.own and not any(amount.code == code for amount in self.document.amounts):
                self._say("amount.missing", path, severity=severity, amount=code, name=AMOUNTS[code])
        counts = Counter((amount.code, amount.currency) for amount in self.document.amounts)
        for (code, currency), count in counts.items():
            if count > 1 and code in _MANDATORY:
                self._say("amount.repeated", path, amount=code, count=count, currency=currency)

    def _check_lines(self):
        lines = self.document.lines
        foreign = {}
        for index, line in enumerate(lines):
            path = item_path(f"{_BODY}/LinSection", "Lin", index, len(lines))
            self._check_line(line, path)
            for amount in line.amounts:
                if amount.currency != self.currency:
                    foreign.setdefault(amount.currency, path)
        for index, total in enumerate(self.document.taxes):
            path = item_path(f"{_BODY}/InvoiceTax", "InvoiceTaxDetails", index, len(self.document.taxes))
            for amount in total.amounts:
                if amount.currency != self.currency:
                    foreign.setdefault(amount.currency, path)
        for currency, path in foreign.items():
            self._say("amount.currency", path, currency=currency, expected=self.currency)

    def _check_line(self, line: Line, path: str):
        total, price = _of(line.amounts, "I-171"), _of(line.amounts, "I-183")
        if total is None:
            if not any(amount.code == "I-171" for amount in line.amounts):
                self._say("amount.line_missing", f"{path}/LinMoa", line=line.number)
            return
        if price is None or line.quantity is None or not isinstance(line.quantity.value, Decimal):
            return
        quantity = line.quantity.value
        kept_together = kept_in_turn = Decimal(1)
        for allowance in line.allowances:
            if not isinstance(allowance.rate, Decimal):
                return  # by amount or unreadable: nothing to compare with
            part = allowance.rate / 100 if allowance.code not in CHARGES else -allowance.rate / 100
            kept_together -= part
            kept_in_turn *= 1 - part
        gross = quantity * price
        # Who rounds on the whole gives what is left over to some of the lines: half a unit a line, all of it to one at worst
        tolerance = self.unit * (1 + Decimal(len(self.document.lines)) / 2)
        # The unit price itself was rounded to the decimals that it shows
        tolerance += abs(quantity) * Decimal(1).scaleb(min(price.as_tuple().exponent, 0)) / 2
        tolerance += (
            abs(gross) * Decimal("0.00005") if line.allowances else 0
        )  # a rate shows two decimals only
        expected = gross * kept_together
        if all(abs(abs(value) - abs(total)) > tolerance for value in (expected, gross * kept_in_turn)):
            self._say(
                "amount.line",
                f"{path}/LinMoa",
                line=line.number,
                quantity=str(quantity),
                price=str(price),
                expected=str(expected.quantize(self.unit)),
                found=str(total),
            )

    def _check_net_total(self):
        totals = [_of(line.amounts, "I-171") for line in self.document.lines]
        if "I-176" not in self.own or not totals or None in totals:
            return
        lines = sum(totals, _ZERO)
        allowances = _ZERO
        for allowance in self.document.allowances:
            amount = allowance.amount
            if amount is None or not isinstance(amount.value, Decimal):
                return
            allowances += amount.value if allowance.code in CHARGES else -amount.value
        # A discount of the whole invoice may already be spread over the lines
        self._compare("I-176", "amount.net_total", lines + allowances, lines)

    def _check_taxes(self):
        taxes, count = self.document.taxes, len(self.document.taxes)
        suspended = "I-187" in self.own or any(
            reference.code == "I-85" for reference in self.document.references
        )
        sums, bases, complete = _ZERO, _ZERO, True
        for index, total in enumerate(taxes):
            tax, base, amount = total.tax, _of(total.amounts, "I-177"), _of(total.amounts, "I-178")
            if tax.code in (STAMP, _WITHHOLDING):
                continue
            if amount is None:
                complete = False
                continue
            sums += amount
            if tax.code == TVA and base is not None:
                bases += base
            self._check_tax(
                tax,
                base,
                amount,
                suspended,
                item_path(f"{_BODY}/InvoiceTax", "InvoiceTaxDetails", index, count),
            )
        if complete and "I-181" in self.own:
            self._compare("I-181", "amount.tax_total", sums)
        if "I-182" in self.own and bases:
            net = self.own.get("I-176")
            self._compare("I-182", "amount.tax_base", bases, *((net.value,) if net else ()))

    def _check_tax(self, tax, base, amount, suspended, path):
        if base is None or not isinstance(tax.rate, Decimal):
            return
        if (not amount and suspended and tax.code == TVA) or (not tax.rate and tax.code != TVA):
            return  # a notional rate, or a tax that is no rate but an amount
        expected = base * tax.rate / 100
        # Rounding line by line may be off by half a unit a line
        tolerance = self.unit * (1 + Decimal(len(self.document.lines)) / 2)
        if abs(expected - amount) > tolerance:
            self._say(
                "amount.tax",
                path,
                tax=tax.code,
                rate=str(tax.rate),
                base=str(base),
                expected=str(expected.quantize(self.unit)),
                found=str(amount),
            )

    def _check_grand_total(self):
        total, net = self.own.get("I-180"), self.own.get("I-176")
        if total is None:
            return
        amounts = [
            _of(item.amounts, "I-178") for item in self.document.taxes if item.tax.code != _WITHHOLDING
        ]
        if net is not None and None not in amounts:
            self._compare("I-180", "amount.grand_total", sum(amounts, net.value))
        path = self._total_path("I-180") + "Description"
        if not (total.description or "").strip():
            if not any(amount.code == "I-180" and amount.description for amount in self.document.amounts):
                self._say("amount.words_missing", path)
        elif total.lang in LANGUAGES:
            expected = amount_in_words(abs(total.value), self.currency, total.lang)
            if _letters(expected) != _letters(total.description):
                self._say("amount.words", path, found=total.description, expected=expected)


def _of(amounts: tuple[Amount, ...], code: str) -> Decimal | None:
    """The value of the first amount ``code``, None when there is none or it is no number."""
    for amount in amounts:
        if amount.code == code:
            return amount.value if isinstance(amount.value, Decimal) else None
    return None


def _letters(words: str) -> str:
    """``words`` without what two honest spellings may differ in: case, accents, hyphens, commas, spaces."""
    return "".join(filter(str.isalnum, words.casefold().translate(_ACCENTS)))


_ACCENTS = str.maketrans("éèêëàâîïôûùç", "eeeeaaiiouuc")
