"""Writes pictures as H.264 with the timestamps that they were taken at."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from pipeline.stage.specification import Specification

TICKS = 90_000
"""Of the media clock, a second."""


def ticks_of(specification: Specification) -> list[int]:
    """Capture times of all pictures, in ticks from the first."""
    camera = specification.camera
    count = max(2, int(specification.duration_s * camera.fps + 1e-9))
    random = np.random.default_rng((specification.seed, 90_000))
    early_or_late = random.uniform(-camera.frame_jitter, camera.frame_jitter, count)
    early_or_late[0] = 0.0
    return [round((number + float(shift)) / camera.fps * TICKS) for number, shift in enumerate(early_or_late)]


def clock_s(specification: Specification, at_s: float) -> float:
    """What the camera's clock says, in seconds after the first picture, when so many have truly passed."""
    return at_s + sum(by_s for since_s, by_s in specification.camera.clock_steps if since_s <= at_s)


def stamps_of(specification: Specification, ticks: list[int]) -> list[int]:
    """What the camera writes on its pictures, in ticks: capture times by a clock that may be set meanwhile."""
    stamps: list[int] = []
    for tick in ticks:
        stamp = round(clock_s(specification, tick / TICKS) * TICKS)
        # A stream's times never go back: what would lie before the last picture follows it at once.
        stamps.append(max(stamp, stamps[-1] + TICKS // 1000) if stamps else stamp)
    return stamps


def write_clip(
    path: Path, pictures: Iterable[NDArray[np.uint8]], ticks: list[int], specification: Specification
) -> None:
    """Encode pictures.

    Args:
        path: The mp4.
        pictures: uint8 [height, width, 3] BGR, as many as `ticks`.
        ticks: When each was taken.
        specification: Size, rate and bitrate.

    Raises:
        OSError: The file cannot be written.
    """
    camera = specification.camera
    with av.open(str(path), "w", options={"video_track_timescale": str(TICKS)}) as output:
        stream = output.add_stream("libx264", rate=Fraction(camera.fps).limit_denominator(1001))
        stream.width, stream.height, stream.pix_fmt = camera.width_px, camera.height_px, "yuv420p"
        stream.bit_rate = round(specification.picture.bitrate_kbps * 1000)
        stream.time_base = Fraction(1, TICKS)
        stream.codec_context.time_base = Fraction(1, TICKS)
        stream.codec_context.gop_size = max(1, round(camera.fps))
        # Without B-frames: so do cameras.
        stream.options = {"preset": "veryfast", "bf": "0", "threads": "1"}
        for pixels, tick in zip(pictures, ticks, strict=True):
            frame = av.VideoFrame.from_ndarray(pixels, format="bgr24")
            frame.pts, frame.time_base = tick, Fraction(1, TICKS)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
