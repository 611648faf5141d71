"""One HTTP exchange, bounded in time and size, sent at most once: the transport below ``client``.

Written on ``http.client`` instead of a connection pool, because the one thing that matters here is to know whether a byte of
the request left. A connection is used once, so no stale one can be reset under a request, and nothing can send a body twice.

- the name is resolved once and the connection made to those addresses; certificate, SNI and Host go by the name
- private, loopback and link-local addresses are refused unless the server's configuration lists the host
- every wait is cut by a monotonic deadline, a slow drip included; the answer by a size, before and after decompression
- no redirect is followed, no proxy of the environment is used (companies whose servers reach the internet through an HTTP proxy
  only can't use this as it is: a relay that keeps TLS end to end is needed)
"""

import http.client
import io
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import SplitResult

import requests
from requests.adapters import BaseAdapter

from .addresses import WireError, checked_url, is_listed, is_literal, is_public
from .answers import Problem

PROBLEM_CODES = frozenset(
    {
        # surely nothing was sent
        "network.bad_url",
        "network.bad_request",
        "network.address_refused",
        "network.deadline",
        "network.dns",
        "network.dns_timeout",
        "network.refused",
        "network.unreachable",
        "network.connect_timeout",
        "network.tls",
        "network.tls_untrusted",
        "network.tls_name",
        "network.tls_expired",
        # perhaps sent
        "network.reset",
        "network.read_timeout",
        "network.truncated",
        "network.protocol",
        "network.internal",
        "answer.too_large",
        "answer.encoding",
    }
)

_CHUNK = 65_536
_TLS_REASONS = {
    9: "network.tls_expired",
    10: "network.tls_expired",
    62: "network.tls_name",
    63: "network.tls_name",
    64: "network.tls_name",
}


@dataclass(frozen=True)
class Limits:
    """Bounds of one call, seconds and bytes.

    :param connect: to resolve, connect and shake hands, all addresses together
    :param read: the longest silence while the request goes out or the answer is awaited
    :param total: the whole call, whatever drips
    :param max_answer: bytes of an answer, before and after decompression
    """

    connect: float = 10.0
    read: float = 30.0
    total: float = 45.0
    max_answer: int = 32 * 1024 * 1024


@dataclass
class Wire:
    """What one exchange leaves behind, also when it fails: given to one adapter, used once.

    :param reached: a byte of the request may have left
    :param status: HTTP status once it was read
    :param date: the Date header, as it came; "" when there is none
    :param headers: those of the answer, their names in lower case
    :param body: the decompressed body, as far as it was read
    :param problem: what went wrong
    """

    deadline: float
    reached: bool = False
    status: int | None = None
    date: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    problem: Problem | None = None

    def remaining(self) -> float:
        return self.deadline - time.monotonic()


class OnceAdapter(BaseAdapter):
    """requests' adapter for one exchange.

    :param wire: receives what happens
    :param limits: bounds; requests' own `timeout` argument is ignored (it is a single number in Odoo's tests)
    :param ca_file: a PEM file with authorities to trust beside the usual ones
    :param private_hosts: "host" or "host:port" that may be private addresses, and may be reached over http
    :param allow_http: http will do for every host (only for what is signed itself: OCSP, revocation lists)
    """

    def __init__(
        self,
        wire: Wire,
        limits: Limits,
        *,
        ca_file: str | None = None,
        private_hosts: frozenset[str] = frozenset(),
        allow_http: bool = False,
    ) -> None:
        super().__init__()
        self.wire, self.limits, self.ca_file = wire, limits, ca_file
        self.private_hosts, self.allow_http = private_hosts, allow_http

    def close(self) -> None:
        """Nothing outlives an exchange."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: object = True,
        cert: object = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send the request and read the whole answer; ``verify`` and ``proxies`` have no effect.

        :raise requests.RequestException: with the reason in ``wire.problem``
        """
        try:
            self._exchange(request)
        except WireError as error:
            self.wire.problem = error.problem
            raise requests.RequestException(error.problem.message, request=request) from error
        response = requests.Response()
        response.status_code = self.wire.status
        response._content, response._content_consumed = bytes(self.wire.body), True
        response.url, response.request, response.connection = request.url, request, self
        # No header is handed on: with a Location header requests would look at the redirect.
        return response

    def _exchange(self, request: requests.PreparedRequest) -> None:
        url = checked_url(request.url or "", self.private_hosts, allow_http=self.allow_http)
        start = time.monotonic()
        connect_deadline = min(start + self.limits.connect, self.wire.deadline)
        if self.wire.remaining() <= 0:
            raise WireError("network.deadline", "no time left before connecting")
        sock = self._connect(url, connect_deadline)
        try:
            if url.scheme == "https":
                sock = self._secure(sock, url.hostname, connect_deadline)
            if self.wire.remaining() <= 0:
                raise WireError("network.deadline", "no time left before sending")
            self._talk(sock, request, url)
        finally:
            sock.close()

    # --- connecting: nothing is sent here ---

    def _connect(self, url: SplitResult, deadline: float) -> socket.socket:
        host, port = url.hostname, url.port or (443 if url.scheme == "https" else 80)
        addresses = self._addresses(host, port, deadline)
        failure = WireError("network.connect_timeout", f"no connection to {host} in time", host=host)
        for family, kind, proto, _name, address in addresses:
            sock = None
            try:
                sock = socket.socket(family, kind, proto)
                sock.settimeout(_slice(deadline, self.limits.connect))
                sock.connect(address)
                return sock
            except TimeoutError:
                failure = WireError("network.connect_timeout", f"no connection to {host} in time", host=host)
            except ConnectionRefusedError:
                failure = WireError("network.refused", f"{host} refuses the connection", host=host)
            except OSError as error:
                failure = WireError(
                    "network.unreachable", f"{host} can't be reached: {error.strerror or error}", host=host
                )
            if sock is not None:
                sock.close()
            if time.monotonic() >= deadline:
                break
        raise failure

    def _addresses(self, host: str, port: int, deadline: float) -> list:
        """Every address of the name, resolved once; getaddrinfo can't be interrupted, so it waits in a thread of its own."""
        result: list = []
        error: list[OSError | UnicodeError] = []

        def resolve() -> None:
            try:
                result.extend(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
            except (OSError, UnicodeError) as caught:
                error.append(caught)

        if is_literal(host):
            resolve()
        else:
            thread = threading.Thread(target=resolve, daemon=True, name="elfatoora-resolve")
            thread.start()
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                raise WireError("network.dns_timeout", f"the name {host} is not resolved in time", host=host)
        if error or not result:
            raise WireError("network.dns", f"the name {host} can't be resolved", host=host)
        if not is_listed(host, port, self.private_hosts):
            for *_rest, address in result:
                if not is_public(address[0]):
                    raise WireError(
                        "network.address_refused",
                        f"{host} is the private address {address[0]}",
                        host=host,
                        address=address[0],
                    )
        return result

    def _secure(self, sock: socket.socket, host: str, deadline: float) -> ssl.SSLSocket:
        try:
            sock.settimeout(_slice(deadline, self.limits.connect))
            return tls_context(self.ca_file).wrap_socket(sock, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            code = _TLS_REASONS.get(error.verify_code, "network.tls_untrusted")
            raise WireError(
                code, f"the certificate of {host} is not accepted: {error.verify_message}", host=host
            ) from error
        except TimeoutError as error:
            raise WireError(
                "network.connect_timeout", f"no secure connection to {host} in time", host=host
            ) from error
        except (
            OSError,
            ValueError,
        ) as error:  # ssl.SSLError is an OSError; ValueError: a name that can't be a server's
            raise WireError(
                "network.tls", f"no secure connection to {host}: {_short(error)}", host=host
            ) from error

    # --- talking: from here on the request may have arrived ---

    def _talk(self, sock: socket.socket, request: requests.PreparedRequest, url: SplitResult) -> None:
        connection = http.client.HTTPConnection(url.hostname)
        connection.auto_open = 0  # a lost connection is never opened again by itself
        connection.sock = _BoundedSocket(sock, self.wire, self.limits.read)
        try:
            body = request.body or b""
            connection.putrequest(request.method, request.path_url, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", url.netloc)
            for name, value in {**request.headers, "Accept-Encoding": "gzip", "Connection": "close"}.items():
                connection.putheader(name, value)
            connection.endheaders(body if isinstance(body, bytes) else body.encode())
            response = connection.getresponse()
            self.wire.status = response.status
            self.wire.date = response.getheader("Date") or ""
            self.wire.headers = {name.lower(): value for name, value in response.getheaders()}
            self._read(response)
        except TimeoutError as error:
            if not self.wire.reached:
                raise WireError("network.deadline", "no time left before sending") from error
            raise WireError("network.read_timeout", "no whole answer in time") from error
        except http.client.IncompleteRead as error:
            raise WireError("network.truncated", "the answer ended too early") from error
        except (ConnectionError, ssl.SSLError, http.client.RemoteDisconnected) as error:
            raise WireError("network.reset", f"the connection broke: {_short(error)}") from error
        except (http.client.HTTPException, ValueError) as error:
            raise WireError("network.protocol", f"not an HTTP answer: {_short(error)}") from error
        except OSError as error:
            raise WireError("network.reset", f"the connection broke: {_short(error)}") from error

    def _read(self, response: http.client.HTTPResponse) -> None:
        declared = response.length
        if declared is not None and declared > self.limits.max_answer:
            raise WireError(
                "answer.too_large", f"the answer announces {declared} bytes", limit=self.limits.max_answer
            )
        expand = _expander(
            (response.getheader("Content-Encoding") or "").strip().lower(), self.limits.max_answer
        )
        read = 0
        while chunk := response.read1(_CHUNK if declared is None else min(_CHUNK, declared - read)):
            read += len(chunk)
            if read > self.limits.max_answer:
                raise WireError(
                    "answer.too_large",
                    f"the answer has more than {self.limits.max_answer} bytes",
                    limit=self.limits.max_answer,
                )
            expand(chunk, self.wire.body)
            if read == declared:  # a server may keep the connection open after the last byte
                break
        if declared is not None and read < declared:
            raise WireError("network.truncated", f"the answer has {read} of {declared} bytes")
        expand(b"", self.wire.body)


class _BoundedSocket:
    """What http.client needs of a socket, with every wait cut by the deadline, and a note when the first byte leaves."""

    def __init__(self, sock: socket.socket, wire: Wire, read: float) -> None:
        self._sock, self._wire, self._read = sock, wire, read

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_slice(self._wire.deadline, self._read))
        self._wire.reached = True
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_BoundedReader(self._sock, self._wire, self._read), _CHUNK)

    def close(self) -> None:
        """The exchange closes the socket itself."""


class _BoundedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, wire: Wire, read: float) -> None:
        super().__init__()
        self._sock, self._wire, self._read = sock, wire, read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:
        self._sock.settimeout(_slice(self._wire.deadline, self._read))
        return self._sock.recv_into(buffer)


def _slice(deadline: float, longest: float) -> float:
    """A socket timeout that ends at the deadline; never 0, which would mean "do not wait" (and no exception)."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return min(left, longest)


def _expander(encoding: str, limit: int) -> Callable[[bytes, bytearray], None]:
    """A function that appends what a chunk expands to; called once more with b"" at the end."""
    if encoding in ("", "identity"):

        def plain(chunk: bytes, body: bytearray) -> None:
            body += chunk

        return plain
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise WireError("answer.encoding", f"the answer has the content encoding {encoding[:40]!r}")
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, by its header

    def expand(chunk: bytes, body: bytearray) -> None:
        try:
            body += stream.decompress(chunk, limit + 1 - len(body))
        except zlib.error as error:
            raise WireError("answer.encoding", f"the answer can't be decompressed: {error}") from error
        if len(body) > limit:
            del body[limit:]
            raise WireError("answer.too_large", f"the answer expands to more than {limit} bytes", limit=limit)
        if stream.unused_data:
            raise WireError("answer.encoding", "the answer has bytes after its compressed end")
        if not chunk and not stream.eof:
            raise WireError("network.truncated", "the compressed answer ended too early")

    return expand


def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """A verifying client context, made once per process and file (reading the authorities takes tens of milliseconds).

    :raise WireError: the file can't be read
    """
    try:
        stamp = Path(ca_file).stat().st_mtime_ns if ca_file else 0
        return _tls_context(ca_file, stamp)
    except (OSError, ssl.SSLError) as error:
        raise WireError("network.tls", f"the file of authorities can't be used: {_short(error)}") from error


@lru_cache(maxsize=8)
def _tls_context(ca_file: str | None, stamp: int) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=requests.certs.where())
    context.load_default_certs()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
        # TTN's test server shows an incomplete chain: its own certificate, or the intermediate one, may be what is trusted.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _short(error: Exception) -> str:
    return str(
        getattr(error, "strerror", None) or getattr(error, "reason", None) or error or type(error).__name__
    )[:200]
