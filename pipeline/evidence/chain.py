"""Several packages of one camera, compared: what was removed, replaced or forked shows without any database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

from pipeline.evidence.verify import VerifiedPackage


@dataclass(frozen=True)
class Link:
    """What of a verified package matters to its chain; small, so that thousands can be compared.

    Attributes:
        label: What to call the package in findings, e.g. its file name.
        camera_id: Whose chain.
        sequence: Place in the chain, from 1.
        previous_sha256: Hash of the package before it, `None` for the first.
        chain_sha256: Its own hash, which the next one must name.
    """

    label: str
    camera_id: str
    sequence: int
    previous_sha256: str | None
    chain_sha256: str

    @classmethod
    def of(cls, package: VerifiedPackage, label: str) -> Self:
        """The link of a verified package."""
        chain = package.manifest.chain
        return cls(
            label, package.manifest.camera.camera_id, chain.sequence, chain.previous_sha256, package.chain_sha256
        )


@dataclass(frozen=True)
class ChainFinding:
    """Something about a chain that a person should know.

    Attributes:
        kind: `gap`: packages are not among those given (perhaps only not given); `fork`: two packages claim one place;
            `broken`: a package names another predecessor than the one given.
        label: The package where it shows.
        why: One sentence.
    """

    kind: Literal["gap", "fork", "broken"]
    label: str
    why: str

    @property
    def contradicts(self) -> bool:
        """Whether it cannot be explained by packages that were merely not given."""
        return self.kind != "gap"


def check_chain(links: Iterable[Link]) -> list[ChainFinding]:
    """Compare the packages of each camera with each other.

    Args:
        links: In any order, of any cameras; the same package may stand twice.

    Returns:
        Findings by camera and place; empty when all links fit.
    """
    chains: dict[str, dict[int, list[Link]]] = defaultdict(lambda: defaultdict(list))
    for link in links:
        place = chains[link.camera_id][link.sequence]
        if all(other.chain_sha256 != link.chain_sha256 for other in place):
            place.append(link)
    return [finding for camera_id in sorted(chains) for finding in _check_camera(camera_id, chains[camera_id])]


def _check_camera(camera_id: str, places: dict[int, list[Link]]) -> list[ChainFinding]:
    findings: list[ChainFinding] = []
    before: int | None = None
    for sequence in sorted(places):
        first, *others = places[sequence]
        for other in others:
            why = f"camera {camera_id} signed two packages for place {sequence}: {first.label} and {other.label}"
            findings.append(ChainFinding("fork", other.label, why))
        if before is not None and sequence > before + 1:
            missing = f"{before + 1}" if sequence == before + 2 else f"{before + 1} to {sequence - 1}"
            findings.append(
                ChainFinding("gap", first.label, f"camera {camera_id}: place {missing} is not among these packages")
            )
        if before == sequence - 1:
            known = {link.chain_sha256 for link in places[before]}
            findings.extend(
                ChainFinding(
                    "broken",
                    link.label,
                    f"camera {camera_id}: place {sequence} does not link to the package at place {before}",
                )
                for link in places[sequence]
                if link.previous_sha256 not in known
            )
        before = sequence
    return findings
