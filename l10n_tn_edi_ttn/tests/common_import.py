import base64
import io

from openpyxl import load_workbook

from ..spreadsheet.columns import COLUMNS
from ..spreadsheet.template import make_template
from .common import TnEdiCommon

POSITIONS = {column.key: position for position, column in enumerate(COLUMNS, start=1)}


def fill_template(rows, language="fr"):
    """:param rows: iterable of dicts ``{column key: value}``.
    :return: bytes of the template with those rows.
    """
    book = load_workbook(io.BytesIO(make_template(language)))
    sheet = book.worksheets[0]
    for number, row in enumerate(rows, start=2):
        for key, value in row.items():
            sheet.cell(number, POSITIONS[key], value)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def read_journal(data):
    """:return: list of ``(reason, {column key: (text, whether red)})`` of a journal of errors."""
    sheet = load_workbook(io.BytesIO(data)).worksheets[0]
    rows = []
    for cells in sheet.iter_rows(min_row=2):
        values = {
            column.key: (cell.value, cell.fill.fgColor.rgb.endswith("F8CBCB"))
            for column, cell in zip(COLUMNS, cells[2:], strict=True)
        }
        rows.append((cells[0].value, values))
    return rows


class TnEdiImportCommon(TnEdiCommon):
    def setUp(self):
        super().setUp()
        # The scheduled action commits after each batch, which a test in one transaction refuses
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *args, **kwargs: float("inf"))

    def import_rows(self, rows, *, filename="factures.xlsx", run=True, **values):
        """:return: the ``l10n_tn_edi.import`` of a filled template, imported unless ``run`` is false."""
        return self.import_file(fill_template(rows), filename=filename, run=run, **values)

    def import_file(self, data, *, filename="factures.xlsx", run=True, **values):
        record = self.env["l10n_tn_edi.import"].create(
            {
                "file": base64.b64encode(data),
                "filename": filename,
                "journal_id": self.invoice_journal.id,
                **values,
            }
        )
        if run:
            record.action_import()
            if record.state == "running":
                record.sudo().env["l10n_tn_edi.import"]._cron_import()
        return record

    def row(self, number="F-1", **values):
        """One good line of an invoice of 15 March 2026 to ``customer``."""
        return {
            "number": number,
            "date": "15/03/2026",
            "identifier": "7654321CAM000",
            "customer_name": "CLIENT ESSAI SA",
            "description": "Prestation",
            "quantity": 2,
            "price": 100.5,
            "vat": 19,
            **values,
        }
