"""What the suites need on the machine. Whatever is not there is a failure: a test that skips itself proves nothing."""

import shutil
import subprocess
from pathlib import Path

PROGRAMS = {
    "chromium": "Chromium (Debian package: chromium)",
    "wkhtmltopdf": "wkhtmltopdf (Debian package: wkhtmltopdf)",
    "softhsm2-util": "SoftHSM (Debian package: softhsm2)",
    "xmlsec1": "xmlsec1 (Debian package: xmlsec1)",
    "pdftotext": "poppler's tools (Debian package: poppler-utils)",
    "openssl": "openssl (Debian package: openssl)",
}


def missing_tools(root, suites):
    """:return: what is missing for the chosen suites, one sentence each."""
    missing = [text for program, text in PROGRAMS.items() if not shutil.which(program)]
    if not any(Path("/usr/lib").glob("**/libsofthsm2.so")):
        missing.append("the token library libsofthsm2.so (Debian package: softhsm2)")
    if not any(Path("/usr/lib").glob("**/libfaketimeMT.so.1")):
        missing.append("libfaketime (Debian package: libfaketime)")
    for venv, modules in {
        "venv": "pytest, hypothesis, lxml, cryptography, zeep",
        "venv-sandbox": "pytest, hypothesis, lxml, cryptography, signxml, xmlschema",
    }.items():
        if not can_import(root / ".env" / venv / "bin" / "python", modules):
            missing.append(f"Python packages in .env/{venv}: {modules} (make setup)")
    if set(suites) & {"odoo", "live"}:
        if not can_import(root / ".env" / "venv" / "bin" / "python", "websocket, psycopg2"):
            missing.append("Python packages in .env/venv: websocket-client, psycopg2 (make setup)")
        status = subprocess.run([root / "scripts" / "pg", "status"], capture_output=True, check=False)
        if status.returncode:
            missing.append("a running database cluster (make setup)")
    return missing


def can_import(python, modules):
    """:return: whether an interpreter is there and can import them."""
    if not python.exists():
        return False
    return not subprocess.run(
        [python, "-c", f"import {modules}"], capture_output=True, check=False
    ).returncode
