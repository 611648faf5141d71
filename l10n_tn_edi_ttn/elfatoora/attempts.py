"""What the answer of one deposit means: the class of an answer."""

import random
import re
from collections.abc import Sequence

from .answers import SAVE, FaultAnswer, SaveAnswer
from .client import Call
from .facts import (
    ACCOUNT,
    ASK_FIRST,
    REJECTED,
    SAME_BYTES,
    SIGNED,
    SUBMITTED,
    UNKNOWN,
    Decision,
)
from .rejections import Cause, classify, classify_fault, classify_problem, fold
from .rejections_data import UNKNOWN_RULE, Rule
from .timing import DAY, HOUR, jitter, next_poll_delay, retry_delay

# Some two days: what still can't be sent then does not come right by itself.
TRIES = 100
# A text with one of these words, and no "non" or "pas" before it, may be that of a document that was taken.
_TAKEN = re.compile(
    r"(?<!\bnon )(?<!\bpas )\b(?:enregistre|accepte|recue?\b|depose|conforme|succes)", re.IGNORECASE
)


def after_save(
    call: Call,
    attempt_number: int,
    *,
    failures: int = 0,
    extra: Sequence[Rule] = (),
    rng: random.Random | None = None,
) -> Decision:
    """What one call of ``saveEfact`` means.

    :param call: the call
    :param attempt_number: 1 + the earlier deposits of these bytes that may have reached TTN (those surely not
        sent, and those surely refused, don't count)
    :param failures: tries in a row before this one that were surely not sent
    :param extra: rules of the user's own for refusals
    :return: submitted, rejected, signed (surely not sent: try again) or unknown
    :raise ValueError: another operation, or an attempt number below 1
    """
    if call.operation != SAVE or attempt_number < 1:
        raise ValueError("after_save needs a call of saveEfact and an attempt number from 1")
    if not call.reached:
        return _not_sent(call, attempt_number, failures, rng)
    if isinstance(call.answer, SaveAnswer):
        return _text(call.answer, attempt_number, extra, rng)
    if isinstance(call.answer, FaultAnswer):
        return _fault(call.answer, attempt_number, extra, rng)
    cause = classify_problem(call.problem) if call.problem else None
    return Decision(
        UNKNOWN,
        "send.answer_lost",
        {"problem": call.problem.code if call.problem else ""},
        retry_in=next_poll_delay(0, rng),
        flags=cause_flags(cause) - {SAME_BYTES},
        causes=(cause,) if cause else (),
    )


def lease_expired(rng: random.Random | None = None) -> Decision:
    """An attempt whose lease ended without a recorded answer (killed worker, stopped machine): TTN is asked."""
    return Decision(UNKNOWN, "send.lease_expired", retry_in=jitter(1.0, rng))


def cause_flags(cause: Cause | None) -> frozenset[str]:
    """What a cause says about the account and about the signed bytes, as flags of a decision."""
    return frozenset(
        flag
        for flag, wanted in (
            (ACCOUNT, cause and cause.account_wide),
            (SAME_BYTES, cause and cause.same_bytes),
        )
        if wanted
    )


def _not_sent(call: Call, attempt_number: int, failures: int, rng: random.Random | None) -> Decision:
    cause = classify_problem(call.problem) if call.problem else None
    flags = cause_flags(cause) - {SAME_BYTES}
    if attempt_number > 1:
        flags |= {ASK_FIRST}
    params = {"problem": call.problem.code if call.problem else "", "failures": failures}
    if failures + 1 >= TRIES:
        return Decision(SIGNED, "send.given_up", params, flags=flags - {ACCOUNT})
    return Decision(
        SIGNED,
        "send.not_sent",
        params,
        retry_in=retry_delay(failures, rng),
        flags=flags,
        causes=(cause,) if cause else (),
    )


def _text(
    answer: SaveAnswer, attempt_number: int, extra: Sequence[Rule], rng: random.Random | None
) -> Decision:
    """TTN says in one text what it took and what it refuses (its specification of the service, saveEfact)."""
    params = {"text": answer.text[:500], "deposits": list(answer.deposit_ids)[:20]}
    if answer.deposit_id is not None:
        return Decision(
            SUBMITTED,
            "send.submitted",
            params,
            deposit_id=answer.deposit_id,
            retry_in=next_poll_delay(0, rng),
        )
    if answer.deposit_ids:
        code = "send.several_ids" if len(answer.deposit_ids) > 1 else "send.doubtful_text"
        return Decision(UNKNOWN, code, params, retry_in=next_poll_delay(0, rng))
    cause = _objection(answer.text, extra)
    if cause and cause.synchronous_refusal and attempt_number == 1:
        return _refused(cause, {**params, "ttn_code": ""}, rng)
    return Decision(
        UNKNOWN,
        "send.no_id",
        params,
        retry_in=next_poll_delay(0, rng),
        flags=cause_flags(cause) - {SAME_BYTES},
        causes=(cause,) if cause else (),
    )


def _objection(text: str, extra: Sequence[Rule]) -> Cause | None:
    """What a text without a number objects to; None where it refuses nothing, for it speaks of a document that was taken."""
    cause = classify(text, extra=extra)
    refuses = cause.synchronous_refusal or cause.code == UNKNOWN_RULE.cause
    return None if refuses and _TAKEN.search(fold(text)) else cause


def _fault(
    fault: FaultAnswer, attempt_number: int, extra: Sequence[Rule], rng: random.Random | None
) -> Decision:
    cause = classify_fault(fault, extra=extra)
    params = {"ttn_code": fault.code or fault.faultcode, "text": fault.message[:500]}
    # A fault settles the matter only when TTN's own service raised it and nothing earlier is in doubt.
    if attempt_number == 1 and cause.synchronous_refusal and _from_the_service(fault):
        return _refused(cause, params, rng)
    return Decision(
        UNKNOWN,
        "send.fault",
        params,
        retry_in=next_poll_delay(0, rng),
        flags=cause_flags(cause) - {SAME_BYTES},
        causes=(cause,),
    )


def _refused(cause: Cause, params: dict, rng: random.Random | None) -> Decision:
    """TTN refused at once: surely nothing was deposited."""
    if cause.account_wide and cause.same_bytes:
        # Nothing is wrong with the document: it waits until the account is in order.
        return Decision(
            SIGNED,
            "send.refused_account",
            params,
            retry_in=jitter(HOUR, rng),
            flags=cause_flags(cause) | {ASK_FIRST},
            causes=(cause,),
        )
    return Decision(
        REJECTED,
        "send.refused",
        params,
        retry_in=jitter(DAY, rng),
        flags=cause_flags(cause),
        causes=(cause,),
    )


def _from_the_service(fault: FaultAnswer) -> bool:
    """A fault with TTN's bean, or the SOAP layer's refusal to read the request."""
    bean = bool(fault.code) or fault.message != fault.faultstring
    return bean or fault.faultcode.rpartition(":")[2] == "Client"
