"""Why evidence is refused: one error class a step of verification."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Refusal(StrEnum):
    """What exactly was found, as a word that programs compare; sentences may change, these do not."""

    NOT_A_PACKAGE = "not-a-package"
    TOO_LARGE = "too-large"
    CUT_SHORT = "cut-short"
    NOT_STORED_PLAINLY = "not-stored-plainly"
    NAME_REFUSED = "name-refused"
    MEMBER_TWICE = "member-twice"
    TOO_MANY_MEMBERS = "too-many-members"
    CONTAINER_NOT_CANONICAL = "container-not-canonical"
    BYTES_AFTER_THE_END = "bytes-after-the-end"
    ENVELOPE_MALFORMED = "envelope-malformed"
    PAYLOAD_TYPE = "payload-type"
    SIGNATURE_FIELDS = "signature-fields"
    NOT_BASE64 = "not-base64"
    KEY_UNKNOWN = "key-unknown"
    KEY_REVOKED = "key-revoked"
    KEY_NOT_YET_VALID = "key-not-yet-valid"
    SIGNATURE_INVALID = "signature-invalid"
    MANIFEST_TOO_LARGE = "manifest-too-large"
    MANIFEST_NOT_JSON = "manifest-not-json"
    MANIFEST_FIELD = "manifest-field"
    MANIFEST_NOT_CANONICAL = "manifest-not-canonical"
    DATED_IN_THE_FUTURE = "dated-in-the-future"
    KEY_OF_ANOTHER_CAMERA = "key-of-another-camera"
    KEY_VALID_ONLY_LATER = "key-valid-only-later"
    KEY_EXPIRED = "key-expired"
    MEMBER_LISTED_TWICE = "member-listed-twice"
    ROLE_MISSING = "role-missing"
    DERIVATION = "derivation"
    MEMBER_MISSING = "member-missing"
    MEMBER_ADDED = "member-added"
    MEMBER_ORDER = "member-order"
    MEMBER_SIZE = "member-size"
    MEMBER_CHANGED = "member-changed"
    CHECKSUM = "checksum"
    CHAIN = "chain"


class EvidenceError(ValueError):
    """Evidence that does not verify.

    Attributes:
        step: Name of the step that failed, one of `pipeline.evidence.verify.STEPS`.
        code: What was found, for programs.
        why: What is wrong, in one sentence.
    """

    step: ClassVar[str] = "evidence"

    def __init__(self, why: str, code: Refusal) -> None:
        super().__init__(f"{self.step}: {why}")
        self.why = why
        self.code = code


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
