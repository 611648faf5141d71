"""The one door to El Fatoora's network service."""
from dataclasses import dataclass, field

from .answers import Answer, Problem


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
class Limits:
    """Bounds of one call, seconds and bytes.

    :param connect: to resolve, connect and shake hands
    :param read: the longest silence while the answer is awaited or read
    :param total: the whole call, whatever drips
    :param max_answer: bytes of an answer, before and after decompression
    """

    connect: float = 10.0
    read: float = 30.0
    total: float = 45.0
    max_answer: int = 32 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """One call and all that came of it.

    :param operation: ``saveEfact``, ``consultEfact`` or ``verifyQrCode``
    :param reached: False only when surely no byte of the request was sent
    :param request: the request as sent, login and password masked
    :param response: the body as received (decompressed, perhaps cut), b"" when there is none
    :param http_status: HTTP status, None when there is none
    :param duration: seconds
    :param answer: the answer, a fault included, None when there is none
    :param problem: why there is no answer; exactly one of answer and problem is set
    """

    operation: str
    reached: bool
    request: bytes
    response: bytes
    http_status: int | None
    duration: float
    answer: Answer | None
    problem: Problem | None
