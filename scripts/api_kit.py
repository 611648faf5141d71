"""Write what integrators take of the API: its OpenAPI document and a collection for Postman (Bruno and Insomnia read it too).

.env/venv/bin/python scripts/api_kit.py          docs/api/openapi.json, docs/api/el-fatoora.postman_collection.json
"""

import json
import re
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# At the end: the addon's folder holds a package "tests" too, and the tests import this file
sys.path.append(str(ROOT / "l10n_tn_edi_ttn"))

from api.openapi import build  # noqa: E402
from spreadsheet.columns import BY_KEY  # noqa: E402

FOLDER = ROOT / "docs" / "api"
LANGUAGE = "en"
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
NAMESPACE = uuid.UUID("6f1f6f3e-2f0e-4a53-9a0a-0d6f0f6d7a11")


def document():
    """:return: dict, the OpenAPI document as the server gives it in English."""
    return build(LANGUAGE, lambda key: BY_KEY[key].help(LANGUAGE) if key in BY_KEY else None)


def collection(openapi):
    """:return: dict, a Postman collection (v2.1) of every operation, with its example; variables: base, key, invoice."""
    items = [
        _item(path, method, operation)
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    ]
    return {
        "info": {
            "_postman_id": str(uuid.uuid5(NAMESPACE, "collection")),
            "name": openapi["info"]["title"],
            "description": openapi["info"]["description"],
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{key}}", "type": "string"}]},
        "variable": [
            {"key": "base", "value": f"https://facturation.example.com{openapi['servers'][0]['url']}"},
            {"key": "key", "value": ""},
            {"key": "invoice", "value": "ERP-2026-000123"},
        ],
        "item": items,
    }


def _item(path, method, operation):
    shown = re.sub(r"\{(\w+)\}", r"{{\1}}", path)
    parameters = operation.get("parameters", [])
    query = [
        {"key": one["name"], "value": "", "description": one.get("description", ""), "disabled": True}
        for one in parameters
        if one["in"] == "query"
    ]
    headers = [
        # A value that Postman makes anew for each call
        {"key": one["name"], "value": "{{$guid}}", "description": one.get("description", "")}
        for one in parameters
        if one["in"] == "header"
    ]
    request = {
        "method": method.upper(),
        "description": operation["description"],
        "header": headers,
        "url": {
            "raw": "{{base}}" + shown,
            "host": ["{{base}}"],
            "path": shown.strip("/").split("/"),
            "query": query,
        },
    }
    if operation.get("security") == []:
        request["auth"] = {"type": "noauth"}
    if "requestBody" in operation:
        example = operation["requestBody"]["content"]["application/json"]["example"]
        headers.append({"key": "Content-Type", "value": "application/json"})
        raw = json.dumps(example, ensure_ascii=False, indent=2)
        request["body"] = {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}
    return {"name": operation["summary"], "request": request}


def files():
    """:return: dict of path to text: what lies in docs/api when it is up to date."""
    openapi = document()
    return {
        FOLDER / "openapi.json": _text(openapi),
        FOLDER / "el-fatoora.postman_collection.json": _text(collection(openapi)),
    }


def _text(value):
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
