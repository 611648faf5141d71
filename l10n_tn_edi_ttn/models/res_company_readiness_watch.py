"""The migration check by itself: before the next version of TEIF applies, somebody is told which invoices would fail in it."""

from dateutil.relativedelta import relativedelta
from markupsafe import Markup

from odoo import api, fields, models

# Days before the next version applies at which the check is made (again).
CHECK_DAYS = (30, 14, 7, 1)
# The latest invoices tell enough, and a scheduled action should not take hours.
EXAMINED = 2000
ACTIVITY = "l10n_tn_edi_ttn.activity_readiness"


class ResCompany(models.Model):
    _inherit = "res.company"

    l10n_tn_edi_readiness_told = fields.Char(
        string="Migration Check Told",
        help="Version, date and threshold of the last check that the responsible was told of.",
    )

    @api.model
    def _cron_l10n_tn_edi_readiness(self):
        """Daily: check the companies for which the next version comes near, once at each threshold."""
        today = fields.Date.context_today(self)
        companies = self.search(
            [
                ("l10n_tn_edi_enabled", "=", True),
                ("l10n_tn_edi_next_version", "!=", False),
                ("l10n_tn_edi_next_version_date", ">", today),
                ("l10n_tn_edi_next_version_date", "<=", today + relativedelta(days=CHECK_DAYS[0])),
            ]
        )
        for company in companies:
            start = company.l10n_tn_edi_next_version_date
            reached = min(days for days in CHECK_DAYS if (start - today).days <= days)
            told = f"{company.l10n_tn_edi_next_version} {start} {reached}"
            if company.l10n_tn_edi_readiness_told != told:
                company._l10n_tn_edi_report_readiness()
                company.l10n_tn_edi_readiness_told = told

    def _l10n_tn_edi_report_readiness(self):
        """Run the last twelve months against the next version; the responsible of the account gets what was found."""
        self.ensure_one()
        account = self.env["l10n_tn_edi.account"]._of(self, self.l10n_tn_edi_mode)
        responsible = account._responsible()
        company = self.with_context(lang=responsible.lang, allowed_company_ids=self.ids)
        result = company._l10n_tn_edi_readiness(self.l10n_tn_edi_next_version, limit=EXAMINED)
        account = account.with_env(company.env)
        account.activity_unlink([ACTIVITY])
        account.activity_schedule(
            ACTIVITY,
            date_deadline=self.l10n_tn_edi_next_version_date,
            summary=company.env._(
                "TEIF %(version)s from %(date)s: %(failing)s of %(checked)s invoices would fail",
                version=result["version"],
                date=fields.Date.to_string(self.l10n_tn_edi_next_version_date),
                failing=result["failing"],
                checked=result["checked"],
            ),
            note=company._l10n_tn_edi_readiness_note(result),
            user_id=responsible.id,
        )

    def _l10n_tn_edi_readiness_note(self, result):
        """:return: Markup, the commonest faults and where to mend them; that nothing is to do when there are none."""
        if not result["faults"]:
            return Markup("<p>%s</p>") % self.env._("Nothing has to be mended.")
        faults = Markup().join(
            Markup("<li>%s</li>")
            % self.env._("%(count)s invoices: %(sentence)s", count=fault["count"], sentence=fault["sentence"])
            for fault in result["faults"]
        )
        return Markup('<ul>%s</ul><p><a href="/odoo/action-%s">%s</a></p>') % (
            faults,
            "l10n_tn_edi_ttn.l10n_tn_edi_readiness_action",
            self.env._("Open the readiness check: it shows all invoices, and mends many records at once."),
        )
