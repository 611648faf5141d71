import base64

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..signature import profile, verify, xades
from ..signature.signers.pkcs12 import Pkcs12Signer, SignerError
from ..teif.foreign import parse_foreign_xml


class L10nTnEdiSignatureProvider(models.Model):
    """How a company signs, in the manner of ``payment.provider``.

    One contract for every kind (``code``): ``_sign_documents`` takes unsigned TEIF bytes and gives, per document, a
    dictionary with exactly one of these keys:

    * ``signed``: bytes of the signed document (with ``certificate``, ``document_digest`` and ``signature_value``);
    * ``pending``: what a human has to do first (PIN, one-time password), as a message code and its parameters;
    * ``error``: a message code and its parameters; nothing was signed.
    """

    _name = "l10n_tn_edi.signature.provider"
    _description = "Signature Provider"
    _order = "state desc, sequence, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    code = fields.Selection([("pkcs12", "Certificate file (PKCS#12)")], required=True, default="pkcs12")
    state = fields.Selection(
        [("disabled", "Disabled"), ("test", "Test"), ("enabled", "Enabled")],
        required=True,
        default="disabled",
        copy=False,
        help="A provider in test never signs what goes to TTN's production service.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company.id
    )
    certificate_id = fields.Many2one(
        "l10n_tn_edi.certificate", readonly=True, copy=False, check_company=True
    )
    certificate_not_after = fields.Datetime(related="certificate_id.not_after", string="Certificate Valid Until")
    profile_name = fields.Selection(
        selection="_selection_profile_name",
        string="Signature Profile",
        required=True,
        default=lambda self: profile.V3.name,
        help="TTN's signature policy, as its specification for suppliers states it.",
    )

    # The file stays encrypted as it was uploaded; its passphrase is encrypted with the server's key.
    pkcs12_file = fields.Binary(
        string="Certificate File", attachment=True, groups="base.group_system", copy=False
    )
    pkcs12_passphrase_encrypted = fields.Char(groups="base.group_system", copy=False)
    pkcs12_passphrase = fields.Char(
        string="Passphrase",
        compute="_compute_pkcs12_passphrase",
        readonly=False,
        groups="base.group_system",
        help="Stored encrypted with the server's key; it can be replaced, never read.",
    )
    has_passphrase = fields.Boolean(compute="_compute_has_passphrase", compute_sudo=True)

    @api.model
    def _selection_profile_name(self):
        return [(name, name) for name in profile.PROFILES]

    def _compute_pkcs12_passphrase(self):
        self.pkcs12_passphrase = False

    @api.depends("pkcs12_passphrase_encrypted")
    def _compute_has_passphrase(self):
        for provider in self:
            provider.has_passphrase = bool(provider.pkcs12_passphrase_encrypted)

    @api.constrains("state", "code", "pkcs12_file", "pkcs12_passphrase_encrypted")
    def _check_complete(self):
        for provider in self.sudo():
            if provider.state != "disabled" and provider.code == "pkcs12":
                if not provider.pkcs12_file or not provider.pkcs12_passphrase_encrypted:
                    raise ValidationError(
                        self.env._(
                            "“%(provider)s” needs its certificate file and passphrase before it can be switched on.",
                            provider=provider.name,
                        )
                    )

    @api.model_create_multi
    def create(self, vals_list):
        providers = super().create([self._encrypt_passphrase(vals) for vals in vals_list])
        providers._refresh_certificate()
        return providers

    def write(self, vals):
        vals = self._encrypt_passphrase(vals)
        result = super().write(vals)
        if {"pkcs12_file", "pkcs12_passphrase_encrypted", "code"} & vals.keys():
            self._refresh_certificate()
        if vals.keys() - {"name", "sequence", "certificate_id"}:
            self.env["l10n_tn_edi.document"]._go_on_after_settings(self.company_id)
        return result

    @api.model
    def _encrypt_passphrase(self, vals):
        """:return: ``vals`` with the typed passphrase replaced by its encrypted form; an empty one changes nothing."""
        vals = dict(vals)
        passphrase = vals.pop("pkcs12_passphrase", None)
        if passphrase:
            vals["pkcs12_passphrase_encrypted"] = self.env["l10n_tn_edi.secret"]._encrypt(passphrase)
        return vals

    def _refresh_certificate(self):
        """Show the certificate of the file just given; a file that cannot be opened shows none (testing says why)."""
        for provider in self.sudo():
            provider.certificate_id = False
            if provider.code == "pkcs12" and provider.pkcs12_file and provider.pkcs12_passphrase_encrypted:
                try:
                    chain = provider._pkcs12_open(check_validity=False).chain
                except SignerError:
                    continue
                provider.certificate_id = self.env["l10n_tn_edi.certificate"].sudo()._for_chain(
                    chain, provider.company_id
                )

    # --- Signing ---------------------------------------------------------------------------------------------------

    def _sign_documents(self, documents, production=False):
        """Sign TEIF documents.

        :param dict documents: any hashable key to unsigned TEIF bytes.
        :param bool production: whether they go to TTN's production service.
        :return: dict of the same keys to results as the class describes. Never raises for a reason of signing.
        """
        self.ensure_one()
        refused = self._refusal(production)
        if refused:
            return {key: {"error": refused} for key in documents}
        return getattr(self.sudo(), f"_{self.code}_sign_documents")(documents)

    def _refusal(self, production):
        """:return: None, or (code, params) why this provider may not sign now."""
        if self.state == "disabled":
            return ("provider.disabled", {"provider": self.name})
        if production and self.state == "test":
            return ("provider.test_only", {"provider": self.name})
        return None

    def _pkcs12_open(self, check_validity=True):
        """:raise SignerError: with the code of what is wrong; never with the passphrase in it."""
        passphrase = self.env["l10n_tn_edi.secret"]._decrypt(self.pkcs12_passphrase_encrypted)
        if passphrase is None:
            raise SignerError("provider.passphrase_not_readable", "the server's key does not open the stored passphrase")
        return Pkcs12Signer.open(base64.b64decode(self.pkcs12_file), passphrase, check_validity=check_validity)

    def _pkcs12_sign_documents(self, documents):
        try:
            signer = self._pkcs12_open()
        except SignerError as error:
            return {key: {"error": (error.code, {"provider": self.name, **error.params})} for key in documents}
        certificate = self.env["l10n_tn_edi.certificate"]._for_chain(signer.chain, self.company_id)
        if self.certificate_id != certificate:
            self.certificate_id = certificate
        return {key: self._sign_with(signer, certificate, unsigned) for key, unsigned in documents.items()}

    def _sign_with(self, signer, certificate, unsigned):
        """Sign one document and check the result before anybody else sees it."""
        try:
            prepared = xades.prepare(
                unsigned, signer.chain, profile.PROFILES[self.profile_name], fields.Datetime.now().replace(tzinfo=xades.UTC)
            )
            signed = xades.complete(prepared, unsigned, signer.sign(prepared.to_sign))
        except (SignerError, xades.SignatureError) as error:
            return {"error": (error.code, {"provider": self.name, **error.params})}
        [report] = verify.verify(parse_foreign_xml(signed))
        if not report.intact:
            return {"error": ("signature.self_check_failed", {"provider": self.name})}
        return {
            "signed": signed,
            "certificate": certificate,
            "document_digest": report.document_digest,
            "signature_value": report.signature_value,
        }

    # --- Buttons ---------------------------------------------------------------------------------------------------

    def action_test(self):
        """Sign a small document of our own and say what came out."""
        self.ensure_one()
        self.check_access("write")
        sample = b'<TEIF version="1.8.9" controlingAgency="TTN"><InvoiceBody/></TEIF>'
        result = getattr(self.sudo(), f"_{self.code}_sign_documents")({"sample": sample})["sample"]
        if "error" in result:
            code, params = result["error"]
            raise UserError(self.env["l10n_tn_edi.messages"]._sentence(code, params))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "The test signature is correct. Certificate of %(holder)s, valid until %(date)s.",
                    holder=result["certificate"].name,
                    date=fields.Date.to_string(result["certificate"].not_after),
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
