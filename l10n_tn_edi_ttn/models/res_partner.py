import re

from odoo import api, fields, models

from ..teif.identifiers import normalise_matricule, parse_cin, parse_residence_card
from .l10n_tn_edi_text import clean

COMMERCIAL_FIELDS = ("l10n_tn_edi_identifier_type", "l10n_tn_edi_identifier", "l10n_tn_edi_public_body")


class ResPartner(models.Model):
    _inherit = "res.partner"

    # What is attached to the customer's e-mails; it says nothing about whether an invoice is deposited (portal users may
    # write it).
    invoice_edi_format = fields.Selection(selection_add=[("tn_teif", "TEIF (El Fatoora)")])
    l10n_tn_edi_identifier_type = fields.Selection(
        [
            ("I-01", "Matricule fiscal"),
            ("I-02", "Identity card (CIN)"),
            ("I-03", "Residence card"),
            ("I-04", "Foreign tax number"),
        ],
        string="Identified at TTN by",
        compute="_compute_l10n_tn_edi_identifier_type",
        store=True,
        readonly=False,
        help="What identifies this partner in electronic invoices. A matricule fiscal is read from the Tax ID.",
    )
    l10n_tn_edi_identifier = fields.Char(
        string="CIN, Residence Card or Foreign Number",
        copy=False,
        help="CIN: 8 digits. Residence card: 9 digits. Foreign customers: their tax number, when the Tax ID is empty.",
    )

    l10n_tn_edi_public_body = fields.Selection(
        [
            ("state", "State"),
            ("local", "Local authority"),
            ("administrative", "Administrative public establishment"),
        ],
        string="Public Body",
        help="Invoices to the State, to local authorities and to administrative public establishments bear no stamp duty.",
    )

    @api.depends("vat", "country_id", "is_company")
    def _compute_l10n_tn_edi_identifier_type(self):
        for partner in self:
            current = partner.l10n_tn_edi_identifier_type
            has_vat = partner.vat and partner.vat != "/"
            if partner.country_id and partner.country_id.code != "TN":
                # A foreigner who lives in Tunisia and has a card stays identified by it.
                partner.l10n_tn_edi_identifier_type = (
                    current if current in ("I-02", "I-03") and not has_vat else "I-04"
                )
            elif has_vat or partner.is_company:
                partner.l10n_tn_edi_identifier_type = "I-01"
            else:
                partner.l10n_tn_edi_identifier_type = current if current in ("I-02", "I-03") else "I-02"

    @api.model
    def _commercial_fields(self):
        # EXTENDS 'base': a contact of a company is invoiced under the company's number
        return super()._commercial_fields() + list(COMMERCIAL_FIELDS)

    def write(self, vals):
        # EXTENDS 'base'
        result = super().write(vals)
        if "l10n_tn_edi_public_body" in vals:
            self.env["account.move"].sudo().search(
                [
                    ("commercial_partner_id", "in", self.commercial_partner_id.ids),
                    ("state", "=", "draft"),
                    ("move_type", "in", ("out_invoice", "out_refund")),
                ]
            )._l10n_tn_edi_refresh_stamp()
        return result

    def _l10n_tn_edi_is_consumer(self):
        """Whether the partner is a person who buys without a tax number."""
        self.ensure_one()
        partner = self.commercial_partner_id
        return not partner.is_company and partner.l10n_tn_edi_identifier_type in ("I-02", "I-03")

    def _l10n_tn_edi_is_foreign(self):
        """Whether the partner is established abroad."""
        self.ensure_one()
        return self.commercial_partner_id.l10n_tn_edi_identifier_type == "I-04"

    def _l10n_tn_edi_identifier_value(self, version):
        """``(type, value)`` of the partner's identifier as a document of TEIF ``version`` writes it.

        What can't be read is given as it was typed, so that the check shows it; '' when there is none at all.
        """
        self.ensure_one()
        partner = self.commercial_partner_id
        kind = partner.l10n_tn_edi_identifier_type or "I-01"
        vat = clean(partner.vat)
        if vat == "/":  # Odoo's way to say that there is none
            vat = ""
        typed = clean(partner.l10n_tn_edi_identifier)
        if kind == "I-01":
            return kind, normalise_matricule(vat, version) or vat
        if kind == "I-02":
            return kind, parse_cin(typed) or typed
        if kind == "I-03":
            return kind, parse_residence_card(typed, version) or typed
        number = typed or vat
        if version == "1.9.0":  # letters and digits only
            number = re.sub(r"[^A-Za-z0-9]", "", number) or number
        return kind, number
