"""Suites that pytest runs: pure, sandbox, live, chaos. Counts come from the JUnit file that pytest writes."""

import os
import shlex
import time
import xml.etree.ElementTree as ElementTree

from .child import run_child
from .result import Result

NO_TESTS_COLLECTED = 5


def run_pytest(suite, python, folder, root, *, seconds, narrowed, without=None):
    """Run the tests of a folder.

    :param python: interpreter of the environment to use.
    :param float seconds: the whole run is ended after this time.
    :param bool narrowed: the developer chose tests with PYTEST_ARGS; a folder without a match is fine then.
    :param str without: a folder inside that is left out.
    :return: a ``Result``.
    """
    result = Result(suite)
    report = root / ".env" / "logs" / f"junit-{suite}-{os.getpid()}.xml"
    report.unlink(missing_ok=True)
    arguments = shlex.split(os.environ.get("PYTEST_ARGS", ""))
    started = time.monotonic()
    options = ["-q", "--durations=25", f"--junitxml={report}", *([f"--ignore={without}"] if without else ())]
    command = [python, "-m", "pytest", folder, *options, *arguments]
    code, result.output = run_child(command, root, seconds)
    result.seconds = time.monotonic() - started
    # With the slowest tests, also when all is well
    (report.parent / f"{suite}-suite.log").write_text(result.output)
    if report.exists():
        count(result, ElementTree.parse(report).getroot())
        report.unlink()
    if code is None:
        result.problems.append(f"{suite}: not done within {seconds:g} s")
    elif code == NO_TESTS_COLLECTED and narrowed:
        return result
    elif code and not result.failed:
        result.problems.append(f"{suite}: pytest ended with {code}")
    elif not result.passed + result.failed + result.skipped:
        result.problems.append(f"{suite}: no test was run")
    return result


def count(result, report):
    """Add the counts of a JUnit report to ``result``."""
    for case in report.iter("testcase"):
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            result.failed += 1
        elif skip is not None:
            result.add_skip(f"{case.get('classname')}.{case.get('name')}", skip.get("message", ""))
        else:
            result.passed += 1
