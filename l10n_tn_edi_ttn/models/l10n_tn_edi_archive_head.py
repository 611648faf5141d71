"""The head of the archive's chain, kept outside of Odoo: with it the verifier sees a chain that was made anew."""

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ..archive import chain
from .l10n_tn_edi_archive_store import StoreError


class L10nTnEdiArchiveSeal(models.Model):
    _inherit = "l10n_tn_edi.archive.seal"

    def _head_text(self):
        """:return: str, what is kept outside of Odoo: with it the verifier sees a chain that was made anew."""
        self.ensure_one()
        return (
            f"archive: {self.archive}\n"
            f"day: {fields.Date.to_string(self.day)}\n"
            f"entries: {self.first_number}-{self.last_number}\n"
            f"head: {chain.head(self.sequence, bytes.fromhex(self.head))}\n"
        )

    def _head_name(self):
        self.ensure_one()
        return f"{self.archive.replace('/', '-')}-{fields.Date.to_string(self.day)}.head.txt"

    def action_head(self):
        """Download the head of this seal, to keep it outside of Odoo."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/l10n_tn_edi_ttn/archive/head/{self.id}",
            "target": "download",
        }

    def _hand_over(self):
        """Keep the head outside: by e-mail to the address that the company chose, and in its object store.

        :return: None, or (code, parameters) of why the store did not take it; the next head stands for this one as well.
        """
        self.ensure_one()
        company = self.company_id.sudo()
        if company.l10n_tn_edi_archive_head_email:
            self._send_head(company.l10n_tn_edi_archive_head_email)
        if company.l10n_tn_edi_store != "s3":
            return None
        last = self.env["l10n_tn_edi.archive.entry"].search(
            [
                ("company_id", "=", company.id),
                ("mode", "=", self.mode),
                ("number", "=", self.last_number),
            ]
        )
        try:
            self.env["l10n_tn_edi.archive.store"]._put(
                company, f"{self.archive}/heads", self._head_text().encode(), last.retain_until
            )
        except StoreError as error:
            return error.code, {"status": error.status}
        return None

    def _send_head(self, to):
        """Send the head; the mail goes with Odoo's next ones.

        :param str to: addresses, separated by commas.
        """
        text = self._head_text()
        body = self.env._(
            "Please keep this message. With it anybody can see later whether the archive of %(company)s was changed.",
            company=self.company_id.name,
        )
        self.env["mail.mail"].sudo().create(
            {
                "subject": self.env._(
                    "Seal of the invoice archive, %(day)s", day=fields.Date.to_string(self.day)
                ),
                "email_to": to,
                "email_from": self.company_id.email_formatted or self.env.user.email_formatted,
                "body_html": tools.plaintext2html(f"{body}\n\n{text}"),
                "attachment_ids": [
                    fields.Command.create(
                        {"name": self._head_name(), "raw": text.encode(), "mimetype": "text/plain"}
                    )
                ],
            }
        )


class ResCompany(models.Model):
    _inherit = "res.company"

    l10n_tn_edi_archive_head_email = fields.Char(
        string="Send the Head to",
        help="Each sealed day's head goes to this address outside of the company, the accountant's or a notary's for "
        "instance. Several are separated by commas.",
    )

    @api.constrains("l10n_tn_edi_archive_head_email")
    def _check_l10n_tn_edi_archive_head_email(self):
        for company in self:
            typed = company.l10n_tn_edi_archive_head_email
            parts = [part for part in (typed or "").split(",") if part.strip()]
            if len(tools.email_split(typed or "")) != len(parts):
                raise ValidationError(self.env._("“%(typed)s” is no e-mail address.", typed=typed))


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    l10n_tn_edi_archive_head_email = fields.Char(
        related="company_id.l10n_tn_edi_archive_head_email", readonly=False
    )
