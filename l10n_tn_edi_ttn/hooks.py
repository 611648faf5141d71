def post_init_hook(env):
    """Give the companies that are there already the taxes that the Tunisian chart lacks, and all their taxes TEIF codes."""
    companies = env["res.company"].search([("account_fiscal_country_id.code", "=", "TN")])
    env["account.chart.template"]._l10n_tn_edi_load(companies)
    env["account.tax"]._l10n_tn_edi_preset_taxes(companies)
