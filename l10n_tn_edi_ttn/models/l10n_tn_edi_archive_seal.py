"""The seal of a company's archive: one for each day with entries, chained to the one before."""

import base64
import logging
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models

from ..archive import chain, record, tree

_logger = logging.getLogger(__name__)

#: Days of the archive end here, whatever the server's or the user's time zone.
ZONE = ZoneInfo("Africa/Tunis")
#: After midnight, so that what was begun before it is committed.
GRACE = timedelta(minutes=30)
DIGEST_BYTES = 32
READ_AT_ONCE = 500


class L10nTnEdiArchiveSeal(models.Model):
    """One day of an archive, sealed: root of the hash tree over its entries, the seal before, the company's signature.

    A seal is never changed. Where nobody can sign without a person at hand (a token on a desk, DigiGo) or the signer
    stays silent for a day, the seal carries no signature: it is stamped with the time all the same, and the next signed
    seal covers it, for each names the one before. Time-stamps are rows of their own.
    """

    _name = "l10n_tn_edi.archive.seal"
    _description = "Seal of the Archive"
    _inherit = ["l10n_tn_edi.archive.guard"]
    _order = "day desc, id desc"
    _rec_name = "day"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="restrict")
    mode = fields.Selection([("test", "Test"), ("production", "Production")], required=True, readonly=True)
    archive = fields.Char(required=True, readonly=True, help="The name of the archive in every proof.")
    sequence = fields.Integer(required=True, readonly=True, aggregator=None, help="Without gaps, from 1.")
    day = fields.Date(required=True, readonly=True)
    first_number = fields.Integer(string="First Entry", required=True, readonly=True, aggregator=None)
    last_number = fields.Integer(string="Last Entry", required=True, readonly=True, aggregator=None)
    entry_count = fields.Integer(string="Entries", required=True, readonly=True)
    # They name the entry that was changed, and prove the others once some are deleted after their term.
    leaves = fields.Binary(
        attachment=False, required=True, readonly=True, help="The digest of each entry, in order of number."
    )
    root = fields.Char(string="Root of the Tree", required=True, readonly=True)
    previous = fields.Char(string="Head of the Seal before", readonly=True, help="Empty at the first seal.")
    statement = fields.Text(required=True, readonly=True, help="What is signed, as canonical JSON.")
    signature = fields.Binary(attachment=False, readonly=True, help="CAdES, detached.")
    signer = fields.Char(string="Signed By", readonly=True)
    head = fields.Char(required=True, readonly=True, index=True, help="What the next seal names.")
    imprint = fields.Char(string="Stamped Digest", required=True, readonly=True)
    sealed_at = fields.Datetime(required=True, readonly=True)

    _sequence_once = models.Constraint(
        "UNIQUE(company_id, mode, sequence)", "A seal with this number is there already."
    )

    @api.depends("sequence", "day")
    def _compute_display_name(self):
        for seal in self:
            seal.display_name = f"{seal.sequence} ({fields.Date.to_string(seal.day) or ''})"

    # --- Sealing ---------------------------------------------------------------------------------------------------

    @api.model
    def _cron_seal(self):
        """Seal the days that are over, have their time certified, renew what grows old, tell what is missing."""
        accounts = self.env["l10n_tn_edi.account"]._archived()
        for left, account in zip(range(len(accounts) - 1, -1, -1), accounts, strict=True):
            try:
                account._seal_due()
            except Exception:  # one company never stops the others
                _logger.exception("The archive of %s could not be sealed", account.company_id.name)
                self.env["l10n_tn_edi.document"]._rollback()
                account.archive_problem = {
                    "code": "archive.not_sealed",
                    "params": {"company": account.company_id.name},
                }
            if self.env["account.move"]._can_commit():
                self.env["ir.cron"]._commit_progress(1, remaining=left)

    @api.model
    def _last(self, company, mode):
        """:return: the newest seal of an archive, or none."""
        return self.search(
            [("company_id", "=", company.id), ("mode", "=", mode)], order="sequence desc", limit=1
        )

    @api.model
    def _next_day(self, company, mode, now):
        """The next day to seal.

        :param datetime now: naive UTC, by the database's clock.
        :return: (date, its ``l10n_tn_edi.archive.entry`` in order of number), or None when no day is due.
        """
        last = self._last(company, mode)
        today = (now - GRACE).replace(tzinfo=UTC).astimezone(ZONE).date()
        Entry = self.env["l10n_tn_edi.archive.entry"]
        own = [("company_id", "=", company.id), ("mode", "=", mode)]
        first = Entry.search([*own, ("number", ">", last.last_number or 0)], order="number", limit=1)
        if not first:
            return None
        # Where the clock was set back, or a transaction ended long after it began, a number follows a day that is sealed.
        day = max(first.day, last.day + timedelta(days=1)) if last else first.day
        if day >= today:
            return None
        later = Entry.search(
            [*own, ("number", ">", first.number), ("day", ">", day)], order="number", limit=1
        )
        domain = [*own, ("number", ">=", first.number)]
        if later:
            domain.append(("number", "<", later.number))
        return day, Entry.search(domain, order="number")

    @api.model
    def _seal_day(self, day, entries, sign):
        """Seal one day.

        :param date day: a day that is over.
        :param entries: its ``l10n_tn_edi.archive.entry`` in order of number, without gap.
        :param sign: callable that takes the statement (bytes) and gives (signature DER, signer's name); ``b""`` for none.
        :return: the new seal.
        :raise SignatureError: from ``sign``.
        """
        first = entries[0]
        last = self._last(first.company_id, first.mode)
        leaves = self._leaves_of(entries)
        root = tree.Tree([[leaf] for leaf in leaves]).root
        sequence = (last.sequence or 0) + 1
        statement = chain.statement(
            archive=first.archive,
            sequence=sequence,
            day=day,
            first=first.number,
            last=entries[-1].number,
            root=root,
            previous=bytes.fromhex(last.head) if last else None,
        )
        signature, signer = sign(statement)
        return self.create(
            {
                "company_id": first.company_id.id,
                "mode": first.mode,
                "archive": first.archive,
                "sequence": sequence,
                "day": day,
                "first_number": first.number,
                "last_number": entries[-1].number,
                "entry_count": len(entries),
                "leaves": base64.b64encode(b"".join(leaves)),
                "root": root.hex(),
                "previous": last.head or False,
                "statement": statement.decode(),
                "signature": base64.b64encode(signature) if signature else False,
                "signer": signer,
                "head": chain.seal_digest(statement, signature or None).hex(),
                "imprint": chain.stamped_root(root, statement, signature or None).hex(),
                "sealed_at": self.env["l10n_tn_edi.exchange"]._database_now(),
            }
        )

    @api.model
    def _leaves_of(self, entries):
        """:return: list of the digests that stand for ``entries``, by their records alone, in their order."""
        found = []
        for at in range(0, len(entries), READ_AT_ONCE):
            for values in entries[at : at + READ_AT_ONCE].read(["record_json"], load=None):
                data = values["record_json"].encode()
                found.append(tree.leaf(record.group(data, record.read(data))))
            entries.invalidate_recordset(["record_json"], flush=False)
        return found

    def _leaves(self):
        """:return: list of digests, one for each entry of the day in order of number."""
        self.ensure_one()
        data = base64.b64decode(self.with_context(bin_size=False).leaves)
        return [data[at : at + DIGEST_BYTES] for at in range(0, len(data), DIGEST_BYTES)]

    def _signature(self):
        """:return: bytes of the CAdES signature, empty when the day was sealed without one."""
        self.ensure_one()
        return base64.b64decode(self.with_context(bin_size=False).signature or b"")
