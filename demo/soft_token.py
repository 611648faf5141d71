"""A token in software (SoftHSM2) with a company's key, and the signing agent's configuration for it."""

import base64
import os
import subprocess
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

ROOT = Path(__file__).resolve().parent.parent
LABEL = "demo"
KEY = "company"
FILL = """
import sys
import pkcs11
from pkcs11 import Attribute, ObjectClass
from pkcs11.util.rsa import decode_rsa_private_key
library, label, pin, *certificates = sys.argv[1:]
with pkcs11.lib(library).get_token(token_label=label).open(user_pin=pin, rw=True) as session:
    session.create_object({
        **decode_rsa_private_key(sys.stdin.buffer.read()), Attribute.TOKEN: True, Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.SIGN: True,
    })
    for number, path in enumerate(certificates):
        session.create_object({
            Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.CERTIFICATE_TYPE: 0, Attribute.TOKEN: True,
            Attribute.PRIVATE: False, Attribute.ID: bytes([number]), Attribute.SUBJECT: b"",
            Attribute.VALUE: open(path, "rb").read(),
        })
"""


def environment(folder):
    """:return: the variables of every process that uses the token of ``folder``."""
    return {**os.environ, "SOFTHSM2_CONF": str(folder / "softhsm.conf"), "PYTHONPATH": str(ROOT)}


def make(folder, content, passphrase, pin):
    """Put the key and the certificates of a PKCS#12 on a new token.

    :param Path folder: where the token lies; made.
    :param str content: the PKCS#12, base64.
    :return: Path of the agent's configuration; it listens at ``folder/agent.sock``.
    """
    (folder / "tokens").mkdir(parents=True)
    (folder / "softhsm.conf").write_text(f"directories.tokendir = {folder}/tokens\n")
    library = str(next(Path("/usr/lib").glob("**/libsofthsm2.so")))
    run(
        folder,
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        LABEL,
        "--pin",
        pin,
        "--so-pin",
        pin[::-1],
    )
    parts = pkcs12.load_pkcs12(base64.b64decode(content), passphrase.encode())
    files = []
    for number, one in enumerate((parts.cert, *parts.additional_certs)):
        files.append(folder / f"{number}.der")
        files[-1].write_bytes(one.certificate.public_bytes(serialization.Encoding.DER))
    key = parts.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    run(folder, sys.executable, "-c", FILL, library, LABEL, pin, *files, stdin=key)
    configuration = folder / "agent.toml"
    configuration.write_text(
        f'socket = "{folder}/agent.sock"\n[keys.{KEY}]\nlibrary = "{library}"\ntoken_label = "{LABEL}"\n'
    )
    configuration.chmod(0o600)
    return configuration


def agent(configuration):
    """:return: the command of the signing agent, to be run with :func:`environment` from the project's root."""
    return [sys.executable, "-m", "signing_agent", "--config", str(configuration)]


def run(folder, *command, stdin=b""):
    subprocess.run(
        [str(part) for part in command],
        env=environment(folder),
        input=stdin,
        check=True,
        timeout=60,
        capture_output=True,
    )
