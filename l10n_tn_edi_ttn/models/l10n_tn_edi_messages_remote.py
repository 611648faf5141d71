from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences of ``signature.codes`` about signers outside Odoo: remote services, the signing agent and its token."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _signature_catalogue(self):
        return {**super()._signature_catalogue(), **self._signature_remote_catalogue()}

    @api.model
    def _signature_remote_catalogue(self):
        return {
            "remote.unreachable": lambda p: self.env._(
                "The signature service cannot be reached. Nothing was signed; try again later."
            ),
            "remote.denied": lambda p: self.env._(
                "The signature service refuses the account, the password or the PIN (HTTP %(status)s). Check them on the "
                "signature provider: several wrong tries lock them.",
                status=p["status"],
            ),
            "remote.refused": lambda p: self.env._(
                "The signature service refuses the request (HTTP %(status)s). Check the account on the signature provider.",
                status=p["status"],
            ),
            "remote.unavailable": lambda p: self.env._(
                "The signature service is out of order (HTTP %(status)s). Nothing was signed; try again later.",
                status=p["status"],
            ),
            "remote.answer": lambda p: self.env._(
                "The answer of the signature service cannot be used (%(reason)s). Try again; tell the service if it stays so.",
                reason=p["reason"],
            ),
            "remote.count": lambda p: self.env._(
                "The signature service gave %(found)s signatures for %(expected)s documents. None was used; sign again.",
                found=p["found"],
                expected=p["expected"],
            ),
            "digigo.declined": lambda p: self.env._(
                "The holder did not allow the signature in DigiGo, or the one-time password was too old. Sign again."
            ),
            "digigo.token": lambda p: self.env._("DigiGo gave no valid authorisation. Sign again."),
        }
