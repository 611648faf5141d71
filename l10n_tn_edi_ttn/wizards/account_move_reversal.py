from odoo import models


class AccountMoveReversal(models.TransientModel):
    _inherit = "account.move.reversal"

    def _modify_default_reverse_values(self, origin_move):
        # EXTENDS 'account'
        values = super()._modify_default_reverse_values(origin_move)
        # TTN may still accept what it rejected: the new invoice waits as one that replaces it in our own way.
        if origin_move.l10n_tn_edi_state == "rejected":
            values["l10n_tn_edi_replaced_id"] = origin_move.id
        return values
