import base64
import io
from datetime import date

from dateutil.relativedelta import relativedelta
from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from odoo import api, fields, models

from .spreadsheet import make_cell, money_format

QUARTERS = [
    ("1", "January to March"),
    ("2", "April to June"),
    ("3", "July to September"),
    ("4", "October to December"),
]
WIDTHS = (6, 18, 32, 40, 20, 12, 22, 18, 20, 12, 14, 8, 14, 14)
FIRST_NUMBER_COLUMN = 11


class L10nTnEdiSuspensionList(models.TransientModel):
    """The quarterly list of invoices made under suspension of VAT, as a spreadsheet."""

    _name = "l10n_tn_edi.suspension.list"
    _description = "Quarterly List of Sales under VAT Suspension"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    year = fields.Integer(required=True, default=lambda self: self._last_quarter().year)
    quarter = fields.Selection(
        QUARTERS, required=True, default=lambda self: str((self._last_quarter().month - 1) // 3 + 1)
    )
    file = fields.Binary(string="List", readonly=True, attachment=False)
    filename = fields.Char(readonly=True)
    count = fields.Integer(string="Invoices", readonly=True)

    @api.model
    def _last_quarter(self):
        """:return: a day of the quarter that ended last, which is the one to declare."""
        return fields.Date.context_today(self) - relativedelta(months=3)

    def _period(self):
        """:return: (first day, last day) of the quarter."""
        start = date(self.year, (int(self.quarter) - 1) * 3 + 1, 1)
        return start, start + relativedelta(months=3, days=-1)

    def _moves(self):
        """:return: the posted invoices and credit notes of the quarter with lines under suspension, by date and number."""
        start, end = self._period()
        return self.env["account.move"].search(
            [
                ("company_id", "child_of", self.company_id.id),
                ("move_type", "in", ("out_invoice", "out_refund")),
                ("state", "=", "posted"),
                ("invoice_date", ">=", start),
                ("invoice_date", "<=", end),
                ("invoice_line_ids.tax_ids.l10n_tn_edi_suspended_tax_id", "!=", False),
            ],
            order="invoice_date, name, id",
        )

    def _headers(self):
        return [
            self.env._("No."),
            self.env._("Identifier"),
            self.env._("Customer"),
            self.env._("Address"),
            self.env._("Authorisation"),
            self.env._("Issued on"),
            self.env._("Tax office"),
            self.env._("Purchase order"),
            self.env._("Invoice"),
            self.env._("Date"),
            self.env._("Total without tax"),
            self.env._("Rate"),
            self.env._("Tax"),
            self.env._("Suspended"),
        ]

    def _rows(self, move):
        """One row for each tax and rate that ``move`` suspends, in the company's currency; a credit note counts negative."""
        attestation = move.l10n_tn_edi_attestation_id
        partner = move.commercial_partner_id
        sign = -1 if move.move_type == "out_refund" else 1
        order = " ".join(filter(None, (attestation.order_number, attestation.visa_number)))
        address = " ".join(filter(None, (partner.street, partner.street2, partner.zip, partner.city)))
        labels = {"I-1602": "TVA", "I-162": "FODEC", "I-161": "DC"}
        for (code, rate), values in sorted(move._l10n_tn_edi_suspended().items()):
            yield [
                partner._l10n_tn_edi_identifier_value(move._l10n_tn_edi_version())[1],
                partner.name or "",
                address,
                attestation.number or "",
                attestation.date or None,
                attestation.tax_office or "",
                order or move.l10n_tn_edi_order_reference or move.ref or "",
                move.name,
                move.invoice_date,
                sign * values["base_company"],
                float(rate),
                labels.get(code, code),
                sign * values["tax_company"],
            ]

    def action_export(self):
        """Make the spreadsheet and show the dialog again, with the file to download."""
        self.ensure_one()
        self.check_access("write")
        moves = self._moves()
        self.write(
            {
                "file": base64.b64encode(self._workbook(moves)),
                "filename": f"suspension-{self.year}-T{self.quarter}.xlsx",
                "count": len(moves),
            }
        )
        return self._get_records_action(target="new", name=self.env._("Quarterly List"))

    def _workbook(self, moves):
        """:return: bytes of the .xlsx file."""
        book = Workbook(write_only=True)
        sheet = book.create_sheet(f"{self.year} T{self.quarter}")
        for index, width in enumerate(WIDTHS, start=1):
            sheet.column_dimensions[get_column_letter(index)].width = width
        sheet.freeze_panes = "A2"
        sheet.append([make_cell(sheet, header, bold=True) for header in self._headers()])
        money = money_format(self.company_id.currency_id)
        net = suspended = 0.0
        for number, row in enumerate((row for move in moves for row in self._rows(move)), start=1):
            sheet.append([make_cell(sheet, value, money) for value in (number, *row)])
            net += row[9] if row[11] == "TVA" else 0.0
            suspended += row[12]
        totals = [self.env._("Total"), *([""] * (FIRST_NUMBER_COLUMN - 2)), net, "", "", suspended]
        sheet.append([make_cell(sheet, value, money, bold=True) for value in totals])
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()
