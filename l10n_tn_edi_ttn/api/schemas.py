"""JSON Schemas (draft 2020-12, as OpenAPI 3.1 has them) of what goes in and comes out. Objects are closed: no unknown names."""

from .fields import IDENTIFIERS, TYPES
from .problems import BY_STATUS, PROBLEMS

MOST_IN_BATCH = 500
MOST_LINES = 1000
# Letters, digits and marks that need no escaping in an address; never the form of our own ids
EXTERNAL_ID = "^[A-Za-z0-9][A-Za-z0-9._:~-]{0,63}$"
OWN_ID = "^inv_[1-9][0-9]{0,9}$"
DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

STATES = (
    "to_send",
    "to_sign",
    "signing",
    "signed",
    "sending",
    "submitted",
    "unknown",
    "to_decide",
    "accepted",
    "rejected",
    "error",
    "withdrawn",
    "conflict",
)


def _object(properties, required=(), **more):
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


def _text(longest, **more):
    return {"type": "string", "minLength": 1, "maxLength": longest, **more}


def _maybe(kind, **more):
    return {"type": [kind, "null"], **more}


def _ref(name):
    return {"$ref": f"#/components/schemas/{name}"}


_DATE = {"type": "string", "pattern": DAY, "examples": ["2026-03-15"]}
# Decimals in a text are exact in every language; numbers are taken as they are written
_AMOUNT = {
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,9})?$"},
        {"type": "number", "minimum": 0, "maximum": 999999999999},
    ]
}
_QUANTITY = {
    "anyOf": [
        {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"},
        {"type": "number", "minimum": -999999999999, "maximum": 999999999999},
    ]
}
_EXTERNAL_ID = {
    "type": "string",
    "pattern": EXTERNAL_ID,
    "not": {"pattern": OWN_ID},
    "examples": ["ERP-2026-000123"],
}

CUSTOMER = _object(
    {
        "name": _text(200, examples=["CLIENT EXEMPLE SARL"]),
        "code": _text(64),
        "identifier_type": {"enum": list(IDENTIFIERS)},
        "identifier": _text(35, examples=["7654321CAM000"]),
        "street": _text(500),
        "city": _text(35),
        "zip": _text(17),
        "country": _text(64, examples=["TN"]),
    },
    ["name"],
)
LINE = _object(
    {
        "code": _text(35),
        "description": _text(500, examples=["Prestation de conseil"]),
        "unit": _text(40),
        "quantity": _QUANTITY,
        "price": _AMOUNT,
        "discount": _AMOUNT,
        "vat": {"enum": [0, 7, 13, 19]},
        "fodec": {"type": "boolean"},
    },
    ["description", "price", "vat"],
)
INVOICE_IN = _object(
    {
        "external_id": _EXTERNAL_ID,
        "number": _text(35),
        "type": {"enum": list(TYPES), "default": "invoice"},
        "date": _DATE,
        "due_date": _DATE,
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "default": "TND"},
        "rate": _AMOUNT,
        "customer": _ref("Customer"),
        "lines": {"type": "array", "minItems": 1, "maxItems": MOST_LINES, "items": _ref("Line")},
        "stamp": {"type": "boolean"},
        "attestation": _object({"number": _text(64), "date": _DATE}, ["number"]),
        "exemption_reason": _text(200),
        "original": _object(
            {"external_id": _EXTERNAL_ID, "number": _text(200), "date": _DATE}, minProperties=1
        ),
        "credit_reason": _text(200),
        "order": _text(200),
        "delivery_note": _text(200),
        "contract": _text(200),
        "statement": _text(200),
        "rib": _text(40),
        "totals": _object({"untaxed": _AMOUNT, "tax": _AMOUNT, "total": _AMOUNT}),
    },
    ["external_id", "date", "customer", "lines"],
)
EXAMPLE = {
    "external_id": "ERP-2026-000123",
    "date": "2026-03-15",
    "customer": {
        "name": "CLIENT EXEMPLE SARL",
        "identifier": "7654321CAM000",
        "street": "12 avenue de la Liberté",
        "city": "Tunis",
        "zip": "1002",
    },
    "lines": [{"description": "Prestation de conseil", "quantity": "2", "price": "150.500", "vat": 19}],
}
INVOICE_IN["examples"] = [EXAMPLE]

FINDING = _object(
    {
        "code": {"type": "string"},
        "severity": {"enum": ["blocking", "warning", "advice"]},
        "pointer": _maybe("string"),
        "path": _maybe("string"),
        "field": _maybe("string"),
        "remedy": {"type": "string"},
    },
    ["code", "severity", "pointer", "path", "field", "remedy"],
)
PROBLEM = _object(
    {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"enum": sorted({*PROBLEMS.values(), *BY_STATUS})},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "code": {"enum": sorted(PROBLEMS)},
        "findings": {"type": "array", "items": _ref("Finding")},
    },
    ["type", "title", "status", "detail", "instance", "code"],
)
ELECTRONIC = _object(
    {
        "state": {"enum": list(STATES)},
        "situation": {"type": "string"},
        "settled": {"type": "boolean"},
        "on_hold": {"type": "boolean"},
        "platform": {"enum": ["test", "production"]},
        "version": _maybe("string"),
        "deposit_id": _maybe("string"),
        "submitted_at": _maybe("string"),
        "reference": _maybe("string"),
        "reference_date": _maybe("string"),
        "decided_at": _maybe("string"),
        "findings": {"type": "array", "items": _ref("Finding")},
        "rejections": {"type": "array", "items": {"type": "string"}},
    },
    [
        "state",
        "situation",
        "settled",
        "on_hold",
        "platform",
        "version",
        "deposit_id",
        "submitted_at",
        "reference",
        "reference_date",
        "decided_at",
        "findings",
        "rejections",
    ],
)
INVOICE = _object(
    {
        "id": {"type": "string", "pattern": OWN_ID},
        "external_id": _maybe("string"),
        "number": _maybe("string"),
        "supplied_number": _maybe("string"),
        "type": {"enum": ["invoice", "credit_note"]},
        "state": {"enum": ["draft", "posted", "cancel"]},
        "date": _maybe("string"),
        "due_date": _maybe("string"),
        "currency": {"type": "string"},
        "customer": _object(
            {"name": {"type": "string"}, "identifier": _maybe("string")}, ["name", "identifier"]
        ),
        "totals": _object(
            {"untaxed": {"type": "string"}, "tax": {"type": "string"}, "total": {"type": "string"}},
            ["untaxed", "tax", "total"],
        ),
        "electronic": {"anyOf": [_ref("Electronic"), {"type": "null"}]},
    },
    [
        "id",
        "external_id",
        "number",
        "supplied_number",
        "type",
        "state",
        "date",
        "due_date",
        "currency",
        "customer",
        "totals",
        "electronic",
    ],
)
DRY_RUN = _object({"external_id": {"type": "string"}, "dry_run": {"const": True}}, ["external_id", "dry_run"])
ITEM = _object(
    {
        "index": {"type": "integer", "minimum": 0},
        "external_id": _maybe("string"),
        "status": {"enum": [200, 201, 409, 422]},
        "invoice": _ref("Invoice"),
        "problem": _ref("Problem"),
    },
    ["index", "external_id", "status"],
)
BATCH = _object(
    {
        "created": {"type": "integer"},
        "refused": {"type": "integer"},
        "dry_run": {"type": "boolean"},
        "items": {"type": "array", "items": _ref("Item")},
    },
    ["created", "refused", "dry_run", "items"],
)
EXCHANGE = _object(
    {
        "operation": {"enum": ["save", "consult", "verify", "sweep"]},
        "attempt": {"type": "integer"},
        "started_at": {"type": "string"},
        "finished_at": _maybe("string"),
        "duration_ms": {"type": "integer"},
        "answer": _maybe("string"),
        "http_status": {"type": "integer"},
        "deposit_id": _maybe("string"),
        "sha256": _maybe("string"),
    },
    ["operation", "attempt", "started_at", "finished_at", "answer", "deposit_id", "sha256"],
)

SCHEMAS = {
    "Customer": CUSTOMER,
    "Line": LINE,
    "InvoiceIn": INVOICE_IN,
    # Each item is looked at by itself, against InvoiceIn: a bad one is an answer of its own
    "BatchIn": _object(
        {
            "invoices": {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_IN_BATCH,
                "items": {"type": "object", "description": "InvoiceIn"},
            }
        },
        ["invoices"],
        examples=[{"invoices": [EXAMPLE]}],
    ),
    "Finding": FINDING,
    "Problem": PROBLEM,
    "Electronic": ELECTRONIC,
    "Invoice": INVOICE,
    "DryRun": DRY_RUN,
    "Item": ITEM,
    "Batch": BATCH,
    "Page": _object(
        {
            "invoices": {"type": "array", "items": _ref("Invoice")},
            "next": _maybe("string"),
        },
        ["invoices", "next"],
    ),
    "Exchange": EXCHANGE,
    "Exchanges": _object({"exchanges": {"type": "array", "items": _ref("Exchange")}}, ["exchanges"]),
    "Health": _object({"status": {"const": "ok"}, "api": {"const": "v1"}}, ["status", "api"]),
}
