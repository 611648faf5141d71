"""Where things are in a parsed document."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"


def path_of(element: etree._Element) -> str:
    """The element's XPath."""
    return element.getroottree().getpath(element)


def item_path(parent: str, name: str, index: int, count: int) -> str:
    """The XPath of the ``index``-th (from 0) of ``count`` elements ``name`` below ``parent``."""
    return f"{parent}/{name}[{index + 1}]" if count > 1 else f"{parent}/{name}"


def signature_free(root: etree._Element) -> Iterator[etree._Element]:
    """The children of ``root`` that are not signatures."""
    return (child for child in root if child.tag != SIGNATURE)
