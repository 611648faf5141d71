import secrets
from typing import NamedTuple

from odoo import api, models

from ..archive import chain, timestamps
from ..archive.findings import ArchiveError
from ..signature.signers.remote import Request

SECONDS = 20
REPLY = "application/timestamp-reply"


class Stamped(NamedTuple):
    """``token``: DER of a time-stamp; ``stamp``: ``timestamps.Stamp``, what it says."""

    token: bytes
    stamp: timestamps.Stamp


class L10nTnEdiTimeStamping(models.AbstractModel):
    """Asks a company's time-stamp service (RFC 3161) for time-stamps, through the one door to the network."""

    _name = "l10n_tn_edi.time.stamping"
    _description = "Time-stamps"

    @api.model
    def _stamp(self, company, digest, algorithm=chain.ALGORITHM):
        """Have the time of a digest certified.

        :param company: ``res.company`` whose service is asked.
        :param bytes digest: made with ``algorithm``.
        :param str algorithm: name of the hash algorithm.
        :return: (``Stamped``, None), or (None, (code of a sentence, its parameters)) when there is no time-stamp that can
            be relied upon.
        """
        company = company.sudo()
        if not company.l10n_tn_edi_tsa_url:
            return None, ("tsa.missing", {"company": company.name})
        nonce = secrets.randbits(63)
        request = Request(
            "POST",
            company.l10n_tn_edi_tsa_url,
            "POST (time-stamp service)",
            timestamps.request(digest, nonce=nonce, algorithm=algorithm),
            "application/timestamp-query",
            accept=REPLY,
            login=self._login(company),
        )
        try:
            answer = self.env["l10n_tn_edi.transport"]._open(seconds=SECONDS)(request)
        except OSError:
            return None, ("tsa.unreachable", {})
        if answer.status != 200:
            return None, ("tsa.status", {"status": answer.status})
        trust = self.env["l10n_tn_edi.trust.anchor"]._archive_trust()
        try:
            token = timestamps.read_response(
                answer.body, digest, nonce=nonce, algorithm=algorithm, trust=trust
            )
            return Stamped(token, timestamps.verify(token, digest, algorithm=algorithm)), None
        except ArchiveError as error:
            return None, (error.code, error.params)

    @api.model
    def _login(self, company):
        """:return: (name, password) at the service, or None."""
        if not company.l10n_tn_edi_tsa_login:
            return None
        password = self.env["l10n_tn_edi.secret"]._decrypt(company.l10n_tn_edi_tsa_password_encrypted)
        return company.l10n_tn_edi_tsa_login, password or ""


class L10nTnEdiTrustAnchor(models.Model):
    _inherit = "l10n_tn_edi.trust.anchor"

    @api.model
    def _archive_trust(self):
        """Whom the archive's signatures and time-stamps may come from.

        :return: callable as ``archive.cms.Trust``, with sentences in the user's language; None as long as no authority is
            loaded, for then nobody's certificate can be judged.
        """
        if not self._loaded()[0]:
            return None
        messages = self.env["l10n_tn_edi.messages"]

        def trust(signer, others, at):
            try:
                path = self._path(signer, others, at)
            except ValueError:
                return [messages._sentence("certificate.unreadable")]
            return [messages._sentence(problem.code, problem.params) for problem in path.problems]

        return trust
