"""Evidence records, seals and time-stamps judged by Bouncy Castle and openssl, which share nothing with our code."""

import hashlib
import subprocess

import pytest

from archive import chain, evidence, timestamps, tree
from tests.pure.archive import bouncy
from tests.pure.archive.authority import Company, StampAuthority, day, root
from tests.pure.signature import judges, pki

OBJECTS = [[b"object %d.%d" % (index, part) for part in range(3)] for index in range(7)]


@pytest.fixture(scope="module")
def stamps():
    return StampAuthority()


def digests(group, algorithm="sha256"):
    return [hashlib.new(algorithm, one).digest() for one in group]


def write(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return path


def test_bouncy_castle_agrees(stamps, tmp_path):
    company = Company()
    entries = tree.Tree([digests(group) for group in OBJECTS])
    statement = chain.statement(
        archive="a", sequence=1, day=day(1).date(), first=1, last=7, root=entries.root, previous=None
    )
    signature = company.sign(statement)
    stamped = chain.stamped_root(entries.root, statement, signature)
    token = stamps.token(stamped, day(2))
    files = [
        [write(tmp_path, f"{i}.{j}", one) for j, one in enumerate(group)] for i, group in enumerate(OBJECTS)
    ]
    seal = [write(tmp_path, "statement", statement), write(tmp_path, "signature", signature)]
    questions, expected = [], []

    def expect(good, *question):
        questions.append(question)
        expected.append("ok" if good else "no")

    for index in range(7):
        path = chain.entry_path(entries, index, statement, signature)
        proof = write(tmp_path, f"{index}.ers", evidence.make(path, token))
        expect(True, "ers", proof, *files[index])
        expect(False, "ers", proof, *files[(index + 1) % 7])
        expect(False, "ers", proof, *files[index][:2])
    proof = evidence.make(chain.seal_path(entries.root, statement, signature), token)
    expect(True, "ers", write(tmp_path, "seal.ers", proof), *seal)
    renewed = evidence.renew(proof, stamps.token(evidence.to_renew(proof)[1], day(9)))
    expect(True, "ers", write(tmp_path, "renewed.ers", renewed), *seal)
    foreign = evidence.renew(proof, stamps.token(bytes(32), day(9)))
    expect(False, "ers", write(tmp_path, "foreign.ers", foreign), *seal)
    group = evidence.to_rehash(renewed, digests([statement, signature], "sha512"), "sha512")
    whole = tree.Tree([group, [bytes(64)]], "sha512")
    rehashed = evidence.rehash(
        renewed, whole.reduced(0), stamps.token(whole.root, day(12), "sha512"), "sha512"
    )
    expect(True, "ers", write(tmp_path, "rehashed.ers", rehashed), *seal)
    expect(False, "ers", tmp_path / "rehashed.ers", *files[0])
    expect(True, "cms", seal[1], seal[0])
    expect(False, "cms", seal[1], files[0][0])
    content = b"content"
    expect(
        True,
        "tst",
        write(tmp_path, "token", stamps.token(hashlib.sha256(content).digest(), day(2))),
        write(tmp_path, "content", content),
    )
    expect(False, "tst", tmp_path / "token", seal[0])
    answers = bouncy.ask(*questions)
    assert [one[:2] for one in answers] == expected, list(zip(questions, answers, strict=True))


@pytest.mark.parametrize("key", ["rsa", "ec"])
def test_openssl_agrees(key, tmp_path):
    authority = StampAuthority(key=pki.ec_key("stamps") if key == "ec" else None)
    data = b"a day's statement"
    token = authority.token(hashlib.sha256(data).digest(), pki.NOW)
    assert timestamps.verify(token, hashlib.sha256(data).digest())
    assert bouncy.openssl_stamp(tmp_path, token, data, root().der)
    assert not bouncy.openssl_stamp(tmp_path, token, data + b".", root().der)


def test_openssl_reads_our_requests(tmp_path):
    digest = hashlib.sha256(b"x").digest()
    asked = write(tmp_path, "request", timestamps.request(digest, nonce=0x1234, policy="2.999.1"))
    shown = subprocess.run(
        [judges.program("openssl"), "ts", "-query", "-in", asked, "-text"],
        capture_output=True,
        text=True,
        timeout=judges.SECONDS,
        check=True,
    ).stdout
    assert "Hash Algorithm: sha256" in shown and "Policy OID: 2.999.1" in shown
    assert "Nonce: 0x1234" in shown and "Certificate required: yes" in shown
