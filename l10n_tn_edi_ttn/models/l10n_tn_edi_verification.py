from typing import NamedTuple

from odoo import api, fields, models

from ..signature import certificates, verdict, verify
from ..signature.xades import UTC

# Somebody waits for the verdict: an authority that is slower than that counts as silent.
SECONDS = 8


class Verified(NamedTuple):
    """One signature: ``report`` (``verify.SignatureReport``), ``points`` (list of ``verdict.Looked``)."""

    report: verify.SignatureReport
    points: list


class L10nTnEdiVerification(models.AbstractModel):
    """What any signed TEIF is worth: who signed, when, and each point that speaks for or against it."""

    _name = "l10n_tn_edi.verification"
    _description = "Verification of Signatures"

    @api.model
    def _verify(self, root, ask=False):
        """Verify the signatures of a document.

        :param root: the document, parsed by the parser for foreign XML.
        :param bool ask: whether the authorities are asked for revocation: only those that are trusted here, for a file
            may name any address.
        :return: list of ``Verified``, in document order.
        """
        demanded = self.env["l10n_tn_edi.signature.profile"]._demanded
        reports = verify.verify_tolerant(root, expected=demanded)
        together = [der for report in reports for der in report.chain]
        result = []
        for report in reports:
            path = status = None
            if report.signer_der:
                at = report.signing_time or fields.Datetime.now().replace(tzinfo=UTC)
                # TTN's signature brings only its own certificate; the supplier's may bring the authorities
                path = self.env["l10n_tn_edi.trust.anchor"]._path(report.signer_der, together, at)
            if ask and path is not None and path.trusted:
                status = self.env["l10n_tn_edi.certificate"]._ask_authority(
                    path.chain, fields.Datetime.now().replace(tzinfo=UTC), SECONDS
                )[0]
            result.append(Verified(report, verdict.verdict(report, path, status)))
        return result

    @api.model
    def _label(self, point):
        """:return: the sentence of a point, in the user's language."""
        return self.env["l10n_tn_edi.messages"]._sentence(point.code)

    @api.model
    def _signer(self, report):
        """:return: the name of who signed, or False."""
        return certificates.describe(report.signer_der).holder if report.signer_der else False
