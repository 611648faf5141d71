"""The suite inside Odoo: a clone of the template database, the addon installed with its tests, one log to read."""

import os
import re
import shutil
import time

from tests.live.harness import database as databases
from tests.live.harness.processes import ENV_DIR, SCRIPTS, HarnessError, free_port
from tests.live.harness.sandbox import Sandbox

from .child import run_child
from .result import Result

ADDON = "l10n_tn_edi_ttn"
# Odoo's applications that the addon does not require: what is installed, and the tests that need them
BESIDE = {
    "apps": (
        "website_sale,payment_demo,pos_discount",
        f"/{ADDON}_sale,/{ADDON}_website_sale,/{ADDON}_pos,/{ADDON}:TestKinds,/{ADDON}:TestStamp",
    ),
}
# Where the tests of the addon find the running sandbox: the path of its ready file
SANDBOX_VARIABLE = "L10N_TN_EDI_TEST_SANDBOX"

_LINE = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ \d+ (?P<level>[A-Z]+) \S+ (?P<logger>[\w.]+): (?P<text>.*)$")
_COUNT = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests when loading database")
_SKIP = re.compile(r"^skipped (?P<test>.+?) : (?P<reason>.*)$")
_TEST_OUTCOME = re.compile(r"^(FAIL|ERROR): ")
_REPORT = "odoo.tests.result"


def run_odoo(root, *, seconds, beside=None):
    """Run the addon's own tests (``ODOO_TAGS`` narrows them, ``KEEP_DB=1`` keeps the database).

    :param float seconds: the run is ended after this time.
    :param str beside: a key of :data:`BESIDE`: only the tests that need these applications, with them installed.
    :return: a ``Result``.
    """
    name = f"odoo_{beside}" if beside else "odoo"
    result = Result(name)
    database = f"test_odoo_{os.getpid()}" + (f"_{beside}" if beside else "")
    applications, tags = BESIDE.get(beside) or (None, os.environ.get("ODOO_TAGS") or f"/{ADDON}")
    modules = f"{ADDON},{applications}" if applications else ADDON
    state = ENV_DIR / "run" / f"sandbox-{database}"
    started = time.monotonic()
    try:
        # A verdict after a second: the tests wait for it
        with Sandbox(state, "--verdict-delay", "1") as sandbox:
            databases.clone(databases.TEMPLATE, database)
            port = free_port()
            databases.set_parameter(database, "report.url", f"http://127.0.0.1:{port}")
            command = [SCRIPTS / "odoo", "server", "-d", database, "-i", modules, "--stop-after-init"]
            command += ["--http-port", port, "--test-tags", tags]
            code, log = run_child(command, root, seconds, {SANDBOX_VARIABLE: str(sandbox.ready_file)})
        (ENV_DIR / "logs" / f"{name}-suite.log").write_text(log)
        read_log(result, log)
        if code is None:
            result.problems.append(f"{name}: not done within {seconds:g} s")
        elif code and result.good:
            result.problems.append(f"{name}: the server ended with {code}")
    except HarnessError as error:
        result.problems.append(f"{name}: {error}")
    finally:
        if not os.environ.get("KEEP_DB"):
            databases.drop(database)
        shutil.rmtree(state, ignore_errors=True)
    result.seconds = time.monotonic() - started
    return result


def read_log(result, log):
    """Fill ``result`` from the log of a test run of Odoo.

    An error that no test expected counts as a failure: the installation's, a scheduled action's, a controller's.
    """
    counts = None
    shown = []
    block_is_shown = False
    for line in log.splitlines():
        match = _LINE.match(line)
        if not match:
            if block_is_shown:
                shown.append(line)
            continue
        text = match["text"]
        block_is_shown = match["level"] in ("ERROR", "CRITICAL")
        if match["logger"] == _REPORT and (found := _COUNT.search(text)):
            counts = [int(number) for number in found.groups()]
            block_is_shown = False
        elif block_is_shown and not _TEST_OUTCOME.match(text):
            result.problems.append(f"odoo: an error in the log: {text}")
        elif skip := _SKIP.match(text):
            result.add_skip(skip["test"], skip["reason"])
        if block_is_shown:
            shown.append(line)
    if counts is None:
        result.problems.append("odoo: the log has no result of a test run")
        result.output = log
        return
    failures, errors, run = counts
    result.failed = failures + errors
    skips = sum(1 for line in log.splitlines() if (match := _LINE.match(line)) and _SKIP.match(match["text"]))
    # A class whose set-up failed counts as an error but not as a test
    result.passed = max(0, run - result.failed - skips)
    if not run:
        result.problems.append("odoo: no test was run")
    result.output = "\n".join(shown)
