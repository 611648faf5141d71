"""Runs the suites and ends with one line that counts all their tests.

    .env/venv/bin/python scripts/test.py [pure] [odoo] [live]      (what `make test SUITE="…"` does)

pure    pytest: the rooms of the addon (tests/pure) and the sandbox (tests/sandbox, in its own environment)
odoo    the addon's own tests inside Odoo, with a running sandbox; then those that need other applications of Odoo's
live    pytest: real Odoo, cron and sandbox processes and a browser (tests/live); the queue under trouble (tests/live/chaos)

PYTEST_ARGS and ODOO_TAGS narrow what is run. A missing program, a suite without tests, an error in Odoo's log and a test
that skips itself (unless ../shared is not there) are failures.
"""

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "scripts"))

from suites.child import end_all  # noqa: E402
from suites.odoo_suite import ADDON, BESIDE, run_odoo  # noqa: E402
from suites.pytest_suite import run_pytest  # noqa: E402
from suites.result import Result, total  # noqa: E402
from suites.tools import missing_tools  # noqa: E402

from tests.live.harness.database import drop_abandoned  # noqa: E402

ENV_DIR = ROOT / ".env"
PYTHON = ENV_DIR / "venv" / "bin" / "python"
SANDBOX_PYTHON = ENV_DIR / "venv-sandbox" / "bin" / "python"
SUITES = ("pure", "odoo", "live")
# A part of the live suite, for itself
CHAOS = "tests/live/chaos"
# In which they are told
ORDER = ("pure", "sandbox", "odoo", *(f"odoo_{application}" for application in BESIDE), "live", "chaos")
# What ODOO_TAGS is when nobody narrows the suite
EVERYTHING = f"/{ADDON}"
# Seconds after which a suite is ended: together less than what a continuous integration gives
LIMITS = {"pure": 900, "odoo": 2400, "live": 3900}


def main(chosen):
    """:return: the exit code."""
    unknown = [name for name in chosen if name not in SUITES]
    if unknown:
        sys.exit(f"error: there is no suite {' '.join(unknown)}; the suites are: {' '.join(SUITES)}")
    chosen = chosen or list(SUITES)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    (ENV_DIR / "logs").mkdir(parents=True, exist_ok=True)
    forget_old_logs(ENV_DIR / "logs" / "processes")
    started = time.monotonic()

    missing = [f"missing: {tool}" for tool in missing_tools(ROOT, chosen)]
    results = [Result("tools", problems=missing)] if missing else run_suites(chosen)
    bad = [result for result in results if not result.good]
    for result in bad:
        report(result)
    if bad:
        print()
        for result in results:
            print(result.line())
    print(f"whole run: {time.monotonic() - started:.0f} s")
    print(total(results), flush=True)
    return 1 if bad else 0


def forget_old_logs(folder):
    """Remove the logs of processes of earlier runs; those of today stay, another run may be at work."""
    for log in folder.glob("*.log"):
        if time.time() - log.stat().st_mtime > 86400:
            log.unlink(missing_ok=True)


def run_suites(chosen):
    """Run Odoo's tests and then the chaos beside the others, for two cores: the chaos waits more than it computes, and is not
    hurried by a busy machine. The pure ones and the live ones, which measure time, come in turn.

    :return: the results in the order of the suites.
    """
    if set(chosen) & {"odoo", "live"}:
        drop_abandoned()
    chaos = [pytest_job("chaos", CHAOS, LIMITS["live"])] if "live" in chosen else []
    lines = [jobs for jobs in (pytest_jobs(chosen), [*odoo_jobs(chosen), *chaos]) if jobs]
    # Not waited for when the run is interrupted: their processes are killed then
    pool = ThreadPoolExecutor(max_workers=len(lines))
    try:
        done = [pool.submit(run_in_turn, jobs) for jobs in lines]
        for line in as_completed(done):
            line.result()  # what went wrong in it ends the others
        return sorted(
            (result for line in done for result in line.result()), key=lambda r: ORDER.index(r.suite)
        )
    except BaseException:
        end_all()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def pytest_jobs(chosen):
    """:return: list of functions without arguments that give a ``Result``."""
    folders = {"pure": ("pure", "sandbox"), "live": ("live",)}
    return [
        pytest_job(name, f"tests/{name}", LIMITS[suite])
        for suite, names in folders.items()
        if suite in chosen
        for name in names
    ]


def pytest_job(name, folder, seconds):
    """:return: a function without arguments that gives the ``Result`` of the tests of a folder."""
    return partial(
        run_pytest,
        name,
        SANDBOX_PYTHON if name == "sandbox" else PYTHON,
        folder,
        ROOT,
        without=CHAOS if name == "live" else None,
        seconds=seconds,
        narrowed=bool(os.environ.get("PYTEST_ARGS")),
    )


def odoo_jobs(chosen):
    """:return: as ``pytest_jobs``."""
    if "odoo" not in chosen:
        return []
    whole = os.environ.get("ODOO_TAGS", EVERYTHING) == EVERYTHING
    return [
        partial(run_odoo, ROOT, seconds=LIMITS["odoo"], beside=application)
        for application in (None, *(BESIDE if whole else ()))
    ]


def run_in_turn(jobs):
    """:return: the results, each printed when it is there."""
    results = []
    for job in jobs:
        results.append(job())
        print(results[-1].line(), flush=True)
    return results


def report(result):
    """Print the whole output of a suite that failed."""
    print(f"\n{'=' * 30} {result.suite} {'=' * 30}")
    print(result.output.rstrip())
    for problem in result.problems:
        print(f"FAILED {problem}")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
