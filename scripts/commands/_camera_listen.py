"""`tertib camera listen`: events that cameras push, and photographs from an officer's telephone, become packages."""

from __future__ import annotations

import secrets
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import structlog
import typer
from numpy.typing import NDArray

from models.detector import Detector, load_detector
from models.errors import ModelError
from models.plates.reader import PlateReader, load_plate_reader
from models.plates.reading import PlateReading
from pipeline.box.logs import box_log, forward_logging
from pipeline.delivery.errors import SpoolError
from pipeline.delivery.sender import Sender
from pipeline.delivery.spool import Spool
from pipeline.events.listener import Door, Listener, Taken
from pipeline.events.packaging import Claim, draft_of, handheld, identity
from pipeline.events.reading import EventRefused, Picture, PlateEvent, plate_text
from pipeline.evidence.errors import EvidenceError
from pipeline.evidence.keys import SigningKey
from pipeline.evidence.offence import OffenceCode
from pipeline.evidence.package import seal
from pipeline.perception.shared_detector import SharedDetector
from pipeline.perception.shared_reader import SharedReader
from pipeline.scene import Scene, SceneError, load_scene
from pipeline.sealer import running_software
from scripts.commands._box_run import token_for
from scripts.commands._camera_keys import folder_key
from scripts.commands._signals import stopped_by_signal

EXAMPLE = "Example: tertib camera listen gate.yaml --spool var/spool --port 8091 --offence bus_lane"
LEAST_SCORE = 0.3


@dataclass(frozen=True)
class _SecondLook:
    """Our own detector and reader on a vendor's picture."""

    detector: Detector
    reader: PlateReader

    def __call__(self, picture: NDArray[np.uint8]) -> Sequence[tuple[tuple[float, float, float, float], PlateReading]]:
        seen = self.detector.detect(picture, confidence=LEAST_SCORE).only("plate")
        found = []
        for box in seen.boxes:
            x1, y1, x2, y2 = (float(value) for value in box)
            crop = picture[max(0, int(y1)) : int(y2) + 1, max(0, int(x1)) : int(x2) + 1]
            if crop.size:
                found.append(((x1, y1, x2, y2), self.reader.read(np.ascontiguousarray(crop))))
        return found


class EventTaker:
    """Seals events and keeps them in the spool.

    Args:
        scenes: By camera.
        keys: By camera.
        spool: Keeps the packages.
        offence: What a pushed event is taken to report; None = events are told, none is packed.
        second_look: By camera.
        log: Told what came, without plates.
    """

    def __init__(
        self,
        scenes: Mapping[str, Scene],
        keys: Mapping[str, SigningKey],
        spool: Spool,
        offence: OffenceCode | None,
        second_look: Mapping[str, _SecondLook],
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._scenes, self._keys, self._spool, self._offence = scenes, keys, spool, offence
        self._second_look, self._log = second_look, log
        self._software = running_software()
        self._guard = threading.Lock()

    def take(self, camera_id: str, event: PlateEvent) -> Taken:
        """A pushed event."""
        if self._offence is None:
            return self._told(camera_id, event, "nobody said which offence the events of this camera report")
        claim = Claim(self._scenes[camera_id], self._offence, f"the camera's own software ({event.vendor})")
        return self._pack(camera_id, event, claim)

    def take_photograph(self, camera_id: str, pictures: tuple[Picture, ...], fields: Mapping[str, str]) -> Taken:
        """A photograph from an officer's telephone.

        Raises:
            EventRefused: The form names no offence that there is.
        """
        try:
            offence = OffenceCode(fields.get("offence", ""))
        except ValueError:
            raise EventRefused("bad_value", f"the form names no offence: one of {', '.join(OffenceCode)}") from None
        event = handheld(plate_text(fields.get("plate")), pictures, datetime.now(UTC))
        return self._pack(camera_id, event, Claim(self._scenes[camera_id], offence, "an officer's photograph"))

    def refused(self, camera_id: str, error: EventRefused) -> None:
        """A body that was no event; signs of life are not worth a line."""
        if error.damage != "not_a_reading":
            self._log.warning("an event was refused", camera=camera_id, why=f"{error.damage}: {error}")

    def _pack(self, camera_id: str, event: PlateEvent, claim: Claim) -> Taken:
        package_id = identity(camera_id, event)
        if self._spool.has_known(package_id):
            return Taken(package_id, "it was here already")
        try:
            draft = draft_of(
                event,
                claim,
                received_at=datetime.now(UTC),
                software=self._software,
                second_look=self._second_look[camera_id],
            )
        except EventRefused as error:
            if event.vendor == "handheld" or error.damage not in {"no_time", "no_picture"}:
                raise
            return self._told(camera_id, event, str(error))
        with self._guard:  # two events must not be sealed for one place in the chain
            if self._spool.has_known(package_id):
                return Taken(package_id, "it was here already")
            link = self._spool.chain_link(camera_id)
            self._spool.accept(seal(draft, key=self._keys[camera_id], link=link, package_id=package_id))
        self._log.info("an event was packed", camera=camera_id, package=package_id)
        return Taken(package_id)

    def _told(self, camera_id: str, event: PlateEvent, why: str) -> Taken:
        self._log.info(f"an event of {event.vendor} is only told", camera=camera_id, why=why)
        return Taken(None, why)


def listen(
    scene_files: Annotated[list[Path], typer.Argument(metavar="SCENE.yaml...", help="One scene a camera.")],
    spool: Annotated[Path, typer.Option(metavar="DIR", help="Where packages wait until the office has them.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")] = 8091,
    host: Annotated[str, typer.Option(help="Address on the camera network.")] = "127.0.0.1",
    offence: Annotated[str, typer.Option(help="What pushed events report, e.g. bus_lane; without: told only.")] = "",
    office: Annotated[str | None, typer.Option(metavar="URL", help="The office.")] = None,
    token: Annotated[str, typer.Option(envvar="TERTIB_TOKEN", help="The box's token; default: of DIR.")] = "",
    keys: Annotated[Path | None, typer.Option(metavar="DIR", help="Keys, tokens and secrets.")] = None,
) -> None:
    """Listen for events that cameras push (Hikvision, Dahua, ONVIF, JSON) and for an officer's photographs.

    Each camera posts to /events/CAMERA with its secret (`CAMERA.secret` beside the keys, made at the first start) as
    bearer token, as the password of Basic, or as the last part of the address. A telephone posts a form with `photo`,
    `offence` and `plate` to /handheld/CAMERA. The plate is only believed where our own reading of the picture agrees.
    """
    stop = threading.Event()
    folder = keys or spool / "keys"
    log = box_log()
    forward_logging(log)
    try:
        code = OffenceCode(offence) if offence else None
    except ValueError:
        raise typer.TyperException(f"--offence {offence}: choose one of {', '.join(OffenceCode)}") from None
    try:
        scenes = {scene.camera.id: scene for scene in (load_scene(file) for file in scene_files)}
        with Spool(spool) as kept:
            detector = SharedDetector(load_detector())
            readers = {
                countries: SharedReader(load_plate_reader(countries=countries))
                for countries in {scene.plate_countries for scene in scenes.values()}
            }
            looks = {name: _SecondLook(detector, readers[scene.plate_countries]) for name, scene in scenes.items()}
            taker = EventTaker(scenes, {name: folder_key(folder, name) for name in scenes}, kept, code, looks, log)
            doors = {name: Door(name, _secret(folder, name), scene.camera.zone) for name, scene in scenes.items()}
            tokens = {name: token_for(name, token, folder) for name in scenes}
            sender = Sender(kept, office, tokens) if office else None
            listener = Listener((host, port), doors, taker.take, taker.take_photograph, taker.refused)
            for name in doors:
                sys.stdout.write(f"http://{host}:{listener.port}/events/{name}\n")
            sys.stdout.flush()
            with stopped_by_signal(stop):
                sending = threading.Thread(target=lambda: sender.run(stop) if sender else None, daemon=True)
                sending.start()
                stop.wait()
            listener.close()
            sending.join()
    except (SceneError, SpoolError, ModelError, EvidenceError, OSError, ValueError) as error:
        raise typer.TyperException(str(error)) from error


def _secret(folder: Path, camera_id: str) -> str:
    path = folder / f"{camera_id}.secret"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24) + "\n")
    return path.read_text().strip()
