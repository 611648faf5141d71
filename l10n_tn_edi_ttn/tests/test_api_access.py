from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..api.routes import OPERATIONS
from ..models.l10n_tn_edi_api_access import MOST_FAILURES
from .common_api import TnEdiApiCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestApiAccess(TnEdiApiCommon):
    def assert_refused(self, key, headers=None):
        self.assert_problem(self.call("GET", "/invoices", key=key, headers=headers), "api.unauthorized", 401)
        call = self.last_call()
        self.assertEqual((call.status, call.problem, call.user_id.id), (401, "api.unauthorized", False))
        self.assertTrue(call.address)
        return call

    # === Keys === #

    def test_who_shows_no_good_key(self):
        other_scopes = {
            scope: self.make_key(self.company, scope=scope, user=self.api_user)[1]
            for scope in (None, "rpc", "l10n_tn_edi_apis")
        }
        for key in ("", "x", "0" * 40, self.key[:-1] + "0" * (self.key[-1] != "0"), *other_scopes.values()):
            with self.subTest(key=key):
                self.assert_refused(key)
        self.assert_refused("", {"Authorization": f"Basic {self.key}"})
        self.assert_refused("", {"Authorization": f"Bearer {self.key} x"})

    def test_revoked_and_expired_keys(self):
        self.call("GET", "/invoices", status=200)
        keys = self.env["res.users.apikeys"].sudo().search([("user_id", "=", self.api_user.id)])
        self.env.cr.execute(
            "UPDATE res_users_apikeys SET expiration_date = %s WHERE id IN %s",
            (fields.Datetime.now() - timedelta(days=1), tuple(keys.ids)),
        )
        self.assert_refused(self.key)
        self.env.cr.execute("UPDATE res_users_apikeys SET expiration_date = NULL")
        self.call("GET", "/invoices", status=200)
        keys.sudo()._remove()
        self.assert_refused(self.key)

    def test_user_who_is_not_dedicated(self):
        self.api_user.sudo().l10n_tn_edi_api_company_id = False
        self.assert_refused(self.key)
        accountant = self.make_accountant()
        self.assert_refused(self.make_key(self.company, user=accountant)[1])

    def test_archived_user(self):
        self.api_user.sudo().active = False
        self.assert_refused(self.key)

    def test_company_that_switched_it_off(self):
        self.company.sudo().l10n_tn_edi_api_enabled = False
        self.assert_problem(self.call("GET", "/invoices"), "api.off", 403)
        self.call("GET", "/invoices", key=self.other_key, status=200)

    def test_session_of_a_browser_opens_nothing(self):
        admin = new_test_user(self.env(su=True), login="api_admin", groups="base.group_system")
        self.authenticate("api_admin", "api_admin")
        self.assert_refused("")
        self.assertTrue(admin._is_system())

    def test_key_opens_nothing_else(self):
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        response = self.url_open("/json/2/res.partner/search", data="{}", headers=headers)
        self.assertEqual(response.status_code, 401)

    def test_user_of_one_company_alone(self):
        with self.assertRaises(ValidationError):
            self.api_user.sudo().company_ids += self.other

    # === Two companies === #

    def test_every_route_knows_the_own_company_alone(self):
        mine, theirs = self.push("A-1"), None
        self.call("POST", "/invoices", self.body("B-1"), key=self.other_key, status=201)
        theirs = self.record("B-1", self.other).move_id
        self.assertEqual(theirs.company_id, self.other)
        routes = [operation for operation in OPERATIONS if "{invoice}" in operation.path]
        self.assertEqual(len(routes), 6)
        for key, names in (
            (self.key, ("B-1", f"inv_{theirs.id}")),
            (self.other_key, ("A-1", f"inv_{mine.id}")),
        ):
            for operation in routes:
                for name in names:
                    with self.subTest(operation=operation.name, name=name):
                        path = operation.path.replace("{invoice}", name)
                        self.assert_problem(self.call(operation.method, path, key=key), "api.not_found", 404)
        for key, own in ((self.key, "A-1"), (self.other_key, "B-1")):
            page = self.call("GET", "/invoices", key=key, status=200).json()
            self.assertEqual({item["external_id"] for item in page["invoices"]}, {own})
            for name in (mine.name, theirs.name):
                found = self.call("GET", f"/invoices?number={name}", key=key).json()["invoices"]
                self.assertTrue({item["external_id"] for item in found} <= {own})

    def test_same_names_in_two_companies(self):
        self.push("A-1")
        self.call("POST", "/invoices", self.body("A-1"), key=self.other_key, status=201)
        note = self.body("A-2", type="credit_note", original={"external_id": "A-1"})
        self.call("POST", "/invoices", note, key=self.other_key, status=201)
        original = self.record("A-2", self.other).move_id.reversed_entry_id
        self.assertEqual(original, self.record("A-1", self.other).move_id)
        foreign = self.body("A-3", type="credit_note", original={"external_id": "A-2"})
        self.assert_problem(self.call("POST", "/invoices", foreign), "api.refused", 422)

    def test_vendor_bills_are_no_business_of_the_api(self):
        bill = self.env["account.move"].create({"move_type": "in_invoice", "partner_id": self.customer.id})
        self.assert_problem(self.call("GET", f"/invoices/inv_{bill.id}"), "api.not_found", 404)
        self.assert_problem(self.call("GET", "/invoices/inv_9999999999"), "api.not_found", 404)

    # === Rates === #

    def test_too_many_calls_of_a_key(self):
        self.company.sudo().l10n_tn_edi_api_rate = 3
        for _number in range(3):
            self.call("GET", "/invoices", status=200)
        response = self.call("GET", "/invoices")
        self.assert_problem(response, "api.rate", 429)
        self.assertTrue(1 <= int(response.headers["Retry-After"]) <= 60)
        self.assertEqual(self.last_call().status, 429)
        self.call("GET", "/invoices", key=self.other_key, status=200)
        calls = self.env["l10n_tn_edi.api.call"].sudo().search([])
        calls.started_at = fields.Datetime.now() - timedelta(seconds=61)
        self.call("GET", "/invoices", status=200)

    def test_too_many_bad_keys_of_an_address(self):
        self.assert_refused("x")
        one = self.last_call()
        for _number in range(MOST_FAILURES - 1):
            one.copy()
        before = self.env["l10n_tn_edi.api.call"].sudo().search_count([])
        self.assert_problem(self.call("GET", "/invoices", key="x"), "api.rate", 429)
        self.assertEqual(self.env["l10n_tn_edi.api.call"].sudo().search_count([]), before)
        self.call("GET", "/invoices", status=200)

    # === What is kept === #

    def test_calls_hold_no_secret_and_pass_away(self):
        self.push("A-1")
        self.call("GET", f"/invoices/{self.key}?number=x")
        calls = self.env["l10n_tn_edi.api.call"].sudo()
        rows = calls.search([]).read()
        self.assertNotIn("Bearer", str(rows))
        self.assertNotIn(self.key, str([{**row, "path": ""} for row in rows]))
        old = calls.search([], limit=1)
        old.started_at = fields.Datetime.now() - timedelta(days=91)
        calls._gc_calls()
        self.assertFalse(old.exists())
        self.assertTrue(calls.search([]))

    def test_who_sees_and_writes_what_is_kept(self):
        self.push("A-1")
        record = self.record("A-1")
        accountant = self.make_accountant()
        self.assertEqual(record.with_user(accountant).external_id, "A-1")
        for model in ("l10n_tn_edi.api.call", "l10n_tn_edi.api.answer", "l10n_tn_edi.api.key"):
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_access"):
                self.env[model].with_user(accountant).search([])
        with self.assertRaises(AccessError):
            record.with_user(accountant).external_id = "B"
        with self.assertRaises(UserError):
            record.unlink()
        with self.assertRaises(AccessError):
            record.with_user(self.other_user).read(["external_id"])

    def test_menus_of_the_api(self):
        menus = self.env["ir.ui.menu"].with_user(self.make_responsible())
        menu = self.env.ref("l10n_tn_edi_ttn.menu_api_calls")
        self.assertNotIn(menu.id, menus._load_menus_blacklist())
        self.company.sudo().l10n_tn_edi_api_enabled = False
        self.assertIn(menu.id, menus._load_menus_blacklist())
