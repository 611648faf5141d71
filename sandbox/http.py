"""A bounded threaded HTTP/1.1 server with keep-alive, TLS shaken in the connection's own thread, and raw ways to misbehave."""

from __future__ import annotations

import contextlib
import http.server
import select
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time

MAX_BODY = 64 * 1024 * 1024
MAX_CONNECTIONS = 512
IDLE = 120.0


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Listens on one address.

    In: (host, port), a Handler class, an optional ssl.SSLContext. Connections above MAX_CONNECTIONS are closed at once.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512
    allow_reuse_address = True

    def __init__(self, address, handler, context: ssl.SSLContext | None = None):
        self.context = context
        self.stopping = threading.Event()
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(address, handler)

    def server_bind(self):
        """Bind without HTTPServer's look-up of the host's name, which may ask the network."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def process_request(self, request, client_address):
        """Give the connection a thread, or close it when there are too many."""
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request, client_address):
        """The whole life of one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request, client_address):
        """Clients that break off are this server's daily bread; anything else is printed by socketserver."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    """Base of the handlers: body reading, plain answers, and the faults of the transport."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "GlassFish", ""
    timeout = IDLE
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024

    def setup(self):
        """Shake TLS here, so that a slow client only delays itself."""
        self.raw = self.request
        if self.server.context is not None and self.admitted():
            self.request.settimeout(30)
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def admitted(self) -> bool:
        """Whether this connection is talked to at all (overridden where silence is played)."""
        return True

    def finish(self):
        """Close the TLS layer too: socketserver only knows the socket below it, which TLS took over."""
        with contextlib.suppress(OSError, ValueError):
            super().finish()
        if self.request is not self.raw and self.request.fileno() >= 0:
            with contextlib.suppress(OSError, ValueError):
                self.request.settimeout(0)
                self.request.unwrap()
            self.request.close()

    def handle(self):
        """Requests until the connection ends."""
        with contextlib.suppress(ConnectionError, TimeoutError, ssl.SSLError):
            super().handle()

    def log_message(self, *_arguments):
        """Nothing on the console: the ledger is the log, and request lines may hold secrets."""

    def read_body(self, limit: int = MAX_BODY) -> tuple[bytes, bool]:
        """(bytes, whether they are all that was announced). Reads Content-Length or chunks, never above the limit."""
        chunks, size = [], 0
        try:
            if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
                while True:
                    length = int(self.rfile.readline(100).split(b";")[0], 16)
                    if length == 0:
                        while self.rfile.readline(1000).strip():
                            pass
                        return b"".join(chunks), True
                    if length < 0 or size + length > limit:
                        return b"".join(chunks), False
                    chunks.append(self.rfile.read(length))
                    size += len(chunks[-1])
                    if len(chunks[-1]) < length:
                        return b"".join(chunks), False
                    self.rfile.readline(10)
            announced = int(self.headers.get("Content-Length") or 0)
            if announced < 0 or announced > limit:
                return b"", False
            while size < announced:
                piece = self.rfile.read1(min(announced - size, 65536))
                if not piece:
                    return b"".join(chunks), False
                chunks.append(piece)
                size += len(piece)
            return b"".join(chunks), True
        except (OSError, ValueError):
            return b"".join(chunks), False

    def answer(self, status: int, body: bytes, content_type: str, headers: dict | None = None):
        """A whole answer with its length."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    # -- misbehaviour --------------------------------------------------------------------------------------------
    def reset(self):
        """Close with a TCP RST."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # shutdown() would send an orderly FIN: the descriptor itself must go.
            socket.close(self.request.detach())

    def hold(self, seconds: float):
        """Stay silent until the time is over, the client goes away or the server stops; then close."""
        self.close_connection = True
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.server.stopping.is_set():
            readable, _, _ = select.select([self.request], [], [], min(0.2, max(0.0, end - time.monotonic())))
            if readable:
                break

    def drip(self, status: int, body: bytes, content_type: str, interval: float, chunk: int):
        """The whole answer, but in little pieces with pauses."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.flush()
        for start in range(0, len(body), max(1, chunk)):
            if self.server.stopping.wait(interval):
                break
            self.wfile.write(body[start : start + max(1, chunk)])
            self.wfile.flush()

    def cut(self, status: int, body: bytes, content_type: str, keep: float, honest: bool):
        """The first part of the answer; when honest its length is announced as if it were whole."""
        part = body[: int(len(body) * keep)]
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(part if honest else body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(part)
        self.wfile.flush()


class Unreachable:
    """A port whose queue of waiting connections is full: a connect() to it gets no answer, as behind a firewall."""

    def __init__(self, host: str):
        self._server = socket.socket()
        self._server.bind((host, 0))
        self._server.listen(0)
        self._fillers = []
        # One more than the queue holds; the surplus waits for ever like everybody else.
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self._server.getsockname())
            self._fillers.append(filler)

    @property
    def port(self) -> int:
        """The port number."""
        return self._server.getsockname()[1]

    def close(self):
        """Give the port back."""
        for held in (*self._fillers, self._server):
            held.close()
