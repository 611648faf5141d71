"""The signing agent on a desk, with a token in software, and what a browser and a human do with it."""

import re
import secrets
import sys
import time

import requests

from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user

from .common_softhsm import TokenCase


class DesktopCase(TokenCase, HttpCase):
    """What a browser and a human do with the agent on a desk, as a program."""

    def setUp(self):
        super().setUp()
        self.holder = new_test_user(
            self.env(su=True),
            login=f"holder-{secrets.token_hex(4)}",
            groups="account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.opened = self.folder / "opened"
        self.opened.unlink(missing_ok=True)
        (self.folder / "paired.json").unlink(missing_ok=True)
        browser = self.folder / "browser"
        browser.write_text(
            f'#!{sys.executable}\nimport sys\nopen("{self.opened}", "a").write(sys.argv[1] + "\\n")\n'
        )
        browser.chmod(0o700)
        self.environment["BROWSER"] = f"{browser} %s"
        listening = re.compile(r"listening on \('127\.0\.0\.1', (\d+)\)")
        self.start_agent(
            ["[desktop]", f'origins = ["{self.base_url()}"]', "port = 0"], lambda log: listening.search(log)
        )
        self.port = int(listening.search(self.agent_log.read_text())[1])
        self.agent_url = f"http://127.0.0.1:{self.port}"
        self.desk = (
            self.env["l10n_tn_edi.signature.provider"]
            .sudo()
            .create(
                {
                    "name": "Jeton du gérant",
                    "code": "desktop",
                    "company_id": self.company.id,
                    "agent_key": "company",
                    "desktop_port": self.port,
                    "signatory_ids": [Command.create({"user_id": self.holder.id})],
                    "state": "test",
                }
            )
        )
        self.company.sudo().l10n_tn_edi_provider_id = self.desk
        self.key = ""

    def ask(self, path, **values):
        """What Odoo's page asks the agent. Gives its JSON."""
        headers = {"Origin": self.base_url(), "Authorization": f"Bearer {self.key}"}
        return requests.post(self.agent_url + path, json=values, headers=headers, timeout=30).json()

    def page(self, number):
        """The address of the ``number``-th page that the agent opened on the desk."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = self.opened.read_text().split() if self.opened.exists() else []
            if len(found) >= number:
                return found[number - 1]
            time.sleep(0.05)
        raise AssertionError("the agent opened no page")

    def code(self, number=1):
        page = requests.get(self.page(number), timeout=30).text
        return re.search(r'class="code"[^>]*>([0-9 ]+)<', page)[1]

    def pair(self):
        self.ask("/pair/begin")
        self.key = self.ask("/pair", code=self.code())["key"]

    def type_pin(self, number, pin=None, decision="sign"):
        """What the holder does on the ``number``-th page; gives what it showed before."""
        url = self.page(number)
        shown = requests.get(url, timeout=30).text
        form = {"pin": pin or self.pin, "decision": decision}
        requests.post(url, form, headers={"Origin": self.agent_url}, timeout=30)
        return shown

    def results(self, batch):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            report = self.ask("/report", batch=batch)
            if "results" in report:
                return report["results"]
            time.sleep(0.05)
        raise AssertionError(report)

    def wait_for_signature(self, count=1):
        documents = self.documents.union(*(self.post() for _number in range(count)))
        self.submit()
        self.assertEqual(set(documents.mapped("state")), {"to_sign"}, documents.mapped("reason"))
        self.assertEqual(set(documents.mapped("reason_code")), {"provider.waits_for_holder"})
        return documents

    def begin(self, documents, user=None):
        """Select documents and choose Sign, up to the moment when they go to the agent."""
        user = user or self.holder
        action = documents.with_user(user).sudo(False).action_sign()
        self.assertEqual((action["type"], action["tag"]), ("ir.actions.client", "l10n_tn_edi_desktop_sign"))
        found = self.ask("/chain", key=action["params"]["key"])["certificates"]
        provider = self.desk.with_user(user).sudo(False)
        begun = provider.desktop_begin(action["params"]["documents"], found)
        return self.env["l10n_tn_edi.signing"].with_user(user).browse(begun["signing"]), begun["requests"]

    def signed_by_agent(self, requested, number=2):
        batch = self.ask("/sign", key="company", documents=requested)["batch"]
        self.type_pin(number)
        return self.results(batch)
