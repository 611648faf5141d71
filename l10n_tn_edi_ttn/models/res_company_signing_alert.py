"""What an accountant should hear of the company's signature before it stops the invoices, on dashboard and settings."""

from odoo import api, fields, models

# Days before a certificate's end from which every accountant sees it; its responsible is told earlier.
SHOWN_DAYS = 30


class ResCompany(models.Model):
    _inherit = "res.company"

    def _l10n_tn_edi_signing_alert(self):
        """The one thing about certificates and the last check that has to be known.

        :return: ('danger' | 'warning', code of a sentence, its parameters), or None when all is well.
        """
        self.ensure_one()
        provider = self._l10n_tn_edi_signing_provider()
        certificates = provider.certificate_id | provider.sudo().signatory_ids.certificate_id
        now = fields.Datetime.now()
        for certificate in certificates.sorted("not_after"):
            params = {"holder": certificate.name, "date": fields.Date.to_string(certificate.not_after)}
            if certificate.revocation == "revoked":
                return "danger", "certificate.revoked", params
            if certificate.not_after <= now:
                return "danger", "certificate.expired", params
            if certificate.not_after <= fields.Datetime.add(now, days=SHOWN_DAYS):
                return "warning", "preflight.ends_soon", params
        check = self.env["l10n_tn_edi.preflight"].sudo().search([("company_id", "=", self.id)], limit=1)
        if check.state == "red":
            return "danger", "preflight.red", {}
        return None


class AccountJournal(models.Model):
    _inherit = "account.journal"

    def _get_journal_dashboard_data_batched(self):
        # EXTENDS 'account'
        data = super()._get_journal_dashboard_data_batched()
        messages = self.env["l10n_tn_edi.messages"]
        concerned = self.filtered(
            lambda journal: journal.l10n_tn_edi_enabled and journal.company_id.l10n_tn_edi_enabled
        )
        alerts = {company: company._l10n_tn_edi_signing_alert() for company in concerned.company_id}
        for journal in concerned:
            if alert := alerts[journal.company_id]:
                level, code, params = alert
                data[journal.id]["l10n_tn_edi_alert"] = {
                    "level": level,
                    "sentence": messages._sentence(code, params),
                }
        return data

    def action_l10n_tn_edi_preflight(self):
        """Check whether this journal's company can send today, and show what was found."""
        return self.env["l10n_tn_edi.preflight"].with_company(self.company_id).action_open()


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    l10n_tn_edi_alert = fields.Char(compute="_compute_l10n_tn_edi_alert")
    l10n_tn_edi_alert_level = fields.Char(compute="_compute_l10n_tn_edi_alert")

    @api.depends("company_id")
    @api.depends_context("lang")
    def _compute_l10n_tn_edi_alert(self):
        for settings in self:
            level, code, params = settings.company_id._l10n_tn_edi_signing_alert() or (False, False, {})
            settings.l10n_tn_edi_alert_level = level
            settings.l10n_tn_edi_alert = code and self.env["l10n_tn_edi.messages"]._sentence(code, params)

    def action_l10n_tn_edi_preflight(self):
        return self.env["l10n_tn_edi.preflight"].with_company(self.company_id).action_open()
