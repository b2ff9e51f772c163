"""Processes of a drill that start quickly: one process has everything imported, and each start is a fork of it.

Imports take two to four seconds, and two hundred kills are two hundred starts. Nothing else is shared: each child opens
its own database, files and threads, is the leader of a group of its own, and dies by SIGKILL like any other.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import uvicorn

from api.app import create_app
from api.connections import carry_register, inbox_of, remote_register, worker_of
from api.database import connect
from api.outbox.outside import load_outside
from api.settings import Settings
from pipeline.delivery.sender import Sender
from pipeline.delivery.spool import Spool
from scripts.commands._drill_office import Camera, camera_key, token_of

_LOG = logging.getLogger("tertib.drill")
_PACE: Final = "pace"
_WAIT_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 0.3


class Nursery:
    """The parent's side: asks for children and kills them.

    Args:
        home: folder of the office.
    """

    def __init__(self, home: Path) -> None:
        self._log = (home / "office.log").open("ab")
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", __name__, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,
        )
        self._children: dict[str, int] = {}

    def start(self, name: str, what: str, **arguments: object) -> None:
        """Fork a child: `what` is office, worker or camera; the name is for `kill`.

        Raises:
            RuntimeError: the nursery is gone.
        """
        if self._process.stdin is None or self._process.stdout is None:
            message = "the nursery has no door"
            raise RuntimeError(message)
        self._process.stdin.write(json.dumps({"what": what, **arguments}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            message = "the nursery is gone: see office.log"
            raise RuntimeError(message)
        self._children[name] = int(answer)

    def kill(self, name: str) -> bool:
        """SIGKILL to a child and its group; True when it lived."""
        pid = self._children.pop(name, None)
        if pid is None:
            return False
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        # The nursery's kernel reaps it; wait until it is gone, since it holds a port and a lock.
        while _lives(pid):
            time.sleep(0.005)
        return True

    def lives(self, name: str) -> bool:
        """Whether a child has not ended by itself."""
        pid = self._children.get(name)
        return pid is not None and _lives(pid)

    def close(self) -> None:
        """Kill all."""
        for name in list(self._children):
            self.kill(name)
        self._process.kill()
        self._process.wait()
        self._log.close()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def write_pace(home: Path, share: float) -> None:
    """Let the cameras send this share of their packages."""
    temporary = home / f".{_PACE}"
    temporary.write_text(f"{share}")
    temporary.replace(home / _PACE)


def _pace(home: Path) -> float:
    with suppress(OSError, ValueError):
        return float((home / _PACE).read_text())
    return 0.0


def run_office(home: Path, port: int) -> None:
    """Serve, with the sweeper and the worker beside the requests, as `tertib serve` does."""
    uvicorn.run(create_app(Settings(home=home)), host="127.0.0.1", port=port, log_level="warning")


def run_worker(home: Path) -> None:
    """What `tertib worker` does."""
    settings = Settings(home=home)
    database = connect(settings)
    outside = load_outside(settings)
    register = remote_register(outside)
    carry_register(database, register)
    worker_of(database, settings, outside, inbox_of(database, settings), register).run()


def run_camera(home: Path, port: int, camera_id: str, count: int, size_bytes: int) -> None:
    """A box: seals packages into its spool and sends them until all are acknowledged; goes on where it was killed."""
    key = camera_key(camera_id)
    with (
        Spool(home / "boxes" / camera_id) as spool,
        httpx.Client(timeout=httpx.Timeout(30, connect=5)) as client,
    ):
        sender = Sender(spool, f"http://127.0.0.1:{port}", token_of(camera_id), client=client)
        while True:
            link = spool.chain_link(camera_id)
            allowed = min(count, int(_pace(home) * count) + 1)
            if link.sequence <= allowed:
                camera = Camera(camera_id, key, link.sequence - 1, link.previous_sha256)
                spool.accept(camera.package(str(uuid4()), size_bytes))
            result = sender.run_once()
            if link.sequence > count and not result.waiting:
                return
            if result.retry_in_s is not None or link.sequence > allowed:
                time.sleep(min(_WAIT_S if result.retry_in_s is None else result.retry_in_s, _LONGEST_PAUSE_S))


def main() -> None:
    """Fork a child for each line that asks for one, and tell its process id."""
    home = Path(sys.argv[1])
    # Nobody waits for the children: the kernel forgets them when they end.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(order, home)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _become(order: dict[str, Any], home: Path) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with Path(os.devnull).open("r+b") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    children: dict[str, Callable[..., None]] = {"office": run_office, "worker": run_worker, "camera": run_camera}
    try:
        children[order.pop("what")](home, **order)
    except Exception:  # the parent's loop must not go on in a child
        _LOG.exception("a child ended")
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
