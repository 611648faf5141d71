from odoo import api, models
from odoo.exceptions import UserError

ADDON = "l10n_tn_edi_ttn"


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    def button_uninstall(self):
        # EXTENDS 'base': also for what the addon depends on, which would take it along
        if ADDON in (self | self.downstream_dependencies()).mapped("name"):
            self._l10n_tn_edi_check_retention()
        return super().button_uninstall()

    @api.model
    def _l10n_tn_edi_check_retention(self):
        """:raise UserError: while what production archived has to be kept."""
        kept = (
            self.env["l10n_tn_edi.archive.entry"]
            .sudo()
            .search([("mode", "=", "production"), ("kind", "=", "invoice"), ("deletion_id", "=", False)])
        )
        kept -= kept._over()
        if kept:
            raise UserError(
                self.env._(
                    "Electronic invoicing can't be removed: its archive holds %(count)s invoices that have to be kept until "
                    "%(date)s. Switch it off in the settings instead.",
                    count=len(kept),
                    date=max(kept.mapped("retain_until")),
                )
            )
