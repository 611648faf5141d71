"""Time-stamps of the archive's seals: the first one of each day, and those that renew it before it grows old."""

import base64
import hashlib
from datetime import timedelta

from odoo import api, fields, models

from ..archive import chain, tree
from ..signature import certificates
from .l10n_tn_edi_archive_proofs import DayProofs

#: So long before the end of its service's certificate a time-stamp is renewed.
RENEW_BEFORE = timedelta(days=90)
#: So many seals are stamped in one run; the next run goes on.
AT_ONCE = 50
#: Renewed together, under one new time-stamp.
RENEWED_AT_ONCE = 5000


class L10nTnEdiArchiveStamp(models.Model):
    """One time-stamp after RFC 3161 of one seal; like the seal it is never changed.

    The first one covers the seal's own digest. A renewal covers the time-stamp before it, many of them at once: it holds
    the way (a reduced hash tree) from there to the digest that was stamped. Before the hash algorithm grows old, one covers
    a new tree over the day's files and all their time-stamps so far. Source: RFC 4998, chapter 5.
    """

    _name = "l10n_tn_edi.archive.stamp"
    _description = "Time-stamp of the Archive"
    _inherit = ["l10n_tn_edi.archive.guard"]
    _order = "seal_id, id"
    _rec_name = "stamped_at"

    seal_id = fields.Many2one(
        "l10n_tn_edi.archive.seal", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="seal_id.company_id", store=True, precompute=True)
    kind = fields.Selection(
        [("first", "First"), ("renewal", "Renewal"), ("rehash", "New Hash Algorithm")],
        required=True,
        readonly=True,
    )
    algorithm = fields.Selection(
        [("sha256", "SHA-256"), ("sha512", "SHA-512")],
        string="Hash Algorithm",
        readonly=True,
        help="Of this time-stamp and those after it, where it is another than before.",
    )
    token = fields.Binary(attachment=False, required=True, readonly=True, help="TimeStampToken, DER.")
    way = fields.Json(
        readonly=True,
        help="Of a renewal: the reduced hash tree, lists of digests in hex; with another algorithm from the tree on.",
    )
    leaves = fields.Binary(
        attachment=False,
        readonly=True,
        help="With another algorithm: the digest of each entry in order of number, then that of the seal.",
    )
    stamped_at = fields.Datetime(required=True, readonly=True, help="What the service certifies.")
    valid_until = fields.Datetime(
        required=True, readonly=True, index=True, help="End of the service's certificate."
    )
    service = fields.Char(string="Time-stamp Service", readonly=True)

    @api.model
    def _values(self, stamped):
        """:param stamped: ``Stamped`` of l10n_tn_edi_time_stamping.
        :return: values of a row, without its seal.
        """
        return {
            "token": base64.b64encode(stamped.token),
            "stamped_at": stamped.stamp.time.replace(tzinfo=None, microsecond=0),
            "valid_until": stamped.stamp.valid_until.replace(tzinfo=None),
            "service": certificates.describe(stamped.stamp.signer).holder,
        }

    def _token(self):
        """:return: bytes of the TimeStampToken."""
        self.ensure_one()
        return base64.b64decode(self.with_context(bin_size=False).token)

    def _leaves(self):
        """:return: bytes of the digests that a time-stamp with another algorithm holds, one after the other."""
        self.ensure_one()
        return base64.b64decode(self.with_context(bin_size=False).leaves or b"")

    def _reduced(self):
        """:return: the reduced hash tree from the time-stamp before to this one."""
        self.ensure_one()
        return [[bytes.fromhex(node) for node in step] for step in self.way or []]


class L10nTnEdiArchiveSeal(models.Model):
    _inherit = "l10n_tn_edi.archive.seal"

    stamp_ids = fields.One2many("l10n_tn_edi.archive.stamp", "seal_id", string="Time-stamps", readonly=True)

    def _stamp(self):
        """Have the time of these seals certified, one after the other, each kept at once.

        :return: None, or (code, params) of why a seal has no time-stamp yet: the others were not tried then.
        """
        for seal in self:
            stamped, problem = self.env["l10n_tn_edi.time.stamping"]._stamp(
                seal.company_id, bytes.fromhex(seal.imprint)
            )
            if problem:
                return problem
            Stamp = self.env["l10n_tn_edi.archive.stamp"]
            Stamp.create({"seal_id": seal.id, "kind": "first", **Stamp._values(stamped)})
            self.env["l10n_tn_edi.document"]._commit()
        return None

    def _newest_stamps(self):
        """:return: the last time-stamp of each seal that has one."""
        newest = self.env["l10n_tn_edi.archive.stamp"]._read_group(
            [("seal_id", "in", self.ids)], ["seal_id"], ["id:max"]
        )
        return self.env["l10n_tn_edi.archive.stamp"].browse([stamp for _seal, stamp in newest])

    def _evidence(self):
        """:return: bytes of the evidence record (RFC 4998) of the seal itself; None without a time-stamp."""
        self.ensure_one()
        return DayProofs(self).of_seal()

    def _by_algorithm(self):
        """:return: dict of the names of hash algorithms to those of these seals that were last stamped with them."""
        newest = self.env["l10n_tn_edi.archive.stamp"]._read_group(
            [("seal_id", "in", self.ids), ("kind", "=", "rehash")], ["seal_id"], ["id:max"]
        )
        stamps = self.env["l10n_tn_edi.archive.stamp"].browse([stamp for _seal, stamp in newest])
        names = {stamp.seal_id: stamp.algorithm for stamp in stamps}
        return self.grouped(lambda seal: names.get(seal, chain.ALGORITHM))

    def _renew(self):
        """Cover the newest time-stamps of these seals with new ones, one for each hash algorithm.

        :return: None, or (code, params) of why there is none.
        """
        for algorithm, seals in self._by_algorithm().items():
            problem = seals._renew_together(algorithm)
            if problem:
                return problem
        return None

    def _renew_together(self, algorithm):
        old = self._newest_stamps().sorted("id")

        def digest_of(stamp):
            return hashlib.new(algorithm, stamp._token()).digest()

        # Seals that were renewed together have the same newest time-stamp
        digests = list(dict.fromkeys(map(digest_of, old)))
        renewal = tree.Tree([[digest] for digest in digests], algorithm)
        ways = {
            digest: [[node.hex() for node in step] for step in renewal.reduced(at)]
            for at, digest in enumerate(digests)
        }
        stamped, problem = self.env["l10n_tn_edi.time.stamping"]._stamp(
            self.company_id, renewal.root, algorithm
        )
        if problem:
            return problem
        Stamp = self.env["l10n_tn_edi.archive.stamp"]
        values = Stamp._values(stamped)
        Stamp.create(
            [
                {
                    "seal_id": one.seal_id.id,
                    "kind": "renewal",
                    "way": ways[digest_of(one)],
                    **values,
                }
                for one in old
            ]
        )
        self.env["l10n_tn_edi.document"]._commit()
        return None


class L10nTnEdiArchiveEntry(models.Model):
    _inherit = "l10n_tn_edi.archive.entry"

    @api.model
    def _guard_tables(self):
        # EXTENDS: no seal and no time-stamp is ever changed, whatever the term of the entries
        return {
            **super()._guard_tables(),
            "l10n_tn_edi_archive_seal": {},
            "l10n_tn_edi_archive_stamp": {},
        }
