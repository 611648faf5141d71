"""A thousand signatures through the signing agent in one session, beside a bare loop of C_Sign on the same token.

The token is SoftHSM with a key that cannot be extracted. Both sides take turns; the best turn of each counts, in seconds of
wall time, because the work is done in other processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "l10n_tn_edi_ttn"))

from signature.problems import SignerError  # noqa: E402
from signature.signers.agent import Agent  # noqa: E402
from signature.xades import Prepared  # noqa: E402

COUNT, TURNS, PIN, LABEL = 1000, 3, "471108", "bench"
#: The socket and JSON on top of the token's own work.
LIMIT = 1.5
_TEXT = b'<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">' + b"x" * 1400
_BARE = """
import sys, time
import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
library, label, pin, count, action = sys.argv[1:]
with pkcs11.lib(library).get_token(token_label=label).open(user_pin=pin, rw=True) as session:
    if action == "make":
        session.generate_keypair(KeyType.RSA, 2048, store=True, private_template={Attribute.EXTRACTABLE: False})
    else:
        [key] = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
        start = time.perf_counter()
        for _number in range(int(count)):
            key.sign(b"x" * 1461, mechanism=Mechanism.SHA256_RSA_PKCS)
        sys.stdout.write(str(time.perf_counter() - start))
"""


def measure() -> dict:
    """Seconds for :data:`COUNT` signatures on both sides, and the ratio."""
    library = str(next(Path("/usr/lib").glob("**/libsofthsm2.so")))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tokens").mkdir()
        (folder / "softhsm.conf").write_text(f"directories.tokendir = {folder}/tokens\n", encoding="utf-8")
        environment = {**os.environ, "SOFTHSM2_CONF": str(folder / "softhsm.conf"), "PYTHONPATH": str(ROOT)}

        def run(*command: str) -> str:
            return subprocess.run(
                command, env=environment, check=True, capture_output=True, text=True, timeout=300
            ).stdout

        run("softhsm2-util", "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "12345678")
        bare = (sys.executable, "-c", _BARE, library, LABEL, PIN, str(COUNT))
        run(*bare, "make")
        config = folder / "agent.toml"
        config.write_text(
            f'socket = "{folder}/agent.sock"\n[keys.bench]\nlibrary = "{library}"\ntoken_label = "{LABEL}"\n',
            encoding="utf-8",
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "signing_agent", "--config", str(config)],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            agent = Agent(f"{folder}/agent.sock", "bench")
            _wait(agent)
            texts = [Prepared(_TEXT, b"", "", {})] * COUNT
            ours, floor = [], []
            for _turn in range(TURNS):
                floor.append(float(run(*bare, "sign")))
                session = Agent(agent.path, agent.key, agent.open(PIN, COUNT, 10))
                start = time.perf_counter()
                values = list(session.sign_all(texts))
                ours.append(time.perf_counter() - start)
                if not all(isinstance(value, bytes) for value in values):
                    raise RuntimeError(f"the agent did not sign: {values[0]}")
        finally:
            process.terminate()
            process.wait(20)
    ratio = min(ours) / min(floor)
    return {
        "signatures": COUNT,
        "unit": "seconds, best of all turns",
        "agent": round(min(ours), 3),
        "c_sign": round(min(floor), 3),
        "ratio": round(ratio, 2),
        "limit": LIMIT,
        "within_limit": ratio <= LIMIT,
    }


def show(result: dict) -> None:
    """Print the result for people."""
    print(
        f"signing agent: {result['signatures']} signatures in {result['agent']} s, bare C_Sign {result['c_sign']} s, "
        f"ratio {result['ratio']} (limit {result['limit']})"
    )


def _wait(agent: Agent) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            agent.status()
            return
        except SignerError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


if __name__ == "__main__":
    show(measure())
