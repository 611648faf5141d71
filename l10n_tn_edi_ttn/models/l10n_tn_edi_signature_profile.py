import base64
import binascii
from dataclasses import astuple
from dataclasses import fields as names_of
from datetime import UTC

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..signature import profile

SHA256_BYTES = 32


class L10nTnEdiSignatureProfile(models.Model):
    """What TTN demands of a signature, and since when: its policy, the role, the certificate's digest.

    Suppliers sign in the profile in force; a signature is measured with the one that was in force when it was made.
    """

    _name = "l10n_tn_edi.signature.profile"
    _inherit = ["l10n_tn_edi.cached"]
    _description = "Signature Profile"
    _order = "signature, date_from desc, id desc"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    signature = fields.Selection(
        [("SigFrs", "Supplier's (SigFrs)"), ("SigTTN", "TTN's (SigTTN)")], required=True, default="SigFrs"
    )
    date_from = fields.Date(string="In Force From", help="Empty: from the beginning.")
    date_to = fields.Date(string="In Force Until", help="Empty: until another one begins.")
    policy_oid = fields.Char(string="Policy Identifier", required=True)
    policy_qualifier = fields.Char(required=True, default="OIDAsURN")
    policy_description = fields.Char(required=True)
    policy_hash_b64 = fields.Char(
        string="Policy Hash",
        required=True,
        help="SHA-256 of the policy's PDF, in base64, as TTN publishes it.",
    )
    policy_uri = fields.Char(string="Policy Address", required=True)
    role = fields.Char(string="Claimed Role", required=True)
    certificate_digest = fields.Selection(
        [(name, name.upper().replace("SHA", "SHA-")) for name in profile.CERTIFICATE_DIGESTS],
        required=True,
        default="sha1",
        help="How the signed properties name the certificate. TTN's profile has SHA-1; the signature itself uses SHA-256.",
    )

    _dates = models.Constraint(
        "CHECK (date_from IS NULL OR date_to IS NULL OR date_from <= date_to)",
        "A profile cannot end before it begins.",
    )

    @api.constrains("policy_hash_b64")
    def _check_policy_hash(self):
        for one in self:
            try:
                size = len(base64.b64decode(one.policy_hash_b64, validate=True))
            except binascii.Error:
                size = 0
            if size != SHA256_BYTES:
                raise ValidationError(
                    self.env._("The policy's hash of “%(name)s” is no SHA-256 in base64.", name=one.name)
                )

    def _profile(self):
        """:return: the ``profile.Profile`` of this record."""
        self.ensure_one()
        return profile.Profile(**{field.name: self[field.name] for field in names_of(profile.Profile)})

    @api.model
    def _in_force(self, signature, day):
        """:return: the ``profile.Profile`` that a signature (SigFrs, SigTTN) of a day must follow."""
        found = self._in_force_values(signature, day)
        return profile.Profile(*found) if found else profile.V3

    @api.model
    @tools.ormcache("signature", "day")
    def _in_force_values(self, signature, day):
        domain = Domain("signature", "=", signature)
        for name, operator in (("date_from", "<="), ("date_to", ">=")):
            domain &= Domain(name, "=", False) | Domain(name, operator, day)
        found = self.sudo().search(domain, limit=1, order="date_from desc nulls last, id desc")
        return astuple(found._profile()) if found else None

    @api.model
    def _demanded(self, signature, time):
        """As ``verify.verify`` wants it: the profile for the Id of a signature and its time (None: today)."""
        day = time.astimezone(UTC).date() if time else fields.Date.today()
        return self._in_force("SigTTN" if signature == "SigTTN" else "SigFrs", day)
