"""The signing agent as a process, with a token in software (SoftHSM) whose key cannot be extracted."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pkcs11 as p11
import pytest

from signature import profile, verify, xades
from signature.problems import SignerError
from signature.signers.agent import Agent
from signing_agent.config import Config, Key
from signing_agent.errors import AgentError
from signing_agent.server import Server
from signing_agent.token import SIGNED_INFO, Token
from teif.foreign import parse_foreign_xml
from tests.pure.signature import judges
from tests.pure.signature.softhsm import LABEL, PIN, Running, library

DOCUMENT = b'<TEIF version="1.8.9" controlingAgency="TTN"><InvoiceBody>%d</InvoiceBody></TEIF>'
NOW = datetime(2026, 3, 15, 9, 0, tzinfo=UTC)


@pytest.fixture
def make(tmp_path):
    made = []

    def start(**settings):
        made.append(Running(tmp_path, **settings))
        return made[-1].start()

    yield start
    for running in made:
        running.stop()


def prepare(agent, count):
    chain = agent.chain()
    documents = [DOCUMENT % number for number in range(count)]
    return documents, [xades.prepare(document, chain, profile.V3, NOW) for document in documents]


def code(call):
    with pytest.raises(SignerError) as raised:
        call()
    assert PIN not in repr(raised.value.params) + str(raised.value)
    return raised.value.code


def test_a_thousand_documents_in_one_session(make):
    running = make()
    agent = running.agent()
    handle = agent.open(PIN, 1000, 5)
    agent = running.agent(handle)
    assert agent.chain()[0] == running.chain[0]
    documents, prepared = prepare(agent, 1000)
    values = list(agent.sign_all(prepared))
    assert all(isinstance(value, bytes) for value in values)
    for document, one, value in list(zip(documents, prepared, values, strict=True))[::250]:
        [report] = verify.verify(parse_foreign_xml(xades.complete(one, document, value)))
        assert report.intact
    # The ceiling is reached
    [error] = agent.sign_all(prepared[:1])
    assert error.code == "agent.session_over"
    assert agent.status()["open"] is False


def test_the_key_cannot_be_taken_out(make):
    running = make()
    script = (
        "import sys, pkcs11\nfrom pkcs11 import Attribute, ObjectClass\n"
        "token = pkcs11.lib(sys.argv[1]).get_token(token_label=sys.argv[2])\n"
        "with token.open(user_pin=sys.argv[3]) as session:\n"
        "    [key] = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})\n"
        "    assert not key[Attribute.EXTRACTABLE] and key[Attribute.SENSITIVE]\n"
        "    try:\n        key[Attribute.PRIVATE_EXPONENT]\n"
        "    except pkcs11.PKCS11Error:\n        sys.exit(0)\n    sys.exit(1)\n"
    )
    running._run(sys.executable, "-c", script, library(), LABEL, PIN)


def test_a_wrong_pin_is_tried_once(make):
    running = make()
    agent = running.agent()
    assert code(lambda: agent.open("000000", 10, 5)) == "agent.pin_wrong"
    assert agent.status()["open"] is False
    _documents, prepared = prepare(agent, 2)
    assert [error.code for error in agent.sign_all(prepared)] == ["agent.pin_needed"] * 2
    assert agent.open(PIN, 10, 5)
    assert PIN not in running.log.read_text()
    assert "000000" not in running.log.read_text()


def test_a_configured_pin(make, tmp_path):
    pin = tmp_path / "pin"
    pin.write_text("999999")
    pin.chmod(0o600)
    running = make(pin_file=str(pin))
    agent = running.agent()
    _documents, prepared = prepare(agent, 3)
    assert {error.code for error in agent.sign_all(prepared)} == {"agent.pin_wrong"}
    # A restart does not try it again either: three tries lock a real token
    running.stop()
    running.start()
    marker = tmp_path / "pin.refused"
    assert marker.read_text() == str(pin.stat().st_mtime_ns)
    assert {error.code for error in agent.sign_all(prepared)} == {"agent.pin_wrong"}
    time.sleep(0.01)
    pin.write_text(PIN)
    values = list(agent.sign_all(prepared))
    assert all(isinstance(value, bytes) for value in values)
    assert agent.status() == {
        "present": True,
        "configured_pin": True,
        "open": True,
        "documents_left": 0,
        "seconds_left": 0,
    }


def test_a_session_is_its_owner_s(make):
    running = make()
    handle = running.agent().open(PIN, 10, 5)
    _documents, prepared = prepare(running.agent(), 1)
    for other in (None, "", handle[:-1], "x" * 43):
        [error] = running.agent(other).sign_all(prepared)
        assert error.code == "agent.pin_needed"
    [value] = running.agent(handle).sign_all(prepared)
    assert isinstance(value, bytes)
    running.agent(handle).close()
    [error] = running.agent(handle).sign_all(prepared)
    assert error.code == "agent.pin_needed"


def test_a_session_ends_with_its_time(make):
    running = make()
    handle = running.agent().open(PIN, 10, 0.002)
    _documents, prepared = prepare(running.agent(), 1)
    time.sleep(0.3)
    [error] = running.agent(handle).sign_all(prepared)
    assert error.code == "agent.session_over"


def test_only_signatures_of_documents(make):
    running = make()
    agent = running.agent(running.agent().open(PIN, 10, 5))
    _documents, [good] = prepare(agent, 1)
    for bad in (b"\x00" * 32, b"", b"<ds:SignedInfo>", good.to_sign[:61] + b"x" * 20000):
        forged = xades.Prepared(bad, good.digest, good.document_digest, good.state)
        wrong, right = agent.sign_all([forged, good])
        assert wrong.code == "agent.not_a_document"
        assert isinstance(right, bytes)


def test_a_token_that_goes_away(make):
    """Pulled out in the middle of a batch: what was signed counts, the rest is told; plugged in again, it goes on."""
    running = make()
    agent = running.agent(running.agent().open(PIN, 5000, 5))
    documents, prepared = prepare(agent, 400)
    values = []
    for number, value in enumerate(agent.sign_all(prepared)):
        if number == 50:
            running.process.send_signal(signal.SIGKILL)
            running.process.wait(20)
        values.append(value)
    signed = [value for value in values if isinstance(value, bytes)]
    assert len(values) == 400
    assert 50 <= len(signed) < 400
    assert {value.code for value in values[len(signed) :]} == {"agent.unreachable"}
    for document, one, value in zip(documents, prepared, signed, strict=False):
        assert xades.complete(one, document, value)
    # The socket of the killed agent is replaced
    running.start()
    again = running.agent(running.agent().open(PIN, 5000, 5))
    rest = list(again.sign_all(prepared[len(signed) :]))
    assert all(isinstance(value, bytes) for value in rest)


def test_a_token_that_is_pulled_out_in_the_middle(make):
    """What was signed counts, nothing is signed after it; plugged in again, it signs with a PIN that is typed again."""
    running = make()
    agent = running.agent(running.agent().open(PIN, 5000, 5))
    documents, prepared = prepare(agent, 200)
    drawer = running.tokens.with_name("drawer")
    values = []
    for number, value in enumerate(agent.sign_all(prepared)):
        if number == 20:
            shutil.move(running.tokens, drawer)
            running.tokens.mkdir()
        values.append(value)
    signed = [value for value in values if isinstance(value, bytes)]
    assert 20 <= len(signed) < 200
    assert {value.code for value in values[len(signed) :]} == {"agent.token_missing"}
    for document, one, value in zip(documents, prepared, signed, strict=False):
        assert xades.complete(one, document, value)
    assert agent.status()["open"] is False
    [error] = agent.sign_all(prepared[:1])
    assert error.code == "agent.pin_needed", "the session is over, whatever happens to the token"
    assert code(lambda: running.agent().open(PIN, 10, 5)) == "agent.token_missing"
    running.tokens.rmdir()
    shutil.move(drawer, running.tokens)
    agent = running.agent(running.agent().open(PIN, 5000, 5))
    rest = list(agent.sign_all(prepared[len(signed) :]))
    assert all(isinstance(value, bytes) for value in rest)


class Card:
    """A token as PKCS#11 shows it; ``tries`` counts the PINs that reached it."""

    def __init__(self, flags, refusal):
        self.flags, self.refusal, self.tries = flags, refusal, 0

    def open(self, user_pin):
        self.tries += 1
        raise self.refusal


@pytest.mark.parametrize(
    ("flags", "refusal", "said", "tries"),
    [
        (p11.TokenFlag.USER_PIN_LOCKED, None, "agent.pin_locked", 0),
        (p11.TokenFlag.USER_PIN_FINAL_TRY, None, "agent.pin_last_try", 0),
        (p11.TokenFlag(0), p11.PinLocked(), "agent.pin_locked", 1),
        (p11.TokenFlag(0), p11.PinExpired(), "agent.pin_locked", 1),
        (p11.TokenFlag(0), p11.PinIncorrect(), "agent.pin_wrong", 1),
    ],
)
def test_a_locked_token(tmp_path, monkeypatch, flags, refusal, said, tries):
    """SoftHSM never locks: a card stands for it that says what such a token says."""
    pin = tmp_path / "pin"
    pin.write_text(PIN)
    pin.chmod(0o600)
    card = Card(flags, refusal)
    token = Token(Key("company", "none", token_label=LABEL, pin_file=pin))
    monkeypatch.setattr(token, "_find", lambda: card)
    for _number in range(3):
        [first, second] = token.sign(None, [SIGNED_INFO, SIGNED_INFO])
        assert (first.code, second.code) == (said, said)
        assert PIN not in repr(first.params)
    # A PIN that is known to be wrong is tried once in all; what the token refuses for another reason, once a batch
    assert card.tries == (1 if said == "agent.pin_wrong" else 3 * tries)
    card.tries = 0
    with pytest.raises(AgentError) as raised:
        token.open(PIN, 10, 5)
    assert (raised.value.code, card.tries) == (said, tries)


def test_a_token_that_is_not_there(make):
    running = make()
    handle = running.agent().open(PIN, 100, 5)
    _documents, prepared = prepare(running.agent(), 2)
    running.stop()
    shutil.move(running.tokens, running.tokens.with_name("drawer"))
    running.tokens.mkdir()
    running.start()
    assert running.agent().status()["present"] is False
    assert code(lambda: running.agent().open(PIN, 10, 5)) == "agent.token_missing"
    assert code(running.agent().chain) == "agent.token_missing"
    assert [error.code for error in running.agent(handle).sign_all(prepared)] == ["agent.pin_needed"] * 2


def test_no_agent(tmp_path):
    agent = Agent(str(tmp_path / "nobody.sock"), "company")
    assert code(agent.status) == "agent.unreachable"
    assert code(agent.chain) == "agent.unreachable"


def test_another_key(make):
    assert code(make().agent(key="other").status) == "agent.unknown_key"


def test_another_user_is_refused(tmp_path):
    key = Key("company", library(), token_label=LABEL)
    server = Server(Config(tmp_path / "agent.sock", frozenset({os.getuid() + 1}), {"company": key}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        agent = Agent(str(tmp_path / "agent.sock"), "company")
        assert code(agent.status) == "agent.refused"
        assert code(lambda: agent.open(PIN, 10, 5)) == "agent.refused"
        assert stat.S_IMODE((tmp_path / "agent.sock").stat().st_mode) == 0o660
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def test_no_core_dumps(make):
    running = make()
    limits = Path(f"/proc/{running.process.pid}/limits").read_text()
    assert next(line for line in limits.splitlines() if "core file" in line).split()[4:6] == ["0", "0"]


def test_rubbish_harms_nobody(make):
    running = make()
    for data in (
        b"",
        b"\xff\xff\xff\xff",
        b"\0\0\0\2[]",
        b"\0\0\0\5abcde",
        b'\0\0\0\x09{"do": 1}',
        b"\0\0\1\0x",
    ):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(10)
            probe.connect(str(running.path))
            probe.sendall(data)
            probe.shutdown(socket.SHUT_WR)
            while probe.recv(1000):
                pass
    assert running.agent().status()["present"]
    assert "Traceback" not in running.log.read_text()


def test_several_at_once(make):
    running = make()
    agent = running.agent(running.agent().open(PIN, 5000, 5))
    _documents, prepared = prepare(agent, 40)
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(list(agent.sign_all(prepared))))
        for _number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(results) == 4
    assert len({tuple(values) for values in results}) == 1, "RSA of the same text is the same"


def test_two_agents_do_not_share_a_socket(make):
    running = make()
    result = subprocess.run(
        [sys.executable, "-m", "signing_agent", "--config", str(running.folder / "agent.toml")],
        env=running.environment,
        cwd=judges.ROOT,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 2
    assert b"listens" in result.stderr
    assert running.agent().status()["present"]


def test_what_others_may_read_is_refused(make, tmp_path):
    pin = tmp_path / "pin"
    pin.write_text(PIN)
    pin.chmod(0o644)
    with pytest.raises(pytest.fail.Exception, match="chmod 600"):
        make(pin_file=str(pin))
