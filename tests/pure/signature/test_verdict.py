"""Point by point: what speaks for a signature and what against it, and the checker that prints it."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest

from signature import certificates, profile, revocation, trust, verdict, verify
from teif.foreign import parse_foreign_xml
from tests.pure.signature import judges, pki

CHECKER = judges.ROOT / "bin" / "teif-check"


def points(signed, path=None, status=None, **expected):
    [report] = verify.verify(parse_foreign_xml(signed), **expected)
    return {one.code.partition(".")[2]: one.met for one in verdict.verdict(report, path, status)}


def path_of(signer, *anchors):
    return trust.build_path(signer.chain[0], signer.chain, anchors, pki.NOW)


def status_of(state, revoked_at=None):
    return revocation.Status("ocsp", state, pki.NOW, pki.NOW + timedelta(hours=1), revoked_at)


def test_everything_is_met(signer, signed):
    found = points(signed, path_of(signer, signer.root), status_of("good"))
    assert {name for name, met in found.items() if met is not True} == set()
    assert list(found)[:3] == ["content", "properties", "value"]


def test_what_was_not_looked_at_is_not_missed(signed):
    found = points(signed)
    assert {name for name, met in found.items() if met is None} == {"chain", "revocation"}
    assert points(signed, status=status_of("unknown"))["revocation"] is None


@pytest.mark.parametrize(
    ("missed", "before", "after"),
    [
        ("content", b">18.500<", b">18.501<"),
        ("properties", b"Fournisseur", b"Gerant"),
        ("value", b'Id="r-id-frs" Type=""', b'Id="r-id-frx" Type=""'),
        ("structure", b"<InvoiceBody>", b'<InvoiceBody a:Id="SigFrs" xmlns:a="urn:a">'),
    ],
)
def test_what_was_altered_is_named(signed, missed, before, after):
    assert before in signed
    found = points(signed.replace(before, after, 1))
    assert found[missed] is False
    assert found["structure"] is False


def test_a_signature_that_cannot_be_read(signed):
    found = points(signed.replace(b"<ds:KeyInfo>", b"<ds:KeyInfo><evil/>"))
    assert not any(found.values())


def test_the_chain(authority, signer, signed):
    other = pki.Authority("Other Root")
    assert points(signed, path_of(signer, other.der))["chain"] is False


def test_the_revocation(signed):
    [report] = verify.verify(parse_foreign_xml(signed))
    earlier, later = report.signing_time - timedelta(days=1), report.signing_time + timedelta(days=1)
    assert points(signed, status=status_of("revoked", earlier))["revocation"] is False
    assert points(signed, status=status_of("revoked", later))["revocation"] is True
    assert points(signed, status=status_of("revoked"))["revocation"] is False


def test_a_certificate_that_was_over(authority, signer, document):
    key, certificate = authority.signer(before=pki.NOW - 2 * pki.YEAR, after=pki.NOW - pki.YEAR)
    found = points(type(signer)(key, [certificate, authority.der], signer.root).sign(document))
    assert found["validity"] is False
    assert found["content"] is True


def test_the_profile_is_that_of_the_day(signer, document):
    old = signer.sign(document, demanded=profile.V2_2020, when=pki.NOW.replace(year=2026, month=1, day=15))
    new = signer.sign(document, demanded=profile.V2_2020, when=pki.NOW.replace(year=2026, month=7, day=15))
    missed = [{name for name, met in points(one).items() if met is False} for one in (old, new)]
    assert "policy_oid" not in missed[0]
    assert {"policy_oid", "policy_hash", "policy_uri", "role"} <= missed[1]
    asked = []
    points(new, expected=lambda name, time: asked.append((name, time.month)) or profile.V2_2020)
    assert asked == [("SigFrs", 7)]


def test_the_checker_says_it(signer, signed, tmp_path):
    file, anchors = tmp_path / "signed.xml", tmp_path / "anchors.pem"
    file.write_bytes(signed)
    anchors.write_bytes(certificates.to_pem([signer.root]))

    def run(*arguments):
        command = [sys.executable, str(CHECKER), *map(str, arguments), str(file)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    [found] = json.loads(run("--json", "--anchors", anchors).stdout)["signatures"]
    said = {one["code"]: one["met"] for one in found["points"]}
    assert said["profile.chain"] is True
    assert said["profile.revocation"] is None
    assert found["signed_at"]
    shown = run("--points").stdout
    assert "met: Policy identifier: urn:2.16.788.1.2.1.3" in shown
    assert "not looked at: The certificate leads to a trusted authority" in shown
    assert "MISSED" not in shown
    file.write_bytes(signed.replace(b">Fournisseur<", b">Gerant<"))
    assert "MISSED: Claimed role: Gerant, expected Fournisseur" in run().stdout
    assert run("--anchors", file).returncode == 2
