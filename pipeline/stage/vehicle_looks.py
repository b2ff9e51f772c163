"""Named scenes before a longer lens: plates, helmets, and how many ride."""

from __future__ import annotations

from pipeline.stage.casting import Content, Look, Lot, Random, car, motorcycle, steady, two_ways

PLATE_CAMERA = {
    "height_m": 5.5,
    "pitch_degrees": 17.0,
    "focal_px": 3000.0,
    "width_px": 960,
    "height_px": 540,
}
"""The plate is about eighty pixels wide in the middle of the picture, eighteen metres away."""
EXPIRY_CAMERA = {"height_m": 5.0, "pitch_degrees": 17.5, "focal_px": 5600.0, "width_px": 1280, "height_px": 720}
RIDER_CAMERA = {"height_m": 5.0, "pitch_degrees": 15.0, "focal_px": 1700.0, "width_px": 960, "height_px": 540}
OFFICE_DAY = "2026-03-02T08:00:00+07:00"
HOLIDAYS = {"holidays": ["2026-03-19"], "complete_to": "2026-12-31"}


def _lane(**parts: object) -> Content:
    """One lane of half the road: as much as a long lens sees."""
    return {"lanes": [{"id": "one", "centre_m": 0.0, "width_m": 3.4, "direction": "away"}], **parts}


def _passes(random: Random, name: str, kmh: float, start_m: float, **parts: object) -> Content:
    return car(
        random, name, body=str(random.choice(["mpv", "hatch", "sedan"])), drive=steady("one", start_m, kmh), **parts
    )


def _plate_scene(actors: list[Content], duration_s: float = 4.5, **parts: object) -> Content:
    return {"duration_s": duration_s, "road": _lane(), "camera": PLATE_CAMERA, "actors": actors, **parts}


# --- odd and even ---


def _digits(random: Random, *, even: bool) -> str:
    last = int(random.choice([2, 4, 6, 8] if even else [1, 3, 5, 7]))
    letters = "".join(random.choice(list("ABCDEFGHJKL"), size=2))
    return f"{random.choice(['H', 'K', 'AD'])} {random.integers(110, 989)}{last} {letters}"


def _odd_even(random: Random, text: str, *, style: str = "white") -> Content:
    hours = [{"from": "06:00", "to": "10:00", "holidays": "off"}]
    area = {"id": "zone", "use": "odd_even", "west_m": -1.7, "east_m": 1.7, "from_m": 6, "to_m": 60, "hours": hours}
    road = _lane(zones=[area | {"exempt": {"plate_colours": ["yellow"], "classes": ["motorcycle"]}}])
    actor = _passes(random, "passes", 9, 15.5, plate=text, plate_style=style)
    return _plate_scene([actor], recorded_at=OFFICE_DAY, calendar=HOLIDAYS) | {"road": road}


def _odd_on_even(lot: Lot) -> Content:
    return _odd_even(lot.random, _digits(lot.random, even=False))


def _even_on_even(lot: Lot) -> Content:
    return _odd_even(lot.random, _digits(lot.random, even=True))


def _odd_on_holiday(lot: Lot) -> Content:
    content = _odd_even(lot.random, _digits(lot.random, even=True))
    return content | {"recorded_at": "2026-03-19T08:00:00+07:00"}


def _odd_off_hours(lot: Lot) -> Content:
    content = _odd_even(lot.random, _digits(lot.random, even=False))
    return content | {"recorded_at": "2026-03-02T11:30:00+07:00"}


def _odd_public(lot: Lot) -> Content:
    return _odd_even(lot.random, _digits(lot.random, even=False), style="yellow")


# --- plates ---


def _no_plate(lot: Lot) -> Content:
    actor = _passes(lot.random, "offender", 10, 15.0, plate=None)
    return _plate_scene([actor], checks=["no_plate"])


def _motorcycle_no_plate(lot: Lot) -> Content:
    actor = motorcycle(lot.random, "offender", plate=None, drive=steady("one", 15.5, 9))
    return _plate_scene([actor], checks=["no_plate"])


def _with_plate(lot: Lot) -> Content:
    return _plate_scene([_passes(lot.random, "has", 10, 15.0)], checks=["no_plate"])


def _far_plate(lot: Lot) -> Content:
    # It has one, too small to be seen.
    content = _plate_scene([_passes(lot.random, "far", 20, 30.0)], checks=["no_plate"])
    camera = {"height_m": 6.0, "pitch_degrees": 13.0, "focal_px": 600.0, "width_px": 640, "height_px": 360}
    return content | {"camera": camera}


def _hidden_plate(lot: Lot) -> Content:
    # Another drives close behind, so that the plate is never seen.
    ahead = _passes(lot.random, "ahead", 9, 19.5)
    behind = _passes(lot.random, "behind", 9, 14.6)
    camera = PLATE_CAMERA | {"height_m": 3.2, "pitch_degrees": 9.0, "focal_px": 2000.0}
    return _plate_scene([ahead, behind], checks=["no_plate"]) | {"camera": camera}


def _expired(lot: Lot) -> Content:
    expiry = str(lot.random.choice(["11.25", "03.24", "01.26", "08.25"]))
    actor = _passes(lot.random, "offender", 4, 13.6, expiry=expiry)
    return _plate_scene([actor], checks=["plate_expired"]) | {"camera": EXPIRY_CAMERA}


def _in_date(lot: Lot) -> Content:
    expiry = str(lot.random.choice(["11.28", "03.30", "01.27", "08.29"]))
    actor = _passes(lot.random, "in-date", 4, 13.6, expiry=expiry)
    return _plate_scene([actor], checks=["plate_expired"]) | {"camera": EXPIRY_CAMERA}


def _last_month(lot: Lot) -> Content:
    # Good to the end of this very month.
    actor = _passes(lot.random, "this-month", 4, 13.6, expiry="03.26")
    return _plate_scene([actor], checks=["plate_expired"]) | {"camera": EXPIRY_CAMERA}


def _illegible(lot: Lot) -> Content:
    actor = _passes(lot.random, "illegible", 9, 15.5, expiry="11.25")
    camera = PLATE_CAMERA | {"focal_px": 1500.0}
    return _plate_scene([actor], checks=["plate_expired"]) | {"camera": camera}


# --- riders ---


def _ride(random: Random, riders: list[Content], *, toward: bool | None = None, **parts: object) -> Content:
    toward = bool(random.random() < 0.5) if toward is None else toward
    colours = ("navy", "orange", "white", "green", "maroon", "beige")
    dressed = [{"colour": str(random.choice(colours)), **rider} for rider in riders]
    kmh = float(random.uniform(11, 15))
    drive = steady("one", 27.0 if toward else 11.5, kmh, against=toward)
    road = two_ways()
    for lane in road["lanes"]:
        lane["direction"] = "both"
    actor = motorcycle(random, "rider", riders=dressed, drive=drive, **parts)
    return {"duration_s": 4.5, "road": road, "camera": RIDER_CAMERA, "actors": [actor]}


def _bare(lot: Lot) -> Content:
    return _ride(lot.random, [{"helmet": False}])


def _bare_hijab(lot: Lot) -> Content:
    return _ride(
        lot.random,
        [{"helmet": False, "headwear": "hijab", "cloth": str(lot.random.choice(["beige", "green", "maroon"]))}],
    )


def _bare_cap(lot: Lot) -> Content:
    return _ride(lot.random, [{"helmet": False, "headwear": "cap", "cloth": str(lot.random.choice(["navy", "red"]))}])


def _bare_passenger(lot: Lot) -> Content:
    return _ride(lot.random, [{"helmet": True}, {"helmet": False}])


def _helmet(lot: Lot) -> Content:
    return _ride(lot.random, [{"helmet": True}])


def _helmet_over_hijab(lot: Lot) -> Content:
    cloth = str(lot.random.choice(["beige", "green", "maroon"]))
    return _ride(lot.random, [{"helmet": True, "headwear": "hijab", "cloth": cloth}])


def _two_helmets(lot: Lot) -> Content:
    return _ride(lot.random, [{"helmet": True}, {"helmet": True, "headwear": "hijab"}])


def _bare_walker(lot: Lot) -> Content:
    content = _ride(lot.random, [{"helmet": True}], toward=False)
    content["actors"].append({"id": "walker", "class": "person", "points": [[0, -1.2, 14.5], [4.5, -1.2, 19.5]]})
    return content


def _bare_cyclist(lot: Lot) -> Content:
    content = _ride(lot.random, [{"helmet": True}])
    cyclist = {"id": "cyclist", "class": "bicycle", "riders": [{"helmet": False}], "drive": steady("one", 12, 11)}
    return content | {"actors": [cyclist]}


def _empty_child_seat(lot: Lot) -> Content:
    return _ride(lot.random, [{"helmet": True}], child_seat=True)


def _three(lot: Lot) -> Content:
    return _ride(lot.random, [{"helmet": True}, {"helmet": True}, {"helmet": True}])


def _three_with_child(lot: Lot) -> Content:
    return _ride(lot.random, [{"helmet": True}, {"helmet": True, "child": True}, {"helmet": True}])


def _two(lot: Lot) -> Content:
    return _ride(lot.random, [{"helmet": True}, {"helmet": True}])


def _pair_abreast(lot: Lot) -> Content:
    # Two motorcycles close beside each other, two on each: four heads, and nobody too many.
    content = _ride(lot.random, [{"helmet": True}, {"helmet": True}], toward=False)
    beside = motorcycle(lot.random, "beside", riders=[{"helmet": True, "colour": "white"}, {"helmet": True}])
    drive = dict(content["actors"][0]["drive"])
    content["actors"][0]["drive"] = drive | {"offset_m": -0.5}
    content["actors"].append(beside | {"drive": drive | {"offset_m": 0.6}})
    return content


def _walkers_behind(lot: Lot) -> Content:
    content = _ride(lot.random, [{"helmet": True}, {"helmet": True}], toward=False)
    for number, east in enumerate((-0.6, 0.5)):
        points = [[0, east, 20.0 + number], [4.5, east, 21.0 + number]]
        content["actors"].append({"id": f"walker-{number}", "class": "person", "points": points})
    return content


ODD_EVEN: dict[str, Look] = {
    "odd_on_even": _odd_on_even,
    "even_on_even": _even_on_even,
    "holiday": _odd_on_holiday,
    "off_hours": _odd_off_hours,
    "public": _odd_public,
}
NO_PLATE: dict[str, Look] = {
    "no_plate": _no_plate,
    "motorcycle_no_plate": _motorcycle_no_plate,
    "with_plate": _with_plate,
    "far": _far_plate,
    "hidden": _hidden_plate,
}
PLATE_EXPIRED: dict[str, Look] = {
    "expired": _expired,
    "in_date": _in_date,
    "last_month": _last_month,
    "illegible": _illegible,
}
NO_HELMET: dict[str, Look] = {
    "bare": _bare,
    "bare_hijab": _bare_hijab,
    "bare_cap": _bare_cap,
    "bare_passenger": _bare_passenger,
    "helmet": _helmet,
    "helmet_over_hijab": _helmet_over_hijab,
    "two_helmets": _two_helmets,
    "bare_walker": _bare_walker,
    "bare_cyclist": _bare_cyclist,
    "empty_child_seat": _empty_child_seat,
}
PILLION: dict[str, Look] = {
    "three": _three,
    "three_with_child": _three_with_child,
    "two": _two,
    "pair_abreast": _pair_abreast,
    "empty_child_seat": _empty_child_seat,
    "walkers_behind": _walkers_behind,
}
