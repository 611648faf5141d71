from odoo import api, fields, models
from odoo.exceptions import UserError

from ..signature.problems import SignatureError
from ..signature.signers.digigo import PRODUCTION, DigiGo

RETURN_PATH = "/l10n_tn_edi/digigo/return"


class L10nTnEdiSignatureProvider(models.Model):
    """DigiGo: the holder allows a batch of hashes in the browser, with PIN and one-time password."""

    _inherit = "l10n_tn_edi.signature.provider"

    code = fields.Selection(selection_add=[("digigo", "DigiGo")], ondelete={"digigo": "cascade"})
    signatory_ids = fields.One2many("l10n_tn_edi.signatory", "provider_id", string="Signatories")
    digigo_url = fields.Char(string="Address of DigiGo", default=PRODUCTION)
    digigo_client = fields.Char(
        string="Client", help="What TunTrust gave you as the integrator's client identifier."
    )
    digigo_secret_encrypted = fields.Char(groups="base.group_system", copy=False)
    digigo_secret = fields.Char(
        string="Client Secret",
        compute="_compute_typed_secrets",
        readonly=False,
        groups="base.group_system",
        help="Stored encrypted with the server's key; it can be replaced, never read.",
    )
    has_digigo_secret = fields.Boolean(compute="_compute_has_digigo_secret", compute_sudo=True)
    digigo_return = fields.Char(
        string="Return Address",
        compute="_compute_digigo_return",
        help="Declare it to TunTrust with the client.",
    )
    batch_size = fields.Integer(
        string="Documents in One Signature",
        default=1000,
        help="How many documents one PIN and password sign at most.",
    )
    digigo_binding = fields.Selection(
        [
            ("hashes", "Every document (about a hundred at once)"),
            ("count", "Their number (a thousand at once)"),
        ],
        string="What DigiGo Is Told",
        default="hashes",
        required=True,
        help="DigiGo takes what it is to sign in a web address. The fingerprints of about a hundred documents fit: DigiGo then "
        "signs no others. Told the number only, it signs more at once, and that they are the chosen documents is checked here "
        "alone; TunTrust may have to allow this for your client.",
    )

    @api.model
    def _interactive_codes(self):
        return {*super()._interactive_codes(), "digigo"}

    @api.model
    def _remote_codes(self):
        return {*super()._remote_codes(), "digigo"}

    @api.model
    def _secret_fields(self):
        return [*super()._secret_fields(), "digigo_secret"]

    @api.depends("digigo_secret_encrypted")
    def _compute_has_digigo_secret(self):
        for provider in self:
            provider.has_digigo_secret = bool(provider.digigo_secret_encrypted)

    @api.depends("code")
    def _compute_digigo_return(self):
        for provider in self:
            provider.digigo_return = provider.get_base_url() + RETURN_PATH

    @api.constrains("state", "code", "digigo_url", "digigo_client", "digigo_secret_encrypted")
    def _check_digigo_complete(self):
        self._check_complete()

    def _holder_names(self):
        names = ", ".join(self.sudo().signatory_ids.user_id.mapped("name"))
        return names or super()._holder_names()

    def _digigo_missing(self):
        missing = [name for name in ("digigo_url", "digigo_client") if not self[name]]
        if not self.digigo_secret_encrypted:
            missing.append("digigo_secret")
        return self._label(*missing)

    def _digigo_known_chain(self):
        return None

    def _digigo_account(self, signatory):
        """:return: ``DigiGo`` of a signatory. Raises SignerError."""
        return DigiGo(
            self.digigo_url,
            self.digigo_client,
            self._secret("digigo_secret"),
            signatory.credential or "",
            self.digigo_return,
        )

    def _digigo_chain(self, signatory):
        """:return: DER certificates of a signatory, asked anew, fit to sign today. Raises SignatureError."""
        transport = self.env["l10n_tn_edi.transport"]._open()
        chain = self._digigo_account(signatory).chain(transport)
        self._check_usable(chain)
        certificate = self._use_certificate(chain)
        before = signatory.certificate_id
        if before != certificate:
            signatory.certificate_id = certificate
            before._end_when_unused()
        return chain

    def _begin_digigo(self, documents):
        """Send the user to DigiGo with a batch.

        :return: an action that opens DigiGo's page.
        :raise UserError: when the user is no signatory, or DigiGo does not know the holder.
        """
        provider = self.sudo()
        signatory = self.env["l10n_tn_edi.signatory"]._for_user(provider, self.env.user, documents)
        try:
            account = provider._digigo_account(signatory)
            chain = provider._digigo_chain(signatory)
        except SignatureError as error:
            raise UserError(
                self.env["l10n_tn_edi.messages"]._sentence(
                    error.code, {"provider": provider.name, **error.params}
                )
            ) from None
        capacity = account.capacity()
        size = max(1, provider.batch_size)
        batch = documents[: size if provider.digigo_binding == "count" else min(size, capacity)]
        signing = self.env["l10n_tn_edi.signing"]._begin(
            provider, signatory, batch, chain, left=documents - batch
        )
        digests = signing._digests()
        return {
            "type": "ir.actions.act_url",
            # The hashes are named wherever they fit.
            "url": account.authorize_url(digests, signing._new_return(), bound=len(digests) <= capacity),
            "target": "self",
        }

    def _finish_digigo(self, signing, token):
        """Exchange what the browser brought for signatures. Raises SignatureError."""
        account = self._digigo_account(signing.signatory_id)
        signing._work(account.activate(self.env["l10n_tn_edi.transport"]._open(), token))

    def _sign_part(self, signing, lines, grant):
        """Have some documents of a session signed.

        :param lines: ``l10n_tn_edi.signing.line`` of ``signing``.
        :param str grant: the activation that DigiGo gave for the session.
        :return: raw signatures, one for each line. Raises SignatureError; then none of them is signed.
        """
        account = self._digigo_account(signing.signatory_id)
        return account.sign(self.env["l10n_tn_edi.transport"]._open(), grant, lines._digests())

    def _trial(self):
        if self.code != "digigo":
            return super()._trial()
        if not self.signatory_ids:
            return "error", "digigo.no_signatory", {"provider": self.name}
        for signatory in self.signatory_ids:
            try:
                self._digigo_chain(signatory)
            except SignatureError as error:
                return "error", error.code, {"provider": self.name, **error.params}
        names = ", ".join(self.signatory_ids.certificate_id.mapped("name"))
        return "success", "digigo.known", {"names": names}
