"""Turns a finding into a signed package and hands it to whoever keeps it."""

from __future__ import annotations

import importlib.metadata
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import av

from models.catalogue import load_catalogue
from pipeline.evidence.keys import SigningKey
from pipeline.evidence.manifest import ChainLink, Software
from pipeline.evidence.package import SealedPackage, seal
from pipeline.exhibits import ExhibitError, Finding, draft


class Ledger(Protocol):
    """Who keeps packages and the chain they stand in; `pipeline.delivery.Spool` is one."""

    def chain_link(self, camera_id: str) -> ChainLink:
        """The next place in a camera's chain."""
        ...

    def accept(self, package: SealedPackage) -> None:
        """Keep a package for good; the chain goes on from it."""
        ...


class FolderLedger:
    """Packages as files in a folder, for `tertib observe --packages`; the chains go on where the last run ended.

    Args:
        folder: Is made when absent.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def chain_link(self, camera_id: str) -> ChainLink:
        """See `Ledger`."""
        state = self._state(camera_id)
        if not state.exists():
            return ChainLink(sequence=1, previous_sha256=None)
        last = json.loads(state.read_text())
        return ChainLink(sequence=last["sequence"] + 1, previous_sha256=last["sha256"])

    def accept(self, package: SealedPackage) -> None:
        """See `Ledger`."""
        (self._folder / package.file_name).write_bytes(package.data)
        last = {"sequence": package.manifest.chain.sequence, "sha256": package.chain_sha256}
        self._state(package.camera_id).write_text(json.dumps(last) + "\n")

    def _state(self, camera_id: str) -> Path:
        return self._folder / f"chain-{camera_id}.json"


class Sealer:
    """Seals findings.

    Args:
        keys: The signing key of each camera.
        ledger: Keeps the packages.
        software: What decided.
        new_id: Makes package ids.
        doubts: What is doubtful about everything that this box sends at the moment, as of its clock.
    """

    def __init__(
        self,
        *,
        keys: Mapping[str, SigningKey],
        ledger: Ledger,
        software: Software,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        doubts: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        self._keys = keys
        self._ledger = ledger
        self._software = software
        self._new_id = new_id
        self._doubts = doubts

    def seal(self, finding: Finding) -> SealedPackage:
        """Make the exhibits, sign, and hand over; when it returns the package is kept.

        Raises:
            ExhibitError: The pictures are gone.
            EvidenceError: The package would not verify.
        """
        camera_id = finding.scene.camera.id
        try:
            told = draft(finding, self._software)
        except av.error.FFmpegError as error:
            raise ExhibitError(f"{camera_id}: the pictures of a finding cannot be taken ({error})") from error
        package = seal(
            replace(told, doubts=(*told.doubts, *self._doubts())),
            key=self._keys[camera_id],
            link=self._ledger.chain_link(camera_id),
            package_id=self._new_id(),
        )
        self._ledger.accept(package)
        return package


def running_software(models: tuple[str, ...] = ("traffic-n",)) -> Software:
    """This program's version and the hashes of the models that decide."""
    catalogue = load_catalogue()
    hashes = {name: sha for name in models if (sha := catalogue.model(name).sha256)}
    return Software(version=importlib.metadata.version("tertib"), models=hashes)
