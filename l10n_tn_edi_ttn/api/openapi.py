"""The OpenAPI 3.1 document, in French or English."""

import json

from . import texts
from .fields import HEADER, LINE
from .problems import MEDIA_TYPE
from .routes import BASE, OPERATIONS
from .schemas import EXAMPLE, SCHEMAS

# What any call with a key may be answered, whatever it asks
ALWAYS = (400, 401, 403, 429, 500, 503)
REASONS = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def build(language, column_help):
    """The whole document.

    :param str language: fr or en; of the descriptions.
    :param column_help: callable that gives the description of a column of the import by its key, None for an unknown one.
    :return: dict, JSON-able.
    """
    paths = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, language)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": texts.TITLE[language],
            "version": "1.0.0",
            "description": texts.DESCRIPTION[language],
            "license": {"name": "LGPL-3.0", "identifier": "LGPL-3.0-only"},
        },
        "servers": [{"url": BASE}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": _described(column_help),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": texts.KEY[language]}
            },
        },
    }


def _operation(operation, language):
    summary, description = texts.OPERATIONS[operation.name][language]
    result = {
        "operationId": operation.name,
        "summary": summary,
        "description": description,
        "responses": {},
    }
    if operation.parameters:
        result["parameters"] = [
            {**parameter, "description": texts.PARAMETERS[parameter["name"]][language]}
            for parameter in operation.parameters
        ]
    if operation.open:
        result["security"] = []
    if operation.body:
        example = {"invoices": [EXAMPLE]} if operation.body == "BatchIn" else EXAMPLE
        result["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{operation.body}"},
                    "example": example,
                }
            },
        }
    for status, content in operation.answers.items():
        result["responses"][str(status)] = {"description": REASONS[status], "content": _content(content)}
    # An open operation is there for everybody as long as any company uses the API
    always = (404, 500, 503) if operation.open else ALWAYS
    for status in sorted({*operation.problems, *always}):
        result["responses"][str(status)] = {
            "description": REASONS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        if status == 429:
            result["responses"]["429"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return result


def _content(content):
    if content in SCHEMAS:
        return {"application/json": {"schema": {"$ref": f"#/components/schemas/{content}"}}}
    if content == "application/json":
        return {content: {"schema": {"type": "object"}}}
    return {content: {"schema": {"type": "string"}}}


def _described(column_help):
    # A copy without shared parts: each place has a description of its own
    schemas = json.loads(json.dumps(SCHEMAS))
    places = {
        ("InvoiceIn" if len(path) == 1 or path[0] != "customer" else "Customer", path): column
        for path, column in HEADER.items()
    }
    for (name, path), column in places.items():
        properties = schemas[name]["properties"]
        for key in path[:-1] if name == "InvoiceIn" else ():
            properties = properties[key]["properties"]
        _describe(properties[path[-1]], column_help(column))
    for key, column in LINE.items():
        _describe(schemas["Line"]["properties"][key], column_help(column))
    return schemas


def _describe(schema, text):
    if text:
        schema["description"] = text
