"""Evidence records (RFC 4998) of what a seal covers, put together from its time-stamps. A plain helper: no model."""

import hashlib

from ..archive import chain, evidence, tree
from ..archive.findings import ArchiveError


class DayProofs:
    """Evidence records of one seal and of its entries; each tree is made once.

    What is proved is named by its index: that of an entry in its day, or ``entry_count`` for the seal itself.

    :param seal: ``l10n_tn_edi.archive.seal`` in superuser mode.
    """

    def __init__(self, seal):
        self.seal = seal
        self._statement, self._signature = seal.statement.encode(), seal._signature() or None
        self._stamps = seal.stamp_ids.sorted("id")
        self._trees = {}

    @property
    def rehashes(self):
        """The time-stamps that began a chain with another algorithm."""
        return self._stamps.filtered(lambda stamp: stamp.kind == "rehash")

    def of_seal(self):
        """:return: bytes of the evidence record of the seal itself; None as long as it has no time-stamp."""
        return self.of(self.seal.entry_count, self.seal_group)

    def of(self, index, group, before=None):
        """
        :param int index: of what is proved.
        :param group: callable that takes an algorithm's name and gives the digests of the data object group.
        :param before: ``l10n_tn_edi.archive.stamp``: as it was before that time-stamp.
        :return: bytes of the evidence record; None as long as there is no time-stamp.
        :raise ArchiveError: when a stored tree does not fit the day any more.
        """
        found = None
        for stamp in self._stamps:
            if stamp == before:
                break
            if not found:
                found = evidence.make(self._first(index, group), stamp._token())
            elif stamp.kind == "rehash":
                joined = evidence.to_rehash(found, group(stamp.algorithm), stamp.algorithm)
                reduced = tree.with_group(joined, [*self._tree(stamp).path(index), *stamp._reduced()])
                found = evidence.rehash(found, reduced, stamp._token(), stamp.algorithm)
            else:
                found = evidence.renew(found, stamp._token(), stamp._reduced())
        return found

    def leaf(self, index, group, algorithm, before=None):
        """What stands for an object in a tree with another algorithm: it and all its time-stamps so far.

        :param group, before: see ``of``.
        :param str algorithm: the new one.
        :return: bytes.
        """
        joined = evidence.to_rehash(self.of(index, group, before), group(algorithm), algorithm)
        return tree.leaf(joined, algorithm)

    def keeps(self, index, group, stamp):
        """:return: bool, whether a time-stamp with another algorithm holds an object as it is now.
        :raise ArchiveError: when its tree does not fit the day any more.
        """
        return self._leaves_of(stamp)[index] == self.leaf(index, group, stamp.algorithm, before=stamp)

    def empty_leaf(self, index, algorithm):
        """:return: what keeps the place of an entry that was deleted after its term: bytes."""
        return hashlib.new(algorithm, self.seal._leaves()[index]).digest()

    def seal_group(self, algorithm):
        """:return: list of the digests of the seal's statement and signature."""
        parts = (self._statement, self._signature)
        return [hashlib.new(algorithm, one).digest() for one in parts if one is not None]

    def _first(self, index, group):
        """:return: the reduced hash tree up to what the first time-stamp covers."""
        if index == self.seal.entry_count:
            return chain.seal_path(bytes.fromhex(self.seal.root), self._statement, self._signature)
        if None not in self._trees:
            self._trees[None] = tree.Tree([[leaf] for leaf in self.seal._leaves()])
        entries = self._trees[None]
        seal = chain.seal_digest(self._statement, self._signature)
        reduced = tree.with_group(group(chain.ALGORITHM), entries.path(index))
        return chain.above(reduced, entries.root, seal)

    def _tree(self, stamp):
        if stamp not in self._trees:
            self._trees[stamp] = day_tree(self._leaves_of(stamp), stamp.algorithm)
        return self._trees[stamp]

    def _leaves_of(self, stamp):
        leaves = split(stamp._leaves(), stamp.algorithm)
        if len(leaves) != self.seal.entry_count + 1:
            raise ArchiveError("evidence.group")
        return leaves


def day_tree(leaves, algorithm):
    """:return: ``tree.Tree`` over the digests of a day's entries and of its seal."""
    try:
        return tree.Tree([[leaf] for leaf in leaves], algorithm)
    except ValueError:
        raise ArchiveError("evidence.group") from None


def split(data, algorithm):
    """:return: list of the digests that ``data`` (bytes) holds one after the other."""
    size = hashlib.new(algorithm).digest_size
    return [data[at : at + size] for at in range(0, len(data), size)]
