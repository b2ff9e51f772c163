"""One picture of a camera, with the time at which the light fell in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import av
import cv2
import numpy as np
from numpy.typing import NDArray

# Formats whose first plane is the brightness in eight bits.
_LUMA_FIRST = frozenset({"yuv420p", "yuvj420p", "nv12", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gray"})

SCALER_THREADS: Final = 1
"""Left to itself swscale starts a thread a core for every picture: the same pixels for twice the work."""

ClockSource = Literal["rtcp", "arrival", "file", "assumed"]


@dataclass(frozen=True)
class CaptureClock:
    """How far the capture times can be believed.

    Attributes:
        source: `rtcp` = the camera's own sender reports; `arrival` = smallest delay seen; `file` = start time
            stated by a person; `assumed` = nobody
            said when the file was recorded.
        uncertainty_ms: Half-width within which the true time lies, in milliseconds.
        apart_s: The camera's own clock minus the box's, in seconds; None when the camera does not tell its own.
        stamp_sigma_s: Error of a picture's time against its neighbours', one sigma, in seconds.
    """

    source: ClockSource
    uncertainty_ms: float
    apart_s: float | None = None
    stamp_sigma_s: float = 0.001


class MediaError(ValueError):
    """Footage that cannot be used, or ended too early; the message names the file and what is wrong with it."""


@dataclass(frozen=True)
class Clip:
    """A cut of the original bitstream.

    Attributes:
        data: The file.
        media_type: For example `video/mp4`.
        suffix: For example `mp4`.
        begins_s: Media time of the file's time 0, in the segment's own clock; None where nobody knows.
    """

    data: bytes
    media_type: str
    suffix: str
    begins_s: float | None = None


class Memory(Protocol):
    """What a source still holds of its last seconds."""

    def cut(self, start_s: float, end_s: float) -> Clip | None:
        """The original bitstream of that stretch of media time, or None where there is no bitstream."""
        ...

    def pictures(self, times_s: Sequence[float]) -> list[NDArray[np.uint8] | None]:
        """The pictures nearest to these media times, uint8 [height, width, 3] BGR.

        None where nothing is left of that time.
        """
        ...


@dataclass(frozen=True, eq=False)
class Frame:
    """A decoded picture; its pixels are converted only when somebody asks.

    Attributes:
        index: Number of the picture in its source, from 0, in the order of display.
        segment: Number of the unbroken stretch of stream; times are never joined across segments.
        at_s: Capture time in seconds since 1970 UTC.
        media_s: Time within the segment's own media clock, in seconds.
        clock: How far `at_s` can be believed.
        memory: The last seconds of this segment, to take clips and stills from.
        picture: The decoder's frame, or an image file. Belongs to whoever got the frame last: its scaler is not safe
            in two threads at once.
        fitted_px: Width and height to which the picture is scaled for whoever looks at it; None = as it is.
        replayed: Decoded afterwards, because something woke the camera; it must not be dropped for being late.
    """

    index: int
    segment: int
    at_s: float
    media_s: float
    clock: CaptureClock
    memory: Memory
    picture: Any
    fitted_px: tuple[int, int] | None = None
    replayed: bool = False

    @property
    def captured_at(self) -> datetime:
        """Capture time, aware, UTC."""
        return datetime.fromtimestamp(self.at_s, UTC)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the picture as `bgr` gives it."""
        if self.fitted_px:
            return self.fitted_px
        if isinstance(self.picture, Path):
            height, width = read_image(self.picture).shape[:2]
            return width, height
        return self.picture.width, self.picture.height

    def bgr(self) -> NDArray[np.uint8]:
        """The picture as uint8 [height, width, 3] in BGR; costs a conversion at each call."""
        if isinstance(self.picture, Path):
            return read_image(self.picture)
        wanted = {} if self.fitted_px is None else {"width": self.fitted_px[0], "height": self.fitted_px[1]}
        pixels: NDArray[np.uint8] = self.picture.to_ndarray(format="bgr24", threads=SCALER_THREADS, **wanted)
        return pixels

    def luma(self, width_px: int = 178) -> NDArray[np.uint8]:
        """A small picture of the brightness, uint8 [h, width_px], taken straight from the decoder's first plane.

        Args:
            width_px: Width of the small picture; its height follows the picture's shape.
        """
        return luma_of(self.picture, width_px)


def luma_of(picture: av.VideoFrame | Path, width_px: int) -> NDArray[np.uint8]:
    """A small picture of the brightness, uint8 [h, width_px], straight from the decoder's first plane.

    Args:
        picture: The decoder's frame, or an image file.
        width_px: Width of the small picture; its height follows the picture's shape.
    """
    if not isinstance(picture, Path) and picture.format.name in _LUMA_FIRST:
        # swscale averages the first plane in a fifth of the time that OpenCV needs for it.
        height_px = max(2, round(width_px * picture.height / picture.width))
        fitted = picture.reformat(width_px, height_px, "gray", interpolation="AREA", threads=SCALER_THREADS)
        plane = fitted.planes[0]
        return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:height_px, :width_px]
    if isinstance(picture, Path):
        whole = cv2.cvtColor(read_image(picture), cv2.COLOR_BGR2GRAY)
    else:
        whole = picture.to_ndarray(format="gray", threads=SCALER_THREADS)
    height_px = max(2, round(width_px * whole.shape[0] / whole.shape[1]))
    small: NDArray[np.uint8] = cv2.resize(whole, (width_px, height_px), interpolation=cv2.INTER_AREA)
    return small


def read_image(path: Path) -> NDArray[np.uint8]:
    """An image file as uint8 [height, width, 3] in BGR.

    Raises:
        MediaError: It is damaged or no image.
    """
    picture = cv2.imdecode(np.frombuffer(path.read_bytes() or b"\0", np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise MediaError(f"{path}: cannot be decoded as an image; it is damaged or no image")
    pixels: NDArray[np.uint8] = picture.astype(np.uint8, copy=False)
    return pixels
