"""An invoice as the API shows it."""

import re

from odoo import api, fields, models

from ..api.schemas import EXTERNAL_ID, OWN_ID
from .account_move_wait import SETTLED
from .l10n_tn_edi_document import AT_TTN

OWN_PREFIX = "inv_"


class AccountMove(models.Model):
    _inherit = "account.move"

    @api.model
    def _l10n_tn_edi_api_domain(self):
        """:return: domain of the invoices and credit notes that the caller's company has."""
        return [
            ("company_id", "=", self.env.company.id),
            ("move_type", "in", ("out_invoice", "out_refund")),
        ]

    @api.model
    def _l10n_tn_edi_api_find(self, reference):
        """:param str reference: the caller's identifier, or the ``id`` that we gave.
        :return: the invoice of the company; empty when it has none of that name.
        """
        if re.fullmatch(OWN_ID, reference):
            own = int(reference.removeprefix(OWN_PREFIX))
            return self.search([*self._l10n_tn_edi_api_domain(), ("id", "=", own)]) if own < 2**31 else self
        if not re.fullmatch(EXTERNAL_ID, reference):
            return self.browse()
        return (
            self.env["l10n_tn_edi.api.invoice"]
            .search([("company_id", "=", self.env.company.id), ("external_id", "=", reference)])
            .move_id
        )

    def _l10n_tn_edi_api_values(self):
        """:return: list of dicts, as the schema ``Invoice`` has them."""
        known = {
            record.move_id: record.external_id
            for record in self.env["l10n_tn_edi.api.invoice"].search([("move_id", "in", self.ids)])
        }
        return [move._l10n_tn_edi_api_value(known.get(move)) for move in self]

    def _l10n_tn_edi_api_value(self, external_id):
        totals = self.env["l10n_tn_edi.api.invoice"]._totals(self)
        partner = self.commercial_partner_id
        return {
            "id": f"{OWN_PREFIX}{self.id}",
            "external_id": external_id or None,
            "number": self.name if self.name and self.name != "/" else None,
            "supplied_number": self.l10n_tn_edi_import_number or None,
            "type": "credit_note" if self.move_type == "out_refund" else "invoice",
            "state": self.state,
            "date": fields.Date.to_string(self.invoice_date) or None,
            "due_date": fields.Date.to_string(self.invoice_date_due) or None,
            "currency": self.currency_id.name,
            "customer": {
                "name": partner.name or "",
                "identifier": partner.vat or partner.l10n_tn_edi_identifier or None,
            },
            "totals": {
                key: f"{totals[name]:.{self.currency_id.decimal_places}f}"
                for key, name in (("untaxed", "total_untaxed"), ("tax", "total_tax"), ("total", "total"))
            },
            "electronic": self._l10n_tn_edi_api_electronic(),
        }

    def _l10n_tn_edi_api_electronic(self):
        """:return: dict as the schema ``Electronic`` has it, None when El Fatoora is not concerned."""
        document = self.l10n_tn_edi_document_id.sudo()
        if not document:
            return None
        reading = self.env["l10n_tn_edi.api.reading"]
        return {
            "state": document.state,
            "situation": self._l10n_tn_edi_told(document),
            "settled": document.state in SETTLED,
            "on_hold": document.hold,
            "platform": document.mode,
            "version": document.version or None,
            "deposit_id": document.deposit_id or None,
            "submitted_at": self._l10n_tn_edi_api_moment(document.submitted_at),
            "reference": document.reference or None,
            "reference_date": self._l10n_tn_edi_api_moment(document.reference_date),
            "decided_at": self._l10n_tn_edi_api_moment(document.decided_at),
            "findings": [
                reading._finding_of_checker(item)
                for item in self._l10n_tn_edi_explain(document.findings or [])
            ],
            "rejections": [str(line) for line in document._rejection_lines()] if document.rejections else [],
        }

    @api.model
    def _l10n_tn_edi_api_moment(self, moment):
        """:return: str as RFC 3339 writes a naive UTC datetime, None for none."""
        return f"{moment.isoformat(timespec='seconds')}Z" if moment else None

    def _l10n_tn_edi_api_exchanges(self):
        """:return: list of dicts as the schema ``Exchange`` has them, oldest first."""
        exchanges = self.l10n_tn_edi_document_ids.exchange_ids.sorted("id")
        return [
            {
                "operation": exchange.operation,
                "attempt": exchange.attempt,
                "started_at": self._l10n_tn_edi_api_moment(exchange.started_at),
                "finished_at": self._l10n_tn_edi_api_moment(exchange.finished_at),
                "duration_ms": exchange.duration_ms,
                "answer": exchange.answer_class or None,
                "http_status": exchange.http_status,
                "deposit_id": exchange.deposit_id or None,
                "sha256": exchange.sha256 or None,
            }
            for exchange in exchanges
        ]

    def _l10n_tn_edi_api_may_send(self):
        """:return: bool, whether sending is possible, or is done already."""
        self.ensure_one()
        document = self.l10n_tn_edi_document_id
        if document.live:
            return "send" in document._valid_actions() or document.state in (*AT_TTN, "signing")
        return self.state == "posted" and self._l10n_tn_edi_concerned()[0]
