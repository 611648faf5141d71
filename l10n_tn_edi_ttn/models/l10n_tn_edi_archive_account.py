"""The archive as a company's responsible sees it: what is sealed by itself, and what waits or is missing."""

import logging
from datetime import UTC, datetime, time, timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..signature.problems import SignatureError
from .l10n_tn_edi_archive_seal import ZONE
from .l10n_tn_edi_archive_stamp import AT_ONCE, RENEW_BEFORE, RENEWED_AT_ONCE

_logger = logging.getLogger(__name__)

#: So long after a day's end a signer that does not answer is waited for; then the day is sealed without a signature.
SIGN_WITHIN = timedelta(hours=24)
#: So long after its end a day without seal, or a seal without time-stamp, is told as missing.
MISSING_AFTER = timedelta(hours=30)
#: What no retry mends: nobody can sign unattended.
NO_SIGNER = frozenset({"provider.missing", "provider.no_archives", "provider.disabled"})


class L10nTnEdiAccount(models.Model):
    _inherit = "l10n_tn_edi.account"

    archive_problem = fields.Json(
        readonly=True, help="Code and parameters of what hinders the seal or its time-stamp."
    )
    archive_sentence = fields.Text(string="Archive", compute="_compute_archive_sentence")

    @api.depends("archive_problem")
    @api.depends_context("lang")
    def _compute_archive_sentence(self):
        messages = self.env["l10n_tn_edi.messages"]
        for account in self:
            problem = account.archive_problem
            account.archive_sentence = problem and messages._sentence(problem["code"], problem["params"])

    @api.model
    def _archived(self):
        """:return: the accounts that have an archive."""
        found = self.env["l10n_tn_edi.archive.entry"].sudo()._read_group([], ["company_id", "mode"])
        return self.sudo().union(*(self._of(company, mode) for company, mode in found))

    # --- Sealing ---------------------------------------------------------------------------------------------------

    def _seal_due(self):
        """Seal what is over, stamp what has no time, renew what grows old; what hinders it is kept and told."""
        self.ensure_one()
        if self.env["l10n_tn_edi.latch"]._problem(self.company_id) in (
            "latch.neutralized",
            "latch.other_database",
        ):
            # A copy of the database would make a second chain beside the first
            return
        problem = self._seal_days()
        problem = self._stamp_seals() or problem
        problem = self._rehash_seals() or problem
        problem = self._renew_stamps() or problem
        told = problem and {"code": problem[0], "params": problem[1]}
        if told != (self.archive_problem or None):
            self.archive_problem = told
        self.env["l10n_tn_edi.document"]._commit()

    def _seal_days(self):
        """:return: None, or (code, params) of why a day waits for its seal or was sealed without a signature."""
        Seal = self.env["l10n_tn_edi.archive.seal"].sudo()
        problem = None
        # Whoever is appending now has taken an earlier time: wait until it is committed, and look anew
        self.env["l10n_tn_edi.archive.entry"]._last_number(self.company_id, self.mode)
        self.env["l10n_tn_edi.document"]._end_snapshot()
        while True:
            now = self.env["l10n_tn_edi.exchange"]._database_now()
            due = Seal._next_day(self.company_id, self.mode, now)
            if not due:
                return problem
            day, entries = due
            signing = _Signing(self.company_id, patient=now < _end_of(day) + SIGN_WITHIN)
            try:
                seal = Seal._seal_day(day, entries, signing)
            except SignatureError:
                return signing.problem
            problem = problem or signing.problem or seal._hand_over()
            self.env["l10n_tn_edi.document"]._commit()

    def _stamp_seals(self):
        """:return: None, or (code, params) of why seals wait for their time-stamp."""
        seals = self.env["l10n_tn_edi.archive.seal"].sudo()
        return seals.search(
            [*self._archive_domain(), ("stamp_ids", "=", False)], order="sequence", limit=AT_ONCE
        )._stamp()

    def _renew_stamps(self):
        """:return: None, or (code, params) of why time-stamps that grow old were not renewed."""
        [*rows] = self.env.execute_query(
            SQL(
                """
                SELECT seal.id
                  FROM l10n_tn_edi_archive_seal seal
                  JOIN l10n_tn_edi_archive_stamp stamp ON stamp.seal_id = seal.id
                 WHERE seal.company_id = %s AND seal.mode = %s
                 GROUP BY seal.id
                HAVING max(stamp.valid_until) < %s
                 ORDER BY min(seal.sequence)
                 LIMIT %s
                """,
                self.company_id.id,
                self.mode,
                self.env["l10n_tn_edi.exchange"]._database_now() + RENEW_BEFORE,
                RENEWED_AT_ONCE,
            )
        )
        if not rows:
            return None
        return self.env["l10n_tn_edi.archive.seal"].sudo().browse([seal for (seal,) in rows])._renew()

    def _archive_domain(self):
        return [("company_id", "=", self.company_id.id), ("mode", "=", self.mode)]

    # --- Telling ---------------------------------------------------------------------------------------------------

    def _attention(self):
        # EXTENDS: what the archive waits for
        return super()._attention() + self._attention_to_archive()

    def _attention_to_archive(self):
        """:return: list of sentences about the archive, empty when all is well."""
        found = []
        late = self.env["l10n_tn_edi.exchange"]._database_now() - MISSING_AFTER
        last = self.env["l10n_tn_edi.archive.seal"].sudo()._last(self.company_id, self.mode)
        day = late.replace(tzinfo=UTC).astimezone(ZONE).date()
        unsealed = (
            self.env["l10n_tn_edi.archive.entry"]
            .sudo()
            ._read_group(
                [*self._archive_domain(), ("number", ">", last.last_number or 0), ("day", "<", day)],
                [],
                ["day:count_distinct", "day:min"],
            )
        )
        [(days, first)] = unsealed
        if days:
            found.append(
                self.env._(
                    "Days of the archive without seal: %(count)s, the first is %(day)s.",
                    count=days,
                    day=fields.Date.to_string(first),
                )
            )
        unstamped = (
            self.env["l10n_tn_edi.archive.seal"]
            .sudo()
            .search_count([*self._archive_domain(), ("stamp_ids", "=", False), ("day", "<", day)])
        )
        if unstamped:
            found.append(self.env._("Seals of the archive without time-stamp: %(count)s.", count=unstamped))
        if self.archive_sentence:
            found.append(self.archive_sentence)
        check = self.env["l10n_tn_edi.archive.check"]._last(self.company_id, self.mode)
        if check.wrong:
            messages = self.env["l10n_tn_edi.messages"]
            found.append(messages._sentence("archive.broken", {"sentence": check.sentence}))
        return found


class ResCompany(models.Model):
    _inherit = "res.company"

    def _l10n_tn_edi_signing_alert(self):
        # EXTENDS: an archive that was changed is more urgent than anything else
        check = self.env["l10n_tn_edi.archive.check"]._last(self, self.l10n_tn_edi_mode)
        if check.wrong:
            return "danger", "archive.broken", {"sentence": check.sentence}
        return super()._l10n_tn_edi_signing_alert()


def _end_of(day):
    """:return: naive UTC datetime at which a day of the archive ends."""
    midnight = datetime.combine(day + timedelta(days=1), time(), ZONE)
    return midnight.astimezone(UTC).replace(tzinfo=None)


class _Signing:
    """Signs a day's statement with the company's provider.

    :param company: ``res.company``.
    :param bool patient: a signer that does not answer is waited for: the day stays unsealed for now.
    """

    def __init__(self, company, *, patient):
        self.company, self.patient = company, patient
        self.problem = None

    def __call__(self, statement):
        """:return: (signature DER or ``b""``, name of the signer or False); ``problem`` says why there is no signature.
        :raise SignatureError: try again later.
        """
        provider = self.company._l10n_tn_edi_signing_provider()
        if not provider:
            self.problem = ("archive.unsigned_no_provider", {"company": self.company.name})
            return b"", False
        try:
            return provider._sign_detached(statement), provider.sudo().certificate_id.name or provider.name
        except SignatureError as error:
            self.problem = (error.code, {"provider": provider.name, **error.params})
            if error.code not in NO_SIGNER and self.patient:
                raise
            return b"", False
