"""bin/teif-check as a program."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from teif import codes
from teif.write import write
from tests.pure.teif.documents import simple_document

CHECKER = Path(__file__).resolve().parents[3] / "bin" / "teif-check"


def run(*arguments):
    return subprocess.run(
        [sys.executable, str(CHECKER), *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def right(tmp_path):
    path = tmp_path / "right.xml"
    path.write_bytes(write(simple_document("1.8.9")))
    return path


@pytest.fixture
def wrong(tmp_path):
    path = tmp_path / "wrong.xml"
    path.write_bytes(write(simple_document("1.8.9", number="")))
    return path


def test_one_json_object_a_line_and_file(right, wrong):
    done = run("--json", right, wrong)
    assert done.returncode == 1 and not done.stderr
    first, second = map(json.loads, done.stdout.splitlines())
    assert first == {"file": str(right), "version": "1.8.9", "valid": True, "findings": [], "signatures": []}
    assert second["valid"] is False
    assert second["findings"] == [
        {
            "code": "schema.empty",
            "severity": "blocking",
            "path": "/TEIF/InvoiceBody/Bgm/DocumentIdentifier",
            "message": "DocumentIdentifier must not be empty.",
        }
    ]


def test_exit_code_is_0_only_when_all_are_valid(right, wrong):
    assert run(right).returncode == 0
    assert run(right, right).returncode == 0
    assert run(right, wrong).returncode == 1
    assert run().returncode == 2


def test_deposit_asks_for_a_signature(right):
    done = run("--json", "--deposit", right)
    result = json.loads(done.stdout)
    assert done.returncode == 1
    assert result["valid"] is True and result["ready"] is False
    assert [one["code"] for one in result["findings"]] == ["signature.missing"]


def test_people_can_read_it(right, wrong):
    done = run("--deposit", right, wrong)
    assert f"{right}: valid, NOT READY to deposit (version 1.8.9)" in done.stdout
    assert f"{wrong}: NOT VALID" in done.stdout
    assert "blocking: DocumentIdentifier must not be empty." in done.stdout


def test_files_that_cannot_be_opened(tmp_path, right):
    done = run("--json", tmp_path / "missing.xml", tmp_path, "/dev/null", right)
    results = list(map(json.loads, done.stdout.splitlines()))
    assert done.returncode == 1 and not done.stderr
    assert [one["valid"] for one in results] == [False, False, False, True]
    assert [one["findings"][0]["code"] for one in results[:3]] == ["file.unreadable"] * 3


def test_name_that_is_not_utf8(tmp_path, right):
    path = tmp_path / "caf\udce9.xml"
    path.write_bytes(right.read_bytes())
    done = run("--json", path)
    assert done.returncode == 0 and json.loads(done.stdout)["file"] == str(path)


def test_official_example(shared):
    done = run("--json", shared / "ttn" / "examples" / "exemple_signe_elfatoora.xml")
    result = json.loads(done.stdout)
    assert done.returncode == 1 and result["valid"] is False
    assert [(one["id"], one["intact"]) for one in result["signatures"]] == [
        ("SigFrs", True),
        ("SigTTN", True),
    ]
    assert "0736202X" in result["signatures"][0]["signer"]


def test_every_sample_gets_the_verdict_of_its_folder(shared):
    names = sorted((shared / "samples").glob("*/*.xml"))
    done = run("--json", *names)
    results = list(map(json.loads, done.stdout.splitlines()))
    assert [Path(one["file"]) for one in results] == names and names
    for result in results:
        name = Path(result["file"])
        assert result["valid"] is (name.parent.name == "valid"), name
        assert result["version"] in (*codes.VERSIONS, None) or name.parent.name == "invalid"


def test_thousands_of_files_quickly_and_in_order(tmp_path):
    names = []
    for number in range(2000):
        path = tmp_path / f"{number:04d}.xml"
        path.write_bytes(write(simple_document("1.8.9", lines=5, number=f"F{number}" if number % 10 else "")))
        names.append(path)
    start = time.monotonic()
    done = run("--json", *names)
    elapsed = time.monotonic() - start
    results = list(map(json.loads, done.stdout.splitlines()))
    assert [one["file"] for one in results] == list(map(str, names))
    assert [one["valid"] for one in results] == [bool(number % 10) for number in range(2000)]
    assert elapsed < 20, f"{elapsed:.1f} s"
