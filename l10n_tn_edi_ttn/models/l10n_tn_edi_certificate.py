import base64

from odoo import api, fields, models

from ..signature import certificates


class L10nTnEdiCertificate(models.Model):
    """The public part of a signing certificate.

    Odoo's own ``certificate.certificate`` keeps private keys in clear, so it is not used. Accountants may read
    everything here: nothing of it is secret.
    """

    _name = "l10n_tn_edi.certificate"
    _description = "Signing Certificate"
    _order = "not_after desc, id desc"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(string="Holder", required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    issuer = fields.Char(readonly=True)
    serial = fields.Char(string="Serial Number", readonly=True, help="In hexadecimal, as declared at TTN.")
    fingerprint = fields.Char(string="SHA-256", readonly=True, index=True)
    not_before = fields.Datetime(string="Valid From", readonly=True)
    not_after = fields.Datetime(string="Valid Until", readonly=True)
    matricule = fields.Char(
        string="Matricule in Certificate",
        readonly=True,
        help="The first eight characters of the tax number that the certificate names; personal certificates name none.",
    )
    chain = fields.Binary(
        readonly=True,
        attachment=True,
        help="The certificate and its authorities, signer first, in PEM.",
    )
    declared = fields.Boolean(
        string="Declared at TTN",
        help="TTN refuses signers whose serial number was not declared to it (SERV09). Tick once TTN has confirmed.",
    )
    is_expired = fields.Boolean(compute="_compute_is_expired")

    _fingerprint_unique = models.UniqueIndex(
        "(company_id, fingerprint)", "This certificate is already known in the company."
    )

    @api.depends("not_after")
    def _compute_is_expired(self):
        now = fields.Datetime.now()
        for certificate in self:
            certificate.is_expired = bool(certificate.not_after and certificate.not_after < now)

    @api.model
    def _for_chain(self, chain, company):
        """Find or create the record of a signer's certificate.

        :param list chain: DER bytes, signer first.
        :return: the ``l10n_tn_edi.certificate`` of ``company`` for it.
        """
        info = certificates.describe(chain[0])
        known = self.search(
            [("company_id", "=", company.id), ("fingerprint", "=", info.fingerprint_sha256)], limit=1
        )
        return known or self.create(
            {
                "name": info.holder,
                "company_id": company.id,
                "issuer": info.issuer,
                "serial": info.serial_hex,
                "fingerprint": info.fingerprint_sha256,
                "not_before": info.not_before.replace(tzinfo=None),
                "not_after": info.not_after.replace(tzinfo=None),
                "matricule": info.matricule8,
                "chain": base64.b64encode(certificates.to_pem(chain)),
            }
        )
