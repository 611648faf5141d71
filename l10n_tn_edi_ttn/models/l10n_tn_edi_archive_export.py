"""Exports of the archive for an inspection: ordering and downloading. How the file is written: see the module beside."""

from pathlib import Path

from odoo import api, fields, models, tools
from odoo.addons.base.models.res_users import check_identity
from odoo.exceptions import UserError
from odoo.tools.misc import human_size

from ..archive import chain

#: Beside the file store, in the same folder: it is on the same disk and shared by all hosts.
FOLDER = "l10n_tn_edi_archive_exports"


class L10nTnEdiArchiveExport(models.Model):
    """One export: who ordered it, why, what it holds, and how far it is. The row stays when the file is removed."""

    _name = "l10n_tn_edi.archive.export"
    _description = "Export of the Archive"
    _order = "id desc"
    _rec_name = "what"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="restrict")
    mode = fields.Selection([("test", "Test"), ("production", "Production")], required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", string="Ordered By", required=True, readonly=True, ondelete="restrict"
    )
    reason = fields.Char(required=True, readonly=True)
    what = fields.Char(string="Contents", readonly=True)
    # waiting ──▶ running ──▶ checking ──▶ ready ──▶ over (the file was removed)
    #    └───────────┴───────────┴──▶ failed: an archived file that was changed, or an error
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("running", "Being Written"),
            ("checking", "Being Checked"),
            ("ready", "Ready"),
            ("failed", "Failed"),
            ("over", "Removed"),
        ],
        required=True,
        readonly=True,
        default="waiting",
    )
    archive = fields.Char(required=True, readonly=True)
    numbers = fields.Json(readonly=True, help="First and last number of each run of entries.")
    complete = fields.Json(readonly=True, help="First and last seal, when all of their entries are exported.")
    last_sequence = fields.Integer(
        readonly=True, aggregator=None, help="The newest seal when it was ordered."
    )
    entry_count = fields.Integer(string="Entries", readonly=True)
    done_count = fields.Integer(readonly=True)
    checkpoint = fields.Json(readonly=True, help="How far the file is written.")
    progress = fields.Float(compute="_compute_progress")
    filename = fields.Char(readonly=True)
    size = fields.Float(string="Size (Bytes)", digits=(16, 0), readonly=True)
    size_shown = fields.Char(string="Size", compute="_compute_size_shown")
    sha256 = fields.Char(string="SHA-256", readonly=True)
    head = fields.Char(readonly=True, help="Head of the archive's chain at that moment.")
    problem = fields.Json(readonly=True)
    sentence = fields.Text(compute="_compute_sentence")
    ordered_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    finished_at = fields.Datetime(readonly=True)
    remove_at = fields.Datetime(string="Removed On", readonly=True)

    @api.depends("done_count", "entry_count", "state")
    def _compute_progress(self):
        for export in self:
            written = export.state in ("checking", "ready", "over")
            done = 1.0 if written else export.done_count / export.entry_count if export.entry_count else 0.0
            export.progress = 100.0 * done

    @api.depends("size")
    def _compute_size_shown(self):
        for export in self:
            export.size_shown = export.size and human_size(int(export.size))

    @api.depends("problem")
    @api.depends_context("lang")
    def _compute_sentence(self):
        messages = self.env["l10n_tn_edi.messages"]
        for export in self:
            export.sentence = export.problem and messages._sentence(
                export.problem["code"], export.problem["params"]
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Who exported what from the archive is kept."))

    # --- Ordering and downloading ----------------------------------------------------------------------------------

    @api.model
    def _last_provable(self, company, mode):
        """:return: the highest number whose day is sealed and stamped, 0 when there is none."""
        return self._last_stamped(company, mode).last_number

    @api.model
    def _last_stamped(self, company, mode):
        """:return: the newest ``l10n_tn_edi.archive.seal`` up to which every seal has its time-stamp; may be empty."""
        seals = self.env["l10n_tn_edi.archive.seal"].sudo()
        own = [("company_id", "=", company.id), ("mode", "=", mode)]
        waiting = seals.search([*own, ("stamp_ids", "=", False)], order="sequence", limit=1)
        if waiting:
            own.append(("sequence", "<", waiting.sequence))
        return seals.search(own, order="sequence desc", limit=1)

    @api.model
    def _order_export(self, entries, reason, what):
        """Order an export for the current user, and write it down.

        :param entries: ``l10n_tn_edi.archive.entry`` of one archive that the user may see; their days are stamped.
        :param str reason: why.
        :param str what: what was asked for, in words.
        :return: the export; the scheduled action writes its file.
        """
        entries = entries.sudo().sorted("number")
        company, mode = entries.company_id, entries[0].mode
        last = self._last_stamped(company, mode)
        # Instead of what was deleted after its term goes the record that says so
        gone = entries.filtered("deletion_id")
        kept = (entries - gone) | gone.deletion_id.filtered(lambda entry: entry.number <= last.last_number)
        numbers = sorted(kept.mapped("number"))
        export = self.sudo().create(
            {
                "company_id": company.id,
                "mode": mode,
                "archive": entries[0].archive,
                "user_id": self.env.uid,
                "reason": reason,
                "what": what,
                "numbers": _runs(numbers),
                "complete": self._complete_between(
                    company, mode, _runs(sorted({*numbers, *gone.mapped("number")}))
                ),
                "last_sequence": last.sequence,
                "head": chain.head(last.sequence, bytes.fromhex(last.head)),
                "entry_count": len(numbers),
            }
        )
        told = self.env._("%(what)s (%(count)s entries)", what=what, count=len(numbers))
        self.env["l10n_tn_edi.archive.access"]._log("export", reason=reason, what=told, company=company)
        self.env.ref("l10n_tn_edi_ttn.ir_cron_archive_export").sudo()._trigger()
        return export.sudo(False)

    @api.model
    def _complete_between(self, company, mode, runs):
        """:return: [first, last] sequence of the seals that the numbers of the only one of ``runs`` fill; False when they
        fill none.
        """
        if len(runs) > 1:
            return False
        [[first, last]] = runs
        seals = self.env["l10n_tn_edi.archive.seal"].sudo()
        own = [("company_id", "=", company.id), ("mode", "=", mode)]
        begin = seals.search([*own, ("first_number", "=", first)])
        end = seals.search([*own, ("last_number", "=", last)])
        return [begin.sequence, end.sequence] if begin and end else False

    @check_identity
    def action_download(self):
        """Download the file; the password is asked for again, and the download is written down."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/l10n_tn_edi_ttn/archive/export/{self.id}",
            "target": "download",
        }

    def action_refresh(self):
        """Show how far it is."""
        return self._get_records_action(target="main")

    def _downloaded(self):
        """The finished file for the current user; it is written down.

        :return: ``Path`` of the file.
        :raise UserError: when there is none (any more).
        """
        self.ensure_one()
        self.check_access("read")
        path = self._path()
        if self.state != "ready" or not path.exists():
            raise UserError(self.env._("There is no file of this export on the server: export again."))
        self.env["l10n_tn_edi.archive.access"]._log(
            "download", reason=self.reason, what=self.filename, company=self.company_id
        )
        return path

    def _path(self, suffix=""):
        """:return: ``Path`` of the file on the server, or of what is written on the way to it."""
        self.ensure_one()
        folder = Path(tools.config.filestore(self.env.cr.dbname)) / FOLDER
        return folder / f"{self.id}.asice{suffix}"


def _runs(numbers):
    """:return: list of [first, last] of ascending numbers without gap between them."""
    runs = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return runs
