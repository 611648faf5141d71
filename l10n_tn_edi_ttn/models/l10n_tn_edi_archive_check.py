"""The integrity run: everything that the archive holds is computed again and compared with its seals."""

import logging
from datetime import timedelta

from odoo import api, fields, models

from .l10n_tn_edi_archive_walk import Walk, Wrong

_logger = logging.getLogger(__name__)

#: An archive is looked through whenever the last run is older than this.
EVERY = timedelta(days=7)
#: Entries that are read between two commits.
BATCH = 100


class L10nTnEdiArchiveCheck(models.Model):
    """One look through a whole archive, in steps: each goes on where the one before ended.

    It ends at the first record that is wrong and names it. Nothing is mended: what was changed is put back from a backup,
    by a person.
    """

    _name = "l10n_tn_edi.archive.check"
    _description = "Integrity Run of the Archive"
    _order = "id desc"
    _rec_name = "started_at"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    mode = fields.Selection([("test", "Test"), ("production", "Production")], required=True, readonly=True)
    state = fields.Selection(
        [("running", "Running"), ("clean", "Nothing Changed"), ("broken", "Changed")],
        required=True,
        readonly=True,
        default="running",
    )
    user_id = fields.Many2one(
        "res.users", string="Started By", readonly=True, default=lambda self: self.env.uid
    )
    started_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    finished_at = fields.Datetime(readonly=True)
    number = fields.Integer(string="Entries Looked At", readonly=True, aggregator=None)
    sequence = fields.Integer(string="Seals Looked At", readonly=True, aggregator=None)
    head = fields.Char(readonly=True, help="Head of the last seal that was looked at.")
    file_count = fields.Integer(string="Files", readonly=True)
    byte_count = fields.Float(string="Bytes", digits=(16, 0), readonly=True)
    total = fields.Integer(string="Entries in the Archive", readonly=True)
    progress = fields.Float(compute="_compute_progress")
    wrong = fields.Json(readonly=True, help="Code and parameters of the first record that is wrong.")
    wrong_number = fields.Integer(string="Wrong Entry", readonly=True, aggregator=None)
    sentence = fields.Text(string="Result", compute="_compute_sentence")

    @api.depends("number", "total", "state")
    def _compute_progress(self):
        for check in self:
            done = check.number / check.total if check.total else 1.0
            check.progress = 100.0 if check.state == "clean" else min(100.0, 100.0 * done)

    @api.depends("wrong", "state")
    @api.depends_context("lang")
    def _compute_sentence(self):
        messages = self.env["l10n_tn_edi.messages"]
        for check in self:
            if check.wrong:
                check.sentence = messages._sentence(check.wrong["code"], check.wrong["params"])
            elif check.state == "clean":
                check.sentence = self.env._("Every entry, file, seal and time-stamp is as it was archived.")
            else:
                check.sentence = self.env._("Being looked through.")

    def action_begin(self):
        """Look through the archive of the current company now; the scheduled action makes the steps."""
        company = self.env.company
        self.check_access("read")
        mode = company.l10n_tn_edi_mode
        running = self.search(
            [("company_id", "=", company.id), ("mode", "=", mode), ("state", "=", "running")], limit=1
        )
        check = running or self._begin(company, mode)
        self.env.ref("l10n_tn_edi_ttn.ir_cron_archive_check").sudo()._trigger()
        return check._get_records_action()

    def action_open_wrong(self):
        """Open the entry that is not as it was archived, if it is still there."""
        self.ensure_one()
        entry = self.env["l10n_tn_edi.archive.entry"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("mode", "=", self.mode),
                ("number", "=", self.wrong_number),
            ]
        )
        return entry._get_records_action()

    # --- Running ---------------------------------------------------------------------------------------------------

    @api.model
    def _cron_check(self):
        """Begin the runs that are due and go on with those that are under way, as long as there is time."""
        for account in self.env["l10n_tn_edi.account"]._archived():
            self._begin_if_due(account.company_id, account.mode)
        running = self.search([("state", "=", "running")], order="id")
        for check in running:
            while check.state == "running":
                try:
                    check._step()
                except OSError:  # the object store gives no answer: the run goes on another time
                    _logger.warning(
                        "The archive of %s cannot be read now", check.company_id.name, exc_info=True
                    )
                    self.env["l10n_tn_edi.document"]._rollback()
                    break
                if not self.env["account.move"]._can_commit():
                    continue
                if not self.env["ir.cron"]._commit_progress(1, remaining=check.total - check.number + 1):
                    self.env.ref("l10n_tn_edi_ttn.ir_cron_archive_check")._trigger()
                    return

    @api.model
    def _last(self, company, mode):
        """:return: the last finished run over the archive of ``company`` in ``mode``, or none."""
        return self.sudo().search(
            [("company_id", "=", company.id), ("mode", "=", mode), ("state", "!=", "running")], limit=1
        )

    @api.model
    def _begin_if_due(self, company, mode):
        last = self.search([("company_id", "=", company.id), ("mode", "=", mode)], limit=1)
        due = fields.Datetime.now() - EVERY
        if not last or (last.state != "running" and last.finished_at < due):
            self._begin(company, mode)

    @api.model
    def _begin(self, company, mode):
        """:return: a new run over the archive of ``company`` in ``mode``; the scheduled action makes its steps."""
        total = self.env["l10n_tn_edi.archive.entry"].search_count(
            [("company_id", "=", company.id), ("mode", "=", mode)]
        )
        return self.sudo().create({"company_id": company.id, "mode": mode, "total": total})

    def _step(self, most=BATCH):
        """Look at the next entries; a run that comes to its end, or to something wrong, is finished.

        :param int most: entries to look at.
        """
        self.ensure_one()
        walk = Walk(self.env, self.company_id, self.mode, number=self.number, sequence=self.sequence)
        try:
            more = walk.step(most)
            if not more:
                walk.check_end(self._before())
        except Wrong as wrong:
            self._finish("broken", wrong)
            return
        self.write(
            {
                "number": walk.number,
                "sequence": walk.sequence,
                "head": walk.head or self.head,
                "file_count": self.file_count + walk.files,
                "byte_count": self.byte_count + walk.bytes,
            }
        )
        if not more:
            self._finish("clean")

    def _before(self):
        """:return: the last finished run before this one that found nothing wrong, or none."""
        return self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("mode", "=", self.mode),
                ("state", "=", "clean"),
                ("id", "<", self.id),
            ],
            limit=1,
        )

    def _finish(self, state, wrong=None):
        values = {"state": state, "finished_at": fields.Datetime.now()}
        if wrong:
            values |= {"wrong": {"code": wrong.code, "params": wrong.params}, "wrong_number": wrong.number}
        self.write(values)
        account = self.env["l10n_tn_edi.account"]._of(self.company_id, self.mode)
        if wrong:
            account._alert("archive.broken", {"sentence": self._told(account)})

    def _told(self, account):
        lang = account._responsible().lang or self.env.lang
        return self.with_context(lang=lang).sentence
