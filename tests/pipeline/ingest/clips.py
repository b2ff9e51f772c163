"""Small clips made on the spot."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np


def picture(index: int, width: int = 160, height: int = 96) -> np.ndarray:
    """A grey ground with a bright square that moves, and the number of the picture as brightness in the corner."""
    pixels = np.full((height, width, 3), 60, np.uint8)
    x = 4 * index % (width - 24)
    pixels[40:64, x : x + 24] = 220
    pixels[:16, :16] = 5 * index % 250
    return pixels


def write_clip(
    path: Path,
    count: int = 30,
    *,
    fps: int = 10,
    codec: str = "libx264",
    gop: int = 10,
    b_frames: int = 0,
    moving: bool = True,
) -> Path:
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.codec_context.gop_size = gop
        if codec == "libx264":
            stream.codec_context.max_b_frames = b_frames
            stream.options = {"preset": "ultrafast" if not b_frames else "medium", "sc_threshold": "0"}
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(picture(index if moving else 0), format="bgr24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path
