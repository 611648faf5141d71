"""The administration: JSON over HTTP with a bearer token, on 127.0.0.1 only.

GET lists, POST adds or changes, DELETE removes: /admin/accounts, certificates, remote, faults, ledger, deposits, settings, clock.
"""

from __future__ import annotations

import base64
import datetime
import json
import secrets
from urllib.parse import parse_qs, unquote

from sandbox.authority import to_pkcs12
from sandbox.faults import KINDS
from sandbox.http import Handler
from sandbox.platform import configure

MAX_BODY = 1 << 20


class NotFound(LookupError):
    """No such address or object."""


class AdminHandler(Handler):
    """One connection of the administrator."""

    def do_GET(self):
        """List."""
        self._handle("GET")

    def do_POST(self):
        """Add or change."""
        self._handle("POST")

    def do_DELETE(self):
        """Remove."""
        self._handle("DELETE")

    def _handle(self, method: str):
        body, complete = self.read_body(MAX_BODY)
        token = self.server.platform.store.meta("admin_token")
        given = self.headers.get("Authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {token}".encode()):
            self._json(401, {"error": "wrong or missing token"})
            return
        path, _, query = self.path.partition("?")
        parts = [unquote(part) for part in path.strip("/").split("/")]
        try:
            if not complete or len(parts) < 2 or parts[0] != "admin":
                raise NotFound(path)
            values = json.loads(body) if body.strip() else {}
            if not isinstance(values, dict):
                raise ValueError("a JSON object is expected")
            action = getattr(self, f"_{method.lower()}_{parts[1]}", None)
            if action is None:
                raise NotFound(path)
            result = action(parts[2:], values, {name: value[-1] for name, value in parse_qs(query).items()})
        except NotFound as error:
            self._json(404, {"error": f"nothing at {error}"})
        except (ValueError, TypeError, KeyError) as error:
            self._json(400, {"error": f"{type(error).__name__}: {error}"})
        else:
            self._json(200, result)

    def _json(self, status: int, value):
        self.answer(status, json.dumps(value, ensure_ascii=False).encode(), "application/json")

    # -- accounts and certificates -------------------------------------------------------------------------------
    def _get_accounts(self, _parts, _values, _query):
        return {"accounts": self.server.platform.store.accounts()}

    def _post_accounts(self, parts, values, _query):
        login = parts[0] if parts else values.pop("login", "")
        values.pop("login", None)
        if not login:
            raise ValueError("an account needs a login")
        self.server.platform.store.set_account(login, **values)
        return next(account for account in self.server.platform.store.accounts() if account["login"] == login)

    def _delete_accounts(self, parts, _values, _query):
        if len(parts) != 1 or not self.server.platform.store.remove_account(parts[0]):
            raise NotFound("/".join(parts))
        return {}

    def _get_certificates(self, _parts, _values, _query):
        return {"certificates": self.server.platform.authority.certificates()}

    def _post_certificates(self, parts, values, _query):
        authority = self.server.platform.authority
        if len(parts) == 2 and parts[1] in ("revoke", "restore"):
            now = self.server.platform.clock.time()
            done = authority.revoke(parts[0], now) if parts[1] == "revoke" else authority.restore(parts[0])
            if not done:
                raise NotFound("/".join(parts))
            return {}
        passphrase = values.pop("passphrase", "")
        dates = {name: moment(values.pop(name)) for name in ("not_before", "not_after") if values.get(name)}
        declare = values.pop("declare", None)
        pair = authority.issue(
            subject=values.pop("subject"), matricule=values.pop("matricule", None), **dates, **values
        )
        serial = pair.certificate.serial_number
        if declare:
            self.server.platform.store.set_account(declare, declare=[serial])
        return {
            "serial": str(serial),
            "serial_hex": f"{serial:x}",
            "pkcs12": base64.b64encode(to_pkcs12(pair, "sandbox", passphrase)).decode()
            if passphrase
            else None,
        }

    def _get_remote(self, _parts, _values, _query):
        remote = self.server.platform.remote
        return {"keys": remote.keys(), "outbox": remote.outbox()}

    def _post_remote(self, parts, values, _query):
        remote = self.server.platform.remote
        if parts == ["clients"]:
            remote.add_client(**values)
            return {}
        if parts == ["unlock"]:
            remote.unlock(**values)
            return {}
        if parts == ["tls-client"]:
            return {"pem": self.server.platform.authority.issue_tls_client("client").decode()}
        dates = {name: moment(values.pop(name)) for name in ("not_before", "not_after") if values.get(name)}
        declare = values.pop("declare", None)
        serial = remote.add_key(**values, **dates)
        if declare:
            self.server.platform.store.set_account(declare, declare=[serial])
        chain = [base64.b64encode(der).decode() for der in remote.key(values["kind"], values["name"]).chain]
        return {"serial": str(serial), "serial_hex": f"{serial:x}", "chain": chain}

    # -- faults, settings, clock ---------------------------------------------------------------------------------
    def _get_faults(self, parts, _values, _query):
        if parts == ["kinds"]:
            return {
                name: {"stage": kind.stage, "params": kind.params, "text": kind.text}
                for name, kind in KINDS.items()
            }
        return {"faults": self.server.platform.faults.all()}

    def _post_faults(self, _parts, values, _query):
        return {"id": self.server.platform.faults.add(**values)}

    def _delete_faults(self, parts, _values, _query):
        return {"removed": self.server.platform.faults.remove(int(parts[0]) if parts else None)}

    def _get_settings(self, _parts, _values, _query):
        return self.server.platform.store.settings()

    def _post_settings(self, _parts, values, _query):
        for name, value in values.items():
            self.server.platform.store.set_setting(name, value)
        self.server.platform.kernel.wake()
        return self.server.platform.store.settings()

    def _post_configuration(self, _parts, values, _query):
        configure(self.server.platform, values)
        return {}

    def _get_clock(self, _parts, _values, _query):
        clock, store = self.server.platform.clock, self.server.platform.store
        return {"offset": store.setting("clock_offset"), "now": clock.now().isoformat()}

    def _post_clock(self, parts, values, query):
        store = self.server.platform.store
        if "advance" in values:
            store.set_setting("clock_offset", float(store.setting("clock_offset")) + float(values["advance"]))
        else:
            store.set_setting("clock_offset", values["offset"])
        self.server.platform.kernel.wake()
        return self._get_clock(parts, values, query)

    # -- what happened -------------------------------------------------------------------------------------------
    def _get_ledger(self, _parts, _values, query):
        return {"rows": self.server.platform.ledger.rows(**_page(query, "number", "login", "operation"))}

    def _get_deposits(self, parts, _values, query):
        if parts:
            row = self.server.platform.store.db.execute(
                "SELECT content, final, qr FROM deposit WHERE id = ?", (int(parts[0]),)
            ).fetchone()
            if row is None:
                raise NotFound(parts[0])
            files = {
                name: base64.b64encode(row[name]).decode() if row[name] else None
                for name in ("content", "final")
            }
            return {**files, "qr": row["qr"]}
        return {"deposits": self.server.platform.ledger.deposits(**_page(query, "number", "login"))}

    def _get_health(self, _parts, _values, _query):
        platform = self.server.platform
        waiting = platform.store.db.execute(
            "SELECT count(*) FROM deposit WHERE state IN ('pending', 'rejected_for_now')"
        ).fetchone()[0]
        return {"schemas": platform.schemas.versions, "waiting": waiting}


def moment(text: str) -> datetime.datetime:
    """An ISO date or date and time, UTC when it names no zone. Raises ValueError."""
    value = datetime.datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)


def _page(query: dict, *names: str) -> dict:
    known = {name: query[name] for name in names if name in query}
    return {**known, **{name: int(query[name]) for name in ("after", "limit") if name in query}}
