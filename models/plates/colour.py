"""The colour of a plate: what class of owner it tells (Indonesia: private, public, state, free zone, electric).

Indonesian police regulation 7/2021: white (private; black until 2022), yellow (public transport), red (state), green
(free trade zones); electric vehicles carry a blue edge below.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# A colour is judged on so many pixels: what light does to a plate is no finer.
SIZE_PX = (96, 32)
# Of the plate, without its frame and what is around it.
MIDDLE = (slice(8, 24), slice(10, 86))
# Ground and characters must differ by this many levels, or the light does not tell.
LEAST_CONTRAST = 22.0
# From this saturation a ground is coloured; lamplight makes a white one as much as 0.35.
COLOURED = 0.42
LEAST_COLOURED_VALUE = 45.0
# OpenCV counts hue in 0..180.
HUES = ((0, 11, "red"), (11, 42, "yellow"), (42, 92, "green"), (92, 132, "blue"), (132, 168, None), (168, 181, "red"))
BLUE_EDGE_SHARE = 0.35


@dataclass(frozen=True)
class PlateColour:
    """A plate's colour: white, black, yellow, red, green, blue or blue_edged, and how sure that is (0..1)."""

    name: str
    confidence: float


def plate_colour(crop_bgr: NDArray[np.uint8]) -> PlateColour | None:
    """The colour of the plate's ground; None where the light does not tell.

    Args:
        crop_bgr: uint8 [height, width, 3], BGR, a plate with little around it.
    """
    small = cv2.resize(crop_bgr, SIZE_PX, interpolation=cv2.INTER_AREA)
    middle = small[MIDDLE]
    gray = cv2.cvtColor(middle, cv2.COLOR_BGR2GRAY)
    _, mask = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    light = mask > 0
    share = float(light.mean())
    if not 0.04 < share < 0.96:
        return None
    # Characters cover less than half of a plate, and touch its upper and lower rim less than the ground does.
    lightness = (share + float(np.concatenate([light[0], light[-1]]).mean())) / 2
    light_ground = lightness > 0.5
    ground = np.median(middle[light == light_ground], axis=0)
    ink = np.median(middle[light != light_ground], axis=0)
    if abs(float(ground.mean() - ink.mean())) < LEAST_CONTRAST:
        return None
    return _named(small, ground, light_ground=light_ground, sure=min(1.0, 0.55 + abs(lightness - 0.5)))


def _named(
    small_bgr: NDArray[np.uint8], ground: NDArray[np.float64], *, light_ground: bool, sure: float
) -> PlateColour | None:
    """The name of a ground's colour; `sure` (0..1): that it is the ground."""
    hue, saturation, value = cv2.cvtColor(ground.astype(np.uint8).reshape(1, 1, 3), cv2.COLOR_BGR2HSV).ravel().tolist()
    saturation /= 255.0
    if saturation >= COLOURED and value >= LEAST_COLOURED_VALUE:
        name = next(name for low, high, name in HUES if low <= hue < high)
        if name is None:
            return None
        return PlateColour(name, round(sure * min(1.0, 0.6 + (saturation - COLOURED)), 3))
    plain = sure * min(1.0, 0.6 + (COLOURED - saturation))
    if not light_ground:
        return PlateColour("black", round(plain, 3))
    if _blue_edge(small_bgr):
        return PlateColour("blue_edged", round(0.8 * plain, 3))
    return PlateColour("white", round(plain, 3))


def _blue_edge(small_bgr: NDArray[np.uint8]) -> bool:
    """Whether a blue strip runs along the lower edge (some way inside: a crop shows what is around the plate)."""
    hsv = cv2.cvtColor(small_bgr[22:31, 10:86], cv2.COLOR_BGR2HSV)
    blue = (hsv[..., 0] >= 95) & (hsv[..., 0] <= 130) & (hsv[..., 1] > 90) & (hsv[..., 2] > 50)
    return bool(blue.mean(1).max() > 0.6 and blue.mean() > BLUE_EDGE_SHARE * 0.5)
