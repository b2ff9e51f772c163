"""The exhibits of one finding.

Clip, stills, plate, and who else is in the pictures; together the draft of an evidence package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import ValidationError

from pipeline import proofs, stills
from pipeline.evidence.manifest import CameraRef, PlateCandidate, PlateEvidence, SceneRef, Software, TrackRef
from pipeline.evidence.moving import MOVING_MEDIA_TYPE, MOVING_NAME
from pipeline.evidence.package import Draft, MediaMember
from pipeline.ingest import CaptureClock, Clip, Memory
from pipeline.passage import Presence, moving
from pipeline.perception.phase import PhaseLog
from pipeline.perception.plates import PlateVote
from pipeline.perception.track import Box, Sighting, Track
from pipeline.rules.candidate import Candidate
from pipeline.scene import Scene
from pipeline.scene.geometry import Point

CLIP_BEFORE_S = 4.0
CLIP_AFTER_S = 3.0
OVERVIEW_BEFORE_S = 1.0
"""The overview shows the vehicle about so long before the offence."""
MIN_BETWEEN_STILLS_S = 0.3
OFFENCE_IN_CLIP = "offence_in_clip_s"
OVERVIEW, OFFENCE, DRAWN, PLATE = "overview.jpg", "offence.jpg", "offence_drawn.jpg", "plate.jpg"


class ExhibitError(RuntimeError):
    """The pictures of a finding are gone: the ring was too short. Nothing is sent without evidence."""


@dataclass(frozen=True, eq=False)
class Finding:
    """A candidate with everything that is needed to show it.

    Attributes:
        scene: Where.
        candidate: What.
        track: The vehicle's whole way as far as it is known.
        plate: What its plate says.
        clock: How far the times can be believed.
        memory: The source's last seconds.
        media_offset_s: Media time minus capture time, in seconds.
        bystanders: For each picture number: boxes of all others in it.
        presences: Everybody in each analysed picture around the offence.
        phases: The log of the signals.
    """

    scene: Scene
    candidate: Candidate
    track: Track
    plate: PlateVote
    clock: CaptureClock
    memory: Memory
    media_offset_s: float
    bystanders: Mapping[int, tuple[Box, ...]]
    presences: tuple[Presence, ...] = ()
    phases: PhaseLog = field(default_factory=PhaseLog)

    @property
    def occurred_at(self) -> datetime:
        """The instant of the offence, aware, UTC."""
        return utc(self.candidate.at_s)


def utc(at_s: float) -> datetime:
    """Seconds since 1970 as an aware time in UTC."""
    return datetime.fromtimestamp(at_s, UTC)


def draft(finding: Finding, software: Software) -> Draft:
    """Cut the clip, take and draw the stills, and write down what is known.

    Args:
        finding: The finding; its memory must still hold the seconds around it.
        software: What decided.

    Raises:
        ExhibitError: The pictures are gone.
    """
    scene, candidate, track = finding.scene, finding.candidate, finding.track
    offence_at_s = next((s.at_s for s in track.sightings if s.frame == candidate.frame), candidate.at_s)
    overview = _overview(finding, offence_at_s)
    further = proofs.originals(candidate, track)
    times = [offence_at_s, overview.at_s, *(original.sighting.at_s for original in further)]
    pictures = finding.memory.pictures([at_s + finding.media_offset_s for at_s in times])
    if pictures[0] is None or pictures[1] is None:
        raise ExhibitError(
            f"{scene.camera.id}: the pictures of track {track.id} are no longer in the ring: is the box too slow?"
        )
    happened_s = candidate.at_s + finding.media_offset_s
    clip = finding.memory.cut(happened_s - CLIP_BEFORE_S, happened_s + CLIP_AFTER_S)
    way = [s.ground for s in track.sightings if s.at_s <= offence_at_s]
    local = utc(candidate.at_s).astimezone(scene.camera.zone)
    caption = f"{scene.camera.id}  {candidate.offence.value}  {local:%Y-%m-%d %H:%M:%S.%f %z}"
    drawn = stills.drawn_offence(pictures[0], scene, candidate.lane, candidate.box, way, caption)
    media = [
        *([MediaMember(f"clip.{clip.suffix}", "clip", clip.media_type, clip.data)] if clip else []),
        MediaMember(OVERVIEW, "overview", "image/jpeg", stills.jpeg(pictures[1])),
        MediaMember(OFFENCE, "offence", "image/jpeg", stills.jpeg(pictures[0])),
        MediaMember(DRAWN, "offence_drawn", "image/jpeg", stills.jpeg(drawn), OFFENCE, _drawn_recipe(candidate, way)),
        *_plate_member(finding, overview.frame, f"clip.{clip.suffix}" if clip else None),
    ]
    shown = {OFFENCE: pictures[0]}
    for original, picture in zip(further, pictures[2:], strict=True):
        if picture is not None:
            shown[original.name] = picture
            media.append(MediaMember(original.name, original.role, "image/jpeg", stills.jpeg(picture)))
    media += proofs.derivatives(candidate, shown, OFFENCE)
    media += _moving_member(finding, clip)
    others = finding.bystanders.get(candidate.frame, ())
    return Draft(
        camera=CameraRef(
            camera_id=scene.camera.id,
            agency=scene.camera.agency,
            jurisdiction=scene.camera.jurisdiction,
            place=scene.camera.place,
            latitude=scene.camera.latitude,
            longitude=scene.camera.longitude,
        ),
        scene=SceneRef(
            name=scene.name,
            version_sha256=scene.version_sha256,
            version=scene.version,
            signer_keyid=scene.signature.keyid if scene.signature else None,
        ),
        offence=candidate.offence,
        occurred_at=finding.occurred_at,
        clock_source=finding.clock.source,
        clock_uncertainty_ms=finding.clock.uncertainty_ms,
        track=TrackRef(
            track_id=track.id,
            vehicle_class=candidate.vehicle_class,
            first_seen_at=utc(track.first.at_s),
            last_seen_at=utc(track.last.at_s),
            box=candidate.box,
            frame=candidate.frame,
        ),
        plate=_plate_evidence(finding),
        measured={**candidate.measured, **_in_clip(finding, clip)},
        doubts=candidate.doubts,
        conditions=candidate.conditions,
        bystanders={
            OVERVIEW: finding.bystanders.get(overview.frame, ()),
            OFFENCE: others,
            DRAWN: others,
            **{o.name: finding.bystanders.get(o.sighting.frame, ()) for o in further if o.name in shown},
        },
        stills_only=clip is None,
        software=software,
        media=media,
    )


def _in_clip(finding: Finding, clip: Clip | None) -> dict[str, float]:
    """Where in the clip the offence is, so that a player can begin there."""
    if clip is None or clip.begins_s is None:
        return {}
    return {OFFENCE_IN_CLIP: round(finding.candidate.at_s + finding.media_offset_s - clip.begins_s, 3)}


def _moving_member(finding: Finding, clip: Clip | None) -> list[MediaMember]:
    if clip is None or clip.begins_s is None or not finding.presences:
        return []
    candidate = finding.candidate
    try:
        told = moving(
            finding.scene,
            candidate.lane,
            finding.presences,
            finding.phases,
            happened_s=candidate.at_s,
            clip_begins_s=clip.begins_s - finding.media_offset_s,
            clip_ends_s=candidate.at_s + CLIP_AFTER_S,
        )
    except ValidationError:
        # A clip that begins minutes before the offence (a camera with rare keyframes) goes without: nothing is lost
        # but the drawing over it.
        return []
    recipe = "boxes as detected and tracked"
    return [MediaMember(MOVING_NAME, "moving", MOVING_MEDIA_TYPE, told.to_bytes(), f"clip.{clip.suffix}", recipe)]


def _overview(finding: Finding, offence_at_s: float) -> Sighting:
    """The second moment that is shown.

    Where the plate is seen best while the offence lasts, else about a second before it.
    """
    sightings, look = finding.track.sightings, finding.plate.best
    if finding.candidate.lasting and look is not None and abs(look.at_s - offence_at_s) >= MIN_BETWEEN_STILLS_S:
        best = [s for s in sightings if s.frame == look.frame]
        if best:
            return best[0]
    return next((s for s in reversed(sightings) if s.at_s <= offence_at_s - OVERVIEW_BEFORE_S), sightings[0])


def _plate_evidence(finding: Finding) -> PlateEvidence:
    vote = finding.plate
    return PlateEvidence(
        text=vote.text,
        confidence=vote.confidence,
        abstained=vote.text is None,
        reason=vote.reason,
        candidates=tuple(PlateCandidate(text=text, confidence=share) for text, share in vote.candidates),
        looks=vote.looks,
        country=finding.scene.plate_countries[0],
    )


def _plate_member(finding: Finding, overview_frame: int, clip_name: str | None) -> list[MediaMember]:
    look = finding.plate.best
    if look is None:
        return []
    x1, y1, x2, y2 = (round(value) for value in look.box)
    if look.frame == finding.candidate.frame:
        parent, recipe = OFFENCE, f"crop {x1},{y1},{x2},{y2}"
    elif look.frame == overview_frame:
        parent, recipe = OVERVIEW, f"crop {x1},{y1},{x2},{y2}"
    elif clip_name:
        before_s = look.at_s - finding.candidate.at_s
        parent, recipe = (
            clip_name,
            f"frame {look.frame} of the source ({before_s:+.3f} s from the offence), crop {x1},{y1},{x2},{y2}",
        )
    else:
        return []
    return [MediaMember(PLATE, "plate", "image/jpeg", stills.jpeg(look.crop, 95), parent, recipe)]


def _drawn_recipe(candidate: Candidate, way: Sequence[Point]) -> str:
    box = ",".join(f"{value:.0f}" for value in candidate.box)
    return f"lane {candidate.lane} of the scene, box {box}, way of {len(way)} ground points, caption"


def beside(offender: Box, others: Sequence[Box]) -> tuple[Box, ...]:
    """The parts of other boxes that do not lie over the offender's: what must be blurred without hiding the offender.

    Args:
        offender: Pixels.
        others: Pixels.

    Returns:
        Rectangles that cover each other box outside of the offender's.
    """
    parts: list[Box] = []
    ox1, oy1, ox2, oy2 = offender
    for x1, y1, x2, y2 in others:
        if x2 <= ox1 or x1 >= ox2 or y2 <= oy1 or y1 >= oy2:
            parts.append((x1, y1, x2, y2))
            continue
        top, bottom = max(y1, oy1), min(y2, oy2)
        pieces = (
            (x1, y1, x2, top),
            (x1, bottom, x2, y2),
            (x1, top, min(x2, ox1), bottom),
            (max(x1, ox2), top, x2, bottom),
        )
        parts += [piece for piece in pieces if piece[2] - piece[0] > 1 and piece[3] - piece[1] > 1]
    return tuple((round(x1, 1), round(y1, 1), round(x2, 1), round(y2, 1)) for x1, y1, x2, y2 in parts)
