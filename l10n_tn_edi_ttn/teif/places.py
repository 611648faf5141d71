"""From the place that a validator names (line, column) to the element of the document."""

from __future__ import annotations

from lxml import etree


def path_at(content: bytes, line: int, column: int) -> str | None:
    """The path of the element that ends, or begins, at a place of a document: a validator names the end of the tag.

    :param content: our own document, as it was signed
    :param line: counted from 1
    :param column: counted in characters from 1; 0 for the end of the line
    :return: path with positions, as lxml writes it; None when there is no such place
    """
    lines = content.decode("utf-8", "replace").splitlines(keepends=True)
    if not 0 < line <= len(lines):
        return None
    last = lines[line - 1]
    before = "".join(lines[: line - 1]) + (last[: max(column - 1, 0)] if column else last)
    # Up to and with the tag in which, or at whose end, the place is
    cut = before.rfind(">") + 1
    if not before[cut:].strip().startswith("<") and not cut:
        return None
    parser = etree.XMLPullParser(events=("start", "end"), resolve_entities=False, no_network=True)
    parser.feed(before[:cut].encode())
    events = list(parser.read_events())
    if not events:
        return None
    _event, element = events[-1]
    return element.getroottree().getpath(element)
