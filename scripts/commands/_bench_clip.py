"""`tertib bench clip`: an evidence clip from the packet ring beside decoding and encoding it again."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Final

import av
import typer

from pipeline.ingest import PacketRing
from scripts.commands._bench_row import Row, in_turns, tell

EXAMPLE: Final = "Example: tertib bench clip --media samples/clips/parkpow-cars.mp4 --json"
CLIP_S: Final = 12.0


def measure(
    media: Annotated[Path, typer.Option(help="A clip of 13 s or more.")] = Path("samples/clips/parkpow-cars.mp4"),
    runs: Annotated[int, typer.Option(min=1, max=100, help="How often each is run, in turns.")] = 5,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Cut 12 s without encoding anything again, beside libx264 veryfast; every picture must decode."""
    try:
        ring, packets, start_s = _filled(media)
    except (av.error.FFmpegError, OSError) as error:
        raise typer.TyperException(f"{media}: cannot be opened as video ({error})") from error
    cut = ring.cut(start_s, start_s + CLIP_S)
    if cut is None:
        raise typer.TyperException(f"{media}: nothing could be cut from it")
    decoded, written = _decodes(cut.data)
    if decoded != written:
        raise typer.TyperException(f"{media}: of {written} pictures of the cut {decoded} decode")
    ours_s, theirs_s = in_turns(
        runs, lambda: ring.cut(start_s, start_s + CLIP_S), lambda: _encoded_again(media, start_s)
    )
    ratio = theirs_s / ours_s
    told = f"{decoded} of {written} pictures decode; {packets} packets in the ring"
    against = f"decode and libx264 veryfast (PyAV {av.__version__})"
    tell(
        "clip",
        [Row("evidence clip of 12 s", ours_s, theirs_s, against, ratio, "CPU s", runs, 50.0, ratio >= 50, told)],
        as_json=json_,
        clip=media.name,
    )


def _filled(media: Path) -> tuple[PacketRing, int, float]:
    with av.open(str(media)) as container:
        stream = container.streams.video[0]
        ring = PacketRing(stream, capacity_s=60)
        count, start_s = 0, None
        for packet in container.demux(stream):
            ring.add(packet)
            count += packet.size > 0
            if start_s is None and packet.pts is not None:
                start_s = float(packet.pts * packet.time_base)
    return ring, count, start_s or 0.0


def _decodes(data: bytes) -> tuple[int, int]:
    with av.open(io.BytesIO(data)) as container:
        written = sum(packet.size > 0 for packet in container.demux(video=0))
    with av.open(io.BytesIO(data)) as container:
        return sum(1 for _ in container.decode(video=0)), written


def _encoded_again(media: Path, start_s: float) -> bytes:
    target = io.BytesIO()
    with av.open(str(media)) as source, av.open(target, "w", format="mp4") as output:
        made = None
        source.streams.video[0].thread_count = 1
        for picture in source.decode(video=0):
            if picture.time is None or picture.time < start_s:
                continue
            if picture.time > start_s + CLIP_S:
                break
            if made is None:
                made = output.add_stream("libx264", rate=source.streams.video[0].average_rate)
                made.width, made.height, made.pix_fmt = picture.width, picture.height, "yuv420p"
                made.options = {"preset": "veryfast"}
            picture.pts = None
            output.mux(made.encode(picture))
        if made is not None:
            output.mux(made.encode(None))
    return target.getvalue()
