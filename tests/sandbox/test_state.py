"""State: the ledger counts everything, survives kill -9, is shared with the command line; TLS; administration."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import ssl
import time
import urllib.error
from concurrent.futures import ThreadPoolExecutor

import pytest
import sandbox_papers as papers
from cryptography.hazmat.primitives.serialization import pkcs12
from sandbox_process import LOGIN, PASSWORD, Sandbox

from sandbox.faults import KINDS


def test_ledger_counts_every_body(sandbox, signer):
    start = sandbox.ledger()[-1]["seq"] if sandbox.ledger() else 0
    good = papers.signed(papers.invoice("L-1"), signer)
    deposit = sandbox.save(good).deposit_id
    sandbox.save(good, password="?")
    sandbox.save(b"not xml")
    sandbox.post(b"no soap")
    sandbox.post(b"x" * 1000, cut=100)
    time.sleep(0.2)
    sandbox.consult(documentNumber="L-1")
    rows = sandbox.ledger(after=start)
    assert [row["outcome"] for row in rows] == [
        "deposited",
        "refused",
        "refused",
        "unreadable",
        "broken",
        "consulted",
    ]
    assert rows[0]["sha256"] == rows[1]["sha256"] == hashlib.sha256(good).hexdigest()
    assert (rows[0]["deposit_id"], rows[0]["number"], rows[0]["login"]) == (deposit, "L-1", LOGIN)
    assert rows[4]["http_size"] == 100 and not rows[4]["complete"]
    assert PASSWORD not in str(rows)


def test_state_survives_kill_and_the_kernel_goes_on(tmp_path):
    sandbox = Sandbox(tmp_path, "--verdict-delay", "0.5").start()
    sandbox.account()
    document = papers.signed(papers.invoice("K-1"), sandbox.signer())
    ids = [sandbox.save(document).deposit_id for _ in range(3)]
    sandbox.stop(signal.SIGKILL)
    sandbox.start()
    time.sleep(1)
    found = sandbox.consult(documentNumber="K-1").returns
    assert [int(item["idSaveEfact"]) for item in found] == ids
    assert len({item["generatedRef"] for item in found}) == 3
    assert sandbox.save(document).deposit_id > ids[-1]
    assert [row["outcome"] for row in sandbox.ledger()].count("deposited") == 4
    assert sandbox.stop() == 0


def test_killed_under_load_nothing_answered_is_lost(tmp_path):
    sandbox = Sandbox(tmp_path).start()
    sandbox.account()
    signer = sandbox.signer()
    documents = [papers.signed(papers.invoice(f"Q-{index}"), signer) for index in range(60)]
    answered = []

    def deposit(document):
        try:
            answer = sandbox.save(document)
        except OSError:
            return
        if answer.status == 200:
            answered.append(answer.deposit_id)

    with ThreadPoolExecutor(6) as pool:
        for document in documents:
            pool.submit(deposit, document)
        while len(answered) < 10:
            time.sleep(0.01)
        sandbox.stop(signal.SIGKILL)
    sandbox.start()
    rows = sandbox.ledger(limit=10000)
    deposited = {row["deposit_id"] for row in rows if row["outcome"] == "deposited"}
    assert set(answered) <= deposited
    # A deposit and its row of the ledger exist together or not at all.
    assert {
        deposit["id"] for deposit in sandbox.admin("GET", "deposits?limit=10000")["deposits"]
    } == deposited
    assert {row["outcome"] for row in rows} <= {"deposited", "received", "broken"}
    sandbox.stop()


def test_faults_over_tls(tmp_path):
    sandbox = Sandbox(tmp_path, "--tls", "--verdict-delay", "0").start()
    sandbox.account()
    document = papers.signed(papers.invoice("T-1"), sandbox.signer())
    sandbox.fault("reset_after", nth=1)
    sandbox.fault("timeout_before", nth=2)
    sandbox.fault("truncate", nth=3)
    # Python's TLS layer tells a reset as an end of file.
    assert sandbox.save(document).status is None
    with pytest.raises(TimeoutError):
        sandbox.save(document, timeout=0.5)
    answer = sandbox.save(document)
    assert len(answer.body) < int(answer.headers["content-length"])
    sandbox.fault("silent_connect", times=1)
    with pytest.raises(TimeoutError):
        sandbox.save(document, timeout=0.5)
    assert sandbox.save(document).status == 200
    assert len(sandbox.consult(documentNumber="T-1").returns) == 3
    assert sandbox.stop() == 0


def test_command_line_works_beside_the_server(tmp_path):
    sandbox = Sandbox(tmp_path, "--tls", "--verdict-delay", "0")
    sandbox.command("account", "--login", LOGIN, "--password", PASSWORD, "--matricule", papers.SENDER)
    file = tmp_path / "signer.p12"
    issued = sandbox.command(
        "certificate",
        "--subject",
        "ESSAI",
        "--matricule",
        papers.SENDER,
        "--out",
        str(file),
        "--passphrase",
        "phrase",
    )
    sandbox.start()
    assert sandbox.ready["endpoint"].startswith("https://")
    signer = papers.Signer.open(file.read_bytes(), "phrase")
    assert f"{signer.serial:x}" == issued["serial_hex"]
    assert "OU=VATTN-1234567R" in signer.certificate.subject.rfc4514_string()
    document = papers.signed(papers.invoice("C-1"), signer)
    assert sandbox.save(document).fault == ("SERV09", "Signataire non autorisé")
    sandbox.command("account", "--login", LOGIN, "--declare", issued["serial_hex"])
    assert sandbox.save(document).status == 200
    sandbox.command("revoke", "--serial", issued["serial"])
    assert sandbox.save(document).fault[1] == "Certificat du signataire révoqué"
    sandbox.command(
        "fault",
        "add",
        "refuse",
        "--number",
        "C-1",
        "--times",
        "1",
        "--param",
        "code=SERV99",
        "--param",
        "message=é",
    )
    assert sandbox.save(document).fault == ("SERV99", "é")
    rows = sandbox.command("ledger", "--json")
    assert [row["outcome"] for row in rows] == ["refused", "deposited", "refused", "refused"]
    assert "C-1" in sandbox.command("ledger")
    assert sandbox.command("setting", "latency=0.1")["latency"] == 0.1
    assert sandbox.command("clock", "--advance", "60")["offset"] == 60
    assert sandbox.command("fault", "add", "nonsense", check=False).returncode == 1
    with pytest.raises(ssl.SSLError):
        ssl.create_default_context().wrap_socket(
            socket.create_connection(("127.0.0.1", int(sandbox.ready["url"].rpartition(":")[2]))),
            server_hostname="127.0.0.1",
        )
    sandbox.stop()


def test_every_fault_by_command_and_by_configuration(tmp_path):
    """Each kind is taken in each way."""
    config = tmp_path / "config.json"
    planned = [{"kind": kind, "nth": 1000 + number} for number, kind in enumerate(KINDS)]
    config.write_text(json.dumps({"faults": planned}))
    sandbox = Sandbox(tmp_path, "--config", str(config)).start()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda kind: sandbox.command("fault", "add", kind, "--nth", "2000"), KINDS))
    expected = {(kind, nth) for number, kind in enumerate(KINDS) for nth in (1000 + number, 2000)}
    known = sandbox.admin("GET", "faults")["faults"]
    assert {(fault["kind"], fault["nth"]) for fault in known} == expected
    sandbox.stop()


def test_configuration_file(tmp_path):
    config = tmp_path / "config.json"
    config.write_text(
        '{"settings": {"verdict_delay": 0}, "accounts": [{"login": "essai", "password": "mot-de-passe", '
        '"matricule": "1234567RAM000"}], "faults": [{"kind": "refuse", "nth": 2}]}'
    )
    sandbox = Sandbox(tmp_path, "--config", str(config)).start()
    document = papers.signed(papers.invoice("G-1"), sandbox.signer())
    assert [sandbox.save(document).status for _ in range(3)] == [200, 500, 200]
    sandbox.stop()


def test_administration_needs_its_token(sandbox):
    with pytest.raises(urllib.error.HTTPError) as caught:
        sandbox.admin("GET", "settings", token="wrong")
    assert caught.value.code == 401
    for method, path, values, code in (
        ("POST", "settings", {"nonsense": 1}, 400),
        ("POST", "faults", {"kind": "?"}, 400),
        ("GET", "nowhere", None, 404),
        ("DELETE", "accounts/nobody", None, 404),
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            sandbox.admin(method, path, values)
        assert caught.value.code == code


def test_calls_at_once_get_ids_of_their_own(sandbox, signer):
    documents = [papers.signed(papers.invoice(f"P-{index}"), signer) for index in range(24)]
    with ThreadPoolExecutor(8) as pool:
        ids = [answer.deposit_id for answer in pool.map(sandbox.save, documents)]
    assert len(set(ids)) == 24
    assert {row["deposit_id"] for row in sandbox.ledger(limit=10000)} >= set(ids)


def test_connections_are_kept(sandbox):
    import http.client

    host = sandbox.ready["url"].partition("://")[2]
    connection = http.client.HTTPConnection(host, timeout=10)
    ports = set()
    for _ in range(3):
        connection.request("GET", "/ElfatouraServices/EfactService?wsdl")
        assert connection.getresponse().read()
        ports.add(connection.sock.getsockname()[1])
    assert len(ports) == 1
    connection.close()


def test_secrets_need_not_stand_in_the_command_line(sandbox):
    sandbox.command(
        "account", "--login", LOGIN, "--matricule", papers.SENDER, "--secrets", typed='{"password": "typed"}'
    )
    out = sandbox.folder / "typed.p12"
    sandbox.command("certificate", "--out", str(out), "--secrets", typed='{"passphrase": "also typed"}')
    assert pkcs12.load_pkcs12(out.read_bytes(), b"also typed").key
    for typed in ('{"login": "x"}', '{"password": 1}', "[]", "x"):
        assert (
            sandbox.command("account", "--login", LOGIN, "--secrets", typed=typed, check=False).returncode
            == 1
        )
