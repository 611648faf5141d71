"""What the checker of the chaos test judges by: what databases have written down, and what TTN has in its ledger."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.live.harness import database as databases


class Document(NamedTuple):
    """What the database has of one document at the end.

    :param str held_for: why a human has to look before it goes on; empty when it is not held.
    """

    number: str
    state: str
    reason: str
    reference: str
    signature: str
    sha256: str
    held_for: str


class Attempt(NamedTuple):
    """What a database wrote down about one deposit.

    :param str answer_class: as in ``l10n_tn_edi.exchange``; empty when no answer was recorded.
    :param str deposit_id: TTN's number of it, as far as it is known.
    """

    id: int
    number: str
    answer_class: str
    deposit_id: str

    @property
    def may_have_arrived(self):
        return self.answer_class != "not_sent"


@dataclass
class Life:
    """One database from its beginning, or from where it was copied, to its end.

    :param str name: for people.
    :param str address: its workers call TTN from there, and nobody else does.
    :param attempts: list of ``Attempt``, those of the backup that it began as among them.
    :param set resent: numbers that it deposited once more because TTN did not have them.
    :param Life parent: the life that the backup was made of; None: it began empty.
    :param int inherited: last id among the exchanges of the backup.
    :param int born_at: last row of TTN's ledger when the backup was made.
    """

    name: str
    address: str
    attempts: list = field(default_factory=list)
    resent: set = field(default_factory=set)
    parent: "Life | None" = None
    inherited: int = 0
    born_at: int = 0

    def remember(self, database):
        """Keep what the database has written down so far; nobody is at work on it."""
        self.attempts = [Attempt(*row) for row in databases.query(database, _ATTEMPTS)]
        self.resent = {number for (number,) in databases.query(database, _RESENT)}

    def own(self):
        """:return: dict of number to the attempts that it made itself, in their order."""
        return _by_number(one for one in self.attempts if one.id > self.inherited)

    def known(self):
        """:return: dict of number to all attempts that it knows of, in their order."""
        return _by_number(self.attempts)


_ATTEMPTS = """
    SELECT e.id, d.number, coalesce(e.answer_class, ''), coalesce(e.deposit_id, '')
    FROM l10n_tn_edi_exchange e JOIN l10n_tn_edi_document d ON d.id = e.document_id WHERE e.operation = 'save' ORDER BY e.id
"""
_RESENT = "SELECT number FROM l10n_tn_edi_document WHERE resent"
_DOCUMENTS = """
    SELECT number, state, coalesce(reason_code, ''), coalesce(reference, ''), coalesce(signature_value, ''),
        coalesce(sha256, ''), CASE WHEN hold THEN coalesce(reason_code, '') ELSE '' END
    FROM l10n_tn_edi_document WHERE live AND (%s OR move_id = ANY(%s))
"""


@dataclass
class Evidence:
    """:param documents: list of ``Document``.

    :param findings: list of what the responsible was told of the account, as ``l10n_tn_edi.account`` keeps it.
    :param lives: list of every ``Life`` that there was.
    :param Life life: the one whose documents and findings they are.
    :param deposits: rows of TTN's deposits, oldest first.
    :param rows: rows of TTN's ledger.
    :param float now: TTN's clock.
    :param float window: seconds from an attempt after which a deposit that TTN never showed may count as absent.
    :param bool whole: whether it is about all documents of the database.
    """

    documents: list
    findings: list
    lives: list
    life: Life
    deposits: list
    rows: list
    now: float
    window: float
    whole: bool = True


def documents_of(database, moves):
    """:param moves: ids of invoices; None: all.

    :return: list of ``Document``.
    """
    return [Document(*row) for row in databases.query(database, _DOCUMENTS, moves is None, moves or [])]


def findings_of(database):
    found = databases.query(
        database, "SELECT findings FROM l10n_tn_edi_account WHERE jsonb_typeof(findings) = 'array'"
    )
    return [item for (items,) in found for item in items]


def last_exchange(database):
    """:return: the highest id of an exchange."""
    [[last]] = databases.query(database, "SELECT coalesce(max(id), 0) FROM l10n_tn_edi_exchange")
    return last


def all_pages(ttn, what, key, path=None):
    """:return: all rows that the sandbox has of something."""
    found, after = [], 0
    while page := ttn.admin("GET", f"/{path or what}?limit=1000&after={after}")[what]:
        found += page
        after = page[-1][key]
    return found


def ledger_of(ttn):
    return all_pages(ttn, "rows", "seq", "ledger")


def deposits_of(ttn):
    return all_pages(ttn, "deposits", "id")


def _by_number(attempts):
    found = defaultdict(list)
    for attempt in attempts:
        found[attempt.number].append(attempt)
    return found
