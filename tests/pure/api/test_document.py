"""The OpenAPI document is whole: every reference leads somewhere, every place is described, in both languages."""

import json

import jsonschema
import pytest
from api import texts
from api.fields import HEADER, LINE, header_of, lines_of, pointer
from api.openapi import build
from api.problems import BY_STATUS, PROBLEMS
from api.routes import BASE, OPERATIONS, methods_of
from api.schemas import EXAMPLE, SCHEMAS
from api.validation import check
from spreadsheet.columns import BY_KEY


def document(language="fr"):
    return build(language, lambda key: f"help of {key}")


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_document_is_whole(language):
    spec = document(language)
    for reference in references(spec):
        assert reference.removeprefix("#/components/schemas/") in SCHEMAS
    for schema in spec["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    names = [item["operationId"] for path in spec["paths"].values() for item in path.values()]
    assert len(names) == len(set(names)) == len(OPERATIONS)
    assert json.loads(json.dumps(spec)) == spec


def test_every_object_that_comes_in_is_closed():
    def walk(schema):
        if isinstance(schema, dict):
            if schema.get("type") == "object" and "properties" in schema:
                assert schema["additionalProperties"] is False
            for inner in schema.values():
                walk(inner)
        elif isinstance(schema, list):
            for inner in schema:
                walk(inner)

    for name in ("InvoiceIn", "BatchIn", "Customer", "Line"):
        walk(SCHEMAS[name])


def test_texts_in_both_languages():
    for table in (texts.OPERATIONS, texts.PARAMETERS):
        for name, by_language in table.items():
            assert set(by_language) == set(texts.LANGUAGES), name
            assert all(by_language.values()), name
    assert set(texts.OPERATIONS) == {operation.name for operation in OPERATIONS}


def test_every_field_is_described_as_its_column():
    schemas = document()["components"]["schemas"]
    assert schemas["Line"]["properties"]["price"]["description"] == "help of price"
    assert schemas["Customer"]["properties"]["zip"]["description"] == "help of zip"
    assert schemas["InvoiceIn"]["properties"]["date"]["description"] == "help of date"
    assert (
        schemas["InvoiceIn"]["properties"]["totals"]["properties"]["tax"]["description"]
        == "help of total_tax"
    )


def test_every_column_has_one_place():
    columns = [*HEADER.values(), *LINE.values()]
    assert sorted(columns) == sorted([*BY_KEY, "original_external_id"])
    for path, column in HEADER.items():
        assert pointer(column, 1) == "/" + "/".join(path)
    for key, column in LINE.items():
        assert pointer(column, 3) == f"/lines/2/{key}"
    assert pointer(None, 1) == ""


def test_example_is_good_and_read_into_columns():
    assert check(EXAMPLE, "InvoiceIn") == []
    assert header_of(EXAMPLE)["customer_name"] == "CLIENT EXEMPLE SARL"
    assert lines_of(EXAMPLE)[0]["price"] == "150.500"
    assert header_of({"type": "credit_note", "stamp": False}) == {"type": "I-12", "stamp": "no"}


def test_problems():
    assert all(PROBLEMS[code] == status for status, code in BY_STATUS.items())


def test_methods_of_a_path():
    assert methods_of(f"{BASE}/invoices") == ["GET", "HEAD", "POST"]
    assert methods_of(f"{BASE}/invoices/A-1/send") == ["POST"]
    assert methods_of(f"{BASE}/invoices/A-1/nothing") == []
    assert methods_of(f"{BASE}/invoices/batch") == methods_of(f"{BASE}/invoices/batch/") == ["POST"]
    assert methods_of(BASE) == []
