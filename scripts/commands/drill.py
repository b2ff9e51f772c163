"""`tertib drill`: kill, fill and probe a throw-away office, soak a box, and show what they survive."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import httpx
import typer

from api.database import stop_embedded
from api.metrics.routes import KEY_FILE
from api.settings import kept_secret
from scripts.commands._drill_faults import DrillError, drill_full, drill_order, drill_write_error, told
from scripts.commands._drill_kill import drill_kill
from scripts.commands._drill_lookups import drill_lookups
from scripts.commands._drill_soak import SoakPlan, drill_soak
from scripts.commands._drill_webhooks import drill_webhooks

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Break a throw-away office, or a box, on purpose.")


def _run(work: Callable[[Path], dict[str, object]]) -> None:
    with tempfile.TemporaryDirectory(prefix="tertib-drill-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        try:
            found = work(home)
        except DrillError as error:
            raise typer.TyperException(f"this drill cannot run here: {error}") from error
        finally:
            if (home / "postgres").exists():
                stop_embedded(home)
    sys.stdout.write(json.dumps(found) + "\n")
    if not found["holds"]:
        raise typer.Exit(1)


def _say(sentence: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(sentence + "\n")


@app.command(epilog="Example: tertib drill kill --packages 2000 --kills 200")
def kill(
    packages: Annotated[int, typer.Option(min=8, help="Packages to send, in all.")] = 200,
    kills: Annotated[int, typer.Option(min=1, help="How often the office is killed; PostgreSQL every fourth.")] = 20,
    clients: Annotated[int, typer.Option(min=1, max=64, help="Cameras that send at once.")] = 8,
) -> None:
    """SIGKILL the office at random moments while cameras send: what was acknowledged is there, once, and whole."""
    _run(lambda home: drill_kill(home, packages=packages, kills=kills, clients=clients, told=_say).told())


@app.command(epilog="Example: tertib drill order")
def order() -> None:
    """Trace one upload: fsync(file), link, fsync(folder), COMMIT, and only then the answer. Needs strace."""
    _run(lambda home: told(drill_order(home)))


@app.command("write-error", epilog="Example: tertib drill write-error")
def write_error() -> None:
    """Let fsync fail once (EIO): the camera is told so, and the same package is taken afterwards. Needs strace."""
    _run(lambda home: told(drill_write_error(home)))


@app.command(epilog="Example: tertib drill full")
def full() -> None:
    """Fill a small disk for evidence: 507, reads go on, an alarm, recovery without a restart. Needs root."""
    _run(lambda home: told(drill_full(home, _disk_alarm)))


@app.command(epilog="Example: tertib drill lookups --lookups 10000")
def lookups(
    lookups: Annotated[int, typer.Option(min=16, help="Look-ups, half of each sort.")] = 1000,
) -> None:
    """Look up what exists and what does not: same words, same time, and a closed door after too many."""
    _run(lambda home: drill_lookups(home, lookups=lookups, told=_say).told())


@app.command(epilog="Example: tertib drill soak --minutes 60 --cameras 4 --lines soak.jsonl")
def soak(
    minutes: Annotated[float, typer.Option(min=0.5, help="How long faults happen.")] = 60.0,
    cameras: Annotated[int, typer.Option(min=1, max=16, help="Simulated RTSP cameras.")] = 4,
    clip: Annotated[Path, typer.Option(help="Traffic that they show.")] = Path("samples/clips/parkpow-cars.mp4"),
    scene: Annotated[Path, typer.Option(help="The scene of that clip.")] = Path("samples/scenes/parkpow-cars.yaml"),
    width: Annotated[int, typer.Option(min=160, max=3840, help="Width of their pictures.")] = 640,
    fps: Annotated[int, typer.Option(min=2, max=30, help="Pictures a second, all of them looked at.")] = 5,
    seed: Annotated[int, typer.Option(help="Of the faults.")] = 7,
    lines: Annotated[Path, typer.Option(metavar="FILE", help="Gets a JSON line a sample, fault and gap.")] = Path(
        "soak.jsonl"
    ),
) -> None:
    """Soak a box: cameras and the office fail at random; memory stays flat, each candidate arrives once."""
    plan = SoakPlan(minutes, cameras, clip, scene, width, fps, seed, lines)
    _run(lambda home: drill_soak(home, plan, _say))


@app.command(epilog="Example: tertib drill webhooks --messages 20")
def webhooks(
    messages: Annotated[int, typer.Option(min=2, max=500, help="To each door, for each of the two faults.")] = 20,
) -> None:
    """Let the database hang: every door still answers within a second; kill the office: each message arrives, once."""
    _run(lambda home: drill_webhooks(home, messages_a_door=messages, told=_say).told())


def _disk_alarm(url: str, home: Path) -> str:
    """The line of the metrics that says that the disk for evidence is full."""
    headers = {"authorization": f"Bearer {kept_secret(home / KEY_FILE)}"}
    lines = httpx.get(f"{url}/v1/metrics", headers=headers, timeout=30).text.splitlines()
    return next((line for line in lines if line.startswith("tertib_evidence_disk_free_bytes")), "")
