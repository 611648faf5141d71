"""Paths to trusted authorities: built, refused for the right reason, and judged as openssl judges them."""

import subprocess
from datetime import timedelta

import pytest
from cryptography import x509

from signature import certificates, trust, verify
from teif.foreign import parse_foreign_xml
from tests.pure.signature import judges, pki

ROOT = pki.Authority("Trust Root")
MIDDLE = pki.Authority("Trust Middle", parent=ROOT, path_length=1)
ISSUING = pki.Authority("Trust Issuing", parent=MIDDLE, path_length=0)
OTHERS = [MIDDLE.der, ISSUING.der]


def codes(path):
    return [one.code for one in path.problems]


def openssl_trusts(folder, signer, others, anchors, at):
    """:return: what `openssl verify` says of the same question."""

    def pem(name, chain):
        (folder / name).write_bytes(certificates.to_pem(chain))
        return folder / name

    command = [
        judges.program("openssl"),
        "verify",
        "-attime",
        str(int(at.timestamp())),
        "-no-CApath",
        "-no-CAstore",
    ]
    command += ["-CAfile", pem("anchors.pem", anchors)]
    if others:
        command += ["-untrusted", pem("others.pem", others)]
    done = subprocess.run(
        [*command, pem("signer.pem", [signer])], capture_output=True, timeout=60, check=False
    )
    return done.returncode == 0


@pytest.fixture
def judged(tmp_path):
    """Our path, after openssl has said the same of it."""

    def judge(signer, others=OTHERS, anchors=(ROOT.der,), at=pki.NOW):
        path = trust.build_path(signer, others, anchors, at)
        assert path.trusted is openssl_trusts(tmp_path, signer, others, anchors, at), codes(path)
        return path

    return judge


def test_a_chain_of_four(judged):
    _key, signer = ISSUING.signer("Trusted")
    path = judged(signer)
    assert path.trusted
    assert path.chain == (signer, ISSUING.der, MIDDLE.der, ROOT.der)


def test_order_and_strangers_among_the_others_do_not_matter(judged):
    _key, signer = ISSUING.signer("Trusted")
    stranger = pki.Authority("Stranger CA").der
    path = judged(signer, others=[stranger, ROOT.der, MIDDLE.der, ISSUING.der, signer])
    assert path.trusted
    assert trust.build_path(signer, [b"junk", *OTHERS], [ROOT.der], pki.NOW).trusted


def test_a_missing_link(judged):
    _key, signer = ISSUING.signer("Trusted")
    path = judged(signer, others=[MIDDLE.der])
    assert not path.anchored
    assert codes(path) == ["trust.no_anchor"]
    assert "Trust Issuing" in path.problems[0].message


def test_a_foreign_authority(judged):
    stranger = pki.Authority("Stranger CA")
    _key, signer = stranger.signer("Foreign")
    path = judged(signer, others=[stranger.der])
    assert codes(path) == ["trust.no_anchor"]
    assert path.chain == (signer, stranger.der)


def test_an_authority_of_the_same_name_and_another_key(judged):
    impostor = pki.Authority("Trust Root", key=pki.rsa_key("impostor root"))
    _key, signer = impostor.signer("Forged")
    assert codes(judged(signer, others=[impostor.der])) == ["trust.no_anchor"]


def test_without_anchors_nothing_is_trusted():
    _key, signer = ISSUING.signer("Trusted")
    assert not trust.build_path(signer, [*OTHERS, ROOT.der], [], pki.NOW).trusted
    assert not trust.build_path(ROOT.der, [], [], pki.NOW).trusted


def test_an_authority_in_the_middle_can_be_the_anchor():
    _key, signer = ISSUING.signer("Trusted")
    path = trust.build_path(signer, [], [ISSUING.der], pki.NOW)
    assert path.trusted
    assert path.chain == (signer, ISSUING.der)


def test_dates(judged):
    _key, signer = ISSUING.signer("Dated")
    day = timedelta(days=1)
    assert codes(judged(signer, at=pki.NOW + pki.YEAR + day)) == ["certificate.expired"]
    assert codes(judged(signer, at=pki.NOW - pki.YEAR - day)) == ["certificate.not_yet_valid"]
    short = pki.Authority("Short", parent=ROOT, before=pki.NOW - 3 * day, after=pki.NOW - day)
    _key, signer = short.signer("Under an expired authority")
    assert codes(judged(signer, others=[short.der])) == ["certificate.expired"]
    assert codes(judged(signer, others=[short.der], at=pki.NOW - 2 * day)) == []


def test_a_signer_is_no_authority(judged):
    """The attack of 2002: a genuine end certificate used to issue others."""
    key, leaf = ISSUING.signer("Leaf")
    rogue = pki.Authority.__new__(pki.Authority)
    rogue.name, rogue.key, rogue.serials = certificates.load(leaf).subject, key, 1
    _key, forged = rogue.signer("Forged")
    found = codes(judged(forged, others=[leaf, *OTHERS]))
    assert found[:2] == ["trust.not_authority", "trust.key_usage"]


def test_an_authority_without_constraints():
    old = pki.Authority("No constraints", parent=ROOT, constraints=False)
    _key, signer = old.signer("Under it")
    assert codes(trust.build_path(signer, [old.der], [ROOT.der], pki.NOW)) == ["trust.not_authority"]


def test_an_authority_that_may_not_issue(judged):
    odd = pki.Authority("Signs lists only", parent=ROOT, usage=("crl_sign",))
    _key, signer = odd.signer("Under it")
    assert codes(judged(signer, others=[odd.der])) == ["trust.key_usage"]


def test_path_length(judged):
    deeper = pki.Authority("One too deep", parent=ISSUING)
    _key, signer = deeper.signer("Under it")
    path = judged(signer, others=[*OTHERS, deeper.der])
    assert codes(path) == ["trust.path_length", "trust.path_length"]
    assert [one.params["holder"] for one in path.problems] == ["Trust Issuing", "Trust Middle"]


def test_unknown_critical_extensions(judged):
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    _key, signer = ISSUING.signer("Odd", extensions=((unknown, True),))
    path = judged(signer)
    assert codes(path) == ["trust.critical_extension"]
    assert path.problems[0].params["extension"] == "1.2.3.4"
    _key, signer = ISSUING.signer("Odd", extensions=((unknown, False),))
    assert codes(judged(signer)) == []


def test_name_constraints_are_not_passed_over():
    constraints = x509.NameConstraints([x509.DirectoryName(pki.subject("Only this"))], None)
    narrow = pki.Authority("Narrow", parent=ROOT, extensions=((constraints, True),))
    _key, signer = narrow.signer("Outside of it")
    assert codes(trust.build_path(signer, [narrow.der], [ROOT.der], pki.NOW)) == ["trust.critical_extension"]


def test_weak_signatures():
    _key, signer = ROOT.signer("Weak")
    path = trust.build_path(pki.weakened(signer, ROOT.key), [], [ROOT.der], pki.NOW)
    assert codes(path)[0] == "trust.weak_signature"
    assert not path.trusted
    # How an anchor is signed says nothing: it is trusted as it is
    assert trust.build_path(signer, [], [pki.weakened(ROOT.der, ROOT.key)], pki.NOW).trusted


def test_small_keys():
    small = pki.Authority("Small", parent=ROOT, key=pki.rsa_key("small", 1024))
    _key, signer = small.signer("Under it")
    assert codes(trust.build_path(signer, [small.der], [ROOT.der], pki.NOW)) == ["key.too_small"]


def test_cross_certificates_find_the_trusted_way():
    """One authority, two certificates: a renewed one from the trusted root, an old one from another root."""
    elsewhere = pki.Authority("Old Root")
    key = pki.rsa_key("crossed")
    new = pki.Authority("Crossed", parent=ROOT, key=key)
    old = pki.Authority("Crossed", parent=elsewhere, key=key)
    expired = pki.Authority(
        "Crossed", parent=ROOT, key=key, before=pki.NOW - 2 * pki.YEAR, after=pki.NOW - pki.YEAR
    )
    _key, signer = new.signer("Crossed signer")
    for others in ([old.der, expired.der, new.der], [new.der, old.der, expired.der], [expired.der, new.der]):
        path = trust.build_path(signer, [*others, elsewhere.der], [ROOT.der], pki.NOW)
        assert path.trusted
        assert path.chain == (signer, new.der, ROOT.der)


def test_many_certificates_of_one_name_do_not_take_for_ever():
    """Each of them issued each other: the number of ways is bounded."""
    key = pki.rsa_key("mesh")
    mesh = [pki.Authority("Mesh", key=key, path_length=number) for number in range(12)]
    _key, signer = mesh[0].signer("Under them")
    path = trust.build_path(signer, [one.der for one in mesh], [ROOT.der], pki.NOW)
    assert not path.trusted


def test_unreadable_certificates():
    _key, signer = ISSUING.signer("Trusted")
    with pytest.raises(ValueError, match="cannot be read"):
        trust.build_path(b"x", [], [ROOT.der], pki.NOW)
    with pytest.raises(ValueError, match="cannot be read"):
        trust.build_path(signer, [], [b"x"], pki.NOW)


def test_tunisias_own_chain(shared, judged):
    """The signers of TTN's example, at the time they signed, under the national root found in it."""
    root = parse_foreign_xml((shared / "ttn/examples/exemple_signe_elfatoora.xml").read_bytes())
    supplier, ttn = verify.verify(root)
    national = supplier.chain[-1]
    for report in (supplier, ttn):
        path = judged(
            report.signer_der, others=list(supplier.chain[1:3]), anchors=[national], at=report.signing_time
        )
        assert path.trusted
        assert len(path.chain) == 4
        assert codes(judged(report.signer_der, supplier.chain[1:3], [national], pki.NOW)) == [
            "certificate.expired"
        ]
