"""Who may do what: readers see, accountants check, sign and send, the responsible decide, administrators hold secrets."""

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from .common_flow import TnEdiFlowCommon

SEEN = (
    "l10n_tn_edi.document",
    "l10n_tn_edi.exchange",
    "l10n_tn_edi.certificate",
    "l10n_tn_edi.signature.provider",
    "l10n_tn_edi.report",
    "l10n_tn_edi.board",
)
# Nobody writes these through the interface: buttons and scheduled actions do.
NEVER_WRITTEN = ("l10n_tn_edi.document", "l10n_tn_edi.exchange")
SECRETS = {
    "res.company": ("l10n_tn_edi_password", "l10n_tn_edi_password_encrypted", "l10n_tn_edi_test_url"),
    "l10n_tn_edi.signature.provider": ("pkcs12_file", "pkcs12_passphrase", "pkcs12_passphrase_encrypted"),
}


@tagged("post_install", "post_install_l10n", "-at_install")
class TestRoles(TnEdiFlowCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls.make_user("reader", "account.group_account_readonly")
        cls.accountant = cls.make_user("accountant", "account.group_account_invoice")
        cls.responsible = cls.make_user("responsible", "account.group_account_manager")
        cls.administrator = cls.make_user("administrator", "base.group_system,account.group_account_manager")
        cls.outsider = cls.make_user("outsider", "base.group_user")

    @classmethod
    def make_user(cls, name, groups):
        return new_test_user(
            cls.env(su=True),
            login=f"tn_edi_role_{name}",
            groups=groups,
            company_id=cls.company.id,
            company_ids=[fields.Command.set(cls.company.ids)],
        )

    def rejected(self):
        document = self.deposit()
        document.write({"state": "rejected", "next_at": False})
        self.env.flush_all()
        return document

    def test_all_of_accounting_see(self):
        document = self.accept()
        for user in (self.reader, self.accountant, self.responsible):
            for model in SEEN:
                with self.subTest(user=user.login, model=model):
                    self.assertTrue(self.env[model].with_user(user).search([], limit=1).read())
            move = document.move_id.with_user(user)
            self.assertEqual(move.l10n_tn_edi_state, "accepted")
            self.assertTrue(move.alerts["l10n_tn_edi"]["message"])

    def test_an_outsider_sees_nothing(self):
        self.accept()
        for model in SEEN:
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(self.outsider).search([])

    def test_nobody_writes_documents_and_exchanges(self):
        document = self.accept()
        for user in (self.reader, self.accountant, self.responsible, self.administrator):
            for model in NEVER_WRITTEN:
                for operation in ("write", "create", "unlink"):
                    with self.subTest(user=user.login, model=model, operation=operation):
                        self.assertFalse(self.env[model].with_user(user).has_access(operation))
        with self.assertRaises(AccessError):
            document.with_user(self.administrator).write({"state": "accepted"})

    def test_a_reader_acts_on_nothing(self):
        rejected, decide, asked = self.rejected(), self.deposit(), self.deposit()
        decide.state = "to_decide"
        waiting = self.post()
        for document, action in (
            (waiting, "action_send"),
            (waiting, "action_hold"),
            (rejected, "action_correct"),
            (asked, "action_ask"),
            (decide, "action_decide_absent"),
        ):
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(document.with_user(self.reader), action)()
        for action in (
            "action_l10n_tn_edi_send",
            "action_l10n_tn_edi_hold",
            "action_l10n_tn_edi_send_selected",
        ):
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(waiting.move_id.with_user(self.reader), action)()
        self.assertEqual(waiting.state, "to_send")
        self.assertFalse(waiting.hold)
        # The next thing to do is said to nobody who may not do it.
        self.assertNotIn("action_call", waiting.move_id.with_user(self.reader).alerts["l10n_tn_edi"])

    def test_a_reader_finds_no_button(self):
        for model in ("account.move", "l10n_tn_edi.document"):
            for kind in ("form", "list"):
                arch = self.env[model].with_user(self.reader).get_view(view_type=kind)["arch"]
                for name in (
                    "edi_send",
                    "edi_ask",
                    "edi_correct",
                    "action_send",
                    "action_ask",
                    "action_correct",
                    "action_open_correct",
                ):
                    with self.subTest(model=model, kind=kind, name=name):
                        self.assertNotIn(f'{name}"', arch)

    def test_an_accountant_sends_asks_and_corrects(self):
        document = self.post()
        document.with_user(self.accountant).action_hold()
        self.assertTrue(document.hold)
        document.with_user(self.accountant).action_send()
        self.submit()
        self.assertEqual(document.state, "submitted")
        document.with_user(self.accountant).action_ask()
        rejected = self.rejected()
        rejected.with_user(self.accountant).action_correct()
        self.assertEqual(self.document_of(rejected.move_id).state, "to_send")
        document.with_user(self.accountant).move_id.action_l10n_tn_edi_check()

    def test_only_a_responsible_decides(self):
        document = self.deposit()
        document.state = "to_decide"
        with self.assertRaises(UserError):
            document.with_user(self.accountant).action_decide_absent()
        account = self.env["l10n_tn_edi.account"]._of(self.company, "test")
        with self.assertRaises(AccessError):
            account.with_user(self.accountant).sudo(False).action_stop()
        document.with_user(self.responsible).action_decide_absent()
        self.assertEqual(document.state, "signed")

    def test_who_may_be_told(self):
        """Whoever is told of a stopped queue can start it: an accounting administrator who works for the company."""
        account = self.env["l10n_tn_edi.account"]._of(self.company, "test")
        other = self.env(su=True)["res.company"].create({"name": "Autre"})
        elsewhere = new_test_user(
            self.env(su=True),
            login="tn_edi_role_elsewhere",
            groups="account.group_account_manager",
            company_id=other.id,
            company_ids=[fields.Command.set(other.ids)],
        )
        for model in (account, self.env["res.config.settings"]):
            name = "responsible_id" if model == account else "l10n_tn_edi_responsible_id"
            domain = model.with_user(self.administrator).fields_get([name])[name]["domain"]
            chosen = self.env["res.users"].sudo().search(safe_eval(domain, {"company_id": self.company.id}))
            self.assertIn(self.responsible, chosen)
            self.assertFalse((self.accountant | self.reader | elsewhere) & chosen)
        account.responsible_id = self.responsible
        self.assertEqual(account._responsible(), self.responsible)
        for user in (self.accountant, elsewhere):
            account.responsible_id = user
            self.assertIn(account._responsible(), chosen)
        account.responsible_id = self.responsible
        self.responsible.sudo().active = False
        self.assertNotIn(account._responsible(), self.responsible | self.accountant)

    def test_ttn_s_messages_are_everybody_s(self):
        """Whoever corrects finds what TTN's messages mean and prints the guide; administrators alone change it."""
        menus = self.env["ir.ui.menu"].sudo(False)
        seen = self.env.ref("l10n_tn_edi_ttn.menu_rejection_messages_list") + self.env.ref(
            "l10n_tn_edi_ttn.menu_rejection_guide"
        )
        guide = self.env.ref("l10n_tn_edi_ttn.l10n_tn_edi_rejection_guide_action").sudo(False)
        causes = self.env["l10n_tn_edi.rejection.cause"].sudo(False)
        for user in (self.reader, self.accountant, self.responsible):
            with self.subTest(user=user.login):
                self.assertLessEqual(set(seen.ids), set(menus.with_user(user)._visible_menu_ids()))
                report = guide.with_user(user).run()
                self.assertEqual(report["report_name"], "l10n_tn_edi_ttn.report_rejection_guide")
                for kind in ("list", "form"):
                    arch = etree.fromstring(causes.with_user(user).get_view(view_type=kind)["arch"])
                    for right in ("create", "edit", "delete"):
                        denied = arch.get(right) in ("False", "0")
                        self.assertEqual(denied, user != self.responsible, (kind, right))
        self.assertFalse(set(seen.ids) & set(menus.with_user(self.outsider)._visible_menu_ids()))
        with self.assertRaises(AccessError):
            guide.with_user(self.outsider).run()

    def test_a_responsible_chooses_who_is_alerted(self):
        account = self.env["l10n_tn_edi.account"]._of(self.company, "test").sudo(False)
        account.with_user(self.responsible).write(
            {"alerts": False, "alert_user_ids": [fields.Command.set(self.accountant.ids)]}
        )
        with self.assertRaises(AccessError):
            account.with_user(self.accountant).write({"alerts": True})
        account.with_user(self.responsible).action_stop()
        self.assertTrue(account.sudo().stopped)

    def test_secrets_are_the_administrator_s(self):
        for model, names in SECRETS.items():
            record = self.company if model == "res.company" else self.provider
            for name in names:
                for user in (self.reader, self.accountant, self.responsible):
                    with self.subTest(user=user.login, field=name), self.assertRaises(AccessError):
                        record.sudo(False).with_user(user).read([name])
        for user in (self.reader, self.accountant, self.responsible):
            self.assertFalse(self.provider.sudo(False).with_user(user).has_access("write"))
            with self.assertRaises(AccessError):
                self.company.sudo(False).with_user(user).action_l10n_tn_edi_activate_production()
        self.assertTrue(self.provider.sudo(False).with_user(self.administrator).has_access("write"))
