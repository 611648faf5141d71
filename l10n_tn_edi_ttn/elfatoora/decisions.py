"""The next step of one document, from the facts of its attempts and of what TTN shows. Pure: no clock, no network, no state.

TTN's deposit is not idempotent and can't be fenced. What these functions promise: no automatic double deposit, no lost
acceptance, and what can't be decided goes to a human (``to_decide``). The caller collects facts, calls one function, and
writes the :class:`Decision` that it receives. All times are seconds of one clock (the database's), all delays are seconds.

- :func:`after_save`     the answer of one deposit (rule 4: the class of an answer)
- :func:`lease_expired`  an attempt whose answer never came back (rule 3)
- :func:`after_consult`  a question about one document (rules 5, 6 and 7)
- :func:`next_poll_delay`, :func:`retry_delay`  back-off with jitter
"""
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .answers import Deposit
from .client import Call
from .rejections import Cause

# The states that a decision can ask for: those of the document in the addon.
SIGNED, SUBMITTED, UNKNOWN, TO_DECIDE = "signed", "submitted", "unknown", "to_decide"
ACCEPTED, REJECTED, CONFLICT = "accepted", "rejected", "conflict"
STATES = frozenset({SIGNED, SUBMITTED, UNKNOWN, TO_DECIDE, ACCEPTED, REJECTED, CONFLICT})


@dataclass(frozen=True)
class Sent:
    """What we deposited (or tried to): the live version of one document.

    :param signature_value: base64 of our SigFrs SignatureValue; white space doesn't matter
    :param document_digest: base64 digest of the document that SigFrs signs (what TTN's QR code calls EMPRUNT)
    :param sender: matricule of the sender as in the document
    :param number: the document's number
    :param type_code: "I-11"…
    :param total: total with tax as in the document, in its currency
    :param deposit_ids: every ``idSaveEfact`` that TTN gave for these bytes
    :param earlier_signatures: SignatureValues of earlier versions of this document (corrected, re-signed), deposited before
    """

    signature_value: str
    document_digest: str
    sender: str
    number: str
    type_code: str
    total: Decimal
    deposit_ids: frozenset[int] = frozenset()
    earlier_signatures: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Seen:
    """One deposit that TTN shows, with what the caller read and verified in its document.

    Everything but ``deposit`` is None (or "absent") when the document isn't there or can't be read.

    :param deposit: the deposit as answered
    :param signature_value: base64 SignatureValue of the one SigFrs that is a child of the root
    :param document_digest: base64 digest that this SigFrs claims for the document (r-id-frs)
    :param sender, number, type_code, total: as in the returned document
    :param reference: ReferenceTTN of the one RefTtnVal that is a child of the root, "" when there is none
    :param ttn_signature: SigTTN: "valid", "invalid" (there, but it fails), "absent"
    :param fingerprint: EMPRUNT of TTN's QR code; None when it could not be read
    :param other: the caller knows this deposit (its id or its signature) as another document's: it is ignored
    """

    deposit: Deposit
    signature_value: str | None = None
    document_digest: str | None = None
    sender: str | None = None
    number: str | None = None
    type_code: str | None = None
    total: Decimal | None = None
    reference: str = ""
    ttn_signature: str = "absent"
    fingerprint: str | None = None
    other: bool = False


@dataclass(frozen=True)
class History:
    """What happened to the document before this question.

    :param state: the document's state now: unknown, submitted, rejected, to_decide, accepted, conflict or signed
    :param now: when this question was ASKED (not answered), by the database's clock
    :param attempts: deposits of these bytes that may have reached TTN (those surely not sent don't count)
    :param lease_until: end of the last attempt's lease, by the same clock
    :param absences: when the earlier complete answers that showed nothing of ours were asked, since the last attempt
    :param polls: questions asked since the last attempt, this one not counted
    :param ever_seen: a deposit of these bytes was visible once, or an id was received
    :param later_visible: TTN shows now a deposit of this account that was made after ``lease_until``
    :param window: W, seconds (the company's setting; 30 minutes)
    :param longest_delay: the longest time between a deposit and its visibility ever seen on this account, seconds
    :param auto_resend: the company wants one automatic resend of the same bytes
    :param resent: that one resend was used already
    :param reference: the reference accepted so far, "" while there is none
    """

    state: str
    now: float
    attempts: int
    lease_until: float
    absences: tuple[float, ...] = ()
    polls: int = 0
    ever_seen: bool = False
    later_visible: bool = False
    window: float = 1800.0
    longest_delay: float = 0.0
    auto_resend: bool = False
    resent: bool = False
    reference: str = ""


@dataclass(frozen=True)
class Decision:
    """The next step.

    :param state: the state to write, one of :data:`STATES`
    :param code: why, one of :data:`CODES`: the key of a translated sentence
    :param params: small JSON-able values for that sentence
    :param deposit_id: ``idSaveEfact`` to keep, None when there is none to tell
    :param reference: TTN's reference to keep ("" none)
    :param retry_in: seconds until the next call about this document, None when none is due
    :param flags: see :data:`FLAGS`
    :param causes: the causes of a refusal or a rejection, in TTN's order
    :param seen: the deposit that decided; its content is what to keep as TTN's document
    :param absent: this complete answer counts as an absence: add ``now`` to ``absences`` (False: clear them)
    """

    state: str
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    deposit_id: int | None = None
    reference: str = ""
    retry_in: float | None = None
    flags: frozenset[str] = frozenset()
    causes: tuple[Cause, ...] = ()
    seen: Seen | None = None
    absent: bool | None = None


__all__ = ["Call", "Decision", "History", "Random", "Seen", "Sent", "Sequence"]
Random = random.Random
