"""Run in Odoo's shell while the template database is made: the last touches, and a look at what it must be."""

from odoo.tools import config

env = globals()["env"]  # given by Odoo's shell

company = env["res.company"].browse(1)
company.name = "Société de démonstration"
# Where wkhtmltopdf gets style sheets from. Nobody listens there until a server is started with that port.
parameters = env["ir.config_parameter"]
parameters.set_param("report.url", f"http://127.0.0.1:{config['http_port']}")

found = (company.country_id.code, company.currency_id.name, company.chart_template)
if found != ("TN", "TND", "tn"):
    raise SystemExit(
        f"the template's company should be Tunisian, with TND and the chart 'tn'; it has {found}"
    )
languages = {code for code, _name in env["res.lang"].get_installed()}
if not {"en_US", "fr_FR", "ar_001"} <= languages:
    raise SystemExit(f"languages are missing in the template: {sorted(languages)}")

env["ir.qweb"]._pregenerate_assets_bundles()
env.cr.commit()
