"""What the card of a sales journal on the accounting dashboard says of El Fatoora."""

from odoo import api, fields, models

from .l10n_tn_edi_certificate_watch import EXPIRY_DAYS
from .l10n_tn_edi_report import OUTCOMES

# The rows of the card, with the filter of the invoice list that they open.
ROWS = {
    "to_correct": ("to_correct", "rejected"),
    "doubtful": ("doubtful",),
    "to_send": ("to_send",),
    "waiting": ("waiting",),
}
# Deposits of these days say how long TTN takes now.
DELAY_DAYS = 30


class AccountJournal(models.Model):
    _inherit = "account.journal"

    def _get_journal_dashboard_data_batched(self):
        # EXTENDS 'account'
        data = super()._get_journal_dashboard_data_batched()
        journals = self.filtered(
            lambda journal: journal.l10n_tn_edi_enabled and journal.company_id.sudo().l10n_tn_edi_enabled
        )
        if not journals or not self.env["l10n_tn_edi.document"].has_access("read"):
            return data
        counts = dict.fromkeys(((journal.id, row) for journal in journals for row in ROWS), 0)
        rows = {
            state: row
            for row, outcomes in ROWS.items()
            for outcome in outcomes
            for state in OUTCOMES[outcome]
        }
        for journal, state, count in self.env["l10n_tn_edi.document"]._read_group(
            [("journal_id", "in", journals.ids), ("live", "=", True), ("state", "in", list(rows))],
            ["journal_id", "state"],
            ["__count"],
        ):
            counts[journal.id, rows[state]] += count
        causes, delays = journals._l10n_tn_edi_main_causes(), journals._l10n_tn_edi_delays()
        for journal in journals:
            data[journal.id]["l10n_tn_edi"] = {
                **{row: counts[journal.id, row] for row in ROWS},
                "cause": causes.get(journal.id),
                "delay": delays.get(journal.id),
                "certificate_days": journal._l10n_tn_edi_days_to_renewal(),
            }
        return data

    def _l10n_tn_edi_main_causes(self):
        """:return: dict of a journal's id to ``{id, text, count}`` of the cause for which TTN rejected most of the invoices that
        are still rejected; a journal without any is left out.
        """
        found = {}
        for journal, cause, count in self.env["l10n_tn_edi.rejection"]._read_group(
            [
                ("document_id.journal_id", "in", self.ids),
                ("document_id.live", "=", True),
                ("document_id.state", "=", "rejected"),
            ],
            ["document_id.journal_id", "cause_id"],
            ["document_id:count_distinct"],
        ):
            if count > found.get(journal.id, {"count": 0})["count"]:
                found[journal.id] = {"id": cause.id, "text": cause.display_name, "count": count}
        return found

    def _l10n_tn_edi_delays(self):
        """:return: dict of a journal's id to how long TTN lately took from the deposit to the acceptance, as a text."""
        since = fields.Datetime.subtract(fields.Datetime.now(), days=DELAY_DAYS)
        return {
            journal.id: self._l10n_tn_edi_duration(hours)
            for journal, hours in self.env["l10n_tn_edi.report"]._read_group(
                [
                    ("journal_id", "in", self.ids),
                    ("submitted_at", ">=", since),
                    ("state", "in", OUTCOMES["accepted"]),
                ],
                ["journal_id"],
                ["delay_hours:avg"],
            )
            if hours is not None
        }

    @api.model
    def _l10n_tn_edi_duration(self, hours):
        """:return: str, a duration in the largest unit of which there are at least two."""
        if hours >= 48:
            return self.env._("%(count)s days", count=round(hours / 24))
        if hours >= 2:
            return self.env._("%(count)s h", count=round(hours))
        return self.env._("%(count)s min", count=max(1, round(hours * 60)))

    def _l10n_tn_edi_days_to_renewal(self):
        """:return: days until the first certificate that signs for the company ends (negative: it has ended), None when there
        is time, or no certificate.
        """
        company = self.company_id.sudo()
        certificates = self.env["l10n_tn_edi.certificate"].sudo()._used_by(company)
        if not certificates:
            return None
        left = (min(certificates.mapped("not_after")) - fields.Datetime.now()).days
        return left if left <= EXPIRY_DAYS[0] else None
