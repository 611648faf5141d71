from odoo import models


class IrUiMenu(models.Model):
    _inherit = "ir.ui.menu"

    def _load_menus_blacklist(self):
        # EXTENDS 'base': the menus of El Fatoora are for those who have a company with its accounting in Tunisia
        hidden = super()._load_menus_blacklist()
        names = []
        if "TN" not in self.env.user.company_ids.sudo().account_fiscal_country_id.mapped("code"):
            names += ["menu_root", "menu_configuration", "menu_archive_app"]
        elif self.env.user.has_groups("account.group_account_invoice,account.group_account_readonly"):
            names.append("menu_archive_app")  # they have it among the menus of Accounting
        if not any(self.env.user.company_ids.sudo().mapped("l10n_tn_edi_api_enabled")):
            names += ["menu_api_keys", "menu_api_calls", "menu_api_certificates"]
        for name in names:
            menu = self.env.ref(f"l10n_tn_edi_ttn.{name}", raise_if_not_found=False)
            if menu:
                hidden.append(menu.id)
        return hidden


class ResCompany(models.Model):
    _inherit = "res.company"

    def cache_invalidation_fields(self):
        # EXTENDS 'base': menus depend on it, see above
        return super().cache_invalidation_fields() | {
            "account_fiscal_country_id",
            "l10n_tn_edi_api_enabled",
        }
