"""The embedded default of an outside system: a folder that somebody, or another program, takes things from."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from api.outbox.sending import Effect, SendingFailed


class FolderSender:
    """Puts effects into a folder, one file an effect; the same key twice is the same file.

    Args:
        folder: made when it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, effect: Effect) -> str:
        """Write the effect; its file's name is the answer.

        Raises:
            SendingFailed: the disk does not take it.
        """
        text = json.dumps({"key": effect.key, "kind": effect.kind, **effect.body}, ensure_ascii=False, indent=1)
        return put(self._folder, f"{effect.kind}-{named(effect.key)}.json", text.encode())


def named(key: str) -> str:
    """A file name for an idempotency key."""
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def put(folder: Path, name: str, data: bytes) -> str:
    """Write a file that is there whole or not at all; its name.

    Raises:
        SendingFailed: the disk does not take it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = folder / f".{name}.{os.getpid()}"
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(folder / name)
    except OSError as error:
        message = f"{folder / name} cannot be written: {error.strerror}"
        raise SendingFailed(message) from error
    return name
