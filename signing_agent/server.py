"""The Unix socket: who may ask, what they ask, what they get."""

from __future__ import annotations

import base64
import binascii
import logging
import os
import socket
import socketserver
import stat
import struct
from pathlib import Path

from signing_agent import protocol
from signing_agent.config import Config
from signing_agent.errors import AgentError
from signing_agent.token import tokens_of

_logger = logging.getLogger("signing_agent")
#: A caller that says nothing for so long is dropped.
IDLE_SECONDS = 120
MAX_TEXTS = 10_000


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Listens on the configured socket until :meth:`shutdown`."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, config: Config) -> None:
        self.config = config
        self.tokens = tokens_of(config.keys)
        _remove_stale(config.socket)
        before = os.umask(0o117)  # the group may connect; who connects is looked at as well
        try:
            super().__init__(str(config.socket), Connection)
        finally:
            os.umask(before)

    def handle_error(self, request, client_address) -> None:
        _logger.exception("a connection ended badly")

    def server_close(self) -> None:
        super().server_close()
        for token in self.tokens.values():
            token.close()
        self.config.socket.unlink(missing_ok=True)


class Connection(socketserver.BaseRequestHandler):
    """One caller."""

    def handle(self) -> None:
        self.request.settimeout(IDLE_SECONDS)
        uid = peer_uid(self.request)
        try:
            if uid not in self.server.config.uids:
                _logger.warning("user %s is not allowed to sign", uid)
                self._say(AgentError("agent.refused"))
                return
            while (message := protocol.receive(self.request)) is not None:
                self._answer(message)
        except (OSError, protocol.ProtocolError):
            return  # the caller is gone, or never was one

    def _answer(self, message: dict) -> None:
        try:
            answers = self._do(message)
        except AgentError as error:
            answers = [error]
        except (KeyError, TypeError, ValueError, binascii.Error):
            answers = [AgentError("agent.request")]
        for answer in answers:
            self._say(answer)

    def _say(self, answer: dict | AgentError) -> None:
        if isinstance(answer, AgentError):
            answer = {"error": answer.code, "params": answer.params}
        protocol.send(self.request, answer)

    def _do(self, message: dict):
        token = self.server.tokens.get(message["key"])
        if token is None:
            raise AgentError("agent.unknown_key", key=str(message["key"])[:80])
        match message["do"]:
            case "status":
                return [token.status()]
            case "chain":
                return [{"certificates": [base64.b64encode(der).decode() for der in token.certificates()]}]
            case "open":
                handle = token.open(str(message["pin"]), int(message["documents"]), float(message["minutes"]))
                _logger.info(
                    "%s: a session for %s documents was opened", token.key.name, message["documents"]
                )
                return [{"session": handle}]
            case "close":
                token.close()
                return [{}]
            case "sign":
                texts = [base64.b64decode(text, validate=True) for text in message["texts"]]
                if len(texts) > MAX_TEXTS:
                    raise AgentError("agent.request")
                _logger.info("%s: %s signatures are asked for", token.key.name, len(texts))
                return (
                    value if isinstance(value, AgentError) else {"value": base64.b64encode(value).decode()}
                    for value in token.sign(message.get("session"), texts)
                )
            case _:
                raise AgentError("agent.request")


def peer_uid(connection: socket.socket) -> int:
    """The user of the process at the other end, as the kernel knows it."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", data)[1]


def _remove_stale(path: Path) -> None:
    """Remove the socket of an agent that is gone. Raises OSError when one still listens, or when it is no socket."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileExistsError(f"{path} is no socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise FileExistsError(f"an agent listens on {path} already")
