from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences of ``webhooks.answers``: why a message was not delivered."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _catalogue(self):
        return {**super()._catalogue(), **self._webhook_catalogue()}

    @api.model
    def _webhook_catalogue(self):
        return {
            "webhook.no_key": lambda p: self.env._(
                "The webhook has no key that can be read. Make one and give it to the receiver."
            ),
            "webhook.no_package": lambda p: self.env._(
                "This server cannot sign webhooks. Its administrator installs the Python package http-message-signatures."
            ),
            "webhook.copy": lambda p: self.env._(
                "This database is a copy, or was moved: it tells nobody until an administrator says that it is the one that does."
            ),
            "webhook.neutralized": lambda p: self.env._(
                "This database is a neutralised copy: it tells nobody."
            ),
            "webhook.too_old": lambda p: self.env._("The receiver was out of order for too long."),
            "webhook.address": lambda p: self.env._(
                "The address is not https, or leads into a private network that the server's configuration does not allow."
            ),
            "webhook.tls": lambda p: self.env._(
                "The certificate of %(host)s could not be trusted. Nothing was sent.", host=p["host"]
            ),
            "webhook.unreachable": lambda p: self.env._("%(host)s cannot be reached.", host=p["host"]),
            "webhook.timeout": lambda p: self.env._("The receiver did not answer in time."),
            "webhook.broken": lambda p: self.env._("The receiver's answer broke off or could not be read."),
            "webhook.status": lambda p: self.env._(
                "The receiver answered with HTTP status %(status)s.", status=p["status"]
            ),
            "webhook.redirect": lambda p: self.env._(
                "The receiver answered with a redirect (HTTP status %(status)s), which is not followed. Enter its final address.",
                status=p["status"],
            ),
        }
