"""Compares what the database believes, and the history of its attempts, with what TTN has in its ledger."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass

FINAL = ("accepted", "rejected", "to_decide", "conflict")
#: TTN, or something on the way to it, made two deposits of one.
DOUBLED_OUTSIDE = {"relay_double", "two_acceptances"}


@dataclass
class Document:
    """What the database has of one document."""

    number: str
    state: str
    reference: str
    signature: str
    resent: bool
    held_for: str


class Verdict:
    """:param world: a ``World`` that is at rest.

    :param moves: judge the documents of these invoices only; None: all of them.
    :param bool elsewhere: a restored backup or a second database made deposits that this one has no attempts of.
    :param int last_forgotten: TTN's number of the last deposit before a backup was put back; 0: none was.
    """

    def __init__(self, world, *, moves=None, elsewhere=False, last_forgotten=0):
        self.elsewhere, self.last_forgotten = elsewhere, last_forgotten
        self.wrong = []
        self.counted = Counter()
        self._read(world, moves)
        for document in self.documents:
            self._judge(document)
        if moves is None:
            for number in set(self.deposits) - {document.number for document in self.documents} - self.told:
                self._wrong(number, "is at TTN, and nobody here knows it")

    def _read(self, world, moves):
        self.rows = json.loads(world.ttn.command("ledger", "--json"))
        self.deposits = defaultdict(list)
        for deposit in all_pages(world.ttn, "deposits", "id"):
            self.deposits[deposit["number"]].append(deposit)
        self.faults = defaultdict(set)
        for row in self.rows:
            if row["operation"] == "saveEfact" and row["number"]:
                self.faults[row["number"]].update(row["faults"])
        rows = world.query(
            "SELECT number, state, coalesce(reference, ''), coalesce(signature_value, ''), coalesce(resent, false),"
            " CASE WHEN hold THEN coalesce(reason_code, '') ELSE '' END FROM l10n_tn_edi_document"
            " WHERE live AND (%s OR move_id = ANY(%s))",
            moves is None,
            moves or [],
        )
        self.documents = [Document(*row) for row in rows]
        self.attempts = defaultdict(list)
        for number, answer_class in world.query(
            "SELECT d.number, e.answer_class FROM l10n_tn_edi_exchange e"
            " JOIN l10n_tn_edi_document d ON d.id = e.document_id WHERE e.operation = 'save' ORDER BY e.id"
        ):
            self.attempts[number].append(answer_class)
        findings = world.query("SELECT findings FROM l10n_tn_edi_account WHERE findings IS NOT NULL")
        # Numbers that the responsible was told of
        self.told = {item["params"].get("number") for (found,) in findings for item in found}
        ids = {item["deposit"] for (found,) in findings for item in found}
        self.told |= {n for n, deposits in self.deposits.items() if ids & {d["id"] for d in deposits}}

    def _judge(self, document):
        number, state = document.number, document.state
        ours = self.deposits.get(number, [])
        held = document.held_for.startswith("sweep.")
        self.counted["for a human (number quarantined)" if held else state] += 1
        if state not in FINAL and not held:
            self._wrong(number, f"has no end: {state}")
        flagged = held or state in ("to_decide", "conflict") or number in self.told
        if len(ours) > 1:
            if not flagged:
                self._wrong(number, f"was deposited {len(ours)} times, and nobody is told: {state}")
            if not self._excused(document):
                self._wrong(number, f"was deposited {len(ours)} times without need: {state}")
        if self._could_be_seen(ours) and not document.resent:
            self._wrong(number, f"was deposited again after the backup, although TTN showed it: {state}")
        self._compare_attempts(number, ours)
        accepted = {deposit["reference"] for deposit in ours if deposit["reference"]}
        if (accepted and state == "rejected") or (accepted and state not in FINAL and not held):
            self._wrong(number, f"is accepted by TTN and is {state}")
        mine = {d["reference"] for d in ours if compact(d["signature_value"]) == compact(document.signature)}
        if state in ("accepted", "conflict") and document.reference not in mine:
            self._wrong(number, f"is accepted under {document.reference}, which is not TTN's for it")

    def _excused(self, document):
        """:return: whether a second deposit can't be laid at this database's door."""
        if self.faults[document.number] & DOUBLED_OUTSIDE:
            return True
        if self.elsewhere and self._reached(document.number) < 2:
            return True
        # Absent by all the rules, and the company wants it deposited once more: not before W is over.
        return document.resent and any(late_beyond_window(d) for d in self.deposits[document.number])

    def _could_be_seen(self, ours):
        """:return: whether a restored database deposited what TTN showed to everybody who asked."""
        before = [d for d in ours if d["id"] <= self.last_forgotten and "hidden" not in d["plan"]]
        after = [d for d in ours if d["id"] > self.last_forgotten]
        return bool(self.last_forgotten and before and after)

    def _compare_attempts(self, number, ours):
        """Every deposit was tried, and by an attempt that may have reached TTN."""
        extra = len(ours) - self._reached(number)
        if extra > 0 and not self.elsewhere and not self.faults[number] & DOUBLED_OUTSIDE:
            self._wrong(number, f"was deposited {len(ours)} times by the attempts {self.attempts[number]}")

    def _reached(self, number):
        """:return: number of attempts that may have reached TTN, as the database has them."""
        return sum(answer not in ("not_sent", "refused") for answer in self.attempts[number])

    def _wrong(self, number, what):
        self.wrong.append(f"{number} {what}")

    def line(self, chaos):
        """:return: one line for people."""
        faults = Counter(fault for row in self.rows for fault in row["faults"])
        return json.dumps(
            {
                "documents": dict(self.counted),
                "deposits": sum(map(len, self.deposits.values())),
                "deposited more than once": sum(len(found) > 1 for found in self.deposits.values()),
                "happened": dict(chaos.happened),
                "faults": dict(faults),
                "wrong": self.wrong,
            },
            ensure_ascii=False,
        )


def late_beyond_window(deposit):
    """Whether TTN did not show a deposit for longer than any company waits in these tests (a minute)."""
    hidden = deposit["plan"].get("hidden") or {}
    return (hidden.get("until") or 0) > 60


def all_pages(ttn, what, key):
    """:return: all rows that the sandbox has of something."""
    found, after = [], 0
    while page := ttn.admin("GET", f"/{what}?limit=1000&after={after}")[what]:
        found += page
        after = page[-1][key]
    return found


def compact(text):
    return "".join((text or "").split())
