from odoo import api, fields, models
from odoo.exceptions import UserError

from ..signature.problems import SignatureError


class L10nTnEdiSign(models.TransientModel):
    """The PIN of a token at the server: typed once, for so many documents and minutes.

    It goes to the signing agent and nowhere else. Between the two requests of the dialog it is stored encrypted with the
    server's key, and removed by the second.
    """

    _name = "l10n_tn_edi.sign"
    _description = "Sign with a Token"

    provider_id = fields.Many2one("l10n_tn_edi.signature.provider", required=True, readonly=True)
    document_ids = fields.Many2many("l10n_tn_edi.document", readonly=True)
    document_count = fields.Integer(compute="_compute_document_count", string="Documents")
    pin = fields.Char(string="PIN", compute="_compute_pin", readonly=False)
    pin_encrypted = fields.Char(groups="base.group_system")
    documents = fields.Integer(
        string="At Most", help="How many documents this PIN may sign; those selected are signed at once."
    )
    minutes = fields.Integer(string="For (Minutes)", default=5)

    @api.depends("document_ids")
    def _compute_document_count(self):
        for wizard in self:
            wizard.document_count = len(wizard.document_ids)

    def _compute_pin(self):
        self.pin = False

    @api.model_create_multi
    def create(self, vals_list):
        pins = [vals.get("pin") for vals in vals_list]
        wizards = super().create([{name: vals[name] for name in vals if name != "pin"} for vals in vals_list])
        for wizard, pin in zip(wizards, pins, strict=True):
            wizard._keep_encrypted(pin)
        return wizards

    def write(self, vals):
        for wizard in self:
            wizard._keep_encrypted(vals.get("pin"))
        return super().write({name: vals[name] for name in vals if name != "pin"})

    def _keep_encrypted(self, pin):
        if pin:
            self.sudo().write({"pin_encrypted": self.env["l10n_tn_edi.secret"]._encrypt(pin)})

    def action_sign(self):
        """Open the session and sign what was selected; shows a line for each document."""
        self.ensure_one()
        provider, documents = self.provider_id, self.document_ids
        documents._check_may_send()
        signatory = self.env["l10n_tn_edi.signatory"]._for_user(provider, self.env.user, documents)
        pin = self.env["l10n_tn_edi.secret"]._decrypt(self.sudo().pin_encrypted)
        count, minutes = max(self.documents, len(documents)), max(1, self.minutes)
        self.sudo().pin_encrypted = False
        if not pin:
            raise UserError(self.env._("Enter the PIN."))
        # Gone for good before it is tried: whatever happens, nobody can try it a second time.
        self.env["l10n_tn_edi.document"]._commit()
        try:
            provider._agent_open(pin, count, minutes)
            signer = provider.sudo()._agent_signer()
        except SignatureError as error:
            # The wizard is gone with its PIN: typed again, it is a decision of the user.
            message = self.env["l10n_tn_edi.messages"]._sentence(
                error.code, {"provider": provider.name, **error.params}
            )
            raise UserError(message) from None
        signing = self.env["l10n_tn_edi.signing"]._begin(provider, signatory, documents, signer.chain)
        signing._finish(list(signer.sign_all(signing._prepared())))
        return signing._open()
