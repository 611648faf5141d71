"""The client against a real server that does whatever a network can do."""

import base64
import gzip
import re
import socket
import threading
import time
import zlib
from datetime import UTC, datetime

import pytest
from lxml import etree

from elfatoora import client as client_module
from elfatoora import wire as wire_module
from elfatoora.answers import ConsultAnswer, FaultAnswer, SaveAnswer, VerifyAnswer
from elfatoora.client import Account, ElFatooraClient, Limits
from teif.foreign import parse_foreign_xml
from tests.pure.elfatoora.conftest import (
    DOCUMENT,
    SAVED,
    assert_problem,
    consulted,
    fault,
    http,
    read_request,
    reset,
    saved,
    soap,
)

# --- what is sent -----------------------------------------------------------------------------------------------


def test_deposit_is_sent_as_the_service_wants_it(serve, client_for):
    server = serve(http(SAVED))
    call = client_for(server).save_efact(DOCUMENT)
    assert call.answer == SaveAnswer(
        "Facture enregistree avec ID 1805137 est en cours de validation", (1805137,)
    )
    assert (call.reached, call.problem, call.http_status, call.response) == (True, None, 200, SAVED)
    assert 0 < call.duration < 3
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = {k.lower(): v for k, v in (line.split(b": ", 1) for line in head.split(b"\r\n")[1:])}
    assert head.startswith(b"POST /ElfatouraServices/EfactService HTTP/1.1\r\n")
    assert lines[b"host"] == b"127.0.0.1:%d" % server.port
    assert lines[b"soapaction"] == b'""'
    assert lines[b"content-type"] == b"text/xml; charset=utf-8"
    assert lines[b"connection"] == b"close"
    root = etree.fromstring(body)
    assert [child.tag for child in root] == ["{http://schemas.xmlsoap.org/soap/envelope/}Body"]  # no headers
    operation = root[0][0]
    assert operation.tag == "{http://services.elfatoura.tradenet.com.tn/}saveEfact"
    assert [(e.tag, e.text) for e in operation] == [
        ("arg0", "fatima"),
        ("arg1", "p<ss & wörd"),
        ("arg2", "0736202XAM000"),
        ("arg3", base64.b64encode(DOCUMENT).decode()),
    ]


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"deposit_id": 1805137}, [("idSaveEfact", "1805137")]),
        ({"number": "FAC/2026/é1"}, [("documentNumber", "FAC/2026/é1")]),
        ({"since": "2026-01-01", "until": "2026-01-02"},
         [("dateDebutProcess", "2026-01-01"), ("dateFinProcess", "2026-01-02")]),
    ],
)  # fmt: skip
def test_question_has_one_criterion(serve, client_for, criteria, expected):
    server = serve(http(consulted()))
    call = client_for(server).consult_efact(**criteria)
    assert call.answer == ConsultAnswer(())
    body = server.requests[0].partition(b"\r\n\r\n")[2]
    body.decode("utf-8")
    assert [(e.tag, e.text) for e in etree.fromstring(body).find(".//arg3")] == expected


@pytest.mark.parametrize("criteria", [{}, {"number": ""}, {"number": "1", "deposit_id": 1}])
def test_question_refuses_other_criteria(serve, client_for, criteria):
    with pytest.raises(ValueError):
        client_for(serve(b"")).consult_efact(**criteria)


def test_qr_code_is_asked(serve, client_for):
    server = serve(http(soap('<n:verifyQrCodeResponse xmlns:n="http://services.elfatoura.tradenet.com.tn/">'
                             "<return>valide</return></n:verifyQrCodeResponse>")))  # fmt: skip
    assert client_for(server).verify_qr_code("<QRDATA/>").answer == VerifyAnswer("valide")


def test_secrets_are_masked_everywhere(serve, client_for):
    server = serve(http(fault("SERV01", "login fatima p&lt;ss &amp; wörd inconnu")))
    client = client_for(server)
    call = client.save_efact(DOCUMENT)
    kept = b"".join([call.request, call.response, repr(client.account).encode(), repr(call.problem).encode()])
    assert b"fatima" not in call.request
    assert b"p<ss" not in kept and b"p&lt;ss" not in kept
    assert b"p&lt;ss" in server.requests[0]
    assert b"<arg0>***</arg0><arg1>***</arg1><arg2>0736202XAM000</arg2>" in call.request


def test_no_wsdl_is_fetched_and_it_is_loaded_once(serve, client_for, monkeypatch):
    server = serve(http(SAVED))
    client_for(server).save_efact(DOCUMENT)
    loaded = client_module._wsdl()
    client_for(server).save_efact(DOCUMENT)
    assert client_module._wsdl() is loaded
    assert server.accepted == 2
    with pytest.raises(ValueError):
        client_module._LocalFiles().load("https://test.elfatoora.tn/ElfatouraServices/EfactService?wsdl")


def test_proxies_and_authorities_of_the_environment_are_not_used(serve, client_for, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    assert client_for(serve(http(SAVED))).save_efact(DOCUMENT).answer.deposit_id == 1805137


def test_the_timeout_argument_is_one_number(serve, client_for, monkeypatch):
    """Odoo's tests compare it with a number, and look at the host of the address."""
    seen = []
    send = client_module.requests.Session.send

    def watch(session, request, **kwargs):
        seen.append((request.url, kwargs["timeout"] < 10))
        return send(session, request, **kwargs)

    monkeypatch.setattr(client_module.requests.Session, "send", watch)
    server = serve(http(SAVED))
    client_for(server).save_efact(DOCUMENT)
    assert seen == [(f"http://127.0.0.1:{server.port}/ElfatouraServices/EfactService", True)]


def test_one_client_in_many_threads(serve, client_for):
    def echo(server, connection):
        request = read_request(connection)
        document = base64.b64decode(re.search(rb"<arg3>(.*?)</arg3>", request)[1])
        connection.sendall(http(saved(f"Facture enregistree avec ID {document.decode()}")))

    client, results = client_for(serve(echo)), {}

    def work(number):
        results[number] = client.save_efact(str(number).encode())

    threads = [threading.Thread(target=work, args=(n,)) for n in range(100, 132)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: call.answer.deposit_id for n, call in results.items()} == {n: n for n in range(100, 132)}
    assert all(base64.b64encode(str(n).encode()) in call.request for n, call in results.items())


# --- answers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error"])
def test_fault_with_any_status(serve, client_for, status):
    call = client_for(serve(http(fault("SERV09", "Signataire non autorisé"), status))).save_efact(DOCUMENT)
    assert isinstance(call.answer, FaultAnswer)
    assert (call.answer.code, call.answer.message) == ("SERV09", "Signataire non autorisé")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (http(b"<html><body>Portail captif</body></html>"), "answer.html"),
        (http(b"<!DOCTYPE html><p>"), "answer.html"),
        (http(b""), "answer.empty"),
        (http(b"", "204 No Content"), "answer.empty"),
        (http(SAVED[:-20]), "answer.not_xml"),
        (http(SAVED.replace(b"est", b"est\xe9")), "answer.not_xml"),
        (http("é".join(SAVED.decode().split("Facture")).encode("latin-1")), "answer.not_xml"),
        (http(consulted()), "answer.wrong_operation"),
        (http(b"<other/>"), "answer.not_soap"),
        (http(b"busy", "503 Service Unavailable"), "answer.http_error"),
        (http(b"<html/>", "502 Bad Gateway"), "answer.http_error"),
        (http(SAVED, "500 Internal Server Error"), "answer.http_error"),
        (http(b"", "415 Unsupported Media Type"), "answer.http_error"),
        (http(b"", "302 Found", "Location: http://127.0.0.1:1/other"), "answer.redirect"),
        (http(SAVED, "307 Temporary Redirect", "Location: /other"), "answer.redirect"),
        (http(b"", "301 Moved", "Location: http://["), "answer.redirect"),
        (b"not http at all\r\n\r\n", "network.protocol"),
        (b"HTTP/1.1 abc\r\n\r\n", "network.protocol"),
        (http(SAVED, "200 OK", "Content-Encoding: br"), "answer.encoding"),
        (http(SAVED, "200 OK", "Content-Encoding: gzip"), "answer.encoding"),
        (http(gzip.compress(SAVED)[:-12], "200 OK", "Content-Encoding: gzip"), "network.truncated"),
        (http(gzip.compress(SAVED) + b"more", "200 OK", "Content-Encoding: gzip"), "answer.encoding"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + SAVED, "network.truncated"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + SAVED[:30], "network.truncated"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\nzz\r\n", "network.truncated"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n", "answer.too_large"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "network.protocol"),
    ],
)  # fmt: skip
def test_what_is_no_answer(serve, client_for, answer, code):
    server = serve(answer)
    assert_problem(client_for(server).save_efact(DOCUMENT), code, reached=True)
    assert server.accepted == 1  # never sent again, never followed


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (("Date: Sun, 06 Nov 1994 08:49:37 GMT",), datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)),
        (("Date: Sun, 06 Nov 1994 08:49:37 -0000",), datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)),
        (("Date: Sun, 06 Nov 1994 09:49:37 +0100",), datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)),
        (("Date: yesterday",), None),
        (("Date: Sun, 99 Nov 99999 08:49:37 GMT",), None),
        (("Date: Sun, 06 Nov 1994 08:49:37 +" + "9" * 400,), None),
        ((), None),
    ],
)
def test_the_service_tells_its_time(serve, client_for, headers, expected):
    call = client_for(serve(http(SAVED, "200 OK", *headers))).save_efact(DOCUMENT)
    assert (call.problem, call.server_time) == (None, expected)


@pytest.mark.parametrize(
    "answer",
    [
        http(gzip.compress(SAVED), "200 OK", "Content-Encoding: gzip"),
        http(zlib.compress(SAVED), "200 OK", "Content-Encoding: deflate"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(SAVED)
        + SAVED
        + b"\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n" + SAVED,
        b"HTTP/1.1 100 Continue\r\n\r\n" + http(SAVED),
        http(b"\xef\xbb\xbf" + SAVED),
    ],
)
def test_other_forms_of_a_good_answer(serve, client_for, answer):
    assert client_for(serve(answer)).save_efact(DOCUMENT).answer.deposit_id == 1805137


def test_an_open_connection_after_the_answer_is_not_waited_for(serve, client_for):
    def stay(server, connection):
        read_request(connection)
        connection.sendall(http(SAVED))
        server.stopped.wait(5)

    started = time.monotonic()
    call = client_for(serve(stay)).save_efact(DOCUMENT)
    assert call.answer.deposit_id == 1805137
    assert time.monotonic() - started < 0.9


def test_gzip_bomb_is_bounded(serve, client_for):
    bomb = gzip.compress(b"<a>" + b" " * 50_000_000)
    call = client_for(serve(http(bomb, "200 OK", "Content-Encoding: gzip"))).save_efact(DOCUMENT)
    assert_problem(call, "answer.too_large", reached=True)
    assert len(call.response) <= 65_536


def test_endless_answer_is_bounded(serve, client_for):
    def flood(server, connection):
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n<a>")
        while not server.stopped.is_set():
            connection.sendall(b" " * 65536)

    assert_problem(client_for(serve(flood)).save_efact(DOCUMENT), "answer.too_large", reached=True)


# --- time -------------------------------------------------------------------------------------------------------


def test_silence_ends_at_the_read_timeout(serve, client_for):
    def silent(server, connection):
        read_request(connection)
        server.stopped.wait(5)

    call = client_for(serve(silent), read=0.3).save_efact(DOCUMENT)
    assert_problem(call, "network.read_timeout", reached=True)
    assert 0.25 < call.duration < 1


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "]
)
def test_slow_drip_ends_at_the_total(serve, client_for, head):
    def drip(server, connection):
        read_request(connection)
        connection.sendall(head)
        while not server.stopped.wait(0.05):
            connection.sendall(b"x")

    call = client_for(serve(drip), read=0.5, total=0.8).save_efact(DOCUMENT)
    assert_problem(call, "network.read_timeout", reached=True)
    assert 0.7 < call.duration < 1.3


def test_endless_continue_ends_at_the_total(serve, client_for):
    def patient(server, connection):
        read_request(connection)
        while not server.stopped.wait(0.02):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    call = client_for(serve(patient), total=0.6).save_efact(DOCUMENT)
    assert_problem(call, "network.read_timeout", reached=True)
    assert call.duration < 1.2


def test_a_server_that_does_not_read_ends_at_the_total(serve, client_for):
    def deaf(server, connection):
        server.stopped.wait(10)

    # The body is built before the connection is made: that alone takes a second on a busy machine.
    call = client_for(serve(deaf), read=0.5, total=4).save_efact(b"x" * 30_000_000)
    assert_problem(call, "network.read_timeout", reached=True)
    assert call.duration < 10  # building 40 MB of base64 on a busy machine included


def test_deadline_of_the_caller(serve, client_for):
    server = serve(http(SAVED))
    client = client_for(server)
    call = client.save_efact(DOCUMENT, deadline=time.monotonic() - 0.001)
    assert_problem(call, "network.deadline", reached=False)
    assert server.accepted == 0
    assert client.save_efact(DOCUMENT, deadline=time.monotonic() + 5).answer.deposit_id == 1805137


def test_a_worker_stopped_before_its_first_byte_sends_nothing(serve, client_for, monkeypatch):
    """A process that sleeps (SIGSTOP) between the last check and the first byte wakes after its lease."""
    server = serve(http(SAVED))
    talk = wire_module.OnceAdapter._talk

    def sleepy(self, *args):
        self.wire.deadline = time.monotonic() - 1
        return talk(self, *args)

    monkeypatch.setattr(wire_module.OnceAdapter, "_talk", sleepy)
    assert_problem(client_for(server).save_efact(DOCUMENT), "network.deadline", reached=False)
    assert b"".join(server.requests) == b""


def test_defaults_fit_the_lease():
    limits = Limits()
    assert (limits.connect, limits.read, limits.total) == (10.0, 30.0, 45.0)


# --- breaking -----------------------------------------------------------------------------------------------------


def test_refused_connection(client_for):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    account = Account(f"http://127.0.0.1:{port}/", "l", "p", "m")
    client = ElFatooraClient(account, parse=parse_foreign_xml, private_hosts=frozenset({f"127.0.0.1:{port}"}))
    assert_problem(client.save_efact(DOCUMENT), "network.refused", reached=False)


def test_reset_before_the_body_is_read(serve, client_for):
    server = serve(lambda server, connection: (connection.recv(10), reset(connection)))
    assert_problem(client_for(server).save_efact(b"x" * 3_000_000), "network.reset", reached=True)
    assert server.accepted == 1


def test_reset_after_the_body(serve, client_for):
    def behave(server, connection):
        read_request(connection)
        reset(connection)

    server = serve(behave)
    assert_problem(client_for(server).save_efact(DOCUMENT), "network.reset", reached=True)
    assert server.accepted == 1


def test_reset_in_the_answer(serve, client_for):
    def behave(server, connection):
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<S:Env")
        time.sleep(0.1)
        reset(connection)

    call = client_for(serve(behave)).save_efact(DOCUMENT)
    assert_problem(call, "network.reset", reached=True)
    assert (call.response, call.http_status) == (b"<S:Env", 200)


def test_closed_without_an_answer(serve, client_for):
    server = serve(lambda server, connection: read_request(connection))
    assert_problem(client_for(server).save_efact(DOCUMENT), "network.reset", reached=True)
    assert server.accepted == 1


def test_a_parser_that_fails_loses_nothing(serve, client_for):
    client = client_for(serve(http(SAVED)))

    def broken(data):
        raise RuntimeError("bug")

    client.parse = broken
    call = client.save_efact(DOCUMENT)
    assert_problem(call, "answer.not_xml", reached=True)
    assert call.response == SAVED


def test_a_value_that_is_no_xml_is_not_sent(serve, client_for):
    server = serve(http(consulted()))
    assert_problem(client_for(server).consult_efact(number="a\x00b"), "network.bad_request", reached=False)
    assert server.accepted == 0
