import hashlib
import json
import logging
from datetime import date
from decimal import Decimal

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..spreadsheet.columns import AMOUNT, BY_KEY, DATE, PERCENT
from .l10n_tn_edi_import_lookup import NotFound

_logger = logging.getLogger(__name__)

CREDIT_NOTE = "I-12"
STAMP_CHOICES = {"yes": "with", "no": "without"}
CONTROL_TOTALS = ("total_untaxed", "total_tax", "total")


class L10nTnEdiImportInvoice(models.Model):
    """One invoice of an imported workbook: its cells, and what became of it."""

    _name = "l10n_tn_edi.import.invoice"
    _description = "Invoice of an Imported Workbook"
    _order = "import_id, first_row, id"
    _rec_name = "number"

    import_id = fields.Many2one("l10n_tn_edi.import", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="import_id.company_id", store=True)
    number = fields.Char(readonly=True)
    first_row = fields.Integer(string="Row", readonly=True)
    payload = fields.Json(readonly=True, help="Cells and values as they were read.")
    # waiting ──▶ in | known (was in already) | refused; a check alone ends in fine | refused
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("fine", "Nothing found"),
            ("in", "Imported"),
            ("known", "Was there"),
            ("refused", "Refused"),
        ],
        required=True,
        default="waiting",
        readonly=True,
        index=True,
    )
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True, index="btree_not_null")
    finding_ids = fields.One2many("l10n_tn_edi.import.finding", "invoice_id", readonly=True)

    # === To and from the database === #

    @api.model
    def _values_of(self, invoice):
        """:param SheetInvoice invoice: as the workbook's reader gives it.
        :return: dict of values to create a record.
        """

        def plain(values):
            return {key: str(value) if not isinstance(value, int) else value for key, value in values.items()}

        return {
            "number": invoice.number,
            "first_row": invoice.first_row,
            "payload": {
                "header": plain(invoice.header),
                "lines": [plain(line) for line in invoice.lines],
                "cells": invoice.cells,
            },
            "state": "refused" if invoice.findings else "waiting",
            "finding_ids": [
                (
                    0,
                    0,
                    self._finding_values(
                        dict(invoice.cells), found.code, found.row, found.column, found.params
                    ),
                )
                for found in invoice.findings
            ],
        }

    @api.model
    def _finding_values(self, cells, code, row, column=None, params=None):
        return {
            "code": code,
            "row": row,
            "column": column,
            "value": (cells.get(row) or {}).get(column),
            "params": params or {},
        }

    def _read_payload(self):
        """:return: ``(header, lines)`` with dates and Decimals again."""

        def typed(values):
            result = {}
            for key, value in values.items():
                kind = BY_KEY[key].kind if key in BY_KEY else None
                if kind == DATE:
                    value = date.fromisoformat(value)
                elif kind in (AMOUNT, PERCENT):
                    value = Decimal(value)
                result[key] = value
            return result

        return typed(self.payload["header"]), [typed(line) for line in self.payload["lines"]]

    def _fingerprint(self):
        """:return: str, the same for the same contents, wherever they stand in a file."""
        lines = [
            {key: value for key, value in line.items() if key != "row"} for line in self.payload["lines"]
        ]
        contents = {"number": self.number, "header": self.payload["header"], "lines": lines}
        return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()

    # === One invoice === #

    def _import(self, lookup, *, check_only=False):
        """Make the invoice of this record, or say why not. Never raises for what is wrong with the data.

        :param ImportLookup lookup: shared by a batch.
        :param bool check_only: find out, then undo.
        :return: dict: ``state``, ``move`` (record or empty) and ``findings``, list of ``(code, row, column, params)``.
        """
        self.ensure_one()
        header, lines = self._read_payload()
        known = self._already_in(header)
        if known:
            if known.l10n_tn_edi_import_fingerprint == self._fingerprint():
                return {"state": "known", "move": known, "findings": []}
            taken = (
                "import.number_taken",
                self.first_row,
                "number",
                {"number": self.number, "move": known.display_name},
            )
            return {"state": "refused", "move": known.browse(), "findings": [taken]}
        outcome = {"state": "fine" if check_only else "in", "move": known.browse(), "findings": []}
        try:
            with self.env.cr.savepoint():
                outcome["move"] = self._make_move(header, lines, lookup)
                if check_only:
                    raise Undo
        except Undo:
            outcome["move"] = known.browse()
            lookup.forget()
        except _Refused as refused:
            outcome.update(state="refused", move=known.browse(), findings=refused.findings)
            lookup.forget()
        return outcome

    def _already_in(self, header):
        """:return: the invoice that was made of the same number before, cancelled ones aside."""
        return self.env["account.move"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("move_type", "=", self._move_type(header)),
                ("l10n_tn_edi_import_number", "=", self.number),
                ("state", "!=", "cancel"),
            ],
            limit=1,
        )

    @api.model
    def _move_type(self, header):
        return "out_refund" if header.get("type") == CREDIT_NOTE else "out_invoice"

    def _make_move(self, header, lines, lookup):
        """Create, check and post the invoice.

        :raise _Refused: with all that was found.
        """
        values, findings = self._move_values(header, lines, lookup)
        if findings:
            raise _Refused(findings)
        try:
            move = self.env["account.move"].create(values)
            findings = self._compare(move, header)
            if not findings and self.import_id.post:
                move.action_post()
            self.env.flush_all()
        except (
            psycopg2.OperationalError
        ):  # a conflict with somebody else's work: the whole run is tried again
            raise
        except psycopg2.IntegrityError as error:
            raise _Refused(
                [("import.number_taken", self.first_row, "number", {"number": self.number})]
            ) from error
        except UserError as error:
            raise _Refused(
                [("import.odoo", self.first_row, None, {"message": str(error.args[0])})]
            ) from error
        except Exception as error:  # one bad invoice never stops the others
            _logger.exception("Invoice %s of import %s could not be made", self.number, self.import_id.id)
            raise _Refused(
                [("import.unexpected", self.first_row, None, {"error": type(error).__name__})]
            ) from error
        if findings:
            raise _Refused(findings)
        return move

    # === Values === #

    def _move_values(self, header, lines, lookup):
        """:return: ``(values, findings)``; all that is not found is told at once."""
        findings = []

        def find(method, *args, row=None):
            try:
                return method(*args)
            except NotFound as missing:
                at = row or self._row_of(missing.column)
                findings.append((missing.code, at, missing.column, missing.params))
            except UserError as error:  # a customer or product that Odoo refuses
                findings.append(("import.odoo", row or self.first_row, None, {"message": str(error.args[0])}))
            return None

        partner = find(lookup.partner, header)
        currency = find(lookup.currency, header.get("currency"))
        bank = find(lookup.bank_account, header.get("rib"))
        attestation = find(lookup.attestation, header, partner) if partner else None
        suspension = find(lookup.suspension, attestation) if attestation is not None else None
        if suspension is None:
            suspension = self.env["account.fiscal.position"]
        findings += self._check_header(header, currency)
        commands = []
        for line in lines:
            product = find(lookup.product, line, row=line["row"])
            unit = find(lookup.unit, line.get("unit"), row=line["row"])
            taxes = find(lookup.taxes, line, suspension, row=line["row"])
            if not findings:
                commands.append((0, 0, self._line_values(line, product, unit, taxes)))
        if findings:
            return {}, findings
        values = {
            "move_type": self._move_type(header),
            "journal_id": self.import_id.journal_id.id,
            "partner_id": partner.id,
            "currency_id": currency.id,
            "invoice_date": header["date"],
            "invoice_line_ids": commands,
            "l10n_tn_edi_import_number": self.number,
            "l10n_tn_edi_import_fingerprint": self._fingerprint(),
            **self._optional_values(header, lookup),
        }
        if bank:
            values["partner_bank_id"] = bank.id
        if suspension:
            values |= {"fiscal_position_id": suspension.id, "l10n_tn_edi_attestation_id": attestation.id}
        if header.get("rate"):
            values["invoice_currency_rate"] = float(1 / header["rate"])
        return values, []

    def _row_of(self, column):
        """:return: the first row whose cell of ``column`` is filled: where it is to be corrected."""
        rows = (row for row, cells in self.payload["cells"] if column in cells)
        return next(rows, self.first_row)

    def _check_header(self, header, currency):
        found = []
        due = header.get("due_date")
        if due and due < header["date"]:
            found.append(("import.due_date", self._row_of("due_date"), "due_date", {}))
        if currency and currency != self.company_id.currency_id and not header.get("rate"):
            found.append(("import.rate", self._row_of("currency"), "rate", {"currency": currency.name}))
        return found

    def _optional_values(self, header, lookup):
        """Values of the columns that may be empty; what is empty is left to Odoo's defaults."""
        values = {}
        for key, name in (
            ("order", "l10n_tn_edi_order_reference"),
            ("contract", "l10n_tn_edi_contract_number"),
            ("statement", "l10n_tn_edi_statement_number"),
            ("exemption_reason", "l10n_tn_edi_note"),
            ("credit_reason", "l10n_tn_edi_credit_reason"),
        ):
            if header.get(key):
                values[name] = header[key]
        if header.get("due_date"):
            values |= {"invoice_payment_term_id": False, "invoice_date_due": header["due_date"]}
        if header.get("stamp"):
            values["l10n_tn_edi_stamp_choice"] = STAMP_CHOICES[header["stamp"]]
        if header.get("type") not in (None, "I-11"):
            values["l10n_tn_edi_type_code"] = header["type"]
        if header.get("delivery_note"):
            values["l10n_tn_edi_reference_ids"] = [
                (0, 0, {"code": "I-84", "number": header["delivery_note"]})
            ]
        if self._move_type(header) == "out_refund":
            values |= self._original_values(header, lookup)
        if self.import_id.journal_id.l10n_tn_edi_external_numbering:
            values["name"] = self.number
        return values

    def _original_values(self, header, lookup):
        original = lookup.original(header.get("original_number"))
        if original:
            return {"reversed_entry_id": original.id}
        if not header.get("original_number"):
            return {}
        return {
            "l10n_tn_edi_original_number": header["original_number"],
            "l10n_tn_edi_original_date": header.get("original_date"),
        }

    @api.model
    def _line_values(self, line, product, unit, taxes):
        values = {
            "name": line["description"],
            "quantity": float(line.get("quantity", 1)),
            "price_unit": float(line["price"]),
            "discount": float(line.get("discount", 0)),
            "tax_ids": [(6, 0, taxes.ids)],
        }
        if product:
            values["product_id"] = product.id
        if unit:
            values["product_uom_id"] = unit.id
        return values

    # === What Odoo made of it === #

    def _compare(self, move, header):
        """:return: findings: number not kept, totals that differ, what El Fatoora would refuse."""
        findings = []
        if move.journal_id.l10n_tn_edi_external_numbering and move.name != self.number:
            findings.append(("import.number_form", self.first_row, "number", {"number": self.number}))
        computed = self._totals(move)
        for key in CONTROL_TOTALS:
            expected = header.get(key)
            if expected is not None and move.currency_id.compare_amounts(float(expected), computed[key]):
                params = {"expected": f"{expected:f}", "computed": move.currency_id.format(computed[key])}
                findings.append(("import.total", self._row_of(key), key, params))
        if not findings and move._l10n_tn_edi_is_candidate():
            blocking = [item for item in move._l10n_tn_edi_findings() if item["severity"] == "blocking"]
            findings += [
                ("import.checker", self.first_row, None, {"message": item["sentence"]})
                for item in move._l10n_tn_edi_explain(blocking)
            ]
        return findings

    @api.model
    def _totals(self, move):
        stamps = move.line_ids.filtered(lambda item: item.tax_line_id._l10n_tn_edi_stamps())
        sign = 1 if move.move_type == "out_refund" else -1
        stamp = sign * sum(stamps.mapped("amount_currency"))
        return {
            "total_untaxed": move.amount_untaxed,
            "total_tax": move.currency_id.round(move.amount_tax - stamp),
            "total": move.amount_total,
        }

    def _keep(self, outcome):
        """Write the outcome of :meth:`_import`."""
        self.ensure_one()
        cells = dict(self.payload["cells"])
        self.sudo().write(
            {
                "state": outcome["state"],
                "move_id": outcome["move"].id,
                "finding_ids": [
                    (5, 0, 0),
                    *((0, 0, self._finding_values(cells, *finding)) for finding in outcome["findings"]),
                ],
            }
        )


class Undo(Exception):
    """Rolls back what a check alone has made."""


class _Refused(Exception):
    def __init__(self, findings):
        super().__init__(findings)
        self.findings = findings
