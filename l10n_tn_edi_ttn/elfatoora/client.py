"""The one door to El Fatoora's network service: every call ends in one :class:`Call`, whatever happens.

zeep builds the envelopes from the WSDL that is shipped beside this module (none is fetched); the answer is taken raw and read
by ``answers``. The exchange itself, its bounds and its single sending are in ``wire``. The addresses, the document and the
credentials come from the caller; nothing is read from the environment, nothing is stored.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import requests
import zeep
from lxml import etree
from zeep.wsdl import Document

from .addresses import WireError, checked_url
from .answers import CONSULT, SAVE, SERVICE_NAMESPACE, VERIFY, Answer, Problem, read_answer
from .wire import Limits, OnceAdapter, Wire

__all__ = ["Account", "Call", "ElFatooraClient", "Limits"]

_WSDL = Path(__file__).with_name("wsdl") / "EfactService.wsdl"
_BINDING = f"{{{SERVICE_NAMESPACE}}}EfactServicePortBinding"
_MASK = "***"
_KEPT_OF_TOO_LARGE = 65_536
_USER_AGENT = "l10n_tn_edi_ttn"
_loading = threading.Lock()


@dataclass(frozen=True)
class Account:
    """One account at TTN. The secrets never show in its repr.

    :param url: address of the service's port, https
    :param login: login of the account
    :param password: password of the account
    :param matricule: tax number of the account, 13 characters (some accounts: 8)
    """

    url: str
    login: str = field(repr=False)
    password: str = field(repr=False)
    matricule: str


@dataclass(frozen=True)
class Call:
    """One call and all that came of it.

    :param operation: ``saveEfact``, ``consultEfact`` or ``verifyQrCode``
    :param reached: False only when surely no byte of the request was sent
    :param request: the request as sent, login and password masked
    :param response: the body as received (decompressed, perhaps cut; of one that is too large only the beginning), b""
        when there is none
    :param http_status: HTTP status, None when there is none
    :param duration: seconds
    :param answer: the answer, a fault included, None when there is none
    :param problem: why there is no answer; exactly one of answer and problem is set
    :param server_time: the service's own clock when it answered, aware; None when it did not say
    """

    operation: str
    reached: bool
    request: bytes
    response: bytes
    http_status: int | None
    duration: float
    answer: Answer | None
    problem: Problem | None
    server_time: datetime | None = None


class ElFatooraClient:
    """The service for one account. Holds no connection; one object may be used from several threads.

    :param account: address and credentials
    :param parse: the parser for foreign XML: bytes -> lxml root, raising for what can't be read
    :param ca_file: PEM file with authorities to trust beside the usual ones (TTN's test server); verification is never off
    :param private_hosts: "host" or "host:port" that may be private addresses, and may be reached over http
    :param limits: bounds of a call
    """

    def __init__(
        self,
        account: Account,
        *,
        parse: Callable[[bytes], Any],
        ca_file: str | None = None,
        private_hosts: frozenset[str] = frozenset(),
        limits: Limits | None = None,
    ) -> None:
        self.account, self.parse, self.limits = account, parse, limits or Limits()
        self.ca_file, self.private_hosts = ca_file, frozenset(private_hosts)

    def save_efact(self, document: bytes, *, deadline: float | None = None) -> Call:
        """Deposit a signed document. Not idempotent: every call that arrives makes a deposit.

        :param document: the signed TEIF bytes
        :param deadline: ``time.monotonic()`` value after which nothing may be waited for; the limits hold besides
        """
        if not isinstance(document, bytes) or not document:
            raise ValueError("the document must be bytes")
        return self._call(SAVE, document, deadline)

    def consult_efact(
        self,
        *,
        deposit_id: int | None = None,
        number: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        deadline: float | None = None,
    ) -> Call:
        """Ask for deposits by ONE criterion: the id, the document's number, or the time of processing.

        :param deposit_id: ``idSaveEfact``
        :param number: ``documentNumber``; TTN may also return numbers that begin so
        :param since, until: period of ``dateProcess``; aware datetimes, or text in the form that TTN wants
        :raise ValueError: none, or more than one criterion
        """
        period = {
            name: value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
            for name, value in (("dateDebutProcess", since), ("dateFinProcess", until))
            if value is not None
        }
        criteria = [
            c
            for c in (
                {"idSaveEfact": deposit_id} if deposit_id is not None else None,
                {"documentNumber": number} if number else None,
                period,
            )
            if c
        ]
        if len(criteria) != 1:
            raise ValueError("ask by one criterion: deposit_id, number, or a period")
        return self._call(CONSULT, criteria[0], deadline)

    def verify_qr_code(self, text: str, *, deadline: float | None = None) -> Call:
        """Ask TTN whether the text of a QR code is genuine."""
        if not text:
            raise ValueError("the text of the QR code is needed")
        return self._call(VERIFY, text, deadline)

    def _call(self, operation: str, argument: object, deadline: float | None) -> Call:
        start = time.monotonic()
        wire = Wire(
            deadline=min(deadline, start + self.limits.total)
            if deadline is not None
            else start + self.limits.total
        )
        transport = _Transport(
            wire, OnceAdapter(wire, self.limits, ca_file=self.ca_file, private_hosts=self.private_hosts)
        )
        answer: Answer | None = None
        try:
            checked_url(self.account.url, self.private_hosts)
            service = zeep.Client(_wsdl(), transport=transport, settings=_settings()).create_service(
                _BINDING, self.account.url
            )
            response = getattr(service, operation)(
                self.account.login, self.account.password, self.account.matricule, argument
            )
            read = read_answer(operation, response.status_code, response.content, self.parse)
            answer, problem = (None, read) if isinstance(read, Problem) else (read, None)
        except WireError as error:
            problem = error.problem
        except requests.RequestException as error:
            problem = wire.problem or self._unforeseen(error, wire)
        except Exception as error:  # noqa: BLE001 - whatever fails, the caller must learn whether something was sent
            problem = self._unforeseen(error, wire)
        body = bytes(wire.body)
        if problem is not None and problem.code == "answer.too_large":
            body = body[:_KEPT_OF_TOO_LARGE]
        return Call(
            operation=operation,
            reached=wire.reached,
            request=transport.masked,
            response=self._masked(body),
            http_status=wire.status,
            duration=time.monotonic() - start,
            answer=answer,
            problem=problem,
            server_time=_http_date(wire.date),
        )

    def _unforeseen(self, error: Exception, wire: Wire) -> Problem:
        """Before anything was sent: a value that can't be written as XML or as a header. Later: a fault of ours."""
        # The text of the error may quote a value, so only its class is told.
        code = "network.internal" if wire.reached else "network.bad_request"
        return Problem(code, f"the call failed: {type(error).__name__}", {"error": type(error).__name__})

    def _masked(self, body: bytes) -> bytes:
        """An answer that repeats the password (a debug page, a fault that quotes the request) is not kept with it."""
        for secret in {self.account.password, escape(self.account.password)}:
            if len(secret) >= 4:
                body = body.replace(secret.encode(), _MASK.encode())
        return body


class _Transport:
    """What zeep needs of a transport, for one call."""

    def __init__(self, wire: Wire, adapter: OnceAdapter) -> None:
        self.wire, self.adapter, self.masked = wire, adapter, b""

    def post_xml(self, address: str, envelope: Any, headers: dict[str, str]) -> requests.Response:
        message = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
        for name in ("arg0", "arg1"):
            for element in envelope.iter(name):
                element.text = _MASK
        self.masked = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
        with requests.Session() as session:
            session.trust_env = False  # no proxy, no netrc, no other authorities
            for scheme in ("http://", "https://"):
                session.mount(scheme, self.adapter)
            # The bounds are the adapter's; the number here is for those who look at the argument (Odoo's tests do).
            return session.post(
                address,
                data=message,
                headers={**headers, "User-Agent": _USER_AGENT},
                allow_redirects=False,
                timeout=max(1.0, self.wire.remaining()),
            )


class _LocalFiles:
    """Loads the WSDL and its schema; anything else would be a mistake."""

    def load(self, url: str) -> bytes:
        path = Path(url).resolve()
        if path.parent != _WSDL.parent.resolve():
            raise ValueError(f"not a file of this module: {url}")
        return path.read_bytes()


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError, IndexError):  # a header can be anything
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _wsdl() -> Document:
    with _loading:
        return _load_wsdl()


@lru_cache(maxsize=1)
def _load_wsdl() -> Document:
    return Document(str(_WSDL), _LocalFiles(), settings=_settings())


def _settings() -> zeep.Settings:
    return zeep.Settings(raw_response=True, strict=True, xml_huge_tree=False)
