from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences of signing inside Odoo: whom a document waits for, what came of a session."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _way_catalogue(self):
        return {**super()._way_catalogue(), **self._signing_catalogue()}

    @api.model
    def _signing_catalogue(self):
        return {
            "signing.service": lambda p: self.env._("The signature service is signing this document."),
            "signing.expired": lambda p: self.env._(
                "Nobody finished the signature in time. Nothing was signed; the document is to be signed again."
            ),
            "certificate.revoked": lambda p: self.env._(
                "The certificate of %(holder)s was revoked: TTN refuses it. Sign with another one, and ask the authority why.",
                holder=p["holder"],
            ),
            "provider.waits_for_holder": lambda p: self.env._(
                "Waits for the signature of %(holder)s: select the documents and choose Sign.", holder=p["holder"]
            ),
        }
