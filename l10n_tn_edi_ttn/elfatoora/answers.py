"""What El Fatoora answered: bytes in, facts or a problem out.

The service speaks SOAP 1.1, document/literal, without a published schema, so the reading is strict where a mistake
would be dangerous and tolerant where it would not:

- strict: the envelope, its single body child, its name and namespace. A page of a proxy, a truncated body or the answer
  of another operation must never be read as "TTN knows no deposit" or as "deposited";
- tolerant: the fields of a deposit, found by local name in any order, with the spellings that TTN uses
  (``listAcknowlegments``, ``listAttachement``).

A Fault counts whatever the HTTP status: real ones came with 200 and with 500.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

SERVICE_NAMESPACE = "http://services.elfatoura.tradenet.com.tn/"
SOAP_NAMESPACE = "http://schemas.xmlsoap.org/soap/envelope/"

SAVE = "saveEfact"
CONSULT = "consultEfact"
VERIFY = "verifyQrCode"
OPERATIONS = frozenset({SAVE, CONSULT, VERIFY})

# Every problem this module can report. The other half, `network.*`, is in `client`.
PROBLEM_CODES = frozenset(
    {
        "answer.empty",  # a body of no bytes or white space
        "answer.html",  # a page of a proxy, a firewall or an error page
        "answer.not_xml",  # not well-formed, truncated, forbidden constructs, wrong encoding
        "answer.not_soap",  # XML, but no SOAP 1.1 envelope with exactly one body child
        "answer.wrong_operation",  # the answer of another operation, or of another service
        "answer.unexpected",  # the right operation with a content that can't be understood safely
        "answer.redirect",  # HTTP 3xx: refused, never followed
        "answer.http_error",  # another HTTP status than 2xx without a SOAP Fault
    }
)

# A page is recognised by its first bytes only: the parser never sees it.
_HTML = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
# « ID 1805137 », « ID: 2026232 », also « Id n° 7 », « idSaveEfact=7 ». White space is single when this is applied.
_DEPOSIT_ID = re.compile(
    r"(?<!\w)(?:id|idsaveefact|identifiant)s? ?(?:n ?[°ºo]\.? ?)?[:=#]? ?([0-9]{1,18})(?!\w)"
    # Another number joined to the first makes the first one doubtful, so it is kept as well.
    r"((?: ?(?:[,;/&|+-] ?|(?:et|ou|and) )?[0-9]{1,18}(?![\w.]))*)",
    re.IGNORECASE,
)
_LONGEST_TEXT = 10_000  # characters; the known texts have under 100
# A text that refuses may name the id of an older deposit: no id of ours can be read from it.
_REFUSAL_WORDS = re.compile(
    r"rejet|refus|erreur|error|invalid|non\s+valide|non\s+conforme|incorrect|impossible|d[ée]j[àa]|doublon|[ée]chou|[ée]chec"
    r"|annul|non\s+enregistr|n['’]\s*(?:est|a)\s+pas|pas\s+(?:[ée]t[ée]\s+)?enregistr",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Problem:
    """Why a call gave no usable answer.

    :param code: stable dotted key, `network.*` or `answer.*`
    :param message: plain English, fit for a log; never holds a secret
    :param params: small values for a translated sentence (JSON-able)
    """

    code: str
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SaveAnswer:
    """The text that ``saveEfact`` returned.

    :param text: as it came
    :param deposit_ids: the distinct deposit ids read in it, in order
    :param doubtful: the text also speaks of a refusal or an error
    """

    text: str
    deposit_ids: tuple[int, ...] = ()
    doubtful: bool = False

    @property
    def deposit_id(self) -> int | None:
        """The deposit id when the text names exactly one and refuses nothing, else None."""
        return self.deposit_ids[0] if len(self.deposit_ids) == 1 and not self.doubtful else None


class AckError(NamedTuple):
    """One error of an acknowledgment: TTN's ``errorId`` and ``errorDescription``."""

    code: str
    text: str


class Attachment(NamedTuple):
    """One file of ``listAttachement``: its name and its decoded bytes (None: not base64)."""

    name: str
    content: bytes | None


@dataclass(frozen=True)
class Deposit:
    """One ``<return>`` of ``consultEfact``: a deposit as TTN describes it.

    :param deposit_id: ``idSaveEfact``, None when missing or not a number
    :param number: ``documentNumber``
    :param document_type: ``documentType``
    :param reference: ``generatedRef``, "" while there is none
    :param date_process: ``dateProcess`` as text: its format is not documented
    :param date_document: ``dateDocument`` as text
    :param amount: ``amount`` (without tax), None when missing or unreadable
    :param amount_tax: ``amountTax`` (with tax), None when missing or unreadable
    :param errors: all errors of all acknowledgments, in order
    :param acknowledged: at least one acknowledgment is there
    :param content: the document as TTN keeps it: the first XML of ``listAttachement``, else ``xmlContent``; b"" when there
        is none or it could not be decoded
    :param attachments: all files of ``listAttachement``
    :param raw: every simple field as it came (local name, text), large ones left out
    """

    deposit_id: int | None
    number: str = ""
    document_type: str = ""
    reference: str = ""
    date_process: str = ""
    date_document: str = ""
    amount: Decimal | None = None
    amount_tax: Decimal | None = None
    errors: tuple[AckError, ...] = ()
    acknowledged: bool = False
    content: bytes = b""
    attachments: tuple[Attachment, ...] = ()
    raw: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ConsultAnswer:
    """A complete answer of ``consultEfact``; no deposit means that TTN said so."""

    deposits: tuple[Deposit, ...] = ()


@dataclass(frozen=True)
class VerifyAnswer:
    """The text that ``verifyQrCode`` returned."""

    text: str


@dataclass(frozen=True)
class FaultAnswer:
    """A SOAP Fault.

    :param code: TTN's ``faultCode`` ("SERV09"), "" when the fault carries none
    :param message: TTN's ``faultMessage``, else the ``faultstring``
    :param faultcode: the SOAP code ("S:Server"), as it came
    :param faultstring: the SOAP text, as it came
    """

    code: str
    message: str
    faultcode: str = ""
    faultstring: str = ""


Answer = SaveAnswer | ConsultAnswer | VerifyAnswer | FaultAnswer


def read_answer(
    operation: str, http_status: int, body: bytes, parse: Callable[[bytes], Any]
) -> Answer | Problem:
    """Read the body of one HTTP answer.

    :param operation: one of :data:`OPERATIONS`
    :param http_status: HTTP status
    :param body: the whole body, decompressed
    :param parse: the parser for foreign XML: bytes -> lxml root; whatever it raises means "not readable XML"
    :return: the answer, a fault included, or the problem that makes it unusable; never a guess
    :raise ValueError: unknown operation
    """
    if operation not in OPERATIONS:
        raise ValueError(f"unknown operation: {operation}")
    if 300 <= http_status < 400:
        return Problem(
            "answer.redirect", f"HTTP {http_status}: redirects are refused", {"status": http_status}
        )
    success = 200 <= http_status < 300
    element = None
    if not body.strip():
        problem = Problem("answer.empty", f"HTTP {http_status} with an empty body", {"status": http_status})
    elif _HTML.match(body[:2048]):
        problem = Problem(
            "answer.html", f"HTTP {http_status} with an HTML page instead of XML", {"status": http_status}
        )
    else:
        element, problem = _read_envelope(body, http_status, parse)
    if element is None:
        return problem if success else _http_error(http_status)
    if element.tag == f"{{{SOAP_NAMESPACE}}}Fault":
        return _read_fault(element)
    if element.tag != f"{{{SERVICE_NAMESPACE}}}{operation}Response":
        return Problem(
            "answer.wrong_operation",
            f"the answer is <{element.tag}>, not the one of {operation}"[:300],
            {"status": http_status},
        )
    if not success:
        return _http_error(http_status)
    if operation == CONSULT:
        return _read_consult(element)
    texts = [child for child in _elements(element) if _local(child) == "return"]
    if len(texts) != 1 or len(texts) != len(_elements(element)) or _elements(texts[0]):
        return Problem(
            "answer.unexpected", f"{operation}Response does not hold one text", {"status": http_status}
        )
    text = (texts[0].text or "").strip()
    return read_save_text(text) if operation == SAVE else VerifyAnswer(text)


def read_save_text(text: str) -> SaveAnswer:
    """Read the deposit ids in the text of ``saveEfact``.

    Known texts: « Facture enregistree avec ID 1805137 est en cours de validation » (2025), « Facture enregistree avec
    ID: 2026232 … conforme a la version 1.8.8 du xsd » (2026).
    """
    words = " ".join(text[:_LONGEST_TEXT].split())
    ids: dict[int, None] = {}
    for match in _DEPOSIT_ID.finditer(words):
        for number in [match[1], *re.findall(r"[0-9]+", match[2])]:
            ids[int(number)] = None
    return SaveAnswer(
        text=text,
        deposit_ids=tuple(i for i in ids if i > 0),
        doubtful=len(text) > _LONGEST_TEXT or bool(_REFUSAL_WORDS.search(words)),
    )


def _http_error(http_status: int) -> Problem:
    return Problem("answer.http_error", f"HTTP {http_status} without a SOAP answer", {"status": http_status})


def _read_envelope(
    body: bytes, http_status: int, parse: Callable[[bytes], Any]
) -> tuple[Any | None, Problem]:
    """The element inside the Body, or None; the problem counts only with None."""
    try:
        root = parse(body)
    except Exception as error:  # noqa: BLE001 - the parser's classes are unknown here; no answer may be lost by any of them
        return None, Problem(
            "answer.not_xml",
            f"HTTP {http_status}, the body is not readable XML: {error}"[:500],
            {"status": http_status},
        )
    if root.tag.rpartition("}")[2].lower() == "html":
        return None, Problem(
            "answer.html", f"HTTP {http_status} with an HTML page instead of XML", {"status": http_status}
        )
    return _body_child(root), Problem(
        "answer.not_soap",
        f"HTTP {http_status}: not a SOAP 1.1 envelope with one body child",
        {"status": http_status},
    )


def _elements(parent: Any) -> list[Any]:
    # Comments and processing instructions have a function as tag.
    return [child for child in parent if isinstance(child.tag, str)]


def _local(element: Any) -> str:
    return element.tag.rpartition("}")[2]


def _body_child(root: Any) -> Any | None:
    """The single element inside the single SOAP 1.1 Body, or None."""
    if root.tag != f"{{{SOAP_NAMESPACE}}}Envelope":
        return None
    bodies = [child for child in _elements(root) if child.tag == f"{{{SOAP_NAMESPACE}}}Body"]
    if len(bodies) != 1:
        return None
    children = _elements(bodies[0])
    return children[0] if len(children) == 1 else None


def _text_of(parent: Any, name: str) -> str:
    """The text of the first child with this local name, "" when there is none."""
    for child in _elements(parent):
        if _local(child) == name:
            return "".join(child.itertext()).strip()
    return ""


def _read_fault(element: Any) -> FaultAnswer:
    faultcode, faultstring = _text_of(element, "faultcode"), _text_of(element, "faultstring")
    code = message = ""
    for detail in (child for child in _elements(element) if _local(child) == "detail"):
        for bean in _elements(detail):
            code = code or _text_of(bean, "faultCode")
            message = message or _text_of(bean, "faultMessage")
    return FaultAnswer(
        code=code, message=message or faultstring, faultcode=faultcode, faultstring=faultstring
    )


def _read_consult(element: Any) -> ConsultAnswer | Problem:
    """Every child must be a described deposit: anything else would be read as fewer deposits than TTN holds."""
    children = _elements(element)
    stray_text = (element.text or "") + "".join(child.tail or "" for child in element)
    if stray_text.strip() or any(_local(child) != "return" or not _elements(child) for child in children):
        return Problem(
            "answer.unexpected", "consultEfactResponse holds something else than described deposits"
        )
    return ConsultAnswer(tuple(_read_deposit(child) for child in children))


def _read_deposit(element: Any) -> Deposit:
    fields: dict[str, str] = {}
    raw: list[tuple[str, str]] = []
    errors: list[AckError] = []
    attachments: list[Attachment] = []
    acknowledged = False
    xml_content: bytes | None = None
    for child in _elements(element):
        name = _local(child)
        if name in (
            "listAcknowlegments",
            "listAcknowledgments",
            "listAcknowlegements",
            "listAcknowledgements",
        ):
            acknowledged = acknowledged or bool(_elements(child))
            found = [
                AckError(_text_of(error, "errorId"), _text_of(error, "errorDescription"))
                for error in child.iter()
                if isinstance(error.tag, str) and _local(error) == "errors"
            ]
            errors += [error for error in found if any(error)]  # an element that says nothing rejects nothing
        elif name in ("listAttachement", "listAttachment", "listAttachements", "listAttachments"):
            attachments.append(
                Attachment(_text_of(child, "nameAttach"), _decode(_text_of(child, "fileoutContent")))
            )
        elif name == "xmlContent":
            xml_content = _decode("".join(child.itertext()))
        else:
            text = "".join(child.itertext()).strip()
            fields.setdefault(name, text)
            raw.append((name, text[:1000]))
    deposit_id = fields.get("idSaveEfact", "")
    return Deposit(
        deposit_id=int(deposit_id) if re.fullmatch(r"[0-9]{1,18}", deposit_id) else None,
        number=fields.get("documentNumber", ""),
        document_type=fields.get("documentType", ""),
        reference=fields.get("generatedRef", ""),
        date_process=fields.get("dateProcess", ""),
        date_document=fields.get("dateDocument", ""),
        amount=_amount(fields.get("amount", "")),
        amount_tax=_amount(fields.get("amountTax", "")),
        errors=tuple(errors),
        acknowledged=acknowledged,
        content=next(
            (a.content for a in attachments if a.content and _looks_like_xml(a.content)), xml_content or b""
        ),
        attachments=tuple(attachments),
        raw=tuple(raw),
    )


def _looks_like_xml(content: bytes) -> bool:
    return content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def _decode(text: str) -> bytes | None:
    """Base64 with any white space -> bytes; None when it is not base64, or empty."""
    try:
        return base64.b64decode("".join(text.split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _amount(text: str) -> Decimal | None:
    """TTN's amounts are text of an unknown format: point or comma, perhaps grouped by spaces."""
    compact = re.sub(r"[\s\u00a0\u202f]", "", text)
    if not re.fullmatch(r"[+-]?\d{1,18}(?:[.,]\d{1,9})?", compact):
        return None
    try:
        return Decimal(compact.replace(",", "."))
    except InvalidOperation:
        return None
