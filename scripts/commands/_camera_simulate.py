"""`tertib camera simulate`: a clip as an RTSP camera, with a fault if wanted."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Annotated

import typer

from pipeline.box.simulated_camera import FAULTS, SimulatedCamera
from scripts.commands._signals import stopped_by_signal

app = typer.Typer()


@app.command(epilog="Example: tertib camera simulate samples/clips/parkpow-cars.mp4 --port 8554 --fault frozen")
def simulate(
    clip: Annotated[Path, typer.Argument(help="H.264 or H.265 video; is played in a loop.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")] = 8554,
    fault: Annotated[str, typer.Option(help="none, refuse, silent, mute, frozen or garbage.")] = "none",
    drop_every_s: Annotated[float | None, typer.Option(help="Break each connection after so long.")] = None,
    clock_off_s: Annotated[float, typer.Option(help="How far the camera's own clock is off.")] = 0.0,
) -> None:
    """Play a clip as an RTSP camera, with a fault if wanted; for drills."""
    chosen = next((known for known in FAULTS if known == fault), None)
    if chosen is None:
        raise typer.TyperException(f"--fault {fault}: choose one of {', '.join(FAULTS)}")
    stop = threading.Event()
    try:
        made = SimulatedCamera(
            clip, port=port, drop_every_s=drop_every_s, now=lambda: max(1.0, time.time() + clock_off_s)
        )
    except (OSError, ValueError) as error:
        raise typer.TyperException(f"{clip}: cannot be played ({error})") from error
    with stopped_by_signal(stop), made as camera:
        camera.fault = chosen
        sys.stdout.write(f"{camera.url}\n")
        sys.stdout.flush()
        stop.wait()
