"""Signatures, time-stamps and evidence records: what holds, and what does not."""

import dataclasses
import hashlib
from typing import ClassVar

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import core, tsp
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from archive import cms, evidence, timestamps, tree
from archive.findings import ArchiveError
from tests.pure.archive.authority import POLICY, STAMPING, Company, StampAuthority, day, judge, trusting
from tests.pure.signature import pki

DATA = b"what is sealed"
DIGEST = hashlib.sha256(DATA).digest()


@pytest.fixture(scope="module")
def stamps():
    return StampAuthority()


@pytest.fixture(scope="module")
def company():
    return Company()


def refused(code, call, *arguments, **options):
    with pytest.raises(ArchiveError) as raised:
        call(*arguments, **options)
    assert raised.value.code == code


def of(data):
    return lambda algorithm: hashlib.new(algorithm, data).digest()


def test_a_seals_signature(company):
    signed = cms.verify(company.sign(DATA), of(DATA))
    assert signed.signer == company.chain[0]
    assert set(signed.certificates) == set(company.chain)
    assert signed.time == pki.NOW and signed.content is None
    cms.check_trust(trusting, signed, pki.NOW)
    refused("trust.refused", cms.check_trust, trusting, signed, pki.NOW + 2 * pki.YEAR)
    refused("cms.digest", cms.verify, company.sign(DATA), of(b"another"))


@pytest.mark.parametrize("bad", [b"", b"\x30\x00", b"text", bytes(300_000)])
def test_what_is_no_signature(bad):
    refused("cms.unreadable", cms.verify, bad, of(DATA))
    refused("cms.unreadable", timestamps.verify, bad, DIGEST)
    refused("evidence.unreadable", evidence.verify, bad * 20, lambda algorithm: [DIGEST], judge)


def test_every_bit_of_a_seals_signature_counts_or_says_nothing(company):
    """A changed byte is refused, or lies where nothing is signed nor used (the issuer's certificate, the list of hashes)."""
    container = company.sign(DATA)
    survived = 0
    for at in range(0, len(container), 7):
        changed = bytearray(container)
        changed[at] ^= 1 << (at % 8)
        try:
            signed = cms.verify(bytes(changed), of(DATA))
        except ArchiveError:
            continue
        survived += 1
        assert signed.signer == company.chain[0]
    assert survived < len(container) / 7 / 2


def altered(container, change):
    info = asn1_cms.ContentInfo.load(container)
    change(info["content"])
    return info.dump(force=True)


def test_structures_that_are_refused(company):
    container = company.sign(DATA)

    def twice(data):
        data["signer_infos"] = [*data["signer_infos"], data["signer_infos"][0]]

    def nobody(data):
        data["certificates"] = []

    def weak(data):
        data["signer_infos"][0]["digest_algorithm"] = {"algorithm": "sha1"}

    refused("cms.unreadable", cms.verify, altered(container, twice), of(DATA))
    refused("cms.certificate", cms.verify, altered(container, nobody), of(DATA))
    refused("cms.algorithm", cms.verify, altered(container, weak), of(DATA))
    refused("cms.unreadable", cms.verify, container, None, "tst_info")


@pytest.mark.parametrize("key", ["rsa", "ec"])
@pytest.mark.parametrize("algorithm", tree.ALGORITHMS)
def test_a_time_stamp_there_and_back(key, algorithm):
    authority = StampAuthority(key=pki.ec_key("stamps") if key == "ec" else None)
    digest = hashlib.new(algorithm, DATA).digest()
    request = timestamps.request(digest, nonce=12345, algorithm=algorithm, policy=POLICY)
    answer = authority.answer(request, day(3))
    token = timestamps.read_response(answer, digest, nonce=12345, algorithm=algorithm, trust=trusting)
    stamp = timestamps.verify(token, digest, algorithm=algorithm, trust=trusting)
    assert (stamp.time, stamp.policy, stamp.signer) == (day(3), POLICY, authority.certificate)
    assert stamp.valid_until == pki.NOW + pki.YEAR
    assert timestamps.imprint(token) == (algorithm, digest)
    refused("stamp.nonce", timestamps.read_response, answer, digest, nonce=1, algorithm=algorithm)
    refused("stamp.imprint", timestamps.verify, token, bytes(32))


class _Refusal(core.Sequence):
    """An answer without a token, which asn1crypto's own class does not write."""

    _fields: ClassVar = [("status", tsp.PKIStatusInfo)]


def test_answers_of_a_time_stamp_authority_that_are_refused(stamps):
    request = timestamps.request(DIGEST, nonce=None)
    good = stamps.answer(request, day(3))
    refusal = _Refusal(
        {
            "status": {
                "status": "rejection",
                "status_string": ["come back later"],
                "fail_info": {"system_failure"},
            }
        }
    ).dump()
    with pytest.raises(ArchiveError) as raised:
        timestamps.read_response(refusal, DIGEST, nonce=None)
    assert raised.value.code == "stamp.refused"
    assert str(raised.value).endswith("rejection, come back later, system_failure")
    refused("stamp.unreadable", timestamps.read_response, b"<html>", DIGEST, nonce=None)
    refused("stamp.unreadable", timestamps.read_response, good + b"\0", DIGEST, nonce=None)
    refused(
        "cms.certificate",
        timestamps.read_response,
        stamps.answer(request, day(3), named=False),
        DIGEST,
        nonce=None,
    )
    wrong = stamps.answer(request, day(3), content_digest=bytes(32))
    refused("cms.digest", timestamps.read_response, wrong, DIGEST, nonce=None)


def test_certificates_that_may_not_stamp():
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING])
    for extensions in ((), ((STAMPING[0], False),), ((both, True),)):
        token = StampAuthority(extensions=extensions).token(DIGEST, day(3))
        refused("stamp.usage", timestamps.verify, token, DIGEST)
    expired = StampAuthority(before=pki.NOW - 3 * pki.YEAR, after=pki.NOW - 2 * pki.YEAR)
    refused("trust.refused", timestamps.verify, expired.token(DIGEST, day(3)), DIGEST)
    elsewhere = StampAuthority().token(DIGEST, day(3))
    refused(
        "trust.refused",
        timestamps.verify,
        elsewhere,
        DIGEST,
        trust=lambda signer, others, at: ["nobody knows it."],
    )


GROUPS = [[b"%d" % index, b"file %d" % index] for index in range(5)]


def digests(group):
    return lambda algorithm: [hashlib.new(algorithm, one).digest() for one in group]


def first_record(stamps, index=2):
    whole = tree.Tree([digests(group)("sha256") for group in GROUPS])
    return evidence.make(whole.reduced(index), stamps.token(whole.root, day(1)))


def test_an_evidence_record(stamps):
    record = first_record(stamps)
    found = evidence.verify(record, digests(GROUPS[2]), judge)
    assert [one.time for one in found.stamps] == [day(1)]
    assert found.algorithm == "sha256"
    refused("evidence.group", evidence.verify, record, digests(GROUPS[1]), judge)
    refused("evidence.group", evidence.verify, record, digests([*GROUPS[2], b"more"]), judge)


def test_one_object_without_a_tree(stamps):
    record = evidence.make([], stamps.token(DIGEST, day(1)))
    assert evidence.verify(record, digests([DATA]), judge).root == DIGEST
    refused("evidence.group", evidence.verify, record, digests([DATA, DATA]), judge)
    refused("stamp.imprint", evidence.verify, record, digests([b"other"]), judge)


def test_time_stamps_are_renewed(stamps):
    record = first_record(stamps)
    algorithm, digest = evidence.to_renew(record)
    record = evidence.renew(record, stamps.token(digest, day(5)))
    algorithm, digest = evidence.to_renew(record)
    together = tree.Tree([[digest], [bytes(32)], [bytes(range(32))]])
    record = evidence.renew(record, stamps.token(together.root, day(9)), together.reduced(0))
    found = evidence.verify(record, digests(GROUPS[2]), judge)
    assert algorithm == "sha256" and [one.time for one in found.stamps] == [day(1), day(5), day(9)]
    refused(
        "stamp.imprint",
        evidence.verify,
        evidence.renew(record, stamps.token(bytes(32), day(10))),
        digests(GROUPS[2]),
        judge,
    )
    digest = evidence.to_renew(record)[1]
    older = evidence.renew(record, stamps.token(digest, day(8)))
    refused("stamp.order", evidence.verify, older, digests(GROUPS[2]), judge)


def test_the_hash_tree_is_renewed(stamps):
    record = first_record(stamps)
    record = evidence.renew(record, stamps.token(evidence.to_renew(record)[1], day(5)))
    group = evidence.to_rehash(record, digests(GROUPS[2])("sha512"), "sha512")
    whole = tree.Tree([group, [bytes(64)]], "sha512")
    renewed = evidence.rehash(record, whole.reduced(0), stamps.token(whole.root, day(12), "sha512"), "sha512")
    assert evidence.to_renew(renewed)[0] == "sha512"
    renewed = evidence.renew(renewed, stamps.token(evidence.to_renew(renewed)[1], day(13), "sha512"))
    found = evidence.verify(renewed, digests(GROUPS[2]), judge)
    assert [one.time for one in found.stamps] == [day(1), day(5), day(12), day(13)]
    assert found.algorithm == "sha512"
    refused("evidence.group", evidence.verify, renewed, digests(GROUPS[1]), judge)
    # The chain before is covered too: another first time-stamp does not fit
    other = evidence.renew(
        first_record(stamps), stamps.token(evidence.to_renew(first_record(stamps))[1], day(6))
    )
    mixed = evidence.rehash(other, whole.reduced(0), stamps.token(whole.root, day(12), "sha512"), "sha512")
    refused("evidence.group", evidence.verify, mixed, digests(GROUPS[2]), judge)


def test_every_byte_of_an_evidence_record_counts_or_says_nothing(stamps):
    record = first_record(stamps)
    whole = evidence.verify(record, digests(GROUPS[2]), judge)
    for at in range(0, len(record), 5):
        changed = bytearray(record)
        changed[at] ^= 1 << (at % 8)
        try:
            found = evidence.verify(bytes(changed), digests(GROUPS[2]), judge)
        except ArchiveError:
            continue
        same = [(one.time, one.serial, one.signer) for one in whole.stamps]
        assert [(one.time, one.serial, one.signer) for one in found.stamps] == same
        assert dataclasses.replace(found, stamps=(), first_token=b"") == dataclasses.replace(
            whole, stamps=(), first_token=b""
        )
