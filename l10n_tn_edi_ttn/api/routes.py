"""The operations: method, path, parameters, bodies, answers. The OpenAPI document is built of them."""

import re
from dataclasses import dataclass

from .schemas import STATES

PREFIX = "/l10n_tn_edi/api"
BASE = f"{PREFIX}/v1"
# Seconds that a caller may have us wait for TTN's verdict: well under what proxies usually allow
MOST_WAIT = 25
MOST_IN_PAGE = 200

REFERENCE = {
    "name": "invoice",
    "in": "path",
    "required": True,
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 64,
        "pattern": "^[A-Za-z0-9][A-Za-z0-9._:~-]*$",
    },
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
}
WAIT = {
    "name": "wait",
    "in": "query",
    "required": False,
    "schema": {"type": "integer", "minimum": 0, "maximum": MOST_WAIT},
}
DRY_RUN = {"name": "dry_run", "in": "query", "required": False, "schema": {"type": "boolean"}}
_DAY = {"type": "string", "format": "date"}


def _query(name, schema):
    return {"name": name, "in": "query", "required": False, "schema": schema}


LIST = (
    _query("cursor", {"type": "string", "minLength": 1, "maxLength": 200}),
    _query("limit", {"type": "integer", "minimum": 1, "maximum": MOST_IN_PAGE, "default": 50}),
    _query("state", {"type": "string", "enum": list(STATES)}),
    _query("date_from", _DAY),
    _query("date_to", _DAY),
    _query("number", {"type": "string", "minLength": 1, "maxLength": 64}),
)


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    :ivar str name: its ``operationId``.
    :ivar str path: below :data:`BASE`, with ``{invoice}``.
    :ivar tuple parameters: OpenAPI parameter objects.
    :ivar str body: name of the body's schema, None without one.
    :ivar dict answers: status to the schema's name, or to a media type.
    :ivar tuple problems: statuses of problem answers beside those that any call may get.
    :ivar bool open: answered without a key.
    """

    name: str
    method: str
    path: str
    answers: dict
    parameters: tuple = ()
    body: str | None = None
    problems: tuple = ()
    open: bool = False


OPERATIONS = (
    Operation("health", "GET", "/health", {200: "Health"}, open=True),
    Operation("openapi", "GET", "/openapi.json", {200: "application/json"}, open=True),
    Operation("docs", "GET", "/docs", {200: "text/html"}, open=True),
    Operation(
        "createInvoice",
        "POST",
        "/invoices",
        {200: "DryRun", 201: "Invoice", 202: "Invoice"},
        (DRY_RUN, WAIT, IDEMPOTENCY_KEY),
        "InvoiceIn",
        (409, 413, 415, 422),
    ),
    Operation(
        "createInvoices",
        "POST",
        "/invoices/batch",
        {200: "Batch"},
        (DRY_RUN, IDEMPOTENCY_KEY),
        "BatchIn",
        (409, 413, 415, 422),
    ),
    Operation("listInvoices", "GET", "/invoices", {200: "Page"}, LIST),
    Operation("getInvoice", "GET", "/invoices/{invoice}", {200: "Invoice"}, (REFERENCE,), problems=(404,)),
    Operation(
        "getTeif", "GET", "/invoices/{invoice}/teif", {200: "application/xml"}, (REFERENCE,), problems=(404,)
    ),
    Operation(
        "getValidatedTeif",
        "GET",
        "/invoices/{invoice}/teif/validated",
        {200: "application/xml"},
        (REFERENCE,),
        problems=(404,),
    ),
    Operation(
        "getPdf", "GET", "/invoices/{invoice}/pdf", {200: "application/pdf"}, (REFERENCE,), problems=(404,)
    ),
    Operation(
        "listExchanges",
        "GET",
        "/invoices/{invoice}/exchanges",
        {200: "Exchanges"},
        (REFERENCE,),
        problems=(404,),
    ),
    Operation(
        "sendInvoice",
        "POST",
        "/invoices/{invoice}/send",
        {200: "Invoice", 202: "Invoice"},
        (REFERENCE, WAIT),
        problems=(404, 409, 422),
    ),
)
BY_NAME = {operation.name: operation for operation in OPERATIONS}


def route(name):
    """:return: str, the address of an operation as Odoo's router wants it."""
    return BASE + BY_NAME[name].path.replace("{invoice}", "<string:invoice>")


def methods_of(path):
    """:param str path: of a request.
    :return: sorted list of the methods that there are for it, empty for an unknown path. A path that is an operation's own,
        word for word, is nobody else's (OpenAPI 3.1, Path Templating Matching).
    """
    path = path.removesuffix("/")
    matching = [operation for operation in OPERATIONS if _fits(operation, path)]
    own = [operation for operation in matching if BASE + operation.path == path]
    found = {operation.method for operation in own or matching}
    if "GET" in found:
        found.add("HEAD")
    return sorted(found)


def _fits(operation, path):
    pattern = re.escape(BASE + operation.path).replace(r"\{invoice\}", "[^/]+")
    return bool(re.fullmatch(pattern, path))
