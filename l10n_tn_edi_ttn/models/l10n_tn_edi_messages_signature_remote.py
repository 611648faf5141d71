from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences of ``signature.codes`` about signers outside Odoo: remote services, the signing agent and its token."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _signature_catalogue(self):
        return {
            **super()._signature_catalogue(),
            **self._signature_remote_catalogue(),
            **self._signature_agent_catalogue(),
            **self._signature_desktop_catalogue(),
        }

    @api.model
    def _signature_agent_catalogue(self):
        return {
            "agent.unreachable": lambda p: self.env._(
                "The signing agent is not running. Ask the server's administrator to start it; the documents wait."
            ),
            "agent.refused": lambda p: self.env._(
                "The signing agent does not let Odoo in. Its administrator adds Odoo's user to its configuration."
            ),
            "agent.request": lambda p: self.env._(
                "The signing agent does not understand the request. Are it and this addon of the same version?"
            ),
            "agent.busy": lambda p: self.env._(
                "The token “%(key)s” is busy. The documents wait.", key=p["key"]
            ),
            "agent.unknown_key": lambda p: self.env._(
                "The signing agent has no key “%(key)s”. Check its name on the signature provider.",
                key=p["key"],
            ),
            "agent.library": lambda p: self.env._(
                "The manufacturer's library of token “%(key)s” cannot be loaded. The server's administrator checks the "
                "agent's configuration.",
                key=p["key"],
            ),
            "agent.token_missing": lambda p: self.env._(
                "The token “%(key)s” is not plugged in. Plug it in; what was signed is kept, the rest waits.",
                key=p["key"],
            ),
            "agent.pin_needed": lambda p: self.env._(
                "The PIN of “%(key)s” is needed: select the documents and choose Sign.", key=p["key"]
            ),
            "agent.session_over": lambda p: self.env._(
                "The signing session of “%(key)s” is over: select the documents and choose Sign.",
                key=p["key"],
            ),
            "agent.pin_wrong": lambda p: self.env._(
                "The PIN of “%(key)s” is wrong. It was tried once and is not tried again: several wrong tries lock the token.",
                key=p["key"],
            ),
            "agent.pin_last_try": lambda p: self.env._(
                "One more wrong PIN would lock the token “%(key)s”, so none is tried. Enter the right PIN once in the "
                "manufacturer's software, then sign here again.",
                key=p["key"],
            ),
            "agent.pin_locked": lambda p: self.env._(
                "The token “%(key)s” is locked or its PIN has expired. The authority that gave it unlocks it.",
                key=p["key"],
            ),
            "agent.not_a_document": lambda p: self.env._(
                "The signing agent refused: what was to be signed is no invoice. Nothing was signed."
            ),
            "agent.archives": lambda p: self.env._(
                "The signing agent signs invoices only. To sign archives and PDFs too, the server's administrator sets "
                "“archives = true” for the key in its configuration."
            ),
            "pdf.library": lambda p: self.env._(
                "Signing a PDF needs the Python package pyHanko: the server's administrator installs it (pip install pyHanko)."
            ),
            "pdf.unreadable": lambda p: self.env._(
                "This file is no PDF that can be signed. Print the invoice again."
            ),
            "agent.failed": lambda p: self.env._(
                "The token “%(key)s” failed (%(reason)s). Unplug it, plug it in again, and sign again.",
                key=p["key"],
                reason=p["reason"],
            ),
        }

    @api.model
    def _signature_desktop_catalogue(self):
        return {
            "agent.origin": lambda p: self.env._(
                "The signing agent on this computer does not talk to this Odoo. Add Odoo's address to “origins” in its "
                "configuration, exactly as the browser shows it."
            ),
            "agent.unpaired": lambda p: self.env._(
                "The signing agent on this computer does not know this browser yet. Connect them with the code that it shows."
            ),
            "agent.pairing_over": lambda p: self.env._(
                "This code is used or too old. Ask for a new one and type it within two minutes."
            ),
            "agent.pairing_code": lambda p: self.env._(
                "This code is wrong. Tries left: %(left)s.", left=p["left"]
            ),
            "agent.pairing_paused": lambda p: self.env._(
                "After several wrong codes the signing agent connects nobody for %(minutes)s minutes.",
                minutes=p["minutes"],
            ),
            "agent.declined": lambda p: self.env._(
                "The signature was declined on the computer with the token, or nobody entered the PIN in time. Nothing was "
                "signed."
            ),
            "agent.clock": lambda p: self.env._(
                "The clock of the computer with the token is far from the server's (%(found)s). Set it, then sign again.",
                found=p["found"],
            ),
            "agent.digest": lambda p: self.env._(
                "The signing agent refused %(number)s: what was to be signed does not belong to its bytes. Nothing was signed; "
                "tell your administrator.",
                number=p["number"],
            ),
            "agent.other_certificate": lambda p: self.env._(
                "The certificate of this signature is not on the token that is plugged in. Plug in the right one."
            ),
            "agent.unclear": lambda p: self.env._(
                "The signing agent refused: the document does not say clearly, and once, %(element)s.",
                element=p["element"],
            ),
        }

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
