"""An office that is served and does nothing beside it, for measuring: `python -m ... HOME PORT PROCESSES`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.settings import Settings

_START_LIMIT_S: Final = 180
_MODULE: Final = "scripts.commands._bench_office"
_HOME: Final = "TERTIB_BENCH_HOME"


@contextmanager
def served(home: Path, port: int, *, processes: int = 1) -> Iterator[str]:
    """Serve an office in processes of its own, without the sweeper, until the block ends.

    Yields:
        The office's address.

    Raises:
        RuntimeError: it does not answer in time.
    """
    command = [sys.executable, "-m", _MODULE, str(home), str(port), str(processes)]
    with (home / "office.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - ourselves
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + _START_LIMIT_S
        while True:
            try:
                httpx.get(f"{url}/v1/health", timeout=5)
                break
            except httpx.HTTPError as error:
                if time.monotonic() > until or process.poll() is not None:
                    message = f"the office did not start: see {home / 'office.log'}"
                    raise RuntimeError(message) from error
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def main() -> None:
    """Serve until stopped."""
    os.environ[_HOME] = sys.argv[1]
    port, processes = int(sys.argv[2]), int(sys.argv[3])
    options: dict[str, Any] = {"host": "127.0.0.1", "port": port, "log_level": "warning", "server_header": False}
    if processes == 1:
        uvicorn.run(office(), **options)
    else:
        uvicorn.run(f"{_MODULE}:office", factory=True, workers=processes, **options)


def office() -> FastAPI:
    """The office of one process."""
    return create_app(Settings(home=Path(os.environ[_HOME])), sweeper=False)


if __name__ == "__main__":
    main()
