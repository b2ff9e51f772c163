"""What the simulated cameras of a soak show: some traffic, then an empty road, over and over."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

QUIET_S: Final = 60.0
GRAIN: Final = 1.5
"""Grey levels of a sensor's noise: without it an empty road would look like a camera that stands still."""


@dataclass(frozen=True)
class Footage:
    """The clips of a soak.

    Attributes:
        usual: What is shown as a rule.
        small: The same at half the size: fits the scene.
        narrow: The same cut to another shape: does not fit.
        hevc: The same in H.265.
        width_px: Of the usual one.
        height_px: Of the usual one.
    """

    usual: Path
    small: Path
    narrow: Path
    hevc: Path
    width_px: int
    height_px: int


def make_footage(clip: Path, folder: Path, *, width_px: int, fps: int, quiet_s: float = QUIET_S) -> Footage:
    """Scale a clip down in size and rate, and put an empty road behind it.

    Args:
        clip: Traffic.
        folder: Gets the clips.
        width_px: Width of the pictures.
        fps: Pictures a second.
        quiet_s: Length of the empty road, in seconds.
    """
    pictures = _pictures(clip, width_px, fps)
    height_px, width_px = pictures[0].shape[:2]
    road = np.median(np.stack(pictures[:: max(1, len(pictures) // 40)]), axis=0).astype(np.int16)
    noise = np.random.default_rng(5)
    for _ in range(round(quiet_s * fps)):
        grains = noise.normal(0, GRAIN, road.shape[:2])[:, :, None]
        pictures.append(np.clip(road + grains, 0, 255).astype(np.uint8))
    half = width_px // 4 * 2, height_px // 4 * 2
    narrow_px = height_px * 4 // 3 // 2 * 2
    usual, small, narrow, hevc = (folder / f"{name}.mp4" for name in ("usual", "small", "narrow", "hevc"))
    made = Footage(usual, small, narrow, hevc, width_px, height_px)
    _write(made.usual, pictures, fps, "libx264")
    halves = [cv2.resize(p, half, interpolation=cv2.INTER_AREA) for p in pictures]
    _write(made.small, [np.asarray(p, np.uint8) for p in halves], fps, "libx264")
    _write(made.narrow, [p[:, :narrow_px] for p in pictures[: 20 * fps]], fps, "libx264")
    _write(made.hevc, pictures, fps, "libx265")
    return made


def write_scene(
    scene_file: Path, target: Path, *, camera_id: str, url: str, footage: Footage, analyse_fps: float
) -> None:
    """A camera's scene after the pattern of another, for a stream of another size.

    Args:
        scene_file: The pattern; its lanes are scaled.
        target: Written.
        camera_id: Name of the camera.
        url: Its stream.
        footage: Gives the size.
        analyse_fps: Pictures a second that are looked at.
    """
    scene: dict[str, Any] = yaml.safe_load(scene_file.read_text())
    scale = footage.width_px / scene["frame"]["width_px"]
    scene["camera"]["id"] = camera_id
    scene["frame"] = {"width_px": footage.width_px, "height_px": footage.height_px}
    scene["media"] = {"source": url}
    scene["analyse_fps"] = analyse_fps
    for lane in scene["lanes"]:
        lane["polygon"] = [[round(x * scale, 1), round(y * scale, 1)] for x, y in lane["polygon"]]
    target.write_text(yaml.safe_dump(scene, sort_keys=False))


def _pictures(clip: Path, width_px: int, fps: int) -> list[NDArray[np.uint8]]:
    kept: list[NDArray[np.uint8]] = []
    with av.open(str(clip)) as container:
        for picture in container.decode(video=0):
            if (picture.time or 0.0) * fps >= len(kept):
                height_px = round(picture.height * width_px / picture.width) // 2 * 2
                kept.append(picture.to_ndarray(format="bgr24", width=width_px, height=height_px))
    return kept


def _write(path: Path, pictures: list[NDArray[np.uint8]], fps: int, codec: str) -> None:
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=Fraction(fps))
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = 2 * fps
        stream.options = (
            {"preset": "veryfast", "crf": "24", "bf": "0", "sc_threshold": "0"}
            if codec == "libx264"
            else {"preset": "ultrafast", "x265-params": f"bframes=0:keyint={2 * fps}:log-level=none"}
        )
        for picture in pictures:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")))
        output.mux(stream.encode(None))
