"""Draws a clip anew for its owner: a program of its own, with little memory and time, that knows nothing of the office.

    python -I -m api.redaction.redraw_clip < plan and clip > mp4

The first line is the plan (JSON: `Plan`'s fields), the rest the clip as it was signed. Everything that is not the
owner's vehicle is drawn in a few large cells: others' boxes where they are known, the whole picture where they are not.
Exit code 0, or 3 with one line on standard error that says why not.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, Final

import av
from PIL import Image, ImageDraw

REFUSED: Final = 3
MEMORY_BYTES: Final = 3_000_000_000
CPU_S: Final = 90
# The whole picture in so many cells across: a plate that is read from thirty gets five of them at the very most.
CELLS_ACROSS: Final = 26
WIDTH_PX: Final = 640
FRAMES_A_S: Final = 12
LONGEST_S: Final = 40.0
MARGIN_SHARE: Final = 0.12
# Whoever was seen within so long before or after a picture is hidden in it: a detector that misses one is no window.
AROUND_S: Final = 0.45
# With nothing known within so long of a picture, all of it is hidden.
KNOWN_S: Final = 0.3
ENCODER: Final = "libx264"

Box = Sequence[float]


def confine() -> None:
    """Give up memory, time and files beyond what a clip needs."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def own_at(instants: Sequence[dict[str, Any]], at_s: float) -> list[float] | None:
    """Where the owner's vehicle was, between the two nearest sightings; None where it was not seen near enough."""
    seen = [one for one in instants if one["own"] is not None]
    before = max((one for one in seen if one["at_s"] <= at_s), key=lambda one: one["at_s"], default=None)
    after = min((one for one in seen if one["at_s"] >= at_s), key=lambda one: one["at_s"], default=None)
    near = [one for one in (before, after) if one is not None and abs(one["at_s"] - at_s) <= KNOWN_S]
    if not near:
        return None
    if len(near) == 1 or near[0]["at_s"] == near[1]["at_s"]:
        return list(near[0]["own"])
    share = (at_s - near[0]["at_s"]) / (near[1]["at_s"] - near[0]["at_s"])
    return [a + share * (b - a) for a, b in zip(near[0]["own"], near[1]["own"], strict=True)]


def hidden_at(instants: Sequence[dict[str, Any]], at_s: float) -> list[Box] | None:
    """Boxes of all others around a moment; None where nothing is known of it."""
    if not any(abs(one["at_s"] - at_s) <= KNOWN_S for one in instants):
        return None
    return [box for one in instants if abs(one["at_s"] - at_s) <= AROUND_S for box in one["others"]]


def drawn(picture: Image.Image, plan: dict[str, Any], at_s: float) -> Image.Image:
    """One picture of the owner's clip."""
    width, height = picture.size
    rows = max(2, round(CELLS_ACROSS * height / width))
    cells = picture.resize((CELLS_ACROSS, rows), Image.Resampling.BOX).resize((width, height), Image.Resampling.BICUBIC)
    boxes = hidden_at(plan["instants"], at_s)
    if boxes is None:
        return cells
    across, down = width / plan["width_px"], height / plan["height_px"]
    mask = Image.new("L", picture.size, 0)
    pen = ImageDraw.Draw(mask)
    for x1, y1, x2, y2 in boxes:
        margin = MARGIN_SHARE * max(x2 - x1, y2 - y1)
        pen.rectangle(
            ((x1 - margin) * across, (y1 - margin) * down, (x2 + margin) * across, (y2 + margin) * down), fill=255
        )
    own = own_at(plan["instants"], at_s)
    if own is not None:
        pen.rectangle((own[0] * across, own[1] * down, own[2] * across, own[3] * down), fill=0)
    return Image.composite(cells, picture, mask)


def _pictures(clip: bytes) -> Iterator[tuple[float, Image.Image]]:
    """Time in the clip and picture, about `FRAMES_A_S` of them a second."""
    with av.open(io.BytesIO(clip)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        height = max(2, round(WIDTH_PX * stream.height / max(1, stream.width) / 2) * 2)
        due_s = float("-inf")
        for frame in container.decode(stream):
            if frame.time is None or frame.time < due_s:
                continue
            if frame.time > LONGEST_S:
                break
            due_s = frame.time + 0.9 / FRAMES_A_S
            yield frame.time, frame.reformat(width=WIDTH_PX, height=height, format="rgb24").to_image()


def encoded(pictures: Iterable[tuple[float, Image.Image]]) -> bytes:
    """An MP4 that every browser plays, without sound and without anything but pictures.

    Raises:
        ValueError: there is no picture.
    """
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream: Any = None
        for number, (time_s, picture) in enumerate(pictures):
            if stream is None:
                stream = container.add_stream(ENCODER, rate=FRAMES_A_S)
                stream.width, stream.height = picture.size
                stream.pix_fmt = "yuv420p"
                stream.codec_context.time_base = Fraction(1, 1000)
                stream.codec_context.thread_count = 1
                stream.options = {"crf": "29", "preset": "veryfast", "profile": "baseline", "g": "24"}
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = max(number, round(time_s * 1000)), stream.codec_context.time_base
            container.mux(stream.encode(frame))
        if stream is None:
            message = "the clip holds no picture"
            raise ValueError(message)
        container.mux(stream.encode())
    return out.getvalue()


def main() -> int:
    """Read plan and clip, write the owner's clip."""
    confine()
    line, _, clip = sys.stdin.buffer.read().partition(b"\n")
    try:
        plan = json.loads(line)
        begins_s = float(plan["clip_begins_s"])
        made = encoded((time_s, drawn(picture, plan, time_s + begins_s)) for time_s, picture in _pictures(clip))
    except (av.error.FFmpegError, OSError, ValueError, KeyError, IndexError, MemoryError, StopIteration) as error:
        sys.stderr.write(" ".join(str(error).split())[:200] or type(error).__name__)
        return REFUSED
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
