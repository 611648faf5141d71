"""What webhooks are told: one event for each change of status that a transaction, or a savepoint of it, leaves behind."""

import json
import logging
import uuid
from datetime import UTC, datetime

import psycopg2

from odoo import api, models

from .account_move_api import OWN_PREFIX
from .l10n_tn_edi_text import cut
from .l10n_tn_edi_webhook import OUTCOMES

_logger = logging.getLogger(__name__)

PENDING = "l10n_tn_edi.webhook_events"
SENTENCE = 500


class L10nTnEdiDocument(models.Model):
    _inherit = "l10n_tn_edi.document"

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'l10n_tn_edi_ttn'
        documents = super().create(vals_list)
        documents._note_states(dict.fromkeys(documents.ids))
        return documents

    def _set_state(self, state, **values):
        # EXTENDS 'l10n_tn_edi_ttn'
        self._note_states({document.id: document.state for document in self})
        return super()._set_state(state, **values)

    @api.model
    def _note_states(self, states):
        """Remember what stood before; what is left behind is told before the commit (or a savepoint, which flushes too).

        Nothing is read here: without webhooks a document costs no query.

        :param dict states: document id to the state before, None for a new one.
        """
        precommit = self.env.cr.precommit
        if PENDING not in precommit.data:
            precommit.data[PENDING] = {}
            precommit.add(self.env["l10n_tn_edi.document"]._write_events)
        precommit.data[PENDING] = {**states, **precommit.data[PENDING]}

    def _write_events(self):
        """Called before the commit: the messages belong to the transaction that changed the status.

        What goes wrong here must not undo that change, which may be TTN's answer: it is logged, and nobody is told.
        """
        before = self.env.cr.precommit.data.pop(PENDING, {})
        listening = self.env["l10n_tn_edi.webhook"]._listening()
        if not before or not listening:
            return
        try:
            with self.env.cr.savepoint(flush=False):
                self._add_events(before, listening)
        except psycopg2.OperationalError:
            raise  # somebody else won; the whole transaction begins anew
        except Exception:
            _logger.exception("Webhooks are not told about the documents %s", list(before))
            self.env["l10n_tn_edi.webhook.delivery"].invalidate_model(flush=False)

    def _add_events(self, before, listening):
        """:param dict before: see ``_note_states``.
        :param tuple listening: see ``l10n_tn_edi.webhook._listening``.
        """
        # One that another worker has deleted meanwhile is in the cache yet.
        there = set(
            self.env["l10n_tn_edi.webhook"].sudo().browse([each[0] for each in listening]).exists().ids
        )
        deliveries = []
        for document in self.env["l10n_tn_edi.document"].sudo().browse(before).exists():
            if document.state == before[document.id]:
                continue
            hooks = [
                webhook_id
                for webhook_id, company_id, events in listening
                if webhook_id in there
                and company_id == document.company_id.id
                and (events == "all" or document.state in OUTCOMES)
            ]
            if hooks:
                event = document._event(before[document.id])
                deliveries += [event | {"webhook_id": webhook_id} for webhook_id in hooks]
        if deliveries:
            self.env["l10n_tn_edi.webhook.delivery"].sudo()._add(deliveries)

    def _event(self, before):
        """:param before: the state before, None for a new document.
        :return: values of a delivery that tells of this document as it stands now.
        """
        self.ensure_one()
        # What people read is in the language of the company.
        document = self.with_context(lang=self.company_id.partner_id.lang or self.env.lang)
        event_id, kind = str(uuid.uuid4()), f"invoice.{self.state}"
        return {
            "event_id": event_id,
            "kind": kind,
            "document_id": self.id,
            "body": envelope(event_id, kind, self.company_id, document._event_data() | {"before": before}),
        }

    def _event_data(self):
        """:return: dict, JSON-able: what another system may know of this document; no secrets."""
        self.ensure_one()
        findings = self.move_id._l10n_tn_edi_explain(self.findings or [])
        received = self.env["l10n_tn_edi.api.invoice"].search([("move_id", "=", self.move_id.id)], limit=1)
        return {
            "invoice_id": f"{OWN_PREFIX}{self.move_id.id}",
            "external_id": received.external_id or None,
            "number": self.number or self.move_id.name,
            "state": self.state,
            "mode": self.mode,
            "live": self.live,
            "deposit_number": self.deposit_id or None,
            "ttn_reference": self.reference or None,
            "ttn_reference_date": self.reference_date.isoformat() + "Z" if self.reference_date else None,
            "cause": {"code": self.reason_code, "sentence": cut(self.reason, SENTENCE)}
            if self.reason_code
            else None,
            "findings": [
                {
                    "code": finding["code"],
                    "severity": finding["severity"],
                    "path": finding["path"],
                    "sentence": cut(finding["sentence"], SENTENCE),
                }
                for finding in findings
            ],
        }


def envelope(event_id, kind, company, data):
    """The body of a message as it is sent.

    :param str event_id: the same for each receiver and each attempt.
    :param str kind: such as ``invoice.accepted``.
    :param company: the ``res.company`` it is about.
    :param dict data: JSON-able.
    :return: str, JSON.
    """
    body = {
        "id": event_id,
        "type": kind,
        "time": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "company": {
            "id": company.id,
            "name": company.name,
            "matricule": company.l10n_tn_edi_matricule or None,
        },
        "data": data,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
