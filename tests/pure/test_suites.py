"""The runner's own judgement: what it makes of Odoo's log and of pytest's report."""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from suites.odoo_suite import read_log
from suites.pytest_suite import count
from suites.result import Result, total

STAMP = "2026-01-15 10:00:00,000 4242"


def line(level, logger, text):
    return f"{STAMP} {level} some_db {logger}: {text}"


def read(*lines):
    result = Result("odoo")
    read_log(result, "\n".join(lines))
    return result


END = line("INFO", "odoo.tests.result", "0 failed, 0 error(s) of 12 tests when loading database 'some_db'")


def test_all_passed():
    result = read(line("WARNING", "odoo.tools.config", "unknown option 'x'"), END)
    assert result.good
    assert total([result]) == "tests: 12 passed, 0 failed, 0 skipped"


def test_failures_are_counted_once_and_shown_in_full():
    result = read(
        line("ERROR", "odoo.addons.x.tests.test_y", "FAIL: TestY.test_a"),
        "Traceback (most recent call last):",
        "AssertionError: 1 != 2",
        line("INFO", "odoo.addons.x", "goes on"),
        line(
            "ERROR", "odoo.tests.result", "1 failed, 1 error(s) of 12 tests when loading database 'some_db'"
        ),
    )
    assert (result.passed, result.failed, result.problems) == (10, 2, [])
    assert "AssertionError: 1 != 2" in result.output
    assert "goes on" not in result.output


@pytest.mark.parametrize("level", ["ERROR", "CRITICAL"])
def test_error_that_no_test_expected_is_a_failure(level):
    result = read(line(level, "odoo.sql_db", "bad query: SELECT 1"), END)
    assert not result.good
    assert total([result]) == "tests: 12 passed, 1 failed, 0 skipped"


def test_no_test_and_no_result_are_failures():
    none = END.replace("of 12 tests", "of 0 tests")
    assert not read(none).good
    assert not read(line("INFO", "odoo.modules.loading", "Modules loaded.")).good


def test_skip_is_a_failure_unless_the_reference_material_is_missing():
    allowed = line("INFO", "odoo.addons.x.tests.test_y", "skipped TestY.test_a : skipped: no ../shared")
    assert total([read(allowed, END)]) == "tests: 11 passed, 0 failed, 1 skipped"
    hidden = line("INFO", "odoo.addons.x.tests.test_y", "skipped TestY.test_a : Chrome executable not found")
    assert not read(hidden, END).good


def test_counts_of_pytest():
    report = """<testsuites><testsuite>
        <testcase classname="a" name="good"/>
        <testcase classname="a" name="bad"><failure message="no"/></testcase>
        <testcase classname="a" name="broken"><error message="no"/></testcase>
        <testcase classname="a" name="away"><skipped message="skipped: no ../shared"/></testcase>
        <testcase classname="a" name="hidden"><skipped message="no browser"/></testcase>
    </testsuite></testsuites>"""
    result = Result("pure")
    count(result, ElementTree.fromstring(report))
    assert (result.passed, result.failed, result.skipped) == (1, 2, 1)
    assert total([result]) == "tests: 1 passed, 3 failed, 1 skipped"
