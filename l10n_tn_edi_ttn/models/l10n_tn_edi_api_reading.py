"""From an invoice's JSON to what the maker of invoices reads: the same conversions as for a workbook's cells."""

from decimal import Decimal

from odoo import api, models

from ..api.fields import header_of, lines_of, pointer
from ..spreadsheet.cells import CellError, convert
from ..spreadsheet.codes import CellFinding
from ..spreadsheet.columns import BY_KEY, REQUIRED, clean_text
from ..spreadsheet.invoices import SheetInvoice

# Sentences of Odoo or of the checker stand in the params: their remedy comes last
LONGEST = 600
FIRST_ROW = 1


class L10nTnEdiApiReading(models.AbstractModel):
    _name = "l10n_tn_edi.api.reading"
    _description = "Reader of the API's Invoices"

    @api.model
    def _read_invoice(self, body):
        """:param dict body: good after the schema ``InvoiceIn``; its numbers are int or Decimal.
        :return: :class:`SheetInvoice`; line n of the body is row n, what concerns the whole invoice is in row 1.
        """
        header = header_of(body)
        lines = lines_of(body)
        invoice = SheetInvoice("")
        for row, line in enumerate(lines, start=FIRST_ROW):
            raw = {**line, **(header if row == FIRST_ROW else {})}
            invoice.cells.append((row, {key: clean_text(self._text(value)) for key, value in raw.items()}))
            invoice.lines.append({"row": row, **self._values(invoice, line, row)})
        invoice.header = self._values(invoice, header, FIRST_ROW)
        invoice.number = invoice.header.pop("number", "")
        for row, line in enumerate(invoice.lines, start=FIRST_ROW):
            filled = {**invoice.header, **line} if row == FIRST_ROW else line
            wanted = [key for key in REQUIRED if key != "number" and (BY_KEY[key].line or row == FIRST_ROW)]
            troubled = {finding.column for finding in invoice.findings if finding.row == row}
            invoice.findings += [
                CellFinding("cell.missing", row, key)
                for key in wanted
                if key not in filled and key not in troubled
            ]
        return invoice

    @api.model
    def _text(self, value):
        return format(value, "f") if isinstance(value, Decimal) else str(value)

    @api.model
    def _values(self, invoice, raw, row):
        """:return: dict of column to value of what can be read; the rest becomes findings of ``invoice``."""
        values = {}
        for key, given in raw.items():
            if key not in BY_KEY:
                values[key] = given
                continue
            try:
                value = convert(BY_KEY[key], self._text(given))
            except CellError as error:
                invoice.findings.append(CellFinding(error.code, row, key, error.params))
                continue
            if value is not None:
                values[key] = value
        return values

    # === What is said about it === #

    @api.model
    def _finding_of(self, code, row, column=None, params=None):
        """:return: dict as the schema ``Finding`` has it, of a finding of the maker or of a conversion."""
        if code == "import.checker":
            return self._finding_of_checker(params)
        place = pointer(column, row)
        return {
            "code": code,
            "severity": "blocking",
            "pointer": place or None,
            "path": None,
            "field": place.rpartition("/")[2] or None,
            "remedy": self.env["l10n_tn_edi.messages"]._sentence(code, params, longest=LONGEST),
        }

    @api.model
    def _finding_of_checker(self, item):
        """:param dict item: an explained finding of the checker, its sentence as ``message`` or ``sentence``.
        :return: the same as a dict of the schema ``Finding``.
        """
        return {
            "code": item.get("code") or "import.checker",
            "severity": item.get("severity") or "blocking",
            "pointer": None,
            "path": item.get("path") or None,
            "field": item.get("field") or None,
            "remedy": str(item.get("message") or item.get("sentence") or ""),
        }

    @api.model
    def _finding_of_body(self, finding, prefix=""):
        """:param BodyFinding finding: of ``api.validation``.
        :return: the same as a dict of the schema ``Finding``.
        """
        return {
            "code": finding.code,
            "severity": "blocking",
            "pointer": prefix + finding.path,
            "path": None,
            "field": finding.path.rpartition("/")[2] or None,
            "remedy": self.env["l10n_tn_edi.messages"]._sentence(finding.code, finding.params),
        }
