"""Which addresses the client calls, and that it calls only them."""

import socket
import threading
import time

import pytest

from elfatoora import wire as wire_module
from elfatoora.client import Account, ElFatooraClient, Limits
from teif.foreign import parse_foreign_xml
from tests.pure.elfatoora.conftest import DOCUMENT, SAVED, assert_problem, http, resolving


def client_at(url, *, private=frozenset(), **options):
    limits = Limits(connect=0.5, read=0.5, total=1)
    account = Account(url, "login", "password", "0736202XAM000")
    return ElFatooraClient(account, parse=parse_foreign_xml, private_hosts=private, limits=limits, **options)


@pytest.mark.parametrize(
    "url",
    [
        "http://test.elfatoora.tn/x",
        "ftp://elfatoora.tn/x",
        "elfatoora.tn",
        "",
        "https://",
        "https://a:99999/x",
        "https://user:secret@elfatoora.tn/x",
        "https://[::1/x",
    ],
)
def test_unusable_addresses(url):
    call = client_at(url).save_efact(DOCUMENT)
    assert_problem(call, "network.bad_url", reached=False)
    assert "secret" not in call.problem.message


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::",
     "fec0::1", "64:ff9b:1::1"],
)  # fmt: skip
def test_private_addresses_are_refused(monkeypatch, address):
    resolving(monkeypatch, address)
    assert_problem(
        client_at("https://elfatoora.tn/x").save_efact(DOCUMENT), "network.address_refused", reached=False
    )
    host = f"[{address}]" if ":" in address else address
    call = client_at(f"https://{host}/x").save_efact(DOCUMENT)
    assert_problem(call, "network.address_refused", reached=False)


def test_one_private_address_among_public_ones_is_refused(monkeypatch):
    resolving(monkeypatch, "196.203.90.101", "127.0.0.1")
    assert_problem(
        client_at("https://elfatoora.tn/x").save_efact(DOCUMENT), "network.address_refused", reached=False
    )


def test_listed_hosts_may_be_private(monkeypatch):
    resolving(monkeypatch, "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for private, code in [({"sandbox.test"}, "network.refused"), ({f"SANDBOX.test:{port}"}, "network.refused"),
                          ({"sandbox.test:1"}, "network.bad_url"), ({"other.test"}, "network.bad_url")]:  # fmt: skip
        call = client_at(f"http://sandbox.test:{port}/x", private=frozenset(private)).save_efact(DOCUMENT)
        assert_problem(call, code, reached=False)


def test_a_name_is_resolved_once_and_pinned(monkeypatch, serve, client_for):
    asked = resolving(monkeypatch, "127.0.0.1")
    server = serve(http(SAVED))
    call = client_for(server, host="sandbox.test").save_efact(DOCUMENT)
    assert call.answer.deposit_id == 1805137
    assert asked == ["sandbox.test"]
    assert b"Host: sandbox.test:%d\r\n" % server.port in server.requests[0]


def test_the_next_address_is_tried(monkeypatch, serve, client_for):
    resolving(monkeypatch, "::1", "127.0.0.1")  # the server of these tests has no IPv6
    assert client_for(serve(http(SAVED)), host="two.test").save_efact(DOCUMENT).answer.deposit_id == 1805137


def test_unknown_name(monkeypatch):
    def fail(*args):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(wire_module.socket, "getaddrinfo", fail)
    assert_problem(client_at("https://nowhere.invalid/x").save_efact(DOCUMENT), "network.dns", reached=False)


def test_slow_name_server(monkeypatch):
    waiting = threading.Event()
    monkeypatch.setattr(wire_module.socket, "getaddrinfo", lambda *args: waiting.wait(5) and [])
    started = time.monotonic()
    call = client_at("https://slow.test/x").save_efact(DOCUMENT)
    waiting.set()
    assert_problem(call, "network.dns_timeout", reached=False)
    assert time.monotonic() - started < 1.5


def test_silent_address_is_a_connect_timeout(monkeypatch):
    """What a server whose IP address is not declared at TTN sees."""
    resolving(monkeypatch, "196.203.90.101")

    def never(self, address):
        time.sleep(self.gettimeout())
        raise TimeoutError("timed out")

    monkeypatch.setattr(wire_module.socket.socket, "connect", never)
    call = client_at("https://elfatoora.tn/x").save_efact(DOCUMENT)
    assert_problem(call, "network.connect_timeout", reached=False)
    assert call.duration < 1
