"""What is done, and what is missing, on a company's way to electronic invoices: seven steps, read from what is there."""

from odoo import api, fields, models
from odoo.tools import format_date

from ..teif.identifiers import Matricule

STEPS = ("company", "journal", "account", "certificate", "declared", "test", "production")
# The short code of the journal that test invoices are made in.
TEST_CODE = "ETTN"


class ResCompany(models.Model):
    _inherit = "res.company"

    l10n_tn_edi_account_known = fields.Char(
        copy=False,
        groups="base.group_system",
        help="The platform and login with which TTN answered a test last.",
    )

    l10n_tn_edi_fixed_address = fields.Char(
        string="Fixed Address",
        help="The public IP address from which this server calls TTN: TTN lets only declared addresses through.",
    )

    def _l10n_tn_edi_account_key(self):
        return f"{self.l10n_tn_edi_mode}:{self.l10n_tn_edi_login}:{self.l10n_tn_edi_matricule}"

    def _l10n_tn_edi_note_account(self):
        """TTN answered with the account as it is now; once anything of it changes, that is no longer known."""
        self.ensure_one()
        self.sudo().l10n_tn_edi_account_known = self._l10n_tn_edi_account_key()

    def _l10n_tn_edi_signing_certificates(self):
        """:return: the certificates in use: the provider's and those of its signatories."""
        provider = self._l10n_tn_edi_signing_provider().sudo()
        return provider.certificate_id | provider.signatory_ids.certificate_id

    def _l10n_tn_edi_steps(self):
        """What is done on the way to production, and what is missing.

        :return: dict of step (see ``STEPS``) to ``(done, sentence)``.
        """
        self.ensure_one()
        return {step: getattr(self, f"_l10n_tn_edi_step_{step}")() for step in STEPS}

    def _l10n_tn_edi_step_company(self):
        partner = self.partner_id
        matricule = Matricule.parse(self.vat or "")
        if not matricule or not matricule.key_fits:
            return False, self.env._("The matricule fiscal is missing or has a typing error.")
        missing = [
            partner._fields[name]._description_string(self.env)
            for name in ("street", "city", "zip", "company_registry")
            if not partner[name]
        ]
        if missing:
            return False, self.env._("Still missing: %(fields)s.", fields=", ".join(missing))
        return True, self.env._(
            "%(company)s, %(matricule)s", company=self.name, matricule=matricule.short + matricule.suffix
        )

    def _l10n_tn_edi_step_journal(self):
        if not self.l10n_tn_edi_enabled or not self.l10n_tn_edi_go_live_date:
            return False, self.env._("Electronic invoicing is not switched on yet, or has no go-live date.")
        sales = self.env["account.journal"].search([("company_id", "=", self.id), ("type", "=", "sale")])
        electronic = sales.filtered(lambda journal: journal.l10n_tn_edi_enabled and journal.code != TEST_CODE)
        slashed = electronic.filtered(lambda journal: journal._l10n_tn_edi_has_slash())
        if not electronic - slashed:
            return False, self.env._("No journal for electronic invoices has numbers without “/” yet.")
        if slashed and self.l10n_tn_edi_version == "1.9.0":
            return False, self.env._(
                "The numbers of %(journals)s have a “/”, which TEIF 1.9 refuses: leave this journal to paper.",
                journals=", ".join(slashed.mapped("name")),
            )
        if not sales - electronic:
            return False, self.env._("Paper invoices need a journal of their own.")
        return True, self.env._(
            "%(journals)s, from %(date)s",
            journals=", ".join((electronic - slashed).mapped("name")),
            date=format_date(self.env, self.l10n_tn_edi_go_live_date),
        )

    def _l10n_tn_edi_step_account(self):
        if not (self.l10n_tn_edi_login and self.l10n_tn_edi_has_password):
            return False, self.env._("Type the login and password that TTN gave the company.")
        if self.sudo().l10n_tn_edi_account_known != self._l10n_tn_edi_account_key():
            return False, self.env._("El Fatoora was not asked yet whether it knows this account.")
        return True, self.env._("El Fatoora answers and knows “%(login)s”.", login=self.l10n_tn_edi_login)

    def _l10n_tn_edi_step_certificate(self):
        certificates = self._l10n_tn_edi_signing_certificates()
        if not certificates:
            return False, self.env._("There is no certificate yet, or it was not tested.")
        if all(certificates.mapped("is_expired")):
            return False, self.env._("The certificate has expired.")
        return True, self.env._(
            "%(holder)s, valid until %(date)s",
            holder=", ".join(certificates.mapped("name")),
            date=format_date(self.env, min(certificates.mapped("not_after"))),
        )

    def _l10n_tn_edi_step_declared(self):
        certificates = self._l10n_tn_edi_signing_certificates()
        if not certificates or not all(certificates.mapped("declared")):
            return False, self.env._(
                "Send TTN the dossier with the serial numbers, and say so here once TTN has confirmed them."
            )
        return True, self.env._(
            "TTN knows serial number %(serial)s.", serial=", ".join(certificates.mapped("serial"))
        )

    def _l10n_tn_edi_step_test(self):
        documents = self.env["l10n_tn_edi.document"]
        accepted = documents.search(
            [("company_id", "=", self.id), ("state", "in", ("accepted", "conflict"))], limit=1
        )
        if accepted:
            return True, self.env._(
                "TTN accepted %(number)s under reference %(reference)s.",
                number=accepted.number,
                reference=accepted.reference or "?",
            )
        last = documents.search([("company_id", "=", self.id)], limit=1, order="id desc")
        if not last:
            return False, self.env._("No invoice was sent to TTN yet.")
        return False, last.move_id._l10n_tn_edi_told(last)

    def _l10n_tn_edi_step_production(self):
        if self.l10n_tn_edi_mode != "production":
            return False, self.env._("Invoices go to TTN's test platform, without legal effect.")
        if not self.l10n_tn_edi_production_active:
            return False, self.env._("Production is not active in this database: nothing is deposited.")
        return True, self.env._("Production is active in this database and on this server only.")

    # --- What TTN's enrolment asks for ------------------------------------------------------------------------------

    def _l10n_tn_edi_enrolment_values(self):
        """What the dossier for TTN's enrolment says.

        :return: dict with ``company`` and ``channel`` (lists of (label, value), '' where a person fills it in) and
            ``signatories`` (dicts ``holder``, ``email``, ``issuer``, ``serial``, ``from`` and ``until``).
        """
        self.ensure_one()
        move = self.env["account.move"]
        partner = self.partner_id
        provider = self._l10n_tn_edi_signing_provider().sudo()
        kinds = dict(provider._fields["code"]._description_selection(self.env))
        responsible = self.env["l10n_tn_edi.account"]._of(self, self.l10n_tn_edi_mode)._responsible()
        emails = {one.certificate_id: one.user_id.email for one in provider.signatory_ids}
        capital = self.currency_id.format(self.l10n_tn_edi_capital) if self.l10n_tn_edi_capital else ""
        return {
            "company": [
                (self.env._("Company"), self.name),
                (self.env._("Legal form"), self.l10n_tn_edi_legal_form),
                (self.env._("Share capital"), capital),
                (
                    self.env._("Matricule fiscal"),
                    move._l10n_tn_edi_printed_matricule(self.l10n_tn_edi_matricule),
                ),
                (self.env._("Trade register"), self.company_registry),
                (self.env._("Address"), move._l10n_tn_edi_printed_address(partner)),
                (self.env._("Telephone"), partner.phone),
                (self.env._("E-mail"), partner.email),
            ],
            "channel": [
                (self.env._("Mode"), self.env._("EDI, web service (SOAP)")),
                (self.env._("Fixed public IP address"), self.l10n_tn_edi_fixed_address),
                (self.env._("Login at TTN"), self.l10n_tn_edi_login),
                (self.env._("TEIF version"), self.l10n_tn_edi_version),
                (self.env._("Signature"), kinds.get(provider.code)),
                (self.env._("Technical contact"), responsible.name),
                (self.env._("E-mail of the contact"), responsible.email),
            ],
            "signatories": [
                {
                    "holder": certificate.name,
                    "email": emails.get(certificate),
                    "issuer": certificate.issuer,
                    "serial": certificate.serial,
                    "from": certificate.not_before,
                    "until": certificate.not_after,
                }
                for certificate in self._l10n_tn_edi_signing_certificates()
            ],
        }


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    l10n_tn_edi_fixed_address = fields.Char(related="company_id.l10n_tn_edi_fixed_address", readonly=False)

    l10n_tn_edi_responsible_id = fields.Many2one(
        "res.users",
        string="Responsible",
        domain=lambda self: self.env["l10n_tn_edi.account"]._responsible_domain(),
        compute="_compute_l10n_tn_edi_responsible_id",
        inverse="_inverse_l10n_tn_edi_responsible_id",
    )

    @api.depends("company_id")
    def _compute_l10n_tn_edi_responsible_id(self):
        for settings in self:
            company = settings.company_id
            account = self.env["l10n_tn_edi.account"].search(
                [("company_id", "=", company.id), ("mode", "=", company.l10n_tn_edi_mode)]
            )
            settings.l10n_tn_edi_responsible_id = account.responsible_id

    def _inverse_l10n_tn_edi_responsible_id(self):
        for settings in self:
            company = settings.company_id
            accounts = self.env["l10n_tn_edi.account"]
            if settings.l10n_tn_edi_responsible_id or accounts.search_count(
                [("company_id", "=", company.id), ("mode", "=", company.l10n_tn_edi_mode)]
            ):
                account = accounts._of(company, company.l10n_tn_edi_mode)
                account.responsible_id = settings.l10n_tn_edi_responsible_id

    def action_l10n_tn_edi_print_dossier(self):
        """Print what TTN's enrolment asks for."""
        return self.env.ref("l10n_tn_edi_ttn.action_report_enrolment").report_action(self.company_id)

    def action_l10n_tn_edi_test_signature(self):
        """Sign a small document of our own with the chosen provider."""
        return self.l10n_tn_edi_provider_id.action_test()

    def action_l10n_tn_edi_preflight(self):
        """Check everything that sending needs, and show it."""
        return self.env["l10n_tn_edi.preflight"].with_company(self.company_id).action_open()
