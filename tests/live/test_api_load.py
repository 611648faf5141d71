"""The documented client against real processes: push, wait, status, files, webhook; and several clients while the queue sends."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.api_bench import Load
from tests.live.harness import api
from tests.live.harness import database as databases
from tests.live.harness.odoo import CronWorker
from tests.live.harness.processes import wait_until

INVOICES, CLIENTS, BATCH = 150, 3, 25
# They share the machine with the queue and the sandbox; a busy one takes minutes
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture
def load(database, tmp_path):
    """A company that takes invoices by the API; its queue is not at work yet."""
    with ExitStack() as stack:
        yield Load(stack, database, tmp_path, workers=0)


@pytest.fixture
def client(load):
    """The documented client."""
    return api.client_module().Client(load.server.url, load.key)


@pytest.fixture
def receiver():
    """A receiver of webhooks over HTTPS."""
    receiver = api.receiver_module().Receiver()
    yield receiver
    receiver.stop()


def make_webhook(load, receiver):
    """:return: (key id, key) of a webhook that tells everything to ``receiver``."""
    admin = load.company.admin
    values = {"name": "ERP", "url": receiver.url, "events": "all"}
    [webhook] = admin.call("l10n_tn_edi.webhook", "create", [values])
    shown = admin.call("l10n_tn_edi.webhook", "action_new_key", [webhook])["context"]
    return shown["default_key_id"], shown["default_key"]


def start_worker(load, start, receiver, folder):
    """Start a process for the scheduled actions that trusts the sandbox and the receiver."""
    both = folder / "authorities.pem"
    options = load.company.options()
    both.write_bytes(Path(options["l10n_tn_edi_ca_file"]).read_bytes() + Path(receiver.ca_file).read_bytes())
    start(CronWorker(load.database, threads=2, options={**options, "l10n_tn_edi_ca_file": both}))


def test_the_client_from_an_invoice_to_its_webhook(load, client, receiver, start, tmp_path):
    key_id, key = make_webhook(load, receiver)

    with pytest.raises(Exception, match="422") as refused:
        client.check({**api.invoice("ERP-1"), "date": "yesterday"})
    assert refused.value.findings
    client.check(api.invoice("ERP-1"))
    assert not list(client.list()), "a check makes nothing"

    made = client.create(api.invoice("ERP-1"))
    assert made["electronic"]["state"] == "to_send"
    with pytest.raises(Exception, match="external_id"):
        client.create(api.invoice("ERP-1", price=7))
    batch = list(client.create_many([api.invoice("ERP-2"), {"external_id": "ERP-3"}]))
    assert [(name, bool(invoice), bool(wrong)) for name, invoice, wrong in batch] == [
        ("ERP-2", True, False),
        ("ERP-3", False, True),
    ]
    assert [invoice["external_id"] for invoice in client.list()] == ["ERP-1", "ERP-2"]

    start_worker(load, start, receiver, tmp_path)
    invoice = client.wait("ERP-1", seconds=300)
    assert invoice["electronic"]["state"] == "accepted"
    assert invoice["electronic"]["reference"]
    assert client.send("ERP-1")["electronic"]["state"] == "accepted"
    assert client.file("ERP-1", "teif").startswith(b"<?xml")
    assert b"RefTtnVal" in client.file("ERP-1", "teif/validated")
    assert client.file("ERP-1", "pdf").startswith(b"%PDF")

    def accepted():
        databases.wake_cron(load.database)
        bodies = [(one, json.loads(one.body)) for one in list(receiver.requests)]
        # That of the other invoice may come first: no order is promised
        return [
            one
            for one, body in bodies
            if (body["type"], body["data"]["external_id"]) == ("invoice.accepted", "ERP-1")
        ]

    told = wait_until(accepted, "the receiver was told of the acceptance", timeout=120, interval=0.5)[0]
    verify = api.client_module().verify_webhook
    event = verify(told.method, told.url, told.headers, told.body, {key_id: key})
    body = json.loads(told.body)
    assert event == body["id"]
    assert body["data"]["ttn_reference"]
    assert (body["data"]["invoice_id"], body["data"]["external_id"]) == (invoice["id"], "ERP-1")
    with pytest.raises(ValueError, match="changed"):
        verify(told.method, told.url, told.headers, told.body + b" ", {key_id: key})
    for one in receiver.requests:
        assert one.verify({key_id: key.encode()}) is None


def test_several_clients_while_the_queue_sends(load, receiver, start, tmp_path):
    key_id, key = make_webhook(load, receiver)
    start_worker(load, start, receiver, tmp_path)
    made, problems, _seconds = load.push(INVOICES, CLIENTS, BATCH)
    assert not problems
    assert load.push_same_again(BATCH, BATCH) == 0, "known invoices are not made again"
    load.settled(INVOICES, timeout=600)
    assert load.compare(made) == []

    def told():
        databases.wake_cron(load.database)
        bodies = [json.loads(one.body) for one in list(receiver.requests)]
        return {body["data"]["external_id"] for body in bodies if body["type"] == "invoice.accepted"}

    everything = {external_id for external_id, _move in made}
    wait_until(lambda: told() == everything, "each acceptance was told", timeout=300, interval=1)
    assert all(one.verify({key_id: key.encode()}, max_age=None) is None for one in receiver.requests)
    assert receiver.most_at_once <= 4
