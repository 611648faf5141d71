"""Hash trees of RFC 4998: every group leads to the root, and nothing else does."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import chain, tree


def digest(*words):
    return hashlib.sha256(repr(words).encode()).digest()


def groups(*sizes):
    return [[digest(index, part) for part in range(size)] for index, size in enumerate(sizes)]


def naive_root(leaves):
    """The root by the words of RFC 4998 4.2, for the binary tree: written apart from the code."""
    nodes = [
        hashlib.sha256(b"".join(sorted(group))).digest() if len(group) > 1 else group[0] for group in leaves
    ]
    while len(nodes) > 1:
        pairs = [nodes[at : at + 2] for at in range(0, len(nodes), 2)]
        nodes = [
            hashlib.sha256(min(pair) + max(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs
        ]
    return nodes[0]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=40))
@settings(deadline=None)
def test_every_group_leads_to_the_root(sizes):
    leaves = groups(*sizes)
    whole = tree.Tree(leaves)
    assert whole.root == naive_root(leaves)
    for index, group in enumerate(leaves):
        path = whole.reduced(index)
        assert tree.verify(whole.root, group, path)
        assert len(path) <= 7


@given(st.lists(st.integers(3, 4), min_size=2, max_size=9), st.data())
@settings(deadline=None)
def test_a_changed_group_or_path_does_not(sizes, data):
    leaves = groups(*sizes)
    whole = tree.Tree(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    group, path = leaves[index], whole.reduced(index)
    assert not tree.verify(whole.root, group[:-1], path)
    assert not tree.verify(whole.root, [*group, digest("more")], path)
    assert not tree.verify(whole.root, group[:-1] + [digest("other")], path)
    level = data.draw(st.integers(0, len(path) - 1))
    place = data.draw(st.integers(0, len(path[level]) - 1))
    bit = data.draw(st.integers(0, 255))
    changed = (int.from_bytes(path[level][place], "big") ^ (1 << bit)).to_bytes(32, "big")
    broken = [list(one) for one in path]
    broken[level][place] = changed
    assert not tree.verify(whole.root, group, broken)
    assert not tree.verify(whole.root, group, path[:-1])
    assert not tree.verify(digest("root"), group, path)


def test_one_object_alone():
    only = [digest("only")]
    whole = tree.Tree([only])
    assert whole.root == only[0]
    assert whole.reduced(0) == []
    assert tree.verify(whole.root, only, [])
    assert not tree.verify(whole.root, [digest("other")], [])
    assert not tree.verify(whole.root, [*only, *only], [])


def test_what_is_no_tree():
    with pytest.raises(ValueError):
        tree.Tree([])
    with pytest.raises(ValueError):
        tree.Tree([[]])
    with pytest.raises(ValueError):
        tree.Tree([[b"short"]])
    with pytest.raises(ValueError):
        tree.Tree([[bytes(20)]], "sha1")
    with pytest.raises(ValueError):
        tree.root_of([[digest(1)], []])
    assert not tree.verify(digest(1), [digest(1), digest(2)], [[]])


@pytest.mark.parametrize("algorithm", tree.ALGORITHMS)
def test_other_algorithms(algorithm):
    leaves = [[hashlib.new(algorithm, bytes([index])).digest()] for index in range(5)]
    whole = tree.Tree(leaves, algorithm)
    for index, group in enumerate(leaves):
        assert tree.verify(whole.root, group, whole.reduced(index), algorithm)


@pytest.mark.parametrize("sizes", [[1], [3], [1, 2], [2, 1, 1], [2] * 7])
def test_records_and_seal_of_a_day_lead_to_the_stamped_root(sizes):
    leaves = groups(*sizes)
    entries = tree.Tree(leaves)
    statement, signature = b"statement", b"signature"
    stamped = chain.stamped_root(entries.root, statement, signature)
    for index, group in enumerate(leaves):
        assert tree.verify(stamped, group, chain.entry_path(entries, index, statement, signature))
        assert not tree.verify(stamped, group, chain.entry_path(entries, index, b"another", signature))
    seal = chain.seal_group(statement, signature)
    assert tree.verify(stamped, seal, chain.seal_path(entries.root, statement, signature))
    assert chain.seal_digest(statement, signature) == tree.leaf(seal)
    assert chain.seal_digest(signature, statement) == tree.leaf(seal), "sorted: RFC 4998"
    assert chain.seal_digest(statement, b"other") != tree.leaf(seal)
