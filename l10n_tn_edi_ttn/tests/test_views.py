"""The screens: what they show to whom, what they say, and that they stay away from companies abroad."""

from lxml import etree

from odoo.exceptions import AccessError
from odoo.fields import Datetime
from odoo.tests import Form, new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

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
REJECTION = {
    "code": "ttn.unknown",
    "ttn_code": "X99",
    "text": "Refus <b>1</b>",
    "kind": "unknown",
    "params": {},
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

    def search_view(self, records, view="account.view_account_invoice_filter"):
        """:return: the search view of a model as the user of ``records`` gets it."""
        return etree.fromstring(records.get_view(self.env.ref(view).id, "search")["arch"])

    def filter_of(self, arch, name):
        """:return: the domain of a search view's filter."""
        [node] = arch.xpath(f"//filter[@name='{name}']")
        return safe_eval(node.get("domain"))

    def searched(self, arch, name, typed):
        """:return: the domain of what is typed into a field of a search view."""
        [node] = arch.xpath(f"//field[@name='{name}']")
        return safe_eval(node.get("filter_domain"), {"self": typed})

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
        # The list as well: its column, its filters and its search
        document = move.l10n_tn_edi_document_id.sudo()
        document.write({"state": "rejected", "rejections": [REJECTION], "reason_code": "ttn.unknown"})
        moves = self.env["account.move"].with_user(reader).sudo(False)
        self.assertIn(
            REJECTION["text"], moves.browse(move.id).read(["l10n_tn_edi_cause"])[0]["l10n_tn_edi_cause"]
        )
        arch = self.search_view(moves)
        self.assertIn(move.id, moves.search(self.filter_of(arch, "l10n_tn_edi_rejected")).ids)
        self.assertFalse(arch.xpath("//field[@name='l10n_tn_edi_document_ids']"))

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
        document = self.document("rejected", rejections=[REJECTION])
        banner = self.banner(document)
        self.assertEqual(banner["level"], "danger")
        self.assertIn(
            "X99 Refus <b>1</b>", banner["message"], "foreign text stays text: the client escapes it"
        )
        self.assertEqual(banner["action"]["res_model"], "l10n_tn_edi.correct")

    def test_banner_of_what_is_to_decide(self):
        """A responsible gets the wizard, made when it is opened; others can only ask."""
        document = self.document("to_decide", attempt_count=1)
        self.assertEqual(self.banner(document)["action_call"][1], "action_l10n_tn_edi_ask")
        responsible = self.make_manager()
        action = self.banner(document, responsible)["action"]
        wizards = self.env["l10n_tn_edi.decide"].sudo()
        self.assertFalse(wizards.search([("document_id", "=", document.id)]))
        server_action = self.env[action["type"]].browse(action["id"]).with_context(**action["context"])
        opened = server_action.with_user(responsible).run()
        self.assertEqual(wizards.browse(opened["res_id"]).document_id, document)
        with self.assertRaises(AccessError):
            server_action.with_user(self.accountant).run()

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
        responsible = self.make_manager()
        action = document.move_id.sudo(False).with_user(responsible).action_l10n_tn_edi_decide()
        wizard = Form(self.env[action["res_model"]].with_user(responsible).browse(action["res_id"]))
        wizard.deposit_id = "4711"
        wizard.save().action_apply()
        self.assertEqual((document.state, document.deposit_id), ("submitted", "4711"))

    def make_manager(self):
        return new_test_user(
            self.env(su=True),
            login="tn_edi_decides",
            groups="account.group_account_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )

    def test_a_rejected_document_is_corrected_in_the_wizard(self):
        document = self.document("rejected", rejections=[REJECTION], reason_code="ttn.unknown")
        documents = document.sudo(False).with_user(self.accountant)
        action = documents.action_open_correct()
        self.assertEqual(
            (action["res_model"], action["context"]["default_document_id"]),
            ("l10n_tn_edi.correct", document.id),
        )
        arch = etree.fromstring(documents.get_view(view_type="form")["arch"])
        for state, shown in (("rejected", "action_open_correct"), ("error", "action_correct")):
            names = [
                button.get("name")
                for button in arch.xpath("//header/button[contains(@name, 'correct')]")
                if not safe_eval(button.get("invisible"), {"actions": ["correct"], "state": state})
            ]
            self.assertEqual(names, [shown])

    def test_filters_leave_out_what_was_replaced(self):
        """A document that another one took the place of asks for nothing; an invoice in draft is still to be corrected."""
        moves = self.env["account.move"].with_user(self.accountant)
        arch = self.search_view(moves)
        favourite = self.env.ref("l10n_tn_edi_ttn.favourite_moves_to_do").sudo()
        for name, state in (
            ("l10n_tn_edi_rejected", "rejected"),
            ("l10n_tn_edi_to_correct", "rejected"),
            ("l10n_tn_edi_unknown", "to_decide"),
        ):
            with self.subTest(filter=name):
                document = self.document(state)
                today = favourite._get_eval_domain()
                self.assertIn(document.move_id.id, moves.search(self.filter_of(arch, name)).ids)
                self.assertIn(document.move_id.id, moves.search(today).ids)
                document.live = False
                self.assertNotIn(document.move_id.id, moves.search(self.filter_of(arch, name)).ids)
                self.assertNotIn(document.move_id.id, moves.search(today).ids)
                document.move_id.button_draft()
                self.assertIn(document.move_id.id, moves.search(today).ids)

    def test_lists_say_what_is_wrong(self):
        """The objection that blocks, the gravest finding, else the situation; nothing of what has come to its end."""
        note = {**REJECTION, "code": "ttn.secondary_reference", "text": "Référence secondaire"}
        finding = {"code": "odoo.no_line", "severity": "blocking", "params": {}, "path": ""}
        for values, words in (
            (
                {"state": "rejected", "rejections": [note, REJECTION], "reason_code": "ttn.unknown"},
                "X99 Refus",
            ),
            ({"state": "rejected", "reason_code": "ttn.duplicate"}, "already"),
            ({"state": "error", "findings": [finding], "reason_code": "document.findings"}, "line"),
            ({"state": "signed", "reason_code": "breaker.hand"}, "stopped"),
            ({"state": "accepted", "reason_code": "breaker.hand"}, ""),
            ({"state": "submitted"}, ""),
        ):
            with self.subTest(**values):
                document = self.document(values.pop("state"), **values)
                self.assertIn(words, document.cause or "")
                self.assertEqual(bool(document.cause), bool(words))
                self.assertEqual(document.move_id.l10n_tn_edi_cause, document.cause)
        for model in ("account.move", "l10n_tn_edi.document"):
            arch = (
                self.env[model]
                .with_user(self.accountant)
                .get_view(
                    self.env.ref("account.view_out_invoice_tree").id if model == "account.move" else None,
                    "list",
                )["arch"]
            )
            self.assertRegex(arch, r'name="(l10n_tn_edi_)?cause"')

    def test_invoices_and_documents_are_found_by_ttn_s_words(self):
        document = self.document("rejected", rejections=[REJECTION], reason_code="ttn.unknown")
        other = self.document("rejected", rejections=[{**REJECTION, "text": "Autre", "ttn_code": "Y1"}])
        for records, view, field in (
            (document.move_id, "account.view_account_invoice_filter", "l10n_tn_edi_document_ids"),
            (document, "l10n_tn_edi_ttn.l10n_tn_edi_document_view_search", "rejection_ids"),
        ):
            model = self.env[records._name].with_user(self.accountant)
            arch = self.search_view(model, view)
            for typed in ("refus", "X99"):
                with self.subTest(model=records._name, typed=typed):
                    found = model.search(self.searched(arch, field, typed)).ids
                    self.assertIn(records.id, found)
                    self.assertNotIn(other.id if field == "rejection_ids" else other.move_id.id, found)

    def test_exchanges_are_found_by_their_kind(self):
        Exchange = self.env["l10n_tn_edi.exchange"].with_user(self.accountant)
        arch = self.search_view(Exchange, "l10n_tn_edi_ttn.l10n_tn_edi_exchange_view_search")
        document = self.document()
        exchange = Exchange.sudo()._open(document, "consult").sudo(False).with_user(self.accountant)
        for operation in ("sweep", "verify"):
            self.assertEqual(self.filter_of(arch, operation), [("operation", "=", operation)])
            self.assertIn(operation, dict(Exchange._fields["operation"]._description_selection(self.env)))
        for name, value in (
            ("id", exchange.id),
            ("user_id", exchange.user_id.id),
            ("account", exchange.account),
        ):
            with self.subTest(field=name):
                self.assertTrue(arch.xpath(f"//field[@name='{name}']"))
                self.assertIn(exchange, Exchange.search([(name, "=", value)]))

    def test_the_partner_form_checks_the_key_letter(self):
        form = Form(self.env["res.partner"].with_user(self.accountant).sudo())
        form.name = "Essai"
        form.company_type = "company"
        form.country_id = self.env.ref("base.tn")
        form.vat = "1234567RAM000"
        self.assertFalse(form.l10n_tn_edi_identifier_warning)
        form.vat = "1234567AAM000"
        self.assertIn("R", form.l10n_tn_edi_identifier_warning)
