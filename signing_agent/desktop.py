"""The loopback door: Odoo's page in the browser of this desk asks for signatures, a human at the desk allows them.

A browser lets any page talk to 127.0.0.1, so that nobody is believed for being here:

* ``Host`` must be exactly this agent's address: a name that was bent to 127.0.0.1 (DNS rebinding) is refused;
* ``Origin`` must be one of the configuration, and no other origin ever gets a CORS header;
* every request carries the key of its origin, given once for a code that a human carried from the desk's page to Odoo;
* whole documents are taken, never hashes; what they say is shown on a page of the agent's own, where the PIN is typed.

The pages of the agent live under unguessable names and accept forms from themselves only.
"""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import os
import secrets
import threading
import urllib.parse
import webbrowser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from signing_agent import pages
from signing_agent.batch import Batch, said
from signing_agent.config import Config
from signing_agent.documents import examine
from signing_agent.errors import AgentError
from signing_agent.pairing import CODE_SECONDS, Pairing
from signing_agent.token import Token, tokens_of

_logger = logging.getLogger("signing_agent")
MAX_BODY = 64 * 1024 * 1024
MAX_FORM = 4096
MAX_UNREAD = 64 * 1024
MAX_PAPERS = 1000
IDLE_SECONDS = 30
_STATUS = {"agent.unpaired": 401, "agent.busy": 409, "agent.pairing_paused": 429}


class DesktopServer(ThreadingHTTPServer):
    """Listens on 127.0.0.1 until :meth:`shutdown`. ``config.desktop`` is there."""

    daemon_threads = True
    # On Windows this would let another program take the port
    allow_reuse_address = os.name == "posix"

    def __init__(self, config: Config) -> None:
        self.config, self.desktop = config, config.desktop
        self.tokens = tokens_of(config.keys)
        self.pairing = Pairing(self.desktop.paired)
        self.batch: Batch | None = None
        self.batch_lock = threading.Lock()
        #: Codes under the names of the pages that show them; only the last one is worth something.
        self.codes: dict[str, tuple[str, str]] = {}
        super().__init__(("127.0.0.1", self.desktop.port), Request)
        self.address = f"127.0.0.1:{self.server_address[1]}"

    def show(self, path: str) -> None:
        """Open a page of the agent in this desk's browser."""
        _logger.info("a page waits in the browser of this desk")
        threading.Thread(target=webbrowser.open, args=(f"http://{self.address}{path}",), daemon=True).start()

    def handle_error(self, request, client_address) -> None:
        _logger.exception("a request ended badly")

    def server_close(self) -> None:
        super().server_close()
        for token in self.tokens.values():
            token.close()


class Request(BaseHTTPRequestHandler):
    """One request; the methods named ``_do_…`` answer Odoo's page."""

    server: DesktopServer
    timeout = IDLE_SECONDS
    server_version, sys_version = "signing_agent", ""

    def log_message(self, *_arguments) -> None:
        return  # the addresses of pages are secret

    # --- Who asks ---

    def do_OPTIONS(self) -> None:
        """The browser asks beforehand, also whether a page of the internet may call this machine."""
        if not self._is_host() or not self._is_origin():
            self._refuse()
            return
        self.send_response(204)
        self._allow_origin()
        self.send_header("Access-Control-Allow-Methods", "POST")
        self.send_header("Access-Control-Allow-Headers", "authorization, content-type")
        if self.headers.get("Access-Control-Request-Private-Network") == "true":
            self.send_header("Access-Control-Allow-Private-Network", "true")
        self.end_headers()

    def do_POST(self) -> None:
        """Odoo's page, or a form of our own."""
        if not self._is_host():
            self._refuse()
        elif self.path.startswith("/ask/"):
            self._answer_form()
        elif not self._is_origin():
            self._refuse()
        else:
            self._answer_odoo()

    def do_GET(self) -> None:
        """A page of our own."""
        name = self.path.removeprefix("/ask/")
        if not self._is_host() or not self.path.startswith("/ask/"):
            self._refuse()
        elif name in self.server.codes:
            self._page(pages.code(self._language(), *self.server.codes[name]))
        elif batch := self._batch_of(name):
            self._page(pages.batch(self._language(), batch))
        else:
            self._page(pages.gone(self._language()), 404)

    def _is_host(self) -> bool:
        return self.headers.get_all("Host") == [self.server.address]

    def _is_origin(self) -> bool:
        found = self.headers.get_all("Origin") or []
        return len(found) == 1 and found[0] in self.server.desktop.origins

    @property
    def _origin(self) -> str:
        return self.headers["Origin"]

    # --- Odoo's page ---

    def _answer_odoo(self) -> None:
        try:
            answer = self._do(self.path, self._json())
        except AgentError as error:
            self._say(said(error), _STATUS.get(error.code, 400))
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            self._say(said(AgentError("agent.request")), 400)
        else:
            self._say(answer, 200)

    def _do(self, path: str, values: dict) -> dict:
        match path:
            case "/pair/begin":
                return self._do_begin()
            case "/pair":
                return {"key": self.server.pairing.redeem(self._origin, str(values["code"])[:40])}
        kind, _space, key = (self.headers.get("Authorization") or "").partition(" ")
        if kind != "Bearer" or not self.server.pairing.is_paired(self._origin, key):
            raise AgentError("agent.unpaired")
        match path:
            case "/chain":
                found = self._token(values).certificates()
                return {"certificates": [base64.b64encode(one).decode("ascii") for one in found]}
            case "/sign":
                return self._do_sign(self._token(values), values["documents"])
            case "/report" | "/cancel":
                batch = self.server.batch
                if batch is None or batch.id != values["batch"] or batch.origin != self._origin:
                    raise AgentError("agent.session_over", key="?")
                if path == "/cancel":
                    batch.decline()
                return batch.report()
        raise AgentError("agent.request")

    def _do_begin(self) -> dict:
        code = self.server.pairing.begin(self._origin)
        name = secrets.token_urlsafe(32)
        self.server.codes = {name: (self._origin, code)}
        self.server.show(f"/ask/{name}")
        return {"seconds": CODE_SECONDS}

    def _do_sign(self, token: Token, requests: list) -> dict:
        if not isinstance(requests, list) or not 0 < len(requests) <= MAX_PAPERS:
            raise AgentError("agent.request")
        certificates = token.certificates()
        papers = [examine(request, certificates) for request in requests]
        with self.server.batch_lock:
            if self.server.batch and self.server.batch.active:
                raise AgentError("agent.busy", key=token.key.name)
            batch = self.server.batch = Batch(token, self._origin, papers)
        _logger.info("%s: %s documents wait for the PIN", token.key.name, len(papers))
        self.server.show(f"/ask/{batch.ask}")
        return {"batch": batch.id}

    def _token(self, values: dict) -> Token:
        token = self.server.tokens.get(values["key"])
        if token is None:
            raise AgentError("agent.unknown_key", key=str(values["key"])[:80])
        return token

    # --- Our own page ---

    def _answer_form(self) -> None:
        if self.headers.get_all("Origin") != [f"http://{self.server.address}"]:
            self._refuse()
            return
        batch = self._batch_of(self.path.removeprefix("/ask/"))
        try:
            form = urllib.parse.parse_qs(self._body(MAX_FORM).decode("utf-8", "replace"))
        except ValueError:
            form = {}
        if batch is None or not form or not batch.active or batch.state != "waiting":
            self._page(pages.gone(self._language()), 404)
            return
        if form.get("decision") != ["sign"]:
            batch.decline()
        else:
            try:
                batch.allow(form.get("pin", [""])[0])
            except AgentError as error:
                self._page(pages.failed(self._language(), error))
                return
        self._page(pages.batch(self._language(), batch))

    def _batch_of(self, name: str) -> Batch | None:
        batch = self.server.batch
        return batch if batch and secrets.compare_digest(name.encode(), batch.ask.encode()) else None

    # --- Bytes ---

    def _language(self) -> str:
        return pages.language(self.headers.get("Accept-Language", ""))

    def _body(self, limit: int) -> bytes:
        size = int(self.headers.get("Content-Length") or 0)
        if not 0 <= size <= limit:
            raise ValueError("length")
        return self.rfile.read(size)

    def _json(self) -> dict:
        # Any other type a page may send without asking beforehand
        if self.headers.get_content_type() != "application/json":
            raise ValueError("type")
        values = json.loads(self._body(MAX_BODY) or b"{}")
        if not isinstance(values, dict):
            raise ValueError("json")
        return values

    def _allow_origin(self) -> None:
        self.send_header("Access-Control-Allow-Origin", self._origin)
        self.send_header("Vary", "Origin")

    def _refuse(self) -> None:
        """For whoever has no business here: no CORS header, so that a page does not even read why."""
        _logger.warning("a request was refused")
        # Closing on what was not read would take the answer away with it
        with contextlib.suppress(ValueError):
            self._body(MAX_UNREAD)
        self._send(json.dumps(said(AgentError("agent.origin"))).encode(), "application/json", 403)

    def _say(self, answer: dict, status: int) -> None:
        self._send(json.dumps(answer).encode(), "application/json", status, cors=True)

    def _page(self, html: str, status: int = 200) -> None:
        self._send(html.encode(), "text/html; charset=utf-8", status)

    def _send(self, body: bytes, content_type: str, status: int, cors: bool = False) -> None:
        self.send_response(status)
        if cors:
            self._allow_origin()
        for name, value in {
            "Content-Type": content_type,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": pages.POLICY,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "cross-origin" if cors else "same-origin",
            "Referrer-Policy": "same-origin",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
