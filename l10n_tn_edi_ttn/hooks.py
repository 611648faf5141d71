def post_init_hook(env):
    """Give the taxes of the companies that are there already their TEIF codes."""
    companies = env["res.company"].search([("account_fiscal_country_id.code", "=", "TN")])
    env["account.tax"]._l10n_tn_edi_preset_taxes(companies)
