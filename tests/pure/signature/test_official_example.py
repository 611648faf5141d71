"""TTN's own signed example of 2020: verified, and rebuilt byte for byte by our signer."""

import base64
import copy
import hashlib
from datetime import UTC, datetime

import pytest
from lxml import etree

from signature import certificates, profile, verify, xades
from teif.foreign import parse_foreign_xml

SIGNED_INFO_SHA256 = "13a7c6248ad6717d9e646d611bcce157832aefd4a044b16020b66f2b7ac61526"
PROPERTIES_DIGEST = "mInZko4fu4O3cpG9+sOaJOWWEvZghTEFwqEZsU+mVSk="
DOCUMENT_DIGEST = "bCtqJZah+oGHv2z1bsUbJk2Q4/P+v0gFEvhr5I/is1E="
SIGNED_AT = datetime(2020, 9, 16, 11, 37, 16, tzinfo=UTC)


@pytest.fixture(scope="module")
def example(shared):
    return parse_foreign_xml((shared / "ttn/examples/exemple_signe_elfatoora.xml").read_bytes())


@pytest.fixture(scope="module")
def compact(example):
    """The example as TTN signed it: without the white space that was put in afterwards."""
    return verify.strip_whitespace_only_text(example)


@pytest.fixture(scope="module")
def unsigned(compact):
    """The bytes that the supplier had before he signed."""
    root = copy.deepcopy(compact)
    for element in [*root.findall(verify.SIGNATURE), root.find("RefTtnVal")]:
        root.remove(element)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


@pytest.fixture(scope="module")
def chain(compact):
    return [base64.b64decode(one.text) for one in compact[2].iter("{*}X509Certificate")]


def test_both_signatures_verify_without_the_added_white_space(compact):
    supplier, ttn = verify.verify(compact)
    assert (supplier.id, supplier.intact, supplier.findings) == ("SigFrs", True, ())
    assert (ttn.id, ttn.intact, ttn.findings) == ("SigTTN", True, ())
    assert supplier.document_digest == DOCUMENT_DIGEST
    assert supplier.signing_time == SIGNED_AT
    assert supplier.role == "CEO"
    assert ttn.role == "KERNEL"
    assert len(supplier.chain) == 4
    assert certificates.describe(supplier.signer_der).matricule8 == "0736202X"


def test_only_ttns_signature_covers_the_reference(compact):
    assert [one.covers_reference for one in verify.verify(compact)] == [False, True]


def test_the_indented_file_is_recognised_as_such(example):
    assert [one.intact for one in verify.verify(example)] == [False, False]
    tolerant = verify.verify_tolerant(example)
    assert [(one.intact, one.reindented) for one in tolerant] == [(True, True), (True, True)]


def test_all_points_of_the_2020_profile_are_met(compact):
    supplier, ttn = verify.verify(compact)
    assert [one for one in (*supplier.points, *ttn.points) if not one.met] == []


def test_the_points_that_v3_demands_and_2020_misses(compact):
    missed = {one.code for one in verify.verify(compact, expected=profile.V3)[0].points if not one.met}
    assert missed == {
        f"profile.{name}"
        for name in (
            "policy_oid",
            "policy_qualifier",
            "policy_description",
            "policy_hash",
            "policy_uri",
            "role",
        )
    }


def test_our_signer_rebuilds_it_byte_for_byte(unsigned, chain, compact):
    prepared = xades.prepare(unsigned, chain, profile.V2_2020, SIGNED_AT)
    assert hashlib.sha256(prepared.to_sign).hexdigest() == prepared.digest.hex() == SIGNED_INFO_SHA256
    assert prepared.document_digest == DOCUMENT_DIGEST
    assert PROPERTIES_DIGEST.encode() in prepared.to_sign

    def canonical(node):
        return etree.tostring(node, method="c14n", exclusive=True)

    original = compact.find(verify.SIGNATURE)
    assert prepared.to_sign == canonical(original[0])
    # TTN's own signature value fits what we rebuilt, and the completed document holds the very same signature
    value = base64.b64decode(original[1].text)
    rebuilt = parse_foreign_xml(xades.complete(prepared, unsigned, value))
    assert canonical(rebuilt.find(verify.SIGNATURE)) == canonical(original)
    [report] = verify.verify(rebuilt)
    assert report.intact


@pytest.mark.parametrize("name", ["Amount", "ReferenceTTN"])
def test_a_change_is_seen(compact, name):
    root = copy.deepcopy(compact)
    element = next(root.iter(name))
    element.text = "1" + element.text
    # The supplier's signature says nothing of TTN's reference, TTN's covers all
    assert [one.intact for one in verify.verify(root)] == [name == "ReferenceTTN", False]
