from odoo import models


class IrUiMenu(models.Model):
    _inherit = "ir.ui.menu"

    def _load_menus_blacklist(self):
        # EXTENDS 'base': the menus of El Fatoora are for those who have a company with its accounting in Tunisia
        hidden = super()._load_menus_blacklist()
        if "TN" not in self.env.user.company_ids.sudo().account_fiscal_country_id.mapped("code"):
            for name in ("menu_root", "menu_configuration"):
                menu = self.env.ref(f"l10n_tn_edi_ttn.{name}", raise_if_not_found=False)
                if menu:
                    hidden.append(menu.id)
        if not any(self.env.user.company_ids.sudo().mapped("l10n_tn_edi_api_enabled")):
            for name in ("menu_api_keys", "menu_api_calls", "menu_api_certificates"):
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
