"""Bodies, fingerprints, cursors and parameters: what callers may send, and what they may not."""

import json
from decimal import Decimal

import pytest
from api import cursors, query
from api.fingerprint import DEEPEST, BodyError, read
from api.validation import check
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_fingerprint_knows_contents_not_writing(value):
    plain = json.dumps(value).encode()
    loose = json.dumps(value, indent=3, ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        _value, fingerprint = read(plain)
    except BodyError:
        with pytest.raises(BodyError):
            read(loose)
        return
    assert read(loose)[1] == fingerprint


def test_order_of_names_is_no_difference_and_values_are():
    assert read(b'{"a": 1, "b": 2}')[1] == read(b'{"b":2,"a":1.0}')[1]
    assert read(b'{"a": 1}')[1] != read(b'{"a": 2}')[1]
    assert read(b'{"a": "1"}')[1] != read(b'{"a": 1}')[1]


def test_decimals_are_exact():
    value, _fingerprint = read(b'{"price": 0.1, "count": 3}')
    assert value == {"price": Decimal("0.1"), "count": 3}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b"NaN",
        b"[Infinity]",
        b"1e999",
        b'{"a":1,"a":1}',
        b"\xff\xfe",
        b'"\\ud800"',
        b"9" * 30,
        b"9" * 9000,
        b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
        b"[" * 100_000,
    ],
)
def test_what_is_no_body(body):
    with pytest.raises(BodyError):
        read(body)


def test_brackets_in_texts_nest_nothing():
    assert read(json.dumps(["[" * 200, '\\"[[[' * 30]).encode())[0][0] == "[" * 200


# === Against the schema === #


def invoice(**values):
    return {
        "external_id": "A-1",
        "date": "2026-03-15",
        "customer": {"name": "X"},
        "lines": [{"description": "x", "price": "1.500", "vat": 19}],
        **values,
    }


def found(value, name="InvoiceIn"):
    return {(finding.code, finding.path) for finding in check(value, name)}


def test_good_bodies():
    assert found(invoice()) == set()
    assert (
        found(invoice(lines=[{"description": "x", "price": Decimal("1.5"), "vat": 7, "quantity": -2}]))
        == set()
    )


def test_every_place_is_told_at_once():
    bad = invoice(colour="red", customer={"nom": "X"}, lines=[{"description": "", "price": "1,5", "vat": 18}])
    assert found(bad) == {
        ("body.unknown", "/colour"),
        ("body.unknown", "/customer/nom"),
        ("body.required", "/customer/name"),
        ("body.length", "/lines/0/description"),
        ("body.type", "/lines/0/price"),
        ("body.value", "/lines/0/vat"),
    }


def test_pointers_are_escaped():
    assert ("body.unknown", "/a~1b~0c") in found(invoice(**{"a/b~c": 1}))


@given(JSON)
def test_any_body_is_answered(value):
    for name in ("InvoiceIn", "BatchIn"):
        assert isinstance(check(value, name), list)


# === Cursors and parameters === #


@given(st.integers(0, 2**31), st.text(max_size=30))
def test_cursor_is_good_for_its_filters_only(last, number):
    filters = {"number": number, "state": None}
    cursor = cursors.encode(last, filters)
    assert cursors.decode(cursor, filters) == last
    assert cursors.decode(cursor, {"number": number}) == last
    with pytest.raises(cursors.CursorError):
        cursors.decode(cursor, {"number": number + "x"})


@given(st.text(max_size=80))
def test_any_text_as_cursor(text):
    with pytest.raises(cursors.CursorError):
        cursors.decode(text, {})


def test_parameters():
    values = query.read("listInvoices", [("limit", "7"), ("date_from", "2026-02-28")])
    assert (values["limit"], str(values["date_from"]), values["state"]) == (7, "2026-02-28", None)
    assert query.read("listInvoices", [])["limit"] == 50
    assert query.read("createInvoice", [("dry_run", "true"), ("wait", "0")]) == {"dry_run": True, "wait": 0}


@pytest.mark.parametrize(
    "pairs",
    [
        [("limit", "0")],
        [("limit", "201")],
        [("limit", "１")],
        [("limit", "1"), ("limit", "1")],
        [("date_to", "2026-02-30")],
        [("date_to", "20260230")],
        [("number", "\0")],
        [("number", "")],
        [("nothing", "1")],
        [("invoice", "A-1")],
    ],
)
def test_bad_parameters_are_named(pairs):
    with pytest.raises(query.ParameterError) as caught:
        query.read("listInvoices", pairs)
    assert caught.value.name == pairs[-1][0]
