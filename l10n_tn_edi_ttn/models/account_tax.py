"""The TEIF code of a tax, with sound defaults for the taxes of ``l10n_tn``."""

import re
from decimal import Decimal

from odoo import api, fields, models

STAMP = "I-1601"
VAT = "I-1602"
OTHER = "I-1603"

# Rates that the Tunisian VAT has or had; a percentage outside of this list is never taken for VAT by itself.
VAT_RATES = {0.0, 6.0, 7.0, 9.0, 10.0, 12.0, 13.0, 18.0, 19.0, 29.0}

# Words in a tax's name or group that name another tax than VAT: a FODEC of 1 % must not become VAT in silence.
OTHER_TAXES = (
    ("I-162", re.compile(r"\bfodec\b|comp[ée]titivit[ée]", re.IGNORECASE)),
    ("I-165", re.compile(r"\bfodet\b", re.IGNORECASE)),
    ("I-164", re.compile(r"\btpe\b|protection de l.environnement", re.IGNORECASE)),
    ("I-168", re.compile(r"\btfl\b|fruits et l[ée]gumes", re.IGNORECASE)),
    ("I-161", re.compile(r"droits? de consommation|\bdc\b", re.IGNORECASE)),
)
NOT_VAT = re.compile(r"retenue|withh|\bras\b|\brs\b|\btcl\b|\btfp\b", re.IGNORECASE)
STAMP_WORDS = re.compile(r"timbre|stamp", re.IGNORECASE)


class AccountTax(models.Model):
    _inherit = "account.tax"

    l10n_tn_edi_code = fields.Selection(
        selection=[
            ("I-1602", "I-1602 VAT (TVA)"),
            ("I-1601", "I-1601 Stamp duty (droit de timbre)"),
            ("I-161", "I-161 Consumption duty"),
            ("I-162", "I-162 FODEC"),
            ("I-163", "I-163 Metal packaging tax"),
            ("I-164", "I-164 Environment protection tax (TPE)"),
            ("I-165", "I-165 FODET (tourism)"),
            ("I-166", "I-166 Air conditioners"),
            ("I-167", "I-167 Lamps and tubes"),
            ("I-168", "I-168 Fruit and vegetables (TFL)"),
            ("I-169", "I-169 Fishery products"),
            ("I-160", "I-160 RB taxes"),
            ("I-1603", "I-1603 Other"),
        ],
        string="TEIF Code",
        compute="_compute_l10n_tn_edi_code",
        store=True,
        readonly=False,
        precompute=True,
        help="What this tax is in the electronic invoices deposited at El Fatoora (TTN).",
    )

    @api.depends("country_id", "type_tax_use", "amount_type", "amount", "name", "tax_group_id")
    def _compute_l10n_tn_edi_code(self):
        for tax in self:
            # A code that is there is somebody's decision: a change of rate or name doesn't undo it.
            tax.l10n_tn_edi_code = tax.l10n_tn_edi_code or tax._l10n_tn_edi_guess_code()

    def _l10n_tn_edi_guess_code(self):
        """The TEIF code that the tax's country, kind, rate and name tell, False when they don't tell it surely."""
        self.ensure_one()
        if self.country_id.code != "TN" or self.type_tax_use != "sale" or self.amount_type == "group":
            return False
        words = " ".join(filter(None, (self.name, self.tax_group_id.name)))
        if self.amount_type == "fixed":
            return STAMP if STAMP_WORDS.search(words) else False
        for code, pattern in OTHER_TAXES:
            if pattern.search(words):
                return code
        if self.amount < 0 or NOT_VAT.search(words) or self.amount not in VAT_RATES:
            return False
        return VAT

    @api.model
    def _l10n_tn_edi_preset_taxes(self, companies):
        """Give the sales taxes of ``companies`` that have no TEIF code yet the one their kind tells; returns those taxes."""
        taxes = (
            self.env["account.tax"]
            .with_context(active_test=False)
            .search(
                [
                    ("company_id", "child_of", companies.ids),
                    ("type_tax_use", "=", "sale"),
                    ("l10n_tn_edi_code", "=", False),
                ]
            )
        )
        done = self.env["account.tax"]
        for company in companies:
            template = self.env["account.chart.template"].with_company(company)
            for xmlid, values in template._get_l10n_tn_edi_account_tax().items():
                tax = template.ref(xmlid, raise_if_not_found=False)
                if tax and tax in taxes:
                    tax.l10n_tn_edi_code = values["l10n_tn_edi_code"]
                    done |= tax
        for tax in taxes - done:
            if code := tax._l10n_tn_edi_guess_code():
                tax.l10n_tn_edi_code = code
                done |= tax
        return done

    def _l10n_tn_edi_on_invoice(self):
        """:return: those of ``self`` that the invoice bears; a withholding made at payment is none of them."""
        if "is_withholding_tax_on_payment" not in self._fields:  # l10n_account_withholding_tax
            return self
        return self.filtered(lambda tax: not tax.is_withholding_tax_on_payment)

    def _l10n_tn_edi_stamps(self):
        """:return: the stamp duties among ``self``, groups of taxes looked into."""
        return self.flatten_taxes_hierarchy().filtered(lambda tax: tax.l10n_tn_edi_code == STAMP)

    def _l10n_tn_edi_code_and_rate(self):
        """``(code, rate)`` of the tax in TEIF: rate is a Decimal in per cent, 0 for a tax that is an amount.

        A tax without code is given as I-1603 (other); :meth:`account.move._l10n_tn_edi_findings` blocks it.
        """
        self.ensure_one()
        rate = Decimal(0) if self.amount_type == "fixed" else Decimal(repr(self.amount))
        return self.l10n_tn_edi_code or OTHER, rate

    # --- Nothing of it abroad ------------------------------------------------------------------------------------------

    @api.model
    def _get_view_cache_key(self, view_id=None, view_type="form", **options):
        # EXTENDS 'base'
        key = super()._get_view_cache_key(view_id, view_type, **options)
        return (*key, self.env["account.move"]._l10n_tn_edi_in_sight())

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        # EXTENDS 'base'
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type == "list" and not self.env["account.move"]._l10n_tn_edi_in_sight():
            for node in arch.xpath("//field[starts-with(@name, 'l10n_tn_edi_')]"):
                node.getparent().remove(node)
        return arch, view
