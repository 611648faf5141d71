"""What TTN says when it refuses, and what it means: text or code -> cause.

The catalogue itself is in ``rejections_data`` (data only). A text that no rule knows gives the cause ``ttn.unknown``: it is
kept, shown as it came, never a reason to send again by itself. The addon may put rules of its own before the catalogue.

What a validator quotes of the document is not TTN's: the catalogue never sees it (``validators``).
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from .answers import FaultAnswer, Problem
from .rejections_data import CATALOGUE, NETWORK, UNKNOWN_RULE, Rule
from .validators import element_names, heard, is_validator, name_types

CODES = frozenset(
    {rule.cause for rule in CATALOGUE} | {rule.cause for rule in NETWORK.values()} | {UNKNOWN_RULE.cause}
)
_DOUBTFUL = tuple(rule for rule in CATALOGUE if rule.cause in ("ttn.duplicate", "ttn.internal_error"))
KINDS = frozenset({"content", "configuration", "technical", "unknown"})

_LONGEST_TEXT = 4_000  # characters looked at; a validator's message has a few hundred
_DETAILS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"ligne numero ?: ?(?P<line>\d{1,9}) colonne numero ?: ?(?P<column>\d{1,9})",
        r"starting with element '(?P<element>[^']{1,80})'",
        r"\belement:? '(?P<element>[^']{1,80})'",
        r"content of element '(?P<parent>[^']{1,80})' is not complete",
        r"\belement '(?P<parent>[^']{1,80})': Missing child",
        r"One of '(?P<expected>[^']{1,400})' is expected",
        r"Expected is (?:one of )?(?P<expected>\([^)]{1,400}\))",
        r"attribute '(?P<attribute>[^']{1,80})'",
        r"\blength (?:= |of )?'(?P<length>\d{1,9})'",
        r"(?:maxLength|maximum length of|minLength|minimum length of) '(?P<limit>\d{1,9})'",
        r"for type '(?P<type>[^']{1,80})'",
        r"la balise '(?P<element>[^']{1,80})'",
    )
)
# What changes from one message to the next: numbers and quoted values. An apostrophe between letters is an elision, neither
# the beginning nor the end of a value.
_CHANGING = re.compile(
    r"(?<!\w)'(?:[^']|(?<=\w)'(?=\w))*'(?!\w)|(?<!\w)\"[^\"]*\"(?!\w)|[\u201c\u201e][^\u201d]*\u201d|«[^»]*»|\d+"
)
# Whose part of the document a text in French is about
_PARTIES = {
    "supplier": re.compile(r"\b(?:fournisseur|emetteur|vendeur|expediteur)\b", re.IGNORECASE),
    "customer": re.compile(r"\b(?:client|acheteur|destinataire|recepteur)\b", re.IGNORECASE),
}


@dataclass(frozen=True)
class Cause:
    """The cause of one refusal.

    :param code: stable key, one of :data:`CODES`
    :param kind: content (the invoice), configuration (account, certificate, address), technical (transport), unknown
    :param synchronous_refusal: a fault of ``saveEfact`` that says surely that nothing was deposited
    :param blocking: False: TTN notes it and accepts all the same
    :param same_bytes: what was signed may be deposited as it is once the cause is mended
    :param account_wide: every other document of the account meets the same cause
    :param subject: what is concerned, for the clinic: see ``rejections_data``
    :param message: one English sentence
    :param params: details read in the text: line, column, element, value, limit…; ``parent``, the element that lacks one of
        ``expected`` (names, separated by ", "); ``party``, "supplier" or "customer"
    :param text: TTN's own text, cut
    :param ttn_code: TTN's own code, "" when there is none
    """

    code: str
    kind: str
    synchronous_refusal: bool
    blocking: bool
    same_bytes: bool
    account_wide: bool
    subject: str
    message: str
    params: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    ttn_code: str = ""


def classify(text: str, code: str = "", *, extra: Sequence[Rule] = ()) -> Cause:
    """Name the cause of a fault or of an acknowledgment's error.

    :param text: TTN's text, as it came
    :param code: TTN's code ("SERV09", "CONTRL05"), "" when unknown; one at the beginning of the text counts as well
    :param extra: rules looked at before the catalogue (taught by the user)
    """
    said, value = heard(text)
    said, names = name_types(fold(said))
    details = _details(said, value, names)
    code = code.strip().upper()
    if not code and (
        match := re.match(r"(?:\[|errorcode\W{1,4})?((?:SERV|CONTRL)\d{2,3})\b", said, re.IGNORECASE)
    ):
        code = match[1].upper()
    # What users teach may be words of an invoice: theirs to judge.
    folded = fold(text) if extra else ""
    for rule in extra:
        if _matches(rule, folded, code):
            if rule.synchronous_refusal and any(_matches(doubt, said, code) for doubt in _DOUBTFUL):
                # What may have been deposited is never taken for a refusal, whoever says so.
                rule = replace(rule, synchronous_refusal=False)
            return _cause(rule, text, code, details)
    about_document = is_validator(said)
    for rule in CATALOGUE:
        # A validator knows the document and nothing of the account.
        if not (about_document and rule.account_wide) and _matches(rule, said, code):
            return _cause(rule, text, code, details)
    return _cause(UNKNOWN_RULE, text, code, details)


def classify_fault(fault: FaultAnswer, *, extra: Sequence[Rule] = ()) -> Cause:
    """Name the cause of a SOAP Fault: by TTN's bean, else by the SOAP code and text."""
    # "Server" says nothing: TTN's own service answers so. "Client" says that our message could not be read.
    soap_code = fault.faultcode.rpartition(":")[2].upper()
    return classify(fault.message, fault.code or (soap_code if soap_code == "CLIENT" else ""), extra=extra)


def classify_problem(problem: Problem) -> Cause:
    """Name the cause of a call without an answer (`network.*`, `answer.*`)."""
    rule = NETWORK.get(problem.code)
    if problem.code == "answer.http_error":
        rule = NETWORK.get(f"answer.http_error.{problem.params.get('status')}", rule)
    return _cause(rule or UNKNOWN_RULE, problem.message, "", dict(problem.params))


def words_of(text: str) -> str:
    """The words of one text as a user teaches them: ``*`` stands for any number and any quoted value.

    :raise ValueError: the text has too few words to mean anything
    """
    words = _CHANGING.sub("*", fold(text))
    pattern_of(words)
    return words


def pattern_of(words: str) -> str:
    """The regular expression for words that a user taught: these words in this order, ``*`` for anything between them.

    It takes a time that grows with the text's length only, whatever was typed: nothing is ever tried twice.

    :raise ValueError: too few words to mean anything
    """
    folded = fold(words)
    if len(re.findall(r"[^\W\d_]{3,}", folded)) < 2:
        raise ValueError("at least two words are needed")
    pieces = filter(None, (piece.strip() for piece in folded.split("*")))
    return r"\A" + "".join(f"(?>.*?{re.escape(piece)})" for piece in pieces)


def fold(text: str) -> str:
    """Text without accents, with plain quotes and single spaces: TTN writes the same message with and without accents."""
    decomposed = unicodedata.normalize("NFKD", text[:_LONGEST_TEXT])
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(re.sub("[\u2018\u2019\u201a\u00b4`]", "'", plain).split())


def _matches(rule: Rule, folded: str, code: str) -> bool:
    if rule.codes and code and code not in rule.codes and not rule.code_alone:
        return False
    if any(_compiled(pattern).search(folded) for pattern in rule.patterns):
        return True
    bare = rule.code_bare and not re.sub(rf"\W|{re.escape(code)}", "", folded, flags=re.IGNORECASE)
    return (rule.code_alone or bare) and code in rule.codes


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _details(said: str, value: str | None, names: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {} if value is None else {"value": value}
    for pattern in _DETAILS:
        if match := pattern.search(said):
            for name, text in match.groupdict().items():
                found.setdefault(name, int(text) if name in ("line", "column", "length", "limit") else text)
    if "expected" in found:
        found["expected"] = ", ".join(element_names(found["expected"]))
    parties = [party for party, pattern in _PARTIES.items() if pattern.search(said)]
    if len(parties) == 1:
        found["party"] = parties[0]
    return {**names, **found}


def _cause(rule: Rule, text: str, code: str, params: dict[str, Any]) -> Cause:
    return Cause(
        code=rule.cause,
        kind=rule.kind,
        synchronous_refusal=rule.synchronous_refusal,
        blocking=rule.blocking,
        same_bytes=rule.same_bytes,
        account_wide=rule.account_wide,
        subject=rule.subject,
        message=rule.message,
        params=params,
        text=text[:_LONGEST_TEXT],
        ttn_code=code,
    )
