"""Bouncy Castle and openssl as judges of what the archive makes."""

import subprocess
from pathlib import Path

from signature import certificates
from tests.pure.signature import judges

SOURCE = Path(__file__).with_name("Judge.java")
JARS = [Path("/usr/share/java") / f"{name}.jar" for name in ("bcprov", "bcutil", "bcpkix")]


def ask(*questions):
    """What Bouncy Castle says to each question: tuples of a word (see Judge.java) and files.

    :return: list of answers, each beginning with ``ok`` or ``no``.
    """
    for jar in JARS:
        assert jar.exists(), f"{jar}: install libbcprov-java, libbcutil-java and libbcpkix-java"
    done = subprocess.run(
        [
            *(judges.program("java"), "-Xmx256m", "-cp", ":".join(map(str, JARS))),
            str(SOURCE),
        ],
        input="".join("\t".join(map(str, question)) + "\n" for question in questions),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    answers = done.stdout.splitlines()
    assert len(answers) == len(questions), done.stderr
    return answers


def openssl_stamp(folder, token, data, anchor):
    """:return: whether ``openssl ts -verify`` takes the token for ``data`` with the DER ``anchor``."""
    for name, content in (("token", token), ("data", data), ("anchor.pem", certificates.to_pem([anchor]))):
        (folder / name).write_bytes(content)
    command = [
        *(judges.program("openssl"), "ts", "-verify", "-token_in", "-in", folder / "token"),
        *("-data", folder / "data", "-CAfile", folder / "anchor.pem"),
    ]
    return subprocess.run(command, capture_output=True, timeout=judges.SECONDS, check=False).returncode == 0
