"""SOAP 1.1 in the manner of JAX-WS/Metro: reading of requests, writing of answers and faults."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from sandbox.xml import XmlError, parse

NS = "http://services.elfatoura.tradenet.com.tn/"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
OPERATIONS = ("saveEfact", "consultEfact", "verifyQrCode")
CRITERIA = (
    "amount",
    "amountTax",
    "dateDebutDocument",
    "dateDebutProcess",
    "dateDocument",
    "dateFinDocument",
    "dateFinProcess",
    "dateProcess",
    "documentNumber",
    "documentType",
    "generatedRef",
    "idSaveEfact",
)
EXCEPTION = "tn.com.tradenet.elfatoura.services.exception.EfactServiceException"
_HEAD = "<?xml version='1.0' encoding='UTF-8'?><S:Envelope xmlns:S=\"" + ENVELOPE + '"><S:Body>'
_TAIL = "</S:Body></S:Envelope>"
# XML 1.0 has no place for most control characters, not even escaped.
_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32)))


class ClientFault(Exception):
    """A request that the SOAP layer can't read (faultcode S:Client)."""


class BusinessFault(Exception):
    """A refusal of the service (FaultBean). `code` such as SERV09, `message` in French, `reason` our own key."""

    def __init__(self, code: str, message: str, reason: str = "", status: int | None = None):
        super().__init__(f"{code} {message}")
        self.code, self.message, self.reason, self.status = code, message, reason, status


@dataclass
class Request:
    """A call as it came. Strings are unaltered texts of the elements; `criteria` only holds names that were sent."""

    operation: str
    login: str = ""
    password: str = ""
    matricule: str = ""
    document: bytes = b""
    criteria: dict[str, str] = field(default_factory=dict)
    qr_text: str = ""
    root: object = None  # the document once it is parsed, kept by the service


def read_request(body: bytes) -> Request:
    """The call in a SOAP body. Raises ClientFault with the stack's own words."""
    _check_utf8(body)
    try:
        root = parse(body)
    except XmlError as error:
        raise ClientFault(
            "Couldn't create SOAP message due to exception: XML reader error: com.ctc.wstx.exc.WstxParsingException: "
            f"{error.message}\n at [row,col {{unknown-source}}]: [{error.line},{error.column}]"
        ) from error
    if root.tag != f"{{{ENVELOPE}}}Envelope":
        raise ClientFault(
            "Couldn't create SOAP message. Expecting Envelope in namespace "
            f"{ENVELOPE}, but got {_namespace(root)} "
        )
    soap_body = root.find(f"{{{ENVELOPE}}}Body")
    call = (
        next((child for child in soap_body if isinstance(child.tag, str)), None)
        if soap_body is not None
        else None
    )
    name = call.tag.rpartition("}")[2] if call is not None else ""
    if call is None or _namespace(call) != NS or name not in OPERATIONS:
        raise ClientFault(
            f"Cannot find dispatch method for {{{_namespace(call) if call is not None else ''}}}{name}"
        )
    request = Request(name)
    for child in call:
        # JAXB ignores what it does not know: parameters in the service's namespace or under other names stay unread.
        if child.tag == "arg0":
            request.login = child.text or ""
        elif child.tag == "arg1":
            request.password = child.text or ""
        elif child.tag == "arg2":
            request.matricule = child.text or ""
        elif child.tag == "arg3":
            _read_payload(request, child)
    return request


def _read_payload(request: Request, element):
    if request.operation == "saveEfact":
        try:
            request.document = base64.b64decode("".join((element.text or "").split()), validate=True)
        except (binascii.Error, ValueError):
            # JAXB hands null to the service when the text is no base64.
            request.document = b""
    elif request.operation == "consultEfact":
        for child in element:
            if child.tag in CRITERIA and (child.text or "").strip():
                request.criteria[child.tag] = child.text
    else:
        request.qr_text = element.text or ""


def _namespace(element) -> str:
    return element.tag[1:].partition("}")[0] if element.tag.startswith("{") else ""


def _check_utf8(body: bytes):
    head = body[:200].lower()
    if b"encoding=" in head and b"utf-8" not in head:
        return
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = (
            body[min(error.end, len(body) - 1)]
            if error.reason == "invalid continuation byte"
            else body[error.start]
        )
        place = "middle" if error.reason == "invalid continuation byte" else "start"
        raise ClientFault(
            "Couldn't create SOAP message due to exception: XML reader error: com.ctc.wstx.exc.WstxIOException: "
            f"Invalid UTF-8 {place} byte 0x{byte:x} (at char #{error.start}, byte #{error.start % 4000})"
        ) from error


def text(value: object) -> str:
    """A value escaped for an element's content, controls dropped."""
    return escape(str(value).translate(_CONTROLS))


def answer(operation: str, inner: str) -> bytes:
    """The envelope of an answer. In: the operation and its already escaped content."""
    tag = f"ns2:{operation}Response"
    content = f"{inner}</{tag}>" if inner else ""
    opening = f'<{tag} xmlns:ns2="{NS}"' + (">" if inner else "/>")
    return (_HEAD + opening + content + _TAIL).encode()


def returned(value: str) -> str:
    """A plain text as the return element."""
    return f"<return>{text(value)}</return>"


def business_fault(code: str, message: str) -> bytes:
    """The envelope of a FaultBean, as a real log shows it."""
    return (
        f'{_HEAD}<S:Fault xmlns:ns4="http://www.w3.org/2003/05/soap-envelope"><faultcode>S:Server</faultcode>'
        f'<faultstring>{EXCEPTION}</faultstring><detail><ns2:FaultBean xmlns:ns2="{NS}"><faultCode>{text(code)}</faultCode>'
        f"<faultMessage>{text(message)}</faultMessage></ns2:FaultBean></detail></S:Fault>{_TAIL}"
    ).encode()


def client_fault(message: str, code: str = "S:Client") -> bytes:
    """The envelope of a fault of the SOAP layer itself."""
    return (
        f'{_HEAD}<S:Fault xmlns:ns4="http://www.w3.org/2003/05/soap-envelope"><faultcode>{code}</faultcode>'
        f"<faultstring>{text(message)}</faultstring></S:Fault>{_TAIL}"
    ).encode()
