"""Where everybody was while the clip ran: the member `moving.json`, a contract between roadside and office.

The office draws it over the clip for the officer, and blurs everybody but the owner's vehicle with it in the owner's
copy. It is bound by its hash like every other member. A moment that is not in it is one of which nothing is known.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.evidence.errors import ManifestError, Refusal
from pipeline.evidence.manifest import Box, Code, Finite, ShortText, explain

MOVING_NAME: Final = "moving.json"
MOVING_MEDIA_TYPE: Final = "application/json"
MAX_MOVING_BYTES: Final = 2_000_000
MAX_MOMENTS: Final = 600
MAX_OTHERS: Final = 200
"""Boxes of others at one moment."""
MAX_POINTS: Final = 200
MAX_SHAPES: Final = 40

Seconds = Annotated[float, Field(ge=-120, le=120, allow_inf_nan=False)]
"""From the offence on; negative before it."""
Pixels = Annotated[int, Field(ge=16, le=16384)]
Phase = Literal["red", "yellow", "green", "unknown"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Outline(_Part):
    """A line or area of the scene, pixels of the original frame."""

    sort: Literal["lane", "zone", "stop_line", "direction", "solid_line", "signal"]
    name: ShortText
    points: tuple[tuple[Finite, Finite], ...] = Field(min_length=2, max_length=MAX_POINTS)
    closed: bool


class Instant(_Part):
    """One analysed picture.

    Attributes:
        at_s: from the offence on.
        own: the vehicle of the case; None where it was not seen.
        others: everybody and everything else that must not be recognised.
        phases: what each signal head of the scene showed.
    """

    at_s: Seconds
    own: Box | None = None
    others: tuple[Box, ...] = Field(default=(), max_length=MAX_OTHERS)
    phases: dict[Code, Phase] = Field(default_factory=dict, max_length=16)


class Moving(_Part):
    """Everybody's way through the clip.

    Attributes:
        clip_begins_s: moment of the clip's time 0, from the offence on (mostly negative).
        instants: in order of time.
    """

    schema_version: Literal["tertib.moving/1"] = "tertib.moving/1"
    width_px: Pixels
    height_px: Pixels
    clip_begins_s: Seconds
    outlines: tuple[Outline, ...] = Field(default=(), max_length=MAX_SHAPES)
    instants: tuple[Instant, ...] = Field(default=(), max_length=MAX_MOMENTS)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        times = [one.at_s for one in self.instants]
        if times != sorted(times):
            message = "the instants do not stand in order of time"
            raise ValueError(message)
        return self

    def to_bytes(self) -> bytes:
        """The JSON of the member."""
        return self.model_dump_json().encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Moving:
        """Read the member.

        Raises:
            ManifestError: it is too long, or does not say what it must; the sentence names the field.
        """
        if len(data) > MAX_MOVING_BYTES:
            raise ManifestError(f"{MOVING_NAME} is {len(data)} bytes long", Refusal.MANIFEST_TOO_LARGE)
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise ManifestError(f"{MOVING_NAME}: {explain(error)}", Refusal.MANIFEST_FIELD) from error
