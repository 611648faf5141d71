from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences about taxes and suspension: ``TAX_CODES`` of account_move_tax_findings.py."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _odoo_catalogue(self):
        return {**super()._odoo_catalogue(), **self._tax_catalogue(), **self._suspension_catalogue()}

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

    @api.model
    def _suspension_catalogue(self):
        return {
            "odoo.attestation_missing": lambda p: self.env._(
                "The invoice is under suspension of VAT and names no attestation of %(partner)s. Enter the attestation and "
                "choose it on the invoice, or give a reason to post without one.",
                partner=p["partner"],
            ),
            "odoo.attestation_customer": lambda p: self.env._(
                "Attestation %(number)s belongs to %(partner)s, not to the customer of the invoice. Choose another one.",
                number=p["number"],
                partner=p["partner"],
            ),
            "odoo.attestation_expired": lambda p: self.env._(
                "Attestation %(number)s of %(partner)s is valid from %(start)s to %(end)s, not on the date of the invoice. "
                "Ask the customer for a new one, or give a reason to post without.",
                number=p["number"],
                partner=p["partner"],
                start=p["start"],
                end=p["end"],
            ),
            "odoo.attestation_taxes": lambda p: self.env._(
                "Attestation %(number)s of %(partner)s does not cover the taxes %(taxes)s that the invoice suspends. "
                "Charge them, or correct the attestation.",
                number=p["number"],
                partner=p["partner"],
                taxes=p["taxes"],
            ),
            "odoo.attestation_amount": lambda p: self.env._(
                "Attestation %(number)s of %(partner)s has %(left)s left; %(wanted)s are needed. Ask the customer for a "
                "new one, or give a reason to post without.",
                number=p["number"],
                partner=p["partner"],
                left=p["left"],
                wanted=p["wanted"],
            ),
            "odoo.attestation_quantity": lambda p: self.env._(
                "Attestation %(number)s of %(partner)s has a quantity of %(left)s left; %(wanted)s are needed. Ask the "
                "customer for a new one, or give a reason to post without.",
                number=p["number"],
                partner=p["partner"],
                left=p["left"],
                wanted=p["wanted"],
            ),
            "odoo.exemption_reason": lambda p: self.env._(
                "Lines are exempt from VAT and the invoice does not say why. Enter the reason in the legal notes of tax "
                "“%(tax)s”, or as a note of the invoice.",
                tax=p["tax"],
            ),
        }
