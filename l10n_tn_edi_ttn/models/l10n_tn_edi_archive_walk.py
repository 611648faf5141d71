"""A walk over an archive in the order of its numbers, in steps. A plain helper: no model."""

import hashlib
from datetime import UTC

from odoo import fields

from ..archive import chain, cms, evidence, record, timestamps, tree
from ..archive.findings import ArchiveError
from .l10n_tn_edi_archive_proofs import DayProofs


class Wrong(Exception):
    """The first record that is not as it was archived.

    :param str code: of a sentence.
    :param number: of the entry; None when none is named.
    :param params: further parameters of the sentence.
    """

    def __init__(self, code, number=None, **params):
        super().__init__(code)
        self.code, self.number = code, number
        self.params = params if number is None else {"number": number, **params}


def _columns(kept):
    """:return: dict of what the columns of an entry repeat from its record (``record.Record``), None for nothing."""
    return {
        "archive": kept.archive,
        "number": kept.number,
        "archived_at": kept.archived_at.replace(tzinfo=None),
        "kind": kept.kind,
        "total": None if kept.total is None else format(kept.total, "f"),
        **{
            name: getattr(kept, name)
            for name in (
                *("document_number", "document_date", "type_code", "sender", "receiver", "currency"),
                *("state", "ttn_reference", "deposit_id", "user"),
            )
        },
    }


class Walk:
    """Looks at entries, their files, and at each seal before the first entry that it covers.

    :param env: environment in superuser mode.
    :param company: ``res.company``.
    :param str mode: 'test' or 'production'.
    :param int number: the last entry that was looked at, 0 to begin.
    :param int sequence: the seal that covers it, 0 to begin.
    """

    def __init__(self, env, company, mode, *, number=0, sequence=0):
        self.env = env
        self.own = [("company_id", "=", company.id), ("mode", "=", mode)]
        self.number, self.sequence = number, sequence
        self.files = self.bytes = 0
        self.head = None
        self._seal, self._leaves, self._proofs = env["l10n_tn_edi.archive.seal"], [], None
        if sequence:
            self._seal = self._seal_at(sequence)
            if not self._seal:
                raise Wrong("archive.seal_missing", sequence=sequence)
            self._leaves, self._proofs = self._seal._leaves(), DayProofs(self._seal)

    def step(self, most):
        """Look at up to ``most`` entries.

        :return: bool, whether there are more.
        :raise Wrong: at the first record that is not what it was.
        """
        entries = self.env["l10n_tn_edi.archive.entry"].search(
            [*self.own, ("number", ">", self.number)], order="number", limit=most
        )
        for entry in entries:
            self._to_seal_of(self.number + 1)
            if entry.number != self.number + 1:
                raise Wrong("archive.entry_missing", self.number + 1)
            self._check_entry(entry)
            self.number = entry.number
        self.env["l10n_tn_edi.archive.entry"].invalidate_model(flush=False)
        self.env["l10n_tn_edi.archive.file"].invalidate_model(flush=False)
        return len(entries) == most

    def check_end(self, before):
        """Look at what comes after the last entry.

        :param before: the last ``l10n_tn_edi.archive.check`` that found nothing wrong; may be empty.
        :raise Wrong: when entries or seals at the end are gone.
        """
        further = self._seal_at(self.sequence + 1)
        if further:
            self._open_seal(further)
        if self._seal and self.number < self._seal.last_number:
            raise Wrong("archive.entry_missing", self.number + 1)
        added = self.env["l10n_tn_edi.archive.entry"].search([*self.own, ("number", "<", 1)], limit=1)
        if added:
            raise Wrong("archive.entry_added", added.number)
        stray = self.env["l10n_tn_edi.archive.seal"].search(
            [*self.own, ("sequence", ">", self.sequence)], order="sequence", limit=1
        )
        if stray:
            raise Wrong("archive.seal_missing", sequence=self.sequence + 1)
        if before.number > self.number:
            raise Wrong("archive.entry_missing", self.number + 1)
        if before.head and not self.env["l10n_tn_edi.archive.seal"].search_count(
            [*self.own, ("sequence", "=", before.sequence), ("head", "=", before.head)]
        ):
            raise Wrong("archive.chain_rewritten", sequence=before.sequence)

    # --- Entries ---------------------------------------------------------------------------------------------------

    def _check_entry(self, entry):
        if entry.deletion_id:
            self._check_deleted(entry)
            return
        number, data = entry.number, (entry.record_json or "").encode()
        if hashlib.sha256(data).hexdigest() != entry.record_sha256:
            raise Wrong("archive.record_changed", number)
        try:
            kept = record.read(data)
        except ValueError:
            raise Wrong("archive.record_changed", number) from None
        self._check_leaf(number, record.group(data, kept))
        for column, told in _columns(kept).items():
            if (entry[column] or None) != told:
                raise Wrong("archive.column_changed", number, column=column)
        self._check_files(entry, kept)
        self._check_rehashes(entry)

    def _check_deleted(self, entry):
        """An entry whose term has ended: its hashes are still those that were sealed, and a deletion names it."""
        number = entry.number
        group = [entry.record_sha256, *entry.file_ids.mapped("sha256")]
        self._check_leaf(number, [bytes.fromhex(digest) for digest in group])
        deletion = entry.deletion_id.file_ids.filtered(lambda file: file.role == record.DELETION)
        try:
            named = record.read_deletion(b"".join(deletion._read())) if len(deletion) == 1 else ()
        except ValueError:
            named = ()
        if number not in named:
            raise Wrong("archive.deletion_unexplained", number)

    def _check_leaf(self, number, group):
        """Compare a data object group with what its day's seal says; a day that is not over has none yet."""
        if not self._seal or number > self._seal.last_number:
            return
        if tree.leaf(group) != self._leaves[number - self._seal.first_number]:
            raise Wrong("archive.record_changed", number)

    def _check_rehashes(self, entry):
        """Compare record and files with the trees that were made of them later, with other algorithms."""
        if not self._seal or entry.number > self._seal.last_number:
            return
        index = entry.number - self._seal.first_number
        for stamp in self._proofs.rehashes:
            try:
                kept = self._proofs.keeps(index, entry._group, stamp)
            except ArchiveError:
                kept = False
            if not kept:
                raise Wrong("archive.rehash_changed", entry.number)

    def _check_files(self, entry, kept):
        rows = {file.name: file for file in entry.file_ids}
        for told in kept.files:
            row = rows.pop(told.name, None)
            if not row:
                raise Wrong("archive.file_missing", entry.number, file=told.name)
            if (row.role, row.media_type, row.size, row.sha256) != (
                told.role,
                told.media_type,
                told.size,
                told.sha256_hex,
            ):
                raise Wrong("archive.file_changed", entry.number, file=told.name)
            if not row._is_intact():
                raise Wrong("archive.file_changed", entry.number, file=told.name)
            self.files += 1
            self.bytes += told.size
        for name in rows:
            raise Wrong("archive.file_added", entry.number, file=name)

    # --- Seals -----------------------------------------------------------------------------------------------------

    def _seal_at(self, sequence):
        return self.env["l10n_tn_edi.archive.seal"].search([*self.own, ("sequence", "=", sequence)])

    def _to_seal_of(self, number):
        """Make the seal that covers ``number`` the one at hand, if there is one."""
        if self._seal and number <= self._seal.last_number:
            return
        following = self._seal_at(self.sequence + 1)
        if following:
            self._open_seal(following)

    def _open_seal(self, seal):
        """Check a seal in itself, and that it follows the one before."""
        previous = self._seal
        statement, signature = seal.statement.encode(), seal._signature()
        leaves = seal._leaves()
        wrong = Wrong("archive.seal_changed", **_named(seal))
        try:
            said = chain.read(statement)
        except ValueError:
            raise wrong from None
        root = tree.Tree([[leaf] for leaf in leaves]).root if leaves else b""
        if (
            (said.archive, said.sequence, said.day) != (seal.archive, seal.sequence, seal.day)
            or (said.first, said.last, said.count) != (seal.first_number, seal.last_number, seal.entry_count)
            or said.first != self.number + 1
            or (said.root, said.root, said.count) != (root.hex(), seal.root, len(leaves))
            or (said.previous or False) != seal.previous
            or said.previous != (previous.head if previous else None)
            or chain.seal_digest(statement, signature or None).hex() != seal.head
            or chain.stamped_root(root, statement, signature or None).hex() != seal.imprint
        ):
            raise wrong
        self._check_signature(seal, statement, signature)
        self._check_stamps(seal)
        self._seal, self._leaves, self._proofs = seal, leaves, DayProofs(seal)
        self.sequence, self.head = seal.sequence, seal.head

    def _check_signature(self, seal, statement, signature):
        if not signature:
            return
        trust = self.env["l10n_tn_edi.trust.anchor"]._archive_trust()
        try:
            signed = cms.verify(signature, lambda algorithm: hashlib.new(algorithm, statement).digest())
            cms.check_trust(trust, signed, seal.sealed_at.replace(tzinfo=UTC))
        except ArchiveError as error:
            raise Wrong("archive.seal_signature", **_named(seal), **self._why(error)) from None

    def _check_stamps(self, seal):
        """Each time-stamp covers the seal, or the time-stamp before it, and the rows say what they say."""
        rows = seal.stamp_ids.sorted("id")
        if not rows:
            return
        trust = self.env["l10n_tn_edi.trust.anchor"]._archive_trust()

        def judge(token, digest, algorithm):
            return timestamps.verify(token, digest, algorithm=algorithm, trust=trust)

        proofs = DayProofs(seal)
        try:
            proved = evidence.verify(proofs.of_seal(), proofs.seal_group, judge)
            for stamp in proofs.rehashes:
                # The way of the seal goes over all the others in the tree, yet not over its own place there
                if not proofs.keeps(seal.entry_count, proofs.seal_group, stamp):
                    raise ArchiveError("evidence.group")
        except ArchiveError as error:
            raise Wrong("archive.stamp_changed", **_named(seal), **self._why(error)) from None
        told = [stamp.time.replace(tzinfo=None, microsecond=0) for stamp in proved.stamps]
        if proved.root.hex() != seal.imprint or told != rows.mapped("stamped_at"):
            raise Wrong("archive.seal_changed", **_named(seal))

    def _why(self, error):
        params = {**error.params, "message": str(error)}
        return {"reason": self.env["l10n_tn_edi.messages"]._sentence(error.code, params)}


def _named(seal):
    """:return: dict of what a sentence says of a seal."""
    return {"sequence": seal.sequence, "day": fields.Date.to_string(seal.day)}
