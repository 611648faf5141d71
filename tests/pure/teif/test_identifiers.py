"""Tunisian identifiers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teif import identifiers
from teif.identifiers import Matricule


@pytest.mark.parametrize(
    "matricule", ["0736202X", "0914089J", "0513287H", "1557686R", "1367438T", "1688843N", "1297689X"]
)
def test_key_letter_of_real_numbers(matricule):
    assert identifiers.key_letter(matricule[:7]) == matricule[7]


@pytest.mark.parametrize("digits", ["", "123456", "12345678", "123456x", "\u0661234567"])
def test_key_letter_needs_seven_digits(digits):
    with pytest.raises(ValueError):
        identifiers.key_letter(digits)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("0736202XAM000", "0736202XAM000"),
        ("0736202/X/A/M/000", "0736202XAM000"),
        (" 0736202 x a m 000 ", "0736202XAM000"),
        ("0736202.X-A_M 000", "0736202XAM000"),
        ("TN0736202X", "0736202X"),
        ("736202X/A/M/000", "0736202XAM000"),  # a leading zero is missing, the key letter fits
        ("736202Y/A/M/000", None),  # the key letter doesn't fit: nothing is guessed
        ("1234567A", "1234567A"),  # a wrong key letter is the checker's business
        ("1234567I", None),
        ("1234567", None),
        ("12345678R", None),
        ("", None),
        (None, None),
    ],
)
def test_what_people_type(typed, written):
    parsed = Matricule.parse(typed)
    assert (str(parsed) if parsed else None) == written


@pytest.mark.parametrize(
    ("typed", "version", "written"),
    [
        ("0736202XFM000", "1.8.9", "0736202X"),  # code F exists, no schema takes it
        ("0736202XFM000", "1.9.0", "0736202X"),
        ("0736202XFM000", "1.8.8", "0736202XFM000"),
        ("0736202XAE001", "1.8.9", "0736202XAE001"),
        ("0736202XAE001", "1.8.8", "0736202XAE001"),
        ("nothing", "1.8.9", None),
    ],
)
def test_form_that_a_version_takes(typed, version, written):
    assert identifiers.normalise_matricule(typed, version) == written


def test_key_of_a_matricule():
    assert Matricule.parse("1234567RAM000").key_fits
    wrong = Matricule.parse("1234567AAM000")
    assert not wrong.key_fits and wrong.expected_key == "R" and wrong.short == "1234567A"


def test_rib_and_iban():
    rib = "04105044404701381036"  # printed in TTN's own example
    assert identifiers.rib_fits(rib)
    assert identifiers.rib_key(rib[:18]) == "36"
    assert identifiers.iban_from_rib(rib) == f"TN59{rib}"
    assert identifiers.rib_from_iban(f"TN59 {rib}") == rib
    assert identifiers.rib_from_iban(f"TN58{rib}") is None
    assert identifiers.rib_from_iban("FR7630006000011234567890189") is None
    assert identifiers.parse_rib("0410 5044 4047 0138 1036") == rib
    assert identifiers.parse_rib(f"tn59{rib}") == rib
    assert identifiers.parse_rib("12345") is None
    assert not identifiers.rib_fits(rib[:19] + "7")
    with pytest.raises(ValueError):
        identifiers.iban_from_rib(rib[:19] + "7")
    with pytest.raises(ValueError):
        identifiers.rib_key("12")


@given(st.integers(0, 10**18 - 1))
def test_every_rib_has_iban_check_digits_59(number):
    digits = f"{number:018d}"
    rib = digits + identifiers.rib_key(digits)
    assert int(rib) % 97 == 0
    assert identifiers.iban_from_rib(rib).startswith("TN59")
    assert identifiers.rib_from_iban(identifiers.iban_from_rib(rib)) == rib


def test_people():
    assert identifiers.parse_cin("0123 4567") == "01234567"
    assert identifiers.parse_cin("1234567") is None
    assert identifiers.parse_residence_card("123-456-789") == "123456789"
    assert identifiers.parse_residence_card("AB-12345") is None
    assert identifiers.parse_residence_card("AB-12345", "1.9.0") == "AB-12345"
