"""What an attempt to deliver came to, and when the next one is due."""

import random
from dataclasses import dataclass, field

#: After these tries (about two days) nobody tries again by himself.
ATTEMPTS = 12
_STEPS = (10.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 43200.0)
# 4xx: the message was refused, others may go through. But too slow, too early and too many speak of the receiver.
_NO_REFUSALS = {408, 425, 429}

NO_KEY, NO_PACKAGE, TOO_OLD = "webhook.no_key", "webhook.no_package", "webhook.too_old"
COPY, NEUTRALIZED = "webhook.copy", "webhook.neutralized"
_NETWORK = {
    "network.bad_url": "webhook.address",
    "network.bad_request": "webhook.address",
    "network.address_refused": "webhook.address",
    "network.tls": "webhook.tls",
    "network.tls_untrusted": "webhook.tls",
    "network.tls_name": "webhook.tls",
    "network.tls_expired": "webhook.tls",
    "network.dns": "webhook.unreachable",
    "network.dns_timeout": "webhook.unreachable",
    "network.connect_timeout": "webhook.unreachable",
    "network.refused": "webhook.unreachable",
    "network.unreachable": "webhook.unreachable",
    "network.read_timeout": "webhook.timeout",
    "network.deadline": "webhook.timeout",
}
CODES = frozenset(
    {
        *_NETWORK.values(),
        NO_KEY,
        NO_PACKAGE,
        TOO_OLD,
        COPY,
        NEUTRALIZED,
        "webhook.status",
        "webhook.redirect",
        "webhook.broken",
    }
)


@dataclass(frozen=True)
class Outcome:
    """What an attempt came to.

    :param code: None when the receiver took the message, else one of ``CODES``
    :param params: what the sentence of the code names
    :param status: HTTP status, 0 without an answer
    :param answer: the beginning of the receiver's answer
    :param down: the receiver is out of order as a whole: nothing else need be tried there now
    """

    code: str | None = None
    params: dict = field(default_factory=dict)
    status: int = 0
    answer: str = ""
    down: bool = False


def of_status(status: int, answer: str) -> Outcome:
    """The outcome of an answer; whatever is not 2xx was not taken, and no redirect is followed."""
    if 200 <= status < 300:
        return Outcome(status=status, answer=answer)
    code = "webhook.redirect" if 300 <= status < 400 else "webhook.status"
    refused = 400 <= status < 500 and status not in _NO_REFUSALS
    return Outcome(code, {"status": status}, status, answer, down=not refused)


def of_problem(code: str | None, host: str = "") -> Outcome:
    """The outcome of a call without a whole answer.

    :param code: the code of the network's problem, None for an unexpected one
    """
    return Outcome(_NETWORK.get(code, "webhook.broken"), {"host": host}, down=True)


def retry_delay(failures: int, rng: random.Random) -> float:
    """Seconds until the next try.

    :param failures: tries that failed, 1 at least
    :param rng: source of the jitter of one fifth, so that many messages don't come back at once
    """
    return _STEPS[min(max(failures, 1), len(_STEPS)) - 1] * rng.uniform(0.8, 1.2)
