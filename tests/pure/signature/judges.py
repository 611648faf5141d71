"""Verifiers that share no code with ours: the programs xmlsec1 and openssl, and signxml in the sandbox's environment."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from signature import certificates

ROOT = Path(__file__).resolve().parents[3]
XADES = "http://uri.etsi.org/01903/v1.3.2#"
SECONDS = 60


def program(name):
    found = shutil.which(name)
    if not found:
        pytest.fail(f"the program {name} is needed: `make setup` installs it")
    return found


class Xmlsec:
    """The program xmlsec1, which evaluates the XPath transforms for real and builds the chain from KeyInfo."""

    def __init__(self, folder):
        self.folder = folder
        self.program = program("xmlsec1")

    def verify(self, signed, trusted):
        """:return: whether the document's (first) signature holds and its chain ends at ``trusted`` (DER)."""
        document, anchor = self.folder / "signed.xml", self.folder / "anchor.pem"
        document.write_bytes(signed)
        anchor.write_bytes(certificates.to_pem([trusted]))
        done = subprocess.run(
            [
                self.program,
                "--verify",
                "--id-attr:Id",
                f"{XADES}:SignedProperties",
                "--trusted-pem",
                anchor,
                document,
            ],
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        return done.returncode == 0


class Signxml:
    """signxml's XAdES verifier, taught TTN's filters, as a program in the sandbox's environment."""

    def __init__(self, folder):
        self.folder = folder
        self.python = os.environ.get("SANDBOX_PYTHON") or ROOT / ".env/venv-sandbox/bin/python"
        if not Path(self.python).exists():
            pytest.fail("the sandbox's environment is needed: `make setup` makes it")

    def verify(self, signed, trusted, at=None):
        """:return: the judge's answer: ``{"valid": bool, "reason": text}``."""
        document, anchor = self.folder / "signed.xml", self.folder / "anchor.pem"
        document.write_bytes(signed)
        anchor.write_bytes(certificates.to_pem([trusted]))
        command = [
            str(self.python),
            str(Path(__file__).with_name("judge_signxml.py")),
            str(document),
            str(anchor),
        ]
        if at is not None:
            command.append(at.isoformat())
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)
        return json.loads(done.stdout)


def openssl_verifies(folder, certificate, signed_info, value):
    """:return: whether openssl finds ``value`` to be the RSA SHA-256 signature of ``signed_info`` with a DER certificate."""
    openssl = program("openssl")
    (folder / "certificate.der").write_bytes(certificate)
    (folder / "value").write_bytes(value)
    (folder / "signed").write_bytes(signed_info)
    key = subprocess.run(
        [openssl, "x509", "-inform", "DER", "-in", folder / "certificate.der", "-pubkey", "-noout"],
        capture_output=True,
        timeout=SECONDS,
        check=True,
    )
    (folder / "key.pem").write_bytes(key.stdout)
    done = subprocess.run(
        [
            openssl,
            "dgst",
            "-sha256",
            "-verify",
            folder / "key.pem",
            "-signature",
            folder / "value",
            folder / "signed",
        ],
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode == 0
