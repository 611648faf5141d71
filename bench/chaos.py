"""`make chaos`: 1,000 documents, four workers, faults and kills mixed in; then each rule of the protocol switched off.

``CHAOS_SEED`` repeats the choices of an earlier run.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WHOLE = {"CHAOS_DOCUMENTS": "1000", "CHAOS_WORKERS": "4"}


def main():
    environment = {**WHOLE, **os.environ}
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-o", "timeout=0"]
    codes = [
        subprocess.run(
            [*command, f"tests/live/chaos/{name}"], cwd=ROOT, env=environment, check=False
        ).returncode
        for name in ("test_chaos.py", "test_chaos_mutations.py")
    ]
    # Killed by a signal is a failure, too
    return max(map(abs, codes))


if __name__ == "__main__":
    sys.exit(main())
