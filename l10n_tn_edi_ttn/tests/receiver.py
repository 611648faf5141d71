"""A receiver of webhooks over real HTTPS, with an authority of its own, that verifies what it gets."""

import contextlib
import datetime
import ipaddress
import ssl
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from http_message_signatures import HTTPMessageVerifier
from http_message_signatures.algorithms import HMAC_SHA256
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from http_message_signatures.resolvers import MappingKeyResolver

MAX_AGE = datetime.timedelta(minutes=5)
COVERED = ("@method", "@target-uri", "content-type", "content-digest", "webhook-id")


class Received:
    """A request as it came: ``method``, ``url``, ``headers``, ``body``."""

    def __init__(self, method, url, headers, body):
        self.method, self.url, self.headers, self.body = method, url, headers, body

    def verify(self, keys, max_age=MAX_AGE):
        """:param dict keys: key id to bytes.
        :return: None when signature, digest and age are right, else why not.
        """
        verifier = HTTPMessageVerifier(
            signature_algorithm=HMAC_SHA256,
            key_resolver=MappingKeyResolver(public_keys=keys, private_keys={}),
        )
        try:
            verifier.verify(
                self,
                max_age=max_age,
                expect_tag="l10n-tn-edi-webhook",
                require_components=COVERED,
                body=self.body,
            )
        except HTTPMessageSignaturesException as error:
            return str(error)
        return None


class Receiver:
    """Listens on 127.0.0.1.

    ``answer`` may be changed at any time: an HTTP status, ("redirect", address), ("drip", seconds) or ("wait", seconds).
    """

    def __init__(self, folder=None):
        self._folder = tempfile.TemporaryDirectory() if folder is None else None
        path = Path(folder or self._folder.name)
        self.ca_file = str(path / "authority.pem")
        pem = _certificate(Path(self.ca_file))
        (path / "server.pem").write_bytes(pem)
        self.requests, self.answer = [], 204
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path / "server.pem")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}/el-fatoora?to=us"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        if self._folder:
            self._folder.cleanup()

    def _handler(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                with receiver._lock:
                    receiver.at_once += 1
                    receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
                try:
                    with contextlib.suppress(OSError):  # the sender did not wait
                        self.receive()
                finally:
                    with receiver._lock:
                        receiver.at_once -= 1

            def receive(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                url = f"https://{self.headers['Host']}{self.path}"
                receiver.requests.append(Received("POST", url, dict(self.headers), body))
                kind, value = receiver.answer if isinstance(receiver.answer, tuple) else (None, None)
                if kind == "wait":
                    time.sleep(value)
                if kind == "drip":
                    self.send_response(200)
                    self.end_headers()
                    for _second in range(int(value * 5)):
                        self.wfile.write(b".")
                        self.wfile.flush()
                        time.sleep(0.2)
                    return
                status = {"redirect": 307, "wait": 204}.get(kind) or receiver.answer
                self.send_response(status)
                if kind == "redirect":
                    self.send_header("Location", value)
                text = b"" if status == 204 else b"thank you" * 200
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_arguments):
                """Nothing on the test's output."""

        return Handler


def _certificate(ca_file):
    """Write the authority's certificate to ``ca_file``; give the server's key and certificate in PEM."""
    now = datetime.datetime.now(datetime.UTC)

    def build(subject, issuer, key, signing_key, *extensions):
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(signing_key, hashes.SHA256())

    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _each in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of the receiver")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    authority = build(ca_name, ca_name, ca_key, ca_key, (x509.BasicConstraints(ca=True, path_length=0), True))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    server = build(name, ca_name, key, ca_key, (address, False))
    pem = serialization.Encoding.PEM
    ca_file.write_bytes(authority.public_bytes(pem))
    return key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + server.public_bytes(pem)
