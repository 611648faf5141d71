"""A token in software (SoftHSM), its key not extractable, and the signing agent that holds it, as a process."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from .common_flow import TnEdiFlowCommon

PROJECT = Path(__file__).resolve().parents[2]
LABEL = "essai"
FILL_TOKEN = """
import sys
import pkcs11
from pkcs11 import Attribute, ObjectClass
from pkcs11.util.rsa import decode_rsa_private_key
library, label, pin, key, *certificates = sys.argv[1:]
with pkcs11.lib(library).get_token(token_label=label).open(user_pin=pin, rw=True) as session:
    session.create_object({
        **decode_rsa_private_key(open(key, "rb").read()), Attribute.TOKEN: True, Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.SIGN: True,
    })
    for number, path in enumerate(certificates):
        session.create_object({
            Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.CERTIFICATE_TYPE: 0, Attribute.TOKEN: True,
            Attribute.PRIVATE: False, Attribute.ID: bytes([number]), Attribute.SUBJECT: b"",
            Attribute.VALUE: open(path, "rb").read(),
        })
"""


class TokenCase(TnEdiFlowCommon):
    """The key of the base class's certificate lies on the token; ``start_agent`` starts the agent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(tempfile.mkdtemp(prefix="agent"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.pin = f"{secrets.randbelow(10**8):08d}"
        cls.environment = {
            **os.environ,
            "SOFTHSM2_CONF": str(cls.folder / "softhsm.conf"),
            "PYTHONPATH": str(PROJECT),
        }
        cls.library = str(next(Path("/usr/lib").glob("**/libsofthsm2.so")))
        (cls.folder / "tokens").mkdir()
        (cls.folder / "softhsm.conf").write_text(f"directories.tokendir = {cls.folder}/tokens\n")
        cls.run_program(
            "softhsm2-util",
            "--init-token",
            "--free",
            "--label",
            LABEL,
            "--pin",
            cls.pin,
            "--so-pin",
            "12345678",
        )
        content = pkcs12.load_pkcs12(cls.pkcs12, cls.passphrase.encode())
        parts = [
            content.key.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        ]
        for one in (content.cert, *content.additional_certs):
            parts.append(one.certificate.public_bytes(serialization.Encoding.DER))
        files = []
        for number, part in enumerate(parts):
            files.append(cls.folder / f"{number}.der")
            files[-1].write_bytes(part)
        cls.run_program(sys.executable, "-c", FILL_TOKEN, cls.library, LABEL, cls.pin, *files)
        files[0].unlink()

    @classmethod
    def run_program(cls, *command):
        subprocess.run(
            [str(one) for one in command], env=cls.environment, check=True, timeout=60, capture_output=True
        )

    def start_agent(self, door, listens, **settings):
        """Start the agent and wait for it.

        :param door: the lines of its configuration that say where it listens.
        :param listens: a function that says whether it does, given its log.
        :param settings: more settings of the key.
        """
        lines = [
            *door,
            "[keys.company]",
            f'library = "{self.library}"',
            f'token_label = "{LABEL}"',
            *(f"{name} = {json.dumps(value, default=str)}" for name, value in settings.items()),
        ]
        configuration = self.folder / "agent.toml"
        configuration.write_text("\n".join(lines))
        configuration.chmod(0o600)
        self.agent_log = self.folder / "agent.log"
        with self.agent_log.open("wb") as log:
            self.agent = subprocess.Popen(
                [sys.executable, "-m", "signing_agent", "--config", str(configuration)],
                env=self.environment,
                cwd=PROJECT,
                stdout=log,
                stderr=log,
            )
        self.addCleanup(self.end, self.agent)
        end = time.monotonic() + 30
        while not listens(self.agent_log.read_text()):
            if time.monotonic() > end or self.agent.poll() is not None:
                raise AssertionError(self.agent_log.read_text())
            time.sleep(0.05)

    def stop_agent(self):
        self.end(self.agent)

    @staticmethod
    def end(process):
        process.terminate()
        process.wait(20)
