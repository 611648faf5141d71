"""Time-stamps of the sandbox's authority: another program, over real HTTP, judged by openssl as well."""

import functools
import hashlib
import secrets

import pytest

from archive import timestamps
from archive.findings import ArchiveError
from signature import trust
from tests.pure.archive import bouncy
from tests.pure.signature.test_with_sandbox import Sandbox, fetch

DATA = b"a day's root"
DIGEST = hashlib.sha256(DATA).digest()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    running = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


def trusting(anchors, signer, others, at):
    return [one.message for one in trust.build_path(signer, others, anchors, at).problems]


def ask(sandbox, nonce):
    asked = timestamps.request(DIGEST, nonce=nonce)
    headers = {"Content-Type": "application/timestamp-query"}
    status, _headers, body = fetch(sandbox.ready["tsa"], asked, headers, "POST")
    assert status == 200
    return body


def test_a_time_stamp_of_the_sandbox(sandbox, tmp_path):
    nonce = secrets.randbits(63)
    body = ask(sandbox, nonce)
    anchors = sandbox.anchors()
    known = functools.partial(trusting, anchors)
    token = timestamps.read_response(body, DIGEST, nonce=nonce, trust=known)
    stamp = timestamps.verify(token, DIGEST, trust=known)
    assert stamp.policy and stamp.valid_until > stamp.time
    assert bouncy.openssl_stamp(tmp_path, token, DATA, anchors[0])
    with pytest.raises(ArchiveError) as raised:
        timestamps.read_response(body, DIGEST, nonce=nonce + 1)
    assert raised.value.code == "stamp.nonce"
    with pytest.raises(ArchiveError) as raised:
        timestamps.verify(token, DIGEST, trust=functools.partial(trusting, []))
    assert raised.value.code == "trust.refused"


def test_a_refusal_of_the_sandbox(sandbox):
    sandbox.admin("POST", "settings", {"tsa": "reject"})
    try:
        body = ask(sandbox, None)
    finally:
        sandbox.admin("POST", "settings", {"tsa": "ok"})
    with pytest.raises(ArchiveError) as raised:
        timestamps.read_response(body, DIGEST, nonce=None)
    assert raised.value.code == "stamp.refused"
