import binascii
from concurrent.futures import ThreadPoolExecutor

from odoo import api, fields, models

from ..signature import certificates
from ..signature.problems import SignerError
from ..signature.signers.ance_seal import AnceSeal

# The test platform of the agency; the address of production is told to those who subscribe.
TEST_URL = "https://193.95.63.230/tunsign-proxy-webapp"
# Hashes that are signed at once, after the first has shown that the password is right.
AT_ONCE = 6


class SealSigner:
    """The seal of one batch.

    :param list chain: DER certificates, signer first.
    :param AnceSeal seal: what signs.
    :param transport: as ``signature.signers.remote`` wants it; it is used from several threads.
    """

    def __init__(self, chain, seal, transport):
        self.chain, self.seal, self.transport = chain, seal, transport

    def sign_all(self, prepared):
        """One hash first, so that a wrong password is tried once only; then several side by side."""
        digests = [one.digest for one in prepared]
        [first] = self.seal.sign(self.transport, digests[:1])
        rest = digests[1:]
        if isinstance(first, SignerError):
            return [first, *([first] * len(rest))]
        lanes = [rest[start::AT_ONCE] for start in range(min(AT_ONCE, len(rest)))]
        values = [None] * len(rest)
        with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="seal") as pool:
            done = pool.map(lambda lane: list(self.seal.sign(self.transport, lane)), lanes)
            for start, lane in enumerate(done):
                values[start::AT_ONCE] = lane
        return [first, *values]


class L10nTnEdiSignatureProvider(models.Model):
    """The ANCE seal: a key at the agency's server, used server to server."""

    _inherit = "l10n_tn_edi.signature.provider"

    code = fields.Selection(selection_add=[("ance_seal", "ANCE seal")], ondelete={"ance_seal": "cascade"})
    seal_url = fields.Char(string="Address of the Service", default=TEST_URL)
    seal_alias = fields.Char(string="Alias", help="The name of the seal's key, as the agency gave it.")
    seal_password_encrypted = fields.Char(groups="base.group_system", copy=False)
    seal_password = fields.Char(
        string="Password of the Seal",
        compute="_compute_typed_secrets",
        readonly=False,
        groups="base.group_system",
        help="Stored encrypted with the server's key; it can be replaced, never read.",
    )
    has_seal_password = fields.Boolean(compute="_compute_has_seal_secrets", compute_sudo=True)
    seal_certificate = fields.Binary(
        string="Certificate of the Seal",
        attachment=True,
        help="The public certificate that the agency gave with the seal, with its authorities (PEM), or alone (DER).",
    )
    seal_client_file = fields.Binary(
        string="Client Certificate",
        attachment=True,
        groups="base.group_system",
        copy=False,
        help="A certificate file (.p12), when the service asks who calls (mutual TLS). It stays encrypted as you upload it.",
    )
    seal_client_passphrase_encrypted = fields.Char(groups="base.group_system", copy=False)
    seal_client_passphrase = fields.Char(
        string="Passphrase of the Client Certificate",
        compute="_compute_typed_secrets",
        readonly=False,
        groups="base.group_system",
    )
    has_seal_client_passphrase = fields.Boolean(compute="_compute_has_seal_secrets", compute_sudo=True)

    @api.model
    def _remote_codes(self):
        return {*super()._remote_codes(), "ance_seal"}

    @api.model
    def _secret_fields(self):
        return [*super()._secret_fields(), "seal_password", "seal_client_passphrase"]

    @api.model
    def _certificate_fields(self):
        return {*super()._certificate_fields(), "seal_certificate"}

    @api.depends("seal_password_encrypted", "seal_client_passphrase_encrypted")
    def _compute_has_seal_secrets(self):
        for provider in self:
            provider.has_seal_password = bool(provider.seal_password_encrypted)
            provider.has_seal_client_passphrase = bool(provider.seal_client_passphrase_encrypted)

    @api.constrains("state", "code", "seal_url", "seal_alias", "seal_certificate", "seal_password_encrypted")
    def _check_seal_complete(self):
        self._check_complete()

    def _ance_seal_missing(self):
        missing = [name for name in ("seal_url", "seal_alias", "seal_certificate") if not self[name]]
        if not self.seal_password_encrypted:
            missing.append("seal_password")
        return self._label(*missing)

    def _ance_seal_known_chain(self):
        if not self.seal_certificate:
            return None
        try:
            data = self._file("seal_certificate")
            chain = certificates.from_pem(data) if data.lstrip().startswith(b"-----BEGIN") else [data]
            return certificates.order_chain(chain)
        except (ValueError, binascii.Error):
            raise SignerError("certificate.unreadable") from None

    def _ance_seal_signer(self):
        chain = self._ance_seal_known_chain()
        client = None
        if self.seal_client_file:
            client = (self._file("seal_client_file"), self._secret("seal_client_passphrase"))
        seal = AnceSeal(self.seal_url, self.seal_alias, self._secret("seal_password"))
        return SealSigner(
            chain or [], seal, self.env["l10n_tn_edi.transport"]._open(client_certificate=client)
        )
