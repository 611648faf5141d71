import base64
import io

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..models.l10n_tn_edi_document import BEFORE_CLAIM
from .spreadsheet import download_action, make_cell, money_format

# What could go to TTN if it could; an invoice that somebody has to correct first is not among it
READY = tuple(state for state in BEFORE_CLAIM if state != "error")
UNCERTAIN = ("sending", "unknown", "to_decide")


class L10nTnEdiContingency(models.TransientModel):
    """What could not be deposited, since when and why: for the tax office, and for the decision to go on with paper."""

    _name = "l10n_tn_edi.contingency"
    _description = "Contingency Report"

    account_id = fields.Many2one("l10n_tn_edi.account", required=True, readonly=True)
    company_id = fields.Many2one(related="account_id.company_id")
    stopped = fields.Boolean(related="account_id.stopped")
    stopped_at = fields.Datetime(related="account_id.stopped_at")
    stop_sentence = fields.Text(related="account_id.stop_sentence")
    document_ids = fields.Many2many(
        "l10n_tn_edi.document",
        compute="_compute_document_ids",
        store=True,
        readonly=False,
        string="Not Taken by TTN",
        domain="[('company_id', '=', company_id), ('live', '=', True)]",
    )
    uncertain_ids = fields.Many2many(
        "l10n_tn_edi.document",
        relation="l10n_tn_edi_contingency_uncertain_rel",
        compute="_compute_uncertain_ids",
        store=True,
        string="Maybe at TTN",
    )
    file = fields.Binary(readonly=True)
    filename = fields.Char(readonly=True)

    reason = fields.Text(string="Why on Paper", help="Written on every invoice.")
    proof = fields.Binary(
        help="What shows that TTN could not be reached: TTN's notice, a letter, a picture of the screen."
    )
    proof_name = fields.Char()

    @api.model_create_multi
    def create(self, vals_list):
        reports = super().create(vals_list)
        # The related fields are read with all rights: only whoever may read the account gets here.
        reports.account_id.check_access("read")
        return reports

    @api.depends("account_id")
    def _compute_document_ids(self):
        now = fields.Datetime.now()
        # What was just posted waits for its time only: for TTN waits what is due, or was put off for a reason.
        due = (
            Domain("next_at", "=", False) | Domain("next_at", "<=", now) | Domain("reason_code", "!=", False)
        )
        ready = Domain("state", "in", READY) & Domain("ask_first", "=", False) & Domain("hold", "=", False)
        for report in self:
            report.document_ids = report._live_documents(ready & due)

    @api.depends("account_id")
    def _compute_uncertain_ids(self):
        asked_first = Domain("state", "in", BEFORE_CLAIM) & Domain("ask_first", "=", True)
        for report in self:
            # Kept from TTN because something at TTN bears its number
            held = Domain("state", "in", BEFORE_CLAIM) & Domain("reason_code", "=", "sweep.quarantined")
            report.uncertain_ids = report._live_documents(
                Domain("state", "in", UNCERTAIN) | asked_first | held
            )

    def _live_documents(self, domain):
        account = self.account_id
        return self.env["l10n_tn_edi.document"].search(
            Domain("company_id", "=", account.company_id.id)
            & Domain("mode", "=", account.mode)
            & Domain("live", "=", True)
            & domain,
            order="id",
        )

    # --- Report ----------------------------------------------------------------------------------------------------

    def _chapters(self):
        """:return: list of dicts ``title``, ``text`` and ``rows`` (see ``_rows``), without those that have none."""
        self.ensure_one()
        chapters = [
            {
                "title": self.env._("TTN has not taken these"),
                "text": self.env._(
                    "They are issued in Odoo. They wait, signed as far as they could be, and are deposited in their order as "
                    "soon as TTN takes them."
                ),
                "rows": self._rows(self.document_ids),
            },
            {
                "title": self.env._("It is not known whether TTN has these"),
                "text": self.env._(
                    "They were on their way when the connection broke, or TTN shows something that has to be decided. Nothing is "
                    "deposited again before that is known."
                ),
                "rows": self._rows(self.uncertain_ids),
            },
        ]
        return [chapter for chapter in chapters if chapter["rows"]]

    def _rows(self, documents):
        """:return: list of dicts, one for each document."""
        self.ensure_one()
        states = dict(documents._fields["state"]._description_selection(self.env))
        return [
            {
                "number": document.number or document.move_id.name,
                "customer": document.partner_id.display_name,
                "matricule": document.partner_id.vat or "",
                "date": document.invoice_date,
                "total": document.amount_total,
                "currency": document.currency_id,
                "since": document.waiting_since,
                "state": states[document.state],
                "why": document.reason or (self.stop_sentence if self.stopped else "") or "",
                "fingerprint": document.sha256 or "",
            }
            for document in documents.sorted("id")
        ]

    def action_print(self):
        """Print the report."""
        return self.env.ref("l10n_tn_edi_ttn.action_report_contingency").report_action(self, config=False)

    def action_export(self):
        """Make the spreadsheet and offer it."""
        self.ensure_one()
        self.write(
            {
                "file": base64.b64encode(self._workbook()),
                "filename": f"el-fatoora-{fields.Date.context_today(self)}.xlsx",
            }
        )
        return download_action(self)

    def _workbook(self):
        """:return: bytes of the .xlsx file."""
        book = Workbook(write_only=True)
        sheet = book.create_sheet("El Fatoora")
        for index, width in enumerate((20, 34, 18, 12, 16, 8, 18, 18, 60, 66), start=1):
            sheet.column_dimensions[get_column_letter(index)].width = width

        def add(*values, money="General", bold=False):
            sheet.append([make_cell(sheet, value, money, bold) for value in values])

        add(self.env._("Invoices that wait for TTN: %(company)s", company=self.company_id.name), bold=True)
        if self.stopped:
            add(self.stop_sentence or "")
        for chapter in self._chapters():
            add()
            add(chapter["title"], bold=True)
            add(
                self.env._("Number"),
                self.env._("Customer"),
                self.env._("Matricule"),
                self.env._("Date"),
                self.env._("Total"),
                "",
                self.env._("Waiting Since"),
                self.env._("Status"),
                self.env._("Why"),
                "SHA-256",
                bold=True,
            )
            for row in chapter["rows"]:
                add(
                    row["number"],
                    row["customer"],
                    row["matricule"],
                    row["date"] or None,
                    float(row["total"]),
                    row["currency"].name,
                    fields.Datetime.context_timestamp(self, row["since"]).replace(tzinfo=None),
                    row["state"],
                    row["why"],
                    row["fingerprint"],
                    money=money_format(row["currency"]),
                )
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    # --- Paper -----------------------------------------------------------------------------------------------------

    def action_paper(self):
        """Take the chosen invoices off the queue for good: they are given to the customers on paper.

        :raise AccessError: for anybody but an accounting administrator.
        :raise UserError: without reason and proof, or when TTN may hold one of the documents.
        """
        self.ensure_one()
        if not self.env.user.has_group("account.group_account_manager"):
            raise AccessError(self.env._("Only an accounting administrator may decide this."))
        if not (self.reason or "").strip() or not self.proof:
            raise UserError(self.env._("Say why, and add what proves that TTN could not be reached."))
        if not self.document_ids:
            raise UserError(self.env._("Choose the invoices that go out on paper."))
        self.document_ids._give_on_paper(self.reason.strip(), self.proof, self.proof_name or "preuve")
        return {"type": "ir.actions.act_window_close"}


class L10nTnEdiDocument(models.Model):
    _inherit = "l10n_tn_edi.document"

    waiting_since = fields.Datetime(
        compute="_compute_waiting_since",
        help="Since the invoice's first electronic document, corrected ones included.",
    )

    @api.depends("move_id.l10n_tn_edi_document_ids")
    def _compute_waiting_since(self):
        first = dict(
            self.sudo()._read_group([("move_id", "in", self.move_id.ids)], ["move_id"], ["create_date:min"])
        )
        for document in self:
            document.waiting_since = first.get(document.move_id._origin, document.create_date)

    def _give_on_paper(self, reason, proof, proof_name):
        """The invoices leave the queue by a responsible's decision; only another decision brings them back.

        :param str reason: why, in the responsible's words.
        :param proof: base64 of a file, kept with each invoice.
        :raise UserError: when TTN may hold one of the documents.
        """
        uncertain = self.filtered(lambda document: document.state not in BEFORE_CLAIM or document.ask_first)
        if uncertain:
            raise UserError(
                self.env._(
                    "TTN may hold %(numbers)s: leave them out, their fate has to be known first.",
                    numbers=", ".join(uncertain.mapped("number")[:20]),
                )
            )
        for document in self:
            move = document.move_id
            document.sudo()._withdraw()
            move._l10n_tn_edi_set_paper(reason)
            self.env["ir.attachment"].create(
                {"name": proof_name, "datas": proof, "res_model": "account.move", "res_id": move.id}
            )
            document._log(
                self.env._(
                    "%(user)s decided that this invoice goes out on paper, not through TTN: %(reason)s",
                    user=self.env.user.name,
                    reason=reason,
                )
            )
