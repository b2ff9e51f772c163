"""From a pushed event to the draft of a package: the vendor's pictures, our own reading of them, and every doubt."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import cv2
import numpy as np
from numpy.typing import NDArray

from models.plates.reading import PlateReading
from pipeline import stills
from pipeline.events.reading import EventRefused, Picture, PlateEvent
from pipeline.evidence.manifest import CameraRef, PlateCandidate, PlateEvidence, SceneRef, Software, TrackRef
from pipeline.evidence.offence import OffenceCode
from pipeline.evidence.package import Draft, MediaMember
from pipeline.rules.doubts import GRAVE
from pipeline.scene import Scene

CLOCKS_AGREE_S: Final = 2.0
CLOCKS_HELD_S: Final = 120.0
LEAST_SIDE_PX: Final = 120
"""Smaller pictures are cut-out plates: they show no offence."""
MOST_PIXELS: Final = 50_000_000
_PLATE: Final = re.compile(r"[A-Z0-9]{1,16}")
OVERVIEW, OFFENCE, PLATE = "overview.jpg", "offence.jpg", "plate.jpg"

SecondLook = Callable[[NDArray[np.uint8]], Sequence[tuple[tuple[float, float, float, float], PlateReading]]]
"""Plates that our own detector and reader find in a picture, with their boxes."""


@dataclass(frozen=True)
class Claim:
    """Who says what of which camera.

    Attributes:
        scene: The camera and its place.
        offence: What the event is taken to report; the vendor's words tell a plate, not an article.
        by: Who says so, in words: goes into the doubts.
    """

    scene: Scene
    offence: OffenceCode
    by: str


def draft_of(
    event: PlateEvent, claim: Claim, *, received_at: datetime, software: Software, second_look: SecondLook
) -> Draft:
    """What a package of this event says.

    Args:
        event: As it was read.
        claim: What it is taken for.
        received_at: When it came, by the box's clock, aware.
        software: What decided.
        second_look: Reads the plates of a picture anew.

    Raises:
        EventRefused: There is no picture that shows anything, or no time.
    """
    if event.captured_at is None:
        raise EventRefused("no_time", "the event has no time: an offence without a time is none")
    shown = [(picture, pixels) for picture in event.pictures if (pixels := _decoded(picture)) is not None]
    if not shown:
        raise EventRefused("no_picture", "the event has no picture on which anything could be seen")
    shown.sort(key=lambda each: -each[1].size)
    offence, overview = shown[0], shown[1] if len(shown) > 1 else shown[0]
    height, width = offence[1].shape[:2]
    plate, box = _plate(event, offence[1], claim.scene, second_look)
    apart_s = (event.captured_at - received_at).total_seconds()
    # Late may be true (a line was down); what is said to happen in the future happened when it came.
    moment = min(event.captured_at, received_at).astimezone(UTC)
    media = [
        MediaMember(OVERVIEW, "overview", "image/jpeg", overview[0].data),
        MediaMember(OFFENCE, "offence", "image/jpeg", offence[0].data),
    ]
    if box is not None:
        x1, y1, x2, y2 = (round(v) for v in _inside(box, width, height))
        if x2 - x1 > 4 and y2 - y1 > 4:
            crop = stills.jpeg(np.ascontiguousarray(offence[1][y1:y2, x1:x2]), 95)
            media.append(MediaMember(PLATE, "plate", "image/jpeg", crop, OFFENCE, f"crop {x1},{y1},{x2},{y2}"))
    camera = claim.scene.camera
    return Draft(
        camera=CameraRef(
            camera_id=camera.id,
            agency=camera.agency,
            jurisdiction=camera.jurisdiction,
            place=camera.place,
            latitude=camera.latitude,
            longitude=camera.longitude,
        ),
        scene=SceneRef(
            name=claim.scene.name,
            version_sha256=claim.scene.version_sha256,
            version=claim.scene.version,
            signer_keyid=claim.scene.signature.keyid if claim.scene.signature else None,
        ),
        offence=claim.offence,
        occurred_at=moment,
        clock_source="arrival",
        clock_uncertainty_ms=1000 * max(CLOCKS_AGREE_S, abs(apart_s)),
        track=TrackRef(
            track_id=0,
            vehicle_class="unknown",
            first_seen_at=moment,
            last_seen_at=moment,
            box=(0.0, 0.0, float(width), float(height)) if box is None else _inside(box, width, height),
            frame=0,
        ),
        plate=plate,
        doubts=tuple(_doubts(event, claim, apart_s)),
        stills_only=True,
        software=software,
        media=media,
    )


def clock_doubt(apart_s: float, whose: str) -> str | None:
    """What must be said of a clock that is so many seconds off; None when it agrees."""
    if abs(apart_s) <= CLOCKS_AGREE_S:
        return None
    said = f"{whose} is {apart_s:+.0f} s off that of the box"
    return f"{GRAVE}{said}" if abs(apart_s) > CLOCKS_HELD_S else said


def _doubts(event: PlateEvent, claim: Claim, apart_s: float) -> list[str]:
    doubts = [f"{claim.by} reported it: whether the rule was broken can only be judged by its pictures"]
    doubts += [text for text in [clock_doubt(apart_s, "the time in the event")] if text]
    if not event.clock_has_zone:
        doubts.append("the camera told no time zone: that of its place was taken")
    return [*doubts, *event.doubts]


def _plate(
    event: PlateEvent, picture: NDArray[np.uint8], scene: Scene, second_look: SecondLook
) -> tuple[PlateEvidence, tuple[float, float, float, float] | None]:
    """What the plate says, only where the vendor and our own reader agree; and where it is."""
    country = scene.plate_countries[0]
    told = event.plate if event.plate and _PLATE.fullmatch(event.plate) else None
    found = list(second_look(picture))
    texts = {reading.text: (box, reading) for box, reading in found if reading.text}
    names = [*([told] if told else []), *(text for text in texts if text != told)]
    candidates = tuple(
        PlateCandidate(text=text, confidence=texts[text][1].confidence if text in texts else event.confidence or 0.0)
        for text in names[:8]
    )
    if told is not None and told in texts:
        own_box, reading = texts[told]
        confidence = min(reading.confidence, event.confidence if event.confidence is not None else 1.0)
        evidence = PlateEvidence(
            text=told, confidence=confidence, abstained=False, candidates=candidates, looks=1, country=country
        )
        return evidence, own_box
    why = "nobody read a plate" if not names else "the event and the second reading do not agree on the plate"
    box = found[0][0] if len(found) == 1 else event.plate_box
    evidence = PlateEvidence(abstained=True, reason=why, candidates=candidates, looks=len(found), country=country)
    return evidence, box


def _decoded(picture: Picture) -> NDArray[np.uint8] | None:
    pixels = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None or min(pixels.shape[:2]) < LEAST_SIDE_PX or pixels.shape[0] * pixels.shape[1] > MOST_PIXELS:
        return None
    decoded: NDArray[np.uint8] = pixels.astype(np.uint8, copy=False)
    return decoded


def _inside(box: tuple[float, float, float, float], width: int, height: int) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = box
    return max(0.0, x1), max(0.0, y1), min(float(width), x2), min(float(height), y2)


def identity(camera_id: str, event: PlateEvent) -> str:
    """The id of an event's package: the same event sent again has the same, so that it is kept once."""
    told = hashlib.sha256()
    words = [camera_id, event.vendor, event.event_id or "", event.plate or "", str(event.captured_at)]
    for part in words if event.vendor != "handheld" else [camera_id, event.vendor]:
        told.update(part.encode() + b"\0")
    for picture in event.pictures:
        told.update(hashlib.sha256(picture.data).digest())
    return str(UUID(bytes=told.digest()[:16], version=4))


def handheld(plate: str | None, pictures: tuple[Picture, ...], received_at: datetime) -> PlateEvent:
    """What an officer's telephone sent: a photograph, and the plate as the officer wrote it."""
    return PlateEvent(
        vendor="handheld",
        kind="photograph",
        plate=plate,
        confidence=None,
        captured_at=received_at,
        clock_has_zone=True,
        device="telephone",
        pictures=pictures,
        doubts=("the time is that of the photograph's arrival: it may be older",),
    )
