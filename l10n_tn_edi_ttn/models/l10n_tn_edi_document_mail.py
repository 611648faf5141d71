import logging

from odoo import api, models

_logger = logging.getLogger(__name__)


class L10nTnEdiDocument(models.Model):
    """E-mails that wait until TTN has accepted their invoice."""

    _inherit = "l10n_tn_edi.document"

    @api.model
    def _cron_send_held_mail(self):
        """Send the e-mails of accepted invoices. Slow (a PDF each), so it is an action of its own."""
        domain = [("held_mail", "!=", False), ("state", "in", ("accepted", "conflict")), ("live", "=", True)]
        while True:
            self._end_snapshot()
            document = self.search(domain, limit=1)
            if not document:
                return
            document._guarded_mail()
            left = self.search_count(domain)
            if self.env["account.move"]._can_commit() and not self.env["ir.cron"]._commit_progress(
                1, remaining=left
            ):
                self._wake_lane("send_held_mail")
                return

    def _guarded_mail(self):
        """Send one e-mail; whatever goes wrong is written to the invoice and tried no more."""
        self.ensure_one()
        held = self.held_mail
        # Given up first and committed: an e-mail that was sent must not be sent again because what follows failed.
        self.sudo().held_mail = False
        self._commit()
        for one in held:
            try:
                with self.env.cr.savepoint():
                    self._send_mail(one)
            except Exception:
                _logger.exception("The e-mail of %s could not be sent", self.move_id)
                self._log(
                    self.env._(
                        "The e-mail that waited for TTN's acceptance could not be sent. Please send it again."
                    )
                )
            self._commit()

    def _send_mail(self, held):
        self.ensure_one()
        move = self.move_id
        methods = set(held["sending_methods"])
        send = self.env["account.move.send"].with_company(self.company_id)
        template = self.env["mail.template"].browse(held["mail_template_id"]).exists()
        settings = {
            key: held[key]
            for key in (
                "mail_lang",
                "mail_subject",
                "mail_body",
                "mail_partner_ids",
                "author_partner_id",
                "author_user_id",
            )
            if held.get(key)
        }
        if template:
            settings["mail_template"] = template
        if held.get("mail_attachments_widget"):
            defaults = send._get_default_sending_settings(move, sending_methods=methods, **settings)
            settings["mail_attachments_widget"] = [
                *(defaults.get("mail_attachments_widget") or []),
                *held["mail_attachments_widget"],
            ]
        send._generate_and_send_invoices(move, allow_raising=False, sending_methods=methods, **settings)
