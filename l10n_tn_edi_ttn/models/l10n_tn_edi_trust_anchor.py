import base64
import binascii
from datetime import UTC

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ..signature import certificates, trust

# Who signs as TTN: 8-character matricules as certificates name them, separated by commas.
TTN_PARAMETER = "l10n_tn_edi_ttn.ttn_matricules"
TTN_MATRICULES = "0736202X"


class L10nTnEdiTrustAnchor(models.Model):
    """A certification authority: whom signers' certificates, and TTN's own, must come from.

    The Tunisian authorities are there by name; their certificates are loaded by an administrator, who got them from the
    authority itself. Nothing is trusted because a document brings it along.
    """

    _name = "l10n_tn_edi.trust.anchor"
    _description = "Trusted Certification Authority"
    _order = "sequence, id"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    trusted = fields.Boolean(
        string="Trust Ends Here",
        default=True,
        help="A certificate that leads up to this authority is trusted. Without it, the authority only helps to build "
        "the chain up to one that is.",
    )
    source = fields.Char(string="Where to Get It")
    certificate = fields.Binary(attachment=False, help="PEM or DER; a PEM file may hold several authorities.")
    holder = fields.Char(compute="_compute_details", store=True)
    not_after = fields.Datetime(string="Valid Until", compute="_compute_details", store=True)
    fingerprint = fields.Char(
        string="SHA-256",
        compute="_compute_details",
        store=True,
        help="Compare it with what the authority publishes.",
    )

    @api.depends("certificate")
    def _compute_details(self):
        for anchor in self:
            found = [certificates.describe(der) for der in anchor._read()]
            anchor.holder = ", ".join(info.holder for info in found) or False
            anchor.fingerprint = ", ".join(info.fingerprint_sha256 for info in found) or False
            ends = [info.not_after.replace(tzinfo=None) for info in found]
            anchor.not_after = min(ends) if ends else False

    @api.constrains("certificate")
    def _check_certificate(self):
        for anchor in self:
            if anchor.certificate and not anchor._read():
                raise ValidationError(
                    self.env._("“%(name)s”: this file is no certificate (PEM or DER).", name=anchor.name)
                )

    def _read(self):
        """:return: list of DER bytes; empty when nothing is loaded, or nothing that can be read."""
        self.ensure_one()
        try:
            data = base64.b64decode(self.with_context(bin_size=False).certificate or b"")
            if data.lstrip().startswith(b"-----BEGIN"):
                return certificates.from_pem(data)
            if data:
                certificates.load(data)
                return [data]
        except (ValueError, binascii.Error):
            return []
        return []

    @api.model_create_multi
    def create(self, vals_list):
        anchors = super().create(vals_list)
        anchors._changed()
        return anchors

    def write(self, vals):
        result = super().write(vals)
        if {"certificate", "trusted", "active"} & vals.keys():
            self._changed()
        return result

    def unlink(self):
        result = super().unlink()
        self._changed()
        return result

    @api.model
    def _changed(self):
        self.env.registry.clear_cache()
        self.env["l10n_tn_edi.document"]._prove_again()

    @api.model
    @tools.ormcache()
    def _loaded(self):
        """:return: (DER certificates that are trusted, DER certificates that only help), each a tuple."""
        anchors = self.sudo().search([("certificate", "!=", False)])
        ends, helps = anchors.filtered("trusted"), anchors.filtered(lambda anchor: not anchor.trusted)
        return tuple(tuple(der for anchor in group for der in anchor._read()) for group in (ends, helps))

    @api.model
    def _path(self, signer, others, at):
        """The path from a certificate up to an authority that is trusted here.

        :param bytes signer: DER.
        :param others: DER certificates that came along.
        :param datetime at: when the path must hold, with a time zone.
        :return: ``trust.Path``, or None when no trusted authority is loaded at all.
        """
        ends, helps = self._loaded()
        return trust.build_path(signer, [*others, *helps], ends, at) if ends else None

    @api.model
    def _is_ttn(self, report, others, production):
        """Whether a signature that is intact is TTN's own.

        :param report: ``verify.SignatureReport`` of SigTTN.
        :param others: DER certificates of the whole document (TTN's signature brings only its own).
        :param bool production: on the test platform, where nothing is proved, an intact signature is enough as long as
            no authority is loaded.
        """
        at = report.signing_time or fields.Datetime.now().replace(tzinfo=UTC)
        path = self._path(report.signer_der, others, at)
        if path is None:
            return not production
        known = self.env["ir.config_parameter"].sudo().get_param(TTN_PARAMETER) or TTN_MATRICULES
        named = certificates.describe(report.signer_der).matricule8
        return path.trusted and named in {matricule.strip().upper() for matricule in known.split(",")}
