"""The checker: schema, assertions, arithmetic and business rules in one list of findings."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice

from lxml import etree

from .arithmetic import check_amounts
from .business import check_content, check_deposit
from .document import Document
from .findings import MAX_FINDINGS, Finding, finding
from .foreign import ForeignXmlError
from .reader import read, without_comments
from .rules import check_rules
from .schema import check_schema, without_untyped_partners


@dataclass(frozen=True, slots=True)
class Report:
    """``version`` as the document names itself, ``valid`` as TTN's schema of that version says, and all the findings."""

    version: str | None
    valid: bool
    findings: tuple[Finding, ...]


def examine(root: etree._Element, *, deposit: bool = False, document: Document | None = None) -> Report:
    """Everything there is to say about the document below ``root``, which is not changed.

    ``deposit`` adds what only a deposit needs (one signature, no reference of TTN yet). ``document`` is what
    :func:`~.reader.read` gives for ``root``; who has it at hand saves the reading. Of each kind of check no more than
    ``MAX_FINDINGS`` are said.
    """
    root = without_comments(root)
    official = _official(root)
    document = document or read(root)
    known = {item.path.partition("/@")[0] for item in official}
    findings = official + (check_deposit(root) if deposit else [])
    findings += islice(chain(check_amounts(document), check_content(document, root, known)), MAX_FINDINGS)
    return Report(root.get("version"), not official, tuple(findings))


def check(root: etree._Element, *, deposit: bool = False, document: Document | None = None) -> list[Finding]:
    """All findings about the document below ``root``; see :func:`examine`."""
    return list(examine(root, deposit=deposit, document=document).findings)


def unreadable(error: ForeignXmlError) -> Report:
    """The report about a file that :func:`~.foreign.parse_foreign_xml` refused."""
    return Report(None, False, (finding(error.code, "/", reason=error.message),))


def valid(root: etree._Element) -> bool:
    """Whether TTN's schema of the document's own version, assertions included, accepts it. Signatures are not verified."""
    return not _official(without_comments(root))


def _official(root):
    """What TTN's schema says, assertions included."""
    root = without_untyped_partners(root)
    findings = check_schema(root)
    said = {(one.code, one.path) for one in findings}
    return findings + [one for one in check_rules(root) if (one.code, one.path) not in said]
