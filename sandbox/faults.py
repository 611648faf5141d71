"""Faults that can be switched on: what they are called, which calls they touch, and the counters that decide.

A fault is a row of the database: kind, matchers (operation, number, login, nth matching call, at most n times, probability
with a seed) and parameters. The same rows are written by the command line, the configuration file and the admin interface.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from sandbox.store import Store

CONNECT, BODY = "connect", "body"
OPERATIONS = ("saveEfact", "consultEfact", "verifyQrCode")
SERVICES = ("digigo.chain", "digigo.authorize", "digigo.token", "digigo.signHash", "seal.signHash")


@dataclass(frozen=True)
class Kind:
    """A fault's kind: at which stage it acts, its parameters with defaults, what it does."""

    stage: str  # connect, body, before, after, refusal, text, deposit, consult, sign
    params: dict = field(default_factory=dict)
    text: str = ""


_HTML = "<html><head><title>Maintenance</title></head><body><h1>Service momentan&eacute;ment indisponible</h1></body></html>"
KINDS: dict[str, Kind] = {
    # The network.
    "silent_connect": Kind(
        "connect", {"seconds": 60.0}, "the connection is taken and nothing ever answers, TLS neither"
    ),
    "timeout_before": Kind("before", {"seconds": 120.0}, "body read, not processed, no answer"),
    "timeout_after": Kind("after", {"seconds": 120.0}, "body processed, no answer"),
    "reset_before": Kind("before", {}, "TCP reset once the body is read; not processed"),
    "reset_after": Kind("after", {}, "processed, then TCP reset instead of the answer"),
    "reset_in_body": Kind(
        "body", {"bytes": 512}, "TCP reset after that many bytes of the body; not processed"
    ),
    "late_deposit": Kind(
        "after", {"delay": 60.0}, "TCP reset; the deposit becomes visible only after a delay"
    ),
    "slow_drip": Kind("after", {"interval": 0.5, "chunk": 8}, "the answer comes in little pieces"),
    "truncate": Kind(
        "after", {"keep": 0.5, "honest": False}, "the answer is cut; honest: Content-Length fits the cut"
    ),
    "gzip_bomb": Kind("after", {"size": 1 << 30}, "a small gzip answer that unpacks to `size` bytes"),
    "http_status": Kind(
        "before", {"status": 503, "processed": False, "body": _HTML}, "an HTTP error with an HTML page"
    ),
    "html": Kind("before", {"processed": False, "body": _HTML}, "HTML with HTTP 200"),
    "redirect": Kind(
        "before",
        {"status": 302, "location": "http://127.0.0.1:9/", "processed": False},
        "an HTTP redirection",
    ),
    "wrong_encoding": Kind("after", {}, "an answer that announces UTF-8 and is Latin-1"),
    "relay_double": Kind(
        "before", {"answer": "second"}, "a relay sends the POST twice; answer first or second"
    ),
    # The answer of a deposit.
    "text_without_id": Kind(
        "text", {"text": "Facture enregistree, en cours de validation"}, "deposit made, no id in the text"
    ),
    "text_several_numbers": Kind(
        "text",
        {"text": "Facture enregistree avec ID {id} (lot ID 777, ref ID {other}) en cours"},
        "several ids in the text",
    ),
    "fault_200": Kind(
        "refusal",
        {"code": "SERV07", "message": "Erreur interne du serveur", "status": 200},
        "a SOAP fault with HTTP 200",
    ),
    "fault_after": Kind(
        "text",
        {"code": "SERV07", "message": "Erreur interne du serveur"},
        "deposit made, answered by a fault",
    ),
    # Refusals at once.
    "refuse": Kind(
        "refusal", {"code": "SERV07", "message": "Erreur interne du serveur"}, "any SERV code and text"
    ),
    "wrong_login": Kind("refusal", {"reason": "account"}, "as if login, password or matricule were wrong"),
    "undeclared_certificate": Kind(
        "refusal", {"reason": "signer_undeclared"}, "as if the serial were not declared"
    ),
    "expired_certificate": Kind("refusal", {"reason": "signer_expired"}, "as if the certificate had expired"),
    "revoked_certificate": Kind(
        "refusal", {"reason": "signer_revoked"}, "as if the certificate were revoked"
    ),
    "two_signatures": Kind("refusal", {"reason": "signature_many"}, "as if there were two signatures"),
    "altered_file": Kind("refusal", {"reason": "signature_altered"}, "as if the file had been altered"),
    # The kernel's verdict.
    "late_verdict": Kind("deposit", {"delay": 300.0}, "the verdict comes later by that many seconds"),
    "no_verdict": Kind("deposit", {}, "the verdict never comes"),
    "reject": Kind(
        "deposit",
        {"errors": [["CONTRL05", "Matricule de l'émetteur différent du matricule attendu"]]},
        "rejected with these errors",
    ),
    "several_errors": Kind(
        "deposit",
        {
            "errors": [
                ["CONTRL01", "Montant total TTC incorrect"],
                ["CONTRL02", "Date de facture invalide"],
                ["CONTRL05", "Matricule de l'émetteur différent du matricule attendu"],
            ]
        },
        "rejected with several errors",
    ),
    "mass_rejection": Kind(
        "deposit", {"errors": [["CONTRL99", "Rejet technique du noyau"]]}, "every deposit is rejected"
    ),
    "rejected_then_accepted": Kind(
        "deposit",
        {"after": 30.0, "errors": [["CONTRL07", "Contrôle momentanément impossible"]]},
        "rejected, and accepted later",
    ),
    "two_acceptances": Kind("deposit", {}, "accepted twice, under two ids and two references"),
    "foreign_reference": Kind(
        "deposit",
        {"invented": False},
        "accepted with reference and CEV of another invoice: the last accepted one, or one that nobody knows",
    ),
    "reserialised": Kind("deposit", {"style": "pretty"}, "returned re-serialised: pretty, quotes or latin1"),
    "invalid_sigttn": Kind("deposit", {}, "TTN's signature is wrong"),
    "broken_content": Kind("deposit", {}, "the returned file is no XML"),
    "hidden": Kind(
        "deposit",
        {"until": 60.0, "gone_from": None, "back_at": None},
        "consultation does not show it before `until`, nor from gone_from to back_at (seconds after the deposit)",
    ),
    # Consultation.
    "prefix_numbers": Kind("consult", {}, "numbers that begin like the one asked for are returned too"),
    "foreign_deposit": Kind("consult", {}, "another company's deposit of the same number is returned too"),
    # Signature services.
    "sign_refused": Kind(
        "sign",
        {"status": 403, "code": "refused", "text": "refused on purpose"},
        "the service refuses to sign",
    ),
    "sign_partly": Kind("sign", {"keep": 0.5}, "only the first signatures of a batch come back"),
    "sign_wrong": Kind("sign", {}, "signatures that don't verify"),
    "sign_shuffled": Kind("sign", {}, "the signatures of a batch come in the wrong order"),
    "empty_answer": Kind("consult", {}, "nothing is returned although there is something"),
}

_DEPOSITS_ONLY = (
    "late_deposit",
    "relay_double",
    "undeclared_certificate",
    "expired_certificate",
    "revoked_certificate",
    "two_signatures",
    "altered_file",
)


@dataclass(frozen=True)
class Hit:
    """A fault that touches the call at hand."""

    id: int
    kind: str
    params: dict

    @property
    def stage(self) -> str:
        """The stage at which it acts."""
        return KINDS[self.kind].stage


class Faults:
    """The stored faults. In: the store."""

    def __init__(self, store: Store):
        self.store = store

    def add(
        self,
        kind: str,
        *,
        operation=None,
        number=None,
        login=None,
        nth=None,
        times=None,
        probability=None,
        seed="",
        params=None,
    ) -> int:
        """Switch a fault on; its id. Raises ValueError."""
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}; known: {', '.join(KINDS)}")
        params = dict(params or {})
        unknown = set(params) - set(KINDS[kind].params)
        if unknown:
            raise ValueError(f"fault {kind!r} has no parameter {', '.join(sorted(unknown))}")
        if operation is not None and operation not in OPERATIONS + SERVICES:
            known = ", ".join(OPERATIONS + SERVICES)
            raise ValueError(f"unknown operation {operation!r}; known: {known}")
        for name, value in (("nth", nth), ("times", times)):
            if value is not None and int(value) < 1:
                raise ValueError(f"{name} counts from 1")
        if probability is not None and not 0 <= float(probability) <= 1:
            raise ValueError("probability is between 0 and 1")
        stage = KINDS[kind].stage
        if stage in (CONNECT, BODY) and (operation or number or login):
            raise ValueError(
                f"fault {kind!r} strikes before the call is read: it can't depend on what the call says"
            )
        operation = operation or _usual_operation(kind)
        with self.store.write() as db:
            values = {
                "kind": kind,
                "operation": operation,
                "number": number,
                "login": login,
                "nth": nth,
                "times": times,
                "probability": probability,
                "seed": str(seed),
                "params": json.dumps(params),
            }
            marks = ", ".join("?" * len(values))
            return db.execute(
                f"INSERT INTO fault ({', '.join(values)}) VALUES ({marks})", tuple(values.values())
            ).lastrowid

    def remove(self, fault_id: int | None = None) -> int:
        """Switch one fault off, or all; how many there were."""
        with self.store.write() as db:
            if fault_id is None:
                return db.execute("DELETE FROM fault").rowcount
            return db.execute("DELETE FROM fault WHERE id = ?", (fault_id,)).rowcount

    def all(self) -> list[dict]:
        """The faults that are on, with their counters."""
        return [
            {**dict(row), "params": json.loads(row["params"])}
            for row in self.store.db.execute("SELECT * FROM fault ORDER BY id")
        ]

    def hits(self, operation: str, *, number: str | None = None, login: str | None = None) -> list[Hit]:
        """The faults that touch this call, in the order in which they were switched on. Counts the call.

        In: an operation, or CONNECT or BODY for the stages at which the operation is not known yet.
        """
        early = operation in (CONNECT, BODY)
        rows = [
            row
            for row in self.store.db.execute("SELECT * FROM fault ORDER BY id")
            if (KINDS[row["kind"]].stage == operation if early else _concerns(row, operation))
            and row["number"] in (None, number)
            and row["login"] in (None, login)
        ]
        if not rows:
            return []
        found = []
        with self.store.write() as db:
            for row in rows:
                row = db.execute(
                    "UPDATE fault SET seen = seen + 1 WHERE id = ? RETURNING *", (row["id"],)
                ).fetchone()
                if row is None or not _strikes(row):
                    continue
                db.execute("UPDATE fault SET hits = hits + 1 WHERE id = ?", (row["id"],))
                found.append(
                    Hit(row["id"], row["kind"], {**KINDS[row["kind"]].params, **json.loads(row["params"])})
                )
        return found


def _concerns(row, operation: str) -> bool:
    stage = KINDS[row["kind"]].stage
    if stage in (CONNECT, BODY):
        return False
    if row["operation"] is None:
        # Without a name a fault means the deposits' service, and a fault of signing any of the signers.
        return operation.endswith(".signHash") if stage == "sign" else operation in OPERATIONS
    return row["operation"] == operation


def _usual_operation(kind: str) -> str | None:
    """The operation that a kind is about when none is named; None for any."""
    if KINDS[kind].stage in ("deposit", "text") or kind in _DEPOSITS_ONLY:
        return "saveEfact"
    return "consultEfact" if KINDS[kind].stage == "consult" else None


def _strikes(row) -> bool:
    if row["times"] is not None and row["hits"] >= row["times"]:
        return False
    if row["nth"] is not None and row["seen"] != row["nth"]:
        return False
    if row["probability"] is not None:
        # Drawn from the seed and the call's rank: the same run strikes the same calls, whatever the threads do.
        digest = hashlib.sha256(f"{row['seed']}|{row['kind']}|{row['seen']}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64 < row["probability"]
    return True
