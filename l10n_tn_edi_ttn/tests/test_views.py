"""The screens: what they show to whom, what they say, and that they stay away from companies abroad."""

from odoo.exceptions import AccessError
from odoo.fields import Datetime
from odoo.tests import Form, new_test_user, tagged

from .common import TnEdiCommon

MODELS = {
    "l10n_tn_edi.document": ("list", "kanban", "form", "search"),
    "l10n_tn_edi.exchange": ("list", "form", "search"),
    "l10n_tn_edi.certificate": ("list", "form", "search"),
    "l10n_tn_edi.signature.provider": ("list", "form"),
    "l10n_tn_edi.rejection": ("list", "graph", "pivot", "search"),
    "l10n_tn_edi.rejection.cause": ("list", "form", "search"),
    "account.move": ("list", "kanban", "form", "search"),
    "res.partner": ("form",),
    "uom.uom": ("form",),
}
SECRETS = {
    "l10n_tn_edi.signature.provider": ("pkcs12_file", "pkcs12_passphrase", "pkcs12_passphrase_encrypted"),
    "res.company": (
        "l10n_tn_edi_password",
        "l10n_tn_edi_password_encrypted",
        "l10n_tn_edi_production_binding",
    ),
}


class ScreenCase(TnEdiCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = cls.make_accountant()

    def document(self, state="to_send", **values):
        """:return: the document of a new posted invoice, put into ``state`` as the scheduled actions would have."""
        document = self.make_invoice(post=True).l10n_tn_edi_document_id.sudo()
        document.write({"state": state, "sender": "1234567RAM000", "type_code": "I-11", **values})
        return document

    def banner(self, document, user=None):
        move = document.move_id.sudo(False).with_user(user or self.accountant)
        move.invalidate_recordset(["alerts"])
        return move.alerts.get("l10n_tn_edi")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestScreens(ScreenCase):
    # === Who sees what === #

    def test_every_view_loads_for_an_accountant(self):
        for model, kinds in MODELS.items():
            for kind in kinds:
                with self.subTest(model=model, kind=kind):
                    self.env[model].with_user(self.accountant).get_view(view_type=kind)

    def test_an_accountant_makes_and_reads_an_invoice(self):
        form = Form(
            self.env["account.move"].with_user(self.accountant).with_context(default_move_type="out_invoice")
        )
        form.partner_id = self.customer
        with form.invoice_line_ids.new() as line:
            line.name = "Prestation"
            line.price_unit = 100
        form.l10n_tn_edi_order_reference = "BC-12"
        move = form.save()
        move.action_post()
        posted = Form(move)
        self.assertEqual(posted.l10n_tn_edi_state, "to_send")
        self.assertEqual(posted.l10n_tn_edi_actions, sorted(posted.l10n_tn_edi_actions))
        self.assertIn("send", posted.l10n_tn_edi_actions)

    def test_an_accountant_reads_documents_and_exchanges(self):
        document = self.document()
        exchange = self.env["l10n_tn_edi.exchange"]._open(document, "consult")
        exchange.sudo().write({"finished_at": Datetime.now(), "response_text": "<a><b>1</b></a>"})
        Form(document.sudo(False).with_user(self.accountant))
        shown = Form(exchange.sudo(False).with_user(self.accountant))
        self.assertEqual(shown.response_shown, "<a>\n<b>1</b>\n</a>")

    def test_somebody_without_accounting_opens_an_invoice(self):
        """Salespeople read invoices and no electronic documents: the form must not ask for those."""
        move = self.document().move_id
        self.env(su=True)["ir.model.access"].create(
            {
                "name": "invoices of salespeople",
                "model_id": self.env["ir.model"].sudo()._get_id("account.move"),
                "group_id": self.env.ref("base.group_user").id,
                "perm_read": True,
            }
        )
        reader = new_test_user(
            self.env(su=True),
            login="tn_edi_reader",
            groups="base.group_user",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        arch = self.env["account.move"].with_user(reader).get_view(view_type="form")["arch"]
        self.assertNotIn('name="l10n_tn_edi_document_ids"', arch)
        banner = self.banner(move.l10n_tn_edi_document_id, reader)
        self.assertTrue(banner["message"])
        self.assertNotIn("action_call", banner, "nothing is offered to those who cannot act")

    def test_secrets_are_out_of_reach(self):
        for model, names in SECRETS.items():
            records = self.env[model].with_user(self.accountant)
            arch = records.get_view(view_type="form")["arch"]
            for name in names:
                with self.subTest(field=name):
                    self.assertNotIn(f'name="{name}"', arch)
                    self.assertNotIn(name, records.fields_get())
        with self.assertRaises(AccessError):
            self.company.with_user(self.accountant).read(["l10n_tn_edi_password_encrypted"])

    def test_an_administrator_finds_the_settings(self):
        admin = new_test_user(
            self.env(su=True),
            login="tn_edi_admin",
            groups="base.group_system,account.group_account_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        settings = Form(self.env["res.config.settings"].with_user(admin))
        self.assertTrue(settings.l10n_tn_edi_enabled)
        settings.l10n_tn_edi_delay_minutes = 3
        settings.l10n_tn_edi_sentence = "Référence : {reference}"
        settings.save().execute()
        self.assertEqual(self.company.l10n_tn_edi_delay_minutes, 3)
        self.assertEqual(self.company.l10n_tn_edi_sentence, "Référence : {reference}")

    # === Abroad === #

    def test_lists_abroad_have_nothing_of_it(self):
        moves = self.env(su=True)["account.move"]
        abroad = moves.env["res.company"].create(
            {"name": "À l'étranger", "country_id": self.env.ref("base.be").id}
        )
        here = moves.with_context(allowed_company_ids=self.company.ids)
        there = moves.with_context(allowed_company_ids=abroad.ids)
        for kind in ("list", "kanban", "search"):
            with self.subTest(kind=kind):
                self.assertIn("l10n_tn_edi_", here.get_view(view_type=kind)["arch"])
                self.assertNotIn("l10n_tn_edi_", there.get_view(view_type=kind)["arch"])
        view = self.env.ref("account.view_tax_tree")
        for taxes, seen in ((here.env["account.tax"], True), (there.env["account.tax"], False)):
            self.assertEqual("l10n_tn_edi_" in taxes.get_view(view.id, "list")["arch"], seen)

    def test_action_menu_abroad_has_nothing_of_it(self):
        actions = self.env(su=True)["ir.actions.actions"]
        action = self.env.ref("l10n_tn_edi_ttn.action_move_readiness")
        abroad = actions.env["res.company"].create(
            {"name": "Ailleurs", "country_id": self.env.ref("base.be").id}
        )
        for company, seen in ((self.company, True), (abroad, False)):
            bound = actions.with_context(allowed_company_ids=company.ids).get_bindings("account.move")
            self.assertEqual(action.id in [one["id"] for one in bound["action"]], seen)
            self.assertIn("report", bound)

    def test_menus_abroad_have_nothing_of_it(self):
        menu = self.env.ref("l10n_tn_edi_ttn.menu_root")
        menus = self.env["ir.ui.menu"].with_user(self.accountant)
        self.assertNotIn(menu.id, menus._load_menus_blacklist())
        self.company.sudo().account_fiscal_country_id = self.env.ref("base.be")
        self.assertIn(menu.id, menus._load_menus_blacklist())

    # === The banner === #

    def test_banner_before_sending(self):
        self.company.sudo().l10n_tn_edi_delay_minutes = 10
        banner = self.banner(self.make_invoice(post=True).l10n_tn_edi_document_id)
        self.assertEqual(banner["level"], "info")
        self.assertEqual(banner["action_call"][1], "action_l10n_tn_edi_send")

    def test_banner_of_a_hold(self):
        banner = self.banner(self.document(hold=True))
        self.assertEqual(banner["level"], "warning")
        self.assertIn("hold", banner["message"].lower())

    def test_banner_leads_to_what_is_to_mend(self):
        move = self.make_invoice(partner=self.customer, post=True)
        finding = {
            "code": "odoo.customer_identifier",
            "severity": "blocking",
            "params": {"partner": self.customer.name},
            "path": "",
            "model": "res.partner",
            "res_id": self.customer.id,
            "field": "vat",
        }
        move.l10n_tn_edi_document_id.sudo()._fail("document.findings", findings=[finding])
        banner = self.banner(move.l10n_tn_edi_document_id)
        self.assertEqual(banner["level"], "danger")
        self.assertIn(self.customer.name, banner["message"])
        self.assertEqual(
            (banner["action"]["res_model"], banner["action"]["res_id"]), ("res.partner", self.customer.id)
        )

    def test_banner_of_a_rejection(self):
        document = self.document(
            "rejected",
            rejections=[
                {
                    "code": "ttn.unknown",
                    "ttn_code": "X99",
                    "text": "Refus <b>1</b>",
                    "kind": "unknown",
                    "params": {},
                }
            ],
        )
        banner = self.banner(document)
        self.assertEqual(banner["level"], "danger")
        self.assertIn(
            "X99 Refus <b>1</b>", banner["message"], "foreign text stays text: the client escapes it"
        )
        self.assertEqual(banner["action"]["res_model"], "l10n_tn_edi.correct")

    def test_banner_of_an_acceptance(self):
        document = self.document("accepted", reference="073620200053562920196810312")
        banner = self.banner(document)
        self.assertEqual(banner["level"], "success")
        self.assertIn("073620200053562920196810312", banner["message"])
        self.assertNotIn("action", banner)
        self.assertNotIn("action_call", banner)
        document.unproved = True
        self.assertEqual(self.banner(document)["level"], "warning")

    def test_every_state_has_a_banner(self):
        for state in (
            "to_sign",
            "signing",
            "signed",
            "sending",
            "submitted",
            "unknown",
            "to_decide",
            "conflict",
        ):
            with self.subTest(state=state):
                document = self.document(state, submitted_at=Datetime.now())
                self.assertTrue(self.banner(document)["message"])

    # === Lists and wizard === #

    def test_buttons_of_a_list_do_what_is_possible(self):
        waiting, accepted = (
            self.document("submitted", deposit_id="7"),
            self.document("accepted", reference="1"),
        )
        moves = (waiting | accepted).move_id.sudo(False).with_user(self.accountant)
        action = moves.action_l10n_tn_edi_ask_selected()
        self.assertIn("1", action["params"]["message"])
        self.assertLessEqual(waiting.next_at, Datetime.now())

    def test_filters_and_groups_find_invoices(self):
        document = self.document("rejected")
        moves = self.env["account.move"].with_user(self.accountant)
        arch = moves.get_view(self.env.ref("account.view_account_invoice_filter").id, "search")["arch"]
        self.assertIn("l10n_tn_edi_rejected", arch)
        self.assertIn(document.move_id, moves.search([("l10n_tn_edi_state", "=", "rejected")]))
        groups = moves.formatted_read_group(
            [("company_id", "=", self.company.id)], ["l10n_tn_edi_state"], ["__count"]
        )
        self.assertIn("rejected", [group["l10n_tn_edi_state"] for group in groups])

    def test_a_responsible_names_the_deposit(self):
        document = self.document("to_decide", attempt_count=1)
        responsible = new_test_user(
            self.env(su=True),
            login="tn_edi_decides",
            groups="account.group_account_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        action = document.move_id.sudo(False).with_user(responsible).action_l10n_tn_edi_decide()
        wizard = Form(self.env[action["res_model"]].with_user(responsible).with_context(**action["context"]))
        wizard.deposit_id = "4711"
        wizard.save().action_apply()
        self.assertEqual((document.state, document.deposit_id), ("submitted", "4711"))

    def test_the_partner_form_checks_the_key_letter(self):
        form = Form(self.env["res.partner"].with_user(self.accountant).sudo())
        form.name = "Essai"
        form.company_type = "company"
        form.country_id = self.env.ref("base.tn")
        form.vat = "1234567RAM000"
        self.assertFalse(form.l10n_tn_edi_identifier_warning)
        form.vat = "1234567AAM000"
        self.assertIn("R", form.l10n_tn_edi_identifier_warning)
