"""One batch on a desk: shown to a human, allowed with the PIN or declined, signed, and handed out once it is over."""

from __future__ import annotations

import base64
import secrets
import threading
import time

from signing_agent.documents import Paper
from signing_agent.errors import AgentError
from signing_agent.token import Token

#: Somebody looks for the token: until then the batch waits for the PIN.
WAIT_SECONDS = 600
#: A session's length: what a slow token needs for the largest batch.
MINUTES = 60


class Batch:
    """``papers``: what is signed, in order; ``origin``: who asked; ``ask``: the unguessable name of its local page.

    ``state`` goes waiting → signing → done, or waiting → declined, failed. ``results``: in the order of the papers, as far
    as they are known: ``{"value": base64}`` or ``{"error": code, "params": …}``.
    """

    def __init__(self, token: Token, origin: str, papers: list[Paper]) -> None:
        self.token, self.origin, self.papers = token, origin, papers
        self.id, self.ask = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
        self.state = "waiting"
        self.results: list[dict] = []
        self._until = time.monotonic() + WAIT_SECONDS
        self._lock = threading.Lock()

    @property
    def active(self) -> bool:
        """Whether another batch has to wait for this one."""
        if self.state == "waiting" and time.monotonic() > self._until:
            self.decline()
        return self.state in ("waiting", "signing")

    def decline(self) -> None:
        """The human (or whoever asked) does not want it; once signing has begun it is too late."""
        self._end("declined", AgentError("agent.declined"))

    def allow(self, pin: str) -> None:
        """Log in with the PIN, once, and begin to sign. Raises AgentError; then nothing is signed any more."""
        with self._lock:
            if self.state != "waiting":
                raise AgentError("agent.session_over", key=self.token.key.name)
            self.state = "signing"
        try:
            handle = self.token.open(pin, len(self.papers), MINUTES)
        except AgentError as error:
            self._end("failed", error, "signing")
            raise
        threading.Thread(target=self._sign, args=(handle,), daemon=True).start()

    def report(self) -> dict:
        """How far it is; with the results once it is over."""
        over = not self.active
        report = {"state": self.state, "done": len(self.results), "count": len(self.papers)}
        return {**report, "results": self.results} if over else report

    def _sign(self, handle: str) -> None:
        try:
            for value in self.token.sign(handle, [paper.to_sign for paper in self.papers]):
                self.results.append(
                    said(value)
                    if isinstance(value, AgentError)
                    else {"value": base64.b64encode(value).decode("ascii")}
                )
            self.token.close()
        except AgentError as error:
            self._fill(error)
        finally:
            self._fill(AgentError("agent.failed", key=self.token.key.name, reason="?"))
            self.state = "done"

    def _end(self, state: str, error: AgentError, before: str = "waiting") -> None:
        with self._lock:
            if self.state == before:
                self._fill(error)
                self.state = state

    def _fill(self, error: AgentError) -> None:
        self.results += [said(error)] * (len(self.papers) - len(self.results))


def said(error: AgentError) -> dict:
    """An error as it goes to the caller."""
    return {"error": error.code, "params": error.params}
