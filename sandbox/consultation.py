"""What consultEfact finds and how a found deposit is written."""

from __future__ import annotations

import base64
import datetime
import json
import re
from decimal import Decimal, InvalidOperation

from sandbox.clock import TUNIS, to_tunis
from sandbox.kernel import new_reference
from sandbox.soap import text
from sandbox.store import Store

# So far are the made-up ids of another company's deposits from ours.
FOREIGN_IDS = 1_000_000_000
DATES = (
    "dateDebutDocument",
    "dateDebutProcess",
    "dateDocument",
    "dateFinDocument",
    "dateFinProcess",
    "dateProcess",
)


def read(criteria: dict[str, str]) -> dict:
    """Criteria in their own types; values that JAXB could not read become null there, so they are left out here."""
    found: dict = {}
    for name, value in criteria.items():
        value = value.strip() if name not in ("documentNumber", "documentType", "generatedRef") else value
        try:
            if name == "idSaveEfact":
                found[name] = int(value)
            elif name in ("amount", "amountTax"):
                found[name] = Decimal(value)
            elif name in DATES:
                found[name] = _seconds(value)
            else:
                found[name] = value
        except (ValueError, InvalidOperation):
            continue
    return found


def find(store: Store, login: str, criteria: dict, now: float, *, limit: int, prefixes: bool = False) -> list:
    """Rows of the account's visible deposits that meet all criteria: the newest `limit` ones, oldest of them first."""
    where, values = ["login = ?"], [login]
    for name, column in (("idSaveEfact", "id"), ("documentType", "document_type")):
        if name in criteria:
            where.append(f"{column} = ?")
            values.append(criteria[name])
    if "documentNumber" in criteria:
        number = criteria["documentNumber"]
        where.append(
            "(number = ? OR substr(number, 1, ?) = ? OR substr(?, 1, length(number)) = number)"
            if prefixes
            else "number = ?"
        )
        values += [number, len(number), number, number] if prefixes else [number]
    bounds = (
        ("dateDebutProcess", "coalesce(processed_at, received_at) >= ?"),
        ("dateFinProcess", "coalesce(processed_at, received_at) <= ?"),
    )
    for name, condition in bounds:
        if name in criteria:
            where.append(condition)
            values.append(criteria[name])
    for name, condition in (
        ("dateDebutDocument", "date_document >= ?"),
        ("dateFinDocument", "date_document <= ?"),
        ("dateDocument", "date_document = ?"),
    ):
        if name in criteria:
            where.append(condition)
            values.append(to_tunis(criteria[name]).date().isoformat())
    query = f"SELECT * FROM deposit WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?"
    rows = [
        row
        for row in store.db.execute(query, (*values, limit))
        if _visible(row, now) and _fits(row, criteria)
    ]
    return rows[::-1]


def item(row, settings: dict) -> str:
    """One deposit as a return element. In: its row, the settings on what carries the XML."""
    plan, state = json.loads(row["plan"]), row["state"]
    processed = row["processed_at"] or row["received_at"]
    parts = [_field("amount", row["amount"]), _field("amountTax", row["amount_tax"])]
    if row["date_document"]:
        parts.append(_field("dateDocument", f"{row['date_document']}T00:00:00+01:00"))
    parts += [
        _field("dateProcess", _moment(processed)),
        _field("documentNumber", row["number"]),
        _field("documentType", row["document_type"]),
    ]
    if state == "accepted":
        parts.append(_field("generatedRef", plan.get("shown_reference") or row["reference"]))
    parts.append(_field("idSaveEfact", row["id"]))
    if state == "accepted":
        parts.append(f"<listAcknowlegments>{_field('dateAck', _moment(processed))}</listAcknowlegments>")
    elif state in ("rejected", "rejected_for_now"):
        errors = "".join(
            f"<errors>{_field('errorDescription', description)}{_field('errorId', code)}</errors>"
            for code, description in json.loads(row["errors"])
        )
        parts.append(
            f"<listAcknowlegments>{_field('dateAck', _moment(processed))}{errors}</listAcknowlegments>"
        )
    content = row["final"] if state == "accepted" else row["content"] if settings["pending_content"] else None
    if content is not None:
        where = settings["final_xml"] if state == "accepted" else "xmlContent"
        encoded = base64.b64encode(content).decode()
        if where in ("listAttachement", "both"):
            parts.append(
                f"<listAttachement><fileoutContent>{encoded}</fileoutContent>"
                f"{_field('nameAttach', row['number'] + '.xml')}</listAttachement>"
            )
        if where in ("xmlContent", "both"):
            parts.append(f"<xmlContent>{encoded}</xmlContent>")
    return f"<return>{''.join(parts)}</return>"


def foreign(store: Store, account, criteria: dict, rows: list, settings: dict) -> list[str]:
    """Another company's deposit of the number asked for: a real one when there is one, else one made from our own."""
    number = criteria.get("documentNumber")
    other = store.db.execute(
        "SELECT * FROM deposit WHERE number = ? AND login <> ? AND matricule <> ? ORDER BY id DESC LIMIT 1",
        (number, account["login"], account["matricule"]),
    ).fetchone()
    if other is not None:
        return [item(other, settings)]
    if not rows:
        return []
    own, matricule = dict(rows[-1]), "9999999ZAM000"
    alter = {account["matricule"].encode(): matricule.encode()}
    data = own["final"] or own["content"]
    for before, after in alter.items():
        data = data.replace(before, after)
    data = re.sub(rb'(<ds:SignatureValue Id="value-SigFrs">)(.{8})', rb"\1QUFBQUFB", data, count=1)
    # TTN gives no number twice
    other_id = own["id"] + FOREIGN_IDS
    own.update(
        id=other_id,
        matricule=matricule,
        login="",
        state="accepted",
        final=data,
        plan="{}",
        reference=new_reference(matricule, other_id, own["received_at"]),
        processed_at=own["received_at"],
    )
    return [item(own, settings)]


def _visible(row, now: float) -> bool:
    hidden = json.loads(row["plan"]).get("hidden")
    if not hidden:
        return True
    age = now - row["received_at"]
    if age < (hidden.get("until") or 0):
        return False
    gone, back = hidden.get("gone_from"), hidden.get("back_at")
    return not (gone is not None and age >= gone and (back is None or age < back))


def _fits(row, criteria: dict) -> bool:
    for name, column in (("amount", "amount"), ("amountTax", "amount_tax")):
        if name in criteria:
            try:
                if Decimal(row[column]) != criteria[name]:
                    return False
            except (InvalidOperation, TypeError):
                return False
    if "generatedRef" in criteria:
        shown = json.loads(row["plan"]).get("shown_reference") or row["reference"]
        return row["state"] == "accepted" and shown == criteria["generatedRef"]
    return True


def _seconds(value: str) -> float:
    moment = datetime.datetime.fromisoformat(value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=TUNIS)
    return moment.timestamp()


def _moment(seconds: float) -> str:
    return to_tunis(seconds).isoformat(timespec="milliseconds")


def _field(name: str, value) -> str:
    return f"<{name}>{text(value)}</{name}>" if value not in (None, "") else ""
