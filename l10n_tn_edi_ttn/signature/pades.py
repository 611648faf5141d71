"""Sign a PDF (PAdES baseline B), the signature value made by whoever holds the key.

pyHanko writes the PDF: it is needed here only, and asked for in words. The signature itself is :mod:`.cades`'s, the
bytes of the PDF that was there stay as they are: it is appended.

Source: ETSI EN 319 142-1, ISO 32000-1 12.8.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence

from asn1crypto import x509

from . import cades
from .problems import SignatureError

try:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign.fields import SigSeedSubFilter
    from pyhanko.sign.general import SigningError
    from pyhanko.sign.signers import ExternalSigner, PdfSignatureMetadata, PdfSigner
    from pyhanko.sign.signers.pdf_signer import PdfTBSDocument
except ImportError:
    PdfSigner = None

MAX_BYTES = 64 * 1024 * 1024
#: Room for the signature with its certificates in the PDF; a chain of four has 8 kB.
_RESERVED = 24 * 1024


def available() -> bool:
    """Whether pyHanko is installed."""
    return PdfSigner is not None


class SignedPdf:
    """A PDF that waits for its signature: ``prepared`` is what :mod:`.cades` wants signed. Make it with :func:`prepare`."""

    def __init__(self, prepared: cades.Prepared, range_digest, output: io.BytesIO) -> None:
        self.prepared, self._range_digest, self._output = prepared, range_digest, output

    def complete(self, signature_value: bytes) -> bytes:
        """The signed PDF. Raises SignatureError when the value does not verify with the signer's certificate."""
        container = cades.complete(self.prepared.state, signature_value)
        PdfTBSDocument.finish_signing(self._output, self._range_digest, container)
        return self._output.getvalue()


def prepare(
    pdf: bytes, chain: Sequence[bytes], *, field_name: str = "Signature", reason: str = ""
) -> SignedPdf:
    """What has to be signed for a PDF.

    ``chain``: DER certificates, the signer's first; ``reason``: shown by PDF readers. The signature is invisible. Raises
    SignatureError when pyHanko is missing, the file is no PDF that can be signed, or the certificate cannot be used.
    """
    if not available():
        raise SignatureError("pdf.library")
    if not chain:
        raise SignatureError("signing.chain_empty")
    if len(pdf) > MAX_BYTES:
        raise SignatureError("pdf.unreadable")
    signer = ExternalSigner(
        signing_cert=x509.Certificate.load(bytes(chain[0])), cert_registry=None, signature_value=256
    )
    metadata = PdfSignatureMetadata(
        field_name=field_name, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, reason=reason or None
    )
    output = io.BytesIO()
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        digesting = PdfSigner(metadata, signer).async_digest_doc_for_signing(
            writer, bytes_reserved=2 * _RESERVED, output=output
        )
        found, _document, _output = asyncio.run(digesting)
    except (PdfError, SigningError, ValueError):
        raise SignatureError("pdf.unreadable") from None
    return SignedPdf(cades.prepare(found.document_digest, chain, None), found, output)
