import time
from datetime import UTC, datetime

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..elfatoora.answers import FaultAnswer
from ..elfatoora.rejections import classify_fault, classify_problem

# The administrator waits for the test's answer.
TEST_SECONDS = 60
# What decides whether the company can sign and call.
CALL_FIELDS = frozenset(
    {
        "l10n_tn_edi_enabled",
        "l10n_tn_edi_mode",
        "l10n_tn_edi_test_url",
        "l10n_tn_edi_production_url",
        "l10n_tn_edi_login",
        "l10n_tn_edi_password",
        "l10n_tn_edi_password_encrypted",
        "l10n_tn_edi_matricule",
        "l10n_tn_edi_provider_id",
        "l10n_tn_edi_production_binding",
    }
)


class ResCompany(models.Model):
    """What a company needs to call El Fatoora: account, secret, provider, and the bond of production to one database."""

    _inherit = "res.company"

    l10n_tn_edi_provider_id = fields.Many2one(
        "l10n_tn_edi.signature.provider",
        string="Signature Provider",
        check_company=True,
        domain="[('company_id', 'parent_of', id), ('state', '!=', 'disabled')]",
        help="Branches without one sign with their parent's.",
    )
    l10n_tn_edi_password_encrypted = fields.Char(groups="base.group_system", copy=False)
    l10n_tn_edi_password = fields.Char(
        string="Password at TTN",
        compute="_compute_l10n_tn_edi_password",
        inverse="_inverse_l10n_tn_edi_password",
        groups="base.group_system",
        help="Stored encrypted with the server's key; it can be replaced, never read.",
    )
    l10n_tn_edi_has_password = fields.Boolean(compute="_compute_l10n_tn_edi_has_password", compute_sudo=True)
    l10n_tn_edi_production_binding = fields.Char(groups="base.group_system", copy=False)
    l10n_tn_edi_production_active = fields.Boolean(
        compute="_compute_l10n_tn_edi_production_active", compute_sudo=True
    )

    def write(self, vals):
        # EXTENDS 'base'
        result = super().write(vals)
        if CALL_FIELDS & vals.keys():
            self.env["l10n_tn_edi.document"]._go_on_after_settings(self)
        if (CALL_FIELDS | {"l10n_tn_edi_version"}) & vals.keys():
            self.env["l10n_tn_edi.preflight"]._ask(self)
        return result

    def _compute_l10n_tn_edi_password(self):
        self.l10n_tn_edi_password = False

    def _inverse_l10n_tn_edi_password(self):
        self.env["l10n_tn_edi.secret"]._take(self, "l10n_tn_edi_password")

    @api.depends("l10n_tn_edi_password_encrypted")
    def _compute_l10n_tn_edi_has_password(self):
        for company in self:
            company.l10n_tn_edi_has_password = bool(company.l10n_tn_edi_password_encrypted)

    @api.depends("l10n_tn_edi_production_binding")
    def _compute_l10n_tn_edi_production_active(self):
        identity = self.env["l10n_tn_edi.latch"]._database_identity()
        for company in self:
            company.l10n_tn_edi_production_active = company.l10n_tn_edi_production_binding == identity

    @api.constrains("l10n_tn_edi_provider_id", "parent_id")
    def _check_l10n_tn_edi_provider(self):
        """Nobody signs with a stranger's key, whatever an administrator of both chooses."""
        for company in self:
            owner = company.l10n_tn_edi_provider_id.company_id
            if owner and owner not in company.sudo().parent_ids:
                raise ValidationError(
                    self.env._(
                        "“%(provider)s” signs for another company than %(company)s.",
                        provider=company.l10n_tn_edi_provider_id.name,
                        company=company.name,
                    )
                )

    def _l10n_tn_edi_signing_provider(self):
        """:return: the provider that signs for this company: its own or its nearest parent's; may be empty."""
        self.ensure_one()
        company = self.sudo()
        while company and not company.l10n_tn_edi_provider_id:
            company = company.parent_id
        return company.l10n_tn_edi_provider_id

    def _l10n_tn_edi_ask_ttn(self, seconds):
        """Ask TTN a harmless question with this account.

        :param float seconds: how long its answer is waited for.
        :return: (None when TTN knows the account, else (code of a sentence, its parameters); seconds that TTN's clock is ahead of
            this server's, None when it did not say).
        """
        self.ensure_one()
        gateway = self.env["l10n_tn_edi.gateway"]
        problem = gateway._problem(self)
        if problem:
            return (problem, {"company": self.name}), None
        client = gateway._client(self, self.l10n_tn_edi_mode)
        call = client.consult_efact(number="0", deadline=time.monotonic() + seconds)
        account = self.env["l10n_tn_edi.account"]._of(self, self.l10n_tn_edi_mode)
        self.env["l10n_tn_edi.exchange"]._keep_account_call(account, call, operation="consult")
        ahead = (call.server_time - datetime.now(UTC)).total_seconds() if call.server_time else None
        return self._l10n_tn_edi_trouble(call), ahead

    @api.model
    def _l10n_tn_edi_trouble(self, call):
        """:return: None when a question of the account was answered, else (code of a sentence, its parameters)."""
        if isinstance(call.answer, FaultAnswer):
            cause = classify_fault(call.answer)
        elif call.problem:
            cause = classify_problem(call.problem)
            if cause.code == "ttn.address_not_declared":
                return "preflight.address", {}  # silence is a sign of it, no proof
        else:
            return None
        return cause.code, {**cause.params, "text": cause.text}

    def action_l10n_tn_edi_test_account(self):
        """Ask TTN a harmless question with this account, and say in words what came back."""
        self.ensure_one()
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Only an administrator can test the account."))
        problem, _ahead = self._l10n_tn_edi_ask_ttn(TEST_SECONDS)
        good = self.env._("El Fatoora answers and knows this account.")
        # Told and not raised: an error would take the exchange with it.
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger" if problem else "success",
                "sticky": bool(problem),
                "message": self.env["l10n_tn_edi.messages"]._sentence(*problem) if problem else good,
            },
        }

    def action_l10n_tn_edi_activate_production(self):
        """Bind production to this very database; a copy of it will not deposit."""
        self.ensure_one()
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Only an administrator can activate production."))
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            raise UserError(
                self.env._("This database is a neutralised copy: it never deposits in production.")
            )
        self.sudo().l10n_tn_edi_production_binding = self.env["l10n_tn_edi.latch"]._database_identity()
