"""One plate reader a process, shared by its cameras: a network costs memory, and it reads one crop at a time."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from models.plates.reader import PlateReader, TwoStageReader
from models.plates.reading import PlateReading


class SharedReader:
    """Lets several cameras' threads use one plate reader.

    Args:
        reader: Not safe to be called from two threads at once.
    """

    def __init__(self, reader: PlateReader) -> None:
        self._reader = reader
        self._stages = reader if isinstance(reader, TwoStageReader) else None
        self._lock = threading.Lock()

    def read(self, crop_bgr: NDArray[np.uint8]) -> PlateReading:
        """See `models.plates.reader.PlateReader`."""
        with self._lock:
            return self._reader.read(crop_bgr)

    def glance(self, crop_bgr: NDArray[np.uint8]) -> PlateReading:
        """See `models.plates.reader.TwoStageReader`; a reader of one stage does all its work here."""
        with self._lock:
            return self._stages.glance(crop_bgr) if self._stages else self._reader.read(crop_bgr)

    def confirm(self, crop_bgr: NDArray[np.uint8], own: PlateReading) -> PlateReading:
        """See `models.plates.reader.TwoStageReader`; a reader of one stage has nothing to add."""
        if self._stages is None:
            return own
        with self._lock:
            return self._stages.confirm(crop_bgr, own)
