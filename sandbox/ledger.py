"""The ledger: one row for every body that reached the server, also those refused or whose connection broke."""

from __future__ import annotations

import hashlib
import json

from sandbox.store import Store


class Ledger:
    """In: the store and the clock."""

    def __init__(self, store: Store, clock):
        self.store, self.clock = store, clock

    def received(self, *, peer: str, operation: str, body: bytes, complete: bool) -> int:
        """Note a body as soon as it is there, before anything is done with it; the row's number."""
        with self.store.write() as db:
            return db.execute(
                "INSERT INTO ledger (at, peer, operation, http_sha256, http_size, complete, outcome) VALUES (?,?,?,?,?,?,?)",
                (
                    self.clock.time(),
                    peer,
                    operation,
                    hashlib.sha256(body).hexdigest(),
                    len(body),
                    int(complete),
                    "received" if complete else "broken",
                ),
            ).lastrowid

    def complete(self, seq: int, **values):
        """Add what came out: operation, login, sha256, number, criteria, deposit_id, outcome, code, text, faults (list)."""
        if "faults" in values:
            values["faults"] = json.dumps(values["faults"])
        if "criteria" in values and values["criteria"] is not None:
            values["criteria"] = json.dumps(values["criteria"], ensure_ascii=False)
        # Column names come from our own calls, never from outside.
        columns = ", ".join(f"{name} = ?" for name in values)
        with self.store.write() as db:
            db.execute(f"UPDATE ledger SET {columns} WHERE seq = ?", (*values.values(), seq))

    def rows(
        self,
        *,
        after: int = 0,
        limit: int = 1000,
        number: str | None = None,
        login: str | None = None,
        operation: str | None = None,
    ) -> list[dict]:
        """Rows with their deposit's present state ('state', 'reference'), oldest first, at most 10,000."""
        where, values = ["l.seq > ?"], [after]
        for column, value in (("number", number), ("login", login), ("operation", operation)):
            if value is not None:
                where.append(f"l.{column} = ?")
                values.append(value)
        query = (
            f"SELECT l.*, d.state, d.reference FROM ledger l LEFT JOIN deposit d ON d.id = l.deposit_id "
            f"WHERE {' AND '.join(where)} ORDER BY l.seq LIMIT ?"
        )
        return [
            {**dict(row), "faults": json.loads(row["faults"])}
            for row in self.store.db.execute(query, (*values, min(limit, 10_000)))
        ]

    def deposits(
        self, *, after: int = 0, limit: int = 1000, number: str | None = None, login: str | None = None
    ) -> list[dict]:
        """Deposits without their contents, by id, at most 10,000."""
        where, values = ["id > ?"], [after]
        for column, value in (("number", number), ("login", login)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        query = (
            "SELECT id, login, matricule, number, document_type, date_document, amount, amount_tax, receiver, received_at, "
            "sha256, signature_value, imprint, state, due_at, processed_at, reference, errors, plan FROM deposit "
            f"WHERE {' AND '.join(where)} ORDER BY id LIMIT ?"
        )
        return [
            {**dict(row), "errors": json.loads(row["errors"]), "plan": json.loads(row["plan"])}
            for row in self.store.db.execute(query, (*values, min(limit, 10_000)))
        ]
