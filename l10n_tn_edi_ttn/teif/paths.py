"""Where things are in a parsed document."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

_PREFIX = re.compile(r"/[^/:\[]+:")
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"


def path_of(element: etree._Element) -> str:
    """The element's XPath, by local names."""
    return plain_path(element.getroottree().getpath(element))


def plain_path(path: str | None) -> str:
    """libxml2's XPath with local names only. Where a default namespace leaves it nothing but stars, they stay."""
    return _PREFIX.sub("/", path) if path else "/"


def item_path(parent: str, name: str, index: int, count: int) -> str:
    """The XPath of the ``index``-th (from 0) of ``count`` elements ``name`` below ``parent``."""
    return f"{parent}/{name}[{index + 1}]" if count > 1 else f"{parent}/{name}"


def signature_free(root: etree._Element) -> Iterator[etree._Element]:
    """The children of ``root`` that are not signatures."""
    return (child for child in root if child.tag != SIGNATURE)
