from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences about taxes: ``TAX_CODES`` of account_move_tax_findings.py."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _odoo_catalogue(self):
        return {**super()._odoo_catalogue(), **self._tax_catalogue()}

    @api.model
    def _tax_catalogue(self):
        return {
            "odoo.negative_tax": lambda p: self.env._(
                "Tax “%(tax)s” (%(rate)s %%) is negative: it would lower the invoice. A withholding is made at payment: "
                "take this tax off the lines, or let it be withheld on payment.",
                tax=p["tax"],
                rate=p["rate"],
            ),
        }
