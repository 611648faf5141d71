"""What the screens of seals need beside their data."""

from odoo import api, fields, models


class L10nTnEdiArchiveSeal(models.Model):
    _inherit = "l10n_tn_edi.archive.seal"

    stamped_at = fields.Datetime(string="Time-stamped On", compute="_compute_stamps")
    stamped_until = fields.Datetime(string="Time-stamp Valid Until", compute="_compute_stamps")
    state = fields.Selection(
        [
            ("complete", "Signed and Stamped"),
            ("unstamped", "Waits for Its Time-stamp"),
            ("unsigned", "Stamped, Not Signed"),
            ("bare", "Neither Signed nor Stamped"),
        ],
        string="Status",
        compute="_compute_stamps",
    )

    @api.depends("stamp_ids", "signer")
    def _compute_stamps(self):
        times = {
            seal: (first, last)
            for seal, first, last in self.env["l10n_tn_edi.archive.stamp"]._read_group(
                [("seal_id", "in", self.ids)], ["seal_id"], ["stamped_at:min", "valid_until:max"]
            )
        }
        states = {
            (True, True): "complete",
            (True, False): "unstamped",
            (False, True): "unsigned",
            (False, False): "bare",
        }
        for seal in self:
            seal.stamped_at, seal.stamped_until = times.get(seal, (False, False))
            seal.state = states[bool(seal.signer), bool(seal.stamped_at)]

    def action_entries(self):
        """Open the entries that this seal covers."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "l10n_tn_edi_ttn.l10n_tn_edi_archive_entry_action"
            ),
            "domain": [
                ("company_id", "=", self.company_id.id),
                ("mode", "=", self.mode),
                ("number", ">=", self.first_number),
                ("number", "<=", self.last_number),
            ],
        }
