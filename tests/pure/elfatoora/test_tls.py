"""Whom the client trusts: nothing is sent to anybody else."""

import socket

import pytest

from elfatoora import wire as wire_module
from tests.pure.elfatoora.conftest import DOCUMENT, SAVED, assert_problem, http, reset, resolving


def test_tls_with_an_authority_of_the_settings(monkeypatch, serve, client_for, authority):
    resolving(monkeypatch, "127.0.0.1")
    context, ca_file = authority("sandbox.test")
    server = serve(http(SAVED), context)
    call = client_for(server, scheme="https", host="sandbox.test", ca_file=ca_file).save_efact(DOCUMENT)
    assert call.answer.deposit_id == 1805137


def test_the_servers_own_certificate_can_be_trusted(serve, client_for, authority, tmp_path):
    context, _ = authority("127.0.0.1")
    server = serve(http(SAVED), context)
    own = tmp_path / "own.pem"
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        plain = wire_module.ssl.SSLContext(wire_module.ssl.PROTOCOL_TLS_CLIENT)
        plain.check_hostname, plain.verify_mode = False, wire_module.ssl.CERT_NONE
        with plain.wrap_socket(raw) as secure:
            own.write_text(wire_module.ssl.DER_cert_to_PEM_cert(secure.getpeercert(True)))
    call = client_for(server, scheme="https", ca_file=str(own)).save_efact(DOCUMENT)
    assert call.answer.deposit_id == 1805137


@pytest.mark.parametrize(
    ("names", "expired", "trusted", "code"),
    [
        (("127.0.0.1",), False, False, "network.tls_untrusted"),
        (("other.test",), False, True, "network.tls_name"),
        (("127.0.0.1",), True, True, "network.tls_expired"),
    ],
)
def test_tls_that_is_not_trusted_sends_nothing(serve, client_for, authority, names, expired, trusted, code):
    context, ca_file = authority(*names, expired=expired)
    server = serve(http(SAVED), context)
    call = client_for(server, scheme="https", ca_file=ca_file if trusted else None).save_efact(DOCUMENT)
    assert_problem(call, code, reached=False)
    assert server.requests == []


@pytest.mark.parametrize(
    ("behave", "codes"),
    [
        (lambda server, connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), {"network.tls"}),
        # The reset may come before the connection is complete.
        (lambda server, connection: reset(connection), {"network.tls", "network.unreachable"}),
        (lambda server, connection: server.stopped.wait(5), {"network.connect_timeout"}),
    ],
)
def test_a_handshake_that_fails_sends_nothing(serve, client_for, behave, codes):
    call = client_for(serve(behave), scheme="https", connect=0.5).save_efact(DOCUMENT)
    assert call.problem.code in codes
    assert not call.reached


def test_an_unreadable_file_of_authorities(serve, client_for, tmp_path):
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    for path in (broken, tmp_path / "missing.pem"):
        call = client_for(serve(b""), scheme="https", ca_file=str(path)).save_efact(DOCUMENT)
        assert_problem(call, "network.tls", reached=False)
