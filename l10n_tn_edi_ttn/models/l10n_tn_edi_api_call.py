from datetime import timedelta

from odoo import api, fields, models
from odoo.tools.constants import GC_UNLINK_LIMIT

# Days that calls are kept
KEPT_DAYS = 90
KEPT_PARAMETER = "l10n_tn_edi_ttn.api_call_days"


class L10nTnEdiApiCall(models.Model):
    """One call of the API, answered or refused. Neither keys nor bodies are kept."""

    _name = "l10n_tn_edi.api.call"
    _description = "Call of the API for Electronic Invoices"
    _order = "id desc"
    _rec_name = "request_id"
    _log_access = False

    company_id = fields.Many2one(
        "res.company", readonly=True, ondelete="cascade", help="Empty when nobody was recognised."
    )
    user_id = fields.Many2one("res.users", readonly=True, ondelete="set null")
    credential = fields.Char(readonly=True, help="The key or certificate that was shown, without its secret.")
    request_id = fields.Char(readonly=True, help="As the answer's header X-Request-Id has it.")
    started_at = fields.Datetime(readonly=True, required=True)
    duration_ms = fields.Integer(string="Duration (ms)", readonly=True)
    address = fields.Char(string="From", readonly=True)
    method = fields.Char(readonly=True)
    path = fields.Char(readonly=True)
    status = fields.Integer(readonly=True, aggregator=None)
    problem = fields.Char(readonly=True)
    idempotency_key = fields.Char(readonly=True)
    size = fields.Integer(string="Body (bytes)", readonly=True)

    _of_credential = models.Index("(credential, started_at)")
    _of_address = models.Index("(address, started_at) WHERE status = 401")
    _of_time = models.Index("(started_at)")

    @api.autovacuum
    def _gc_calls(self):
        """Forget calls that are older than ``KEPT_DAYS`` (or what the system parameter says)."""
        days = int(self.env["ir.config_parameter"].sudo().get_param(KEPT_PARAMETER, KEPT_DAYS))
        limit = fields.Datetime.now() - timedelta(days=days)
        self.sudo().search([("started_at", "<", limit)], limit=GC_UNLINK_LIMIT).unlink()
