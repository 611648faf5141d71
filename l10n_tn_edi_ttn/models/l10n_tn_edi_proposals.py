"""What can be mended in records for electronic invoices without asking anybody: the same thing, written as TTN reads it.

Each model says it in ``_l10n_tn_edi_proposals``; the wizard ``l10n_tn_edi.mending`` shows old and new and writes what is chosen.
"""

from dataclasses import dataclass

from odoo import models

from ..teif.codes import UNITS
from ..teif.identifiers import Matricule, parse_cin, parse_residence_card
from .l10n_tn_edi_text import clean
from .uom_uom import NAMED_UNITS, named_unit

STREET_LENGTH = 35
SEPARATORS = ", ;-"


@dataclass(frozen=True, slots=True)
class Proposal:
    """``values`` to write to ``record``; ``field`` is the one that people know it by."""

    record: models.BaseModel
    field: str
    values: dict


def split_street(street):
    """``street`` in two texts of which the first has at most 35 characters, broken between words; None when it can't be."""
    if len(street) <= STREET_LENGTH:
        return None
    at = max(street.rfind(separator, 0, STREET_LENGTH + 1) for separator in SEPARATORS)
    head, tail = street[: max(at, 0)].rstrip(SEPARATORS), street[max(at, 0) :].lstrip(SEPARATORS)
    return (head, tail) if head and tail else None


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _l10n_tn_edi_proposals(self):
        """:return: list of :class:`Proposal`: identifiers without separators, streets that TEIF takes."""
        proposals = []
        for partner in self:
            if partner == partner.commercial_partner_id:  # its contacts follow
                field, new = partner._l10n_tn_edi_normal_identifier()
                if new and new != partner[field]:
                    proposals.append(Proposal(partner, field, {field: new}))
            parts = split_street(clean(partner.street)) if not partner.street2 else None
            if parts:
                proposals.append(
                    Proposal(partner, "street", dict(zip(("street", "street2"), parts, strict=True)))
                )
        return proposals

    def _l10n_tn_edi_normal_identifier(self):
        """``(field, how TTN writes what stands in it)``; None for what can't be read and for foreign numbers."""
        kind, typed = self.l10n_tn_edi_identifier_type, self.l10n_tn_edi_identifier or ""
        if kind == "I-01":
            matricule = Matricule.parse(self.vat or "")
            return "vat", str(matricule) if matricule else None
        readers = {"I-02": parse_cin, "I-03": parse_residence_card}
        return "l10n_tn_edi_identifier", readers[kind](typed) if kind in readers else None


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _l10n_tn_edi_proposals(self):
        """:return: list of :class:`Proposal`: references without doubled spaces and invisible characters."""
        return [
            Proposal(product, "default_code", {"default_code": clean(product.default_code)})
            for product in self
            if product.default_code and clean(product.default_code) not in ("", product.default_code)
        ]


class AccountTax(models.Model):
    _inherit = "account.tax"

    def _l10n_tn_edi_proposals(self):
        """:return: list of :class:`Proposal`: the TEIF code that a tax's name and rate tell."""
        guesses = ((tax, tax._l10n_tn_edi_guess_code()) for tax in self if not tax.l10n_tn_edi_code)
        return [
            Proposal(tax, "l10n_tn_edi_code", {"l10n_tn_edi_code": code}) for tax, code in guesses if code
        ]


class UomUom(models.Model):
    _inherit = "uom.uom"

    def _l10n_tn_edi_proposals(self):
        """:return: list of :class:`Proposal`: a code of TTN's list for units that have none, by a word of their names."""
        proposals = []
        for unit in self:
            typed = unit.l10n_tn_edi_code or ""
            if typed in UNITS or (not typed and unit._l10n_tn_edi_fitting("1.9.0")):
                continue
            words = clean(unit.name).casefold().split()
            if code := named_unit(typed) or next(filter(None, map(NAMED_UNITS.get, words)), None):
                proposals.append(Proposal(unit, "l10n_tn_edi_code", {"l10n_tn_edi_code": code}))
        return proposals
