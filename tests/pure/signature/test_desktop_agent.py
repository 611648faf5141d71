"""The agent on a desk, over real HTTP: hostile pages are refused, a human at the desk allows what he has read."""

import base64
import http.client
import json
import re
import stat
import sys
import time
import urllib.parse
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from signature import profile, verify, xades
from signing_agent import documents
from signing_agent.errors import AgentError
from signing_agent.pairing import CODE_SECONDS, PAUSE_SECONDS, Pairing
from teif.foreign import parse_foreign_xml
from tests.pure.signature import pki
from tests.pure.signature.softhsm import PIN, Running

ORIGIN = "https://erp.exemple.tn"
TEIF = (
    '<TEIF version="1.8.9" controlingAgency="TTN"><InvoiceBody><Bgm><DocumentIdentifier>{number}</DocumentIdentifier>'
    '<DocumentType code="I-11">Facture</DocumentType></Bgm><Dtm><DateText format="ddMMyy" functionCode="I-31">150326'
    "</DateText></Dtm><PartnerSection>"
    '<PartnerDetails functionCode="I-62"><Nad><PartnerIdentifier type="I-01">1234567RAM000</PartnerIdentifier>'
    '<PartnerName nameType="Qualification">Fournisseur &lt;Essai&gt;</PartnerName></Nad></PartnerDetails>'
    '<PartnerDetails functionCode="I-64"><Nad><PartnerIdentifier type="I-01">7654321CAM000</PartnerIdentifier>'
    '<PartnerName nameType="Qualification">Client</PartnerName></Nad></PartnerDetails></PartnerSection>'
    '<InvoiceMoa><AmountDetails><Moa amountTypeCode="I-180" currencyCodeList="ISO_4217"><Amount '
    'currencyIdentifier="TND">{total}</Amount></Moa></AmountDetails></InvoiceMoa></InvoiceBody></TEIF>'
)


class Desk(Running):
    """An agent in desktop mode. What it would open in the desk's browser goes to a file instead."""

    def __init__(self, folder, **settings):
        super().__init__(folder, **settings)
        self.opened = folder / "opened"
        browser = folder / "browser"
        browser.write_text(
            f'#!{sys.executable}\nimport sys\nopen("{self.opened}", "a").write(sys.argv[1] + "\\n")\n'
        )
        browser.chmod(0o700)
        self.environment["BROWSER"] = f"{browser} %s"
        self.port = None

    def door(self):
        return ["[desktop]", f'origins = ["{ORIGIN}"]', "port = 0"]

    def _answers(self):
        found = re.findall(r"listening on \('127\.0\.0\.1', (\d+)\)", self.log.read_text())
        self.port = int(found[-1]) if found else None
        return found

    def ask(self, path, values=None, method="POST", **headers):
        """One request. Gives (status, headers, parsed answer or text); a header that is None is left out."""
        body = json.dumps(values or {}).encode() if method == "POST" else None
        sent = {
            "Host": f"127.0.0.1:{self.port}",
            "Origin": ORIGIN,
            "Content-Type": "application/json",
            **headers,
        }
        return self.send(method, path, body, sent)

    def send(self, method, path, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            if value is not None:
                connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        is_json = (answer.headers["Content-Type"] or "").startswith("application/json")
        return answer.status, answer.headers, json.loads(text) if is_json else text

    def page(self, number):
        """The path of the ``number``-th page that the agent opened."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            found = self.opened.read_text().split() if self.opened.exists() else []
            if len(found) >= number:
                parts = urllib.parse.urlsplit(found[number - 1])
                assert parts.netloc == f"127.0.0.1:{self.port}"
                return parts.path
            time.sleep(0.02)
        raise AssertionError("no page was opened")

    def read_page(self, number):
        status, _headers, text = self.ask(
            self.page(number), method="GET", **{"Origin": None, "Accept-Language": "fr"}
        )
        assert status == 200
        return text

    def code(self, number=1):
        return re.search(r'class="code"[^>]*>([0-9 ]+)<', self.read_page(number))[1]

    def pair(self):
        assert self.ask("/pair/begin")[0] == 200
        status, _headers, answer = self.ask("/pair", {"code": self.code()})
        assert status == 200
        self.bearer = {"Authorization": f"Bearer {answer['key']}"}
        return answer["key"]

    def sign(self, requests, **headers):
        return self.ask("/sign", {"key": "company", "documents": requests}, **{**self.bearer, **headers})

    def answer(self, number, origin="own", **form):
        """What the human does on the ``number``-th page."""
        own = f"http://127.0.0.1:{self.port}"
        headers = {
            "Host": f"127.0.0.1:{self.port}",
            "Origin": own if origin == "own" else origin,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept-Language": "fr",
        }
        return self.send("POST", self.page(number), urllib.parse.urlencode(form).encode(), headers)

    def result(self, batch):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            report = self.ask("/report", {"batch": batch}, **self.bearer)[2]
            if "results" in report:
                return report
            time.sleep(0.02)
        raise AssertionError(report)


@pytest.fixture
def desk(tmp_path):
    running = Desk(tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def paired(desk):
    desk.pair()
    return desk


def b64(data):
    return base64.b64encode(data).decode()


def make(desk, number="FAC-1", total="119.000", when=None, chain=None):
    """What Odoo sends for a document: (its bytes, what was prepared, the request)."""
    document = TEIF.format(number=number, total=total).encode()
    prepared = xades.prepare(document, chain or desk.chain, profile.V3, when or datetime.now(UTC))
    request = {
        "document": b64(document),
        "signed_properties": b64(xades.signed_properties(prepared.state)),
        "signed_info": b64(prepared.to_sign),
    }
    return document, prepared, request


def test_a_batch(paired):
    made = [make(paired, f"FAC-{number}", f"{number}19.000") for number in range(1, 6)]
    status, _headers, answer = paired.ask("/chain", {"key": "company"}, **paired.bearer)
    assert status == 200
    assert b64(paired.chain[0]) in answer["certificates"]
    status, _headers, answer = paired.sign([request for _document, _prepared, request in made])
    assert status == 200, answer
    shown = paired.read_page(2)
    for text in (
        "FAC-3",
        "319.000 TND",
        "Fournisseur &lt;Essai&gt; (1234567RAM000)",
        "Client (7654321CAM000)",
        ORIGIN,
    ):
        assert text in shown
    report = paired.ask("/report", {"batch": answer["batch"]}, **paired.bearer)[2]
    assert report == {"state": "waiting", "done": 0, "count": 5}
    status, _headers, page = paired.answer(2, decision="sign", pin=PIN)
    assert status == 200
    assert "signature" in page
    report = paired.result(answer["batch"])
    assert report["state"] == "done"
    for (document, prepared, _request), result in zip(made, report["results"], strict=True):
        signed = xades.complete(prepared, document, base64.b64decode(result["value"]))
        [found] = verify.verify(parse_foreign_xml(signed))
        assert found.intact
    # The page takes the PIN once
    assert paired.answer(2, decision="sign", pin=PIN)[0] == 404
    assert PIN not in paired.log.read_text()


def test_another_host(paired):
    """DNS rebinding: the page's own name leads to 127.0.0.1, and the browser sends that name."""
    for host in (
        "evil.example",
        f"evil.example:{paired.port}",
        f"localhost:{paired.port}",
        "127.0.0.1",
        f"127.0.0.1:{paired.port + 1}",
        None,
    ):
        for method, path in (
            ("POST", "/chain"),
            ("GET", paired.page(1)),
            ("OPTIONS", "/sign"),
            ("POST", "/pair/begin"),
        ):
            status, headers, _answer = paired.ask(
                path, {"key": "company"}, method, Host=host, **paired.bearer
            )
            assert status == 403, (host, path)
            assert headers["Access-Control-Allow-Origin"] is None


def test_another_origin(paired):
    for origin in (
        "https://evil.example",
        "null",
        ORIGIN + ".evil.example",
        ORIGIN + ":8443",
        ORIGIN.replace("https", "http"),
        ORIGIN.upper(),
        f"http://127.0.0.1:{paired.port}",
        None,
    ):
        for path in ("/chain", "/sign", "/pair/begin", "/pair", "/report"):
            for method in ("POST", "OPTIONS"):
                status, headers, _answer = paired.ask(
                    path, {"key": "company"}, method, Origin=origin, **paired.bearer
                )
                assert status == 403, (origin, path, method)
                assert headers["Access-Control-Allow-Origin"] is None
    assert len(paired.opened.read_text().split()) == 1, "no page of a stranger's was opened"


def test_the_browser_asks_beforehand(desk):
    status, headers, _text = desk.ask(
        "/sign",
        method="OPTIONS",
        **{"Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true"},
    )
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert headers["Access-Control-Allow-Private-Network"] == "true"
    assert headers["Vary"] == "Origin"
    assert "*" not in str(headers)


def test_an_unpaired_caller(desk):
    _document, _prepared, request = make(desk)
    for headers in (
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer " + "x" * 43},
        {"Authorization": "Basic x"},
    ):
        for path, values in (
            ("/chain", {"key": "company"}),
            ("/sign", {"key": "company", "documents": [request]}),
            ("/report", {"batch": "x"}),
        ):
            status, _headers, answer = desk.ask(path, values, **headers)
            assert (status, answer["error"]) == (401, "agent.unpaired")
    assert not desk.opened.exists()


def test_a_code_is_used_once(desk):
    desk.ask("/pair/begin")
    code = desk.code()
    assert desk.ask("/pair", {"code": code})[0] == 200
    status, _headers, answer = desk.ask("/pair", {"code": code})
    assert (status, answer["error"]) == (400, "agent.pairing_over")


def test_codes_cannot_be_guessed(desk):
    desk.ask("/pair/begin")
    code = desk.code().replace(" ", "")
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    said = [desk.ask("/pair", {"code": wrong})[2] for _try in range(4)]
    assert [one["error"] for one in said] == ["agent.pairing_code"] * 3 + ["agent.pairing_paused"]
    assert desk.ask("/pair", {"code": code})[2]["error"] == "agent.pairing_paused"
    assert desk.ask("/pair/begin")[0] == 429


def test_pairing_over_time(tmp_path):
    now = 1000.0
    pairing = Pairing(tmp_path / "paired.json", lambda: now)
    code = pairing.begin("https://a.example")
    with pytest.raises(AgentError, match="agent.pairing_over"):
        pairing.redeem("https://b.example", code)
    now += CODE_SECONDS + 1
    with pytest.raises(AgentError, match="agent.pairing_over"):
        pairing.redeem("https://a.example", code)
    older = pairing.begin("https://a.example")
    code = pairing.begin("https://a.example")
    if older != code:
        with pytest.raises(AgentError, match="agent.pairing_code"):
            pairing.redeem("https://a.example", older)
    key = pairing.redeem("https://a.example", f"{code[:4]} {code[4:]}")
    assert pairing.is_paired("https://a.example", key)
    assert not pairing.is_paired("https://b.example", key)
    assert not pairing.is_paired("https://a.example", key + "x")
    assert Pairing(tmp_path / "paired.json").is_paired("https://a.example", key), "it outlives the agent"
    assert key not in (tmp_path / "paired.json").read_text()
    assert stat.S_IMODE((tmp_path / "paired.json").stat().st_mode) == 0o600
    pairing.begin("https://a.example")
    for _number in range(3):
        with pytest.raises(AgentError):
            pairing.redeem("https://a.example", "")
    now += PAUSE_SECONDS + 1
    assert pairing.redeem("https://a.example", pairing.begin("https://a.example"))


def test_a_hash_instead_of_a_document(paired):
    _document, prepared, request = make(paired)
    for bad in (
        b64(prepared.digest),
        prepared.digest.hex(),
        {"signed_info": request["signed_info"]},
        {**request, "document": b64(prepared.digest)},
        {**request, "document": ""},
        {**request, "document": b64(b"<a/>")},
        {name: request[name] for name in ("document", "signed_info")},
        {**request, "hash": b64(prepared.digest)},
        {**request, "signed_properties": b64(b"<a/>")},
        None,
    ):
        status, _headers, answer = paired.sign([bad])
        assert (status, answer["error"]) == (400, "agent.not_a_document"), bad
    assert len(paired.opened.read_text().split()) == 1, "nobody was asked for the PIN"


def test_what_was_tampered_with(paired):
    document, prepared, request = make(paired)
    other = make(paired, "FAC-2")[2]
    properties = xades.signed_properties(prepared.state)
    cases = {
        "agent.digest": [
            {**request, "signed_info": other["signed_info"]},
            {**request, "document": other["document"]},
            {**request, "document": b64(document.replace(b"119.000", b"911.000"))},
            {**request, "signed_info": b64(prepared.to_sign.replace(b"r-id-frs", b"r-id-frx"))},
            {**request, "signed_info": b64(prepared.to_sign.replace(b"not(ancestor", b"not (ancestor"))},
            {**request, "signed_info": b64(prepared.to_sign + b" ")},
            {**request, "signed_properties": b64(properties.replace(b"Fournisseur", b"Gerant"))},
        ],
        "agent.other_certificate": [make(paired, chain=[pki.Authority("Other").signer()[1]])[2]],
        "agent.clock": [make(paired, when=datetime.now(UTC) - timedelta(days=1))[2]],
        "agent.not_a_document": [
            {**request, "signed_properties": b64(properties.replace(b"></ds:DigestMethod>", b"/>"))},
            {
                **request,
                "signed_properties": b64(
                    properties.replace(b"SignedProperties ", b"SignedProperties x='1' ")
                ),
            },
            {**request, "document": b64(document.replace(b"119.", b"1<!-- -->19."))},
            {**request, "document": b64(b"<!-- x -->" + document)},
            {**request, "document": b64(b'<!DOCTYPE TEIF [<!ENTITY a "b">]>' + document)},
            {**request, "document": b64(document.replace(b"</TEIF>", b"<RefTtnVal/></TEIF>"))},
        ],
        "agent.unclear": [
            {
                **request,
                "document": b64(
                    document.replace(b"<Dtm>", b"<Bgm><DocumentIdentifier>X</DocumentIdentifier></Bgm><Dtm>")
                ),
            },
            {**request, "document": b64(re.sub(rb"<InvoiceMoa>.*</InvoiceMoa>", rb"", document))},
            {**request, "document": b64(re.sub(rb"(<InvoiceMoa>.*</InvoiceMoa>)", rb"\1\1", document))},
        ],
    }
    for code, bad in cases.items():
        for one in bad:
            status, _headers, answer = paired.sign([request, one])
            assert (status, answer["error"]) == (400, code), one
    assert paired.sign([request])[0] == 200


def test_what_is_shown_cannot_pretend():
    shown = documents._shown("Client\u202eTENALP\u0000\u00adx" + "y" * 200)
    assert shown.startswith("Client TENALP  x")
    assert len(shown) == 120


def test_a_wrong_pin_is_tried_once(paired):
    _document, _prepared, request = make(paired)
    batch = paired.sign([request])[2]["batch"]
    status, _headers, page = paired.answer(2, decision="sign", pin="000000")
    assert "faux" in page
    report = paired.result(batch)
    assert (report["state"], report["results"][0]["error"]) == ("failed", "agent.pin_wrong")
    assert paired.answer(2, decision="sign", pin=PIN)[0] == 404, "not even the right one, for this batch"
    batch = paired.sign([request])[2]["batch"]
    paired.answer(3, decision="sign", pin=PIN)
    assert "value" in paired.result(batch)["results"][0]


def test_declined(paired):
    _document, _prepared, request = make(paired)
    batch = paired.sign([request])[2]["batch"]
    assert paired.sign([request])[2]["error"] == "agent.busy"
    paired.answer(2, decision="no", pin="")
    assert paired.result(batch)["results"] == [{"error": "agent.declined", "params": {}}]
    batch = paired.sign([request])[2]["batch"]
    assert paired.ask("/cancel", {"batch": batch}, **paired.bearer)[2]["state"] == "declined"


def test_another_page_cannot_type_the_pin(paired):
    _document, _prepared, request = make(paired)
    batch = paired.sign([request])[2]["batch"]
    for origin in ("https://evil.example", "null", ORIGIN, None):
        assert paired.answer(2, origin=origin, decision="sign", pin=PIN)[0] == 403
    assert paired.ask("/report", {"batch": batch}, **paired.bearer)[2]["state"] == "waiting"
    _status, headers, _page = paired.ask(paired.page(2), method="GET", Origin=None)
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert paired.ask("/ask/" + "x" * 43, method="GET", Origin=None)[0] == 404


def test_requests_that_are_none(paired):
    own = {"Host": f"127.0.0.1:{paired.port}", "Origin": ORIGIN, **paired.bearer}
    for body, content_type in (
        (b"[]", "application/json"),
        (b"{", "application/json"),
        (b'{"key": "company"}', "text/plain"),
        (b"[" * 100_000, "application/json"),
    ):
        status, _headers, answer = paired.send("POST", "/chain", body, {**own, "Content-Type": content_type})
        assert (status, answer["error"]) == (400, "agent.request")
    assert paired.ask("/chain", {"key": "other"}, **paired.bearer)[2]["error"] == "agent.unknown_key"
    assert paired.ask("/nothing", {}, **paired.bearer)[2]["error"] == "agent.request"
    assert "Traceback" not in paired.log.read_text()


def test_it_listens_on_loopback_only(desk):
    table = Path(f"/proc/{desk.process.pid}/net/tcp").read_text()
    local = [line.split()[1] for line in table.splitlines()[1:] if line.split()[3] == "0A"]
    assert [one for one in local if int(one.partition(":")[2], 16) == desk.port] == [
        f"0100007F:{desk.port:04X}"
    ]


@pytest.mark.parametrize("origin", ["http://erp.exemple.tn", "https://erp.exemple.tn/", "*", "null", ""])
def test_origins_are_exact(tmp_path, origin):
    from signing_agent import config

    path = tmp_path / "agent.toml"
    path.write_text(f'[desktop]\norigins = ["{origin}"]\n[keys.a]\nlibrary = "x"\nslot = 0\n')
    path.chmod(0o600)
    with pytest.raises(config.ConfigError, match="origins"):
        config.read(path)
