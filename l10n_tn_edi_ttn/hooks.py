def post_init_hook(env):
    """Give the companies that are there already the taxes that the Tunisian chart lacks, and all their taxes TEIF codes."""
    companies = env["res.company"].search([("account_fiscal_country_id.code", "=", "TN")])
    env["account.chart.template"]._l10n_tn_edi_load(companies)
    env["account.tax"]._l10n_tn_edi_preset_taxes(companies)


def uninstall_hook(env):
    """Take the archive's guard off before its tables go.

    :raise UserError: while something has to be kept, for those who come here beside the button.
    """
    env["ir.module.module"]._l10n_tn_edi_check_retention()
    env["l10n_tn_edi.archive.opening"]._remove_guard()
