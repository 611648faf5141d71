"""Calls of the API with a client certificate, whose TLS connection ends at a proxy of ours."""

import base64
import binascii
import hashlib
import logging
from datetime import UTC, datetime

from cryptography import x509

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.tools.misc import consteq

from ..api.client_cert import CERTIFICATE_HEADER, CHAIN_HEADER, HeaderError, read_certificate, read_chain
from ..signature import certificates
from ..signature.trust import build_path
from .l10n_tn_edi_api_problem import ApiProblem

_logger = logging.getLogger(__name__)

# Server configuration, [options]: what the proxy sends with each call of the API, so that nobody else can speak for it. The
# header stands in the documented configuration of nginx (docs/nginx-api.conf).
CONFIG_PROXY_SECRET = "l10n_tn_edi_proxy_secret"
PROXY_HEADER = "X-L10n-Tn-Edi-Proxy"
SHORTEST_SECRET = 32
CLIENT_USAGES = {x509.ExtendedKeyUsageOID.CLIENT_AUTH, x509.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


class L10nTnEdiApiCertificate(models.Model):
    """A client certificate that calls the API as one user, of one company: until it expires, is archived or deleted."""

    _name = "l10n_tn_edi.api.certificate"
    _description = "Client Certificate of the API for Electronic Invoices"
    _order = "company_id, not_after desc, id"

    name = fields.Char(string="Which System", required=True)
    active = fields.Boolean(default=True)
    user_id = fields.Many2one(
        "res.users",
        string="API User",
        required=True,
        ondelete="cascade",
        domain="[('l10n_tn_edi_api_company_id', '!=', False)]",
        help="As whom it calls: a user of the API, with his company alone.",
    )
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        precompute=True,
        index=True,
        compute_sudo=True,
    )
    certificate = fields.Binary(
        string="Certificate of the System",
        required=True,
        attachment=False,
        help="PEM or DER, without its key.",
    )
    authority = fields.Binary(
        string="Its Authority",
        required=True,
        attachment=False,
        help="The certificate of the authority that issued it (PEM, or DER); with a PEM also those between.",
    )
    fingerprint = fields.Char(
        string="SHA-256", compute="_compute_content", store=True, precompute=True, index=True
    )
    subject = fields.Char(compute="_compute_content", store=True, precompute=True)
    issuer = fields.Char(compute="_compute_content", store=True, precompute=True)
    not_after = fields.Datetime(string="Valid Until", compute="_compute_content", store=True, precompute=True)

    _fingerprint_unique = models.UniqueIndex(
        "(fingerprint) WHERE active", "This certificate calls the API as another user already."
    )

    @api.depends("user_id.l10n_tn_edi_api_company_id")
    def _compute_company_id(self):
        for pin in self:
            pin.company_id = pin.user_id.l10n_tn_edi_api_company_id

    @api.depends("certificate")
    def _compute_content(self):
        for pin in self:
            try:
                [der] = pin._read("certificate")
                loaded = certificates.load(der)
            except ValueError:
                pin.fingerprint = pin.subject = pin.issuer = pin.not_after = False
                continue
            pin.fingerprint = hashlib.sha256(der).hexdigest()
            pin.subject = loaded.subject.rfc4514_string()
            pin.issuer = loaded.issuer.rfc4514_string()
            pin.not_after = loaded.not_valid_after_utc.replace(tzinfo=None)

    @api.constrains("certificate", "authority", "user_id", "active")
    def _check_usable(self):
        for pin in self.filtered("active"):
            if not pin.fingerprint:
                raise ValidationError(
                    self.env._("The certificate of the system is one certificate, as PEM or DER.")
                )
            if not pin.company_id:
                raise ValidationError(
                    self.env._("%(user)s is no user of the API.", user=pin.user_id.display_name)
                )
            reason = pin._refusal()
            if reason:
                raise ValidationError(
                    self.env._("This certificate cannot be used: %(reason)s", reason=reason)
                )

    def _read(self, name):
        """:return: list of DER certificates of a binary field.
        :raise ValueError: it holds none.
        """
        data = base64.b64decode(self.with_context(bin_size=False)[name] or b"")
        if data.lstrip().startswith(b"-----BEGIN"):
            return certificates.from_pem(data)
        certificates.load(data)
        return [data]

    def _refusal(self, between=()):
        """:param between: further DER certificates that came with the call.
        :return: None when the certificate is good now, else a sentence why not.
        """
        self.ensure_one()
        try:
            [der] = self._read("certificate")
            anchors = self._read("authority")
            path = build_path(der, between, anchors, datetime.now(UTC))
        except (ValueError, binascii.Error):
            return self.env._("The certificate of its authority cannot be read.")
        if not path.anchored or der in anchors:
            return self.env._("It was not issued by the authority given.")
        if path.problems:
            first = path.problems[0]
            return self.env["l10n_tn_edi.messages"]._sentence(first.code, first.params)
        try:
            usages = certificates.load(der).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except x509.ExtensionNotFound:
            return None
        return None if CLIENT_USAGES & set(usages) else self.env._("It is not meant for clients.")


class L10nTnEdiApiAccess(models.AbstractModel):
    _inherit = "l10n_tn_edi.api.access"

    @api.model
    def _identify(self, httprequest):
        # EXTENDS 'l10n_tn_edi_ttn': a key counts where one is shown; a header that our proxy did not send never does
        headers = httprequest.headers
        shown = headers.get(CERTIFICATE_HEADER)
        if shown is None and CHAIN_HEADER not in headers:
            return super()._identify(httprequest)
        if not self._comes_from_proxy(headers):
            _logger.warning(
                "A client certificate that no proxy of ours sent, from %s", httprequest.remote_addr
            )
            raise ApiProblem("api.proxy")
        if "Authorization" in headers:
            return super()._identify(httprequest)
        pin = self._pin(shown or "", headers.get(CHAIN_HEADER, ""))
        return self._caller(pin.user_id.id, f"certificate:{pin.id}")

    @api.model
    def _comes_from_proxy(self, headers):
        """:return: bool, whether the call bears the secret of the server's configuration; without one there nobody does."""
        secret = tools.config.get(CONFIG_PROXY_SECRET) or ""
        given = headers.get(PROXY_HEADER, "")
        return len(secret) >= SHORTEST_SECRET and consteq(given.encode(), secret.encode())

    @api.model
    def _pin(self, shown, chain):
        """:return: the ``l10n_tn_edi.api.certificate`` of the certificate shown.
        :raise ApiProblem: when there is none, or it is not good now.
        """
        try:
            fingerprint = hashlib.sha256(read_certificate(shown)).hexdigest()
            between = read_chain(chain)
        except HeaderError as error:
            raise ApiProblem("api.certificate") from error
        pin = self.env["l10n_tn_edi.api.certificate"].sudo().search([("fingerprint", "=", fingerprint)])
        reason = pin._refusal(between) if pin else "unknown"
        if reason:
            _logger.info("Client certificate %s is refused: %s", fingerprint, reason)
            raise ApiProblem("api.certificate")
        return pin
