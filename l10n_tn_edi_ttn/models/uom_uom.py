"""Units of measure as TTN writes them."""

from odoo import api, fields, models, tools

from ..teif.codes import UNITS

# UN/ECE codes, with UNIT for pieces as TTN writes it, by the xml id of Odoo's own units. A text of at most 8 characters up to
# version 1.8.9, a closed list from 1.9.0.
UNIT_CODES = {
    "product_uom_unit": "UNIT",
    "product_uom_pack_6": "PK",
    "product_uom_dozen": "DZN",
    "product_uom_hour": "HUR",
    "product_uom_day": "DAY",
    "product_uom_minute": "MIN",
    "product_uom_millimeter": "MMT",
    "product_uom_cm": "CMT",
    "product_uom_meter": "MTR",
    "product_uom_km": "KMT",
    "product_uom_square_meter": "MTK",
    "product_uom_milliliter": "MLT",
    "product_uom_litre": "LTR",
    "product_uom_cubic_meter": "MTQ",
    "product_uom_gram": "GRM",
    "product_uom_kgm": "KGM",
    "product_uom_ton": "TNE",
    "product_uom_inch": "INH",
    "product_uom_yard": "YRD",
    "product_uom_square_foot": "FTK",
    "product_uom_gal": "GLL",
    "product_uom_kwh": "KWH",
    # Not in the closed list
    "product_uom_oz": "ONZ",
    "product_uom_lb": "LBR",
    "product_uom_foot": "FOT",
    "product_uom_mile": "SMI",
    "product_uom_floz": "OZA",
    "product_uom_qt": "QTL",
    "product_uom_cubic_inch": "INQ",
    "product_uom_cubic_foot": "FTQ",
}
# Units that companies add themselves, by the names they give them (French, English, Arabic): each code is in the closed list.
NAMED_UNITS = {
    **dict.fromkeys(
        ("pièce", "pièces", "piece", "pieces", "pce", "pcs", "u", "unité", "unités", "unit", "قطعة", "وحدة"),
        "UNIT",
    ),
    **dict.fromkeys(("paire", "paires", "pair", "pairs"), "PR"),
    **dict.fromkeys(("cent", "centaine", "hundred"), "CEN"),
    **dict.fromkeys(("mille", "millier", "thousand"), "MIL"),
    **dict.fromkeys(("lot", "set", "jeu", "kit"), "SET"),
    **dict.fromkeys(("boîte", "boite", "box", "علبة"), "BX"),
    **dict.fromkeys(("paquet", "pack"), "PK"),
    **dict.fromkeys(("rouleau", "roll"), "RL"),
    **dict.fromkeys(("rame", "ream"), "RM"),
    **dict.fromkeys(("fût", "fut", "drum"), "DR"),
    **dict.fromkeys(("bouteille", "bottle"), "BO"),
    **dict.fromkeys(("palette", "palettes", "pallet", "pallets"), "PF"),
    **dict.fromkeys(("carton", "cartons", "صندوق"), "CT"),
    **dict.fromkeys(("sac", "sacs", "bag", "bags", "كيس"), "BAG"),
    **dict.fromkeys(("semaine", "semaines", "week", "weeks"), "WEE"),
    **dict.fromkeys(("mois", "month", "months", "شهر"), "MON"),
    **dict.fromkeys(("an", "ans", "année", "années", "year", "years"), "ANN"),
    **dict.fromkeys(("jour", "jours", "day", "days", "j", "يوم"), "DAY"),
    **dict.fromkeys(("heure", "heures", "hour", "hours", "h", "ساعة"), "HUR"),
    **dict.fromkeys(("kg", "kgs", "kilo", "kilos", "kilogramme", "kilogrammes", "كغ", "كلغ"), "KGM"),
    **dict.fromkeys(("g", "gr", "gramme", "grammes"), "GRM"),
    **dict.fromkeys(("t", "tonne", "tonnes", "طن"), "TNE"),
    **dict.fromkeys(("l", "litre", "litres", "لتر"), "LTR"),
    **dict.fromkeys(("m", "mètre", "mètres", "metre", "metres", "متر"), "MTR"),
    **dict.fromkeys(("km", "kilomètre", "kilomètres", "كم"), "KMT"),
    **dict.fromkeys(("m2", "m²"), "MTK"),
    **dict.fromkeys(("m3", "m³"), "MTQ"),
    **dict.fromkeys(("kwh",), "KWH"),
    **dict.fromkeys(("mwh",), "MWH"),
    **dict.fromkeys(("sms",), "SMS"),
    **dict.fromkeys(("licence", "licences", "license", "licenses"), "LIC"),
    **dict.fromkeys(("page", "pages"), "PG"),
}
DEFAULT_UNIT = "UNIT"
UNIT_LENGTH = 8
# Versions that take the codes of TTN's list only.
CLOSED_LIST = ("1.9.0",)


def named_unit(text):
    """The code of TTN's list that ``text`` is, or is a name of; None when it is neither."""
    text = text.strip()
    return text.upper() if text.upper() in UNITS else NAMED_UNITS.get(text.casefold())


class UomUom(models.Model):
    _inherit = "uom.uom"

    l10n_tn_edi_code = fields.Char(
        string="TTN Code",
        size=UNIT_LENGTH,
        help="The unit's code in electronic invoices (El Fatoora). Empty: the usual one, or UNIT. From version 1.9.0 only "
        "codes of TTN's list are taken, for example KGM, MTR, LTR, HUR, DAY, MON, BX, SET.",
    )

    def _l10n_tn_edi_unit(self, version="1.8.9"):
        """The unit's code in a document of TEIF ``version``, at most 8 characters; UNIT where nothing fits."""
        return self._l10n_tn_edi_fitting(version) or DEFAULT_UNIT

    def _l10n_tn_edi_fitting(self, version):
        """The code that says in TEIF ``version`` what the unit is, None when there is none; UNIT for no unit at all.

        The unit's own code, that of Odoo's unit, that which its name tells, else its name where any text will do.
        """
        if not self:
            return DEFAULT_UNIT
        self.ensure_one()
        if self.l10n_tn_edi_code:
            return self.l10n_tn_edi_code
        label = (self.name or "").strip()
        code = self._l10n_tn_edi_known_units().get(self.id) or NAMED_UNITS.get(label.casefold())
        if version in CLOSED_LIST:
            return code if code in UNITS else None
        return code or (label if 0 < len(label) <= UNIT_LENGTH else None)

    def _l10n_tn_edi_is_listed(self, version):
        """Whether ``version`` takes the unit's code."""
        return version not in CLOSED_LIST or self._l10n_tn_edi_unit(version) in UNITS

    @api.model
    @tools.ormcache()
    def _l10n_tn_edi_known_units(self):
        """``{id: TTN's code}`` of Odoo's own units: looked up once, not once a line."""
        lookup = self.env["ir.model.data"]._xmlid_to_res_id
        codes = {lookup(f"uom.{name}", raise_if_not_found=False): code for name, code in UNIT_CODES.items()}
        codes.pop(False, None)
        return codes
