from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences of ``signature.codes`` about the authorities behind a certificate and its revocation."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _signature_catalogue(self):
        return {
            **super()._signature_catalogue(),
            **self._signature_trust_catalogue(),
            **self._signature_revocation_catalogue(),
        }

    @api.model
    def _signature_trust_catalogue(self):
        return {
            "trust.no_anchor": lambda p: self.env._(
                "The certificate of %(issuer)s is missing or not trusted here. Add the authority's certificate.",
                issuer=p["issuer"],
            ),
            "trust.not_authority": lambda p: self.env._(
                "%(holder)s is no certification authority.", holder=p["holder"]
            ),
            "trust.key_usage": lambda p: self.env._(
                "The authority %(holder)s may not issue certificates.", holder=p["holder"]
            ),
            "trust.path_length": lambda p: self.env._(
                "The authority %(holder)s allows %(allowed)s authorities below it, there are %(found)s.",
                holder=p["holder"],
                allowed=p["allowed"],
                found=p["found"],
            ),
            "trust.critical_extension": lambda p: self.env._(
                "The certificate of %(holder)s sets a condition that is not known here (%(extension)s).",
                holder=p["holder"],
                extension=p["extension"],
            ),
            "trust.weak_signature": lambda p: self.env._(
                "The certificate of %(holder)s is signed in a way that is no longer safe.", holder=p["holder"]
            ),
        }

    @api.model
    def _signature_revocation_catalogue(self):
        return {
            "ocsp.unreadable": lambda p: self.env._("The answer of the revocation service cannot be read."),
            "ocsp.refused": lambda p: self.env._(
                "The revocation service refuses to answer (%(status)s).", status=p["status"]
            ),
            "ocsp.signature": lambda p: self.env._(
                "The answer of the revocation service is not signed by the authority: it is not trusted."
            ),
            "ocsp.nonce": lambda p: self.env._(
                "The answer of the revocation service belongs to another question: it is not trusted."
            ),
            "ocsp.other_certificate": lambda p: self.env._(
                "The answer of the revocation service does not speak of this certificate."
            ),
            "ocsp.future": lambda p: self.env._(
                "The answer of the revocation service is dated in the future. Is the server's clock right?"
            ),
            "ocsp.stale": lambda p: self.env._(
                "The answer of the revocation service was valid until %(date)s only.", date=p["date"]
            ),
            "crl.unreadable": lambda p: self.env._("The authority's revocation list cannot be read."),
            "crl.other_issuer": lambda p: self.env._(
                "The revocation list is not of the authority that issued the certificate."
            ),
            "crl.signature": lambda p: self.env._(
                "The revocation list is not signed by the authority: it is not trusted."
            ),
            "crl.scope": lambda p: self.env._("The revocation list does not cover this certificate."),
            "crl.future": lambda p: self.env._(
                "The revocation list is dated in the future. Is the server's clock right?"
            ),
            "crl.stale": lambda p: self.env._(
                "The revocation list was valid until %(date)s only.", date=p["date"]
            ),
        }
