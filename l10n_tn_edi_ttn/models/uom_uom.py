"""Units of measure as TTN writes them."""

from odoo import api, fields, models, tools

# TTN's list (UN/ECE codes, with UNIT for pieces), by the xml id of Odoo's own units. A text of at most 8 characters up to
# version 1.8.9, a closed list from 1.9.0: these are in it.
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
}
DEFAULT_UNIT = "UNIT"
UNIT_LENGTH = 8


class UomUom(models.Model):
    _inherit = "uom.uom"

    l10n_tn_edi_code = fields.Char(
        string="TTN Code",
        size=UNIT_LENGTH,
        help="The unit's code in electronic invoices (El Fatoora). Empty: the usual one, or UNIT.",
    )

    def _l10n_tn_edi_unit(self):
        """The unit's code in TEIF, at most 8 characters: its own, that of Odoo's unit, else its name when it fits."""
        if not self:
            return DEFAULT_UNIT
        self.ensure_one()
        if self.l10n_tn_edi_code:
            return self.l10n_tn_edi_code
        if code := self._l10n_tn_edi_known_units().get(self.id):
            return code
        label = (self.name or "").strip()
        return label if 0 < len(label) <= UNIT_LENGTH else DEFAULT_UNIT

    @api.model
    @tools.ormcache()
    def _l10n_tn_edi_known_units(self):
        """``{id: TTN's code}`` of Odoo's own units: looked up once, not once a line."""
        lookup = self.env["ir.model.data"]._xmlid_to_res_id
        codes = {lookup(f"uom.{name}", raise_if_not_found=False): code for name, code in UNIT_CODES.items()}
        codes.pop(False, None)
        return codes
