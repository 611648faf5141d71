"""A real server on 127.0.0.1 whose every byte the test writes, and a test authority for TLS."""

import datetime
import ipaddress
import socket
import ssl
import struct
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from elfatoora import wire
from elfatoora.client import Account, ElFatooraClient, Limits
from teif.foreign import parse_foreign_xml

PATH = "/ElfatouraServices/EfactService"
ENVELOPE = (
    b'<?xml version="1.0" encoding="UTF-8"?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/">'
    b"<S:Body>%s</S:Body></S:Envelope>"
)


def soap(inner: str) -> bytes:
    """An envelope as TTN's server writes it."""
    return ENVELOPE % inner.encode()


def saved(text: str) -> bytes:
    return soap(
        '<ns2:saveEfactResponse xmlns:ns2="http://services.elfatoura.tradenet.com.tn/">'
        f"<return>{text}</return></ns2:saveEfactResponse>"
    )


def consulted(*deposits: str) -> bytes:
    inner = "".join(f"<return>{deposit}</return>" for deposit in deposits)
    return soap(
        f'<ns2:consultEfactResponse xmlns:ns2="http://services.elfatoura.tradenet.com.tn/">{inner}'
        "</ns2:consultEfactResponse>"
    )


def fault(code: str, message: str) -> bytes:
    return soap(
        "<S:Fault><faultcode>S:Server</faultcode>"
        "<faultstring>tn.com.tradenet.elfatoura.services.exception.EfactServiceException</faultstring><detail>"
        '<ns2:FaultBean xmlns:ns2="http://services.elfatoura.tradenet.com.tn/">'
        f"<faultCode>{code}</faultCode><faultMessage>{message}</faultMessage></ns2:FaultBean></detail></S:Fault>"
    )


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        "Content-Type: text/xml; charset=utf-8",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read_request(connection: socket.socket) -> bytes:
    """The whole request: head and as many bytes as it declares."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (chunk := connection.recv(65536)):
            return data
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        if not (chunk := connection.recv(65536)):
            break
        body += chunk
    return head + b"\r\n\r\n" + body


DOCUMENT = b"<TEIF>\xc3\xa9</TEIF>"
SAVED = saved("Facture enregistree avec ID 1805137 est en cours de validation")


def assert_problem(call, code, *, reached):
    assert (call.answer, call.problem.code, call.reached) == (None, code, reached)


def reset(connection):
    """Close with a RST instead of a FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def resolving(monkeypatch, *addresses):
    """Every name resolves to these addresses; the list counts how often it was asked."""
    asked = []

    def fake(host, port, *args):
        asked.append(host)
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port))
            for a in addresses
        ]

    monkeypatch.setattr(wire.socket, "getaddrinfo", fake)
    return asked


class Server:
    """Accepts connections; `behave(connection)` does the rest, each in a thread of its own."""

    def __init__(self, behave, context=None):
        self.behave, self.context = behave, context
        self.accepted, self.requests, self.threads = 0, [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            if self.stopped.is_set():
                connection.close()
                return
            self.accepted += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self.threads.append(thread)
            thread.start()

    def _serve(self, connection):
        try:
            connection.settimeout(10)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.behave(self, connection)
        except OSError:
            pass  # the client left: what most of these tests want to see
        finally:
            connection.close()

    def close(self):
        self.stopped.set()
        socket.create_connection(("127.0.0.1", self.port)).close()  # wakes accept up
        self.thread.join()
        self.listener.close()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def serve():
    """`serve(behave, context=None)` -> a running :class:`Server`; `behave` may be bytes: the answer to any request."""
    servers = []

    def start(behave, context=None):
        if isinstance(behave, bytes):
            answer = behave

            def behave(server, connection):
                server.requests.append(read_request(connection))
                connection.sendall(answer)

        servers.append(Server(behave, context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def client_for():
    """A client of a server of these tests; short bounds."""

    def make(
        server,
        *,
        scheme="http",
        host="127.0.0.1",
        private=None,
        login="fatima",
        password="p<ss & wörd",
        **limits,
    ):
        account = Account(f"{scheme}://{host}:{server.port}{PATH}", login, password, "0736202XAM000")
        ca_file = limits.pop("ca_file", None)
        bounds = Limits(**{"connect": 2.0, "read": 1.0, "total": 3.0, "max_answer": 1_000_000, **limits})
        hosts = frozenset({host} if private is None else private)
        return ElFatooraClient(
            account, parse=parse_foreign_xml, ca_file=ca_file, private_hosts=hosts, limits=bounds
        )

    return make


def _name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """`authority(names, expired=False)` -> (server's TLS context, path of the authority's certificate)."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)

    def certificate(subject, public_key, before, after, extensions):
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(_name("Test authority"))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(before)
            .not_valid_after(after)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(key, hashes.SHA256())

    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    ca = certificate(
        _name("Test authority"), key.public_key(), now - datetime.timedelta(1), now + datetime.timedelta(1),
        [(x509.BasicConstraints(True, None), True), (usage, True),
         (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)],
    )  # fmt: skip
    ca_file = folder / "ca.pem"
    ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))

    def make(*names, expired=False):
        own = ec.generate_private_key(ec.SECP256R1())
        shown = [
            x509.IPAddress(ipaddress.ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names
        ]
        after = now - datetime.timedelta(hours=1) if expired else now + datetime.timedelta(1)
        leaf = certificate(
            _name(names[0]), own.public_key(), now - datetime.timedelta(1), after,
            [(x509.SubjectAlternativeName(shown), False)],
        )  # fmt: skip
        file = folder / f"{names[0]}-{expired}.pem"
        file.write_bytes(
            leaf.public_bytes(serialization.Encoding.PEM)
            + own.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context, str(ca_file)

    return make
