import re

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError

from ..api.problems import PROBLEMS
from ..api.schemas import EXTERNAL_ID
from .l10n_tn_edi_import import BATCH
from .l10n_tn_edi_import_lookup import ImportLookup

CREATED, CHECKED = 201, 200


class L10nTnEdiApiInvoice(models.Model):
    """An invoice that came through the API: what the caller calls it, for ever, and what it became."""

    _name = "l10n_tn_edi.api.invoice"
    _inherit = ["l10n_tn_edi.invoice.maker"]
    _description = "Invoice of the API"
    _order = "id desc"
    _rec_name = "external_id"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    external_id = fields.Char(string="Caller's Identifier", required=True, readonly=True)
    number = fields.Char(string="Supplied Number", readonly=True)
    user_id = fields.Many2one("res.users", required=True, readonly=True, default=lambda self: self.env.uid)
    move_id = fields.Many2one(
        "account.move", string="Invoice", readonly=True, index="btree_not_null", ondelete="set null"
    )
    # Only while the invoice is made; what came of it is the invoice
    payload = fields.Json(readonly=True, prefetch=False)
    made = fields.Boolean(
        readonly=True, help="The identifier is used: it stays so when the invoice is deleted."
    )

    _external_id_unique = models.UniqueIndex(
        "(company_id, external_id)", "An invoice with this identifier came in already."
    )

    @property
    def first_row(self):
        """:return: int, the row of what concerns the whole invoice."""
        return 1

    @api.ondelete(at_uninstall=False)
    def _unlink_except_made(self):
        if any(record.made for record in self):
            raise UserError(
                self.env._("The identifier of an invoice that came in is never used again: it is kept.")
            )

    # === Receiving === #

    @api.model
    def _receive(self, bodies, *, check_only=False):
        """Make the invoices of ``bodies``; a bad one never stops the others.

        :param list bodies: what was read from JSON, not checked yet.
        :param bool check_only: find out, then undo.
        :return: list of dicts in their order: ``external_id`` (text or None), ``status`` (HTTP), ``move`` (record or empty),
            ``problem`` (code or None), ``params`` and ``findings`` of the problem.
        """
        results = [self._result(body) for body in bodies]
        self._refuse_forms(bodies, results)
        self._refuse_taken(results)
        waiting = self._prepare(bodies, results)
        lookup = ImportLookup(
            self.env,
            create_partners=self.env.company.l10n_tn_edi_api_create_partners,
            create_products=self.env.company.l10n_tn_edi_api_create_products,
        )
        records = self.browse([record.id for record in waiting])
        reading = self.env["l10n_tn_edi.api.reading"]
        for start in range(0, len(records), BATCH):
            for record, outcome in records[start : start + BATCH]._import(lookup, check_only=check_only):
                result = waiting[record]
                if outcome["state"] in ("in", "fine"):
                    result.update(status=CREATED if outcome["move"] else CHECKED, move=outcome["move"])
                else:
                    found = [reading._finding_of(*finding) for finding in outcome["findings"]]
                    self._refuse(result, "api.refused", found)
        records.sudo().filtered(lambda record: not record.made).unlink()
        return results

    @api.model
    def _result(self, body):
        external_id = body.get("external_id") if isinstance(body, dict) else None
        return {
            "external_id": external_id if isinstance(external_id, str) else None,
            "status": None,
            "move": self.env["account.move"],
            "problem": None,
            "params": {},
            "findings": [],
        }

    @api.model
    def _refuse(self, result, problem, findings=(), **params):
        result.update(status=PROBLEMS[problem], problem=problem, params=params, findings=list(findings))

    @api.model
    def _refuse_forms(self, bodies, results):
        """What the schema refuses, and identifiers that stand twice in one call."""
        # Needs packages that only companies with the API have
        from ..api import validation

        reading = self.env["l10n_tn_edi.api.reading"]
        seen = set()
        for body, result in zip(bodies, results, strict=True):
            found = validation.check(body, "InvoiceIn")
            external_id = result["external_id"]
            # In Python "$" also matches before a last end of line
            if not found and not re.fullmatch(EXTERNAL_ID, external_id):
                found = [validation.BodyFinding("body.form", "/external_id", {"wanted": EXTERNAL_ID})]
            if not found and external_id in seen:
                found = [validation.BodyFinding("body.repeated", "/external_id", {"value": external_id})]
            if found:
                self._refuse(result, "api.body", [reading._finding_of_body(finding) for finding in found])
            else:
                seen.add(external_id)

    @api.model
    def _refuse_taken(self, results):
        wanted = [result["external_id"] for result in results if not result["problem"]]
        taken = {
            record.external_id: record
            for record in self.search(
                [("company_id", "=", self.env.company.id), ("external_id", "in", wanted)]
            )
        }
        for result in results:
            record = not result["problem"] and taken.get(result["external_id"])
            if record:
                self._refuse(
                    result,
                    "api.external_id_taken",
                    external_id=record.external_id,
                    number=record.move_id.name or "",
                )

    @api.model
    def _prepare(self, bodies, results):
        """:return: dict of new record to its result, for the bodies that can be read."""
        reading = self.env["l10n_tn_edi.api.reading"]
        values, waiting = [], []
        for body, result in zip(bodies, results, strict=True):
            if result["problem"]:
                continue
            invoice = reading._read_invoice(body)
            if invoice.findings:
                found = [
                    reading._finding_of(finding.code, finding.row, finding.column, finding.params)
                    for finding in invoice.findings
                ]
                self._refuse(result, "api.refused", found)
                continue
            values.append(
                {
                    "company_id": self.env.company.id,
                    "external_id": result["external_id"],
                    "number": invoice.number,
                    "user_id": self.env.uid,
                    "payload": self._payload_of(invoice),
                }
            )
            waiting.append(result)
        try:
            records = self.sudo().create(values).sudo(False)
            self.env.flush_all()
        except psycopg2.errors.UniqueViolation as error:
            # Another call with the same identifier was faster: the whole call begins anew and sees it
            raise ConcurrencyError("an external id came in twice at the same time") from error
        return dict(zip(records, waiting, strict=True))

    # === As the maker of invoices wants it === #

    def _making_journal(self):
        # EXTENDS 'l10n_tn_edi.invoice.maker'
        return self.env.company._l10n_tn_edi_api_journal()

    def _making_posts(self):
        # EXTENDS 'l10n_tn_edi.invoice.maker'
        return True

    def _make(self, lookup, check_only):
        # EXTENDS 'l10n_tn_edi.invoice.maker': credit notes further down the same call find the invoices of it
        outcomes = super()._make(lookup, check_only)
        for record, outcome in outcomes.items():
            if outcome["state"] == "in" and not record.made:
                record.sudo().write({"move_id": outcome["move"].id, "made": True, "payload": False})
        return outcomes

    def _check_header(self, header, currency):
        # EXTENDS 'l10n_tn_edi.invoice.maker'
        found = super()._check_header(header, currency)
        journal = self._making_journal()
        if not journal:
            found.append(("api.journal", self.first_row, None, {"company": self.company_id.name}))
        if journal.l10n_tn_edi_external_numbering and not self.number:
            found.append(("api.number", self.first_row, "number", {}))
        wanted = header.get("original_external_id")
        if wanted and not self._original(wanted):
            found.append(("api.original", self.first_row, "original_external_id", {"value": wanted}))
        return found

    def _original_values(self, header, lookup):
        # EXTENDS 'l10n_tn_edi.invoice.maker'
        if wanted := header.get("original_external_id"):
            return {"reversed_entry_id": self._original(wanted).id}
        return super()._original_values(header, lookup)

    def _original(self, external_id):
        """:return: the posted invoice of the company that came in under ``external_id``; empty when there is none."""
        move = self.search(
            [("company_id", "=", self.company_id.id), ("external_id", "=", external_id)]
        ).move_id
        return move.filtered(lambda one: one.move_type == "out_invoice" and one.state == "posted")
