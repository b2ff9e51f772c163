"""Why evidence is refused: one error class a step of verification."""

from __future__ import annotations

from typing import ClassVar


class EvidenceError(ValueError):
    """Evidence that does not verify.

    Attributes:
        step: Name of the step that failed, one of `pipeline.evidence.verify.STEPS`.
        why: What is wrong, in one sentence.
    """

    step: ClassVar[str] = "evidence"

    def __init__(self, why: str) -> None:
        super().__init__(f"{self.step}: {why}")
        self.why = why


class ContainerError(EvidenceError):
    """The file is not a package, is damaged, or is not written in the one canonical way."""

    step = "container"


class EnvelopeError(EvidenceError):
    """The envelope is not a canonical DSSE envelope of the right type."""

    step = "envelope"


class KeyRefused(EvidenceError):  # noqa: N818 - reads as what happened, like the other outcomes
    """The signing key is not known, not valid yet, expired or revoked."""

    step = "key"


class SignatureInvalid(EvidenceError):  # noqa: N818 - reads as what happened, like the other outcomes
    """The signature does not belong to this manifest and key."""

    step = "signature"


class ManifestError(EvidenceError):
    """The signed manifest is not canonical, incomplete or contradicts itself."""

    step = "manifest"


class CameraMismatch(EvidenceError):  # noqa: N818 - reads as what happened, like the other outcomes
    """The key is not this camera's, or was not valid when the offence occurred."""

    step = "camera"


class MembersError(EvidenceError):
    """The files in the package are not those that the manifest lists, or a required one is missing."""

    step = "members"


class HashMismatch(EvidenceError):  # noqa: N818 - reads as what happened, like the other outcomes
    """A file's bytes are not those that were signed."""

    step = "hashes"


class ChainError(EvidenceError):
    """Packages of one camera contradict each other: a fork, or a link to something else."""

    step = "chain"


class KeyFileError(ValueError):
    """A key file that cannot be read or trusted; the sentence says what to do."""
