"""Runs the suites and ends with one line that counts all their tests.

    .env/venv/bin/python scripts/test.py [pure] [odoo] [live]      (what `make test SUITE="…"` does)

pure    pytest: the rooms of the addon (tests/pure) and the sandbox (tests/sandbox, in its own environment)
odoo    the addon's own tests inside Odoo, with a running sandbox; then those that need other applications of Odoo's
live    pytest: real Odoo, cron and sandbox processes and a browser (tests/live)

PYTEST_ARGS and ODOO_TAGS narrow what is run. A missing program, a suite without tests, an error in Odoo's log and a test
that skips itself (unless ../shared is not there) are failures.
"""

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
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
# What ODOO_TAGS is when nobody narrows the suite
EVERYTHING = f"/{ADDON}"
# Seconds after which a suite is ended: together less than what a continuous integration gives
LIMITS = {"pure": 1500, "odoo": 1800, "live": 1800}


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
    """Run the pure tests beside Odoo's (two cores), then the live ones alone: those measure time.

    :return: the results in the order of the suites.
    """
    narrowed = bool(os.environ.get("PYTEST_ARGS"))
    if set(chosen) & {"odoo", "live"}:
        drop_abandoned()
    jobs = []
    # Not waited for when the run is interrupted: their processes are killed then
    pool = ThreadPoolExecutor(max_workers=3)
    try:
        if "pure" in chosen:
            limits = {"seconds": LIMITS["pure"], "narrowed": narrowed}
            jobs.append(pool.submit(run_pytest, "pure", PYTHON, "tests/pure", ROOT, **limits))
            jobs.append(pool.submit(run_pytest, "sandbox", SANDBOX_PYTHON, "tests/sandbox", ROOT, **limits))
        if "odoo" in chosen:
            jobs.append(pool.submit(run_odoo, ROOT, seconds=LIMITS["odoo"]))
            if os.environ.get("ODOO_TAGS", EVERYTHING) == EVERYTHING:
                jobs += [
                    pool.submit(run_odoo, ROOT, seconds=LIMITS["odoo"], beside=applications)
                    for applications in BESIDE
                ]
        for job in as_completed(jobs):
            print(job.result().line(), flush=True)
        results = [job.result() for job in jobs]
        if "live" in chosen:
            live = run_pytest("live", PYTHON, "tests/live", ROOT, seconds=LIMITS["live"], narrowed=narrowed)
            print(live.line(), flush=True)
            results.append(live)
    except BaseException:
        end_all()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
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
