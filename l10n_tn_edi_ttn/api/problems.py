"""Why a call was not answered as wished: the vocabulary of the ``application/problem+json`` answers (RFC 9457)."""

MEDIA_TYPE = "application/problem+json"

# code -> HTTP status. The sentences for people stand with Odoo's translations, keyed by the same codes.
PROBLEMS = {
    "api.bad_request": 400,
    "api.json": 400,
    "api.parameter": 400,
    "api.cursor": 400,
    "api.idempotency_key": 400,
    "api.unauthorized": 401,
    "api.certificate": 401,
    "api.proxy": 401,
    "api.forbidden": 403,
    "api.off": 403,
    "api.not_found": 404,
    "api.route": 404,
    "api.no_file": 404,
    "api.method": 405,
    "api.external_id_taken": 409,
    "api.idempotency_running": 409,
    "api.not_sendable": 409,
    "api.too_large": 413,
    "api.media_type": 415,
    "api.body": 422,
    "api.refused": 422,
    "api.idempotency_other_body": 422,
    "api.rate": 429,
    "api.internal": 500,
    "api.busy": 503,
}
# Of an HTTP status that nobody gave a code
BY_STATUS = {
    400: "api.bad_request",
    401: "api.unauthorized",
    403: "api.forbidden",
    404: "api.not_found",
    405: "api.method",
    413: "api.too_large",
    415: "api.media_type",
    429: "api.rate",
    503: "api.busy",
}
# What may be wrong with a body before its values are looked at
BODY_CODES = frozenset(
    {
        "body.required",
        "body.unknown",
        "body.type",
        "body.value",
        "body.form",
        "body.length",
        "body.repeated",
    }
)
# What only the API finds about an invoice
INVOICE_CODES = frozenset({"api.journal", "api.number", "api.original"})


def code_of(status):
    """:return: the code for an HTTP ``status`` that came without one."""
    return BY_STATUS.get(status) or ("api.internal" if status >= 500 else "api.bad_request")
