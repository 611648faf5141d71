from odoo.tests import tagged

from .common_api import TnEdiApiCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestApi(TnEdiApiCommon):
    def test_health_says_nothing_of_the_data(self):
        response = self.call("GET", "/health", key="", status=200)
        self.assertEqual(response.json(), {"status": "ok", "api": "v1"})
        self.assertNotIn("Set-Cookie", response.headers)

    def test_invoice_comes_in_and_is_read_back(self):
        response = self.call("POST", "/invoices", self.body("A-1"), status=201)
        value = response.json()
        move = self.record("A-1").move_id
        self.assertEqual(move.state, "posted")
        self.assertEqual(move.create_uid, self.api_user)
        self.assertEqual(value["id"], f"inv_{move.id}")
        self.assertEqual(value["number"], move.name)
        self.assertEqual(value["totals"]["untaxed"], "201.000")
        self.assertEqual(value["electronic"]["state"], "to_send")
        for name in ("A-1", value["id"]):
            self.assertEqual(self.call("GET", f"/invoices/{name}", status=200).json(), value)
        call = self.last_call()
        self.assertEqual((call.status, call.user_id, call.method), (200, self.api_user, "GET"))

    def test_openapi_document(self):
        value = self.call("GET", "/openapi.json", key="", status=200).json()
        self.assertEqual(value["openapi"], "3.1.0")

    def test_unknown_address_and_method(self):
        self.assert_problem(self.call("GET", "/nothing"), "api.route", 404)
        response = self.call("DELETE", "/invoices")
        self.assert_problem(response, "api.method", 405)
        self.assertEqual(response.headers["Allow"], "GET, HEAD, POST")
        self.assertEqual(self.last_call().status, 405)

    def test_without_a_key(self):
        response = self.call("GET", "/invoices", key="")
        self.assert_problem(response, "api.unauthorized", 401)
        self.assertIn("Bearer", response.headers["WWW-Authenticate"])
        call = self.last_call()
        self.assertEqual(
            (call.status, call.problem, call.path), (401, "api.unauthorized", "/l10n_tn_edi/api/v1/invoices")
        )
