"""Two companies whose systems call the API, over HTTP, as those systems do."""

import json

from odoo import Command, fields
from odoo.tests import HttpCase

from ..models.l10n_tn_edi_api_access import SCOPE
from .test_multicompany import MultiCompanyCase

BASE = "/l10n_tn_edi/api/v1"


class TnEdiApiCommon(MultiCompanyCase, HttpCase):
    """``company`` has the API switched on and ``key``, a key of its API user; ``other_key`` is another company's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.company + cls.other).sudo().l10n_tn_edi_api_enabled = True
        cls.api_user, cls.key = cls.make_key(cls.company)
        cls.other_user, cls.other_key = cls.make_key(cls.other)

    @classmethod
    def make_key(cls, company, *, scope=SCOPE, user=None, days=30):
        """:return: ``(user, key)`` of a user dedicated to ``company``."""
        env = cls.env(su=True)
        user = user or env["res.users"].with_context(no_reset_password=True).create(
            {
                "name": f"API {company.name}",
                "login": f"api-{company.id}",
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                "group_ids": [
                    Command.set(
                        (env.ref("account.group_account_invoice") + env.ref("base.group_partner_manager")).ids
                    )
                ],
                "l10n_tn_edi_api_company_id": company.id,
            }
        )
        expires = fields.Datetime.add(fields.Datetime.now(), days=days)
        return user, env["res.users.apikeys"].with_user(user).sudo()._generate(scope, "Test", expires)

    # === Calls === #

    def call(self, method, path, body=None, *, key=None, headers=None, status=None, data=None):
        """:param body: sent as JSON; ``data``, bytes, as they are.
        :param key: ``self.key`` when None, none at all when ''.
        :return: ``requests.Response``; its status is ``status`` when given.
        """
        key = self.key if key is None else key
        headers = {**({"Authorization": f"Bearer {key}"} if key else {}), **(headers or {})}
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        address = path if path.startswith("/l10n_tn_edi") else BASE + path
        response = self.url_open(
            address, data=data, headers=headers, method=method, allow_redirects=False, timeout=60
        )
        self.env.invalidate_all()
        if status:
            self.assertEqual(response.status_code, status, response.text[:3000])
        return response

    def assert_problem(self, response, code, status):
        """:return: the problem document."""
        self.assertEqual(response.status_code, status, response.text[:2000])
        self.assertEqual(response.headers["Content-Type"], "application/problem+json")
        self.assertTrue(response.headers["X-Request-Id"])
        value = response.json()
        self.assertEqual((value["code"], value["status"]), (code, status), value)
        return value

    def body(self, external_id="A-1", **values):
        """:return: a good invoice of 15 March 2026 to ``customer``, as JSON."""
        return {
            "external_id": external_id,
            "date": "2026-03-15",
            "customer": {"name": "CLIENT ESSAI SA", "identifier": "7654321CAM000"},
            "lines": [{"description": "Prestation", "quantity": 2, "price": "100.500", "vat": 19}],
            **values,
        }

    def push(self, external_id="A-1", **values):
        """:return: the ``account.move`` of a new invoice that came through the API."""
        self.call("POST", "/invoices", self.body(external_id, **values), status=201)
        return self.record(external_id).move_id

    def record(self, external_id, company=None):
        """:return: what the API remembers under ``external_id``."""
        return (
            self.env["l10n_tn_edi.api.invoice"]
            .sudo()
            .search([("company_id", "=", (company or self.company).id), ("external_id", "=", external_id)])
        )

    def last_call(self):
        return self.env["l10n_tn_edi.api.call"].sudo().search([], limit=1)
