"""Proofs from the log: that a case stands in a published head, and that a newer head holds an older one unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.audit.leaves import hash_of
from api.audit.merkle import consistency_proof, inclusion_proof, is_consistent, root_by_inclusion
from api.audit.tables import TreeHeadRow, TreeLeafRow


class ProofError(ValueError):
    """There is no such proof; the sentence says why."""


@dataclass(frozen=True)
class Inclusion:
    """A case's leaf and the hashes that lead from it to a published root.

    Attributes:
        position: the leaf's place, from 0.
        size: leaves under the root.
        event_count: events that the leaf covers.
        head_sha256: hash of the last of them (hex).
        leaf_sha256: hash of the leaf (hex).
        path: hashes (hex) of the subtrees beside the way, from the leaf up.
        head: number of the published head.
        root_sha256: its root (hex).
    """

    position: int
    size: int
    event_count: int
    head_sha256: str
    leaf_sha256: str
    path: tuple[str, ...]
    head: int
    root_sha256: str

    def holds(self) -> bool:
        """Whether the way leads from the leaf to the root."""
        path = [bytes.fromhex(one) for one in self.path]
        root = root_by_inclusion(bytes.fromhex(self.leaf_sha256), self.position, self.size, path)
        return root is not None and root.hex() == self.root_sha256


def prove_case(session: Session, case_id: UUID) -> Inclusion:
    """Prove that a case stands in the head that was published last.

    Raises:
        ProofError: no head that covers it has been published yet.
    """
    head = session.scalars(select(TreeHeadRow).order_by(TreeHeadRow.number.desc()).limit(1)).one_or_none()
    leaf = session.scalars(
        select(TreeLeafRow).where(TreeLeafRow.case_id == case_id).order_by(TreeLeafRow.position.desc()).limit(1)
    ).one_or_none()
    if head is None or leaf is None:
        message = "no head that covers this case has been published yet: that happens after midnight"
        raise ProofError(message)
    path = inclusion_proof(_leaf_hashes(session, head.size), leaf.position)
    return Inclusion(
        position=leaf.position,
        size=head.size,
        event_count=leaf.event_count,
        head_sha256=leaf.head_sha256,
        leaf_sha256=hash_of(leaf).hex(),
        path=tuple(one.hex() for one in path),
        head=head.number,
        root_sha256=head.root_sha256,
    )


@dataclass(frozen=True)
class Consistency:
    """The hashes that show that one published head holds another unchanged at its start.

    Attributes:
        older: number, size and root (hex) of the older head.
        newer: the same of the newer one.
        path: hashes (hex) as RFC 6962 orders them.
    """

    older: tuple[int, int, str]
    newer: tuple[int, int, str]
    path: tuple[str, ...]

    def holds(self) -> bool:
        """Whether the proof shows what it should; an empty older tree is part of every tree."""
        (_, old_size, old_root), (_, new_size, new_root) = self.older, self.newer
        if old_size == 0:
            return not self.path
        path = [bytes.fromhex(one) for one in self.path]
        return is_consistent(old_size, bytes.fromhex(old_root), new_size, bytes.fromhex(new_root), path)


def prove_growth(session: Session, older: int, newer: int) -> Consistency:
    """Prove that head `newer` only added leaves to head `older`.

    Raises:
        ProofError: one of the two is not published, or they stand the wrong way round.
    """
    old, new = session.get(TreeHeadRow, older), session.get(TreeHeadRow, newer)
    if old is None or new is None or old.size > new.size:
        message = f"heads {older} and {newer} are not both published, the older one first"
        raise ProofError(message)
    path = consistency_proof(_leaf_hashes(session, new.size), old.size) if old.size else []
    return Consistency(
        (old.number, old.size, old.root_sha256),
        (new.number, new.size, new.root_sha256),
        tuple(one.hex() for one in path),
    )


def _leaf_hashes(session: Session, size: int) -> list[bytes]:
    query = select(TreeLeafRow).where(TreeLeafRow.position < size).order_by(TreeLeafRow.position)
    return [hash_of(leaf) for leaf in session.scalars(query.execution_options(yield_per=1000))]
