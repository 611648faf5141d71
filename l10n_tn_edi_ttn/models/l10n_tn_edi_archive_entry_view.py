"""What the screens of the archive's entries need beside their data."""

from odoo import api, fields, models


class L10nTnEdiArchiveEntry(models.Model):
    _inherit = "l10n_tn_edi.archive.entry"

    seal_id = fields.Many2one("l10n_tn_edi.archive.seal", compute="_compute_seal_id")
    stamped_at = fields.Datetime(string="Time-stamped On", compute="_compute_seal_id")

    @api.depends("number", "company_id", "mode")
    def _compute_seal_id(self):
        for entry in self:
            entry.seal_id = self.env["l10n_tn_edi.archive.seal"].search(
                [
                    ("company_id", "=", entry.company_id.id),
                    ("mode", "=", entry.mode),
                    ("first_number", "<=", entry.number),
                    ("last_number", ">=", entry.number),
                ],
                limit=1,
            )
            entry.stamped_at = entry.seal_id.stamped_at

    def action_export(self):
        """Ask for period, reason and identity, and export; these entries when some are chosen."""
        return self.env["l10n_tn_edi.archive.export.ask"]._open(self)


class L10nTnEdiArchiveFile(models.Model):
    _inherit = "l10n_tn_edi.archive.file"

    def action_download(self):
        """Download the file; it is written down."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/l10n_tn_edi_ttn/archive/file/{self.id}",
            "target": "download",
        }
