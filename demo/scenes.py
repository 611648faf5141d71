"""Run in Odoo's shell by `demo/screenshots`: what the demo's own invoices don't show. Running it again changes nothing."""

env = globals()["env"]  # given by Odoo's shell

env["ir.config_parameter"].set_param("report.url", env["ir.config_parameter"].get_param("web.base.url"))
# Two customers read another language; the others are written to in French.
env["res.partner"].search(
    [("user_ids", "=", False), ("name", "not in", ("شركة الأمل", "Amal Trading Ltd"))]
).write({"lang": "fr_FR"})
admin = env.ref("base.user_admin")
admin.write({"lang": "fr_FR", "email": "admin@example.com"})
if not env["res.users"].search([("login", "=", "muhasib")]):
    env["res.users"].create(
        {
            "name": "محاسب",
            "login": "muhasib",
            "password": "muhasib",
            "lang": "ar_001",
            "group_ids": [(4, env.ref("account.group_account_invoice").id)],
        }
    )
if not env["res.users"].search([("login", "=", "cabinet")]):
    branch = env["res.company"].create(
        {"name": "Exemple Services SARL", "country_id": env.ref("base.tn").id, "l10n_tn_edi_enabled": True}
    )
    env["res.users"].create(
        {
            "name": "Cabinet comptable",
            "login": "cabinet",
            "password": "cabinet",
            "lang": "fr_FR",
            "company_id": 1,
            "company_ids": [(6, 0, [1, branch.id])],
            "group_ids": [(4, env.ref("account.group_account_manager").id)],
        }
    )
# TTN, which is the sandbox here, knows the certificate.
env["l10n_tn_edi.certificate"].search([("declared", "=", False)]).declared = True
# What waits shows at once where the books and TTN disagree.
env["res.company"].browse(1).l10n_tn_edi_late_days = 0
# The running server reads them anew
env.registry.clear_cache()
env.registry.signal_changes()
env.cr.commit()
