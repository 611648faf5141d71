"""The administration of the running sandbox of El Fatoora, for tests."""

import base64
import json
import os
import urllib.parse
import urllib.request
from pathlib import Path

# The path of the ready file of the sandbox that scripts/test.py started.
VARIABLE = "L10N_TN_EDI_TEST_SANDBOX"


class Sandbox:
    """:param dict info: what the sandbox's ready file says (endpoint, ca_file, admin, admin_token…)."""

    def __init__(self, info):
        self.info = info
        self.endpoint = info["endpoint"]
        self.url = info["url"]
        self.ca_file = info["ca_file"]
        self._admin = info["admin"].rstrip("/")
        self._token = info["admin_token"]

    @classmethod
    def from_environment(cls):
        """:raise AssertionError: when no sandbox was started; these tests never skip themselves."""
        path = os.environ.get(VARIABLE)
        if not path or not Path(path).exists():
            raise AssertionError(
                f"These tests need the sandbox: run them with `make test SUITE=odoo`, or start it and set {VARIABLE} "
                "to the path of its ready file."
            )
        return cls(json.loads(Path(path).read_text()))

    def call(self, method, path, **values):
        """One call of the administration; the values of a GET go into its query. Gives the JSON of the answer."""
        url = f"{self._admin}/{path}"
        data = None
        if method == "GET":
            query = {name: value for name, value in values.items() if value is not None}
            url += f"?{urllib.parse.urlencode(query)}" if query else ""
        else:
            data = json.dumps(values).encode()
        request = urllib.request.Request(
            url,
            data,
            {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def certificate(self, subject, matricule, passphrase, **values):
        """:return: (bytes of a PKCS#12 file, serial number as text) of a new signer; ISO dates may bound its validity."""
        made = self.call(
            "POST", "certificates", subject=subject, matricule=matricule, passphrase=passphrase, **values
        )
        return base64.b64decode(made["pkcs12"]), made["serial"]

    def account(self, login, **values):
        """Make or change an account: password, matricule, declare, undeclare, enabled."""
        return self.call("POST", f"accounts/{urllib.parse.quote(login)}", **values)

    def fault(self, kind, **values):
        """Switch a fault on (see ``faults/kinds``). Gives its id."""
        return self.call("POST", "faults", kind=kind, **values)["id"]

    def remove_fault(self, fault_id):
        self.call("DELETE", f"faults/{fault_id}")

    def settings(self, **values):
        return self.call("POST", "settings", **values)

    def ledger(self, login, operation=None, number=None):
        """:return: list of dicts, one for each body that the sandbox received for the account, oldest first."""
        return self.call("GET", "ledger", login=login, operation=operation, number=number)["rows"]

    def deposits(self, login, number=None):
        return self.call("GET", "deposits", login=login, number=number)["deposits"]

    def files(self, deposit_id):
        """:return: (bytes that were deposited, bytes of TTN's final document or None)."""
        files = self.call("GET", f"deposits/{deposit_id}")
        return tuple(base64.b64decode(files[name]) if files[name] else None for name in ("content", "final"))

    def advance_clock(self, seconds):
        """Move the sandbox's clock; ``0`` puts it back to the machine's."""
        self.call("POST", "clock", **({"advance": seconds} if seconds else {"offset": 0}))
