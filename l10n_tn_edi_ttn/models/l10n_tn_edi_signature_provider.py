import base64
from typing import Any, NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..signature import certificates, verify, xades
from ..signature.problems import SignatureError, SignerError
from ..signature.signers.pkcs12 import Pkcs12Signer
from ..teif.foreign import parse_foreign_xml

# Nothing was signed, and nobody has to mend anything: the same is tried again by itself.
PASSING = (
    "remote.unreachable",
    "remote.unavailable",
    "agent.unreachable",
    "agent.busy",
    "agent.token_missing",
)
SAMPLE = b'<TEIF version="1.8.9" controlingAgency="TTN"><InvoiceBody/></TEIF>'


class Unsigned(NamedTuple):
    """A TEIF document to sign: its bytes, and the root they were parsed to when somebody has it (saves parsing again)."""

    data: bytes
    root: Any = None


class L10nTnEdiSignatureProvider(models.Model):
    """How a company signs, in the manner of ``payment.provider``.

    One contract for every kind (``code``): ``_sign_documents`` takes unsigned TEIF documents and gives, per document, a
    dictionary with exactly one of these keys:

    * ``signed``: bytes of the signed document (with ``certificate``, ``document_digest`` and ``signature_value``);
    * ``pending``: what a human has to do first (PIN, one-time password), as a message code and its parameters;
    * ``later``: a message code and its parameters; nothing was signed, the same is tried again after a while;
    * ``error``: a message code and its parameters; nothing was signed, somebody has to mend it.

    A kind brings ``_<code>_missing()`` (labels of the fields that it still needs) and ``_<code>_signer()``: an object
    with ``chain`` (DER certificates, signer first) and ``sign_all(prepared)``, which takes ``xades.Prepared`` and gives,
    in their order, raw signatures or the ``SignerError`` instead of one. Kinds that need a human are in
    ``_interactive_codes()``, kinds that call somebody else in ``_remote_codes()``.
    """

    _name = "l10n_tn_edi.signature.provider"
    _description = "Signature Provider"
    _order = "state desc, sequence, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    code = fields.Selection(
        [("pkcs12", "Certificate file (PKCS#12)")],
        string="Kind",
        required=True,
        default="pkcs12",
    )
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
    certificate_id = fields.Many2one("l10n_tn_edi.certificate", readonly=True, copy=False, check_company=True)
    certificate_not_after = fields.Datetime(
        related="certificate_id.not_after", string="Certificate Valid Until"
    )
    profile_id = fields.Many2one(
        "l10n_tn_edi.signature.profile",
        string="Signature Profile",
        domain=[("signature", "=", "SigFrs")],
        help="TTN's signature policy. Empty: the one that is in force on the day of the signature.",
    )

    # The file stays encrypted as it was uploaded; its passphrase is encrypted with the server's key.
    pkcs12_file = fields.Binary(
        string="Certificate File",
        attachment=True,
        groups="base.group_system",
        copy=False,
        help="The .p12 or .pfx file of the authority. It stays encrypted as it is uploaded.",
    )
    pkcs12_passphrase_encrypted = fields.Char(groups="base.group_system", copy=False)
    pkcs12_passphrase = fields.Char(
        string="Passphrase",
        compute="_compute_typed_secrets",
        readonly=False,
        groups="base.group_system",
        help="Stored encrypted with the server's key; it can be replaced, never read.",
    )
    has_passphrase = fields.Boolean(compute="_compute_has_passphrase", compute_sudo=True)

    @api.model
    def _interactive_codes(self):
        return set()

    @api.model
    def _remote_codes(self):
        return set()

    @api.model
    def _secret_fields(self):
        """:return: names of the fields in which secrets are typed; each has a sibling ``<name>_encrypted`` that is stored."""
        return ["pkcs12_passphrase"]

    @api.model
    def _certificate_fields(self):
        """:return: names of the fields that decide which certificate the provider signs with."""
        return {"code", "pkcs12_file", "pkcs12_passphrase_encrypted"}

    def _compute_typed_secrets(self):
        for name in self._secret_fields():
            self[name] = False

    @api.depends("pkcs12_passphrase_encrypted")
    def _compute_has_passphrase(self):
        for provider in self:
            provider.has_passphrase = bool(provider.pkcs12_passphrase_encrypted)

    @api.constrains("state", "code", "pkcs12_file", "pkcs12_passphrase_encrypted")
    def _check_complete(self):
        for provider in self.sudo():
            missing = provider.state != "disabled" and getattr(provider, f"_{provider.code}_missing")()
            if missing:
                raise ValidationError(
                    self.env._(
                        "“%(provider)s” cannot be switched on yet. Still missing: %(fields)s.",
                        provider=provider.name,
                        fields=", ".join(missing),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        providers = super().create([self._encrypt_secrets(vals) for vals in vals_list])
        providers._refresh_certificate()
        return providers

    def write(self, vals):
        vals = self._encrypt_secrets(vals)
        result = super().write(vals)
        if self._certificate_fields() & vals.keys():
            self._refresh_certificate()
        if vals.keys() - {"name", "sequence", "certificate_id"}:
            self.env["l10n_tn_edi.document"]._go_on_after_settings(self.company_id)
        return result

    @api.model
    def _encrypt_secrets(self, vals):
        """:return: ``vals`` with typed secrets replaced by their encrypted form; an empty one changes nothing."""
        vals = dict(vals)
        for name in self._secret_fields():
            typed = vals.pop(name, None)
            if typed:
                vals[f"{name}_encrypted"] = self.env["l10n_tn_edi.secret"]._encrypt(typed)
        return vals

    def _secret(self, name):
        """The secret typed in field ``name``.

        :raise SignerError: when the server's key does not open it, or nothing was typed.
        """
        clear = self.env["l10n_tn_edi.secret"]._decrypt(self[f"{name}_encrypted"])
        if clear is None:
            raise SignerError(
                "provider.passphrase_not_readable", "the server's key does not open the stored secret"
            )
        return clear

    def _file(self, name):
        """:return: the bytes of the file in field ``name``, empty when there is none.

        Views read files with ``bin_size`` in the context, which gives a size such as "2.4 Kb" instead of the file.
        """
        record = self.with_context(bin_size=False, **{f"bin_size_{name}": False})
        return base64.b64decode(record[name] or b"")

    def _refresh_certificate(self):
        """Show the certificate that is signed with; where it cannot be read without calling anybody, the last one stays."""
        for provider in self.sudo():
            try:
                chain = getattr(provider, f"_{provider.code}_known_chain")()
            except SignatureError:
                chain = None  # testing says why
            if chain is not None:
                provider._use_certificate(chain)
            elif provider.code not in self._remote_codes():
                provider.certificate_id = False

    def _use_certificate(self, chain):
        """:return: the ``l10n_tn_edi.certificate`` of a signer's chain, noted as the one in use."""
        certificate = self.env["l10n_tn_edi.certificate"].sudo()._for_chain(chain, self.company_id)
        if self.certificate_id != certificate:
            self.certificate_id = certificate
        return certificate

    def _label(self, *names):
        """:return: list of the labels of fields, for people."""
        return [self._fields[name]._description_string(self.env) for name in names]

    # --- Signing ---------------------------------------------------------------------------------------------------

    def _sign_documents(self, documents, production=False):
        """Sign TEIF documents.

        :param dict documents: any hashable key to ``Unsigned``.
        :param bool production: whether they go to TTN's production service.
        :return: dict of the same keys to results as the class describes. Never raises for a reason of signing.
        """
        self.ensure_one()
        refused = self._refusal(production)
        if refused:
            return {key: {"error": refused} for key in documents}
        if self._waits_for_human():
            pending = ("provider.waits_for_holder", {"provider": self.name, "holder": self._holder_names()})
            return {key: {"pending": pending} for key in documents}
        return self.sudo()._sign_now(documents)

    def _refusal(self, production):
        """:return: None, or (code, params) why this provider may not sign now."""
        if self.state == "disabled":
            return ("provider.disabled", {"provider": self.name})
        if production and self.state == "test":
            return ("provider.test_only", {"provider": self.name})
        return None

    def _waits_for_human(self):
        """:return: whether a human has to do something before this provider can sign."""
        return self.code in self._interactive_codes()

    def _needs_signatory(self):
        """:return: whether only signatories may sign with this provider, with a PIN or password."""
        return self.code in self._interactive_codes()

    def _is_remote(self):
        """:return: whether signing calls somebody else, so that no row may be locked meanwhile."""
        return self.code in self._remote_codes() and not self._waits_for_human()

    def _holder_names(self):
        """:return: whose PIN or password is needed, as text."""
        return self.company_id.name

    def _sign_now(self, documents):
        """:param dict documents: any hashable key to ``Unsigned``. Gives results as the class describes."""
        try:
            signer = getattr(self, f"_{self.code}_signer")()
            self._check_usable(signer.chain)
        except SignatureError as error:
            return {key: self._failure(error) for key in documents}
        prepared, results = {}, {}
        for key, unsigned in documents.items():
            try:
                prepared[key] = self._prepare(unsigned, signer.chain)
            except SignatureError as error:
                results[key] = self._failure(error)
        if not prepared:
            return results
        values = signer.sign_all(list(prepared.values()))
        certificate = self._use_certificate(signer.chain)
        for key, value in zip(prepared, values, strict=True):
            results[key] = self._finish(prepared[key].state, documents[key].data, value, certificate)
        return results

    def _check_usable(self, chain):
        """:raise SignerError: when the signer's certificate may not sign today."""
        if not chain:
            raise SignerError("signing.chain_empty")
        for found in certificates.usable_at(certificates.describe(chain[0]), self._now()):
            raise SignerError(found.code, **found.params)

    @api.model
    def _now(self):
        """:return: the present with its time zone, to the second."""
        return fields.Datetime.now().replace(tzinfo=xades.UTC)

    def _prepare(self, unsigned, chain):
        """:return: ``xades.Prepared`` of a document, its signing time frozen. Raises SignatureError."""
        now = self._now()
        chosen = self.profile_id._profile() if self.profile_id else self.profile_id._demanded("SigFrs", now)
        return xades.prepare(unsigned.data, chain, chosen, now, root=unsigned.root)

    def _finish(self, state, data, value, certificate):
        """Put a signature into its document and check the result before anybody else sees it.

        :param dict state: of ``xades.Prepared``.
        :param bytes data: the document that was prepared.
        :param value: raw signature, or the SignatureError instead of it.
        :param certificate: the ``l10n_tn_edi.certificate`` that signed.
        :return: a result as the class describes.
        """
        if isinstance(value, SignatureError):
            return self._failure(value)
        try:
            signed = xades.complete(state, data, value)
        except SignatureError as error:
            return self._failure(error)
        [report] = verify.verify(parse_foreign_xml(signed))
        if not report.intact:
            return {"error": ("signature.self_check_failed", {"provider": self.name})}
        return {
            "signed": signed,
            "certificate": certificate,
            "document_digest": report.document_digest,
            "signature_value": report.signature_value,
        }

    def _failure(self, error):
        """:return: the result for a document that could not be signed because of ``error`` (a SignatureError)."""
        kind = "later" if error.code in PASSING else "error"
        return {kind: (error.code, {"provider": self.name, **error.params})}

    # --- Certificate file ------------------------------------------------------------------------------------------

    def _pkcs12_missing(self):
        missing = []
        if not self.pkcs12_file:
            missing.append("pkcs12_file")
        if not self.pkcs12_passphrase_encrypted:
            missing.append("pkcs12_passphrase")
        return self._label(*missing)

    def _pkcs12_known_chain(self):
        if self.pkcs12_file and self.pkcs12_passphrase_encrypted:
            return self._pkcs12_open(check_validity=False).chain
        return None

    def _pkcs12_open(self, check_validity=True):
        """:raise SignerError: with the code of what is wrong; never with the passphrase in it."""
        passphrase = self._secret("pkcs12_passphrase")
        return Pkcs12Signer.open(self._file("pkcs12_file"), passphrase, check_validity=check_validity)

    def _pkcs12_signer(self):
        return self._pkcs12_open()

    # --- Buttons ---------------------------------------------------------------------------------------------------

    def action_test(self):
        """Sign a small document of our own and say what came out."""
        self.ensure_one()
        self.check_access("write")
        kind, code, params = self.sudo()._trial()
        message = self.env["l10n_tn_edi.messages"]._sentence(code, params)
        if kind in ("error", "later"):
            raise UserError(message)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if kind == "success" else "info",
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _trial(self):
        """Sign a small document of our own, where nobody is needed for it.

        :return: ('success' | 'pending' | 'later' | 'error', code of a sentence, its parameters).
        """
        if self._waits_for_human():
            return "pending", "provider.holder_signs", {"provider": self.name, "holder": self._holder_names()}
        result = self._sign_now({"sample": Unsigned(SAMPLE)})["sample"]
        for kind in ("pending", "later", "error"):
            if kind in result:
                return kind, *result[kind]
        certificate = result["certificate"]
        date = fields.Date.to_string(certificate.not_after)
        return "success", "provider.test_good", {"holder": certificate.name, "date": date}
