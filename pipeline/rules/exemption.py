"""Who is free of a rule: by class, by the colour of the plate."""

from __future__ import annotations

from pipeline.perception.track import Track
from pipeline.rules.doubts import GRAVE
from pipeline.rules.moment import Moment
from pipeline.scene.road import Exempt

MAX_SHARE_EXEMPT = 0.2
"""With more votes than this for an exempt class, the vehicle may be exempt: abstain."""
SURE_COLOUR = 0.6


def is_exempt(exempt: Exempt, track: Track, moment: Moment) -> bool:
    """Whether the vehicle is, or may well be, free of a rule."""
    if exempt.classes and track.share(*exempt.classes) > MAX_SHARE_EXEMPT:
        return True
    colour, _ = plate_colour(track, moment)
    return colour is not None and colour in exempt.plate_colours


def exempt_doubts(exempt: Exempt, track: Track, moment: Moment) -> list[str]:
    """Whether the colour of its plate, not known for certain, might free it."""
    if not exempt.plate_colours:
        return []
    colour, confidence = plate_colour(track, moment)
    if colour is not None and confidence >= SURE_COLOUR:
        return []
    if not moment.closing:
        # The plate is read when the vehicle has passed; until then nothing is said of its colour.
        return []
    free = ", ".join(exempt.plate_colours)
    return [f"{GRAVE}the colour of its plate is not known, and some are exempt ({free})"]


def plate_colour(track: Track, moment: Moment) -> tuple[str | None, float]:
    """Colour of a track's plate and how sure it is (0..1)."""
    vote = moment.plates.get(track.id)
    if vote is None or vote.colour is None:
        return None, 0.0
    return vote.colour, vote.colour_confidence or 0.0
