"""DigiGo and the ANCE seal: the whole way, and each refusal."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

MAIL, PIN, CLIENT, SECRET, BACK = (
    "signataire@exemple.tn",
    "4711",
    "application",
    "secret-client",
    "http://127.0.0.1:1/retour",
)


class _Stay(urllib.request.HTTPRedirectHandler):
    """Redirections are looked at, not followed."""

    def redirect_request(self, *_arguments):
        return None


OPENER = urllib.request.build_opener(_Stay)


def call(sandbox, path, data=None, content_type="application/json", timeout=10):
    """(status, headers, body) of a request below the signature services' base."""
    request = urllib.request.Request(
        sandbox.ready["digigo"] + path,
        data=data,
        headers={"Content-Type": content_type} if data is not None else {},
    )
    try:
        with OPENER.open(request, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


@pytest.fixture(scope="module", autouse=True)
def services(server):
    """One credential, one seal, one client."""
    server.admin(
        "POST", "remote", {"kind": "digigo", "name": MAIL, "pin": PIN, "subject": "SIGNATAIRE FICTIF"}
    )
    server.admin(
        "POST",
        "remote",
        {"kind": "seal", "name": "cachet", "pin": PIN, "subject": "SOCIETE", "matricule": "1234567RAM000"},
    )
    server.admin("POST", "remote/clients", {"client": CLIENT, "secret": SECRET, "redirects": [BACK]})


def digests(count):
    """So many base64 SHA-256 digests."""
    return [base64.b64encode(hashlib.sha256(str(index).encode()).digest()).decode() for index in range(count)]


def page(sandbox, wanted, **changes):
    """Open the authorize page: (status, handle, OTP)."""
    values = {
        "redirectUri": BACK,
        "responseType": "code",
        "scope": "credential",
        "credentialId": MAIL,
        "clientId": CLIENT,
        "numSignatures": len(wanted),
        "hash": ",".join(wanted),
        "state": "etat-1",
        **changes,
    }
    values = {name: value for name, value in values.items() if value is not None}
    status, _headers, body = call(sandbox, "/oauth2/authorize?" + urllib.parse.urlencode(values))
    handle = re.search(rb'name="handle" value="([^"]+)"', body)
    if not handle:
        return status, None, json.loads(body)["error"]
    handle = handle[1].decode()
    return (
        status,
        handle,
        next(mail["otp"] for mail in sandbox.admin("GET", "remote")["outbox"] if mail["handle"] == handle),
    )


def decide(sandbox, handle, otp, pin=PIN, decision="sign"):
    """Send the form; (status, query of the redirect, page)."""
    form = urllib.parse.urlencode({"handle": handle, "pin": pin, "otp": otp, "decision": decision}).encode()
    status, headers, body = call(sandbox, "/oauth2/authorize", form, "application/x-www-form-urlencoded")
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(headers.get("Location", "")).query)
    return status, {name: values[0] for name, values in query.items()}, body


def claim(token):
    """The jti of a JWT."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["jti"]


def activate(sandbox, wanted, **changes):
    """The way to the sad."""
    _status, handle, otp = page(sandbox, wanted, **changes)
    status, query, _body = decide(sandbox, handle, otp)
    assert status == 302 and query["state"] == "etat-1"
    return token(sandbox, claim(query["code"]))


def token(sandbox, jti, secret=SECRET, redirect=BACK):
    """The answer of the token address, decoded."""
    path = f"/services/v1/oauth2/token/{CLIENT}/authorization_code/{secret}/{jti}"
    _status, _headers, body = call(sandbox, path, redirect.encode())
    return json.loads(body)


def sign(sandbox, sad, wanted, credential=MAIL, timeout=10):
    """The answer of signHash: (status, decoded)."""
    path = f"/services/v1/signatures/signHash/{CLIENT}/{urllib.parse.quote(credential)}/{sad}/SHA256/RSA"
    status, _headers, body = call(sandbox, path, json.dumps(wanted).encode(), timeout=timeout)
    return status, json.loads(body)


def chain(sandbox):
    """The credential's certificates."""
    _status, _headers, body = call(sandbox, f"/services/v1/credentials/info/{CLIENT}/{MAIL}/chain")
    return [
        x509.load_der_x509_certificate(base64.b64decode(item["encodedCertificate"]))
        for item in json.loads(body)["certificates"]
    ]


def holds(certificate, index, value):
    """Raises InvalidSignature unless the value signs the digest of that index."""
    certificate.public_key().verify(
        base64.b64decode(value), str(index).encode(), padding.PKCS1v15(), hashes.SHA256()
    )


def test_a_batch_under_one_authorisation(sandbox):
    wanted = digests(1000)
    sad = activate(sandbox, wanted, hash=None)["sad"]
    status, answer = sign(sandbox, sad, wanted[:600])
    assert status == 200 and len(answer) == 600
    status, rest = sign(sandbox, sad, wanted[600:])
    certificates = chain(sandbox)
    assert len(certificates) == 3 and "VATTN" not in certificates[0].subject.rfc4514_string()
    for index, item in enumerate(answer + rest):
        holds(certificates[0], index, item["value"])
    assert sign(sandbox, sad, wanted[:1])[1]["error"] == "count_exceeded"


def test_an_authorisation_for_hashes_signs_no_others(sandbox):
    wanted = digests(100)
    sad = activate(sandbox, wanted)["sad"]
    assert sign(sandbox, sad, digests(101)[100:])[1]["error"] == "hash_not_authorised"
    assert len(sign(sandbox, sad, wanted)[1]) == 100
    assert page(sandbox, digests(1000))[::2] == (414, "address")
    sandbox.admin("POST", "settings", {"digigo_hash_required": True})
    assert page(sandbox, wanted, hash=None)[::2] == (400, "hash")


def test_codes_and_activations_are_good_once_and_for_a_while(sandbox):
    wanted = digests(1)
    _status, handle, otp = page(sandbox, wanted)
    code = claim(decide(sandbox, handle, otp)[1]["code"])
    assert token(sandbox, code, secret="x")["error"] == "client_secret"
    assert token(sandbox, code, redirect="http://elsewhere/")["error"] == "redirect_differs"
    sad = token(sandbox, code)["sad"]
    assert token(sandbox, code)["error"] == "code_unknown"
    assert sign(sandbox, sad, digests(2)[1:])[1]["error"] == "hash_not_authorised"
    assert sign(sandbox, sad, ["abc"])[1]["error"] == "hash"
    sandbox.advance(400)
    assert sign(sandbox, sad, wanted)[1]["error"] == "sad_expired"
    _status, handle, otp = page(sandbox, wanted)
    code = claim(decide(sandbox, handle, otp)[1]["code"])
    sandbox.advance(61)
    assert token(sandbox, code)["error"] == "code_expired"


def test_the_holder_may_be_slow_wrong_or_unwilling(sandbox):
    wanted = digests(1)
    _status, handle, otp = page(sandbox, wanted)
    status, _query, body = decide(sandbox, handle, "xxxxxx")
    assert status == 200 and b"wrong OTP" in body
    assert b"wrong PIN" in decide(sandbox, handle, otp, pin="0")[2]
    assert decide(sandbox, handle, otp)[0] == 302
    _status, handle, otp = page(sandbox, wanted)
    assert decide(sandbox, handle, otp, decision="refuse")[1] == {"error": "access_denied", "state": "etat-1"}
    assert decide(sandbox, handle, otp)[0] == 400
    _status, handle, otp = page(sandbox, wanted)
    sandbox.advance(121)
    assert decide(sandbox, handle, otp)[1]["error"] == "otp_expired"


def test_three_wrong_pins_lock(sandbox):
    _status, handle, otp = page(sandbox, digests(1))
    for _ in range(3):
        assert decide(sandbox, handle, otp, pin="0")[0] == 200
    assert decide(sandbox, handle, otp)[1]["error"] == "pin_locked"
    sandbox.admin("POST", "remote/unlock", {"kind": "digigo", "name": MAIL})


def test_requests_that_are_refused(sandbox):
    for changes, error in (
        ({"clientId": "?"}, "client_unknown"),
        ({"credentialId": "?"}, "credential_unknown"),
        ({"redirectUri": "http://evil/"}, "redirect_unknown"),
        ({"numSignatures": 2}, "count"),
        ({"scope": "x"}, "request"),
        ({"hash": "abc"}, "hash"),
    ):
        assert page(sandbox, digests(1), **changes)[2] == error, changes
    assert call(sandbox, "/nowhere")[0] == 404


def test_faults_of_signing(sandbox):
    wanted = digests(4)
    sad = activate(sandbox, wanted * 3)["sad"]
    sandbox.fault("sign_partly", times=1)
    assert len(sign(sandbox, sad, wanted)[1]) == 2
    right = sign(sandbox, sad, wanted)[1]
    sandbox.fault("sign_shuffled", times=1)
    shuffled = sign(sandbox, sad, wanted)[1]
    values = [[item["value"] for item in answer] for answer in (right, shuffled)]
    assert values[0] != values[1] and sorted(values[0]) == sorted(values[1])
    sandbox.admin("DELETE", "faults")
    sandbox.fault("http_status", operation="digigo.signHash", times=1)
    assert (
        call(sandbox, f"/services/v1/signatures/signHash/{CLIENT}/{MAIL}/{sad}/SHA256/RSA", b"[]")[0] == 503
    )
    sandbox.fault("timeout_before", operation="digigo.signHash", times=1)
    with pytest.raises(TimeoutError):
        sign(sandbox, sad, wanted, timeout=0.4)
    sandbox.fault("sign_refused", times=1)
    assert sign(sandbox, sad, wanted)[0] == 403


def seal(sandbox, password=PIN, alias="cachet", index=0):
    """The seal's answer: (status, decoded)."""
    body = json.dumps({"password": password, "bytes": digests(index + 1)[index]}).encode()
    status, _headers, body = call(sandbox, f"/services/rest/tunsign-proxy/signHash/{alias}/SHA256", body)
    return status, json.loads(body)


def test_seal(sandbox):
    status, answer = seal(sandbox)
    assert (
        status == 200
        and answer["algorithm"] == "RSA_SHA256"
        and len(base64.b64decode(answer["value"])) == 256
    )
    assert seal(sandbox, alias="personne")[1]["error"] == "credential_unknown"
    assert seal(sandbox, password="?")[1]["error"] == "pin_wrong"
    sandbox.settings(seal_client_certificate=True)
    assert seal(sandbox)[1]["error"] == "client_certificate"
    sandbox.settings(seal_client_certificate=False)
    assert seal(sandbox)[0] == 200
    sandbox.fault("sign_wrong", operation="seal.signHash")
    assert base64.b64decode(seal(sandbox)[1]["value"]) == b"\x00" * 256
