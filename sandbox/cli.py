"""Command line: serve, certificate, revoke, account, fault, setting, clock, ledger, check."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from sandbox.admin import moment
from sandbox.authority import to_pkcs12
from sandbox.faults import KINDS, OPERATIONS, SERVICES
from sandbox.platform import SCHEMAS, State
from sandbox.serve import serve
from sandbox.settings import SettingError
from sandbox.signatures import check_returned
from sandbox.xml import XmlError

#: Options that --secrets may give.
SECRETS = ("passphrase", "password", "pin", "secret")


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Out: the exit code (0 done, 1 refused, 2 wrong use)."""
    options = _parser().parse_args(arguments)
    try:
        if getattr(options, "secrets", False):
            _read_secrets(options, sys.stdin)
        return options.run(options) or 0
    except (ValueError, OSError, SettingError, XmlError, RuntimeError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, run, text):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        if name != "check":
            sub.add_argument(
                "--state", required=True, help="folder that holds database, keys and certificates"
            )
        return sub

    sub = command("serve", serve, "run the platform until it is stopped")
    sub.add_argument("--host", default="127.0.0.1")
    sub.add_argument("--port", type=int, default=0, help="0 takes a free one")
    sub.add_argument("--admin-port", type=int, default=0)
    sub.add_argument(
        "--authority-port", type=int, help="move OCSP, CRL and time-stamps (new certificates name it)"
    )
    sub.add_argument("--ready", help="file that gets the addresses as JSON once the server listens")
    sub.add_argument("--tls", action=argparse.BooleanOptionalAction, default=False)
    sub.add_argument("--latency", type=float, help="seconds added to every answer")
    sub.add_argument("--verdict-delay", type=float, help="seconds from deposit to verdict")
    sub.add_argument("--schemas", type=Path, default=SCHEMAS, help="folder of teif-<version>.xsd")
    sub.add_argument("--without-schema", action="store_true", help="don't check schemas")
    sub.add_argument(
        "--strict-signatures", action="store_true", help="the program xmlsec1 must agree with signxml"
    )
    sub.add_argument("--config", type=Path, help="JSON file with settings, accounts and faults")

    sub = command("certificate", _certificate, "issue a signer's certificate, or list them without --out")
    sub.add_argument("--subject", default="SOCIETE FICTIVE")
    sub.add_argument("--matricule", help="without it the certificate is a personal one and names no company")
    sub.add_argument("--out", type=Path, help="PKCS#12 file to write")
    sub.add_argument("--passphrase", default="")
    sub.add_argument("--not-before", type=moment)
    sub.add_argument("--not-after", type=moment)
    sub.add_argument("--revoked", action="store_true")
    sub.add_argument("--declare", metavar="LOGIN", help="declare the serial for this account too")
    _with_secrets(sub)

    sub = command("revoke", _revoke, "revoke a certificate")
    sub.add_argument("--serial", required=True)
    sub.add_argument("--restore", action="store_true", help="take the revocation back")

    sub = command("account", _account, "make or change an account, or list them without --login")
    sub.add_argument("--login")
    sub.add_argument("--password")
    sub.add_argument("--matricule")
    sub.add_argument("--declare", nargs="*", default=[], metavar="SERIAL")
    sub.add_argument("--undeclare", nargs="*", default=[], metavar="SERIAL")
    sub.add_argument("--address", nargs="*", metavar="IP", help="allowed addresses; without a value: any")
    sub.add_argument("--enabled", action=argparse.BooleanOptionalAction)
    _with_secrets(sub)

    sub = command("remote", _remote, "keys of the played signature services, or list them")
    sub.add_argument("--digigo", metavar="E-MAIL", help="make a DigiGo credential")
    sub.add_argument("--seal", metavar="ALIAS", help="make an ANCE seal")
    sub.add_argument("--pin", default="")
    sub.add_argument("--subject", default="SOCIETE FICTIVE")
    sub.add_argument("--matricule")
    sub.add_argument("--declare", metavar="LOGIN")
    sub.add_argument("--client", help="register an application at DigiGo")
    sub.add_argument("--secret", default="")
    sub.add_argument("--redirect", nargs="*", default=[])
    sub.add_argument("--unlock", action="store_true", help="forget the wrong PINs of the key named")
    sub.add_argument(
        "--tls-client", type=Path, metavar="FILE", help="write key and certificate for mutual TLS"
    )
    _with_secrets(sub)

    sub = command("fault", _fault, "switch faults on and off")
    sub.add_argument("action", choices=("add", "list", "remove", "clear", "kinds"))
    sub.add_argument("what", nargs="?", help="the kind to add, or the id to remove")
    sub.add_argument("--operation", choices=OPERATIONS + SERVICES)
    sub.add_argument("--number", help="only for this document number")
    sub.add_argument("--login", help="only for this account")
    sub.add_argument("--nth", type=int, help="only at the nth matching call")
    sub.add_argument("--times", type=int, help="at most so many times")
    sub.add_argument("--probability", type=float)
    sub.add_argument("--seed", default="")
    sub.add_argument("--param", action="append", default=[], metavar="NAME=JSON")

    sub = command("setting", _setting, "show or change settings")
    sub.add_argument("values", nargs="*", metavar="NAME=VALUE")

    sub = command("clock", _clock, "show or move the virtual clock")
    sub.add_argument("--offset", type=float, help="seconds beside the machine's clock")
    sub.add_argument("--advance", type=float, help="seconds further ahead")

    sub = command("ledger", _ledger, "show every body that was received")
    sub.add_argument("--json", action="store_true")
    sub.add_argument("--number")
    sub.add_argument("--after", type=int, default=0)

    sub = command("check", _check, "say whether the signatures of a returned file hold")
    sub.add_argument("file", type=Path)
    sub.add_argument("--strip", action="store_true", help="drop white-space-only text first")
    return parser


def _with_secrets(parser):
    parser.add_argument(
        "--secrets",
        action="store_true",
        help="read passwords from standard input as a JSON object named as the options, where no list of processes shows them",
    )


def _read_secrets(options, stream):
    """Take what standard input says for the options of this command. Raises ValueError."""
    found = json.load(stream)
    if not isinstance(found, dict) or not all(
        name in SECRETS and hasattr(options, name) and isinstance(value, str) for name, value in found.items()
    ):
        raise ValueError("standard input is no JSON object with secrets of this command")
    vars(options).update(found)


def _show(value):
    print(json.dumps(value, ensure_ascii=False, indent=1))


def _certificate(options):
    state = State(options.state)
    if options.out is None:
        _show(state.authority.certificates())
        return
    if not options.passphrase:
        raise ValueError("a PKCS#12 file needs a --passphrase")
    pair = state.authority.issue(
        subject=options.subject,
        matricule=options.matricule,
        not_before=options.not_before,
        not_after=options.not_after,
        revoked=options.revoked,
    )
    options.out.write_bytes(to_pkcs12(pair, options.subject, options.passphrase))
    options.out.chmod(0o600)
    serial = pair.certificate.serial_number
    if options.declare:
        state.store.set_account(options.declare, declare=[serial])
    _show({"serial": str(serial), "serial_hex": f"{serial:x}", "file": str(options.out)})


def _revoke(options):
    state = State(options.state)
    done = (
        state.authority.restore(options.serial)
        if options.restore
        else state.authority.revoke(options.serial, state.clock.time())
    )
    if not done:
        raise ValueError("this authority issued no such certificate")


def _account(options):
    state = State(options.state)
    if options.login:
        state.store.set_account(
            options.login,
            password=options.password,
            matricule=options.matricule,
            declare=options.declare,
            undeclare=options.undeclare,
            addresses=options.address,
            enabled=options.enabled,
        )
    _show([account for account in state.store.accounts() if options.login in (None, account["login"])])


def _remote(options):
    state = State(options.state)
    for kind, name in (("digigo", options.digigo), ("seal", options.seal)):
        if name and options.unlock:
            state.remote.unlock(kind, name)
        elif name:
            serial = state.remote.add_key(
                kind, name, pin=options.pin, subject=options.subject, matricule=options.matricule
            )
            if options.declare:
                state.store.set_account(options.declare, declare=[serial])
    if options.client:
        state.remote.add_client(options.client, options.secret, options.redirect)
    if options.tls_client:
        options.tls_client.write_bytes(state.authority.issue_tls_client("client"))
        options.tls_client.chmod(0o600)
    _show({"keys": state.remote.keys(), "outbox": state.remote.outbox()})


def _fault(options):
    faults = State(options.state).faults
    if options.action == "kinds":
        _show(
            {
                name: {"stage": kind.stage, "params": kind.params, "text": kind.text}
                for name, kind in KINDS.items()
            }
        )
    elif options.action == "list":
        _show(faults.all())
    elif options.action == "clear":
        _show({"removed": faults.remove()})
    elif not options.what:
        raise ValueError("which one?")
    elif options.action == "remove":
        _show({"removed": faults.remove(int(options.what))})
    else:
        params = {}
        for text in options.param:
            name, _, value = text.partition("=")
            try:
                params[name] = json.loads(value)
            except ValueError:
                params[name] = value
        _show(
            {
                "id": faults.add(
                    options.what,
                    operation=options.operation,
                    number=options.number,
                    login=options.login,
                    nth=options.nth,
                    times=options.times,
                    probability=options.probability,
                    seed=options.seed,
                    params=params,
                )
            }
        )


def _setting(options):
    store = State(options.state).store
    for text in options.values:
        name, _, value = text.partition("=")
        store.set_setting(name, json.loads(value) if value.startswith("[") else value)
    _show(store.settings())


def _clock(options):
    state = State(options.state)
    if options.offset is not None:
        state.store.set_setting("clock_offset", options.offset)
    if options.advance is not None:
        state.store.set_setting("clock_offset", float(state.store.setting("clock_offset")) + options.advance)
    _show({"offset": state.store.setting("clock_offset"), "now": state.clock.now().isoformat()})


def _ledger(options):
    ledger, after = State(options.state).ledger, options.after
    rows = []
    while page := ledger.rows(after=after, number=options.number, limit=10_000):
        rows += page
        after = page[-1]["seq"]
    if options.json:
        _show(rows)
        return
    for row in rows:
        print(
            f"{row['seq']:>6} {row['at']:.3f} {row['operation']:<13} {row['login'] or '-':<12} {row['number'] or '-':<20} "
            f"{row['outcome']:<13} {row['deposit_id'] or '-':<9} {row['state'] or '-':<9} {row['reference'] or '-'} "
            f"{row['code'] or ''} {row['text'] or ''} {','.join(row['faults'])}".rstrip()
        )


def _check(options):
    verdicts = check_returned(options.file.read_bytes(), strip=options.strip)
    _show(verdicts)
    return 0 if verdicts and all(verdicts.values()) else 1
