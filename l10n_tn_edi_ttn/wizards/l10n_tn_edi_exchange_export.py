import base64
import io
import zipfile

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from odoo import fields, models
from odoo.exceptions import UserError

from .spreadsheet import make_cell

AT_MOST = 2000
COLUMNS = (
    *(
        "id",
        "started_at",
        "finished_at",
        "duration_ms",
        "operation",
        "mode",
        "document_id",
        "attempt",
        "account",
    ),
    *("user_id", "answer_class", "http_status", "deposit_id", "reason_code", "sha256"),
)


class L10nTnEdiExchangeExport(models.TransientModel):
    """Chosen exchanges in one file: a table, and every request and answer as it was."""

    _name = "l10n_tn_edi.exchange.export"
    _description = "Export of Exchanges with El Fatoora"

    file = fields.Binary(readonly=True)
    filename = fields.Char(readonly=True)


class L10nTnEdiExchange(models.Model):
    _inherit = "l10n_tn_edi.exchange"

    def action_export_zip(self):
        """Offer a ZIP file: a spreadsheet of the exchanges, and their requests and answers.

        :raise UserError: for more than ``AT_MOST`` exchanges.
        """
        self.check_access("read")
        if len(self) > AT_MOST:
            raise UserError(self.env._("At most %(count)s exchanges are exported at once.", count=AT_MOST))
        export = self.env["l10n_tn_edi.exchange.export"].create(
            {
                "file": base64.b64encode(self._zip()),
                "filename": f"el-fatoora-{fields.Date.context_today(self)}.zip",
            }
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content?model={export._name}&id={export.id}&field=file&filename_field=filename&download=true",
            "target": "download",
        }

    def _zip(self):
        """:return: bytes of the ZIP file."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("index.xlsx", self._index())
            for exchange in self.with_context(bin_size=False):
                for name in ("request", "response"):
                    text, file = exchange[f"{name}_text"], exchange[f"{name}_file"]
                    body = base64.b64decode(file) if file else (text or "").encode()
                    if body:
                        archive.writestr(f"{exchange.id}_{name}.xml", body)
        return stream.getvalue()

    def _index(self):
        """:return: bytes of the spreadsheet that lists the exchanges."""
        book = Workbook(write_only=True)
        sheet = book.create_sheet("El Fatoora")
        for index in range(1, len(COLUMNS) + 1):
            sheet.column_dimensions[get_column_letter(index)].width = 20
        labels = [self._fields[name]._description_string(self.env) for name in COLUMNS]
        sheet.append([make_cell(sheet, label, bold=True) for label in labels])
        for exchange in self:
            sheet.append([make_cell(sheet, exchange._cell_value(name)) for name in COLUMNS])
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    def _cell_value(self, name):
        """:return: what a spreadsheet's cell shows of a field: a name, a label, a moment in the user's time zone."""
        self.ensure_one()
        value, field = self[name], self._fields[name]
        if field.type == "many2one":
            return value.sudo().display_name or ""
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, "")
        if field.type == "datetime":
            return str(fields.Datetime.context_timestamp(self, value).replace(tzinfo=None)) if value else ""
        return value or ("" if field.type == "char" else None)
