from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..teif.identifiers import normalise_matricule

TEST_URL = "https://test.elfatoora.tn/ElfatouraServices/EfactService"
PRODUCTION_URL = "https://elfatoora.tn/ElfatouraServices/EfactService"


class ResCompany(models.Model):
    _inherit = "res.company"

    # === What is deposited === #
    l10n_tn_edi_enabled = fields.Boolean(
        string="Electronic Invoicing (TTN)",
        help="Deposit the customer invoices and credit notes of the journals switched on at El Fatoora.",
    )
    l10n_tn_edi_go_live_date = fields.Date(
        string="Go-live Date", help="Invoices dated before this day are never deposited."
    )
    l10n_tn_edi_consumer_policy = fields.Selection(
        [("send", "Deposit (their CIN or residence card is asked for)"), ("exclude", "Don't deposit")],
        string="Invoices to Consumers",
        default="send",
        required=True,
    )
    l10n_tn_edi_foreign_policy = fields.Selection(
        [("send", "Deposit them"), ("exclude", "Don't deposit them")],
        string="Invoices to Foreign Customers",
        default="send",
        required=True,
    )
    l10n_tn_edi_version = fields.Selection(
        [("1.9.0", "1.9.0 (beta)"), ("1.8.9", "1.8.9"), ("1.8.8", "1.8.8")],
        string="TEIF Version",
        default="1.8.9",
        required=True,
    )

    # === The account at TTN === #
    l10n_tn_edi_mode = fields.Selection(
        [("test", "Test platform"), ("production", "Production")],
        string="Platform",
        default="test",
        required=True,
    )
    # Login and password go to these addresses.
    l10n_tn_edi_test_url = fields.Char(
        string="Address of the Test Platform", default=TEST_URL, groups="base.group_system"
    )
    l10n_tn_edi_production_url = fields.Char(
        string="Address of the Production Platform", default=PRODUCTION_URL, groups="base.group_system"
    )
    l10n_tn_edi_login = fields.Char(string="Login at TTN")
    l10n_tn_edi_matricule = fields.Char(
        string="Matricule at TTN",
        compute="_compute_l10n_tn_edi_matricule",
        store=True,
        recursive=True,
        readonly=False,
        help="The company's matricule fiscal as El Fatoora knows it, without separators: 1234567RAM000.",
    )

    # === When it is deposited === #
    l10n_tn_edi_sending = fields.Selection(
        [("automatic", "After posting"), ("on_demand", "On demand")],
        string="When to Deposit",
        default="automatic",
        required=True,
    )
    l10n_tn_edi_delay_minutes = fields.Integer(
        string="Delay before Deposit",
        default=10,
        help="Minutes between posting and deposit: time to reset a typing error to draft.",
    )
    l10n_tn_edi_absence_minutes = fields.Integer(
        string="Time before Absence",
        default=30,
        help="A deposit without an answer counts as absent only this long (in minutes) after its attempt ended.",
    )
    l10n_tn_edi_auto_resend = fields.Boolean(
        string="Resend by Itself",
        help="On the test platform only: deposit the same document once more, without asking, when El Fatoora surely doesn't "
        "have it. In production an accounting administrator decides that.",
    )

    # === What is printed of the company === #
    l10n_tn_edi_capital = fields.Float(string="Share Capital (TND)", digits=(16, 3))
    l10n_tn_edi_legal_form = fields.Char(string="Legal Form", help="SA, SARL, SUARL…")

    @api.depends("partner_id.vat", "partner_id.country_id", "parent_id.l10n_tn_edi_matricule")
    def _compute_l10n_tn_edi_matricule(self):
        for company in self:
            if company.account_fiscal_country_id.code == "TN" or company.country_id.code == "TN":
                # A branch without a number of its own invoices under that of its parent.
                matricule = normalise_matricule(company.partner_id.vat or "")
                company.l10n_tn_edi_matricule = matricule or company.parent_id.l10n_tn_edi_matricule
            else:
                company.l10n_tn_edi_matricule = False

    @api.constrains("l10n_tn_edi_delay_minutes", "l10n_tn_edi_absence_minutes")
    def _check_l10n_tn_edi_minutes(self):
        for company in self:
            if company.l10n_tn_edi_delay_minutes < 0 or company.l10n_tn_edi_absence_minutes < 0:
                raise ValidationError(company.env._("A number of minutes can't be negative."))
