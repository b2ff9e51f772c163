"""Clips that a measurement of cameras needs besides the one it is given: an empty road, one where all stand, a part."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

FPS: Final = 18
GRAIN: Final = 1.5
"""Grey levels of a sensor's noise; 1.5 is that of a good sensor by day."""
SHIFT_PX: Final = 200


def empty_road(source: Path, target: Path, seconds: float) -> Path:
    """The road without its traffic (the median of a clip's pictures), as a camera would encode it at a quiet hour."""
    with av.open(str(source)) as container:
        count = container.streams.video[0].frames or 300
        pictures = [
            picture.to_ndarray(format="bgr24")
            for place, picture in enumerate(container.decode(video=0))
            if place % max(1, count // 30) == 0
        ]
    return _still(np.median(np.stack(pictures), axis=0), target, seconds)


def standing_traffic(source: Path, target: Path, seconds: float) -> Path:
    """The first picture of a clip: whoever is in it stands."""
    with av.open(str(source)) as container:
        return _still(next(container.decode(video=0)).to_ndarray(format="bgr24"), target, seconds)


def beginning(source: Path, target: Path, seconds: float) -> Path:
    """The first seconds of a clip, as they are."""
    with av.open(str(source)) as container, av.open(str(target), "w") as output:
        stream = container.streams.video[0]
        copy = output.add_stream_from_template(stream)
        for packet in container.demux(stream):
            if packet.dts is None or float(packet.dts * packet.time_base) > seconds:
                continue
            packet.stream = copy
            output.mux(packet)
    return target


def _still(picture: NDArray[np.generic], target: Path, seconds: float) -> Path:
    still = picture.astype(np.int16)
    chance = np.random.default_rng(5)
    # One large field of noise, looked at in another place for each picture: drawing it anew would take longest of all.
    field = chance.normal(0, GRAIN, (still.shape[0] + SHIFT_PX, still.shape[1] + SHIFT_PX)).round().astype(np.int16)
    with av.open(str(target), "w") as output:
        stream = output.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = still.shape[1], still.shape[0], "yuv420p"
        stream.codec_context.gop_size = 2 * FPS
        stream.options = {"preset": "veryfast", "crf": "26", "bf": "0", "sc_threshold": "0"}
        for _ in range(round(seconds * FPS)):
            down, across = chance.integers(0, SHIFT_PX, 2)
            grains = field[down : down + still.shape[0], across : across + still.shape[1], None]
            shown = np.clip(still + grains, 0, 255).astype(np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="bgr24")))
        output.mux(stream.encode(None))
    return target
