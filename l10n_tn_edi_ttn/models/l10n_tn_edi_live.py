"""What is on the screen follows TTN: open forms and lists are told which documents changed, once per transaction."""

from odoo import models
from odoo.addons.bus.websocket import wsrequest
from odoo.http import request

CHANNEL = "l10n_tn_edi"
NOTIFICATION = "l10n_tn_edi_ttn/changed"
PENDING = "l10n_tn_edi.changed"


class L10nTnEdiDocument(models.Model):
    _inherit = "l10n_tn_edi.document"

    def _set_state(self, state, **values):
        # EXTENDS 'l10n_tn_edi_ttn'
        result = super()._set_state(state, **values)
        self._announce()
        return result

    def _announce(self):
        """Tell the screens that show these documents or their invoices, when the transaction is committed.

        One message for each company and transaction, with ids only: what a user may read is decided when he reads it.
        """
        precommit = self.env.cr.precommit
        if PENDING not in precommit.data:
            precommit.data[PENDING] = {}
            precommit.add(self.env["l10n_tn_edi.document"]._send_announcements)
        pending = precommit.data[PENDING]
        for document in self.sudo():
            pending.setdefault(document.company_id.id, {})[document.id] = document.move_id.id

    def _send_announcements(self):
        """Called before the commit: hand what was collected to the bus."""
        for company_id, changed in self.env.cr.precommit.data.pop(PENDING, {}).items():
            self.env["bus.bus"]._sendone(
                (self.env["res.company"].browse(company_id), CHANNEL),
                NOTIFICATION,
                {"documents": list(changed), "moves": list(set(changed.values()))},
            )


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        # EXTENDS 'bus': accountants and those who may read invoices follow the companies they may work with
        channels = super()._build_bus_channel_list(channels)
        user = self.env.user
        if (request or wsrequest).session.uid and user.has_groups(
            "account.group_account_invoice,account.group_account_readonly"
        ):
            channels.extend(
                (company, CHANNEL) for company in user.company_ids.sudo() if company.l10n_tn_edi_enabled
            )
        return channels
