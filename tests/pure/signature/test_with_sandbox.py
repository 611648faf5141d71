"""The remote signers, trust and revocation against the sandbox: another program, over real HTTP."""

import base64
import hashlib
import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from signature import certificates, profile, revocation, trust, verify, xades
from signature.signers import ance_seal, digigo
from signature.signers.pkcs12 import Pkcs12Signer, SignerError
from signature.signers.remote import Response
from teif.foreign import parse_foreign_xml
from tests.pure.signature import judges, pki

HOLDER, PIN, SECRET, BACK = "holder@example.tn", "4711", "client/secret", "http://127.0.0.1:1/back?a=1&b=2"


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments):
        return None


OPENER = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({}))


def fetch(url, body=None, headers=None, method=None):
    """:return: ``(status, headers, body)``; redirections are not followed."""
    try:
        with OPENER.open(
            urllib.request.Request(url, body, headers or {}, method=method), timeout=20
        ) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def transport(request):
    """What a provider gives our signers."""
    status, _headers, body = fetch(request.url, request.body, request.headers, request.method)
    return Response(status, body)


class Sandbox:
    """A running sandbox and its administration."""

    def __init__(self, folder):
        python = os.environ.get("SANDBOX_PYTHON") or judges.ROOT / ".env/venv-sandbox/bin/python"
        ready = folder / "ready.json"
        command = [str(python), "-m", "sandbox", "serve", "--state", str(folder / "state"), "--port", "0"]
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            [*command, "--ready", str(ready)], cwd=judges.ROOT, stdout=self.log, stderr=self.log
        )
        end = time.monotonic() + 60
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                pytest.fail((folder / "log").read_text())
            time.sleep(0.05)
        self.ready = json.loads(ready.read_text())

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()

    def admin(self, method, path, values=None):
        headers = {"Authorization": f"Bearer {self.ready['admin_token']}"}
        body = None if values is None else json.dumps(values).encode()
        status, _headers, answer = fetch(f"{self.ready['admin']}/{path}", body, headers, method)
        assert status == 200, answer
        return json.loads(answer)

    def issue(self, **values):
        """:return: an opened signer of the sandbox's authority."""
        issued = self.admin(
            "POST",
            "certificates",
            {"subject": "SOCIETE", "matricule": "1557686RAM000", "passphrase": "p", **values},
        )
        return Pkcs12Signer.open(base64.b64decode(issued["pkcs12"]), "p", check_validity=False)

    def anchors(self):
        with open(self.ready["anchors_file"], "rb") as file:
            return certificates.from_pem(file.read())


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    running = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def account(sandbox):
    sandbox.admin("POST", "remote", {"kind": "digigo", "name": HOLDER, "pin": PIN, "subject": "HOLDER"})
    sandbox.admin("POST", "remote/clients", {"client": "app", "secret": SECRET, "redirects": [BACK]})
    return digigo.DigiGo(sandbox.ready["digigo"], "app", SECRET, HOLDER, BACK)


def allow(sandbox, address, decision="sign"):
    """Play the holder in the browser. :return: the parameters with which it returns."""
    status, _headers, page = fetch(address)
    assert status == 200, page
    handle = re.search(rb'name="handle" value="([^"]+)"', page)[1].decode()
    password = next(one["otp"] for one in sandbox.admin("GET", "remote")["outbox"] if one["handle"] == handle)
    form = {"handle": handle, "pin": PIN, "otp": password, "decision": decision}
    where = f"{sandbox.ready['digigo']}/oauth2/authorize"
    status, headers, _body = fetch(where, urlencode(form).encode(), method="POST")
    assert status == 302
    assert headers["Location"].startswith(BACK)
    return dict(parse_qsl(urlsplit(headers["Location"]).query))


def test_a_batch_through_digigo(sandbox, account, document, long_document):
    chain = account.chain(transport)
    documents = [document, long_document]
    prepared = [xades.prepare(one, chain, profile.V3, pki.NOW) for one in documents]
    digests = [one.digest for one in prepared]
    returned = allow(sandbox, account.authorize_url(digests, "state 1"))
    assert returned["state"] == "state 1"
    token = digigo.read_callback(returned)
    activation = account.activate(transport, token)
    values = account.sign(transport, activation, digests)
    for one, ready, value in zip(documents, prepared, values, strict=True):
        signed = xades.complete(ready, one, value)
        [report] = verify.verify(parse_foreign_xml(signed))
        assert report.intact
        assert trust.build_path(report.signer_der, report.chain, sandbox.anchors(), pki.NOW).trusted
    for again, code in (
        (lambda: account.activate(transport, token), "remote.refused"),
        (lambda: account.sign(transport, activation, digests[:1]), "remote.denied"),
    ):
        with pytest.raises(SignerError) as caught:
            again()
        assert caught.value.code == code


def test_a_thousand_documents_in_one_authorisation(sandbox, account, document):
    """The holder allows a number; the documents are signed part by part under one activation, and not one more."""
    chain = account.chain(transport)
    root = parse_foreign_xml(document)
    batch = []
    for number in range(1000):
        root.find(".//DocumentIdentifier").text = f"FAC/2026/{number:05d}"
        data = etree.tostring(root)
        batch.append((data, xades.prepare(data, chain, profile.V3, pki.NOW)))
    digests = [prepared.digest for _data, prepared in batch]
    assert len(set(digests)) == 1000
    address = account.authorize_url(digests, "x", bound=False)
    assert len(address) < digigo.ADDRESS_LIMIT
    activation = account.activate(transport, digigo.read_callback(allow(sandbox, address)))
    values = []
    for start in range(0, 1000, 100):
        values += account.sign(transport, activation, digests[start : start + 100])
    for (data, prepared), value in list(zip(batch, values, strict=True))[::50]:
        [report] = verify.verify(parse_foreign_xml(xades.complete(prepared, data, value)))
        assert report.intact
    key = x509.load_der_x509_certificate(chain[0]).public_key()
    for (_data, prepared), value in zip(batch, values, strict=True):
        key.verify(value, prepared.to_sign, padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(SignerError) as caught:
        account.sign(transport, activation, digests[:1])
    assert caught.value.code == "remote.denied"


def test_as_many_hashes_as_an_address_holds(sandbox, account):
    count = account.capacity()
    assert count > 50
    digests = [hashlib.sha256(bytes([number])).digest() for number in range(count)]
    address = account.authorize_url(digests, "x" * 43)
    assert len(address) <= digigo.ADDRESS_LIMIT
    activation = account.activate(transport, digigo.read_callback(allow(sandbox, address)))
    assert len(account.sign(transport, activation, digests)) == count
    status, _headers, _body = fetch(account.authorize_url(digests * 2, "x"))
    assert status == 414


def test_a_service_that_wants_to_see_the_hashes(sandbox, account):
    sandbox.admin("POST", "settings", {"digigo_hash_required": True})
    status, _headers, _body = fetch(account.authorize_url([b"1" * 32] * 3, "x", bound=False))
    sandbox.admin("POST", "settings", {"digigo_hash_required": False})
    assert status == 400


def test_the_holder_refuses(sandbox, account):
    returned = allow(sandbox, account.authorize_url([b"1" * 32], "x"), decision="refuse")
    with pytest.raises(SignerError) as caught:
        digigo.read_callback(returned)
    assert caught.value.code == "digigo.declined"


def test_digigo_signs_nothing_that_was_not_shown(sandbox, account):
    token = digigo.read_callback(allow(sandbox, account.authorize_url([b"1" * 32], "x")))
    activation = account.activate(transport, token)
    with pytest.raises(SignerError) as caught:
        account.sign(transport, activation, [b"2" * 32])
    assert caught.value.code == "remote.denied"


def test_the_seal(sandbox, document):
    sandbox.admin(
        "POST",
        "remote",
        {"kind": "seal", "name": "cachet 1", "pin": PIN, "subject": "S", "matricule": "1557686RAM000"},
    )
    seal = ance_seal.AnceSeal(sandbox.ready["seal"], "cachet 1", PIN)
    [value] = seal.sign(transport, [b"3" * 32])
    assert len(value) == 256
    wrong = ance_seal.AnceSeal(sandbox.ready["seal"], "cachet 1", "0000")
    assert [one.code for one in wrong.sign(transport, [b"3" * 32] * 5)] == ["remote.denied"] * 5
    # Five documents, one wrong password: the seal is not locked
    assert isinstance(next(seal.sign(transport, [b"3" * 32])), bytes)


def test_its_authority_is_trusted_and_answers_of_revocation(sandbox):
    good, bad = sandbox.issue(), sandbox.issue(revoked=True)
    for signer, state in ((good, "good"), (bad, "revoked")):
        path = trust.build_path(signer.chain[0], signer.chain[1:], sandbox.anchors(), pki.NOW)
        assert path.trusted, path.problems
        leaf, issuer = path.chain[:2]
        [url] = revocation.ocsp_urls(leaf)
        request = revocation.ocsp_request(leaf, issuer, nonce=b"0123456789abcdef")
        _status, _headers, body = fetch(url, request, {"Content-Type": "application/ocsp-request"})
        assert revocation.read_ocsp(body, leaf, issuer, pki.NOW, nonce=b"0123456789abcdef").state == state
        _status, _headers, body = fetch(revocation.crl_urls(leaf)[0])
        assert revocation.read_crl(body, leaf, issuer, pki.NOW).state == state
    assert certificates.describe(good.chain[0]).matricule8 == "1557686R"
