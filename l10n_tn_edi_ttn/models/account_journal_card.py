"""What the card of a sales journal on the accounting dashboard says of El Fatoora."""

from odoo import fields, models

from .l10n_tn_edi_certificate_watch import EXPIRY_DAYS
from .l10n_tn_edi_report import OUTCOMES

# The rows of the card, with the filter of the invoice list that they open.
ROWS = {
    "to_correct": ("to_correct", "rejected"),
    "doubtful": ("doubtful",),
    "to_send": ("to_send",),
    "waiting": ("waiting",),
}


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
        for journal in journals:
            data[journal.id]["l10n_tn_edi"] = {
                **{row: counts[journal.id, row] for row in ROWS},
                "certificate_days": journal._l10n_tn_edi_days_to_renewal(),
            }
        return data

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
