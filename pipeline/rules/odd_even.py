"""Driving on a day that is for plates of the other parity."""

from __future__ import annotations

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import common_doubts, sign_doubts
from pipeline.rules.exemption import exempt_doubts, is_exempt
from pipeline.rules.moment import Moment
from pipeline.rules.motion import SHOWN_WITHIN_S, travel_sizes
from pipeline.scene import Zone
from pipeline.scene.geometry import within

MOTORISED = ("car", "motorcycle", "bus", "truck")
MIN_SIGHTINGS = 4
MIN_STAY_S = 0.5
MIN_TRAVEL_SIZES = 0.3


def odd_even(moment: Moment) -> list[Candidate]:
    """A vehicle drives in an odd-even area on a day of the other parity: UU 22/2009 Art. 287(1), against a sign.

    Judged when the vehicle has passed and its plate was read. All of these must hold:

    1. The zone (`use: odd_even`) binds at that local time; its hours say whether holidays are free.
    2. The last digit of its plate's number and the day of the month are not both odd or both even (0 is even).
    3. The plate was read, not guessed: where the reader abstains, so does this rule.
    4. Neither its class nor the colour of its plate is exempt; where colours are and its colour is not known, the
       doubt is grave.
    5. Its wheels were in the zone in `MIN_SIGHTINGS` pictures and for `MIN_STAY_S`, and it was driving.
    """
    if not moment.closing:
        return []
    found: list[Candidate] = []
    for zone in moment.scene.zones:
        if zone.use == "odd_even":
            found += [c for track in moment.tracks if (c := _judge(moment, zone, track))]
    return found


def last_digit(plate: str) -> int | None:
    """The digit by which a plate is odd or even: the last of its number, before the letters at the end."""
    digits = [character for character in plate if character.isdigit()]
    return int(digits[-1]) if digits else None


def _judge(moment: Moment, zone: Zone, track: Track) -> Candidate | None:
    vote = moment.plates.get(track.id)
    digit = last_digit(vote.text) if vote is not None and vote.text else None
    here = [s for s in track.sightings if within(zone.polygon)(s.ground) and moment.within(zone.hours, s.at_s)]
    if vote is None or digit is None or track.vehicle_class not in MOTORISED or len(here) < MIN_SIGHTINGS:
        return None
    recent = [s for s in here if s.at_s >= track.last.at_s - SHOWN_WITHIN_S]
    if not recent:
        return None
    shown = recent[len(recent) // 2]
    local = moment.local(shown.at_s)
    if (digit - local.day) % 2 == 0 or is_exempt(zone.exempt, track, moment):
        return None
    if here[-1].at_s - here[0].at_s < MIN_STAY_S or travel_sizes(here, moment.scene) < MIN_TRAVEL_SIZES:
        return None
    parity = ("even", "odd")
    unlike = f"{digit} is {parity[digit % 2]}, {local.day} is {parity[local.day % 2]}"
    return Candidate(
        offence=OffenceCode.ODD_EVEN,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane=zone.id,
        frame=shown.frame,
        at_s=shown.at_s,
        box=shown.box,
        measured={
            "zone": zone.id,
            "last_digit": digit,
            "day": local.day,
            "local_date": local.strftime("%Y-%m-%d"),
            "local_time": local.strftime("%H:%M:%S"),
            "plate_colour": vote.colour,
            "sightings": len(here),
        },
        conditions=(
            met("The restriction held at that time", f"zone {zone.id}, {local:%A %Y-%m-%d %H:%M:%S} local time"),
            met(
                "The plate is of the other parity",
                unlike,
            ),
            met("The vehicle is not exempt", f"{track.vehicle_class}, plate {vote.colour or 'of unknown colour'}"),
            met("It was driving in the zone", f"in {len(here)} pictures"),
        ),
        doubts=(
            *common_doubts(track, here, moment),
            *sign_doubts(moment, shown.at_s, zone.hours),
            *exempt_doubts(zone.exempt, track, moment),
        ),
        lasting=True,
    )
