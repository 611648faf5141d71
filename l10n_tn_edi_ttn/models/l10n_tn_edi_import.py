"""Invoices from a workbook: read once into rows of their own, then made one by one, in the request or by the scheduled action."""

import base64
import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..spreadsheet.codes import WorkbookError
from ..spreadsheet.columns import LANGUAGES
from ..spreadsheet.invoices import read_invoices
from ..spreadsheet.journal import make_journal
from .l10n_tn_edi_import_lookup import ImportLookup
from .l10n_tn_edi_invoice_maker import Undo

_logger = logging.getLogger(__name__)

# So many are made while the user waits; more are left to the scheduled action
AT_ONCE = 20
# Made between two commits
BATCH = 20
READ_BATCH = 500
JOURNAL_BATCH = 200
# Written by the import itself: the scheduled action works with the rights of whoever stands there
PROTECTED = {"user_id", "state", "check_only", "error_journal"}


class L10nTnEdiImport(models.Model):
    _name = "l10n_tn_edi.import"
    _description = "Import of Invoices from a Workbook"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(string="File", readonly=True, compute="_compute_name", store=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, default=lambda self: self.env.company
    )
    journal_id = fields.Many2one(
        "account.journal",
        required=True,
        check_company=True,
        domain="[('type', '=', 'sale')]",
        compute="_compute_journal_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    file = fields.Binary(string="Workbook (.xlsx)", attachment=True, copy=False)
    filename = fields.Char(copy=False)
    post = fields.Boolean(string="Post the Invoices", default=True, help="Otherwise they stay drafts.")
    only_all = fields.Boolean(
        string="All or Nothing",
        help="Nothing is imported as long as one invoice is refused. Otherwise the good ones are, and the others wait for their "
        "correction.",
    )
    create_partners = fields.Boolean(
        string="Create Unknown Customers",
        default=True,
        help="Customers are looked for by matricule, code and name. Otherwise the invoices of unknown ones are refused.",
    )
    create_products = fields.Boolean(
        string="Create Unknown Items",
        help="Items are looked for by code. Otherwise the invoices with unknown codes are refused.",
    )
    check_only = fields.Boolean(readonly=True)
    user_id = fields.Many2one("res.users", string="Imported By", readonly=True)
    # draft ──read──▶ running ──▶ done (all in) | partial (some refused) | refused (none in) | checked (nothing was made)
    #    └── the file can't be read: stays draft, the user is told
    state = fields.Selection(
        [
            ("draft", "To import"),
            ("running", "Being imported"),
            ("checked", "Checked"),
            ("done", "Imported"),
            ("partial", "Partly imported"),
            ("refused", "Refused"),
        ],
        required=True,
        default="draft",
        readonly=True,
        tracking=True,
    )
    invoice_ids = fields.One2many("l10n_tn_edi.import.invoice", "import_id", readonly=True)
    finding_ids = fields.One2many("l10n_tn_edi.import.finding", "import_id", readonly=True)
    invoice_count = fields.Integer(string="Invoices in the File", compute="_compute_counts")
    imported_count = fields.Integer(string="Imported Invoices", compute="_compute_counts")
    known_count = fields.Integer(string="Already There", compute="_compute_counts")
    refused_count = fields.Integer(string="Refused Invoices", compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts")
    error_journal = fields.Binary(string="Journal of Errors", attachment=True, readonly=True, copy=False)
    error_journal_name = fields.Char(compute="_compute_error_journal_name")

    @api.depends("filename")
    def _compute_name(self):
        for record in self:
            record.name = record.filename or self.env._("Invoices to import")

    @api.depends("company_id")
    def _compute_journal_id(self):
        for record in self:
            if record.journal_id.company_id == record.company_id:
                continue
            journals = self.env["account.journal"].search(
                [*self.env["account.journal"]._check_company_domain(record.company_id), ("type", "=", "sale")]
            )
            record.journal_id = (journals.filtered("l10n_tn_edi_enabled") or journals)[:1]

    @api.depends("invoice_ids.state")
    def _compute_counts(self):
        counts = {
            (record.id, state): count
            for record, state, count in self.env["l10n_tn_edi.import.invoice"]._read_group(
                [("import_id", "in", self.ids)], ["import_id", "state"], ["__count"]
            )
        }
        for record in self:
            by_state = {state: count for (owner, state), count in counts.items() if owner == record.id}
            total = sum(by_state.values())
            record.invoice_count = total
            record.imported_count = by_state.get("in", 0)
            record.known_count = by_state.get("known", 0)
            record.refused_count = by_state.get("refused", 0)
            record.progress = 100.0 * (total - by_state.get("waiting", 0)) / total if total else 0.0

    @api.depends("filename")
    def _compute_error_journal_name(self):
        for record in self:
            stem = (record.filename or "").rpartition(".")[0]
            record.error_journal_name = self.env._("%(file)s - errors.xlsx", file=stem or record.id)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_protected(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_protected(vals)
        return super().write(vals)

    def _check_protected(self, vals):
        """:raise AccessError: when somebody else than the import itself writes what it goes by."""
        if not self.env.su and PROTECTED & vals.keys():
            raise AccessError(self.env._("How an import stands is written by the import alone."))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_invoices(self):
        """What came in stays explained: who imported it, when, from which file."""
        if self.invoice_ids.move_id:
            raise UserError(self.env._("Invoices came in with this import: it is kept as their proof."))

    @api.model
    def _language(self):
        """:return: the language of the workbook's texts for this user: fr, ar or en."""
        language = (self.env.lang or "en_US").partition("_")[0]
        return language if language in LANGUAGES else "en"

    # === Buttons === #

    def action_import(self):
        """Read the file and make its invoices: now when there are few, else by the scheduled action."""
        return self._start(check_only=False)

    def action_check(self):
        """Find out what would be refused; nothing is made."""
        return self._start(check_only=True)

    def action_open_moves(self):
        """Open the invoices that came in."""
        self.ensure_one()
        return self.invoice_ids.move_id._get_records_action(name=self.env._("Imported Invoices"))

    def action_open_findings(self):
        """Open what was found as a list."""
        self.ensure_one()
        return self.finding_ids._get_records_action(
            name=self.env._("Journal of Errors"), views=[(False, "list")]
        )

    def action_template(self):
        """Download the empty workbook."""
        return {
            "type": "ir.actions.act_url",
            "url": "/l10n_tn_edi_ttn/import/template.xlsx",
            "target": "download",
        }

    def _start(self, *, check_only):
        self._prepare_run(check_only)
        if len(self.invoice_ids) <= AT_ONCE:
            self._run()
        else:
            self._wake()
        return True

    def _run_now(self, most, *, check_only):
        """Import while the caller waits.

        :param int most: the most invoices that a caller can wait for.
        :raise UserError: for a file with more of them, or one that can't be read.
        """
        self._prepare_run(check_only)
        if len(self.invoice_ids) > most:
            raise UserError(
                self.env._(
                    "The file has more than %(count)s invoices. Import it in Electronic Invoicing ▸ Import from Excel, "
                    "which works in the background.",
                    count=most,
                )
            )
        self._run()

    def _prepare_run(self, check_only):
        self.ensure_one()
        self.check_access("write")
        if self.state not in ("draft", "checked"):
            raise UserError(
                self.env._("This file was imported already. Import the corrected journal as a new file.")
            )
        self._read()
        self.sudo().write({"check_only": check_only, "state": "running", "user_id": self.env.uid})

    def _wake(self):
        cron = self.env.ref("l10n_tn_edi_ttn.ir_cron_import", raise_if_not_found=False)
        if not cron:
            raise UserError(
                self.env._("The scheduled action that imports workbooks was deleted: update the module.")
            )
        cron.sudo()._trigger()

    # === Reading === #

    def _read(self):
        """Read the file into rows of their own.

        :raise UserError: when the file as a whole can't be read.
        """
        data = base64.b64decode(self.with_context(bin_size=False).file or b"")
        if not data:
            raise UserError(self.env._("Choose the workbook to import first."))
        Invoice = self.env["l10n_tn_edi.import.invoice"].sudo()
        self.sudo().invoice_ids.unlink()
        waiting = []
        try:
            for invoice in read_invoices(data, self.filename or ""):
                waiting.append({"import_id": self.id, **Invoice._values_of(invoice)})
                if len(waiting) >= READ_BATCH:
                    Invoice.create(waiting)
                    waiting = []
        except WorkbookError as error:
            raise UserError(self.env["l10n_tn_edi.messages"]._sentence(error.code, error.params)) from error
        Invoice.create(waiting)

    # === Running === #

    @api.model
    def _cron_import(self):
        """Go on with the imports that are under way, each as the user who started it."""
        Cron = self.env["ir.cron"]
        running = self.search([("state", "=", "running")], order="id")
        waiting = self.env["l10n_tn_edi.import.invoice"].search_count(
            [("import_id", "in", running.ids), ("state", "=", "waiting")]
        )
        Cron._commit_progress(remaining=waiting + len(running))
        for record in running:
            try:
                finished = record._run(commit=True)
            except psycopg2.OperationalError:  # a conflict with somebody else's work: the action runs again
                raise
            except Exception:  # one import never stops the others
                _logger.exception("Import %s could not go on", record.id)
                record._stop()
                continue
            if not finished:
                self._wake()
                return

    def _stop(self):
        """Give an import back that could not go on: what came in stays, and is passed over when it is started again."""
        document = self.env["l10n_tn_edi.document"]
        document._rollback()
        self.sudo().state = "draft"
        self._message_log(
            body=self.env._(
                "The import could not go on. Start it again: what is in already is not touched. The administrator finds the "
                "reason in the server's log."
            )
        )
        document._commit()

    def _run(self, commit=False):
        """Make the invoices that wait.

        :param bool commit: commit after each batch, and stop when the scheduled action's time is up.
        :return: bool, whether nothing is left to do.
        """
        self.ensure_one()
        user = self.user_id
        record = self.with_user(user).with_context(allowed_company_ids=self.company_id.ids, lang=user.lang)
        if record.only_all and not record.check_only:
            record._run_all_or_nothing()
        elif not record._run_batches(commit):
            return False
        record._finish()
        if commit:
            self.env["ir.cron"]._commit_progress(1)
        return True

    def _lookup(self):
        return ImportLookup(
            self.env, create_partners=self.create_partners, create_products=self.create_products
        )

    def _waiting(self, limit=None):
        return self.env["l10n_tn_edi.import.invoice"].search(
            [("import_id", "=", self.id), ("state", "=", "waiting")], limit=limit
        )

    def _run_batches(self, commit):
        lookup = self._lookup()
        while invoices := self._waiting(BATCH):
            for invoice, outcome in invoices._import(lookup, check_only=self.check_only):
                invoice._keep(outcome)
            if commit:
                if not self.env["ir.cron"].sudo()._commit_progress(len(invoices)):
                    return not self._waiting(1)
                # Nothing that was read for one batch is needed by the next: memory stays flat
                self.env.invalidate_all()
                lookup.forget()
        return True

    def _run_all_or_nothing(self):
        """One transaction: when one is refused, the others are only checked and nothing stays."""
        lookup, outcomes = self._lookup(), []
        refused = bool(self.refused_count)
        try:
            with self.env.cr.savepoint():
                waiting = self._waiting()
                for start in range(0, len(waiting), BATCH):
                    outcomes += waiting[start : start + BATCH]._import(lookup)
                if refused or any(outcome["state"] == "refused" for _invoice, outcome in outcomes):
                    raise Undo
        except Undo:
            for _invoice, outcome in outcomes:
                if outcome["state"] == "in":
                    outcome.update(state="fine", move=self.env["account.move"])
        for invoice, outcome in outcomes:
            invoice._keep(outcome)

    def _finish(self):
        """Say how it ended, and write the journal of errors."""
        if self.check_only:
            state = "checked"
        elif not self.refused_count:
            state = "done"
        else:
            state = "partial" if self.imported_count or self.known_count else "refused"
        journal = self._journal() if self.refused_count else False
        self.sudo().write({"state": state, "error_journal": journal})
        if self.check_only:
            # Checked once, imported next: the rows are read again then
            return
        self._message_log(
            body=self.env._(
                "%(imported)s invoices imported, %(known)s were there already, %(refused)s refused.",
                imported=self.imported_count,
                known=self.known_count,
                refused=self.refused_count,
            )
        )

    def _journal(self):
        """:return: base64 of the journal of errors."""
        language = self._language()
        refused = self.env["l10n_tn_edi.import.invoice"].search(
            [("import_id", "=", self.id), ("state", "=", "refused")]
        )

        def rows():
            for start in range(0, len(refused), JOURNAL_BATCH):
                for invoice in refused[start : start + JOURNAL_BATCH]:
                    by_row = {}
                    for finding in invoice.finding_ids:
                        by_row.setdefault(finding.row, {}).setdefault(finding.column or None, []).append(
                            finding.sentence
                        )
                    for number, texts in invoice.payload["cells"]:
                        yield number, texts, by_row.get(number, {})

        return base64.b64encode(make_journal(language, rows()))
