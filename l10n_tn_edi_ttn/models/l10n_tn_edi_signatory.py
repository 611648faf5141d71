from odoo import api, fields, models
from odoo.exceptions import UserError


class L10nTnEdiSignatory(models.Model):
    """A person who signs for a company with a PIN or a one-time password.

    The accountant prepares, the holder is told by an activity, enters PIN or password, and is noted as the signer.
    """

    _name = "l10n_tn_edi.signatory"
    _description = "Signatory of Electronic Invoices"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "sequence, id"
    _rec_name = "user_id"

    provider_id = fields.Many2one(
        "l10n_tn_edi.signature.provider", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="provider_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    user_id = fields.Many2one("res.users", string="Holder", required=True)
    substitute_id = fields.Many2one(
        "res.users", help="May sign in the holder's place, with the holder's PIN or password."
    )
    journal_ids = fields.Many2many(
        "account.journal",
        string="Journals",
        help="Signs the invoices of these journals; all when there are none.",
    )
    credential = fields.Char(string="DigiGo Account", help="The holder's e-mail address at DigiGo.")
    certificate_id = fields.Many2one("l10n_tn_edi.certificate", readonly=True, copy=False)
    certificate_not_after = fields.Datetime(
        related="certificate_id.not_after", string="Certificate Valid Until"
    )

    def _may_sign(self, journals):
        """:return: those of ``self`` whose journals cover ``journals``."""
        return self.filtered(lambda one: not one.journal_ids or journals <= one.journal_ids)

    def _of_user(self, user):
        """:return: those of ``self`` as whom the user signs: as the holder first, then as a substitute."""
        own = self.filtered(lambda one: one.user_id == user)
        return own | (self - own).filtered(lambda one: one.substitute_id == user)

    @api.model
    def _share(self, provider, user, documents):
        """What of a selection the user may sign with one PIN or password; the rest is somebody else's.

        :raise UserError: when it is nothing.
        """
        for signatory in provider.sudo().signatory_ids._of_user(user):
            share = documents.filtered(
                lambda document, signatory=signatory: signatory._may_sign(document.sudo().journal_id)
            )
            if share:
                return share
        self._for_user(provider, user, documents[:1])
        return documents

    @api.model
    def _for_user(self, provider, user, documents):
        """The signatory as whom a user signs documents.

        :raise UserError: when the user is none for them.
        """
        journals = documents.journal_id
        candidates = provider.sudo().signatory_ids._may_sign(journals)
        own = candidates._of_user(user)
        if own:
            return own[0]
        names = ", ".join(candidates.user_id.mapped("name"))
        if names:
            raise UserError(self.env._("These documents are signed by %(names)s.", names=names))
        raise UserError(
            self.env._(
                "Nobody signs these documents yet: add a signatory to “%(provider)s”.",
                provider=provider.sudo().name,
            )
        )

    def _tell_waiting(self):
        """Give the holder an activity in his language, one for all documents that wait for the signature."""
        for signatory in self.sudo():
            if signatory.activity_ids:
                continue
            told = signatory.with_context(lang=signatory.user_id.lang)
            told.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=signatory.user_id.id,
                summary=told.env._("Sign electronic invoices"),
                note=told.env._(
                    "Documents wait for your signature: Electronic Documents, filter “Waits for a Signature”, select them, Sign."
                ),
            )

    def _tell_done(self):
        """End the holder's activity when nothing of what he signs waits any more."""
        for signatory in self.sudo():
            domain = [
                ("company_id", "child_of", signatory.company_id.id),
                ("live", "=", True),
                ("state", "=", "to_sign"),
                ("next_at", "=", False),
            ]
            if signatory.journal_ids:
                domain.append(("journal_id", "in", signatory.journal_ids.ids))
            if not self.env["l10n_tn_edi.document"].sudo().search_count(domain, limit=1):
                signatory.activity_ids.action_done()
