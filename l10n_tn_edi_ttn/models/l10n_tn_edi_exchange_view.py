"""What the screens of exchanges need beside their data: the bodies as text."""

import base64

from odoo import api, fields, models

# What is shown of a body on the screen; the file has all of it.
SHOWN_BYTES = 200_000


class L10nTnEdiExchange(models.Model):
    _inherit = "l10n_tn_edi.exchange"

    request_shown = fields.Text(string="Request", compute="_compute_shown")
    response_shown = fields.Text(string="Answer", compute="_compute_shown")
    request_name = fields.Char(compute="_compute_file_names")
    response_name = fields.Char(compute="_compute_file_names")

    @api.depends("operation", "attempt", "started_at")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["operation"]._description_selection(self.env))
        for exchange in self:
            exchange.display_name = f"{labels.get(exchange.operation, '')} #{exchange.id or ''}"

    @api.depends("request_text", "request_file", "response_text", "response_file")
    def _compute_shown(self):
        for exchange in self.with_context(bin_size=False):
            exchange.request_shown = exchange._readable(exchange.request_text, exchange.request_file)
            exchange.response_shown = exchange._readable(exchange.response_text, exchange.response_file)

    def _compute_file_names(self):
        for exchange in self:
            exchange.request_name = f"request_{exchange.id}.xml"
            exchange.response_name = f"answer_{exchange.id}.xml"

    def action_record_kept(self):
        """Try once more to record an answer that was given up (see ``l10n_tn_edi_document_kept``)."""
        self.document_id._check_may_send()
        given_up = self.sudo().filtered(
            lambda one: one.kept_tries and not one.kept_until and not one.finished_at
        )
        given_up.write({"kept_tries": 0, "kept_until": self._database_now()})
        self.document_id._wake_lane("follow")

    @api.model
    def _readable(self, text, file):
        """:return: the body as text that a screen can show, an element a line; False when there is none.

        What is no UTF-8 is replaced character by character; what was kept stays as it came.
        """
        if not text and file:
            text = base64.b64decode(file)[:SHOWN_BYTES].decode(errors="replace").replace("\x00", "\ufffd")
        return text.replace("><", ">\n<") if text else False
