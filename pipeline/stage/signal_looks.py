"""Named scenes at a signal: runners of red lights, who stands beyond the line, and those who only look like it."""

from __future__ import annotations

from pipeline.stage.casting import (
    LENGTHS_M,
    STOP_LINE_M,
    Content,
    Look,
    Lot,
    Random,
    car,
    company,
    head,
    junction,
    motorcycle,
    plate,
    steady,
    stopping,
    way,
)

LEFT, MIDDLE, EAST = -2.6, 0.7, 4.0
"""Middles of the junction's lanes, in metres east."""
FRONT_M = 2.2


def _scene(red_s: float, actors: list[Content], **parts: object) -> Content:
    """A junction whose red begins after so many seconds; the yellow before it began before the clip."""
    programme = [[0, "yellow"], [round(red_s, 3), "red"]] if red_s > 0 else [[0, "red"]]
    return {
        "duration_s": round(max(red_s, 0) + 4.5, 2),
        "road": junction(),
        "signals": head(programme),
        "actors": actors,
        **parts,
    }


def _passing(random: Random, lane: str, passes_s: float, **parts: object) -> Content:
    """A car whose front passes the line after so many seconds."""
    kmh = float(random.uniform(24, 42))
    return car(random, "offender", drive=steady(lane, STOP_LINE_M - FRONT_M - kmh / 3.6 * passes_s, kmh), **parts)


def _lane(random: Random) -> str:
    return str(random.choice(["lane-1", "lane-2"]))


def _other(lane: str) -> str:
    return "lane-1" if lane == "lane-2" else "lane-2"


def _runs(lot: Lot) -> Content:
    red_s = float(lot.random.uniform(1.6, 2.6))
    return _scene(red_s, [*company(lot.random, lot.difficulty), _passing(lot.random, _lane(lot.random), red_s + 1.6)])


def _motorcycle_runs(lot: Lot) -> Content:
    red_s, kmh = float(lot.random.uniform(1.6, 2.4)), float(lot.random.uniform(22, 34))
    start = STOP_LINE_M - 1.0 - kmh / 3.6 * (red_s + 1.6)
    rider = motorcycle(lot.random, "offender", drive=steady(_lane(lot.random), start, kmh))
    return _scene(red_s, [*company(lot.random, lot.difficulty), rider])


def _runs_beside_parked(lot: Lot) -> Content:
    red_s = float(lot.random.uniform(1.6, 2.6))
    parked = car(lot.random, "parked", drive=steady("lane-1", STOP_LINE_M + 4.0, 0, offset_m=-2.9), parked=True)
    return _scene(red_s, [*company(lot.random, lot.difficulty), parked, _passing(lot.random, "lane-2", red_s + 1.6)])


def _runs_beside_waiting(lot: Lot) -> Content:
    red_s, lane = float(lot.random.uniform(1.8, 2.4)), _lane(lot.random)
    waits = stopping(lot.random, "waits", _other(lane), red_s, beyond_m=-0.8)
    return _scene(red_s, [*company(lot.random, lot.difficulty), waits, _passing(lot.random, lane, red_s + 1.6)])


def _runs_while_flickering(lot: Lot) -> Content:
    content = _runs(lot)
    content["signals"][0]["flicker"] = 0.3
    return content


def _late_yellow(lot: Lot) -> Content:
    red_s = float(lot.random.uniform(2.2, 2.8))
    return _scene(red_s, [*company(lot.random, lot.difficulty), _passing(lot.random, _lane(lot.random), red_s - 0.5)])


def _slow_rear(lot: Lot) -> Content:
    # The front passes on late yellow, the rear wheels when red is a second old.
    red_s, slow = 2.2, float(lot.random.uniform(8.0, 9.5))
    start = STOP_LINE_M - 1.6 - slow / 3.6 * (red_s - 0.35)
    actor = car(lot.random, "slow", body="pickup", drive=steady(_lane(lot.random), start, slow))
    return _scene(red_s, [*company(lot.random, lot.difficulty), actor])


def _long_lorry(lot: Lot) -> Content:
    red_s, kmh = 2.4, float(lot.random.uniform(13, 18))
    start = STOP_LINE_M - 2.3 - kmh / 3.6 * (red_s - 0.4)
    lorry = car(lot.random, "lorry", drive=steady("lane-2", start, kmh)) | {"class": "truck", "body": "box"}
    return _scene(red_s, [*company(lot.random, lot.difficulty), lorry])


def _on_green(lot: Lot) -> Content:
    actors = [*company(lot.random, lot.difficulty), _passing(lot.random, _lane(lot.random), 2.0)]
    return _scene(0, actors, signals=head([[0, "red"], [1.0, "green"]]))


def _stops_on_line(lot: Lot) -> Content:
    red_s = float(lot.random.uniform(1.2, 1.8))
    beyond_m = float(lot.random.uniform(0.15, 0.4))
    return _scene(
        red_s,
        [
            *company(lot.random, lot.difficulty),
            stopping(lot.random, "on-line", _lane(lot.random), red_s + 0.6, beyond_m=beyond_m),
        ],
    )


def _stops_before(lot: Lot) -> Content:
    red_s = float(lot.random.uniform(1.2, 1.8))
    beyond_m = -float(lot.random.uniform(0.25, 0.8))
    return _scene(
        red_s,
        [
            *company(lot.random, lot.difficulty),
            stopping(lot.random, "before", _lane(lot.random), red_s + 0.6, beyond_m=beyond_m),
        ],
    )


def _turns_left(lot: Lot) -> Content:
    content = _scene(0, company(lot.random, lot.difficulty), duration_s=6.0)
    content["road"]["lanes"][0] |= {"turn_on_red": "left", "arrow": "left"}
    corners = [[LEFT, 4.0], [LEFT, STOP_LINE_M + 10.5], [LEFT - 40, STOP_LINE_M + 10.5]]
    content["actors"].append(car(lot.random, "turns", way=way(corners, float(lot.random.uniform(16, 22)), 5.0)))
    return content


def _turns_right(lot: Lot) -> Content:
    content = _scene(0, [], duration_s=6.0)
    content["road"]["lanes"][1] |= {"turn_on_red": "right", "arrow": "right"}
    corners = [[MIDDLE, 4.0], [MIDDLE, STOP_LINE_M + 14.0], [MIDDLE + 40, STOP_LINE_M + 14.0]]
    content["actors"].append(car(lot.random, "turns", way=way(corners, float(lot.random.uniform(17, 22)), 6.0)))
    return content


def _straight_where_left_may(lot: Lot) -> Content:
    content = _scene(0, company(lot.random, lot.difficulty), duration_s=5.5)
    content["road"]["lanes"][0] |= {"turn_on_red": "left", "arrow": "left"}
    content["actors"].append(_passing(lot.random, "lane-1", 2.4))
    return content


def _ambulance(lot: Lot) -> Content:
    red_s, number = 1.8, plate(lot.random)
    kmh, lane = 20.0, _lane(lot.random)
    start = STOP_LINE_M - FRONT_M - kmh / 3.6 * (red_s + 1.6)
    actor = car(lot.random, "ambulance", role="ambulance", plate=number, drive=steady(lane, start, kmh))
    content = _scene(red_s, [*company(lot.random, lot.difficulty), actor], priority_plates=[number])
    # Long enough a lens that its plate can be read: who it is, is told by the register.
    content["camera"] = {"focal_px": 1500.0, "width_px": 960, "height_px": 540, "pitch_degrees": 15.0}
    content["signals"][0] |= {"east_m": -4.6, "north_m": STOP_LINE_M + 7, "height_m": 3.1}
    return content


def _officer(lot: Lot) -> Content:
    red_s = 1.8
    actors = [*company(lot.random, lot.difficulty), _passing(lot.random, _lane(lot.random), red_s + 1.6)]
    actors.append({"id": "officer", "class": "person", "role": "officer", "points": [[0, 2.4, 24.5], [9, 2.4, 24.6]]})
    return _scene(red_s, actors, directed=[[0, 30]])


def _shadow(lot: Lot) -> Content:
    # A low sun behind the camera: the shadow of who waits lies far beyond the line.
    red_s = 1.2
    actors = [
        *company(lot.random, lot.difficulty),
        stopping(lot.random, "waits", _lane(lot.random), red_s + 0.6, beyond_m=-0.7),
    ]
    return _scene(red_s, actors, light={"sun_azimuth_degrees": 195, "sun_height_degrees": 12, "clouds": 0.05})


def _hidden_by_truck(lot: Lot) -> Content:
    # One waits at red in its lane; a lorry in the next lane, which has green, passes between it and the camera.
    content = _scene(0, [], duration_s=6.5)
    content["road"]["lanes"][1]["signal"] = "head-2"
    content["signals"] = [*head([[0, "red"]]), *head([[0, "green"]], id="head-2", east_m=6.6)]
    waits = car(lot.random, "waits", body="hatch", drive=steady("lane-1", STOP_LINE_M - 2.6, 0, offset_m=0.6))
    lorry = car(lot.random, "lorry", drive=steady("lane-2", 0.0, 22, offset_m=-0.5)) | {"class": "truck", "body": "box"}
    behind = car(lot.random, "behind", drive=steady("lane-2", -9.0, 22))
    return content | {"actors": [waits, lorry, behind]}


def _shaken(lot: Lot) -> Content:
    content = _stops_before(lot)
    content["camera"] = {"shake_px": 5.0}
    return content


def _flicker_green(lot: Lot) -> Content:
    actors = [*company(lot.random, lot.difficulty), _passing(lot.random, _lane(lot.random), 2.2)]
    return _scene(0, actors, signals=head([[0, "green"]], flicker=0.4), duration_s=5.5)


def _clock_stepped(lot: Lot) -> Content:
    # On late yellow, while the clock jumps: two seconds are missing between two pictures.
    red_s = 2.6
    actors = [*company(lot.random, lot.difficulty), _passing(lot.random, _lane(lot.random), red_s - 0.5)]
    return _scene(red_s, actors, camera={"clock_steps": [[red_s - 0.55, 2.0]]})


def _stands_beyond(lot: Lot) -> Content:
    red_s = float(lot.random.uniform(1.0, 1.6))
    beyond_m = float(lot.random.uniform(1.5, 2.8))
    return _scene(
        red_s,
        [
            *company(lot.random, lot.difficulty),
            stopping(lot.random, "stands", _lane(lot.random), red_s + 0.6, beyond_m=beyond_m),
        ],
    )


def _motorcycle_beyond(lot: Lot) -> Content:
    red_s, stands_s = 1.2, 1.8
    way_m = 25 / 3.6 * (0.4 + (stands_s - 0.4) / 2)
    profile = [[0, 25], [0.4, 25], [stands_s, 0]]
    start = STOP_LINE_M + float(lot.random.uniform(1.8, 3.0)) - 0.96 - way_m
    drive = {"lane": _lane(lot.random), "start_m": round(start, 3), "profile_kmh": profile}
    return _scene(red_s, [*company(lot.random, lot.difficulty), motorcycle(lot.random, "stands", drive=drive)])


def _waits_in_red_box(lot: Lot) -> Content:
    content = _motorcycle_beyond(lot)
    area = {"id": "red-box", "use": "waiting", "west_m": -4.2, "east_m": 2.3, "exempt": {"classes": ["motorcycle"]}}
    content["road"]["zones"] = [area | {"from_m": STOP_LINE_M + 0.5, "to_m": STOP_LINE_M + 5.0}]
    del content["road"]["crosswalk"]
    return content


def _goes_on_green(lot: Lot) -> Content:
    # Beyond the line for a moment, on green and driving.
    actors = [*company(lot.random, lot.difficulty), _passing(lot.random, _lane(lot.random), 1.2)]
    return _scene(0, actors, signals=head([[0, "green"], [3.4, "yellow"]]), duration_s=5.0)


def _oncoming_stands(lot: Lot) -> Content:
    # Beyond the line of others: it waits in its own lane, which has no signal here.
    body = str(lot.random.choice(["mpv", "hatch"]))
    actor = car(lot.random, "oncoming-stands", body=body, drive=steady("oncoming", STOP_LINE_M + LENGTHS_M[body], 0))
    return _scene(0, [actor], duration_s=5.5)


RED_LIGHT: dict[str, Look] = {
    "runs": _runs,
    "motorcycle_runs": _motorcycle_runs,
    "runs_beside_parked": _runs_beside_parked,
    "runs_beside_waiting": _runs_beside_waiting,
    "runs_while_flickering": _runs_while_flickering,
    "straight_where_left_may": _straight_where_left_may,
    "late_yellow": _late_yellow,
    "slow_rear": _slow_rear,
    "long_lorry": _long_lorry,
    "on_green": _on_green,
    "stops_on_line": _stops_on_line,
    "turns_left": _turns_left,
    "turns_right": _turns_right,
    "ambulance": _ambulance,
    "officer": _officer,
    "shadow": _shadow,
    "hidden_by_truck": _hidden_by_truck,
    "shaken": _shaken,
    "flicker_green": _flicker_green,
    "clock_stepped": _clock_stepped,
}
STOP_LINE: dict[str, Look] = {
    "stands_beyond": _stands_beyond,
    "motorcycle_beyond": _motorcycle_beyond,
    "stops_before": _stops_before,
    "stops_on_line": _stops_on_line,
    "waits_in_red_box": _waits_in_red_box,
    "goes_on_green": _goes_on_green,
    "oncoming_stands": _oncoming_stands,
}
