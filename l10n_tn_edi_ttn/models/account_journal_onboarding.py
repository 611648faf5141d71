"""Journals of their own for electronic invoices: numbers without a slash, and the way to the checklist on their cards."""

from odoo import fields, models

from .res_company_onboarding import STEPS


class AccountJournal(models.Model):
    _inherit = "account.journal"

    l10n_tn_edi_dashes = fields.Boolean(
        string="Numbers without “/”",
        help="The first number of this journal is written with hyphens, FE-2026-00001: TEIF 1.9 refuses slashes. The "
        "numbers that follow are made after it.",
    )

    def _l10n_tn_edi_has_slash(self):
        """:return: whether the next invoice of the journal would get a number with a slash."""
        self.ensure_one()
        last = self.env["account.move"].search(
            [
                ("journal_id", "=", self.id),
                ("move_type", "in", ("out_invoice", "out_refund")),
                ("name", "not in", (False, "/", "")),
            ],
            order="id desc",
            limit=1,
        )
        return "/" in last.name if last else not self.l10n_tn_edi_dashes

    def _fill_sale_purchase_dashboard_data(self, dashboard_data):
        # EXTENDS 'account'
        super()._fill_sale_purchase_dashboard_data(dashboard_data)
        if not self.env.user.has_group("base.group_system"):
            return
        # Once a company, on the first of its sales journals
        sales = self.filtered(lambda journal: journal.type == "sale").sorted("sequence")
        for company, journals in sales.grouped("company_id").items():
            if company.account_fiscal_country_id.code != "TN":
                continue
            done = sum(done for done, _told in company._l10n_tn_edi_steps().values())
            if done < len(STEPS):
                dashboard_data[journals[0].id]["l10n_tn_edi_steps"] = self.env._(
                    "El Fatoora: %(done)s of %(all)s steps done", done=done, all=len(STEPS)
                )

    def action_l10n_tn_edi_onboarding(self):
        """Open the checklist of the journal's company."""
        self.ensure_one()
        return self.env["l10n_tn_edi.onboarding"].with_company(self.company_id).action_open()


class AccountMove(models.Model):
    _inherit = "account.move"

    def _get_starting_sequence(self):
        # EXTENDS 'account'
        start = super()._get_starting_sequence()
        return start.replace("/", "-") if self.journal_id.l10n_tn_edi_dashes else start
