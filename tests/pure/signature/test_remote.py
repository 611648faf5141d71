"""Remote signers over a played transport: the whole way of a batch, every refusal, and no secret in anything shown."""

import base64
import json
import traceback
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils

from signature import profile, verify, xades
from signature.signers import ance_seal, digigo, remote
from signature.signers.remote import Response, SignerError
from teif.foreign import parse_foreign_xml
from tests.pure.signature import pki

SECRET, TOKEN, SAD, PASSWORD = "cl1ent-s3cret/+", "jti-0001", "sad-0002", "s3al pässword"
SECRETS = (SECRET, "cl1ent-s3cret%2F%2B", TOKEN, SAD, PASSWORD)
HOLDER = "holder@example.tn"


def b64(data):
    return base64.b64encode(data).decode()


def rsa_of_digest(key, digest):
    return key.sign(digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))


def jwt(payload):
    return f"e30.{base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip('=')}.c2ln"


def check_hidden(error, *secrets):
    shown = "".join([*traceback.format_exception(error), repr(error), error.message, repr(error.params)])
    for secret in (*SECRETS, *secrets):
        assert secret not in shown
    assert error.__context__ is None or error.__suppress_context__


class Service:
    """What the programs that use DigiGo and the seal expect of the other side."""

    def __init__(self, signer):
        self.signer = signer
        self.requests = []
        self.answers = {}

    def __call__(self, request):
        self.requests.append(request)
        for secret in SECRETS:
            assert secret not in repr(request)
            assert secret not in request.shown
        path = urlsplit(request.url).path.split("/tunsign-proxy-webapp", 1)[1]
        parts = [unquote(part) for part in path.split("/")[1:]]
        name = parts[-1] if parts[-1] == "chain" else parts[2]
        if name in self.answers:
            answer = self.answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer if isinstance(answer, Response) else Response(200, json.dumps(answer).encode())
        return Response(
            200, json.dumps(getattr(self, f"do_{name.replace('-', '_')}")(request, parts)).encode()
        )

    def do_chain(self, request, parts):
        assert (request.method, parts) == (
            "GET",
            ["services", "v1", "credentials", "info", "client", HOLDER, "chain"],
        )
        return {"certificates": [{"encodedCertificate": b64(one)} for one in self.signer.chain]}

    def do_oauth2(self, request, parts):
        assert parts == ["services", "v1", "oauth2", "token", "client", "authorization_code", SECRET, TOKEN]
        assert request.body == b"https://odoo.example.tn/back"
        assert request.headers["Content-Type"] == "application/json"
        return {"sad": SAD, "credentialId": HOLDER}

    def do_signatures(self, request, parts):
        assert parts == ["services", "v1", "signatures", "signHash", "client", HOLDER, SAD, "SHA256", "RSA"]
        digests = map(base64.b64decode, json.loads(request.body))
        return [
            {"algorithm": "RSA_SHA256", "value": b64(rsa_of_digest(self.signer.key, one))} for one in digests
        ]

    def do_tunsign_proxy(self, request, parts):
        assert parts == ["services", "rest", "tunsign-proxy", "signHash", "my alias/1", "SHA256"]
        body = json.loads(request.body)
        assert body["password"] == PASSWORD
        return {
            "algorithm": "RSA_SHA256",
            "value": b64(rsa_of_digest(self.signer.key, base64.b64decode(body["bytes"]))),
        }


@pytest.fixture
def service(signer):
    return Service(signer)


@pytest.fixture
def account():
    return digigo.DigiGo(
        "https://digigo.example.tn/tunsign-proxy-webapp/",
        "client",
        SECRET,
        HOLDER,
        "https://odoo.example.tn/back",
    )


@pytest.fixture
def seal():
    return ance_seal.AnceSeal("https://seal.example.tn/tunsign-proxy-webapp", "my alias/1", PASSWORD)


@pytest.fixture
def batch(signer, document, long_document):
    """Documents and what was prepared for each."""
    return [(one, xades.prepare(one, signer.chain, profile.V3, pki.NOW)) for one in (document, long_document)]


def completes(batch, values):
    for (document, prepared), value in zip(batch, values, strict=True):
        signed = xades.complete(json.loads(json.dumps(prepared.state)), document, value)
        assert verify.verify(parse_foreign_xml(signed))[0].intact
    return True


def authorised(account, service, token, digests):
    """What the browser brought, exchanged for signatures."""
    return account.sign(service, account.activate(service, token), digests)


# --- DigiGo -----------------------------------------------------------------------------------------------------------


def test_digigo_signs_a_batch_in_one_authorisation(account, service, signer, batch):
    assert account.chain(service) == signer.chain
    digests = [prepared.digest for _document, prepared in batch]
    page = urlsplit(account.authorize_url(digests, "st&te"))
    asked = parse_qs(page.query)
    assert page.path == "/tunsign-proxy-webapp/oauth2/authorize"
    assert asked["hash"] == [",".join(map(b64, digests))]
    assert asked["numSignatures"] == ["2"]
    assert asked["state"] == ["st&te"]
    assert asked["credentialId"] == [HOLDER]
    assert asked["redirectUri"] == ["https://odoo.example.tn/back"]
    token = digigo.read_callback({"code": jwt({"jti": TOKEN}), "state": "st&te"})
    assert completes(batch, authorised(account, service, token, digests))
    assert len(service.requests) == 3


def test_digigo_gives_its_secret_to_nobody_else(account):
    assert SECRET not in repr(account)
    assert SECRET not in account.authorize_url([b"1" * 32], "x")


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"code": ""},
        {"code": "abc"},
        {"code": "a.b.c.d"},
        {"code": "e30.!!!.x"},
        {"code": "e30.e30.x"},
        {"code": jwt({"jti": 12})},
        {"code": jwt({"jti": ""})},
        {"code": jwt({"jti": "../../admin"})},
        {"code": jwt({"jti": "a?b=c"})},
        {"code": jwt({"jti": "x" * 600})},
        {"code": jwt([1])},
        {"code": jwt("jti")},
    ],
)
def test_returns_without_a_token(parameters):
    with pytest.raises(SignerError) as caught:
        digigo.read_callback(parameters)
    assert caught.value.code == "digigo.token"


def test_the_holder_declines():
    with pytest.raises(SignerError) as caught:
        digigo.read_callback({"error": "access_denied", "code": jwt({"jti": TOKEN})})
    assert caught.value.code == "digigo.declined"
    assert digigo.read_callback({"token": jwt({"jti": TOKEN})}) == TOKEN


def failing(code, call, *secrets):
    with pytest.raises(SignerError) as caught:
        call()
    assert caught.value.code == code
    check_hidden(caught.value, *secrets)


@pytest.mark.parametrize("step", ["oauth2", "signatures"])
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (ConnectionError(f"https://x/{SECRET}/{TOKEN}"), "remote.unreachable"),
        (TimeoutError(SECRET), "remote.unreachable"),
        (Response(401, b""), "remote.denied"),
        (Response(403, SECRET.encode()), "remote.denied"),
        (Response(404, b""), "remote.refused"),
        (Response(302, b""), "remote.refused"),
        (Response(503, b"<html>"), "remote.unavailable"),
        (Response(200, b"<html>" + SECRET.encode()), "remote.answer"),
        (Response(200, b""), "remote.answer"),
        (Response(200, b"[" * 100_000), "remote.answer"),
        (Response(200, b" " * (remote.MAX_ANSWER_BYTES + 1)), "remote.answer"),
        (Response(200, b"\xff\xfe"), "remote.answer"),
    ],
)
def test_services_that_fail(account, service, step, answer, code):
    service.answers[step] = answer
    failing(code, lambda: authorised(account, service, TOKEN, [b"1" * 32]))


@pytest.mark.parametrize(
    "answer", [{}, {"sad": ""}, {"sad": 5}, {"sad": "a/b"}, [], None, {"sad": "x" * 600}]
)
def test_authorisations_that_are_none(account, service, answer):
    service.answers["oauth2"] = answer
    failing("remote.answer", lambda: authorised(account, service, TOKEN, [b"1" * 32]))
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({}, "remote.count"),
        ([], "remote.count"),
        ([{"value": "AAAA"}, {"value": "AAAA"}], "remote.count"),
        ([{}], "remote.answer"),
        ([{"value": "not base64!"}], "remote.answer"),
        (["AAAA"], "remote.answer"),
    ],
)
def test_signatures_that_are_none(account, service, answer, code):
    service.answers["signatures"] = answer
    failing(code, lambda: authorised(account, service, TOKEN, [b"1" * 32]))


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"certificates": []}, "remote.answer"),
        ({"certificates": [{"encodedCertificate": "!"}]}, "remote.answer"),
        ({"certificates": [{}]}, "remote.answer"),
        ({"certificates": ["x"]}, "remote.answer"),
        ({"certificates": [{"encodedCertificate": "AAAA"}]}, "certificate.unreadable"),
        ([], "remote.answer"),
    ],
)
def test_chains_that_are_none(account, service, answer, code):
    service.answers["chain"] = answer
    failing(code, lambda: account.chain(service))


def test_a_token_that_would_change_the_address_is_not_sent(account, service):
    failing("digigo.token", lambda: authorised(account, service, "../x", [b"1" * 32]))
    assert service.requests == []


def test_signatures_in_another_order_are_not_put_into_documents(account, service, batch):
    digests = [prepared.digest for _document, prepared in batch]
    values = authorised(account, service, TOKEN, digests)
    (document, prepared), _other = batch
    with pytest.raises(xades.SignatureError) as caught:
        xades.complete(prepared, document, values[1])
    assert caught.value.code == "signing.value"


# --- ANCE seal --------------------------------------------------------------------------------------------------------


def test_the_seal_signs_one_after_the_other(seal, service, batch):
    results = list(seal.sign(service, [prepared.digest for _document, prepared in batch]))
    assert completes(batch, results)
    assert PASSWORD not in repr(seal)
    assert len(service.requests) == 2


def test_a_wrong_password_is_tried_once(service):
    wrong = ance_seal.AnceSeal("https://seal.example.tn/tunsign-proxy-webapp", "my alias/1", "other-pässword")
    service.answers["tunsign-proxy"] = Response(403, b"")
    errors = list(wrong.sign(service, [b"1" * 32, b"2" * 32, b"3" * 32]))
    assert [one.code for one in errors] == ["remote.denied"] * 3
    assert len(service.requests) == 1
    check_hidden(errors[0], "other-pässword")


def test_a_service_that_stumbles_goes_on_with_the_next(seal, signer):
    real, calls = Service(signer), []

    def transport(request):
        calls.append(request)
        return Response(503, b"") if len(calls) == 2 else real(request)

    results = list(seal.sign(transport, [b"1" * 32, b"2" * 32, b"3" * 32]))
    assert [isinstance(one, bytes) for one in results] == [True, False, True]
    assert results[1].code == "remote.unavailable"


def test_what_is_signed_is_given_before_the_next_call(seal, service):
    results = seal.sign(service, [b"1" * 32, b"2" * 32])
    assert isinstance(next(results), bytes)
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"algorithm": "RSA_SHA1", "value": "AAAA"},
        {"algorithm": PASSWORD, "value": "AAAA"},
        {"value": "AAAA"},
        {"algorithm": "RSA_SHA256"},
        {"algorithm": "RSA_SHA256", "value": "?"},
        [],
    ],
)
def test_seals_that_are_none(seal, service, answer):
    service.answers["tunsign-proxy"] = answer
    [error] = seal.sign(service, [b"1" * 32])
    assert error.code == "remote.answer"
    check_hidden(error)
