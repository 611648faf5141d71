"""What TTN shows beside the deposit that decides is named."""

from decimal import Decimal

import pytest

from elfatoora.answers import Deposit
from elfatoora.beside import CODES, beside, contradiction
from elfatoora.consulted import sort_deposits
from elfatoora.decisions import Seen, Sent

SENT = Sent("SIG1", "D1", "0736202XAM000", "FAC/1", "I-11", Decimal(1))


def seen(deposit_id, signature="SIG1", digest="D1", number="FAC/1", reference="", errors=()):
    deposit = Deposit(deposit_id, number, "I-11", reference, errors=errors)
    return Seen(deposit, signature, digest, SENT.sender, number, "I-11", Decimal(1), reference)


CASES = [
    # (deposits, findings: code and deposit)
    ([], []),
    ([seen(1)], []),
    ([seen(1, reference="R1"), seen(7)], [("sweep.duplicate", 7)]),
    ([seen(7), seen(None), seen(1)], [("sweep.duplicate", 7)]),
    ([seen(1), seen(7, "RESIGNED")], [("sweep.same_document", 7)]),
    ([seen(1), seen(8, "X", "D8", reference="R8")], [("sweep.unknown_deposit", 8)]),
    ([seen(1), seen(8, "X", "D8", "FAC/11")], []),
    ([seen(1), seen(2), seen(8, "X", "D8")], [("sweep.duplicate", 2), ("sweep.unknown_deposit", 8)]),
]


@pytest.mark.parametrize(("deposits", "expected"), CASES)
def test_what_is_told(deposits, expected):
    findings = beside("FAC/1", sort_deposits(SENT, deposits))
    assert [(one.code, one.seen.deposit.deposit_id) for one in findings] == expected
    assert all(one.params["number"] == "FAC/1" for one in findings)
    assert {one.code for one in findings} <= CODES


def test_what_a_responsible_decided_is_not_told_again():
    found = sort_deposits(SENT, [seen(1), seen(8, "X", "D8"), seen(9, "Y", "D9")])
    assert [one.seen.deposit.deposit_id for one in beside("FAC/1", found, frozenset({8}))] == [9]


def test_a_contradiction_names_the_deposit():
    [told] = contradiction("FAC/1", [seen(7, reference="R"), seen(8, reference="R")])
    assert (told.code, told.params) == (
        "sweep.contradiction",
        {"deposit": 7, "number": "FAC/1", "reference": "R"},
    )
    assert told.code in CODES
    assert contradiction("FAC/1", []) == ()
