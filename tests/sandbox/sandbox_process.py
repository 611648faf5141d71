"""A sandbox process for the tests: started, spoken to over HTTP, killed. Nothing of the package is imported."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import sandbox_papers as papers

ROOT = Path(__file__).resolve().parents[2]
NS = "http://services.elfatoura.tradenet.com.tn/"
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
STARTED: list[subprocess.Popen] = []
LOGIN, PASSWORD, PASSPHRASE = "essai", "mot-de-passe", "phrase"


def python() -> str:
    """The interpreter that has the sandbox's libraries. Raises FileNotFoundError."""
    found = os.environ.get("SANDBOX_PYTHON") or str(ROOT / ".env" / "venv-sandbox" / "bin" / "python")
    if not Path(found).exists():
        raise FileNotFoundError(f"{found}: run `make setup`, or name an interpreter in SANDBOX_PYTHON")
    return found


@dataclass
class Answer:
    """An answer as it came: status, headers in lower case, body. status None: no answer."""

    status: int | None
    headers: dict
    body: bytes

    @property
    def root(self):
        """The envelope's root."""
        return ElementTree.fromstring(self.body)

    @property
    def text(self) -> str:
        """The text of the return element."""
        return self.root.find(f"{SOAP}Body/*/return").text

    @property
    def deposit_id(self) -> int:
        """The id in the text of a saveEfact."""
        return int(self.text.split(" ID ")[1].split()[0])

    @property
    def fault(self) -> tuple[str, str]:
        """(faultCode, faultMessage) of a business fault."""
        bean = self.root.find(f"{SOAP}Body/{SOAP}Fault/detail/{{{NS}}}FaultBean")
        return bean.findtext("faultCode"), bean.findtext("faultMessage")

    @property
    def returns(self) -> list[dict]:
        """The fields of each return element of a consultEfact, errors as a list of pairs, XML decoded."""
        found = []
        for item in self.root.findall(f"{SOAP}Body/*/return"):
            fields = {child.tag: child.text for child in item if not len(child)}
            fields["acknowledged"] = item.find("listAcknowlegments") is not None
            fields["errors"] = [
                (error.findtext("errorId"), error.findtext("errorDescription"))
                for error in item.findall("listAcknowlegments/errors")
            ]
            content = item.findtext("xmlContent") or item.findtext("listAttachement/fileoutContent")
            fields["xml"] = base64.b64decode(content) if content else None
            found.append(fields)
        return found


class Sandbox:
    """One sandbox over a state folder. In: the folder; options of `serve`."""

    def __init__(self, folder: Path, *options: str):
        self.folder, self.options, self.process = folder, options, None
        self.state = folder / "state"

    # -- process -------------------------------------------------------------------------------------------------
    def command(self, *arguments: str, check: bool = True, typed: str | None = None):
        """Run one command of the package, ``typed`` on its standard input; its output as JSON when it is."""
        run = subprocess.run(
            [python(), "-m", "sandbox", arguments[0], "--state", str(self.state), *arguments[1:]],
            cwd=ROOT,
            capture_output=True,
            input=typed,
            text=True,
            timeout=60,
            check=False,
        )
        if check and run.returncode:
            raise AssertionError(run.stderr)
        if not check:
            return run
        return json.loads(run.stdout) if run.stdout[:1] in "[{" and run.stdout else run.stdout

    def start(self):
        """Start it and wait until it listens."""
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        self.log = (self.folder / "serve.log").open("ab")
        self.process = subprocess.Popen(
            [
                python(),
                "-m",
                "sandbox",
                "serve",
                "--state",
                str(self.state),
                "--ready",
                str(ready),
                *self.options,
            ],
            cwd=ROOT,
            stdout=self.log,
            stderr=self.log,
        )
        STARTED.append(self.process)
        end = time.monotonic() + 30
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError((self.folder / "serve.log").read_text())
            time.sleep(0.02)
        self.ready = json.loads(ready.read_text())
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it (or kill it); its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(15)
        self.log.close()
        return code

    # -- administration ------------------------------------------------------------------------------------------
    def admin(self, method: str, path: str, values=None, token=None):
        """A call of the administration; its JSON. Raises urllib.error.HTTPError."""
        request = urllib.request.Request(
            f"{self.ready['admin']}/{path}",
            method=method,
            data=None if values is None else json.dumps(values).encode(),
            headers={"Authorization": f"Bearer {token or self.ready['admin_token']}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def settings(self, **values):
        """Change settings."""
        return self.admin("POST", "settings", values)

    def fault(self, kind: str, *, params=None, **matchers):
        """Switch a fault on; its id."""
        return self.admin("POST", "faults", {"kind": kind, "params": params or {}, **matchers})["id"]

    def advance(self, seconds: float):
        """Move the virtual clock ahead."""
        self.admin("POST", "clock", {"advance": seconds})

    def ledger(self, **query):
        """The rows of the ledger."""
        text = "&".join(f"{name}={value}" for name, value in query.items())
        return self.admin("GET", f"ledger?{text}")["rows"]

    def signer(self, *, declare=LOGIN, **values) -> papers.Signer:
        """A new certificate, declared for the account unless `declare` is None."""
        values = {
            "subject": "FOURNISSEUR ESSAI",
            "matricule": papers.SENDER,
            "passphrase": PASSPHRASE,
            **values,
        }
        if declare:
            values["declare"] = declare
        issued = self.admin("POST", "certificates", values)
        return papers.Signer.open(base64.b64decode(issued["pkcs12"]), PASSPHRASE)

    def account(self, login=LOGIN, **values):
        """Make or change an account."""
        defaults = {"password": PASSWORD, "matricule": papers.SENDER}
        return self.admin("POST", f"accounts/{login}", {**defaults, **values})

    # -- calls ---------------------------------------------------------------------------------------------------
    def save(self, document: bytes, **options) -> Answer:
        """saveEfact."""
        return self.call("saveEfact", base64.b64encode(document).decode(), **options)

    def consult(self, **options) -> Answer:
        """consultEfact; options that are criteria go there, the others to call()."""
        known = ("login", "password", "matricule", "timeout", "source")
        criteria = {name: value for name, value in options.items() if name not in known}
        inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in criteria.items())
        return self.call("consultEfact", inner, **{name: options[name] for name in known if name in options})

    def verify(self, text: str, **options) -> Answer:
        """verifyQrCode."""
        return self.call("verifyQrCode", escape(text), **options)

    def call(
        self, operation, payload, *, login=LOGIN, password=PASSWORD, matricule=papers.SENDER, **options
    ) -> Answer:
        """A SOAP call with an already escaped arg3."""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
            f'xmlns:soapenv="{SOAP[1:-1]}" xmlns:ser="{NS}"><soapenv:Header/><soapenv:Body><ser:{operation}>'
            f"<arg0>{escape(login)}</arg0><arg1>{escape(password)}</arg1><arg2>{escape(matricule)}</arg2>"
            f"<arg3>{payload}</arg3></ser:{operation}></soapenv:Body></soapenv:Envelope>"
        )
        return self.post(body.encode(), **options)

    def post(
        self, body: bytes, *, timeout=20.0, content_type="text/xml; charset=utf-8", source=None, cut=None
    ) -> Answer:
        """POST raw bytes on a connection of its own. Raises OSError when the connection breaks or times out."""
        head = (
            f"POST {self.ready['endpoint'].partition('://')[2].partition('/')[1]}ElfatouraServices/EfactService HTTP/1.1\r\n"
            f"Host: 127.0.0.1\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
            'SOAPAction: ""\r\nConnection: close\r\n\r\n'
        ).encode()
        with self.connect(timeout, source) as connection:
            connection.sendall(head + body[:cut])
            if cut is not None:
                return Answer(None, {}, b"")
            return read_answer(connection)

    def connect(self, timeout=20.0, source=None):
        """A connection to the public face."""
        scheme, _, rest = self.ready["url"].partition("://")
        host, _, port = rest.partition(":")
        raw = socket.create_connection(
            (host, int(port)), timeout=timeout, source_address=(source, 0) if source else None
        )
        if scheme == "http":
            return raw
        return ssl.create_default_context(cafile=self.ready["ca_file"]).wrap_socket(raw, server_hostname=host)


def read_answer(connection) -> Answer:
    """Everything until the server closes, as an Answer; the body may be shorter than announced."""
    data = b""
    while True:
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    if not data:
        return Answer(None, {}, b"")
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return Answer(int(lines[0].split()[1]), headers, body)


__all__ = ["LOGIN", "PASSWORD", "Answer", "Sandbox", "papers", "python", "read_answer", "urllib"]
