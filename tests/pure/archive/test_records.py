"""Records, statements and canonical JSON: one form of bytes for one value, and nothing else is read."""

import dataclasses
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from archive import chain, jcs, record

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-jcs.MAX_INTEGER, jcs.MAX_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
FILE = record.File("pdf", "facture.pdf", "application/pdf", 3, "ab" * 32)
SIGNED = record.File("teif_signed", "a.xml", "application/xml", 0, "cd" * 32)
RECORD = record.Record(
    archive=record.archive_name("1234567AAM000", "production"),
    number=7,
    archived_at=datetime(2026, 11, 22, 9, 30, 5, 999, tzinfo=timezone(timedelta(hours=1))),
    kind="invoice",
    document_number="FAC/2026/00042",
    document_date=date(2026, 11, 20),
    type_code="I-11",
    sender="1234567AAM000",
    receiver=None,
    total=Decimal("1190.500"),
    currency="TND",
    state="accepted",
    ttn_reference="0735\u20282600",
    deposit_id="99",
    user="Comptable é",
    files=(FILE, SIGNED),
    exchanges=(
        record.ExchangeReference("12", "saveEfact", datetime(2026, 11, 22, 8, tzinfo=UTC), "ef" * 32),
    ),
)
STATEMENT = {
    "archive": RECORD.archive,
    "sequence": 2,
    "day": date(2026, 11, 22),
    "first": 5,
    "last": 9,
    "root": bytes(range(32)),
    "previous": bytes(32),
}


@given(JSON)
def test_canonical_json_is_that_of_another_implementation(value):
    data = jcs.dumps(value)
    assert data == rfc8785.dumps(value)
    assert jcs.loads(data) == value


def test_keys_are_sorted_as_utf_16():
    value = {"\U0001f600": 1, "\ufb33": 2, "a": 3}
    assert jcs.dumps(value) == rfc8785.dumps(value) == '{"a":3,"\U0001f600":1,"\ufb33":2}'.encode()


@pytest.mark.parametrize(
    "value", [1.5, 2**53, "\ud800", {1: 2}, b"x", [[[[[[[[[[1]]]]]]]]]], {"a": {"b": 0.1}}]
)
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(ValueError):
        jcs.dumps(value)


@pytest.mark.parametrize(
    "data", [b'{"a": 1}', b'{"b":1,"a":2}', b'{"a":1,"a":1}', b"1.0", b"NaN", b"\xff", b"[" * 9999]
)
def test_only_the_canonical_form_is_read(data):
    with pytest.raises(ValueError):
        jcs.loads(data)


def test_a_record_there_and_back():
    data = record.canonical(RECORD)
    values = json.loads(data)
    assert values["archived_at"] == "2026-11-22T08:30:05Z"
    assert values["total"] == "1190.500"
    assert [one["name"] for one in values["files"]] == ["a.xml", "facture.pdf"]
    again = record.read(data)
    assert record.canonical(again) == data
    assert again.file("pdf") == FILE and again.file("certificate") is None
    assert sorted(record.digests(again)) == sorted(record.digests(RECORD))
    assert len(record.digests(RECORD)) == 3


@pytest.mark.parametrize("field", [one.name for one in dataclasses.fields(record.Record)])
def test_every_value_of_a_record_is_in_its_bytes(field):
    other = {
        "number": 8,
        "archived_at": RECORD.archived_at + timedelta(seconds=1),
        "kind": "credit_note",
        "document_date": None,
        "total": Decimal("1190.5"),
        "files": (FILE,),
        "exchanges": (),
    }.get(field, "x")
    changed = dataclasses.replace(RECORD, **{field: other})
    assert record.canonical(changed) != record.canonical(RECORD)
    assert record.read(record.canonical(changed))


@pytest.mark.parametrize(
    "values",
    [
        {"number": 0},
        {"number": True},
        {"archived_at": datetime(2026, 1, 1)},
        {"kind": "Two Words"},
        {"total": 1.5},
        {"total": Decimal("NaN")},
        {"document_date": datetime(2026, 1, 1, tzinfo=UTC)},
        {"sender": ""},
        {"user": "x" * 1001},
        {"files": (FILE, dataclasses.replace(FILE, name="FACTURE.pdf"))},
    ],
)
def test_values_that_have_no_place_in_a_record(values):
    with pytest.raises(ValueError):
        dataclasses.replace(RECORD, **values)


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".hidden", "a b", "é.pdf", "record.json", "x" * 101])
def test_names_that_are_no_file_names(name):
    with pytest.raises(ValueError):
        dataclasses.replace(FILE, name=name)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"format":1', b'"format":2'),
        (b'"number":7', b'"number":7.0'),
        (b'"number":7', b'"number":"7"'),
        (b'"total":"1190.500"', b'"total":"1.1905E+3"'),
        (b'"2026-11-20"', b'"20261120"'),
        (b'"size":3', b'"size":-3'),
        (b'"user":', b'"usar":'),
        (b"application/pdf", b"application pdf"),
    ],
)
def test_another_writing_of_a_record_is_refused(old, new):
    data = record.canonical(RECORD)
    assert old in data
    with pytest.raises(ValueError):
        record.read(data.replace(old, new, 1))


def test_a_deletion_names_the_records():
    data = record.deletion([5, 3, 5])
    assert record.read_deletion(data) == [3, 5]
    for bad in (
        b"[]",
        b'{"format":1,"numbers":[3,2]}',
        b'{"format":2,"numbers":[3]}',
        b'{"format":1,"numbers":["3"]}',
    ):
        with pytest.raises(ValueError):
            record.read_deletion(bad)


def test_a_statement_there_and_back():
    data = chain.statement(**STATEMENT)
    found = chain.read(data)
    assert (found.count, found.day, found.root) == (5, STATEMENT["day"], STATEMENT["root"].hex())
    assert found.canonical() == data
    first = chain.read(chain.statement(**{**STATEMENT, "sequence": 1, "previous": None}))
    assert first.previous is None


@pytest.mark.parametrize(
    "values",
    [
        {"sequence": 0},
        {"sequence": 1},
        {"previous": None},
        {"first": 10},
        {"first": 0},
        {"root": b"short"},
        {"archive": ""},
        {"day": datetime(2026, 1, 1)},
    ],
)
def test_statements_that_cannot_be(values):
    with pytest.raises(ValueError):
        chain.statement(**{**STATEMENT, **values})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"count":5', b'"count":4'),
        (b'"format":1', b'"format":2'),
        (b'"day"', b'"dax"'),
        (b"sha256", b"sha512"),
    ],
)
def test_another_writing_of_a_statement_is_refused(old, new):
    data = chain.statement(**STATEMENT)
    assert old in data
    with pytest.raises(ValueError):
        chain.read(data.replace(old, new, 1))


def test_heads():
    digest = bytes(range(32))
    assert chain.read_head(chain.head(3, digest)) == (3, digest)
    assert chain.read_head(digest.hex().upper()) == (None, digest)
    for bad in ("", "3:", "0:" + "00" * 32, "x" * 64):
        with pytest.raises(ValueError):
            chain.read_head(bad)
