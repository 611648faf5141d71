from odoo import fields, models

from ..signature import certificates
from ..signature.problems import SignerError


class L10nTnEdiSignatureProvider(models.Model):
    """What a provider does about the life of its certificate: asks for declarations, signs no more when it is revoked."""

    _inherit = "l10n_tn_edi.signature.provider"

    responsible_id = fields.Many2one(
        "res.users", default=lambda self: self.env.user, help="Is told before the certificate ends."
    )

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() - {"name", "sequence", "certificate_id"}:
            self.env["l10n_tn_edi.preflight"]._ask(self.company_id)
        return result

    def _use_certificate(self, chain):
        before = self.certificate_id
        certificate = super()._use_certificate(chain)
        if before and before != certificate:
            certificate._tell_declaration()  # renewed
            before._end_when_unused()
        return certificate

    def _check_usable(self, chain):
        result = super()._check_usable(chain)
        info = certificates.describe(chain[0])
        known = (
            self.env["l10n_tn_edi.certificate"]
            .sudo()
            .search_count(
                [
                    ("company_id", "=", self.company_id.id),
                    ("fingerprint", "=", info.fingerprint_sha256),
                    ("revocation", "=", "revoked"),
                ],
                limit=1,
            )
        )
        if known:
            raise SignerError("certificate.revoked", "the certificate was revoked", holder=info.holder)
        return result
