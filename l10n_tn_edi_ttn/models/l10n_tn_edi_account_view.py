"""What screens show of an account at TTN: whether its queue is stopped, and what waits."""

from odoo import api, models


class L10nTnEdiAccount(models.Model):
    _inherit = "l10n_tn_edi.account"

    @api.model
    def get_stopped(self):
        """What the list of documents shows above: the stopped queues of the user's companies.

        :return: list of dicts ``{id, sentence, may_open}``.
        """
        self.env["l10n_tn_edi.document"].check_access("read")
        stopped = self.sudo().search([("stopped", "=", True), ("company_id", "in", self.env.companies.ids)])
        current = stopped.filtered(lambda account: account.mode == account.company_id.l10n_tn_edi_mode)
        return [
            {
                "id": account.id,
                "sentence": self.env._(
                    "%(company)s: the queue is stopped, %(count)s documents wait. %(why)s",
                    company=account.company_id.name,
                    count=account.waiting_count,
                    why=account.stop_sentence or "",
                ),
                "may_open": self.env.user.has_group("account.group_account_manager"),
            }
            for account in current
        ]

    def action_contingency(self):
        """Open the report of what could not be deposited."""
        self.ensure_one()
        self._check_responsible()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Contingency Report"),
            "res_model": "l10n_tn_edi.contingency",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_account_id": self.id},
        }
