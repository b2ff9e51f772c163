"""What can go wrong between the box and the office."""

from __future__ import annotations


class SpoolError(RuntimeError):
    """The spool cannot do what was asked; the sentence says why and what to do."""


class SpoolFull(SpoolError):  # noqa: N818 - reads as what happened
    """No room: the disk is full, or the spool has reached its bound. Nothing was kept of the package."""


class SpoolInUse(SpoolError):  # noqa: N818 - reads as what happened
    """Another process has this spool open."""


class ChainMoved(SpoolError):  # noqa: N818 - reads as what happened
    """The package was sealed for another place in its camera's chain than the next: seal it again."""


class PackageConflict(SpoolError):  # noqa: N818 - reads as what happened
    """Other bytes are already kept under this package id."""


class DamagedPackage(SpoolError):  # noqa: N818 - reads as what happened
    """A kept file is missing or no longer what was accepted."""
