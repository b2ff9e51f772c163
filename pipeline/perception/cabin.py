"""The port of a model that looks through windscreens. Experimental: nobody stands behind it yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.perception.track import Box, Track


@dataclass(frozen=True)
class CabinVerdict:
    """What all looks through one windscreen say together; None = cannot tell.

    Attributes:
        belted: Whether the driver wears a seat belt.
        phone: Whether the driver holds a phone.
        looks: Pictures that spoke.
        best_frame: Number of the picture that shows it best.
    """

    belted: bool | None
    phone: bool | None
    looks: int
    best_frame: int | None


class CabinReader(Protocol):
    """Looks through windscreens; nobody implements it yet."""

    def look(self, frame_bgr: NDArray[np.uint8], frame: int, vehicle: Track) -> None:
        """Take in a vehicle (uint8 [height, width, 3])."""
        ...

    def verdict(self, track_id: int) -> CabinVerdict | None:
        """What is known of a vehicle by now."""
        ...

    def windscreen(self, vehicle: Box) -> Box | None:
        """Where the windscreen is in a vehicle's box, in pixels."""
        ...
