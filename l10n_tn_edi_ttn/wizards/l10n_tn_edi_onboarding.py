"""From installation to production in seven steps, each computed from what is there, each with one button."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.res_company_onboarding import TEST_CODE

ELECTRONIC_CODE = "FE"
# Whom the test invoice is for: TTN itself, whose matricule everybody may know.
TEST_CUSTOMER = {
    "name": "Tunisie TradeNet (essai)",
    "is_company": True,
    "vat": "0736202XAM000",
    "street": "Rue du Lac Malaren",
    "zip": "1053",
    "city": "Tunis",
}
TEST_PRICE = 1.0


class L10nTnEdiOnboarding(models.TransientModel):
    """The checklist. Nothing of it is stored: a step is done when Odoo can see that it is."""

    _name = "l10n_tn_edi.onboarding"
    _description = "Setting Up Electronic Invoicing"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    vat = fields.Char(related="company_id.vat", readonly=False, string="Matricule Fiscal")
    street = fields.Char(related="company_id.street", readonly=False)
    zip = fields.Char(related="company_id.zip", readonly=False)
    city = fields.Char(related="company_id.city", readonly=False)
    company_registry = fields.Char(
        related="company_id.partner_id.company_registry", readonly=False, string="Trade Register"
    )
    legal_form = fields.Char(related="company_id.l10n_tn_edi_legal_form", readonly=False)
    capital = fields.Float(related="company_id.l10n_tn_edi_capital", readonly=False)
    go_live_date = fields.Date(related="company_id.l10n_tn_edi_go_live_date", readonly=False)
    enabled = fields.Boolean(related="company_id.l10n_tn_edi_enabled")
    mode = fields.Selection(related="company_id.l10n_tn_edi_mode")
    login = fields.Char(related="company_id.l10n_tn_edi_login", readonly=False)
    password = fields.Char(related="company_id.l10n_tn_edi_password", readonly=False)
    has_password = fields.Boolean(related="company_id.l10n_tn_edi_has_password")
    secret_available = fields.Boolean(compute="_compute_steps")
    provider_id = fields.Many2one("l10n_tn_edi.signature.provider", compute="_compute_steps")
    certificate_id = fields.Many2one("l10n_tn_edi.certificate", compute="_compute_steps")
    test_document_id = fields.Many2one("l10n_tn_edi.document", compute="_compute_steps")
    progress = fields.Integer(compute="_compute_steps", help="Steps done, in percent.")

    company_done = fields.Boolean(compute="_compute_steps")
    company_told = fields.Char(compute="_compute_steps")
    journal_done = fields.Boolean(compute="_compute_steps")
    journal_told = fields.Char(compute="_compute_steps")
    account_done = fields.Boolean(compute="_compute_steps")
    account_told = fields.Char(compute="_compute_steps")
    certificate_done = fields.Boolean(compute="_compute_steps")
    certificate_told = fields.Char(compute="_compute_steps")
    declared_done = fields.Boolean(compute="_compute_steps")
    declared_told = fields.Char(compute="_compute_steps")
    test_done = fields.Boolean(compute="_compute_steps")
    test_told = fields.Char(compute="_compute_steps")
    production_done = fields.Boolean(compute="_compute_steps")
    production_told = fields.Char(compute="_compute_steps")

    @api.depends("company_id")
    def _compute_display_name(self):
        for checklist in self:
            checklist.display_name = self.env._(
                "Electronic invoicing of %(company)s", company=checklist.company_id.name
            )

    @api.depends("company_id")
    def _compute_steps(self):
        for checklist in self:
            company = checklist.company_id
            checklist.secret_available = self.env["l10n_tn_edi.secret"]._is_available()
            checklist.provider_id = company._l10n_tn_edi_signing_provider() or checklist._only_provider()
            checklist.certificate_id = checklist.provider_id.sudo().certificate_id
            checklist.test_document_id = checklist._test_document()
            steps = company._l10n_tn_edi_steps()
            for step, (done, told) in steps.items():
                checklist[f"{step}_done"] = done
                checklist[f"{step}_told"] = told
            checklist.progress = 100 * sum(done for done, _told in steps.values()) // len(steps)

    def _only_provider(self):
        """:return: the provider of the company that is switched on, when there is exactly one."""
        found = self.env["l10n_tn_edi.signature.provider"].search(
            [("company_id", "parent_of", self.company_id.id), ("state", "!=", "disabled")]
        )
        return found if len(found) == 1 else found.browse()

    def _test_document(self):
        return self.env["l10n_tn_edi.document"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("mode", "=", "test"),
                ("move_id.journal_id.code", "=", TEST_CODE),
            ],
            limit=1,
            order="id desc",
        )

    @api.model
    def action_open(self):
        """Open the checklist of the current company."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Set Up Electronic Invoicing"),
            "res_model": self._name,
            "res_id": self.create({}).id,
            "views": [(False, "form")],
            "target": "current",
        }

    # --- One button a step ------------------------------------------------------------------------------------------

    def action_refresh(self):
        """Look again; saving what was typed is all there is to do."""
        return True

    def action_company(self):
        """Open the company's own form, for what is not on the checklist."""
        return self.company_id._get_records_action(views=[(False, "form")])

    def action_journal(self):
        """Switch the company on and make a journal of its own for electronic invoices, numbered without slashes.

        The journals that are there go on as they are: paper invoices stay in them.
        """
        self.ensure_one()
        company = self.company_id
        if not company.l10n_tn_edi_enabled or not company.l10n_tn_edi_go_live_date:
            company.write(
                {
                    "l10n_tn_edi_enabled": True,
                    "l10n_tn_edi_go_live_date": company.l10n_tn_edi_go_live_date
                    or fields.Date.context_today(self),
                }
            )
        if not company._l10n_tn_edi_steps()["journal"][0]:
            self._make_journal(self.env._("Electronic Invoices"), ELECTRONIC_CODE, sequence=4)

    def _make_journal(self, name, code, **values):
        """:return: a sales journal that is deposited at TTN, with a free short code that begins with ``code``."""
        company = self.company_id
        Journal = self.env["account.journal"]
        taken = set(Journal.search([("company_id", "=", company.id)]).mapped("code"))
        free = next(c for c in (code, *(f"{code}{n}" for n in range(2, 100))) if c not in taken)
        model = Journal.search([("company_id", "=", company.id), ("type", "=", "sale")], limit=1)
        return Journal.create(
            {
                "name": name,
                "code": free,
                "type": "sale",
                "company_id": company.id,
                "default_account_id": model.default_account_id.id,
                "refund_sequence": True,
                "l10n_tn_edi_enabled": True,
                "l10n_tn_edi_dashes": True,
                **values,
            }
        )

    def action_account(self):
        """Ask TTN a harmless question with the account that was typed."""
        self.ensure_one()
        result = self.company_id.action_l10n_tn_edi_test_account()
        if result["params"]["type"] == "success":
            self.company_id._l10n_tn_edi_note_account()
        return self._then_look_again(result)

    @api.model
    def _then_look_again(self, notification):
        """:return: the action that shows a notification and then the checklist as it is now."""
        params = {**notification["params"], "next": {"type": "ir.actions.client", "tag": "soft_reload"}}
        return {**notification, "params": params}

    def action_certificate(self):
        """Sign a small document with the provider that there is; open a new one when there is none."""
        self.ensure_one()
        provider = self.provider_id
        if not provider:
            return {
                "type": "ir.actions.act_window",
                "name": self.env._("How Does the Company Sign?"),
                "res_model": "l10n_tn_edi.signature.provider",
                "views": [(False, "form")],
                "target": "new",
                "context": {
                    "default_company_id": self.company_id.id,
                    "default_name": self.env._("Certificate of %(company)s", company=self.company_id.name),
                    "default_state": "test",
                },
            }
        if not self.company_id._l10n_tn_edi_signing_provider():
            self.company_id.l10n_tn_edi_provider_id = provider
        return self._then_look_again(provider.action_test())

    def action_declared(self):
        """TTN has confirmed the serial number: the only step that nobody but a person can see."""
        self.ensure_one()
        certificates = self.company_id._l10n_tn_edi_signing_certificates()
        if not certificates:
            raise UserError(self.env._("There is no certificate yet: add and test one first."))
        certificates.write({"declared": True})

    def action_print_dossier(self):
        """Print what TTN's enrolment asks for."""
        return self.env.ref("l10n_tn_edi_ttn.action_report_enrolment").report_action(self.company_id)

    def action_test_invoice(self):
        """Make, post and send an invoice of one dinar to TTN's test platform, in a journal of its own."""
        self.ensure_one()
        company = self.company_id
        if company.l10n_tn_edi_mode != "test":
            raise UserError(self.env._("Test invoices go to TTN's test platform only."))
        if company.l10n_tn_edi_go_live_date and company.l10n_tn_edi_go_live_date > fields.Date.context_today(
            self
        ):
            raise UserError(
                self.env._(
                    "The go-live date lies ahead: until then nothing is deposited, not even a test. Set it to today, and "
                    "to the real day when you go to production."
                )
            )
        journal = self.env["account.journal"].search(
            [("company_id", "=", company.id), ("code", "=", TEST_CODE)]
        ) or self._make_journal(self.env._("Tests at TTN"), TEST_CODE, sequence=99)
        move = (
            self.env["account.move"].with_company(company).create(self._test_invoice_values(company, journal))
        )
        findings = [
            item["sentence"]
            for item in move._l10n_tn_edi_explain(move._l10n_tn_edi_findings())
            if item["severity"] == "blocking"
        ]
        if findings:
            raise UserError("\n".join(findings))
        move.action_post()
        move.action_l10n_tn_edi_send()

    def _test_invoice_values(self, company, journal):
        partners = self.env["res.partner"]
        tunisia = self.env.ref("base.tn")
        customer = partners.search(
            [("vat", "=", TEST_CUSTOMER["vat"]), ("name", "=", TEST_CUSTOMER["name"])], limit=1
        ) or partners.create({**TEST_CUSTOMER, "country_id": tunisia.id})
        taxes = self.env["account.tax"].search(
            [
                *self.env["account.tax"]._check_company_domain(company),
                ("type_tax_use", "=", "sale"),
                ("amount_type", "=", "percent"),
                ("amount", "=", 19),
                ("l10n_tn_edi_code", "=", "I-1602"),
            ],
            limit=1,
        )
        return {
            "move_type": "out_invoice",
            "partner_id": customer.id,
            "journal_id": journal.id,
            "invoice_date": fields.Date.context_today(self),
            "invoice_line_ids": [
                fields.Command.create(
                    {
                        "name": self.env._("Test of electronic invoicing"),
                        "quantity": 1,
                        "price_unit": TEST_PRICE,
                        "tax_ids": [fields.Command.set(taxes.ids)],
                    }
                )
            ],
        }

    def action_open_test(self):
        """Open the test invoice."""
        return self.test_document_id.move_id._get_records_action(views=[(False, "form")])

    def action_production(self):
        """Everything was proved on the test platform: from now on this database deposits real invoices.

        :raise UserError: while an earlier step is not done, or when the production platform doesn't know the account.
        """
        self.ensure_one()
        company = self.company_id
        steps = company._l10n_tn_edi_steps()
        missing = [told for step, (done, told) in steps.items() if not done and step != "production"]
        if missing:
            raise UserError(self.env._("Not yet:\n%(missing)s", missing="\n".join(missing)))
        provider = company._l10n_tn_edi_signing_provider()
        if provider.state == "test":
            provider.state = "enabled"
        self.env["account.journal"].search(
            [("company_id", "=", company.id), ("code", "=", TEST_CODE)]
        ).l10n_tn_edi_enabled = False
        company.l10n_tn_edi_mode = "production"
        company.action_l10n_tn_edi_activate_production()
        # The production platform has accounts of its own: nothing is switched while it doesn't know this one.
        return self.action_account()
