"""Send now and wait: the screen looks at the invoice in short calls of its own; nobody holds a lock meanwhile."""

from odoo import models

# How long the screen waits for TTN's verdict
WAIT_SECONDS = 30
# In these states the screen has something to tell, or nothing more comes by itself
SETTLED = {
    "accepted": "success",
    "conflict": "danger",
    "rejected": "danger",
    "error": "danger",
    "to_decide": "warning",
    "signing": "warning",
}


class AccountMove(models.Model):
    _inherit = "account.move"

    def action_l10n_tn_edi_send_and_wait(self):
        """Send one invoice at once and have the screen wait some seconds for TTN's verdict.

        :return: a client action; what is scheduled here is committed before it begins to look.
        """
        self.ensure_one()
        self.action_l10n_tn_edi_send()
        return {
            "type": "ir.actions.client",
            "tag": "l10n_tn_edi_wait",
            "params": {"move_id": self.id, "seconds": WAIT_SECONDS},
        }

    def l10n_tn_edi_outcome(self):
        """What the waiting screen asks every second.

        :return: dict ``{settled, type, title, message}``.
        """
        self.ensure_one()
        self.check_access("read")
        document = self.sudo().l10n_tn_edi_document_id
        title, _line, message = (
            self._l10n_tn_edi_told(document.sudo()).partition("\n") if document else ("", "", "")
        )
        return {
            "settled": document.state in SETTLED,
            "type": SETTLED.get(document.state, "info"),
            "title": title,
            "message": message,
        }
