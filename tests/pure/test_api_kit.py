"""What integrators take: up to date, and the webhook check of the example beside the signer of the addon."""

import importlib.util
import json
import re
import time
from pathlib import Path

import pytest

from webhooks.signing import signed_message

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"whk_1": "first", "whk_2": "second"}
URL = "https://erp.example.com/hook?a=b"


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


KIT = load(ROOT / "scripts" / "api_kit.py")
CLIENT = load(ROOT / "docs" / "api" / "el_fatoora_client.py")


@pytest.mark.parametrize("path", list(KIT.files()), ids=lambda path: path.name)
def test_files_are_up_to_date(path):
    assert path.read_text(encoding="utf-8") == KIT.files()[path], "run scripts/api_kit.py"


def test_the_collection_has_every_operation_and_only_known_variables():
    openapi = KIT.document()
    collection = KIT.collection(openapi)
    wanted = {
        (m.upper(), re.sub(r"\{(\w+)\}", r"{{\1}}", p)) for p, ms in openapi["paths"].items() for m in ms
    }
    found = {
        (item["request"]["method"], item["request"]["url"]["raw"].removeprefix("{{base}}"))
        for item in collection["item"]
    }
    assert found == wanted
    known = {variable["key"] for variable in collection["variable"]} | {"$guid"}
    assert set(re.findall(r"\{\{([^}]+)\}\}", json.dumps(collection))) <= known


def message(key_id="whk_1", **changes):
    made = signed_message(URL, b'{"a":1}', "event-1", key_id, KEYS[key_id].encode())
    values = {"method": "POST", "url": made.url, "headers": made.headers, "body": made.body, "keys": KEYS}
    return {**values, **changes}


@pytest.mark.parametrize("key_id", KEYS)
def test_a_good_message(key_id):
    assert CLIENT.verify_webhook(**message(key_id)) == "event-1"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"method": "PUT"}, "wrong"),
        ({"url": URL + "c"}, "wrong"),
        ({"body": b'{"a":2}'}, "changed"),
        ({"keys": {"whk_2": "second"}}, "unknown key"),
        ({"keys": {"whk_1": "other"}}, "wrong"),
        ({"headers": {}}, "not signed"),
        ({"max_age": -1}, "too long ago"),
    ],
)
def test_bad_messages(changes, why):
    with pytest.raises(ValueError, match=why):
        CLIENT.verify_webhook(**message(**changes))


@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("Webhook-Id", "event-1", "event-2", "wrong"),
        ("Signature-Input", '"content-digest" ', "", "something else"),
        ("Signature-Input", "hmac-sha256", "none", "unknown key"),
        ("Signature-Input", f"created={str(int(time.time()))[:6]}", "created=100000", "too long ago"),
        ("Content-Digest", "sha-256", "sha-512", "wrong"),
    ],
)
def test_changed_headers(name, old, new, why):
    values = message()
    assert old in values["headers"][name]
    headers = {**values["headers"], name: values["headers"][name].replace(old, new)}
    with pytest.raises(ValueError, match=why):
        CLIENT.verify_webhook(**{**values, "headers": headers})
