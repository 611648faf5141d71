import base64
import hashlib
import io
import zipfile

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..signature.problems import SignatureError
from .spreadsheet import download_action, make_cell

AT_MOST = 2000
# In the form of sha256sum, so that anybody can check the files; the signature is that of the list
MANIFEST, SIGNATURE = "SHA256SUMS", "SHA256SUMS.p7s"
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
    *("user_id", "requested_by", "answer_class", "http_status", "deposit_id", "reason_code", "sha256"),
)


class L10nTnEdiExchangeExport(models.TransientModel):
    """Chosen exchanges in one file: a table, every request and answer as it was, and every document that was sent."""

    _name = "l10n_tn_edi.exchange.export"
    _description = "Export of Exchanges with El Fatoora"

    file = fields.Binary(readonly=True)
    filename = fields.Char(readonly=True)


class L10nTnEdiExchange(models.Model):
    _inherit = "l10n_tn_edi.exchange"

    def action_export_zip(self):
        """Offer a ZIP file: a spreadsheet of the exchanges, their requests and answers, and what they deposited.

        :raise UserError: for more than ``AT_MOST`` exchanges.
        """
        return self._export(self._zip)

    def action_export_signed(self):
        """Offer the same file with the digests of its files, signed (CAdES) by the company's provider.

        :raise UserError: as :meth:`action_export_zip`, for several companies, and when the provider cannot sign.
        """
        return self._export(self._signed_zip)

    def _export(self, make):
        self.check_access("read")
        if len(self) > AT_MOST:
            raise UserError(self.env._("At most %(count)s exchanges are exported at once.", count=AT_MOST))
        export = self.env["l10n_tn_edi.exchange.export"].create(
            {
                "file": base64.b64encode(make()),
                "filename": f"el-fatoora-{fields.Date.context_today(self)}.zip",
            }
        )
        return download_action(export)

    def _zip(self):
        """:return: bytes of the ZIP file."""
        return self._packed(self._files())

    @api.model
    def _packed(self, files):
        """:return: bytes of a ZIP file of ``(name, bytes)``."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, body in files:
                archive.writestr(name, body)
        return stream.getvalue()

    def _files(self):
        """Yield the name and the bytes of each file."""
        yield "index.xlsx", self._index()
        for exchange in self.with_context(bin_size=False):
            for name in ("request", "response"):
                text, file = exchange[f"{name}_text"], exchange[f"{name}_file"]
                body = base64.b64decode(file) if file else (text or "").encode()
                if body:
                    yield f"{exchange.id}_{name}.xml", body
            if exchange.sent_id:
                yield f"{exchange.id}_document.xml", exchange.sudo().sent_id.raw

    def _signed_zip(self):
        """:return: bytes of the ZIP file with ``MANIFEST`` and its detached signature."""
        company = self.company_id
        provider = company._l10n_tn_edi_signing_provider() if len(company) == 1 else None
        if not provider:
            raise UserError(
                self.env._(
                    "Choose exchanges of one company that has a signature provider: it signs the export."
                )
            )
        files = list(self._files())
        lines = [f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in files]
        manifest = "".join(lines).encode()
        try:
            signature = provider._sign_detached(manifest)
        except SignatureError as error:
            params = {"provider": provider.name, **error.params}
            raise UserError(self.env["l10n_tn_edi.messages"]._sentence(error.code, params)) from None
        return self._packed([*files, (MANIFEST, manifest), (SIGNATURE, signature)])

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
