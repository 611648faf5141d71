"""Compares what the database believes, and the history of its attempts, with what TTN has in its ledger. Pure: see ``Verdict``.

Several databases may have called TTN: the one that a backup was put back over, a copy beside it, the restored one. Each is
judged by its own history, with what it had inherited; what another one did excuses nothing that it could have known.
"""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

FINAL = ("accepted", "rejected", "to_decide", "conflict")
#: Told to a human as "TTN does not have it".
ABSENT = ("ask.absent", "ask.absent_unproved")
#: Where those documents ended whose number TTN holds by something that the database did not deposit.
QUARANTINED = "for a human (number quarantined)"
#: What makes a document with a reference of TTN's another one than ours, or no readable one.
SPOILT = ("foreign_reference", "broken_content")


class Wrong(NamedTuple):
    """Something that must not be.

    :param str rule: name of the rule that is broken: the method of ``Verdict`` that says what it is.
    """

    rule: str
    number: str
    text: str

    def __str__(self):
        return f"{self.number} {self.text} ({self.rule})"


@dataclass
class Post:
    """One call of ``saveEfact`` that a database made and that reached TTN whole.

    :param dict row: its row of the ledger.
    :param echoes: the rows of the same body that something on the way sent again.
    """

    row: dict
    echoes: list = field(default_factory=list)

    @property
    def deposit_id(self):
        return self.row["deposit_id"]

    @property
    def may_echo(self):
        """:return: whether one more row may be an echo of it."""
        relayed = self.row["outcome"] != "not_processed"
        return relayed and len(self.echoes) < self.row["faults"].count("relay_double")


class Verdict:
    """:param evidence: an ``Evidence`` of a world that is at rest.

    ``wrong`` is a list of ``Wrong``; ``counted`` the number of documents by where they ended; ``certain`` the number of those
    that nothing happened to and that had to be accepted.
    """

    def __init__(self, evidence):
        self.evidence = evidence
        self.wrong = []
        self.counted = Counter()
        self.certain = 0
        self._sort()
        for document in evidence.documents:
            self._judge(document)
        for life in evidence.lives:
            self._judge_life(life)
        self.doubled_by_somebody()
        self.nobody_knows()

    def _sort(self):
        evidence = self.evidence
        self.numbers = {document.number for document in evidence.documents}
        self.deposits = defaultdict(list)
        for deposit in evidence.deposits:
            self.deposits[deposit["number"]].append(deposit)
        self.deposit = {deposit["id"]: deposit for deposit in evidence.deposits}
        saves = defaultdict(list)
        for row in evidence.rows:
            if row["operation"] == "saveEfact" and row["number"]:
                saves[row["number"], row["peer"]].append(row)
        #: (number, address) to list of ``Post``
        self.posts = {key: posts_of(rows) for key, rows in saves.items()}
        self.rows = defaultdict(list)
        for (number, _address), rows in saves.items():
            self.rows[number] += rows

    @cached_property
    def told(self):
        """Numbers that the responsible was told of."""
        ids = {item["deposit"] for item in self.evidence.findings}
        numbers = {item["params"].get("number") for item in self.evidence.findings}
        return numbers | {self.deposit[i]["number"] for i in ids if i in self.deposit}

    # --- One document ----------------------------------------------------------------------------------------------

    def _judge(self, document):
        number, state = document.number, document.state
        held = document.held_for.startswith("sweep.")
        self.counted[QUARANTINED if held else state] += 1
        if held:
            self.held(document)
        elif state in FINAL:
            getattr(self, state)(document)
            self.nothing_happened(document)
        else:
            self._wrong("without_end", number, f"has no end: {state}")
        if len(self.deposits[number]) > 1 and not (
            held or state in ("to_decide", "conflict") or number in self.told
        ):
            self._wrong(
                "nobody_told",
                number,
                f"was deposited {len(self.deposits[number])} times, and nobody is told: {state}",
            )

    def held(self, document):
        """A number is quarantined because TTN has something that this database did not deposit, and somebody is told."""
        mine = {post.deposit_id for post in self._history(self.evidence.life, document.number)}
        if {deposit["id"] for deposit in self.deposits[document.number]} <= mine:
            self._wrong("held", document.number, "is held, and TTN has nothing but our own of it")
        if document.number not in self.told:
            self._wrong("held", document.number, "is held, and nobody is told")

    def accepted(self, document):
        """Accepted under a reference that TTN gave to our own bytes."""
        mine = {deposit["reference"] for deposit in self._ours(document)} - {None, ""}
        if document.reference not in mine:
            text = f"is accepted under {document.reference}, which is not TTN's for it"
            self._wrong("accepted", document.number, text)

    def conflict(self, document):
        """Accepted twice at least, once as ours."""
        self.accepted(document)
        references = {deposit["reference"] for deposit in self.deposits[document.number]} - {None, ""}
        if len(references) < 2:
            self._wrong("conflict", document.number, "is accepted twice, and TTN accepted it once at most")

    def rejected(self, document):
        """TTN rejected all that we deposited, or refused it at once; it accepted nothing under the number."""
        ours, number = self._ours(document), document.number
        if any(deposit["reference"] for deposit in self.deposits[number]):
            self._wrong("rejected", number, "is accepted by TTN and is rejected")
        elif any(deposit["state"] != "rejected" for deposit in ours):
            states = sorted({deposit["state"] for deposit in ours})
            self._wrong("rejected", number, f"is rejected, and {', '.join(states)} at TTN")
        elif not ours and not any(
            row["outcome"] == "refused" and row["sha256"] == document.sha256 for row in self.rows[number]
        ):
            self._wrong("rejected", number, "is rejected, and TTN neither rejected nor refused it")

    def to_decide(self, document):
        """A human has to decide what nobody else can tell: not what TTN shows, nor what was never tried."""
        number = document.number
        shown = [deposit for deposit in self._ours(document) if is_shown(deposit, self.evidence.now)]
        plain = [deposit for deposit in shown if not set(SPOILT) & set(deposit["plan"])]
        if any(deposit["reference"] for deposit in plain):
            self._wrong("to_decide", number, f"is accepted by TTN and is to decide: {document.reason}")
        elif [deposit["state"] for deposit in plain] == ["rejected"] and plain == self.deposits[number]:
            self._wrong("to_decide", number, f"is rejected by TTN and is to decide: {document.reason}")
        elif shown and document.reason in ABSENT:
            self._wrong("to_decide", number, f"is told to be absent, and TTN shows it: {document.reason}")
        elif not self.deposits[number] and not self.evidence.life.known().get(number):
            self._wrong("to_decide", number, f"is to decide, and nobody ever tried it: {document.reason}")

    def nothing_happened(self, document):
        """What the database deposited itself, once and without a fault, is accepted."""
        rows, deposits = self.rows[document.number], self.deposits[document.number]
        own = self._history(self.evidence.life, document.number)
        if len(own) != 1 or len(rows) != 1 or len(deposits) != 1:
            return
        if rows[0]["faults"] or deposits[0]["plan"]:
            return
        self.certain += 1
        if document.state != "accepted":
            text = f"is {document.state}, and nothing happened to it: {document.reason}"
            self._wrong("nothing_happened", document.number, text)

    # --- One database ----------------------------------------------------------------------------------------------

    def _judge_life(self, life):
        own = life.own()
        for number in self.numbers if not self.evidence.whole else self._numbers_at_ttn() | set(own):
            attempts, posts = own.get(number, []), self.posts.get((number, life.address), [])
            self.without_attempt(life, number, attempts, posts)
            self.other_number(life, number, attempts)
            self.deposited_again(life, number)
            if life.parent:
                self.could_be_seen(life, number, posts)

    def without_attempt(self, life, number, attempts, posts):
        """Every body that came was tried, and by an attempt that says so; every deposit by one that was not refused."""
        arrived = [one.answer_class for one in attempts if one.may_have_arrived]
        made = [post for post in posts if post.deposit_id]
        not_refused = [answer for answer in arrived if answer != "refused"]
        if len(posts) > len(arrived) or len(made) > len(not_refused):
            classes = [one.answer_class for one in attempts]
            text = f"reached TTN {len(posts)} times from {life.name} by the attempts {classes}"
            self._wrong("without_attempt", number, text)

    def other_number(self, life, number, attempts):
        """TTN's number of a deposit that an attempt knows is that of a deposit of it."""
        for attempt in attempts:
            known = attempt.deposit_id and self.deposit.get(int(attempt.deposit_id))
            if attempt.answer_class == "submitted" and (not known or known["number"] != number):
                text = f"is {attempt.deposit_id} by what {life.name} wrote down, and that is not TTN's"
                self._wrong("other_number", number, text)

    def deposited_again(self, life, number):
        """One deposit, and a second one only when the first was absent by all the rules and the company wants it."""
        made = self._history(life, number)
        if len(made) < 2 or not any(post.row["peer"] == life.address for post in made):
            return
        absent = hidden_until(self.deposit[made[0].deposit_id]) > made[0].row["at"] + self.evidence.window
        if len(made) > 2 or number not in life.resent or not absent:
            text = f"was deposited {len(made)} times without need by what {life.name} knew"
            self._wrong("deposited_again", number, text)

    def could_be_seen(self, life, number, posts):
        """A copy compares before it deposits: what TTN showed by then it does not deposit again."""
        made = [post for post in posts if post.deposit_id]
        if not made:
            return
        asked, first = self.comparison(life), made[0].row
        if not asked or asked["seq"] > first["seq"]:
            self._wrong("could_be_seen", number, f"was deposited by {life.name} before it compared")
            return
        others = (
            self.deposit[row["deposit_id"]]
            for row in self.rows[number]
            if row["deposit_id"] and row["peer"] != life.address and row["seq"] < asked["seq"]
        )
        if any(is_shown_throughout(deposit, asked["at"], first["at"]) for deposit in others):
            text = f"was deposited again by {life.name}, although TTN showed it"
            self._wrong("could_be_seen", number, text)

    def comparison(self, life):
        """:return: row of the first question with which a database compares the account; None: it never did."""
        return next(
            (
                row
                for row in self.evidence.rows
                if row["peer"] == life.address and row["outcome"] == "consulted" and not row["number"]
            ),
            None,
        )

    def made_by(self, life):
        """:return: number of deposits that a database made."""
        return sum(
            row["peer"] == life.address and bool(row["deposit_id"])
            for rows in self.rows.values()
            for row in rows
        )

    # --- The whole -------------------------------------------------------------------------------------------------

    def doubled_by_somebody(self):
        """Each deposit is one that a database made, or the double that TTN or a relay made of one of them."""
        addresses = {life.address for life in self.evidence.lives}
        for number in self._numbers_at_ttn():
            posts = [post for (one, _peer), found in self.posts.items() if one == number for post in found]
            strangers = {post.row["peer"] for post in posts} - addresses
            if strangers:
                self._wrong(
                    "doubled_by_somebody", number, f"came from {sorted(strangers)}, which is none of ours"
                )
            made = sum(bool(row["deposit_id"]) for post in posts for row in (post.row, *post.echoes))
            twins = sum(bool(one["plan"].get("twice") and one["reference"]) for one in self.deposits[number])
            if len(self.deposits[number]) != made + twins:
                text = f"has {len(self.deposits[number])} deposits, of which {made + twins} are accounted for"
                self._wrong("doubled_by_somebody", number, text)

    def nobody_knows(self):
        """What TTN has is known here, or told."""
        for number in self._numbers_at_ttn() - self.numbers - self.told:
            self._wrong("nobody_knows", number, "is at TTN, and nobody here knows it")

    # --- Parts -----------------------------------------------------------------------------------------------------

    def _numbers_at_ttn(self):
        numbers = {number for number, found in self.deposits.items() if found}
        return numbers if self.evidence.whole else numbers & self.numbers

    def _ours(self, document):
        """:return: TTN's deposits of a document's very bytes."""
        signature = compact(document.signature)
        return [one for one in self.deposits[document.number] if compact(one["signature_value"]) == signature]

    def _history(self, life, number):
        """:return: list of ``Post`` that made a deposit and that a database has, or had inherited, an attempt of."""
        found = list(self.posts.get((number, life.address), []))
        if life.parent:
            found = self._inherited(life, number) + found
        return [post for post in found if post.deposit_id]

    def _inherited(self, life, number):
        before = [one for one in life.known().get(number, []) if one.id <= life.inherited]
        after = [one for one in life.parent.own().get(number, []) if one.id > life.inherited]
        posts = self.posts.get((number, life.parent.address), [])
        if any(not one.answer_class for one in before) and not after:
            # Its call was on its way while the backup was made
            return posts
        return [post for post in posts if post.row["seq"] <= life.born_at]

    def _wrong(self, rule, number, text):
        self.wrong.append(Wrong(rule, number, text))

    def line(self, chaos):
        """:return: one line for people."""
        faults = Counter(fault for row in self.evidence.rows for fault in row["faults"])
        return json.dumps(
            {
                "documents": dict(self.counted),
                "nothing happened to": self.certain,
                "deposits": len(self.evidence.deposits),
                "deposits of": {life.name: self.made_by(life) for life in self.evidence.lives},
                "deposited more than once": sum(len(found) > 1 for found in self.deposits.values()),
                "happened": dict(chaos.happened),
                "faults": dict(faults),
                "wrong": [str(wrong) for wrong in self.wrong],
            },
            ensure_ascii=False,
        )


def posts_of(rows):
    """:param rows: rows of the ledger of one number from one address, in their order.

    :return: list of ``Post``.
    """
    posts = []
    for row in rows:
        source = next((post for post in reversed(posts) if post.may_echo), None)
        # Only the row of the body itself says whether it was answered
        if row["answered"] is None and "relay_double" in row["faults"] and source:
            source.echoes.append(row)
        else:
            posts.append(Post(row))
    return posts


# --- What TTN shows, and when ---------------------------------------------------------------------------------------


def hidden_until(deposit):
    """:return: until when TTN does not show a deposit at all, seconds since the epoch."""
    return deposit["received_at"] + ((deposit["plan"].get("hidden") or {}).get("until") or 0)


def is_shown(deposit, at):
    hidden = deposit["plan"].get("hidden") or {}
    age = at - deposit["received_at"]
    gone, back = hidden.get("gone_from"), hidden.get("back_at")
    is_gone = gone is not None and age >= gone and (back is None or age < back)
    return age >= (hidden.get("until") or 0) and not is_gone


def is_shown_throughout(deposit, since, until):
    return all(is_shown(deposit, at) for at in _moments(deposit, since, until))


def _moments(deposit, since, until):
    """:return: both ends of a time, and the moments in between at which it changes whether a deposit is shown."""
    hidden = deposit["plan"].get("hidden") or {}
    changes = (hidden.get(name) for name in ("until", "gone_from", "back_at"))
    moments = [deposit["received_at"] + change for change in changes if change is not None]
    return [since, *(at for at in moments if since < at < until), until]


def compact(text):
    return "".join((text or "").split())
