from odoo import api, fields, models

from ..teif.identifiers import Matricule, parse_cin, parse_residence_card


class ResPartner(models.Model):
    """What the partner form says of an identifier while it is typed."""

    _inherit = "res.partner"

    l10n_tn_edi_identifier_warning = fields.Char(compute="_compute_l10n_tn_edi_identifier_warning")

    @api.depends("vat", "l10n_tn_edi_identifier_type", "l10n_tn_edi_identifier")
    @api.depends_context("lang")
    def _compute_l10n_tn_edi_identifier_warning(self):
        for partner in self:
            partner.l10n_tn_edi_identifier_warning = partner._l10n_tn_edi_doubt()

    def _l10n_tn_edi_doubt(self):
        """:return: str, what TTN would refuse about the identifier; False when nothing is wrong or nothing was typed."""
        self.ensure_one()
        kind, typed = self.l10n_tn_edi_identifier_type, self.l10n_tn_edi_identifier
        if kind == "I-01" and self.vat and self.vat != "/":
            matricule = Matricule.parse(self.vat)
            if not matricule:
                return self.env._(
                    "This is no matricule fiscal: 7 digits, the key letter, then for example A/M/000."
                )
            if not matricule.key_fits:
                return self.env._(
                    "The key letter of %(digits)s is %(letter)s, not %(typed)s: there is a typing error.",
                    digits=matricule.digits,
                    letter=matricule.expected_key,
                    typed=matricule.key,
                )
        if kind == "I-02" and typed and not parse_cin(typed):
            return self.env._("A CIN has 8 digits.")
        if kind == "I-03" and typed and not parse_residence_card(typed):
            return self.env._("A residence card has 9 digits.")
        return False
