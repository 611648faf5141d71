"""The public face: the SOAP end point with its latency and faults, the WSDL, and the signature services' addresses."""

from __future__ import annotations

import contextlib
import time
import zlib

from sandbox import soap, wsdl
from sandbox.faults import BODY, CONNECT, Hit
from sandbox.http import Handler

PATH = "/ElfatouraServices/EfactService"
XML = "text/xml;charset=utf-8"
HTML = "text/html;charset=utf-8"


class FrontHandler(Handler):
    """One connection. The server carries `platform` (see platform.Platform)."""

    def date_time_string(self, timestamp=None):
        """The Date of an answer goes by the sandbox's own clock."""
        return super().date_time_string(self.server.platform.clock.time() if timestamp is None else timestamp)

    def admitted(self) -> bool:
        """False (after a long silence) when the firewall or a fault keeps this address out."""
        platform = self.server.platform
        peer = self.client_address[0]
        hits = [hit for hit in platform.faults.hits(CONNECT) if hit.kind == "silent_connect"]
        silent = float(hits[0].params["seconds"]) if hits else 0.0
        if platform.store.setting("address_filter") and not platform.known_address(peer):
            silent = max(silent, 60.0)
        if not silent:
            return True
        end = time.monotonic() + silent
        while time.monotonic() < end and not self.server.stopping.wait(0.2):
            pass
        raise ConnectionAbortedError("silent connection")

    def setup(self):
        """Without TLS the silence must be kept here all the same."""
        if self.server.context is None:
            self.admitted()
        super().setup()

    def do_GET(self):
        """?wsdl, ?xsd=1, the page of the service, or one of the signature services."""
        path, _, query = self.path.partition("?")
        if path != PATH:
            self._elsewhere("GET", path, query)
        elif query.lower() == "wsdl":
            self.answer(200, wsdl.wsdl(), XML)
        elif query.lower() == "xsd=1":
            self.answer(200, wsdl.schema(), XML)
        else:
            self.answer(
                200, b"<html><body><h1>Web Services</h1><p>EfactServiceService</p></body></html>", HTML
            )

    def do_POST(self):
        """A SOAP call, or one of the signature services."""
        path, _, query = self.path.partition("?")
        if path != PATH:
            self._elsewhere("POST", path, query)
            return
        platform = self.server.platform
        self._early_reset()
        body, complete = self.read_body()
        peer = self.client_address[0]
        if not complete:
            platform.ledger.received(peer=peer, operation="?", body=body, complete=False)
            self.close_connection = True
            self.answer(400, b"", XML)
            return
        seq = platform.ledger.received(peer=peer, operation="?", body=body, complete=True)
        kind = (self.headers.get("Content-Type") or "").split(";")[0].strip().lower()
        if kind != "text/xml":
            platform.ledger.complete(seq, outcome="unreadable", text=f"Content-Type {kind}")
            self.answer(415, b"", XML)
            return
        try:
            request = soap.read_request(body)
        except soap.ClientFault as error:
            platform.ledger.complete(seq, outcome="unreadable", code="S:Client", text=str(error))
            self._wait()
            self.send(500, soap.client_fault(str(error)), [])
            return
        self._call(request, body, seq, peer)

    def _call(self, request: soap.Request, body: bytes, seq: int, peer: str):
        platform = self.server.platform
        hits = platform.faults.hits(
            request.operation, number=platform.service.number_of(request), login=request.login
        )
        if not platform.allowed(request.login, peer):
            platform.ledger.complete(
                seq,
                operation=request.operation,
                login=request.login,
                outcome="silent",
                text="address not declared",
            )
            self.hold(60.0)
            return
        before = [hit for hit in hits if hit.stage == "before"]
        blocking = [hit for hit in before if hit.kind != "relay_double" and not hit.params.get("processed")]
        if blocking:
            platform.ledger.complete(
                seq,
                operation=request.operation,
                login=request.login,
                number=platform.service.number_of(request),
                outcome="not_processed",
                faults=[hit.kind for hit in hits],
            )
            self._wait()
            self.misbehave(blocking[0])
            return
        late = next((hit for hit in hits if hit.kind == "late_deposit"), None)
        extra = {"hidden": {"until": float(late.params["delay"])}} if late else None
        try:
            answers = [platform.service.execute(request, seq, hits, extra_plan=extra)]
            for hit in before:
                if hit.kind == "relay_double":
                    again = platform.ledger.received(peer=peer, operation="?", body=body, complete=True)
                    answers.append(platform.service.execute(request, again, hits, extra_plan=extra))
                    if hit.params["answer"] == "first":
                        answers.pop()
        except Exception:
            platform.ledger.complete(seq, outcome="crashed")
            self.answer(500, soap.client_fault("Erreur interne du serveur", "S:Server"), XML)
            raise
        self._wait()
        processed = [hit for hit in before if hit.params.get("processed")]
        if processed:
            self.misbehave(processed[0])
        else:
            self.send(*answers[-1], hits)
        with contextlib.suppress(OSError):
            platform.ledger.complete(seq, answered=int(not self.close_connection))

    def _early_reset(self):
        """Play a reset in the middle of the body."""
        platform = self.server.platform
        hits = platform.faults.hits(BODY)
        if not hits:
            return
        body = self.rfile.read(int(hits[0].params["bytes"]))
        platform.ledger.complete(
            platform.ledger.received(peer=self.client_address[0], operation="?", body=body, complete=False),
            faults=["reset_in_body"],
        )
        self.reset()
        raise ConnectionResetError("played")

    def misbehave(self, hit: Hit):
        """Play a fault that comes before (or instead of) the answer."""
        params = hit.params
        if hit.kind == "timeout_before":
            self.hold(float(params["seconds"]))
        elif hit.kind == "reset_before":
            self.reset()
        elif hit.kind == "redirect":
            self.answer(int(params["status"]), b"", HTML, {"Location": str(params["location"])})
        elif hit.kind == "html":
            self.answer(200, str(params["body"]).encode(), HTML)
        else:
            self.answer(int(params["status"]), str(params["body"]).encode(), HTML)

    def send(self, status: int, body: bytes, hits: list[Hit], kind: str = XML, headers: dict | None = None):
        """An answer, spoilt by the faults that act on answers."""
        for hit in hits:
            params = hit.params
            if hit.kind == "timeout_after":
                self.hold(float(params["seconds"]))
            elif hit.kind in ("reset_after", "late_deposit"):
                self.reset()
            elif hit.kind == "slow_drip":
                self.drip(status, body, kind, float(params["interval"]), int(params["chunk"]))
            elif hit.kind == "truncate":
                self.cut(status, body, kind, float(params["keep"]), bool(params["honest"]))
            elif hit.kind == "gzip_bomb":
                self._bomb(body, int(params["size"]))
            elif hit.kind == "wrong_encoding":
                self.answer(
                    status,
                    body.replace(b"</S:Body>", "<!-- réponse -->".encode("latin-1") + b"</S:Body>"),
                    kind,
                )
            else:
                continue
            return
        self.answer(status, body, kind, headers)

    def client_certificate(self) -> bool:
        """Did the client show a certificate of the TLS authority?"""
        return bool(self.server.context is not None and self.request.getpeercert())

    def _bomb(self, body: bytes, size: int):
        """Real gzip: the answer's beginning, then a comment of spaces that never seems to end."""
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        head, tail = body.rpartition(b"</S:Body>")[0], b"</S:Body></S:Envelope>"
        block, packed = b" " * (1 << 20), [packer.compress(head)]
        for _ in range(size // len(block)):
            packed.append(packer.compress(block))
        packed.append(packer.compress(tail) + packer.flush())
        self.answer(200, b"".join(packed), XML, {"Content-Encoding": "gzip"})

    def _wait(self):
        latency = float(self.server.platform.store.setting("latency"))
        if latency > 0:
            self.server.stopping.wait(latency)

    def _elsewhere(self, method: str, path: str, query: str):
        route = self.server.platform.routes(path)
        if route is None:
            self.answer(404, b"", HTML)
        else:
            route(self, method, path, query)
