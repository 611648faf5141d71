"""Every secret is used, rightly and wrongly, between real processes; then logs, dump and file store are searched for it."""

import base64
import re
import secrets
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.live.harness import database as databases
from tests.live.harness.company import Company
from tests.live.harness.odoo import CronWorker, HttpServer
from tests.live.harness.processes import ENV_DIR, wait_until
from tests.live.harness.rpc import RpcError, Session

PACKED = re.compile(rb"[A-Za-z0-9+/_=\s-]{32,}")
#: What a dump of PostgreSQL makes of bytes.
HEXADECIMAL = re.compile(rb"\\\\?x([0-9a-f]{32,})")
PROVIDER = "l10n_tn_edi.signature.provider"


def views(data):
    """:return: the bytes as they are, and what stands in them as base64, PEM or hexadecimal."""
    yield data
    for match in HEXADECIMAL.finditer(data):
        yield bytes.fromhex(match[1][: len(match[1]) // 2 * 2].decode())
    for match in PACKED.finditer(data):
        # Line ends, also those that JSON or a dump escapes, and the address-safe alphabet.
        text = re.sub(rb"[\s=]", b"", match[0]).translate(bytes.maketrans(b"-_", b"+/"))
        for start in range(4):
            part = text[start:]
            yield base64.b64decode(part[: len(part) // 4 * 4])


def assert_without(needles, data, where):
    """None of the secrets is in the data, as it is, in an address, in UTF-16, or within base64, PEM or hexadecimal."""
    wanted = set()
    for needle in needles:
        raw = needle.encode()
        wanted |= {
            raw,
            quote(needle, safe="").encode(),
            base64.b64encode(raw).rstrip(b"=")[:-1],
            raw.hex().encode(),
        }
    for view in views(data.replace(b"\\n", b"\n")):
        for needle in wanted:
            assert needle not in view, f"a secret is in {where}"


@pytest.mark.parametrize("packed", [False, True])
def test_the_search_finds_what_is_there(packed):
    secret = "Phrase-0123456789abcdef"
    for shift in range(3):
        raw = b"x" * shift + secret.encode() + b"y" * 40
        text = base64.encodebytes(raw) if packed else raw
        for haystack in (b"before " + text, text.replace(b"\n", b"\\n"), b"\\\\x" + raw.hex().encode()):
            with pytest.raises(AssertionError, match="a test"):
                assert_without([secret], haystack, "a test")


def quietly(call, *arguments):
    """A call that may be refused: what it says is what a user sees."""
    try:
        return str(call(*arguments))
    except RpcError as error:
        return f"{error.message} {error.debug}"


def test_no_secret_in_logs_dump_and_files(database, ttn, start):
    options = {"l10n_tn_edi_ca_file": ttn.info["ca_file"], "l10n_tn_edi_private_hosts": "127.0.0.1"}
    server = start(HttpServer(database, "--log-handler=odoo.addons.l10n_tn_edi_ttn:DEBUG", options=options))
    admin = Session(server.url, database, "admin", "admin")
    ttn.admin("POST", "/settings", {"verdict_delay": 0.1})
    company = Company(admin, ttn)
    made = {
        name: f"{name}-{secrets.token_hex(12)}" for name in ("phrase", "password", "seal", "client", "pin")
    }
    wrong = {name: f"wrong-{name}-{secrets.token_hex(12)}" for name in made}
    shown = []

    def values(words):
        return {
            "pkcs12_passphrase": words["phrase"],
            "seal_password": words["seal"],
            "seal_client_passphrase": words["phrase"],
            "digigo_secret": words["client"],
        }

    certificate = ttn.admin(
        "POST",
        "/certificates",
        {
            "subject": "S",
            "matricule": "1234567RAM000",
            "passphrase": made["phrase"],
            "declare": company.login,
        },
    )
    ttn.admin("POST", f"/accounts/{company.login}", {"password": made["password"]})
    ttn.admin("POST", "/remote", {"kind": "seal", "name": "cachet", "pin": made["seal"], "subject": "S"})
    ttn.admin(
        "POST", "/remote", {"kind": "digigo", "name": "h@exemple.tn", "pin": made["pin"], "subject": "H"}
    )
    ttn.admin("POST", "/remote/clients", {"client": "app", "secret": made["client"]})
    chain = base64.b64encode(Path(ttn.info["anchors_file"]).read_bytes()).decode()
    common = {
        "pkcs12_file": certificate["pkcs12"],
        "seal_url": ttn.info["seal"],
        "seal_alias": "cachet",
        "seal_certificate": chain,
        "seal_client_file": certificate["pkcs12"],
        "digigo_url": ttn.info["digigo"],
        "digigo_client": "app",
        "signatory_ids": [(0, 0, {"user_id": admin.uid, "credential": "h@exemple.tn"})],
    }
    cron = start(CronWorker(database, "--log-handler=odoo.addons.l10n_tn_edi_ttn:DEBUG", options=options))
    for words in (wrong, made):
        admin.call("res.company", "write", [1], {"l10n_tn_edi_password": words["password"]})
        shown.append(quietly(admin.call, "res.company", "action_l10n_tn_edi_test_account", [1]))
        for code in ("ance_seal", "digigo", "pkcs12"):
            provider = admin.call(
                PROVIDER, "create", [{"name": code, "code": code, "state": "test", **common, **values(words)}]
            )[0]
            admin.call("res.company", "write", [1], {"l10n_tn_edi_provider_id": provider})
            shown.append(quietly(admin.call, PROVIDER, "action_test", [provider]))
            shown.append(str(admin.call(PROVIDER, "read", [provider])))
            shown.append(quietly(admin.call, "l10n_tn_edi.preflight", "action_open"))
            moves = company.post_invoices(1)

            def dealt_with(moves=moves):
                databases.wake_cron(database)
                return not {"to_send", "signing", "sending", "signed", "submitted"} & set(
                    company.states(moves)
                )

            wait_until(dealt_with, f"{code} did what it can", timeout=90, interval=1)
            documents = [row for (row,) in company.documents(moves, "id")]
            shown.append(str(admin.call("l10n_tn_edi.document", "read", documents)))
            shown.append(str(admin.call("account.move", "read", moves, ["message_ids"])))
        # A PIN that no agent takes: it goes through the dialog and is gone.
        token = admin.call(
            PROVIDER,
            "create",
            [
                {
                    "name": "Token",
                    "code": "agent",
                    "agent_key": "k",
                    "state": "test",
                    "signatory_ids": common["signatory_ids"],
                }
            ],
        )[0]
        admin.call("res.company", "write", [1], {"l10n_tn_edi_provider_id": token})
        [move] = company.post_invoices(1)
        [(document,)] = company.documents([move], "id")
        dialog = {"provider_id": token, "document_ids": [(6, 0, [document])], "pin": words["pin"]}
        [wizard] = admin.call("l10n_tn_edi.sign", "create", [dialog])
        shown.append(quietly(admin.call, "l10n_tn_edi.sign", "action_sign", [wizard]))

    needles = [*made.values(), *wrong.values()]
    assert_without(needles, "".join(shown).encode(), "what is shown")
    for process in (server, cron):
        assert_without(needles, process.log_path.read_bytes(), f"the log {process.log_path.name}")
    settings = databases.connection_settings()
    dump = subprocess.run(
        ["pg_dump", "-h", settings["host"], "-p", str(settings["port"]), "-U", settings["user"], database],
        capture_output=True,
        check=True,
    ).stdout
    assert len(dump) > 1_000_000, "the whole database was looked at"
    assert_without(needles, dump, "the database's dump")
    store = ENV_DIR / "data" / "filestore" / database
    files = [path for path in store.rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        assert_without(needles, path.read_bytes(), f"the file {path.name}")
