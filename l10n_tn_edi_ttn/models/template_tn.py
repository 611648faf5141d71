"""What the Tunisian chart gets from this addon: TEIF codes of its taxes, and the taxes, groups and positions it lacks.

New companies get it with the chart; :meth:`AccountChartTemplate._l10n_tn_edi_load` gives it to those that are there.
"""

from odoo import Command, models
from odoo.addons.account.models.chart_template import template

VAT_TAXES = (
    "l10n_tn_tax_vat_sale_19",
    "l10n_tn_tax_vat_sale_13",
    "l10n_tn_tax_vat_sale_7",
    "l10n_tn_tax_vat_sale_6",
    "l10n_tn_tax_vat_sale_12",
    "l10n_tn_tax_vat_sale_18",
    "l10n_tn_tax_vat_sale_0",
)
STAMP_TAX = "l10n_tn_tax_vat_sale_tax_stamp"
DOMESTIC, EXPORT = "l10n_tn_fp_template_domestic", "l10n_tn_fp_template_export"
SUSPENSION = "l10n_tn_edi_fp_suspension"
SUSPENSION_OF_ALL = "l10n_tn_edi_fp_suspension_all"
# Other taxes on turnover, to be paid to the State
TAXES_DUE = "l10n_tn_43658"

PREFIX = "l10n_tn_edi_tax_sale_"
# (xmlid, TEIF code, kind, amount, whether it is in the base of the VAT, active, English name, French name)
# Each is reckoned on the price without tax. Rates that depend on the product or that no text at hand confirms are left at 0
# and the tax inactive: who needs one sets its rate and switches it on.
OTHER_TAXES = (
    ("fodec", "I-162", "percent", 1.0, True, True, "FODEC 1%", "FODEC 1%"),
    ("dc", "I-161", "percent", 0.0, True, False, "Consumption duty", "Droit de consommation"),
    (
        "packaging",
        "I-163",
        "fixed",
        0.0,
        True,
        False,
        "Metal packaging tax",
        "Taxe sur les emballages métalliques",
    ),
    ("tpe", "I-164", "percent", 0.0, True, False, "TPE (environment)", "TPE (environnement)"),
    ("fodet", "I-165", "percent", 0.0, True, False, "FODET (tourism)", "FODET (tourisme)"),
    ("conditioners", "I-166", "fixed", 0.0, True, False, "Air conditioner tax", "Taxe sur les climatiseurs"),
    ("lamps", "I-167", "fixed", 0.0, True, False, "Lamp and tube tax", "Taxe sur les lampes et tubes"),
    ("tfl", "I-168", "percent", 0.0, False, False, "TFL (fruit and vegetables)", "TFL (fruits et légumes)"),
    (
        "fishery",
        "I-169",
        "percent",
        0.0,
        False,
        False,
        "Fishery product tax",
        "Taxe sur les produits de la pêche",
    ),
    ("rb", "I-160", "percent", 0.0, False, False, "RB taxes", "Taxes RB"),
)
SUSPENDED_RATES = (19, 13, 7)
NOTE = (
    "<p>Set the rate of your products, then activate this tax. Duplicate it when your products have several rates.</p>",
    "<p>Indiquez le taux de vos produits, puis activez cette taxe. Dupliquez-la si vos produits ont plusieurs taux.</p>",
)


def _repartition(account=None):
    """Repartition lines of a sales tax that goes to ``account``, the same for invoices and credit notes."""
    return [
        Command.create({"document_type": document, "repartition_type": kind, "account_id": to})
        for document in ("invoice", "refund")
        for kind, to in (("base", False), ("tax", account or False))
    ]


class AccountChartTemplate(models.AbstractModel):
    _inherit = "account.chart.template"

    @template("tn", "account.tax.group")
    def _get_l10n_tn_edi_account_tax_group(self):
        """Groups under which the totals show the taxes that ``l10n_tn`` lacks."""
        names = {
            "fodec": ("FODEC", "FODEC"),
            "dc": ("Consumption duty", "Droit de consommation"),
            "other": ("Other taxes", "Autres taxes"),
            "suspended": ("Suspended VAT", "TVA suspendue"),
        }
        return {
            f"l10n_tn_edi_tax_group_{key}": {"country_id": "base.tn", "name": name, "name@fr": french}
            for key, (name, french) in names.items()
        }

    @template("tn", "account.fiscal.position")
    def _get_l10n_tn_edi_account_fiscal_position(self):
        """Positions of customers who buy under suspension; chosen by hand, since an attestation is needed."""
        return {
            SUSPENSION: {
                "sequence": 40,
                "name": "VAT suspended",
                "name@fr": "TVA suspendue",
                "l10n_tn_edi_suspension": True,
            },
            SUSPENSION_OF_ALL: {
                "sequence": 50,
                "name": "VAT, FODEC and consumption duty suspended",
                "name@fr": "TVA, FODEC et droit de consommation suspendus",
                "l10n_tn_edi_suspension": True,
            },
        }

    @template("tn", "account.tax")
    def _get_l10n_tn_edi_account_tax(self):
        """TEIF codes of the taxes of the Tunisian chart, completing what ``l10n_tn`` says of them, and the taxes it lacks."""
        return {
            **{xmlid: {"l10n_tn_edi_code": "I-1602"} for xmlid in VAT_TAXES},
            STAMP_TAX: {"l10n_tn_edi_code": "I-1601"},
            **self._l10n_tn_edi_other_taxes(),
            **self._l10n_tn_edi_suspended_taxes(),
        }

    def _l10n_tn_edi_sale_tax(self, code, name, french, **values):
        return {
            "name": name,
            "name@fr": french,
            "invoice_label": name,
            "type_tax_use": "sale",
            "l10n_tn_edi_code": code,
            **values,
        }

    def _l10n_tn_edi_other_taxes(self):
        """Values of the I-16x taxes by xmlid, and of the one that takes their place in exports."""
        taxes = {
            PREFIX + key: self._l10n_tn_edi_sale_tax(
                code,
                name,
                french,
                # Before the VAT (sequence 1), in whose base it is; none of them is in the base of another.
                sequence=0,
                amount_type=kind,
                amount=amount,
                include_base_amount=in_vat_base,
                is_base_affected=False,
                active=active,
                tax_group_id=f"l10n_tn_edi_tax_group_{key if key in ('fodec', 'dc') else 'other'}",
                fiscal_position_ids=DOMESTIC,
                repartition_line_ids=_repartition(TAXES_DUE),
                **({} if active else {"description": NOTE[0], "description@fr": NOTE[1]}),
            )
            for key, code, kind, amount, in_vat_base, active, name, french in OTHER_TAXES
        }
        taxes[f"{PREFIX}export"] = self._l10n_tn_edi_sale_tax(
            "I-162",
            "Exported: no FODEC, no duty",
            "Exporté : ni FODEC ni droits",
            sequence=0,
            amount_type="percent",
            amount=0.0,
            tax_group_id="l10n_tn_edi_tax_group_other",
            fiscal_position_ids=EXPORT,
            original_tax_ids=",".join(PREFIX + row[0] for row in OTHER_TAXES),
            repartition_line_ids=_repartition(),
        )
        return taxes

    def _l10n_tn_edi_suspended_taxes(self):
        """Values of the taxes under suspension by xmlid: nothing is due, and the tax that would be due is kept."""

        def suspended(key, code, original, name, french, positions, **values):
            return {
                f"{PREFIX}{key}_suspended": self._l10n_tn_edi_sale_tax(
                    code,
                    name,
                    french,
                    amount_type="percent",
                    amount=0.0,
                    tax_group_id="l10n_tn_edi_tax_group_suspended",
                    fiscal_position_ids=positions,
                    original_tax_ids=original,
                    l10n_tn_edi_suspended_tax_id=original,
                    repartition_line_ids=_repartition(),
                    **values,
                )
            }

        both = f"{SUSPENSION},{SUSPENSION_OF_ALL}"
        taxes = {}
        for percent in SUSPENDED_RATES:
            taxes |= suspended(
                f"vat_{percent}",
                "I-1602",
                f"l10n_tn_tax_vat_sale_{percent}",
                f"{percent}% suspended",
                f"{percent}% suspendue",
                both,
            )
        for key, code, name in (("fodec", "I-162", "FODEC"), ("dc", "I-161", "DC")):
            taxes |= suspended(
                key,
                code,
                PREFIX + key,
                f"{name} suspended",
                f"{name} suspendu",
                SUSPENSION_OF_ALL,
                sequence=0,
                is_base_affected=False,
            )
        return taxes

    def _l10n_tn_edi_load(self, companies):
        """Give companies that have the Tunisian chart already what this addon adds to it and they don't have yet.

        What somebody changed or made under these names stays as it is.

        :param companies: ``res.company`` records; those without the Tunisian chart and branches are left alone.
        :return: the ``account.tax`` records that were made.
        """
        made = self.env["account.tax"]
        for company in companies.filtered(
            lambda company: company.chart_template == "tn" and not company.parent_id
        ):
            chart = self.sudo().with_company(company)
            missing = chart._l10n_tn_edi_missing()
            if any(missing.values()):
                chart._load_data(missing)
                chart._load_translations(companies=company)
                for xmlid in missing["account.tax"]:
                    made |= chart.ref(xmlid)
        return made

    def _l10n_tn_edi_missing(self):
        """:return: dict of model to the data by xmlid that the company of the environment doesn't have."""

        def known(xmlid):
            return self.ref(xmlid, raise_if_not_found=False)

        def lacking(records):
            return {xmlid: values for xmlid, values in records.items() if not known(xmlid)}

        # Somebody may have made such a tax by hand: two of one name are refused, and one is enough.
        taken = set(
            self.env["account.tax"]
            .with_context(active_test=False, lang="en_US")
            .search([("company_id", "=", self.env.company.id), ("type_tax_use", "=", "sale")])
            .mapped("name")
        )
        taxes = lacking({**self._l10n_tn_edi_other_taxes(), **self._l10n_tn_edi_suspended_taxes()})
        taxes = {xmlid: values for xmlid, values in taxes.items() if values["name"] not in taken}
        for xmlid, values in list(taxes.items()):
            originals = [
                item for item in values.get("original_tax_ids", "").split(",") if item in taxes or known(item)
            ]
            if "original_tax_ids" in values and not originals:
                del taxes[xmlid]  # what it takes the place of was made by hand or deleted
            elif originals:
                values["original_tax_ids"] = ",".join(originals)
        return {
            "account.tax.group": lacking(self._get_l10n_tn_edi_account_tax_group()),
            "account.fiscal.position": lacking(self._get_l10n_tn_edi_account_fiscal_position()),
            "account.tax": taxes,
        }
