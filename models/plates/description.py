"""What a plate tells beside its text: colour, and the end of its registration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.plates.colour import plate_colour
from models.plates.expiry import Expiry
from models.plates.reading import PlateReading


def described(reading: PlateReading, crop_bgr: NDArray[np.uint8], expiry: Expiry | None) -> PlateReading:
    """The reading with the plate's colour and its expiry, each with its own confidence.

    Args:
        reading: of the text.
        crop_bgr: the plate, uint8 [height, width, 3], BGR.
        expiry: of the small line, None where it is not legible.
    """
    colour = plate_colour(crop_bgr)
    return replace(
        reading,
        expiry=expiry.text if expiry else None,
        expiry_confidence=expiry.confidence if expiry else None,
        colour=colour.name if colour else None,
        colour_confidence=colour.confidence if colour else None,
    )
