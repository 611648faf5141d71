"""Lines beyond the single one: sections, sub-lines, notes, and the discounts and charges of the whole invoice."""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from odoo import api, fields, models

from ..teif.codes import CHARGES, TAX_LABELS, TVA
from ..teif.document import Allowance, Amount, FreeText, ItemInfo, Line, Quantity, Tax, TaxTotal, rate
from .l10n_tn_edi_text import clean, cut, language
from .uom_uom import DEFAULT_UNIT

DESCRIPTION = 500
LABEL = 200
NEW_FORMAT = "1.9.0"
USUAL_DISCOUNT = "I-153"
SECTION_CODES = {"line_section": "SECTION", "line_subsection": "SUBSECTION"}


class ProductTemplate(models.Model):
    _inherit = "product.template"

    l10n_tn_edi_allowance_code = fields.Selection(
        [
            ("I-151", "I-151 Reduction"),
            ("I-152", "I-152 Rebate (ristourne)"),
            ("I-153", "I-153 Discount (rabais)"),
            ("I-154", "I-154 Telecommunications fee"),
            ("I-155", "I-155 Other"),
        ],
        string="Discount or Charge of the Whole Invoice",
        help="In electronic invoices a line of this product is no item but a discount (negative amount) or, for a "
        "telecommunications fee, a charge of the whole invoice.",
    )


class AccountMove(models.Model):
    _inherit = "account.move"

    # === Which lines are what === #

    def _l10n_tn_edi_allowance_code(self, base_line):
        """TTN's code of a discount or charge of the whole invoice, None for an item.

        A discount is a negative amount of a product that says so, or any line with a negative price: what is returned
        has a negative quantity, and a deducted down payment is an item.
        """
        line, net = base_line["record"], self._l10n_tn_edi_net(base_line)
        if base_line["special_type"]:
            return None
        code = line.product_id.l10n_tn_edi_allowance_code
        if code:
            return code if (net > 0) == (code in CHARGES) and net else None
        negative = base_line["price_unit"] < 0 < base_line["quantity"]
        return USUAL_DISCOUNT if negative and not line._get_downpayment_lines() else None

    def _l10n_tn_edi_split(self, amounts):
        """``(items, [(code, base line)])``: the lines that become ``Lin``, and the discounts and charges.

        An invoice needs an item: when there is none, all are.
        """
        if amounts.split is None:  # asked for several times a document
            coded = [(self._l10n_tn_edi_allowance_code(base_line), base_line) for base_line in amounts.lines]
            items = [base_line for code, base_line in coded if not code]
            allowances = [(code, base_line) for code, base_line in coded if code]
            amounts.split = (items, allowances) if items else (amounts.lines, [])
        return amounts.split

    def _l10n_tn_edi_groups(self, amounts):
        """The ``Lin`` of the invoice: list of ``(section, base lines)``.

        ``section`` is the section line that hides its composition: its lines become sub-lines of one ``Lin``, when they
        bear the same taxes. It is None for a line of its own.
        """
        items, _allowances = self._l10n_tn_edi_split(amounts)
        titles = self._l10n_tn_edi_titles()
        hiding = [self._l10n_tn_edi_hiding(titles.get(base_line["record"], ())) for base_line in items]
        by_section = {}
        for section, base_line in zip(hiding, items, strict=True):
            if section:
                by_section.setdefault(section, []).append(base_line)
        groups, done = [], set()
        for section, base_line in zip(hiding, items, strict=True):
            members = by_section.get(section, [])
            if len({frozenset(self._l10n_tn_edi_codes(member)) for member in members}) != 1:
                groups.append((None, [base_line]))
            elif section not in done:
                done.add(section)
                groups.append((section, members))
        return groups

    def _l10n_tn_edi_titles(self):
        """``{line: (section, subsection)}`` of the lines that stand below a title, without what is not there.

        Odoo's own ``parent_id`` says the same, but not of lines that are being typed.
        """
        titles, section, subsection = {}, None, None
        for line in self._l10n_tn_edi_ordered_lines(SECTION_CODES):
            if line.display_type == "line_section":
                section, subsection = line, None
            elif line.display_type == "line_subsection":
                subsection = line
            elif section or subsection:
                titles[line] = tuple(filter(None, (section, subsection)))
        return titles

    def _l10n_tn_edi_ordered_lines(self, display_types):
        """The invoice lines as they are printed; none when none is of the ``display_types`` that are looked for."""
        lines = self.invoice_line_ids
        if not any(line.display_type in display_types for line in lines):
            return lines.browse()
        return lines.sorted(lambda line: (line.sequence, line.id or 0))

    @api.model
    def _l10n_tn_edi_hiding(self, titles):
        """The outermost of ``titles`` that shows what is below as a part of itself only, None when there is none."""
        return next((title for title in titles if title.collapse_composition), None)

    # === Lines === #

    def _l10n_tn_edi_lines(self, amounts):
        # OVERRIDE: account_move_teif_amounts knows one Lin a line
        notes, titles = self._l10n_tn_edi_notes(), self._l10n_tn_edi_titles()
        lines = []
        for number, (section, base_lines) in enumerate(self._l10n_tn_edi_groups(amounts), start=1):
            if section:
                line = self._l10n_tn_edi_section_line(number, section, base_lines)
            else:
                line = self._l10n_tn_edi_line(number, base_lines[0])
                if below := titles.get(base_lines[0]["record"]):
                    line = replace(line, infos=line.infos + self._l10n_tn_edi_title_infos(below))
            texts = [text for base_line in base_lines for text in notes.get(base_line["record"].id, ())]
            if texts:
                pieces = (
                    text[at : at + DESCRIPTION] for text in texts for at in range(0, len(text), DESCRIPTION)
                )
                line = replace(line, free_texts=(FreeText("I-48", tuple(pieces)),))
            lines.append(line)
        return tuple(lines)

    def _l10n_tn_edi_title_infos(self, titles):
        """The titles of the section and subsection that a line stands in, as more about the item."""
        return tuple(
            ItemInfo(
                SECTION_CODES[title.display_type],
                cut(title.name, DESCRIPTION),
                language(title.name, self._l10n_tn_edi_language()),
            )
            for title in titles
            if clean(title.name) and not title.collapse_composition
        )

    def _l10n_tn_edi_section_line(self, number, section, base_lines):
        """One ``Lin`` for a section that hides its composition, its lines as sub-lines."""
        currency = self.currency_id.name
        net = sum((self._l10n_tn_edi_net(base_line) for base_line in base_lines), Decimal(0))
        name = section.name or self.name
        return Line(
            number=str(number),
            code=str(number),
            description=cut(name, DESCRIPTION),
            lang=language(name or "", self._l10n_tn_edi_language()),
            quantity=Quantity(Decimal(1), DEFAULT_UNIT),
            taxes=self._l10n_tn_edi_line_taxes(base_lines[0]),
            amounts=(Amount("I-183", net, currency), Amount("I-171", net, currency)),
            lines=tuple(
                self._l10n_tn_edi_line(f"{number}.{index}", base_line)
                for index, base_line in enumerate(base_lines, start=1)
            ),
        )

    def _l10n_tn_edi_notes(self):
        """``{id of a line: [texts]}`` of the notes that follow it, those of the whole invoice under None.

        A note between two items belongs to the one above; before the first and after the last it is about the invoice.
        """
        notes, above, pending = {None: []}, None, []
        for line in self._l10n_tn_edi_ordered_lines(("line_note",)):
            if line.display_type == "line_note" and clean(line.name):
                pending.append(clean(line.name))
            elif line.display_type == "product" and (line.price_unit or line.product_id):
                notes.setdefault(above, []).extend(pending)
                above, pending = line.id, []
        notes[None].extend(pending)
        return notes

    # === Discounts and charges of the whole invoice === #

    def _l10n_tn_edi_allowances(self, amounts):
        """The discounts and charges of the whole invoice (InvoiceAlc)."""
        _items, allowances = self._l10n_tn_edi_split(amounts)
        return tuple(self._l10n_tn_edi_allowance(code, base_line) for code, base_line in allowances)

    def _l10n_tn_edi_allowance(self, code, base_line):
        name = base_line["record"].name or base_line["record"].product_id.display_name
        net = abs(self._l10n_tn_edi_net(base_line))
        kind = "I-174" if code in CHARGES else "I-176"
        return Allowance(
            code=code,
            label=cut(name, LABEL) or None,
            lang=language(name or "", self._l10n_tn_edi_language()),
            amount=Amount(kind, net, self.currency_id.name),
            tax=self._l10n_tn_edi_allowance_tax(base_line, net),
        )

    def _l10n_tn_edi_allowance_tax(self, base_line, net):
        """The VAT that a discount takes off, or a charge bears; None without VAT."""
        currency = self.currency_id.name
        for data in base_line["tax_details"]["taxes_data"]:
            code, percent = data["tax"]._l10n_tn_edi_code_and_rate()
            if code == TVA:
                due = abs(self._l10n_tn_edi_decimal(data["tax_amount_currency"]))
                sums = (Amount("I-177", net, currency), Amount("I-178", due, currency))
                return TaxTotal(Tax(code, TAX_LABELS[code], rate(percent)), sums)
        return None

    # === Sums === #

    def _l10n_tn_edi_sums(self, amounts):
        # EXTENDS: account_move_teif_amounts
        return (
            *super()._l10n_tn_edi_sums(amounts),
            *self._l10n_tn_edi_allowance_sums(amounts),
            *self._l10n_tn_edi_dinar_total(),
        )

    def _l10n_tn_edi_allowance_sums(self, amounts):
        """Total of the items (I-172) and of the charges (I-175), where they differ from the invoice's."""
        items, allowances = self._l10n_tn_edi_split(amounts)
        if not allowances:
            return
        currency = self.currency_id.name
        gross = sum(map(self._l10n_tn_edi_net, items), Decimal(0))
        yield Amount("I-172", self._l10n_tn_edi_decimal(gross), currency)
        charges = [self._l10n_tn_edi_net(line) for code, line in allowances if code in CHARGES]
        if charges:
            yield Amount("I-175", sum(charges, Decimal(0)), currency)

    def _l10n_tn_edi_dinar_total(self):
        """The total in dinars as posted (I-180), which 1.9.0 wants beside that of another currency."""
        dinar = self.company_id.currency_id
        if self._l10n_tn_edi_version() != NEW_FORMAT or self.currency_id.name == "TND" or dinar.name != "TND":
            return
        value = Decimal(repr(abs(self.amount_total_signed))).quantize(Decimal("0.001"), ROUND_HALF_UP)
        yield Amount("I-180", value, "TND", *self._l10n_tn_edi_words(value, "TND"))
