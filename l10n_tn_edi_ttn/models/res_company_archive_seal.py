"""Whom a company asks for the time-stamps of its archive."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..elfatoora.addresses import WireError, checked_url


class ResCompany(models.Model):
    _inherit = "res.company"

    # Login and password go to this address.
    l10n_tn_edi_tsa_url = fields.Char(
        string="Address of the Time-stamp Service",
        groups="base.group_system",
        help="Where time-stamps after RFC 3161 are asked for; your certification authority gives you the address.",
    )
    l10n_tn_edi_tsa_login = fields.Char(string="Login at the Time-stamp Service", groups="base.group_system")
    l10n_tn_edi_tsa_password_encrypted = fields.Char(groups="base.group_system", copy=False)
    l10n_tn_edi_tsa_password = fields.Char(
        string="Password at the Time-stamp Service",
        compute="_compute_l10n_tn_edi_tsa_password",
        inverse="_inverse_l10n_tn_edi_tsa_password",
        groups="base.group_system",
        help="Stored encrypted with the server's key; it can be replaced, never read.",
    )
    l10n_tn_edi_tsa_has_password = fields.Boolean(
        compute="_compute_l10n_tn_edi_tsa_has_password", groups="base.group_system"
    )

    def _compute_l10n_tn_edi_tsa_password(self):
        self.l10n_tn_edi_tsa_password = False

    def _inverse_l10n_tn_edi_tsa_password(self):
        self.env["l10n_tn_edi.secret"]._take(self, "l10n_tn_edi_tsa_password")

    @api.depends("l10n_tn_edi_tsa_password_encrypted")
    def _compute_l10n_tn_edi_tsa_has_password(self):
        for company in self:
            company.l10n_tn_edi_tsa_has_password = bool(company.l10n_tn_edi_tsa_password_encrypted)

    @api.constrains("l10n_tn_edi_tsa_url")
    def _check_l10n_tn_edi_tsa_url(self):
        hosts = self.env["l10n_tn_edi.transport"]._settings()["private_hosts"]
        for company in self:
            if company.l10n_tn_edi_tsa_url:
                try:
                    checked_url(company.l10n_tn_edi_tsa_url, hosts)
                except WireError:
                    raise ValidationError(
                        self.env._(
                            "“%(address)s” is no address of a time-stamp service: https is needed, without login or "
                            "password inside.",
                            address=company.l10n_tn_edi_tsa_url,
                        )
                    ) from None

    def action_l10n_tn_edi_test_tsa(self):
        """Ask the time-stamp service for a stamp that nobody keeps, and say in words what came back.

        :raise UserError: why there is none.
        """
        self.ensure_one()
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Only an administrator can test the time-stamp service."))
        stamped, problem = self.env["l10n_tn_edi.time.stamping"]._stamp(self, bytes(32))
        if problem:
            raise UserError(self.env["l10n_tn_edi.messages"]._sentence(*problem))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "The time-stamp service answers; its certificate is valid until %(date)s.",
                    date=fields.Date.to_string(stamped.stamp.valid_until),
                ),
            },
        }


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    l10n_tn_edi_archive = fields.Boolean(related="company_id.l10n_tn_edi_archive", readonly=False)
    l10n_tn_edi_archive_since = fields.Date(related="company_id.l10n_tn_edi_archive_since", readonly=False)
    l10n_tn_edi_tsa_url = fields.Char(related="company_id.l10n_tn_edi_tsa_url", readonly=False)
    l10n_tn_edi_tsa_login = fields.Char(related="company_id.l10n_tn_edi_tsa_login", readonly=False)
    l10n_tn_edi_tsa_password = fields.Char(related="company_id.l10n_tn_edi_tsa_password", readonly=False)
    l10n_tn_edi_tsa_has_password = fields.Boolean(related="company_id.l10n_tn_edi_tsa_has_password")

    def action_l10n_tn_edi_test_tsa(self):
        return self.company_id.action_l10n_tn_edi_test_tsa()
