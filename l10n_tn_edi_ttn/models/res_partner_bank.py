from odoo import models

from ..teif.identifiers import parse_rib

POST_OFFICE_BANK = "17"  # the bank code of the Tunisian post in a RIB


class ResPartnerBank(models.Model):
    _inherit = "res.partner.bank"

    def _l10n_tn_edi_rib(self):
        """The account's RIB (20 digits), read from a RIB or a Tunisian IBAN; '' when the account has none."""
        self.ensure_one()
        return parse_rib(self.acc_number) or ""

    def _l10n_tn_edi_institution(self):
        """The account as a ``teif.document.Institution``'s values, None when it has no RIB.

        In a RIB the first two digits are the bank's code and the next three the branch's.
        """
        rib = self._l10n_tn_edi_rib()
        if not rib:
            return None
        bank = rib[:2]
        return {
            "code": "I-141" if bank == POST_OFFICE_BANK else "I-142",
            "account": rib,
            "owner": self.acc_holder_name or self.partner_id.name,
            "name_code": bank,
            "branch": rib[2:5],
            "name": self.bank_id.name,
        }
