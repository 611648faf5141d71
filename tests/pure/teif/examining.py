"""Examine a document that a test has made."""

from teif.check import examine
from teif.foreign import parse_foreign_xml


def examined(data, **options):
    """:return: the report about the bytes of a document."""
    return examine(parse_foreign_xml(data), **options)


def found(report):
    """:return: ``(code, path)`` of each finding."""
    return [(one.code, one.path) for one in report.findings]
