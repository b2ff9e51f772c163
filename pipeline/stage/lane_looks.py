"""Named scenes on the road: wrong ways, closed and reserved lanes, stopping, crossing, turning back, speed."""

from __future__ import annotations

from pipeline.stage.casting import Content, Look, Lot, Random, bus_road, car, company, motorcycle, steady, two_ways, way

ALONE = {"classes": ["bus"]}
CERTIFICATE = {
    "issuer": "BSML Regional II",
    "number": "510.3/0217",
    "valid_from": "2025-06-01",
    "valid_to": "2027-05-31",
    "error_kmh": 1.0,
}
LIMIT_KMH = 50.0


def _on(road: Content, actors: list[Content], duration_s: float = 6.0, **parts: object) -> Content:
    return {"duration_s": duration_s, "road": road, "actors": actors, **parts}


def _zone(use: str, west_m: float, east_m: float, from_m: float, to_m: float, **parts: object) -> Content:
    return {"id": "zone", "use": use, "west_m": west_m, "east_m": east_m, "from_m": from_m, "to_m": to_m, **parts}


# --- wrong way ---


def _against(lot: Lot) -> Content:
    kmh, lane = float(lot.random.uniform(18, 34)), str(lot.random.choice(["one", "two"]))
    actor = car(lot.random, "offender", drive=steady(lane, 15 + kmh / 3.6 * 4.0, kmh, against=True))
    return _on(two_ways(), [*company(lot.random, lot.difficulty), actor])


def _motorcycle_against(lot: Lot) -> Content:
    kmh = float(lot.random.uniform(16, 28))
    actor = motorcycle(
        lot.random, "offender", drive=steady("two", 14 + kmh / 3.6 * 4.0, kmh, against=True, offset_m=-0.6)
    )
    return _on(two_ways(), [*company(lot.random, lot.difficulty), actor])


def _backs_up(lot: Lot) -> Content:
    # Two metres back to park: no journey.
    profile = [[0, 0], [1.5, 0], [2.2, 4], [3.4, 4], [4.0, 0]]
    drive = {"lane": "two", "start_m": 19.0, "against": True, "reverse": True, "profile_kmh": profile, "offset_m": -0.3}
    return _on(two_ways(), [*company(lot.random, lot.difficulty), car(lot.random, "parks", drive=drive)])


def _near_line(lot: Lot) -> Content:
    actor = car(
        lot.random, "near-line", drive=steady("oncoming", 46, float(lot.random.uniform(20, 34)), offset_m=-0.55)
    )
    return _on(two_ways(), [actor])


def _crosses(lot: Lot) -> Content:
    points = [[0, 10, 27], [1.5, 6, 26.4], [4, -3.4, 25.2], [6, -8, 24.4]]
    return _on(two_ways(), [car(lot.random, "crosses", points=points)])


def _right_way(lot: Lot) -> Content:
    drive = steady(str(lot.random.choice(["one", "two"])), 6, float(lot.random.uniform(18, 32)))
    return _on(two_ways(), [*company(lot.random, lot.difficulty), car(lot.random, "right-way", drive=drive)])


def _hidden_meeting(lot: Lot) -> Content:
    # Two that drive their right ways are hidden behind a lorry together: whose number is whose?
    lorry = car(lot.random, "lorry", drive=steady("one", 15, 12, offset_m=0.3)) | {"class": "truck", "body": "box"}
    away = car(lot.random, "away", colour="white", drive=steady("two", 22, 22))
    oncoming = car(lot.random, "oncoming-car", colour="white", drive=steady("oncoming", 58, 30, offset_m=-0.4))
    return _on(two_ways(), [lorry, away, oncoming], 6.5)


# --- bus lane ---


def _in_bus_lane(lot: Lot) -> Content:
    actor = car(lot.random, "offender", drive=steady("bus", 8, float(lot.random.uniform(18, 28))))
    return _on(bus_road(), [*company(lot.random, lot.difficulty), actor])


def _motorcycle_in_bus_lane(lot: Lot) -> Content:
    actor = motorcycle(lot.random, "offender", drive=steady("bus", 9, float(lot.random.uniform(16, 24))))
    return _on(bus_road(), [*company(lot.random, lot.difficulty), actor])


def _bus(lot: Lot) -> Content:
    body = str(lot.random.choice(["city", "coach"]))
    drive = steady("bus", 4, float(lot.random.uniform(18, 28)))
    actor = car(lot.random, "bus", drive=drive) | {"class": "bus", "body": body, "plate_style": "yellow"}
    return _on(bus_road(), [*company(lot.random, lot.difficulty), actor])


def _beside_bus_lane(lot: Lot) -> Content:
    actor = car(lot.random, "beside", drive=steady("open", 8, float(lot.random.uniform(18, 28)), offset_m=-0.45))
    return _on(bus_road(), [*company(lot.random, lot.difficulty), actor])


def _off_hours(lot: Lot) -> Content:
    actor = car(lot.random, "late", drive=steady("bus", 8, float(lot.random.uniform(18, 28))))
    return _on(bus_road(), [*company(lot.random, lot.difficulty), actor], recorded_at="2026-03-02T22:30:00+07:00")


def _bicycle(lot: Lot) -> Content:
    actor = {"id": "bicycle", "class": "bicycle", "riders": [{"helmet": False}], "drive": steady("bus", 9, 14)}
    return _on(bus_road(), [*company(lot.random, lot.difficulty), actor])


def _crosses_bus_lane(lot: Lot) -> Content:
    # Into a gate on the left: over the lane in a moment.
    corners = [[0.0, 6.0], [0.0, 24.0], [-14.0, 26.0]]
    return _on(bus_road(), [*company(lot.random, lot.difficulty), car(lot.random, "gate", way=way(corners, 22, 5.0))])


# --- closed lane ---


def _closed_road(**parts: object) -> Content:
    road = two_ways()
    road["lanes"] = [lane for lane in road["lanes"] if lane["id"] != "two"]
    road["lanes"].insert(0, {"id": "shoulder", "centre_m": -3.4, "width_m": 3.3, "direction": "away"})
    road["zones"] = [_zone("lane_closed", -5.0, -1.8, 6, 70, **parts)]
    return road


def _on_shoulder(lot: Lot) -> Content:
    actor = car(lot.random, "offender", drive=steady("shoulder", 8, float(lot.random.uniform(18, 30))))
    return _on(_closed_road(), [*company(lot.random, lot.difficulty), actor])


def _beside_shoulder(lot: Lot) -> Content:
    actor = car(lot.random, "beside", drive=steady("one", 8, float(lot.random.uniform(18, 30)), offset_m=-0.5))
    return _on(_closed_road(), [*company(lot.random, lot.difficulty), actor])


def _broken_down(lot: Lot) -> Content:
    actor = car(lot.random, "broken", drive=steady("shoulder", 19, 0), parked=True)
    return _on(_closed_road(), [*company(lot.random, lot.difficulty), actor])


def _exempt_lorry(lot: Lot) -> Content:
    road = _closed_road(exempt={"classes": ["truck"]})
    actor = car(lot.random, "works", drive=steady("shoulder", 9, 20)) | {"class": "truck", "body": "tipper"}
    return _on(road, [*company(lot.random, lot.difficulty), actor])


def _open_at_that_hour(lot: Lot) -> Content:
    road = _closed_road(hours=[{"from": "20:00", "to": "05:00"}])
    actor = car(lot.random, "by-day", drive=steady("shoulder", 8, 24))
    return _on(road, [*company(lot.random, lot.difficulty), actor], recorded_at="2026-03-02T10:00:00+07:00")


# --- no stopping ---


def _kerb(**parts: object) -> Content:
    road = two_ways()
    road["zones"] = [_zone("no_stopping", -5.0, -1.8, 11, 32, **parts)]
    return road


def _stops(random: Random, name: str, stands_s: float, since_s: float = 1.2) -> Content:
    way_m = 20 / 3.6 * since_s / 2
    profile: list[list[float]] = [[0, 20], [since_s, 0]]
    if since_s + stands_s < 9:
        profile += [[since_s + stands_s, 0], [since_s + stands_s + 1.0, 20]]
    start = float(random.uniform(16, 20)) - way_m
    return car(random, name, drive={"lane": "two", "start_m": round(start, 2), "profile_kmh": profile})


def _stands(lot: Lot) -> Content:
    actors = [*company(lot.random, lot.difficulty), _stops(lot.random, "offender", 99)]
    return _on(_kerb(), actors, 9.0, grace={"stopping_s": 4})


def _stands_short(lot: Lot) -> Content:
    actors = [*company(lot.random, lot.difficulty), _stops(lot.random, "short", 2.4)]
    return _on(_kerb(), actors, 7.0, grace={"stopping_s": 4})


def _stands_off_hours(lot: Lot) -> Content:
    road = _kerb(hours=[{"from": "06:00", "to": "08:00"}])
    actors = [*company(lot.random, lot.difficulty), _stops(lot.random, "off-hours", 99)]
    return _on(road, actors, 8.0, grace={"stopping_s": 4}, recorded_at="2026-03-02T10:00:00+07:00")


def _bus_stop(lot: Lot) -> Content:
    actor = _stops(lot.random, "bus", 99) | {"class": "bus", "body": "city"}
    actor["drive"]["start_m"] += 3
    road = _kerb(exempt={"classes": ["bus"]})
    return _on(road, [*company(lot.random, lot.difficulty), actor], 8.0, grace={"stopping_s": 4})


def _stands_beside(lot: Lot) -> Content:
    # Beside the area, at the edge of the next lane.
    actor = car(lot.random, "beside", drive=steady("one", 19, 0, offset_m=0.2))
    return _on(_kerb(), [actor], 8.0, grace={"stopping_s": 4})


def _queue(lot: Lot) -> Content:
    road = _kerb()
    road |= {"stop_line_m": 26.0, "cross_road": {"from_m": 30, "to_m": 40}}
    road["lanes"][0]["signal"] = road["lanes"][1]["signal"] = "head"
    signals = [{"id": "head", "east_m": -6.0, "north_m": 29.5, "height_m": 4.2, "programme": [[0, "red"]]}]
    queue = [
        car(lot.random, "first", body="hatch", drive=steady("two", 22.0, 0)),
        car(lot.random, "second", body="mpv", drive=steady("two", 15.5, 0)),
    ]
    return _on(road, queue, 8.0, grace={"stopping_s": 4}, signals=signals)


# --- solid line ---


def _marked(**parts: object) -> Content:
    road = two_ways()
    road["marks"] = [{"id": "solid", "east_m": -1.7, "from_m": 4, "to_m": 60, **parts}]
    return road


def _changes(random: Random, name: str, start: float, *, to_left: bool, at_m: float = 18.0) -> Content:
    one, other = (0.0, -3.4) if to_left else (-3.4, 0.0)
    corners = [[one, start], [one, at_m], [other, at_m + 8.5], [other, 90.0]]
    return car(random, name, way=way(corners, float(random.uniform(20, 28)), 18.0))


def _over_solid(lot: Lot) -> Content:
    actor = _changes(lot.random, "offender", 6, to_left=bool(lot.random.random() < 0.5))
    return _on(_marked(), [*company(lot.random, lot.difficulty), actor])


def _motorcycle_over_solid(lot: Lot) -> Content:
    moved = _changes(lot.random, "offender", 8, to_left=True)
    return _on(_marked(), [*company(lot.random, lot.difficulty), motorcycle(lot.random, "offender", way=moved["way"])])


def _beside_solid(lot: Lot) -> Content:
    actor = car(lot.random, "beside", body="hatch", drive=steady("one", 7, 24, offset_m=-0.6))
    return _on(_marked(), [*company(lot.random, lot.difficulty), actor])


def _over_dashes(lot: Lot) -> Content:
    actor = _changes(lot.random, "after", 6, to_left=True, at_m=20.0)
    return _on(_marked(to_m=17.0), [*company(lot.random, lot.difficulty), actor])


def _allowed_side(lot: Lot) -> Content:
    actor = _changes(lot.random, "allowed", 6, to_left=True)
    return _on(_marked(forbidden="to_right"), [*company(lot.random, lot.difficulty), actor])


def _shadow_over(lot: Lot) -> Content:
    lorry = car(lot.random, "lorry", drive=steady("one", 10, 22, offset_m=0.2)) | {"class": "truck", "body": "box"}
    light = {"sun_azimuth_degrees": 85, "sun_height_degrees": 14, "clouds": 0.05}
    return _on(_marked(), [lorry], light=light)


def _shaken_beside(lot: Lot) -> Content:
    content = _beside_solid(lot)
    content["camera"] = {"shake_px": 5.0}
    content["actors"][-1]["drive"]["offset_m"] = -0.3
    return content


# --- turning back ---


def _u_road(**parts: object) -> Content:
    road = two_ways()
    road["zones"] = [_zone("no_u_turn", -5.2, 5.2, 16, 40, **parts)]
    road["cross_road"] = {"from_m": 23, "to_m": 33}
    return road


def _back(north_m: float) -> list[list[float]]:
    return [[0.0, 5.0], [0.0, north_m], [3.9, north_m], [3.9, -60.0]]


def _turns_back(lot: Lot) -> Content:
    actor = car(
        lot.random,
        "offender",
        way=way(_back(float(lot.random.uniform(25, 28))), float(lot.random.uniform(16, 20)), 1.95),
    )
    return _on(_u_road(), [actor], 8.0)


def _motorcycle_turns_back(lot: Lot) -> Content:
    actor = motorcycle(lot.random, "offender", way=way(_back(float(lot.random.uniform(23, 26))), 17, 1.95))
    return _on(_u_road(), [actor], 7.5)


def _turns_off(lot: Lot) -> Content:
    corners = [[0.0, 5.0], [0.0, 30.0], [40.0, 30.0]]
    return _on(_u_road(), [car(lot.random, "turns-off", way=way(corners, 20, 6.0))], 7.0)


def _turns_back_allowed(lot: Lot) -> Content:
    road = _u_road(hours=[{"from": "20:00", "to": "22:00"}])
    actor = car(lot.random, "allowed", way=way(_back(26.0), 18, 1.95))
    return _on(road, [actor], 8.0, recorded_at="2026-03-02T10:00:00+07:00")


def _only_waits(lot: Lot) -> Content:
    profile = [[0, 20], [1.6, 0], [3.4, 0], [5, 20]]
    actor = car(lot.random, "waits", drive={"lane": "one", "start_m": 15.0, "profile_kmh": profile})
    return _on(_u_road(), [*company(lot.random, lot.difficulty), actor], 7.0)


# --- speed ---


def _measured() -> Content:
    road = two_ways()
    for lane in road["lanes"]:
        lane["speed_limit_kmh"] = LIMIT_KMH
    return road


def _speed(random: Random, kmh: float, *others: Content, **parts: object) -> Content:
    # It enters the picture after a second, whatever its speed.
    start = 9.0 - kmh / 3.6 * 0.6
    actor = car(random, "measured", drive=steady("one", start, kmh))
    settings = {"certificate": CERTIFICATE, "survey_sigma_px": 0.7, "survey_sigma_m": 0.02}
    return _on(_measured(), [actor, *others], 4.5, **settings, **parts)


def _fast(lot: Lot) -> Content:
    return _speed(lot.random, float(lot.random.uniform(62, 95)))


def _fast_oncoming(lot: Lot) -> Content:
    kmh = float(lot.random.uniform(62, 90))
    content = _speed(lot.random, kmh)
    content["actors"][0]["drive"] = steady("oncoming", 12 + kmh / 3.6 * 2.6, kmh)
    return content


def _within(lot: Lot) -> Content:
    return _speed(lot.random, float(lot.random.uniform(40, 49.5)))


def _within_margin(lot: Lot) -> Content:
    # Over the limit, but by less than is taken off.
    return _speed(lot.random, 51.5)


def _beside_fast(lot: Lot) -> Content:
    slow = car(lot.random, "slow", drive=steady("two", 14, 42))
    return _speed(lot.random, 78.0, slow)


def _stepped_clock(lot: Lot) -> Content:
    # The clock is set back by a twentieth of a second: the same way in less time.
    steps = [[0.9, -0.05], [1.5, -0.05]]
    return _speed(lot.random, 47.0, camera={"clock_steps": steps})


def _shaken_speed(lot: Lot) -> Content:
    return _speed(lot.random, 46.0, camera={"shake_px": 4.0})


def _uncertified(lot: Lot) -> Content:
    content = _speed(lot.random, 80.0)
    content["certificate"] = CERTIFICATE | {"valid_to": "2025-12-31"}
    return content


WRONG_WAY: dict[str, Look] = {
    "against": _against,
    "motorcycle_against": _motorcycle_against,
    "backs_up": _backs_up,
    "near_line": _near_line,
    "crosses": _crosses,
    "right_way": _right_way,
    "hidden_meeting": _hidden_meeting,
}
BUS_LANE: dict[str, Look] = {
    "in_bus_lane": _in_bus_lane,
    "motorcycle_in_bus_lane": _motorcycle_in_bus_lane,
    "bus": _bus,
    "beside": _beside_bus_lane,
    "off_hours": _off_hours,
    "bicycle": _bicycle,
    "crosses": _crosses_bus_lane,
}
LANE_CLOSED: dict[str, Look] = {
    "on_shoulder": _on_shoulder,
    "beside": _beside_shoulder,
    "broken_down": _broken_down,
    "exempt": _exempt_lorry,
    "open_at_that_hour": _open_at_that_hour,
}
NO_STOPPING: dict[str, Look] = {
    "stands": _stands,
    "short": _stands_short,
    "off_hours": _stands_off_hours,
    "bus_stop": _bus_stop,
    "beside": _stands_beside,
    "queue": _queue,
}
LINE_CROSSED: dict[str, Look] = {
    "over_solid": _over_solid,
    "motorcycle_over_solid": _motorcycle_over_solid,
    "beside": _beside_solid,
    "over_dashes": _over_dashes,
    "allowed_side": _allowed_side,
    "shadow": _shadow_over,
    "shaken": _shaken_beside,
}
U_TURN: dict[str, Look] = {
    "turns_back": _turns_back,
    "motorcycle_turns_back": _motorcycle_turns_back,
    "turns_off": _turns_off,
    "allowed": _turns_back_allowed,
    "only_waits": _only_waits,
}
SPEED: dict[str, Look] = {
    "fast": _fast,
    "fast_oncoming": _fast_oncoming,
    "within": _within,
    "within_margin": _within_margin,
    "beside_fast": _beside_fast,
    "stepped_clock": _stepped_clock,
    "shaken": _shaken_speed,
    "uncertified": _uncertified,
}
