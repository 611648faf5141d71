from odoo import api, fields, models


class L10nTnEdiCertificate(models.Model):
    _inherit = "l10n_tn_edi.certificate"

    chain_name = fields.Char(compute="_compute_chain_name")

    @api.depends("serial")
    def _compute_chain_name(self):
        for certificate in self:
            certificate.chain_name = f"{certificate.serial or 'certificate'}.pem"
