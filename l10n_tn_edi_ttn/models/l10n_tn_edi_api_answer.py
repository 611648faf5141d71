from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.tools import SQL
from odoo.tools.constants import GC_UNLINK_LIMIT

from .l10n_tn_edi_api_problem import ApiProblem

KEPT_DAYS = 30


class L10nTnEdiApiAnswer(models.Model):
    """The answer that was given to an ``Idempotency-Key``: kept in the transaction of what the call made, or not at all."""

    _name = "l10n_tn_edi.api.answer"
    _description = "Kept Answer of the API"
    _log_access = False

    user_id = fields.Many2one("res.users", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    operation = fields.Char(required=True, readonly=True)
    key = fields.Char(required=True, readonly=True)
    fingerprint = fields.Char(required=True, readonly=True, help="Of the body, as RFC 8785 writes it.")
    kept_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now, index=True)
    status = fields.Integer(readonly=True)
    # JSON as text: what was refused is named in it, and PostgreSQL's own JSON takes no NUL
    answer = fields.Text(readonly=True, prefetch=False)

    _key_unique = models.UniqueIndex("(user_id, company_id, operation, key)")

    @api.model
    def _begin(self, operation, key, fingerprint):
        """Take ``key`` for this call until its transaction ends.

        :return: the record; its ``status`` is set when the answer is there already.
        :raise ApiProblem: another body had the key, or a call with it is under way.
        """
        company = self.env.company
        name = f"l10n_tn_edi.api.answer:{self.env.uid}:{company.id}:{operation}:{key}"
        self.env.cr.execute(SQL("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", name))
        if not self.env.cr.fetchone()[0]:
            raise ApiProblem("api.idempotency_running", headers={"Retry-After": "1"})
        answer = self.search(
            [
                ("user_id", "=", self.env.uid),
                ("company_id", "=", company.id),
                ("operation", "=", operation),
                ("key", "=", key),
            ]
        )
        if answer:
            if answer.fingerprint != fingerprint:
                raise ApiProblem("api.idempotency_other_body")
            return answer
        try:
            # Written first: had another call ended between our snapshot and the lock, we must know before anything is made
            answer = self.create(
                {
                    "user_id": self.env.uid,
                    "company_id": company.id,
                    "operation": operation,
                    "key": key,
                    "fingerprint": fingerprint,
                }
            )
            self.env.flush_all()
        except psycopg2.errors.UniqueViolation as error:
            raise ConcurrencyError("an idempotency key was answered meanwhile") from error
        return answer

    @api.autovacuum
    def _gc_answers(self):
        """Forget answers after ``KEPT_DAYS``; that no invoice comes twice is then up to its external id alone."""
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        self.sudo().search([("kept_at", "<", limit)], limit=GC_UNLINK_LIMIT).unlink()
