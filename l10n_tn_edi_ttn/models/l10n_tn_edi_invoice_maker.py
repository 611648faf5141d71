"""From the values of an invoice's columns to a posted invoice: one way for what comes in a workbook and through the API."""

import hashlib
import json
import logging
from datetime import date
from decimal import Decimal

import psycopg2

from odoo import api, models
from odoo.exceptions import UserError

from ..spreadsheet.columns import AMOUNT, BY_KEY, DATE, PERCENT
from .l10n_tn_edi_import_lookup import NotFound

_logger = logging.getLogger(__name__)

CREDIT_NOTE = "I-12"
STAMP_CHOICES = {"yes": "with", "no": "without"}
CONTROL_TOTALS = ("total_untaxed", "total_tax", "total")


class L10nTnEdiInvoiceMaker(models.AbstractModel):
    """Makes invoices of its records.

    A concrete model has the fields ``company_id``, ``number`` (may be empty), ``first_row`` and ``payload``: a dict of
    ``header`` and ``lines``, values by column key as JSON holds them, and ``cells``, pairs of a row's number and its filled
    columns.
    """

    _name = "l10n_tn_edi.invoice.maker"
    _description = "Maker of Invoices"

    # === What a concrete model says === #

    def _making_journal(self):
        """:return: the ``account.journal`` of the new invoices."""
        raise NotImplementedError

    def _making_posts(self):
        """:return: bool, whether the new invoices are posted."""
        raise NotImplementedError

    # === The payload === #

    @api.model
    def _payload_of(self, invoice):
        """:param SheetInvoice invoice: as a reader gives it.
        :return: dict, the payload of a record.
        """

        def plain(values):
            return {key: str(value) if not isinstance(value, int) else value for key, value in values.items()}

        return {
            "header": plain(invoice.header),
            "lines": [plain(line) for line in invoice.lines],
            "cells": invoice.cells,
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

    # === Making them === #

    def _import(self, lookup, *, check_only=False):
        """Make the invoices of these records, or say why not. Never raises for what is wrong with the data.

        :param ImportLookup lookup: shared by the batches of a run.
        :param bool check_only: find out, then undo.
        :return: list of ``(record, outcome)`` in their order; an outcome is a dict of ``state``, ``move`` (record or empty) and
            ``findings``, list of ``(code, row, column, params)``.
        """
        outcomes = {}
        for group in self._groups():
            known = group._already_in()
            new = group.browse()
            for invoice in group:
                if move := known.get(invoice.number):
                    outcomes[invoice] = invoice._outcome_of_known(move)
                else:
                    new |= invoice
            outcomes.update(new._make(lookup, check_only))
        return [(invoice, outcomes[invoice]) for invoice in self]

    def _groups(self):
        """:return: list of recordsets in their order: a credit note is made after the invoices before it."""
        groups = []
        for invoice in self:
            kind = invoice._move_type(invoice.payload["header"])
            if not groups or groups[-1][0] != kind:
                groups.append((kind, invoice))
            else:
                groups[-1] = (kind, groups[-1][1] | invoice)
        return [invoices for _kind, invoices in groups]

    def _already_in(self):
        """:return: dict of number to the invoice that was made of it before, cancelled ones aside."""
        moves = self.env["account.move"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("move_type", "=", self._move_type(self[0].payload["header"])),
                ("l10n_tn_edi_import_number", "in", [number for number in self.mapped("number") if number]),
                ("state", "!=", "cancel"),
            ]
        )
        return {move.l10n_tn_edi_import_number: move for move in moves}

    def _outcome_of_known(self, move):
        """:return: outcome of a record whose number an invoice that came in earlier has."""
        taken = {"number": self.number, "move": move.display_name}
        return self._refusal([("import.number_taken", self.first_row, "number", taken)])

    def _refusal(self, findings):
        return {"state": "refused", "move": self.env["account.move"], "findings": findings}

    @api.model
    def _move_type(self, header):
        return "out_refund" if header.get("type") == CREDIT_NOTE else "out_invoice"

    def _make(self, lookup, check_only):
        """Make the invoices together, which is several times as fast; without those that are refused, one by one after an error.

        :return: dict of record to outcome.
        """
        outcomes, left = {}, self
        while left:
            try:
                with self.env.cr.savepoint():
                    made = left._make_together(lookup)
                    if check_only:
                        raise Undo
                outcomes.update(
                    {one: {"state": "in", "move": move, "findings": []} for one, move in made.items()}
                )
                break
            except Undo:
                lookup.forget()
                empty = self.env["account.move"]
                outcomes.update({one: {"state": "fine", "move": empty, "findings": []} for one in left})
                break
            except Refused as refused:
                lookup.forget()
                outcomes.update({one: one._refusal(findings) for one, findings in refused.findings.items()})
                left -= self.browse([one.id for one in refused.findings])
            except (
                psycopg2.OperationalError
            ):  # a conflict with somebody else's work: the whole run is tried again
                raise
            except Exception as error:  # noqa: BLE001  # one bad invoice never stops the others
                lookup.forget()
                if len(left) == 1:
                    outcomes[left] = left._refusal([left._finding_of(error)])
                    break
                for one in left:
                    outcomes.update(one._make(lookup, check_only))
                break
        return outcomes

    def _finding_of(self, error):
        """:return: the finding that says what ``error`` means to the user."""
        if isinstance(error, UserError):
            return ("import.odoo", self.first_row, None, {"message": str(error.args[0])})
        if isinstance(error, psycopg2.IntegrityError):
            return ("import.number_taken", self.first_row, "number", {"number": self.number})
        _logger.error("Invoice %s of %s could not be made", self.number, self, exc_info=error)
        return ("import.unexpected", self.first_row, None, {"error": type(error).__name__})

    def _make_together(self, lookup):
        """Create, compare and post.

        :return: dict of record to ``account.move``.
        :raise Refused: with the findings of those that are wrong; what was made must be undone then.
        """
        values, refused = {}, {}
        for invoice in self:
            header, lines = invoice._read_payload()
            values[invoice], findings = invoice._move_values(header, lines, lookup)
            if findings:
                refused[invoice] = findings
        if refused:
            raise Refused(refused)
        moves = self.env["account.move"].create(list(values.values()))
        for invoice, move in zip(self, moves, strict=True):
            if findings := invoice._compare(move, invoice._read_payload()[0]):
                refused[invoice] = findings
        if refused:
            raise Refused(refused)
        if self._making_posts():
            moves.action_post()
        self.env.flush_all()
        return dict(zip(self, moves, strict=True))

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
            "journal_id": self._making_journal().id,
            "partner_id": partner.id,
            "currency_id": currency.id,
            "invoice_date": header["date"],
            "invoice_line_ids": commands,
            "l10n_tn_edi_import_number": self.number or False,
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
        if self._making_journal().l10n_tn_edi_external_numbering:
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
        else:
            # Odoo would look for the account that the customer's lines had most often, in all of them, for each line
            values["account_id"] = self._making_journal().default_account_id.id
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
                ("import.checker", self.first_row, None, self._checker_params(item))
                for item in move._l10n_tn_edi_explain(blocking)
            ]
        return findings

    @api.model
    def _checker_params(self, item):
        """:return: dict, what is kept of an explained finding of the checker: its sentence, and what names it to programs."""
        return {
            "message": item["sentence"],
            **{key: item[key] for key in ("code", "severity", "path", "field") if item.get(key)},
        }

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


class Undo(Exception):
    """Rolls back what a check alone has made."""


class Refused(Exception):
    """Rolls back what was made for others too: they are made again without the refused ones.

    :ivar dict findings: record to its list of findings.
    """

    def __init__(self, findings):
        super().__init__(findings)
        self.findings = findings
