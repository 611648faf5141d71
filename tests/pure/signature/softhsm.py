"""A token in software (SoftHSM) whose key cannot be extracted, and the signing agent that holds it, as a process."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from signature.signers.agent import Agent
from tests.pure.signature import judges, pki

PIN, SO_PIN, LABEL = "471108", "12345678", "essai"

_MAKE_TOKEN = """
import sys
import pkcs11
from pkcs11 import Attribute, ObjectClass
from pkcs11.util.rsa import decode_rsa_private_key
library, label, pin, key, *certificates = sys.argv[1:]
token = pkcs11.lib(library).get_token(token_label=label)
with token.open(user_pin=pin, rw=True) as session:
    session.create_object({
        **decode_rsa_private_key(open(key, "rb").read()), Attribute.LABEL: "signature", Attribute.TOKEN: True,
        Attribute.PRIVATE: True, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.SIGN: True,
    })
    for number, path in enumerate(certificates):
        session.create_object({
            Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.CERTIFICATE_TYPE: 0, Attribute.TOKEN: True,
            Attribute.PRIVATE: False, Attribute.LABEL: str(number), Attribute.ID: bytes([number]),
            Attribute.SUBJECT: b"", Attribute.VALUE: open(path, "rb").read(),
        })
"""


def library():
    return str(next(Path("/usr/lib").glob("**/libsofthsm2.so")))


class Running:
    """A token and an agent that holds it."""

    def __init__(self, folder, **settings):
        self.folder = folder
        self.tokens = folder / "tokens"
        self.tokens.mkdir()
        (folder / "softhsm.conf").write_text(
            f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\n"
        )
        self.environment = {
            **os.environ,
            "SOFTHSM2_CONF": str(folder / "softhsm.conf"),
            "PYTHONPATH": str(judges.ROOT),
        }
        root = pki.Authority("Root")
        self.key, signer = root.signer(matricule="1234567R")
        self.chain = [signer, pki.der(root.certificate)]
        self._make_token()
        self.path = folder / "agent.sock"
        self.settings = settings
        self.extra = []  # more lines of the key's configuration
        self.process = None

    def _make_token(self):
        self._run(
            "softhsm2-util", "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", SO_PIN
        )
        key = self.key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        files = []
        for number, data in enumerate([key, *self.chain]):
            files.append(self.folder / f"{number}.der")
            files[-1].write_bytes(data)
        self._run(sys.executable, "-c", _MAKE_TOKEN, library(), LABEL, PIN, *files)
        files[0].unlink()

    def _run(self, *command):
        subprocess.run(
            [str(part) for part in command],
            env=self.environment,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )

    def door(self):
        """:return: the lines of the configuration that say where the agent listens."""
        return [f'socket = "{self.path}"']

    def start(self):
        lines = [
            *self.door(),
            "[keys.company]",
            f'library = "{library()}"',
            f'token_label = "{LABEL}"',
        ]
        lines += [f"{name} = {value!r}".replace("'", '"') for name, value in self.settings.items()]
        lines += self.extra
        config = self.folder / "agent.toml"
        config.write_text("\n".join(lines))
        config.chmod(0o600)
        self.log = self.folder / "agent.log"
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "signing_agent", "--config", str(config)],
                env=self.environment,
                cwd=judges.ROOT,
                stdout=output,
                stderr=output,
            )
        end = time.monotonic() + 30
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                pytest.fail(self.log.read_text())
            time.sleep(0.02)
        return self

    def _answers(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.path)) == 0

    def stop(self, number=signal.SIGTERM):
        if self.process:
            self.process.send_signal(number)
            self.process.wait(20)
            self.process = None

    def agent(self, session=None, key="company"):
        return Agent(str(self.path), key, session)
