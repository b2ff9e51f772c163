"""The Merkle tree of RFC 6962: roots, inclusion proofs, consistency proofs. Pure; hashes are SHA-256, 32 bytes.

A leaf and a node are hashed with different first bytes, so that nobody passes one off as the other (section 2.1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf's bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass
class Frontier:
    """A tree that grows at its right edge, kept as the roots of its perfect subtrees: adding a leaf costs O(log n).

    Attributes:
        size: leaves so far.
        peaks: roots of the perfect subtrees, the largest (leftmost) first; as many as `size` has one-bits.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def add(self, leaf: bytes) -> None:
        """Add the hash of one more leaf."""
        self.peaks.append(leaf)
        filled = self.size
        while filled & 1:
            right = self.peaks.pop()
            self.peaks.append(node_hash(self.peaks.pop(), right))
            filled >>= 1
        self.size += 1

    def root(self) -> bytes:
        """The tree's root; of an empty tree the hash of nothing."""
        if not self.peaks:
            return hashlib.sha256().digest()
        value = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            value = node_hash(peak, value)
        return value


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Root over the hashes of leaves."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return frontier.root()


def _split(size: int) -> int:
    """The largest power of two that is smaller than `size` (2 or more)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes that lead from one leaf to the root (`PATH` in section 2.1.1).

    Args:
        leaves: hashes of all leaves.
        index: the leaf, from 0.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        message = f"no leaf {index} in a tree of {len(leaves)}"
        raise ValueError(message)
    if len(leaves) == 1:
        return []
    middle = _split(len(leaves))
    if index < middle:
        return [*inclusion_proof(leaves[:middle], index), tree_root(leaves[middle:])]
    return [*inclusion_proof(leaves[middle:], index - middle), tree_root(leaves[:middle])]


def root_by_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to; None when the proof has the wrong length for this place."""
    if size <= 0 or not 0 <= index < size:
        return None
    if size == 1:
        return leaf if not proof else None
    if not proof:
        return None
    middle = _split(size)
    if index < middle:
        left = root_by_inclusion(leaf, index, middle, proof[:-1])
        return None if left is None else node_hash(left, proof[-1])
    right = root_by_inclusion(leaf, index - middle, size - middle, proof[:-1])
    return None if right is None else node_hash(proof[-1], right)


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """The hashes that show that the first `old_size` leaves are still the same (`PROOF` in section 2.1.2).

    Raises:
        ValueError: the older tree is larger than this one, or empty.
    """
    if not 0 < old_size <= len(leaves):
        message = f"a tree of {len(leaves)} has no older tree of {old_size}"
        raise ValueError(message)
    return _subproof(leaves, old_size, whole=True)


def _subproof(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> list[bytes]:
    if old_size == len(leaves):
        return [] if whole else [tree_root(leaves)]
    middle = _split(len(leaves))
    if old_size <= middle:
        return [*_subproof(leaves[:middle], old_size, whole=whole), tree_root(leaves[middle:])]
    return [*_subproof(leaves[middle:], old_size - middle, whole=False), tree_root(leaves[:middle])]


def is_consistent(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a consistency proof shows that the newer tree holds the older one unchanged at its start."""
    if not 0 < old_size <= new_size:
        return False
    rest = list(proof)
    try:
        roots = _roots(old_size, new_size, rest, old_root, whole=True)
    except IndexError:
        return False
    return not rest and roots == (old_root, new_root)


def _roots(old_size: int, new_size: int, rest: list[bytes], old_root: bytes, *, whole: bool) -> tuple[bytes, bytes]:
    """The roots of the older and of the newer tree over the same first leaf; takes hashes from the end of `rest`."""
    if old_size == new_size:
        same = old_root if whole else rest.pop()
        return same, same
    middle = _split(new_size)
    sibling = rest.pop()
    if old_size <= middle:
        old, new = _roots(old_size, middle, rest, old_root, whole=whole)
        return old, node_hash(new, sibling)
    old, new = _roots(old_size - middle, new_size - middle, rest, old_root, whole=False)
    return node_hash(sibling, old), node_hash(sibling, new)
