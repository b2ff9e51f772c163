"""One process that serves an office and does nothing beside it, for measuring: `python -m ... HOME PORT`."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import uvicorn

from api.app import create_app
from api.settings import Settings

_START_LIMIT_S: Final = 180


@contextmanager
def served(home: Path, port: int) -> Iterator[str]:
    """Serve an office in a process of its own, without the sweeper, until the block ends.

    Yields:
        The office's address.

    Raises:
        RuntimeError: it does not answer in time.
    """
    command = [sys.executable, "-m", "scripts.commands._bench_office", str(home), str(port)]
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
    office = create_app(Settings(home=Path(sys.argv[1])), sweeper=False)
    uvicorn.run(office, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", server_header=False)


if __name__ == "__main__":
    main()
