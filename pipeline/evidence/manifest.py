"""What a package says. The manifest is the only signed thing; everything else in the package is bound by its hashes."""

from __future__ import annotations

import math
import unicodedata
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from pipeline.evidence._internal.canonical import JsonRefused, canonical_json, parse_canonical
from pipeline.evidence._internal.container import ENVELOPE_NAME, is_safe_name
from pipeline.evidence.errors import ManifestError, Refusal
from pipeline.evidence.limits import (
    MAX_BYSTANDER_BOXES,
    MAX_MANIFEST_BYTES,
    MAX_MEMBERS,
    MAX_PACKAGE_BYTES,
    MAX_TEXT_CHARACTERS,
)
from pipeline.evidence.offence import OffenceCode

SCHEMA_VERSION: Final = "tertib.package/1"

# Direction overrides make text read otherwise than it is stored: "H 1234 AB" could show as another plate.
_BIDIRECTIONAL_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _plain(text: str) -> str:
    if any(unicodedata.category(c) in {"Cc", "Cs"} or c in _BIDIRECTIONAL_CONTROLS for c in text):
        message = "holds control characters"
        raise ValueError(message)
    return text


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _write_utc(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _member_name(name: str) -> str:
    if not is_safe_name(name) or name == ENVELOPE_NAME:
        message = f"{name[:100]!r} is not an allowed member name"
        raise ValueError(message)
    return name


def _uuid4(text: str) -> str:
    if str(UUID(text)) != text or UUID(text).version != 4:
        message = "is not a random UUID (version 4) in lower case"
        raise ValueError(message)
    return text


UtcTime = Annotated[AwareDatetime, AfterValidator(_utc), PlainSerializer(_write_utc, return_type=str, when_used="json")]
"""An instant; written as `2026-11-24T03:04:05.678901Z`."""

Text = Annotated[str, Field(max_length=MAX_TEXT_CHARACTERS), AfterValidator(_plain)]
ShortText = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_plain)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Sha256Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
PackageId = Annotated[str, AfterValidator(_uuid4)]
MemberName = Annotated[str, AfterValidator(_member_name)]
Probability = Annotated[float, Field(ge=0, le=1)]
PlateText = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,16}$")]
Finite = Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]
Box = tuple[Finite, Finite, Finite, Finite]
"""x1, y1, x2, y2 in pixels of the original frame; may reach past its edge."""

Measure = bool | int | float | str | None
ClockSource = Literal["rtcp", "arrival", "file", "assumed"]


class Role(StrEnum):
    """What a member shows.

    `overview`, `offence` and (where there is a stream) `clip` are in every package. `before` and `beyond` show the
    vehicle before and after the instant, `measured` is a derivative with the points that a speed was measured by,
    `head` a crop of a rider's head, `moving` where everybody was while the clip ran (`pipeline.evidence.moving`).
    """

    CLIP = "clip"
    OVERVIEW = "overview"
    OFFENCE = "offence"
    OFFENCE_DRAWN = "offence_drawn"
    PLATE = "plate"
    BEFORE = "before"
    BEYOND = "beyond"
    MEASURED = "measured"
    HEAD = "head"
    MOVING = "moving"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CameraRef(_Part):
    """Which camera, where, and for whom it watches."""

    camera_id: Code
    agency: Code
    jurisdiction: Code
    place: ShortText
    latitude: float | None = Field(default=None, ge=-90, le=90, description="WGS 84 degrees")
    longitude: float | None = Field(default=None, ge=-180, le=180, description="WGS 84 degrees")


class SceneRef(_Part):
    """The scene file that the rules were judged by."""

    name: ShortText
    version_sha256: Sha256Hex
    version: int | None = Field(default=None, ge=1, description="Number of that version; absent in old packages")
    signer_keyid: Sha256Hex | None = Field(
        default=None, description="Key of the technician who signed that version; absent when nobody did"
    )

    @model_serializer(mode="wrap")
    def _without_absent(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Packages that were sealed before these fields existed must still be written byte for byte as they are.
        return {key: value for key, value in write(self).items() if value is not None}


class TrackRef(_Part):
    """The vehicle, as the tracker followed it."""

    track_id: int = Field(ge=0)
    vehicle_class: Code
    first_seen_at: UtcTime
    last_seen_at: UtcTime
    box: Box = Field(description="In the offence frame")
    frame: int = Field(ge=0, description="Number of the offence frame in its source")


class PlateCandidate(_Part):
    """A text that the plate may show."""

    text: PlateText
    confidence: Probability


class PlateEvidence(_Part):
    """What was read on the plate, over all looks at it; `text` is absent when the reader abstained."""

    text: PlateText | None = None
    confidence: Probability = 0.0
    abstained: bool = True
    reason: Text | None = None
    candidates: tuple[PlateCandidate, ...] = Field(default=(), max_length=32)
    looks: int = Field(default=0, ge=0)
    country: str = Field(default="ID", pattern=r"^[A-Z]{2}$")

    @model_validator(mode="after")
    def _abstains_or_reads(self) -> Self:
        if self.abstained != (self.text is None):
            message = "a plate is either read (text) or abstained, not both and not neither"
            raise ValueError(message)
        return self


class Condition(_Part):
    """A condition of the rule, in words for the officer's checklist."""

    name: ShortText
    met: bool
    detail: Text = ""


class Member(_Part):
    """A file of the package.

    `derived_from` and `recipe` tell how a derivative (a drawing, a crop) was made from another member, so that
    nobody takes it for an original.
    """

    name: MemberName
    role: Role
    media_type: Literal[
        "video/mp4",
        "video/x-matroska",
        "video/mp2t",
        "video/webm",
        "image/jpeg",
        "image/png",
        "image/webp",
        "application/json",
    ]
    size_bytes: int = Field(ge=1, le=MAX_PACKAGE_BYTES)
    sha256: Sha256Hex
    derived_from: MemberName | None = None
    recipe: Text | None = None


class Software(_Part):
    """What decided: the version of this software, and the SHA-256 of each model file by its name."""

    version: ShortText
    models: dict[Code, Sha256Hex] = Field(default_factory=dict, max_length=32)


class ChainLink(_Part):
    """The package's place in its camera's chain: a missing, reordered or replaced package shows."""

    sequence: int = Field(ge=1, le=2**53)
    previous_sha256: Sha256Hex | None = Field(
        description="SHA-256 of the payload signed before this one; none for the first"
    )

    @model_validator(mode="after")
    def _only_the_first_has_no_previous(self) -> Self:
        if (self.sequence == 1) != (self.previous_sha256 is None):
            message = "the first package of a chain has no previous one, every other has"
            raise ValueError(message)
        return self


class Manifest(_Part):
    """Everything a package claims."""

    schema_version: Literal["tertib.package/1"] = SCHEMA_VERSION
    package_id: PackageId
    camera: CameraRef
    scene: SceneRef
    offence: OffenceCode
    occurred_at: UtcTime
    clock_source: ClockSource
    clock_uncertainty_ms: float = Field(ge=0, le=1e12, allow_inf_nan=False)
    track: TrackRef
    plate: PlateEvidence
    measured: dict[Code, Measure] = Field(default_factory=dict, max_length=64)
    doubts: tuple[Text, ...] = Field(default=(), max_length=32)
    conditions: tuple[Condition, ...] = Field(default=(), max_length=32)
    bystanders: dict[MemberName, tuple[Box, ...]] = Field(default_factory=dict, max_length=MAX_MEMBERS)
    stills_only: bool = Field(default=False, description="The camera pushes pictures: there is no clip")
    members: tuple[Member, ...] = Field(min_length=1, max_length=MAX_MEMBERS)
    software: Software
    chain: ChainLink

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        for key, value in self.measured.items():
            if isinstance(value, float) and not math.isfinite(value):
                message = f"measured.{key} is not a finite number"
                raise ValueError(message)
            if isinstance(value, str):
                _plain(value)
                if len(value) > MAX_TEXT_CHARACTERS:
                    message = f"measured.{key} is longer than {MAX_TEXT_CHARACTERS} characters"
                    raise ValueError(message)
        if any(len(boxes) > MAX_BYSTANDER_BOXES for boxes in self.bystanders.values()):
            message = f"more than {MAX_BYSTANDER_BOXES} bystanders on one still"
            raise ValueError(message)
        if self.track.last_seen_at < self.track.first_seen_at:
            message = "the track ends before it begins"
            raise ValueError(message)
        return self

    def to_bytes(self) -> bytes:
        """The canonical JSON that is signed.

        Raises:
            ManifestError: It is longer than a manifest may be.
        """
        data = canonical_json(self.model_dump(mode="json"))
        if len(data) > MAX_MANIFEST_BYTES:
            raise ManifestError(
                f"the manifest is {len(data)} bytes long, more than {MAX_MANIFEST_BYTES}", Refusal.MANIFEST_TOO_LARGE
            )
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read a manifest that must be written exactly as `to_bytes` does.

        Raises:
            ManifestError: It is not; the sentence names the field.
        """
        try:
            parse_canonical(data, max_bytes=MAX_MANIFEST_BYTES)
            manifest = cls.model_validate_json(data, strict=True)
        except JsonRefused as error:
            raise ManifestError(f"the manifest {error}", Refusal.MANIFEST_NOT_JSON) from error
        except ValidationError as error:
            raise ManifestError(explain(error), Refusal.MANIFEST_FIELD) from error
        if manifest.to_bytes() != data:
            raise ManifestError(
                "the manifest is not written in the canonical way (times in Z with microseconds, decimals as such)",
                Refusal.MANIFEST_NOT_CANONICAL,
            )
        return manifest


def explain(error: ValidationError) -> str:
    """The first fault of a pydantic error as one sentence that names the field."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    # The name of an unknown field is the sender's text: it must neither be long nor steer a terminal.
    field = "".join(c if c.isprintable() else "?" for c in ".".join(str(part)[:60] for part in first["loc"]))
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    sentence = first["msg"].removeprefix("Value error, ")
    return f"{field}: {sentence}{more}" if field else f"{sentence}{more}"
