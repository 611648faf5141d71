"""What certificates say, and that broken ones are refused and never break us."""

import random
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from signature import certificates, der
from tests.pure.signature import pki


def test_a_company_is_described(authority):
    _key, certificate = authority.signer("Épices & Thé SARL", matricule="1557686R", serial=0x56D06F9EC2D4C40)
    info = certificates.describe(certificate)
    assert info.holder == "Épices & Thé SARL"
    assert info.issuer == "CN=Test Qualified CA,O=Test Certification Agency,C=TN"
    assert info.serial == 0x56D06F9EC2D4C40
    assert info.serial_hex == "056D06F9EC2D4C40"
    assert info.matricule8 == "1557686R"
    assert info.key == "RSA-2048"
    assert info.key_usage_ok
    assert not info.self_issued
    assert (info.not_before, info.not_after) == (pki.NOW - pki.YEAR, pki.NOW + pki.YEAR)
    assert len(info.fingerprint_sha256) == 64
    assert info.as_dict()["serial"] == "056D06F9EC2D4C40"


@pytest.mark.parametrize(
    ("unit", "matricule"),
    [
        ("VATTN-1557686R", "1557686R"),
        ("TN-0736202X", "0736202X"),
        ("vattn-1557686r", "1557686R"),
        ("VATTN-1557686RAM000", "1557686R"),
        ("VATTN-155768R", None),
        ("XTN-1557686R", None),
        ("Comptabilité", None),
        ("1557686R", None),
    ],
)
def test_the_matricule(authority, unit, matricule):
    name = pki.subject("X", unit=unit)
    certificate = pki.der(authority.issue(name, pki.rsa_key("signer X").public_key()))
    assert certificates.describe(certificate).matricule8 == matricule


def test_a_personal_certificate_has_an_address_and_no_matricule(authority):
    address = x509.SubjectAlternativeName([x509.RFC822Name("holder@example.tn")])
    info = certificates.describe(authority.signer("Leila", matricule=None, extensions=((address, False),))[1])
    assert (info.matricule8, info.email) == (None, "holder@example.tn")


def test_when_it_may_be_used(authority):
    info = certificates.describe(authority.signer("Dated")[1])
    second = timedelta(seconds=1)

    def codes(now):
        return [one.code for one in certificates.usable_at(info, now)]

    assert codes(pki.NOW) == codes(info.not_before) == codes(info.not_after) == []
    assert codes(info.not_before - second) == ["certificate.not_yet_valid"]
    assert codes(info.not_after + second) == ["certificate.expired"]


@pytest.mark.parametrize(
    ("usage", "good"),
    [
        (("digital_signature",), True),
        (("content_commitment",), True),
        (("digital_signature", "key_encipherment"), True),
        (None, True),
        (("key_encipherment",), False),
        (("key_cert_sign", "crl_sign"), False),
    ],
)
def test_key_usage(authority, usage, good):
    info = certificates.describe(authority.signer("Usage", usage=usage)[1])
    assert info.key_usage_ok is good
    assert [one.code for one in certificates.usable_at(info, pki.NOW)] == (
        [] if good else ["certificate.key_usage"]
    )


def test_an_authority_does_not_sign_documents(authority):
    assert not certificates.describe(authority.der).key_usage_ok


def test_chains_are_put_in_order(signer, authority, root_authority):
    leaf, middle, root = signer.chain
    stranger = pki.Authority("Stranger CA").der
    assert certificates.order_chain([root, leaf, middle]) == [leaf, middle, root]
    assert certificates.order_chain([root, stranger, middle, leaf, leaf], leaf) == [leaf, middle, root]
    assert certificates.order_chain([root, leaf], leaf) == [leaf]
    assert certificates.order_chain([], leaf) == [leaf]
    assert certificates.order_chain([root]) == [root]
    assert certificates.order_chain([]) == []
    with pytest.raises(ValueError, match="cannot be read"):
        certificates.order_chain([b"x", leaf])


def test_same_name_other_key_is_no_issuer(signer, root_authority):
    impostor = pki.Authority("Test Qualified CA", parent=root_authority, key=pki.rsa_key("impostor"))
    assert not certificates.issued(impostor.der, signer.chain[0])
    assert certificates.issued(signer.chain[1], signer.chain[0])
    assert certificates.order_chain([*signer.chain, impostor.der]) == signer.chain


def test_pem_there_and_back(signer):
    assert certificates.from_pem(certificates.to_pem(signer.chain)) == signer.chain
    with pytest.raises(ValueError, match="PEM"):
        certificates.from_pem(b"nothing")


def test_broken_certificates_raise_value_error_only(signer):
    """Every byte changed in turn: either it still is a certificate, or ValueError says that it is none."""
    good = signer.chain[0]
    chance = random.Random(7)
    broken = 0
    for position in range(len(good)):
        for other in (good[position] ^ 1, chance.randrange(256)):
            data = good[:position] + bytes([other]) + good[position + 1 :]
            try:
                certificates.describe(data)
            except ValueError:
                broken += 1
            certificates.issued(signer.chain[1], data)
    assert broken > 100
    for size in range(0, len(good), 7):
        with pytest.raises(ValueError, match="cannot be read"):
            certificates.describe(good[:size])


def test_der_is_read_strictly():
    inner = der.encode(0x04, b"a") + der.encode(0x04, b"b" * 200)
    whole = der.encode(der.SEQUENCE, inner)
    assert der.children(whole) == [der.encode(0x04, b"a"), der.encode(0x04, b"b" * 200)]
    for bad in (
        b"",
        whole[:-1],
        whole + b"\0",
        b"\x30\x80\x00\x00",
        b"\x30\x81\x01\x00",
        b"\x3f\x01\x00",
        b"\x31\x00",
    ):
        with pytest.raises(ValueError, match="DER"):
            der.children(bad)


def test_issuer_and_serial_as_encoded(signer):
    loaded = certificates.load(signer.chain[0])
    issuer, serial = der.issuer_and_serial(signer.chain[0])
    assert issuer == loaded.issuer.public_bytes()
    assert int.from_bytes(serial[2:], "big") == loaded.serial_number
    for bad in (b"", b"\x30\x00", b"\x30\x02\x30\x00", b"\x30\x0a\x30\x08" + b"\x04\x00" * 4):
        with pytest.raises(ValueError, match="DER"):
            der.issuer_and_serial(bad)


def test_other_extensions_do_no_harm(authority):
    more = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    assert certificates.describe(authority.signer("More", extensions=((more, False),))[1]).key_usage_ok
