"""The tree of RFC 6962: its published vectors, and proofs that hold for what is so and for nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.audit.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    leaf_hash,
    root_by_inclusion,
    tree_root,
)

# The inputs and roots that certificate transparency's implementations share.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(bytes.fromhex(one)) for one in INPUTS]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_shared_vectors(size):
    assert tree_root(LEAVES[:size]).hex() == ROOTS[size]


def leaves_of(size):
    return [leaf_hash(str(number).encode()) for number in range(size)]


@given(st.integers(1, 70), st.data())
def test_every_leaf_is_proved_and_no_other(size, data):
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    proof, root = inclusion_proof(leaves, index), tree_root(leaves)
    assert root_by_inclusion(leaves[index], index, size, proof) == root
    assert root_by_inclusion(leaf_hash(b"another"), index, size, proof) != root
    for wrong in (proof[:-1], [*proof, root]):
        if wrong != proof:
            assert root_by_inclusion(leaves[index], index, size, wrong) != root
    if size > 1:
        assert root_by_inclusion(leaves[index], (index + 1) % size, size, proof) != root


@given(st.integers(1, 70), st.data())
def test_a_tree_that_grew_is_told_from_one_that_was_rewritten(size, data):
    old = data.draw(st.integers(1, size))
    leaves = leaves_of(size)
    proof, old_root, new_root = consistency_proof(leaves, old), tree_root(leaves[:old]), tree_root(leaves)
    assert is_consistent(old, old_root, size, new_root, proof)
    rewritten = leaves.copy()
    rewritten[data.draw(st.integers(0, old - 1))] = leaf_hash(b"another")
    assert not is_consistent(old, old_root, size, tree_root(rewritten), consistency_proof(rewritten, old))
    assert not is_consistent(old, old_root, size, new_root, [*proof, new_root])
    if proof:
        assert not is_consistent(old, old_root, size, new_root, proof[1:])


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_tree_goes_on_from_its_edge(first, more):
    leaves = leaves_of(first + more)
    frontier = Frontier()
    for leaf in leaves[:first]:
        frontier.add(leaf)
    resumed = Frontier(frontier.size, list(frontier.peaks))
    for leaf in leaves[first:]:
        resumed.add(leaf)
    assert resumed.root() == tree_root(leaves)


def test_a_proof_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no leaf 3"):
        inclusion_proof(LEAVES[:3], 3)
    with pytest.raises(ValueError, match="no older tree of 4"):
        consistency_proof(LEAVES[:3], 4)
    assert not is_consistent(0, b"", 3, tree_root(LEAVES[:3]), [])
