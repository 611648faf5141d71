"""TTN's kernel: takes the deposits whose time has come and gives its verdict, apart from the web service.

What remains to be done lies in the database, so a restart goes on where the last process ended.
"""

from __future__ import annotations

import base64
import datetime
import json
import secrets
import sqlite3
import sys
import threading
from decimal import Decimal, InvalidOperation

import segno
from lxml import etree

from sandbox.authority import Authority
from sandbox.clock import to_tunis
from sandbox.qr import make_key, png_base64, qr_text
from sandbox.reading import facts
from sandbox.stamp import NoRoot, stamped
from sandbox.store import Store
from sandbox.xml import parse

WAITING = ("pending", "rejected_for_now")
BATCH = 20


class Kernel:
    """In: store, authority (TTN's own key) and clock. start() runs it in a thread of its own."""

    def __init__(self, store: Store, authority: Authority, clock):
        self.store, self.authority, self.clock = store, authority, clock
        self._wake, self._stopped, self._thread = threading.Event(), threading.Event(), None

    def start(self):
        """Begin to work in the background."""
        self._thread = threading.Thread(target=self._run, name="kernel", daemon=True)
        self._thread.start()

    def stop(self):
        """End after the document at hand."""
        self._stopped.set()
        self._wake.set()
        if self._thread:
            self._thread.join(10)

    def wake(self):
        """Look at once: a deposit came, or the clock was moved."""
        self._wake.set()

    def process_due(self, limit: int = BATCH, only: int | None = None) -> int:
        """Give the verdicts that are due; how many. `only` restricts it to one deposit."""
        query = "SELECT * FROM deposit WHERE state IN ('pending', 'rejected_for_now') AND due_at <= ?"
        values: list = [self.clock.time()]
        if only is not None:
            query += " AND id = ?"
            values.append(only)
        rows = self.store.db.execute(query + " ORDER BY due_at, id LIMIT ?", (*values, limit)).fetchall()
        for row in rows:
            try:
                self._decide(row)
            except (ValueError, segno.DataOverflowError) as error:
                # One document that can't be finished must not hold up those behind it.
                print(f"sandbox kernel: deposit {row['id']}: {error}", file=sys.stderr, flush=True)
                self._reject(row, [["SERV07", "Erreur interne du serveur"]], self.clock.time(), None)
        return len(rows)

    def _run(self):
        while not self._stopped.is_set():
            try:
                done = self.process_due()
            except sqlite3.OperationalError as error:
                print(f"sandbox kernel: {error}", file=sys.stderr, flush=True)
                done = 0
            if not done:
                self._wake.wait(0.2)
                self._wake.clear()
        self.store.close()

    def _decide(self, row):
        plan, now = json.loads(row["plan"]), self.clock.time()
        errors = [] if row["state"] == "rejected_for_now" else self._errors(row, plan)
        if errors:
            self._reject(row, errors, now, plan.get("accept_after"))
            return
        final, reference, shown, text = self._final(row, plan, now)
        if shown != reference:
            plan["shown_reference"] = shown
        with self.store.write() as db:
            changed = db.execute(
                "UPDATE deposit SET state = 'accepted', reference = ?, final = ?, processed_at = ?, qr = ?, plan = ? "
                "WHERE id = ? AND state IN ('pending', 'rejected_for_now')",
                (reference, final, now, text, json.dumps(plan), row["id"]),
            ).rowcount
            if changed and plan.get("twice"):
                self._second(db, row, now)

    def _reject(self, row, errors, now, later):
        """Rejected; `later`: seconds after which it is accepted all the same, or None."""
        values = (
            "rejected" if later is None else "rejected_for_now",
            json.dumps(errors, ensure_ascii=False),
            now,
            now + (later or 0),
            row["id"],
        )
        with self.store.write() as db:
            db.execute(
                "UPDATE deposit SET state = ?, errors = ?, processed_at = ?, due_at = ? WHERE id = ? AND state <> 'accepted'",
                values,
            )

    def _errors(self, row, plan) -> list[list[str]]:
        errors = list(plan.get("errors", ()))
        if self.store.setting("control_partner") and not errors:
            seen = facts(parse(row["content"]))
            if seen.seller and seen.seller != seen.sender:
                errors.append(["CONTRL05", "Matricule de l'émetteur différent du matricule du fournisseur"])
        return errors

    def _final(self, row, plan, now) -> tuple[bytes, str, str, str]:
        """(bytes of the final document, the deposit's reference, the one that is shown, text of the QR code)."""
        reference = shown = new_reference(row["matricule"], row["id"], now)
        number, imprint = row["number"], row["imprint"]
        if plan.get("foreign_reference"):
            other = self.store.db.execute(
                "SELECT reference, number, imprint FROM deposit WHERE state = 'accepted' AND id <> ? ORDER BY id DESC LIMIT 1",
                (row["id"],),
            ).fetchone()
            shown, number, imprint = (
                tuple(other)
                if other and plan["foreign_reference"] != "invented"
                else (
                    new_reference("9999999", row["id"], now),
                    f"{number}-AUTRE",
                    base64.b64encode(secrets.token_bytes(32)).decode(),
                )
            )
        date = row["date_document"] or ""
        if date:
            date = datetime.date.fromisoformat(date).strftime("%d/%m/%Y")
        text = qr_text(
            number=number,
            date=date,
            reference=shown,
            sender=row["matricule"],
            receiver=row["receiver"],
            amount=java_number(row["amount"]),
            amount_tax=java_number(row["amount_tax"]),
            imprint=imprint,
            key=make_key(self.store.meta("secret"), shown, imprint),
        )
        at = to_tunis(now)
        try:
            final = stamped(
                row["content"],
                reference=shown,
                at=at,
                stamp=png_base64(text),
                kernel=self.authority.kernel,
                break_signature=bool(plan.get("invalid_sigttn")),
            )
        except NoRoot:
            final = row["content"]
        if plan.get("style"):
            final = reserialised(final, plan["style"])
        if plan.get("broken_content"):
            final = final[: len(final) // 2]
        return final, reference, shown, text

    def _second(self, db, row, now):
        """The same document accepted once more, as if it had been deposited twice."""
        second = next_id(db, self.store.settings())
        final, reference, _shown, text = self._final({**dict(row), "id": second}, {}, now)
        values = {
            **dict(row),
            "id": second,
            "state": "accepted",
            "reference": reference,
            "final": final,
            "processed_at": now,
            "qr": text,
            "plan": "{}",
        }
        db.execute(
            f"INSERT INTO deposit ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
            tuple(values.values()),
        )


def next_id(db, settings: dict) -> int:
    """The next deposit id of the platform, inside a write transaction."""
    last = db.execute("SELECT max(id) FROM deposit").fetchone()[0]
    return int(settings["first_id"]) if last is None else last + int(settings["id_step"])


def new_reference(matricule: str, deposit_id: int, now: float) -> str:
    """27 digits that begin with the seven of the matricule and never come twice."""
    digits = "".join(character for character in matricule if character.isdigit())[:7].rjust(7, "0")
    return f"{digits}{deposit_id:010d}{int(now * 1000) % 10**10:010d}"


def java_number(text: str | None) -> str:
    """An amount as Java prints a double: 2.000 → 2.0."""
    try:
        value = Decimal(text or "").normalize()
    except InvalidOperation:
        return text or ""
    plain = f"{value:f}"
    return plain if "." in plain else f"{plain}.0"


def reserialised(document: bytes, style: str) -> bytes:
    """The same document written differently: 'pretty' indents, 'quotes' and 'latin1' only change the writing."""
    if style == "pretty":
        root = etree.fromstring(
            document, etree.XMLParser(remove_blank_text=True, resolve_entities=False, no_network=True)
        )
        etree.indent(root)
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    root = parse(document)
    encoding = "ISO-8859-1" if style == "latin1" else "UTF-8"
    return etree.tostring(root, encoding=encoding, xml_declaration=True, standalone=True)
