"""Whether a company's invoices would pass: before it goes live, and before TTN changes the version."""

import logging
from collections import defaultdict

from dateutil.relativedelta import relativedelta

from odoo import fields, models

_logger = logging.getLogger(__name__)

# Invoices examined between two emptyings of the cache: memory stays the same for thousands of them.
AT_ONCE = 100
MONTHS = 12
COMMONEST = 10
# What a finding becomes when an invoice could not be examined at all; the log has the reason.
UNEXPECTED = "document.unexpected"


class ResCompany(models.Model):
    _inherit = "res.company"

    def _l10n_tn_edi_readiness_domain(self, since, until):
        """The posted invoices that would have been deposited, of the journals switched on, else of all sales journals."""
        self.ensure_one()
        domain = [
            ("company_id", "=", self.id),
            ("move_type", "in", ("out_invoice", "out_refund")),
            ("state", "=", "posted"),
            ("invoice_date", ">=", since),
            ("invoice_date", "<=", until),
            ("l10n_tn_edi_exclusion", "=", False),
        ]
        if self.env["account.journal"].search_count(
            [("company_id", "=", self.id), ("l10n_tn_edi_enabled", "=", True)], limit=1
        ):
            domain.append(("journal_id.l10n_tn_edi_enabled", "=", True))
        return domain

    def _l10n_tn_edi_readiness(self, version=None, since=None, until=None, limit=None):
        """Run a period's invoices against a version of TEIF, without sending anything.

        :param str version: the TEIF version; the company's own of today when not given.
        :param since, until: dates, both included; the last twelve months when not given.
        :param int limit: at most so many invoices, the latest first.
        :return: what :meth:`_l10n_tn_edi_examine` gives, and ``left``: how many invoices were not examined.
        """
        self.ensure_one()
        until = until or fields.Date.context_today(self)
        since = since or until - relativedelta(months=MONTHS)
        domain = self._l10n_tn_edi_readiness_domain(since, until)
        Move = self.env["account.move"]
        moves = Move.search(domain, order="invoice_date desc, id desc", limit=limit)
        left = Move.search_count(domain) - len(moves) if limit else 0
        return {**self._l10n_tn_edi_examine(moves, version), "left": left}

    def _l10n_tn_edi_examine(self, moves, version=None):
        """Build and check each of ``moves`` in ``version``.

        :return: dict with ``version``, ``checked`` and ``failing`` (numbers of invoices), ``faults``: the commonest
            first, dicts ``{code, model, field, severity, count, sentence, res_ids}`` with the invoices counted once, and
            ``invoices``: list of ``(id, findings)`` of those with a finding, findings as ``_l10n_tn_edi_findings``.
        """
        self.ensure_one()
        version = version or self._l10n_tn_edi_version_on()
        invoices, faults = [], defaultdict(lambda: {"moves": set(), "res_ids": {}, "example": None})
        failing = 0
        for start in range(0, len(moves), AT_ONCE):
            batch = moves[start : start + AT_ONCE].with_context(l10n_tn_edi_version=version)
            batch._l10n_tn_edi_read_ahead()
            for move in batch:
                findings = [
                    item for item in self._l10n_tn_edi_findings_of(move) if item["severity"] != "advice"
                ]
                if not findings:
                    continue
                invoices.append((move.id, findings))
                failing += any(item["severity"] == "blocking" for item in findings)
                for item in findings:
                    fault = faults[item["code"], item["model"], item["field"], item["severity"]]
                    fault["moves"].add(move.id)
                    fault["res_ids"][item["res_id"] or move.id] = True
                    fault["example"] = fault["example"] or item
            self.env.invalidate_all()
        return {
            "version": version,
            "checked": len(moves),
            "failing": failing,
            "invoices": invoices,
            "faults": self._l10n_tn_edi_commonest(faults),
        }

    def _l10n_tn_edi_findings_of(self, move):
        """The findings of one invoice; one that can't be examined is a finding and stops no other."""
        try:
            return move._l10n_tn_edi_findings()
        except Exception:
            _logger.exception("Invoice %s could not be examined", move.id)
            return [
                {
                    "code": UNEXPECTED,
                    "severity": "blocking",
                    "path": "",
                    "message": "",
                    "params": {},
                    "model": move._name,
                    "res_id": move.id,
                    "field": False,
                }
            ]

    def _l10n_tn_edi_commonest(self, faults):
        ordered = sorted(faults.items(), key=lambda item: (item[0][3] != "blocking", -len(item[1]["moves"])))
        explain = self.env["account.move"]._l10n_tn_edi_explain
        return [
            {
                "code": code,
                "model": model or "account.move",
                "field": field,
                "severity": severity,
                "count": len(fault["moves"]),
                "sentence": explain([fault["example"]])[0]["sentence"],
                "res_ids": list(fault["res_ids"]),
            }
            for (code, model, field, severity), fault in ordered[:COMMONEST]
        ]
