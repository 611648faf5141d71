"""Our workbook on Odoo's own import screen: recognised by its titles, brought in by our import, answered in that screen's way."""

import base64

from odoo import models

from ..spreadsheet.codes import WorkbookError
from ..spreadsheet.columns import TITLES, fold
from ..spreadsheet.table import read_rows

MODEL = "account.move"
# The screen waits for the answer
MOST_INVOICES = 300


class BaseImport(models.TransientModel):
    _inherit = "base_import.import"

    def _l10n_tn_edi_is_workbook(self):
        """:return: bool, whether the file has the table of the template and is read for invoices of the company."""
        self.ensure_one()
        if self.res_model != MODEL or not self.env.company.l10n_tn_edi_enabled:
            return False
        try:
            next(read_rows(self.file or b"", self.file_name or ""), None)
        except WorkbookError:
            return False
        return True

    def parse_preview(self, options, count=10):
        # EXTENDS 'base_import'
        result = super().parse_preview(options, count)
        if result.get("headers") and self._l10n_tn_edi_is_workbook():
            # The screen wants a column that is matched; ours are known by their titles
            numbers = [
                at for at, title in enumerate(result["headers"]) if TITLES.get(fold(title)) == "number"
            ]
            result["matches"] = {at: ["name"] for at in numbers[:1]}
        return result

    def execute_import(self, fields, columns, options, dryrun=False):
        # EXTENDS 'base_import'
        if not self._l10n_tn_edi_is_workbook():
            return super().execute_import(fields, columns, options, dryrun)
        journal = self.env.context.get("default_journal_id")
        record = self.env["l10n_tn_edi.import"].create(
            {
                "file": base64.b64encode(self.file),
                "filename": self.file_name,
                # What this screen does not import it does not keep
                "only_all": True,
                **({"journal_id": journal} if journal else {}),
            }
        )
        record._run_now(MOST_INVOICES, check_only=dryrun)
        answer = {
            "ids": record.invoice_ids.move_id.ids,
            "messages": [self._l10n_tn_edi_message(finding) for finding in record.finding_ids],
            "name": record.invoice_ids.move_id.mapped("name"),
            "nextrow": 0,
        }
        if dryrun or not record.invoice_ids.move_id:
            record.unlink()
        return answer

    def _l10n_tn_edi_message(self, finding):
        text = finding.sentence
        if finding.column_name:
            text = f"{finding.column_name}: {text}"
        return {
            "type": "error",
            "message": text,
            "record": finding.row,
            "rows": {"from": finding.row, "to": finding.row},
            "field": "l10n_tn_edi_import_number",
        }
