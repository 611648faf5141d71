"""Hash trees after RFC 4998: one root for many groups of digests, and for each group the few digests that lead to it.

Nodes are joined in the binary order of their digests, so a path needs no left and right; where something stands is said by
the records themselves (their numbers).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

#: Names of hash algorithms that evidence may use, as hashlib and asn1crypto call them.
ALGORITHMS = ("sha256", "sha384", "sha512")

#: A reduced hash tree: lists of digests from the group's own up to the root (PartialHashtree).
Reduced = list[list[bytes]]


class Tree:
    """The binary hash tree over ``groups``, each the digests of one data object group.

    A node without a neighbour goes up as it is. Raises ValueError for no group, an empty group, digests of another
    length, or an algorithm that evidence does not use.
    """

    def __init__(self, groups: Sequence[Sequence[bytes]], algorithm: str = "sha256"):
        if not groups:
            raise ValueError("a tree needs a leaf")
        self.algorithm = algorithm
        self._groups = groups
        self._levels = [[leaf(group, algorithm) for group in groups]]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            above = [join(below[at : at + 2], algorithm) for at in range(0, len(below) - 1, 2)]
            self._levels.append(above + below[len(above) * 2 :])

    @property
    def root(self) -> bytes:
        """The digest that stands for all the groups."""
        return self._levels[-1][0]

    def reduced(self, index: int) -> Reduced:
        """The reduced hash tree of the group at ``index``; its first list is the group itself, sorted.

        Empty when the group is one digest and the root itself: the time-stamp then covers it without a tree.
        """
        return with_group(self._groups[index], self.path(index))

    def path(self, index: int) -> Reduced:
        """The neighbours from the group at ``index`` up to the root; to be joined with the group: :func:`with_group`."""
        path = []
        for level in self._levels[:-1]:
            neighbour = index ^ 1
            if neighbour < len(level):
                path.append([level[neighbour]])
            index //= 2
        return path


def with_group(group: Sequence[bytes], path: Sequence[Sequence[bytes]]) -> Reduced:
    """The reduced hash tree of a ``group`` whose own digest has the neighbours ``path``, from below."""
    if len(group) == 1:
        # A single object has no level of its own: it stands in one list with its neighbour
        return [sorted([*group, *path[0]]), *(list(one) for one in path[1:])] if path else []
    return [sorted(group), *(list(one) for one in path)]


def leaf(group: Sequence[bytes], algorithm: str = "sha256") -> bytes:
    """The digest that stands for one data object group: its only one, or that of all in their order. Raises ValueError."""
    if not group:
        raise ValueError("an empty group")
    return join(group, algorithm)


def join(nodes: Sequence[bytes], algorithm: str) -> bytes:
    """The digest above ``nodes``: of their concatenation in binary order; one alone is its own. Raises ValueError."""
    if algorithm not in ALGORITHMS:
        raise ValueError(f"{algorithm} is not used in evidence")
    size = hashlib.new(algorithm).digest_size
    if any(len(node) != size for node in nodes):
        raise ValueError(f"a digest of {size} bytes is needed")
    if len(nodes) == 1:
        return bytes(nodes[0])
    return hashlib.new(algorithm, b"".join(sorted(nodes))).digest()


def root_of(reduced: Reduced, algorithm: str = "sha256") -> bytes:
    """The root to which a reduced hash tree leads (RFC 4998, 4.3). Raises ValueError for an empty one."""
    if not reduced or not all(reduced):
        raise ValueError("an empty list in a hash tree")
    found = join(reduced[0], algorithm)
    for nodes in reduced[1:]:
        found = join([found, *nodes], algorithm)
    return found


def verify(root: bytes, group: Sequence[bytes], reduced: Reduced, algorithm: str = "sha256") -> bool:
    """Whether ``group``, neither more nor less, lies under ``root`` by the ``reduced`` tree.

    A group of one digest may stand in a list with others (RFC 4998, 4.2): there the caller must know that it is all.
    """
    try:
        if not reduced:
            return list(group) == [root]
        if len(group) == 1:
            return group[0] in reduced[0] and root_of(reduced, algorithm) == root
        return sorted(group) == sorted(reduced[0]) and root_of(reduced, algorithm) == root
    except ValueError:
        return False
