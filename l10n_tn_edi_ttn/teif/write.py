"""Document -> bytes, by the writer of the document's own version."""

from __future__ import annotations

from . import writer_v18, writer_v19
from .document import Document

_WRITERS = {"1.8.8": writer_v18.write, "1.8.9": writer_v18.write, "1.9.0": writer_v19.write}


def write(document: Document) -> bytes:
    """``document`` as UTF-8 XML of its own ``version``. Raises ValueError for a version that has no writer."""
    writer = _WRITERS.get(document.version)
    if writer is None:
        raise ValueError(f"no writer for TEIF version {document.version!r}")
    return writer(document)
