"""The facts that a decision is made of, the decision itself, and its words. No logic: see ``decisions``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .answers import Deposit
from .rejections import Cause

# The states in which TTN is asked: those of the document in the addon. A decision asks for one of them, or releases.
SIGNED, SUBMITTED, UNKNOWN, TO_DECIDE = "signed", "submitted", "unknown", "to_decide"
ACCEPTED, REJECTED, CONFLICT = "accepted", "rejected", "conflict"
STATES = frozenset({SIGNED, SUBMITTED, UNKNOWN, TO_DECIDE, ACCEPTED, REJECTED, CONFLICT})
RELEASED = "error"  # TTN doesn't hold it, and its number is another document's: it is to be corrected

# Flags of a decision: what the caller must know beside the state.
VISIBLE = "visible"  # a deposit of these bytes is visible: remember it (History.ever_seen)
UNPROVED = "unproved"  # accepted, but TTN's signature does not prove it
ACCOUNT = "account"  # the cause concerns the whole account: stop its queue until it is mended
SAME_BYTES = "same_bytes"  # once the cause is mended, the signed bytes may be deposited as they are
RESEND = "resend"  # the one automatic resend: remember it (History.resent)
ASK_FIRST = "ask_first"  # ask TTN again before the next deposit
SAME_REASON = "same_reason"  # the answer says nothing new: what was told of the document stays
WITNESS = "witness"  # absent, but for a later deposit in view: ask about one that was shown before
FLAGS = frozenset({VISIBLE, UNPROVED, ACCOUNT, SAME_BYTES, RESEND, ASK_FIRST, SAME_REASON, WITNESS})

CODES = frozenset(
    {
        "send.submitted",  # one deposit id received
        "send.not_sent",  # surely nothing was sent
        "send.given_up",  # surely not sent, and too often: a human lets it go on
        "send.refused",  # refused at once, nothing deposited
        "send.refused_account",  # refused to the account, nothing deposited: the same bytes go once it is in order
        "send.no_id",  # an answer without a deposit id
        "send.several_ids",  # an answer with several deposit ids
        "send.doubtful_text",  # an answer that names an id and speaks of a refusal
        "send.fault",  # a fault that doesn't settle what was deposited
        "send.answer_lost",  # no usable answer
        "send.lease_expired",  # the attempt ended without any trace
        "ask.no_answer",  # TTN gave no complete answer to the question
        "ask.not_visible",  # nothing of ours is visible (yet)
        "ask.pending",  # deposited, TTN is working
        "ask.rejected",  # TTN rejects our deposit
        "ask.still_rejected",  # still rejected, nothing new at TTN
        "ask.unreadable",  # a deposit that can't be read may be ours
        "ask.same_document",  # the same document under another signature
        "ask.earlier_accepted",  # an earlier version of the document was accepted
        "ask.earlier_pending",  # an earlier version of the document is still being worked on
        "ask.id_of_other",  # the deposit id that we were given shows another document
        "ask.number_taken",  # another document of this sender has this number
        "ask.release_waits",  # the number is another document's, as somebody decided; ours may still appear
        "ask.released",  # the same, and ours is not there
        "ask.vanished",  # a deposit that existed is not visible for days
        "ask.absent",  # absent by the rules
        "ask.absent_unproved",  # absent, but no later deposit proves that TTN's view is up to date
        "ask.absent_confirmed",  # still absent, asked just before the next deposit
        "ask.resend",  # absent by the rules: the one automatic resend
        "accept.accepted",  # accepted and proved
        "accept.decided",  # accepted: somebody decided that this deposit is the document
        "accept.unproved",  # accepted; TTN's signature is missing or fails
        "accept.without_document",  # accepted; TTN's final document doesn't come
        "accept.waiting_document",  # a reference is there, TTN's final document not yet
        "accept.mismatch",  # a reference, but the document differs from ours
        "accept.unreadable",  # a reference for our deposit whose document can't be read
        "accept.changed",  # accepted before; what TTN shows now contradicts it
        "accept.kept",  # accepted before; nothing says otherwise
        "accept.two_acceptances",  # two different references
    }
)


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
    :param earlier_deposit_ids: the ``idSaveEfact`` of those earlier versions
    :param later_signatures: SignatureValues of the versions that were deposited after these bytes, in their place
    :param later_deposit_ids: the ``idSaveEfact`` of those later versions
    """

    signature_value: str
    document_digest: str
    sender: str
    number: str
    type_code: str
    total: Decimal
    deposit_ids: frozenset[int] = frozenset()
    earlier_signatures: frozenset[str] = frozenset()
    earlier_deposit_ids: frozenset[int] = frozenset()
    later_signatures: frozenset[str] = frozenset()
    later_deposit_ids: frozenset[int] = frozenset()


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

    @property
    def any_reference(self) -> str:
        """TTN's reference by the document, else by the deposit's description, "" when there is none."""
        return (self.reference or self.deposit.reference).strip()


@dataclass(frozen=True)
class Ruling:
    """What a responsible decided about one deposit that TTN shows.

    :param deposit_id: its ``idSaveEfact``
    :param ours: it counts as this document; otherwise it belongs to another
    :param reference: TTN's reference that stood with it then, "" when there was none
    """

    deposit_id: int
    ours: bool
    reference: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing at TTN that somebody must know, whatever becomes of a document.

    :param code: one of ``sweep.CODES`` or ``beside.CODES``
    :param seen: the deposit
    :param keys: the documents of ours that it concerns, as the caller knows them
    :param params: small JSON-able values for a sentence
    """

    code: str
    seen: Seen
    keys: tuple[Any, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """What happened to the document before this question.

    :param state: the document's state now: unknown, submitted, rejected, to_decide, accepted, conflict or signed
    :param now: when this question was ASKED (not answered), by the database's clock, without ``clock_ahead``
    :param attempts: deposits of these bytes that may have reached TTN (those surely not sent don't count)
    :param lease_until: end of the last attempt's lease, by the same clock
    :param absences: when the earlier complete answers that showed nothing of ours were asked, since the last attempt
    :param polls: questions asked since the last attempt, this one not counted
    :param ever_seen: a deposit of these bytes was visible once, or an id was received
    :param later_seen: when TTN was last asked, and showed a deposit of this account that was made after
        ``lease_until``; None when it never did
    :param window: W, seconds (the company's setting; 30 minutes)
    :param longest_delay: the longest time between a deposit and its visibility ever seen on this account, seconds
    :param auto_resend: the company wants one automatic resend of the same bytes
    :param resent: that one resend was used already
    :param reference: the reference accepted so far, "" while there is none
    :param tried: a deposit of this document, of these bytes or of others, may have reached TTN
    :param rulings: what responsibles decided about deposits, one for each
    :param conflict: the references and deposits of a conflict, as they were told last
    :param left_behind: the invoice has another document in its place: nobody waits for an end of this one
    :param clock_ahead: seconds by which the database's clock has gone ahead of TTN's since before the last attempt: they were
        not waited; what a wrong clock of TTN's says of them is believed for a day
    """

    state: str
    now: float
    attempts: int
    lease_until: float
    absences: tuple[float, ...] = ()
    polls: int = 0
    ever_seen: bool = False
    later_seen: float | None = None
    window: float = 1800.0
    longest_delay: float = 0.0
    auto_resend: bool = False
    resent: bool = False
    reference: str = ""
    tried: bool = True
    rulings: tuple[Ruling, ...] = ()
    conflict: Mapping[str, Any] = field(default_factory=dict)
    left_behind: bool = False
    clock_ahead: float = 0.0


@dataclass(frozen=True)
class Decision:
    """The next step.

    :param state: the state to write, one of :data:`STATES`, or :data:`RELEASED`
    :param code: why, one of :data:`CODES`: the key of a translated sentence
    :param params: small JSON-able values for that sentence
    :param deposit_id: ``idSaveEfact`` to keep, None when there is none to tell
    :param reference: TTN's reference to keep ("" none)
    :param retry_in: seconds until the next call about this document, None when none is due
    :param flags: see :data:`FLAGS`
    :param causes: the causes of a refusal or a rejection, in TTN's order
    :param seen: the deposit that decided; its content is what to keep as TTN's document
    :param told: what the responsible must know of the answer beside
    :param acceptances: of a conflict, everything that TTN shows with a reference: all these documents are kept
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
    told: tuple[Finding, ...] = ()
    acceptances: tuple[Seen, ...] = ()
    absent: bool | None = None
