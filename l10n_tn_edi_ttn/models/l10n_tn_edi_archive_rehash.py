"""The archive's hash trees made anew with another algorithm, before theirs grows old (RFC 4998, 5.3)."""

import base64
import hashlib
import logging
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..archive import chain, record, tree
from .l10n_tn_edi_archive_proofs import DayProofs, day_tree, split
from .l10n_tn_edi_archive_stamp import RENEWED_AT_ONCE
from .l10n_tn_edi_archive_store import StoreError

_logger = logging.getLogger(__name__)

#: Hash algorithms, and until when each is trusted as long as the parameter of its name says nothing else.
TRUSTED_UNTIL = {"sha256": date(2040, 12, 31), "sha512": date(2060, 12, 31)}
PARAMETER = "l10n_tn_edi_ttn.archive_%s_until"
#: So long before that day the trees are made anew.
REHASH_BEFORE = timedelta(days=365)
#: Entries that are read in one run, and between two commits; the next run goes on.
AT_ONCE = 1000
BATCH = 50


class L10nTnEdiArchiveRehash(models.Model):
    """How far the new tree of one seal is made. The row goes when its root is time-stamped: the tree is kept there."""

    _name = "l10n_tn_edi.archive.rehash"
    _description = "Renewal of a Hash Tree of the Archive"
    _order = "id"

    seal_id = fields.Many2one(
        "l10n_tn_edi.archive.seal", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="seal_id.company_id", store=True, precompute=True)
    algorithm = fields.Char(required=True, readonly=True)
    # Another time-stamp meanwhile is not covered by what was computed so far.
    after_id = fields.Many2one("l10n_tn_edi.archive.stamp", required=True, readonly=True, ondelete="cascade")
    leaves = fields.Binary(
        attachment=False, readonly=True, help="Digests of the entries so far, at last of the seal."
    )
    done_count = fields.Integer(readonly=True)
    root = fields.Char(readonly=True, help="Of the finished tree, in hex.")

    _seal_once = models.Constraint("UNIQUE(seal_id)", "The tree of this seal is being renewed already.")

    @api.model
    def _old_and_new(self, now):
        """:param datetime now: by the database's clock.
        :return: (names of the algorithms to be replaced, name of the one that is trusted longest or None).
        """
        trusted = {name: self._trusted_until(name) for name in TRUSTED_UNTIL}
        day = now.date() + REHASH_BEFORE
        old = [name for name, until in trusted.items() if until <= day]
        fit = [name for name in trusted if name not in old]
        return old, max(fit, key=trusted.get, default=None)

    @api.model
    def _trusted_until(self, algorithm):
        said = self.env["ir.config_parameter"].sudo().get_param(PARAMETER % algorithm)
        try:
            return fields.Date.to_date(said) or TRUSTED_UNTIL[algorithm]
        except ValueError:
            _logger.warning("%s: “%s” is no date", PARAMETER % algorithm, said)
            return TRUSTED_UNTIL[algorithm]

    @api.model
    def _of(self, seals, algorithm):
        """:return: dict of the rows of ``seals``; those that a time-stamp or another algorithm overtook begin anew."""
        newest = {stamp.seal_id: stamp for stamp in seals._newest_stamps()}
        rows = self.search([("seal_id", "in", seals.ids)])
        stale = rows.filtered(lambda row: (row.after_id, row.algorithm) != (newest[row.seal_id], algorithm))
        there = {row.seal_id: row for row in rows - stale}
        stale.unlink()
        new = self.create(
            [
                {"seal_id": seal.id, "algorithm": algorithm, "after_id": newest[seal].id}
                for seal in seals
                if seal not in there
            ]
        )
        return {**there, **{row.seal_id: row for row in new}}

    def _is_done(self):
        return self.done_count == self.seal_id.entry_count + 1

    def _step(self, most):
        """Compute the next digests: of entries, at last of the seal.

        :param int most: how many.
        :return: int, how many.
        """
        self.ensure_one()
        seal, algorithm = self.seal_id, self.algorithm
        proofs = DayProofs(seal)
        end = min(self.done_count + most, seal.entry_count + 1)
        numbers = [seal.first_number + index for index in range(self.done_count, end)]
        entries = self.env["l10n_tn_edi.archive.entry"].search(
            [
                ("company_id", "=", seal.company_id.id),
                ("mode", "=", seal.mode),
                ("number", "in", [number for number in numbers if number <= seal.last_number]),
            ]
        )
        by_number = {entry.number: entry for entry in entries}
        leaves = []
        for index in range(self.done_count, end):
            entry = by_number.get(seal.first_number + index)
            if index == seal.entry_count:
                leaves.append(proofs.leaf(index, proofs.seal_group, algorithm))
            elif entry and entry._has_record():
                leaves.append(proofs.leaf(index, entry._group, algorithm))
            else:
                leaves.append(proofs.empty_leaf(index, algorithm))
        before = base64.b64decode(self.with_context(bin_size=False).leaves or b"")
        data = before + b"".join(leaves)
        values = {"leaves": base64.b64encode(data), "done_count": end}
        if end > seal.entry_count:
            values["root"] = day_tree(split(data, algorithm), algorithm).root.hex()
        self.write(values)
        entries.file_ids.invalidate_recordset(flush=False)
        entries.invalidate_recordset(flush=False)
        return len(leaves)

    def _stamp(self):
        """Have the finished trees certified together, by one time-stamp.

        :return: None, or (code, params) of why there is none.
        """
        algorithm = self[0].algorithm
        together = tree.Tree([[bytes.fromhex(row.root)] for row in self], algorithm)
        stamped, problem = self.env["l10n_tn_edi.time.stamping"]._stamp(
            self.company_id, together.root, algorithm
        )
        if problem:
            return problem
        Stamp = self.env["l10n_tn_edi.archive.stamp"]
        values = Stamp._values(stamped)
        for at, row in enumerate(self):
            stamp = Stamp.create(
                {
                    "seal_id": row.seal_id.id,
                    "kind": "rehash",
                    "algorithm": algorithm,
                    "leaves": row.with_context(bin_size=False).leaves,
                    "way": [[node.hex() for node in step] for step in together.path(at)],
                    **values,
                }
            )
            # Trees of ten years are not held in memory at once
            row.invalidate_recordset(["leaves"])
            stamp.invalidate_recordset(["leaves"])
        self.unlink()
        self.env["l10n_tn_edi.document"]._commit()
        return None


class L10nTnEdiArchiveEntry(models.Model):
    _inherit = "l10n_tn_edi.archive.entry"

    def _has_record(self):
        """:return: bool, whether the entry's record is there and can be read: not after its term."""
        self.ensure_one()
        try:
            return bool(record.read((self.record_json or "").encode()))
        except ValueError:
            return False

    def _group(self, algorithm):
        """The entry as a data object group of RFC 4998.

        :param str algorithm: for the seal's own, the digests are those that the record says; for another one the files are
            read.
        :return: list of digests: of the record, then of its files.
        """
        self.ensure_one()
        data = self.record_json.encode()
        kept = record.read(data)
        if algorithm == chain.ALGORITHM:
            return record.group(data, kept)
        digests = [hashlib.new(algorithm, data)]
        rows = {file.name: file for file in self.file_ids}
        for told in kept.files:
            digest = hashlib.new(algorithm)
            for part in rows[told.name]._read() if told.name in rows else ():
                digest.update(part)
            digests.append(digest)
        return [digest.digest() for digest in digests]


class L10nTnEdiAccount(models.Model):
    _inherit = "l10n_tn_edi.account"

    def _rehash_seals(self):
        """Make the trees anew whose algorithm grows old, in steps that are committed; the next run goes on.

        :return: None, or (code, params) of why they were not time-stamped.
        """
        rehashes = self.env["l10n_tn_edi.archive.rehash"].sudo()
        old, algorithm = rehashes._old_and_new(self.env["l10n_tn_edi.exchange"]._database_now())
        seals = self._seals_with(old)
        if not seals:
            return None
        if not algorithm:
            return "archive.hashes_old", {}
        rows, left = rehashes._of(seals, algorithm), AT_ONCE
        for seal in seals:
            row = rows[seal]
            while left > 0 and not row._is_done():
                try:
                    left -= row._step(min(BATCH, left))
                except StoreError as error:  # it goes on another time; time-stamps are renewed all the same
                    return error.code, {"status": error.status}
                self.env["l10n_tn_edi.document"]._commit()
        if not all(rows[seal]._is_done() for seal in seals):
            self.env.ref("l10n_tn_edi_ttn.ir_cron_archive_seal").sudo()._trigger()
            return None
        return rehashes.union(*(rows[seal] for seal in seals))._stamp()

    def _seals_with(self, algorithms):
        """:return: the first time-stamped seals whose last chain was made with one of ``algorithms``."""
        rows = algorithms and self.env.execute_query(
            SQL(
                """
                SELECT seal.id
                  FROM l10n_tn_edi_archive_seal seal
                 WHERE seal.company_id = %s AND seal.mode = %s
                   AND EXISTS (SELECT FROM l10n_tn_edi_archive_stamp stamp WHERE stamp.seal_id = seal.id)
                   AND COALESCE((SELECT stamp.algorithm
                                   FROM l10n_tn_edi_archive_stamp stamp
                                  WHERE stamp.seal_id = seal.id AND stamp.kind = 'rehash'
                                  ORDER BY stamp.id DESC LIMIT 1), %s) = ANY(%s)
                 ORDER BY seal.sequence
                 LIMIT %s
                """,
                self.company_id.id,
                self.mode,
                chain.ALGORITHM,
                algorithms,
                RENEWED_AT_ONCE,
            )
        )
        return self.env["l10n_tn_edi.archive.seal"].sudo().browse([seal for (seal,) in rows or ()])
