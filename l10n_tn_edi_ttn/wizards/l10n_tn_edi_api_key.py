from odoo import Command, api, fields, models
from odoo.addons.base.models.res_users import check_identity
from odoo.exceptions import UserError, ValidationError

from ..models.l10n_tn_edi_api_access import SCOPE

# What calls need: make invoices, read them, make customers
GROUPS = ("account.group_account_invoice", "base.group_partner_manager")


class L10nTnEdiApiKey(models.TransientModel):
    """Makes a key of the API, shown once, for a user who does nothing else."""

    _name = "l10n_tn_edi.api.key"
    _description = "New Key of the API for Electronic Invoices"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    name = fields.Char(
        string="Which System", required=True, help="Names the key in the lists of keys and calls."
    )
    user_id = fields.Many2one(
        "res.users",
        string="API User",
        compute="_compute_user_id",
        store=True,
        readonly=False,
        domain="[('l10n_tn_edi_api_company_id', '=', company_id)]",
        help="A new one, who can do nothing but call the API, when empty.",
    )
    days = fields.Integer(string="Valid for (days)", required=True, default=365)

    @api.depends("company_id")
    def _compute_user_id(self):
        for wizard in self:
            wizard.user_id = self.env["res.users"].search(
                [("l10n_tn_edi_api_company_id", "=", wizard.company_id.id)], limit=1
            )

    @api.constrains("days")
    def _check_days(self):
        for wizard in self:
            if not 1 <= wizard.days <= 3650:
                raise ValidationError(self.env._("A key is valid for 1 to 3650 days."))

    @api.model
    def _window(self, company):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "name": self.env._("New API Key"),
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_company_id": company.id},
        }

    @check_identity
    def make_key(self):
        """Make the key, and the user when there is none.

        :return: Odoo's window that shows the key, once.
        """
        self.ensure_one()
        if not self.env.is_system():
            raise UserError(self.env._("Only administrators make keys of the API."))
        if not self.company_id.l10n_tn_edi_api_enabled:
            raise UserError(
                self.env._("Switch the API on for %(company)s first.", company=self.company_id.name)
            )
        user = self.user_id or self._make_user()
        expires = fields.Datetime.add(fields.Datetime.now(), days=self.days)
        key = self.env["res.users.apikeys"].with_user(user).sudo()._generate(SCOPE, self.name, expires)
        self.unlink()
        return {
            "type": "ir.actions.act_window",
            "res_model": "l10n_tn_edi.api.key.show",
            "name": self.env._("API Key Ready"),
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_key": key},
        }

    def _make_user(self):
        """:return: a new ``res.users`` without a password: nobody logs in as him."""
        company = self.company_id
        return (
            self.env["res.users"]
            .with_context(no_reset_password=True)
            .create(
                {
                    "name": self.env._("API of %(company)s", company=company.name),
                    "login": f"l10n_tn_edi_api_{company.id}",
                    "company_id": company.id,
                    "company_ids": [Command.set(company.ids)],
                    "group_ids": [Command.set([self.env.ref(group).id for group in GROUPS])],
                    "l10n_tn_edi_api_company_id": company.id,
                }
            )
        )


class L10nTnEdiApiKeyShow(models.AbstractModel):
    """A new key, shown once: it is stored nowhere."""

    _name = "l10n_tn_edi.api.key.show"
    _inherit = ["res.users.apikeys.show"]
    _description = "New API Key, Shown Once"

    # As in Odoo's own window: the onchange that gives the value of the key asks for it
    id = fields.Id()
