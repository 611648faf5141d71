"""A month of sales for the VAT return, read from the posted entries and tied to the ledger; nothing is reckoned anew."""

from collections import defaultdict
from datetime import datetime, time
from zoneinfo import ZoneInfo

from odoo import api, models
from odoo.tools import SQL

from .account_tax import STAMP, VAT

STATUSES = ("accepted", "pending", "rejected", "excluded")
SECTIONS = ("vat", "suspended", "export", "exempt", "none", "fodec", "other", "stamp")
FODEC = "I-162"
# Lines that are no part of what was sold.
NOT_SOLD = ("payment_term", "cogs", "line_section", "line_subsection", "line_note")
TUNIS = ZoneInfo("Africa/Tunis")


class L10nTnEdiVatLedger(models.AbstractModel):
    _name = "l10n_tn_edi.vat.ledger"
    _description = "Sales of a Month for the VAT Return"

    # --- Which invoices --------------------------------------------------------------------------------------------

    @api.model
    def _sales_domain(self, companies, start, end):
        """:return: domain of the posted invoices and credit notes whose entries are of these days (both included)."""
        return [
            ("company_id", "in", companies.ids),
            ("move_type", "in", ("out_invoice", "out_refund")),
            ("state", "=", "posted"),
            ("date", ">=", start),
            ("date", "<=", end),
        ]

    @api.model
    def _status_domain(self, status):
        """:param str status: one of ``STATUSES``; what it means stands in ``_status``, here it is for the ORM.
        :return: domain of ``account.move``.
        """
        live = [("l10n_tn_edi_document_id.live", "=", True)]
        return {
            "accepted": [*live, ("l10n_tn_edi_state", "in", ("accepted", "conflict"))],
            "rejected": [*live, ("l10n_tn_edi_state", "=", "rejected")],
            "pending": [*live, ("l10n_tn_edi_state", "not in", ("accepted", "conflict", "rejected"))],
            "excluded": [
                "|",
                ("l10n_tn_edi_document_id", "=", False),
                ("l10n_tn_edi_document_id.live", "=", False),
            ],
        }[status]

    @api.model
    def _status(self, document):
        """:param document: SQL, the alias of the invoice's document (left join).
        :return: SQL, the invoice's status, one of ``STATUSES``.
        """
        return SQL(
            "CASE WHEN %(d)s.live IS NOT TRUE THEN 'excluded'"
            " WHEN %(d)s.state IN ('accepted', 'conflict') THEN 'accepted'"
            " WHEN %(d)s.state = 'rejected' THEN 'rejected' ELSE 'pending' END",
            d=document,
        )

    @api.model
    def _accepted_later(self, companies, start, end):
        """:return: ``account.move`` of the month that TTN accepted after it, and earlier ones that it accepted within it;
        by date and number.
        """
        Move = self.env["account.move"]
        begin = datetime.combine(start, time.min, TUNIS).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
        over = datetime.combine(end, time.max, TUNIS).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
        accepted = self._status_domain("accepted")
        late = Move.search(
            [
                *self._sales_domain(companies, start, end),
                *accepted,
                ("l10n_tn_edi_document_id.decided_at", ">", over),
            ]
        )
        early = Move.search(
            [
                ("company_id", "in", companies.ids),
                ("state", "=", "posted"),
                ("date", "<", start),
                *accepted,
                ("l10n_tn_edi_document_id.decided_at", ">=", begin),
                ("l10n_tn_edi_document_id.decided_at", "<=", over),
            ]
        )
        return (late | early).sorted(lambda move: (move.date, move.name or ""))

    # --- What stands in the entries --------------------------------------------------------------------------------

    @api.model
    def _rows(self, companies, start, end):
        """The month in rows.

        :return: list of dict ``section`` (one of ``SECTIONS``), ``code`` (TEIF), ``rate`` (float, per cent), and by status
            ``base``, ``tax`` (floats in the company's currency; credit notes count negative) and ``count`` (of stamps);
            in the order of ``SECTIONS``, the higher rate first.
        """
        rows = defaultdict(lambda: {what: dict.fromkeys(STATUSES, 0.0) for what in ("base", "tax", "count")})
        Tax = self.env["account.tax"].sudo().with_context(active_test=False)
        for status, export, tax_line, taxes, amount, stamps in self._sums(companies, start, end):
            borne = Tax.browse(taxes).flatten_taxes_hierarchy()
            vat = borne.filtered(lambda tax: tax.l10n_tn_edi_code == VAT)
            for tax in borne:
                rows[self._section(tax, export)]["base"][status] += amount
            if tax_line:
                row = rows[self._section(Tax.browse(tax_line), export)]
                row["tax"][status] += amount
                row["count"][status] += stamps
            elif not vat and amount:
                rows["export" if export else "none", "", 0.0]["base"][status] += amount
        result = [
            {"section": section, "code": code, "rate": rate, **row}
            for (section, code, rate), row in rows.items()
        ]
        for row in result:
            if row["section"] == "stamp":
                row["base"] = dict.fromkeys(STATUSES, 0.0)  # a stamp is an amount, it has no base
        return sorted(result, key=lambda row: (SECTIONS.index(row["section"]), row["code"], -row["rate"]))

    @api.model
    def _section(self, tax, export):
        """:return: (section, TEIF code, rate) under which a tax is shown."""
        code, rate = tax._l10n_tn_edi_code_and_rate()
        if code == STAMP:
            return "stamp", code, 0.0
        if tax.l10n_tn_edi_suspended_tax_id:
            original = tax.l10n_tn_edi_suspended_tax_id._l10n_tn_edi_code_and_rate()
            return "suspended", original[0], float(original[1])
        if code != VAT:
            return "fodec" if code == FODEC else "other", code, float(rate)
        if rate:
            return "vat", code, float(rate)
        return "export" if export else "exempt", "", 0.0

    @api.model
    def _sums(self, companies, start, end):
        """:return: list of (status, export, tax of a tax line or None, taxes that the lines are the base of, sum, number of
        tax lines: those of credit notes counted negative). The sign is that of sales.
        """
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                """
                SELECT status, export, tax_line_id, taxes, -SUM(balance),
                       SUM(CASE WHEN tax_line_id IS NULL THEN 0 ELSE SIGN(-balance) END)
                  FROM (SELECT %(status)s AS status,
                               COALESCE(move.fiscal_position_id = ANY(%(exports)s), FALSE) AS export,
                               line.tax_line_id, line.balance,
                               ARRAY(SELECT rel.account_tax_id
                                       FROM account_move_line_account_tax_rel rel
                                      WHERE rel.account_move_line_id = line.id
                                   ORDER BY rel.account_tax_id) AS taxes
                          FROM account_move move
                          JOIN account_move_line line ON line.move_id = move.id
                     LEFT JOIN l10n_tn_edi_document document ON document.id = move.l10n_tn_edi_document_id
                         WHERE move.company_id = ANY(%(companies)s)
                           AND move.move_type IN ('out_invoice', 'out_refund')
                           AND move.state = 'posted'
                           AND move.date BETWEEN %(start)s AND %(end)s
                           AND line.display_type != ALL(%(not_sold)s)) sold
              GROUP BY status, export, tax_line_id, taxes
                """,
                status=self._status(SQL.identifier("document")),
                exports=self._export_positions(companies).ids,
                companies=companies.ids,
                start=start,
                end=end,
                not_sold=list(NOT_SOLD),
            )
        )

    @api.model
    def _export_positions(self, companies):
        """:return: ``account.fiscal.position`` of export, as ``account.move._l10n_tn_edi_is_export`` knows them."""
        positions = (
            self.env["account.fiscal.position"]
            .sudo()
            .with_context(active_test=False)
            .search([("company_id", "in", (companies | companies.parent_ids).ids)])
        )
        return positions.filtered(lambda position: position._l10n_tn_edi_is_export(position.company_id))

    # --- Tied to the ledger ----------------------------------------------------------------------------------------

    @api.model
    def _ledger(self, companies, start, end):
        """What the ledger says, asked in another way than the rows.

        :return: dict with ``tax`` (all journal items of the days with a sales tax, whatever entry they are in),
            ``receivable`` (what the invoices claim from customers), ``in_base`` (taxes that are in the base of VAT),
            floats; ``strangers``: ids of up to 10 posted entries with sales taxes that are no invoices.
        """
        self.env.flush_all()
        days = {"companies": companies.ids, "start": start, "end": end}
        [[tax, strangers]] = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(-SUM(line.balance), 0),
                       (ARRAY_AGG(DISTINCT line.move_id)
                           FILTER (WHERE move.move_type NOT IN ('out_invoice', 'out_refund')))[:10]
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                  JOIN account_tax tax ON tax.id = line.tax_line_id AND tax.type_tax_use = 'sale'
                 WHERE line.company_id = ANY(%(companies)s) AND line.parent_state = 'posted'
                   AND line.date BETWEEN %(start)s AND %(end)s
                """,
                **days,
            )
        )
        [[receivable, in_base]] = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(SUM(line.balance) FILTER (WHERE line.display_type = 'payment_term'), 0),
                       COALESCE(-SUM(line.balance) FILTER (WHERE line.tax_line_id IS NOT NULL AND EXISTS (
                           SELECT FROM account_move_line_account_tax_rel rel
                             JOIN account_tax tax ON tax.id = rel.account_tax_id AND tax.l10n_tn_edi_code = %(vat)s
                            WHERE rel.account_move_line_id = line.id)), 0)
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                 WHERE move.company_id = ANY(%(companies)s) AND move.state = 'posted'
                   AND move.move_type IN ('out_invoice', 'out_refund')
                   AND move.date BETWEEN %(start)s AND %(end)s
                """,
                vat=VAT,
                **days,
            )
        )
        return {
            "tax": float(tax),
            "receivable": float(receivable),
            "in_base": float(in_base),
            "strangers": strangers or [],
        }
