"""Pictures with what was found drawn on them, so that a person can look whether it is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

Pictures = Annotated[
    Path | None, typer.Option("--pictures", help="Folder for copies of the pictures with what was found drawn on them.")
]
SURE, UNSURE, PLAIN = (60, 200, 60), (40, 160, 255), (255, 160, 60)
"""Colours (BGR) of what is named, of what is not, and of what needs no name."""
LONGEST_WORDS = 48
JPEG_QUALITY = 88


@dataclass(frozen=True)
class Mark:
    """A box (left, top, right, bottom in pixels), the words above it and its colour (BGR)."""

    box: Sequence[float]
    words: str
    colour: tuple[int, int, int] = PLAIN


class Album:
    """Writes marked copies of pictures, numbered in the order in which they come.

    Args:
        folder: is made where absent; None: nothing is written.

    Raises:
        OSError: the folder cannot be made.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._count = 0
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def add(self, name: str, bgr: NDArray[np.uint8], marks: Sequence[Mark]) -> None:
        """Write a copy of a picture (uint8 [height, width, 3]) as `NUMBER-NAME.jpg`.

        Raises:
            OSError: it cannot be written.
        """
        if self._folder is None:
            return
        marked = bgr.copy()
        size = max(0.4, max(bgr.shape[:2]) / 1600)
        thick = max(1, round(size * 2))
        for mark in marks:
            left, top, right, bottom = (round(value) for value in mark.box)
            cv2.rectangle(marked, (left, top), (right, bottom), mark.colour, thick)
            words = mark.words[:LONGEST_WORDS].encode("ascii", "replace").decode("ascii")
            (_, height), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, size, thick)
            place = (max(0, left), top - 3 if top > height + 4 else bottom + height + 3)
            cv2.putText(marked, words, place, cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), thick + 2)
            cv2.putText(marked, words, place, cv2.FONT_HERSHEY_SIMPLEX, size, mark.colour, thick)
        path = self._folder / f"{self._count:04d}-{Path(name).stem[:60]}.jpg"
        done, data = cv2.imencode(".jpg", marked, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if not done:
            raise OSError(f"{path}: a picture of {bgr.shape[1]}x{bgr.shape[0]} pixels cannot be written as JPEG")
        path.write_bytes(data.tobytes())
        self._count += 1
