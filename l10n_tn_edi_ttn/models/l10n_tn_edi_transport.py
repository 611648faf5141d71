import os
import ssl
import time

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from odoo import api, models, tools

from ..elfatoora.wire import Limits, OnceAdapter, Wire, WireError, tls_context
from ..signature.problems import SignerError
from ..signature.signers.remote import Response
from .l10n_tn_edi_gateway import CONFIG_CA_FILE, CONFIG_PRIVATE_HOSTS

# A signature service that does not answer by then is out of order; a whole batch has so many seconds.
LIMITS = Limits(connect=10, read=20, total=30, max_answer=4 * 1024 * 1024)
BATCH_SECONDS = 30
CLIENT_FILE_BYTES = 1024 * 1024


class ClientCertificateAdapter(OnceAdapter):
    """Shows a client certificate when the connection is made.

    :param context: an ``ssl.SSLContext`` that holds it.
    """

    def __init__(self, wire, limits, *, context, **settings):
        super().__init__(wire, limits, **settings)
        self.context = context

    def _secure(self, sock, host, deadline):
        try:
            sock.settimeout(max(0.1, deadline - time.monotonic()))
            return self.context.wrap_socket(sock, server_hostname=host)
        except (OSError, ValueError) as error:
            raise WireError("network.tls", f"no secure connection to {host}", host=host) from error


class L10nTnEdiTransport(models.AbstractModel):
    """How signature services, OCSP responders, revocation lists and webhooks are called: the one door beside El Fatoora's.

    The same rules as for El Fatoora hold: https, the name resolved once, private addresses only where the server's
    configuration lists them, certificates verified, no redirect, bounded in time and size. Addresses may hold secrets
    (DigiGo puts them there), so none of them is ever logged.
    """

    _name = "l10n_tn_edi.transport"
    _description = "Calls to Signature Services"

    @api.model
    def _settings(self):
        hosts = (tools.config.get(CONFIG_PRIVATE_HOSTS) or "").split(",")
        ca_file = tools.config.get(CONFIG_CA_FILE) or None
        return {
            "private_hosts": frozenset(host.strip() for host in hosts if host.strip()),
            "ca_file": os.path.expanduser(ca_file) if ca_file else None,
        }

    @api.model
    def _open(self, client_certificate=None, seconds=BATCH_SECONDS, allow_http=False, limits=LIMITS):
        """A transport for ``signature.signers.remote``; it touches no ORM and may be used from several threads.

        :param client_certificate: (PKCS#12 bytes, passphrase) of a client certificate (mutual TLS), or None.
        :param float seconds: after this time no call is made any more.
        :param bool allow_http: revocation lists and OCSP are signed themselves and come over http.
        :param Limits limits: bounds of one call.
        :return: callable of ``remote.Request`` that gives a ``remote.Response`` and raises OSError, with the reason
            (``elfatoora.answers.Problem``) as its ``problem``.
        :raise SignerError: the client certificate cannot be used.
        """
        settings = self._settings()
        end = time.monotonic() + seconds
        context = None
        if client_certificate:
            context = _client_context(*client_certificate, settings["ca_file"])

        def call(request):
            wire = Wire(deadline=min(end, time.monotonic() + limits.total))
            if context is not None:
                adapter = ClientCertificateAdapter(wire, limits, context=context, **settings)
            else:
                adapter = OnceAdapter(wire, limits, allow_http=allow_http, **settings)
            prepared = requests.Request(
                request.method, request.url, request.headers, data=request.body
            ).prepare()
            try:
                answer = adapter.send(prepared)
            except requests.RequestException as error:
                error.problem = wire.problem
                raise
            return Response(answer.status_code, answer.content, wire.headers)

        return call


def _client_context(data, passphrase, ca_file):
    """A verifying TLS context that shows a client certificate; the key passes through memory only.

    :raise SignerError: with the codes of certificate files.
    """
    if len(data) > CLIENT_FILE_BYTES or "\0" in passphrase:
        raise SignerError("pkcs12.unreadable")
    try:
        content = load_pkcs12(data, passphrase.encode())
    except ValueError:
        raise SignerError("pkcs12.wrong_passphrase") from None
    if content.key is None or content.cert is None:
        raise SignerError("pkcs12.no_key")
    key = content.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain = [content.cert, *content.additional_certs]
    pem = key + b"".join(one.certificate.public_bytes(serialization.Encoding.PEM) for one in chain)
    own = ssl.create_default_context()
    shared = tls_context(ca_file)
    own.minimum_version = ssl.TLSVersion.TLSv1_2
    own.verify_flags |= shared.verify_flags
    own.load_verify_locations(
        cadata="".join(map(ssl.DER_cert_to_PEM_cert, shared.get_ca_certs(binary_form=True)))
    )
    # OpenSSL reads files only; this one has no name and lives in memory.
    descriptor = os.memfd_create("client", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, pem)
        os.lseek(descriptor, 0, os.SEEK_SET)
        own.load_cert_chain(f"/proc/self/fd/{descriptor}")
    except ssl.SSLError:
        raise SignerError("certificate.unreadable") from None
    finally:
        os.close(descriptor)
    return own
