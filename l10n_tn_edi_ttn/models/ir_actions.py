from odoo import api, models


class IrActions(models.Model):
    _inherit = "ir.actions.actions"

    @api.model
    def get_bindings(self, model_name):
        # EXTENDS 'base': a server action has no domain that could hide it from invoices of other countries
        bindings = super().get_bindings(model_name)
        if model_name != "account.move" or self.env["account.move"]._l10n_tn_edi_in_sight():
            return bindings
        ours = self.env.ref("l10n_tn_edi_ttn.action_move_readiness", raise_if_not_found=False)
        return {
            kind: [action for action in actions if not ours or action["id"] != ours.id]
            for kind, actions in bindings.items()
        }
