"""The offences that a camera can claim. A code maps to articles and fines in the jurisdiction's data, never here."""

from __future__ import annotations

from enum import StrEnum


class OffenceCode(StrEnum):
    """Codes shared by rules, packages, the office and the machine output."""

    RED_LIGHT = "red_light"
    STOP_LINE = "stop_line"
    WRONG_WAY = "wrong_way"
    SPEED = "speed"
    NO_HELMET = "no_helmet"
    PILLION = "pillion"
    BUS_LANE = "bus_lane"
    LANE_CLOSED = "lane_closed"
    NO_STOPPING = "no_stopping"
    LINE_CROSSED = "line_crossed"
    ODD_EVEN = "odd_even"
    PLATE_EXPIRED = "plate_expired"
    NO_PLATE = "no_plate"
    SEAT_BELT = "seat_belt"
    PHONE = "phone"
    U_TURN = "u_turn"
