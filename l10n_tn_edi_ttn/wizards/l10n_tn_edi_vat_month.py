import base64
import io

from dateutil.relativedelta import relativedelta
from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_date, formatLang

from ..models.l10n_tn_edi_vat_ledger import STATUSES
from .spreadsheet import download_action, make_cell, money_format

# Invoices that are named on the screen; the spreadsheet has them all.
SHOWN = 100


class L10nTnEdiVatMonth(models.TransientModel):
    """The sales of a month beside what TTN says of them, to prepare the VAT return. Nothing here is written to the books."""

    _name = "l10n_tn_edi.vat.month"
    _description = "Month for the VAT Return"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one(related="company_id.currency_id")
    month = fields.Date(required=True, default=lambda self: self._last_month(), help="Any day of the month.")
    line_ids = fields.One2many("l10n_tn_edi.vat.month.line", "report_id", readonly=True)
    table_html = fields.Html(compute="_compute_table_html", sanitize=False)
    tax_here = fields.Monetary(string="Taxes above", readonly=True)
    tax_ledger = fields.Monetary(string="Sales taxes in the ledger", readonly=True)
    total_here = fields.Monetary(string="Total with tax above", readonly=True)
    total_ledger = fields.Monetary(string="Claimed from customers in the ledger", readonly=True)
    equal = fields.Boolean(readonly=True, help="The amounts above are those of the ledger.")
    stranger_ids = fields.Many2many(
        "account.move",
        "l10n_tn_edi_vat_month_stranger_rel",
        string="Entries with sales taxes that are no invoices",
        readonly=True,
    )
    late_ids = fields.Many2many(
        "account.move",
        "l10n_tn_edi_vat_month_late_rel",
        string="Accepted in another month than their date",
        readonly=True,
    )
    late_count = fields.Integer(readonly=True)
    open_count = fields.Integer(string="Not Accepted", readonly=True)
    file = fields.Binary(readonly=True, attachment=False)
    filename = fields.Char(readonly=True)

    @api.model
    def _last_month(self):
        """:return: first day of the month that ended last, which is the one to declare."""
        return fields.Date.context_today(self).replace(day=1) - relativedelta(months=1)

    def _compute_display_name(self):
        for report in self:
            report.display_name = report._title()

    @api.depends("line_ids")
    @api.depends_context("lang")
    def _compute_table_html(self):
        """The lines as a table: below each thing that TTN said, base and tax; nothing where there is nothing."""
        statuses = {
            "posted": self.env._("Posted"),
            "accepted": self.env._("Accepted"),
            "pending": self.env._("Pending"),
            "rejected": self.env._("Rejected"),
            "excluded": self.env._("Excluded"),
        }
        for report in self:
            currency = report.currency_id

            def amount(value, currency=currency):
                if currency.is_zero(value):
                    return ""
                return formatLang(self.env, value, digits=currency.decimal_places)

            report.table_html = self.env["ir.qweb"]._render(
                "l10n_tn_edi_ttn.vat_month_table",
                {"lines": report.line_ids, "statuses": list(statuses.items()), "amount": amount},
            )

    def _title(self):
        self.ensure_one()
        month = format_date(self.env, self.month, date_format="MMMM yyyy")
        return self.env._("%(company)s, %(month)s", company=self.company_id.name, month=month)

    def _days(self):
        """:return: (first day, last day) of the month."""
        first = self.month.replace(day=1)
        return first, first + relativedelta(months=1, days=-1)

    def _companies(self):
        """:return: the company with its branches: they declare together.

        :raise AccessError: for a company, or a branch of it, that the user does not work with: half a month is no month.
        """
        companies = self.env["res.company"].sudo().search([("id", "child_of", self.company_id.id)])
        missing = companies - self.env.companies
        if missing:
            raise AccessError(
                self.env._(
                    "You do not work with these companies now: %(companies)s. Branches declare with their company.",
                    companies=", ".join(missing.mapped("name")),
                )
            )
        return companies

    def action_compute(self):
        """Read the month from the entries and show it."""
        self.ensure_one()
        self.env["account.move.line"].check_access("read")
        ledger = self.env["l10n_tn_edi.vat.ledger"]
        period = (self._companies(), *self._days())
        rows = ledger._rows(*period)
        books = ledger._ledger(*period)
        currency = self.currency_id
        tax = sum(sum(row["tax"].values()) for row in rows)
        vat_base = sum(
            sum(row["base"].values())
            for row in rows
            if row["section"] in ("vat", "export", "exempt", "none")
            or (row["section"], row["code"]) == ("suspended", "I-1602")
        )
        total = vat_base - books["in_base"] + tax
        late = ledger._accepted_later(*period)
        self.write(
            {
                "line_ids": [fields.Command.clear()]
                + [
                    fields.Command.create(self._line_values(number, row))
                    for number, row in enumerate([*rows, self._number_of_invoices(period)])
                ],
                "tax_here": tax,
                "tax_ledger": books["tax"],
                "total_here": total,
                "total_ledger": books["receivable"],
                "equal": not currency.compare_amounts(tax, books["tax"])
                and not currency.compare_amounts(total, books["receivable"]),
                "stranger_ids": [fields.Command.set(books["strangers"])],
                "late_ids": [fields.Command.set(late[:SHOWN].ids)],
                "late_count": len(late),
                "open_count": self.env["account.move"].search_count(self._open_domain()),
                "file": False,
            }
        )
        return self._get_records_action(target="current", name=self.env._("Month for the VAT return"))

    def _line_values(self, number, row):
        values = {"sequence": number, "section": row["section"], "code": row["code"], "rate": row["rate"]}
        for what in ("base", "tax"):
            values[f"{what}_posted"] = sum(row[what].values())
            values |= {f"{what}_{status}": row[what][status] for status in STATUSES}
        values["count_posted"] = sum(row["count"].values())
        values |= {f"count_{status}": row["count"][status] for status in STATUSES}
        return values

    def _number_of_invoices(self, period):
        """:return: a row as ``l10n_tn_edi.vat.ledger`` makes them, with the number of invoices and credit notes."""
        ledger = self.env["l10n_tn_edi.vat.ledger"]
        nothing = dict.fromkeys(STATUSES, 0.0)
        count = {
            status: self.env["account.move"].search_count(
                [*ledger._sales_domain(*period), *ledger._status_domain(status)]
            )
            for status in STATUSES
        }
        return {
            "section": "invoices",
            "code": "",
            "rate": 0.0,
            "base": nothing,
            "tax": nothing,
            "count": count,
        }

    def _open_domain(self):
        """:return: domain of the month's invoices that TTN has not accepted, those that it is to get."""
        ledger = self.env["l10n_tn_edi.vat.ledger"]
        return [
            *ledger._sales_domain(self._companies(), *self._days()),
            ("l10n_tn_edi_document_id.live", "=", True),
            ("l10n_tn_edi_state", "not in", ("accepted", "conflict")),
        ]

    def action_open_invoices(self):
        """Open the month's invoices that are at TTN, or on their way, and not accepted."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("account.action_move_out_invoice_type"),
            "name": self.env._("Not accepted: %(month)s", month=self._title()),
            "domain": self._open_domain(),
            "context": {"default_move_type": "out_invoice", "create": False},
        }

    # --- Spreadsheet -----------------------------------------------------------------------------------------------

    def action_export(self):
        """Make the spreadsheet of what is shown, read anew, and offer it."""
        self.action_compute()
        self.write(
            {
                "file": base64.b64encode(self._workbook()),
                "filename": f"tva-{self.month:%Y-%m}.xlsx",
            }
        )
        return download_action(self)

    def _workbook(self):
        """:return: bytes of the .xlsx file: the month, then the invoices not accepted and those accepted in another month."""
        book = Workbook(write_only=True)
        self._month_sheet(book)
        opened = self.env["account.move"].search(self._open_domain(), order="date, name, id")
        self._invoice_sheet(book, self.env._("Not accepted"), opened)
        late = self.env["l10n_tn_edi.vat.ledger"]._accepted_later(self._companies(), *self._days())
        self._invoice_sheet(book, self.env._("Other month"), late)
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    def _month_sheet(self, book):
        sheet = book.create_sheet(f"{self.month:%Y-%m}")
        for index in range(1, 18):
            sheet.column_dimensions[get_column_letter(index)].width = 34 if index == 1 else 16
        money = money_format(self.currency_id)

        def add(*values, bold=False):
            sheet.append([make_cell(sheet, value, money, bold) for value in values])

        add(self._title(), bold=True)
        Line = self.env["l10n_tn_edi.vat.month.line"]
        names = [f"{what}_{status}" for status in ("posted", *STATUSES) for what in ("base", "tax", "count")]
        add("", *(Line._fields[name]._description_string(self.env) for name in names), bold=True)
        for line in self.line_ids:
            add(line.name, *(line[name] or None for name in names))
        add()
        add(self.env._("Check against the ledger"), bold=True)
        for here, ledger in (("tax_here", "tax_ledger"), ("total_here", "total_ledger")):
            for name in (here, ledger):
                add(self._fields[name]._description_string(self.env), self[name])
        add(self.env._("Equal") if self.equal else self.env._("Different"), bold=True)

    def _invoice_sheet(self, book, title, moves):
        sheet = book.create_sheet(title)
        for index, width in enumerate((22, 14, 40, 18, 18, 24, 20), start=1):
            sheet.column_dimensions[get_column_letter(index)].width = width
        money = money_format(self.currency_id)
        headers = (
            self.env._("Invoice"),
            self.env._("Date"),
            self.env._("Customer"),
            self.env._("Total without tax"),
            self.env._("Total"),
            self.env._("TTN Status"),
            self.env._("Accepted or rejected on"),
        )
        sheet.append([make_cell(sheet, header, bold=True) for header in headers])
        states = dict(self.env["l10n_tn_edi.document"]._fields["state"]._description_selection(self.env))
        for move in moves:
            document = move.l10n_tn_edi_document_id
            decided = document.decided_at and fields.Datetime.context_timestamp(self, document.decided_at)
            row = (
                move.name,
                move.date,
                move.commercial_partner_id.name or "",
                move.amount_untaxed_signed,
                move.amount_total_signed,
                states.get(document.state, ""),
                decided.date() if decided else None,
            )
            sheet.append([make_cell(sheet, value, money) for value in row])


class L10nTnEdiVatMonthLine(models.TransientModel):
    """One kind of tax of the month, by what TTN says of the invoices."""

    _name = "l10n_tn_edi.vat.month.line"
    _description = "Line of a Month for the VAT Return"
    _order = "sequence, id"

    report_id = fields.Many2one("l10n_tn_edi.vat.month", required=True, ondelete="cascade", index=True)
    currency_id = fields.Many2one(related="report_id.currency_id")
    sequence = fields.Integer()
    section = fields.Char()
    code = fields.Char()
    rate = fields.Float()
    name = fields.Char(compute="_compute_name")
    base_posted = fields.Monetary(string="Base, posted")
    tax_posted = fields.Monetary(string="Tax, posted")
    count_posted = fields.Integer(string="Number, posted")
    base_accepted = fields.Monetary(string="Base, accepted")
    tax_accepted = fields.Monetary(string="Tax, accepted")
    count_accepted = fields.Integer(string="Number, accepted")
    base_pending = fields.Monetary(string="Base, pending")
    tax_pending = fields.Monetary(string="Tax, pending")
    count_pending = fields.Integer(string="Number, pending")
    base_rejected = fields.Monetary(string="Base, rejected")
    tax_rejected = fields.Monetary(string="Tax, rejected")
    count_rejected = fields.Integer(string="Number, rejected")
    base_excluded = fields.Monetary(string="Base, excluded")
    tax_excluded = fields.Monetary(string="Tax, excluded")
    count_excluded = fields.Integer(string="Number, excluded")

    @api.depends("section", "code", "rate")
    @api.depends_context("lang")
    def _compute_name(self):
        codes = dict(self.env["account.tax"]._fields["l10n_tn_edi_code"]._description_selection(self.env))
        for line in self:
            rate = f"{line.rate:g}"
            names = {
                "vat": lambda rate=rate: self.env._("VAT %(rate)s %%", rate=rate),
                "suspended": lambda line=line, rate=rate: self.env._(
                    "Suspended: %(tax)s %(rate)s %%", tax=codes.get(line.code, line.code), rate=rate
                ),
                "export": lambda: self.env._("Export"),
                "exempt": lambda: self.env._("Exempt from VAT"),
                "none": lambda: self.env._("Without any VAT"),
                "fodec": lambda rate=rate: self.env._("FODEC %(rate)s %%", rate=rate),
                "stamp": lambda: self.env._("Stamp duty"),
                "invoices": lambda: self.env._("Invoices and credit notes"),
            }
            other = f"{codes.get(line.code, line.code)} {rate} %"
            line.name = names[line.section]() if line.section in names else other
