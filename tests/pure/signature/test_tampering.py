"""One changed byte anywhere: our verifier and xmlsec1 both see it."""

import base64
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from signature import verify
from teif.foreign import ForeignXmlError, parse_foreign_xml
from tests.pure.signature.conftest import Signer

#: What no signature says anything about, and no verifier but ours looks at: the name of the value for others to refer to.
UNSIGNED_BY_PROFILE = re.compile(rb' Id="value-SigFrs"')


def canonical(data):
    return etree.tostring(
        parse_foreign_xml(data).getroottree(), method="c14n", exclusive=True, with_comments=False
    )


def intact(data):
    """:return: whether our verifier believes the one signature of ``data``."""
    try:
        root = parse_foreign_xml(data)
    except ForeignXmlError:
        return False
    reports = verify.verify(root)
    return len(reports) == 1 and reports[0].id == "SigFrs" and reports[0].intact


def says_the_same(first, second):
    """:return: whether two files are one document: what differs is outside of what XML reads (quotes, white space in tags,
    comments, the spelling of an entity)."""
    try:
        return canonical(first) == canonical(second)
    except ForeignXmlError:
        return False


def changed(data, position, byte):
    return data[:position] + bytes([byte]) + data[position + 1 :]


def test_every_byte_in_turn(signed):
    """Each byte replaced by a likely neighbour (a letter by a letter, so that the file mostly stays XML)."""
    missed = []
    for position in range(len(signed)):
        byte = signed[position]
        other = byte ^ 1 if chr(byte).isalnum() else ord("x")
        data = changed(signed, position, other)
        if intact(data) and not says_the_same(signed, data):
            missed.append((position, signed[position - 30 : position + 10]))
    assert missed == []


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_byte_by_any_other(signed, data):
    position = data.draw(st.integers(0, len(signed) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != signed[position]))
    tampered = changed(signed, position, other)
    assert not intact(tampered) or says_the_same(signed, tampered)


def test_xmlsec_sees_it_too(root_authority, document, xmlsec):
    """A sample, for each run starts a program; with the signer's certificate alone, because others are not signed."""
    key, certificate = root_authority.signer("Direct")
    root = root_authority.der
    signed = Signer(key, [certificate], root).sign(document)
    assert intact(signed)
    assert xmlsec.verify(signed, root)
    chance = random.Random(20260715)
    unsigned = {
        position for match in UNSIGNED_BY_PROFILE.finditer(signed) for position in range(*match.span())
    }
    regions = [
        (0, signed.index(b"<ds:Signature ")),
        (signed.index(b"<ds:Signature "), signed.index(b"<ds:SignatureValue")),
        (signed.index(b"<ds:SignatureValue"), signed.index(b"<ds:KeyInfo")),
        (signed.index(b"<ds:KeyInfo"), signed.index(b"<ds:Object")),
        (signed.index(b"<ds:Object"), len(signed)),
    ]
    tried = 0
    # A byte appended to a certificate by taking its padding away: ours refuses it, OpenSSL leaves it out
    padding = range(signed.index(b"</ds:X509Certificate>") - 2, signed.index(b"</ds:X509Certificate>"))
    unsigned |= set(padding)
    for start, end in regions:
        for position in chance.sample(range(start, end), 30):
            byte = signed[position]
            tampered = changed(signed, position, byte ^ 1 if chr(byte).isalnum() else ord("x"))
            if (
                position in unsigned
                or says_the_same(signed, tampered)
                or same_base64(signed, tampered, position)
            ):
                continue
            tried += 1
            assert not intact(tampered), tampered[position - 20 : position + 20]
            assert not xmlsec.verify(tampered, root), tampered[position - 20 : position + 20]
    assert tried > 100


def same_base64(first, second, position):
    """:return: whether the change is in the unused bits of a base64 text: ours refuses it, others read the same bytes."""
    start = first.rindex(b">", 0, position + 1) + 1 if b">" in first[: position + 1] else 0
    end = first.find(b"<", position)
    try:
        return base64.b64decode(first[start:end], validate=True) == base64.b64decode(
            second[start:end], validate=True
        )
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"FAC/2026/00042", b"FAC/2026/00043"),
        (b">18.500<", b">18.501<"),
        (b"<Street/>", b"<Street> </Street>"),
        (b'version="1.8.9"', b'version="1.8.8"'),
        (b"Huile", b"huile"),
        (b"</Lin>\n", b"</Lin>"),
        (b"<xades:ClaimedRole>Fournisseur", b"<xades:ClaimedRole>Kernel"),
        (b"urn:2.16.788.1.2.1.3", b"urn:2.16.788.1.2.1"),
        (b"Z</xades:SigningTime>", b"+01:00</xades:SigningTime>"),
        (b"xmlenc#sha256", b"xmlenc#sha512"),
    ],
)
def test_meaningful_changes(signed, signer, xmlsec, signxml, old, new):
    assert old in signed
    tampered = signed.replace(old, new, 1)
    assert not intact(tampered)
    assert not xmlsec.verify(tampered, signer.root)
    assert not signxml.verify(tampered, signer.root)["valid"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'<?xml version="1.0" encoding="UTF-8"?>\n', b""),
        (b"<Street/>", b"<Street></Street>"),
        (b"functionCode='I-31' format=\"ddMMyy\"", b'format="ddMMyy"  functionCode="I-31"'),
        (b"<!-- between elements -->", b""),
        (b"&lt;", b"&#60;"),
        (b"</TEIF>\n", b"</TEIF>\r\n\r\n"),
    ],
)
def test_other_spellings_of_the_same_document(signed, signer, xmlsec, old, new):
    assert old in signed
    respelt = signed.replace(old, new)
    assert respelt != signed
    assert intact(respelt)
    assert xmlsec.verify(respelt, signer.root)


def test_white_space_in_the_value_and_between_its_lines(signed, signer, xmlsec):
    """Other products break base64 into lines."""
    start = signed.index(b">", signed.index(b"<ds:SignatureValue")) + 1
    end = signed.index(b"<", start)
    lines = b"\n".join(signed[at : min(at + 64, end)] for at in range(start, end, 64))
    wrapped = signed[:start] + b"\n" + lines + b"\n" + signed[end:]
    assert intact(wrapped)
    [first], [second] = verify.verify(parse_foreign_xml(signed)), verify.verify(parse_foreign_xml(wrapped))
    assert first.signature_value == second.signature_value
    assert xmlsec.verify(wrapped, signer.root)
