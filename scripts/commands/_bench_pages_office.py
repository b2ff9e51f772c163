"""An office of its own for `tertib bench pages`: cases that wait, tickets, complaints, and people who may see them."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import av
from PIL import Image, ImageDraw
from sqlalchemy.orm import Session

from api.complaints.service import Complaint, open_complaint
from api.database import Database, connect
from api.intake.cameras import add_camera, add_key
from api.intake.evidence_store import EvidenceStore
from api.intake.service import accept_package
from api.people.service import User, add_user
from api.register.service import Vehicle, load_register
from api.settings import Settings
from api.store.kinds import Audience
from api.store.service import append
from api.store.tables import CaseRow
from api.tickets.service import issue_ticket
from pipeline.evidence.keys import SigningKey
from pipeline.evidence.manifest import CameraRef, ChainLink, PlateCandidate, PlateEvidence, SceneRef, Software, TrackRef
from pipeline.evidence.moving import Instant, Moving
from pipeline.evidence.offence import OffenceCode
from pipeline.evidence.package import Draft, MediaMember, SealedPackage, seal
from scripts.commands._bench_office import served
from scripts.commands._demo_office import free_port

CAMERA: Final = "bench-01"
PLATE: Final = "H 1234 AB"
OFFICER: Final = "petugas"
SUPERVISOR: Final = "penyelia"
TICKETS: Final = 20
COMPLAINTS: Final = 20
CLIP_S: Final = 7.0
WIDTH, HEIGHT, RATE = 1280, 720, 12
BOX: Final = (440.0, 300.0, 860.0, 660.0)
MADE: Final = "drawn by the bench"


@dataclass(frozen=True)
class Filled:
    """An office that runs, and how to see all of it."""

    url: str
    password: str
    ticket: str
    case: UUID
    complaint: str


def _picture(second: float, words: str) -> Image.Image:
    made = Image.new("RGB", (WIDTH, HEIGHT), "#7d8790")
    pen = ImageDraw.Draw(made)
    pen.polygon([(0, HEIGHT), (520, 200), (760, 200), (WIDTH, HEIGHT)], fill="#3d444b")
    shift = 40 * (second - CLIP_S / 2)
    pen.rectangle((BOX[0], BOX[1] + shift, BOX[2], BOX[3] + shift), fill="#8c2f2f", outline="#ffffff", width=3)
    # Texture, so that a still weighs what a still of a street weighs.
    noise = Image.effect_noise((WIDTH, HEIGHT), 40).convert("RGB")
    made = Image.blend(made, noise, 0.25)
    ImageDraw.Draw(made).text((20, 20), words, fill="white", font_size=28)
    return made


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88)
    return out.getvalue()


def _clip() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "26", "preset": "ultrafast", "g": "24"}
        for number in range(round(CLIP_S * RATE)):
            container.mux(stream.encode(av.VideoFrame.from_image(_picture(number / RATE, "Jl. Contoh"))))
        container.mux(stream.encode())
    return out.getvalue()


def _media() -> list[MediaMember]:
    middle = _picture(CLIP_S / 2, "Jl. Contoh")
    drawn = middle.copy()
    ImageDraw.Draw(drawn).rectangle(BOX, outline="#f2b632", width=4)
    instants = tuple(Instant(at_s=round(n * 0.1 - 4, 1), own=BOX) for n in range(70))
    moving = Moving(width_px=WIDTH, height_px=HEIGHT, clip_begins_s=-4.0, instants=instants)
    plate = middle.crop((560, 560, 740, 620))
    return [
        MediaMember("clip.mp4", "clip", "video/mp4", _clip()),
        MediaMember("overview.jpg", "overview", "image/jpeg", _jpeg(_picture(1, "Jl. Contoh"))),
        MediaMember("offence.jpg", "offence", "image/jpeg", _jpeg(middle)),
        MediaMember("drawn.jpg", "offence_drawn", "image/jpeg", _jpeg(drawn), "offence.jpg", MADE),
        MediaMember("plate.jpg", "plate", "image/jpeg", _jpeg(plate), "offence.jpg", "crop 560,560,740,620"),
        MediaMember("moving.json", "moving", "application/json", moving.to_bytes(), "clip.mp4", MADE),
    ]


def _packages(key: SigningKey, cases: int) -> Iterator[SealedPackage]:
    media, previous = _media(), None
    begin = datetime.now(UTC) - timedelta(hours=2)
    camera = CameraRef(camera_id=CAMERA, agency="ditlantas-jateng", jurisdiction="jateng", place="Jl. Contoh 1")
    text = PLATE.replace(" ", "")
    for number in range(1, cases + 1):
        at = begin + timedelta(seconds=2 * number)
        draft = Draft(
            camera=camera,
            scene=SceneRef(name="bench", version_sha256="0" * 64),
            offence=OffenceCode("bus_lane"),
            occurred_at=at,
            clock_source="rtcp",
            clock_uncertainty_ms=10.5,
            track=TrackRef(
                track_id=number,
                vehicle_class="car",
                first_seen_at=at - timedelta(seconds=3),
                last_seen_at=at + timedelta(seconds=2),
                box=BOX,
                frame=50,
            ),
            plate=PlateEvidence(
                text=text, confidence=0.97, abstained=False, candidates=(PlateCandidate(text=text, confidence=0.97),)
            ),
            software=Software(version="0", models={}),
            measured={"in_lane_s": 2.5, "offence_in_clip_s": 4.0},
            bystanders=dict.fromkeys(("overview.jpg", "offence.jpg", "drawn.jpg"), ()),
            media=media,
        )
        link = ChainLink(sequence=number, previous_sha256=previous)
        made = seal(draft, key=key, link=link, package_id=str(uuid4()))
        previous = made.chain_sha256
        yield made


def _people(session: Session, password: str) -> User:
    add_user(session, login=SUPERVISOR, name="Penyelia (contoh)", role="supervisor", password=password)
    return add_user(session, login=OFFICER, name="Petugas (contoh)", role="officer", password=password)


def _fill(database: Database, settings: Settings, cases: int, password: str) -> tuple[str, UUID, str]:
    """Cases, tickets and complaints; reference of a ticket, id of a case that waits, reference of a complaint."""
    key = SigningKey.generate()
    with database.session() as session:
        officer = _people(session, password)
        add_camera(session, camera_id=CAMERA, place="Jl. Contoh 1", agency="ditlantas-jateng", jurisdiction="jateng")
        add_key(session, key.public(CAMERA, valid_from=datetime.now(UTC) - timedelta(days=1)))
        text = PLATE.replace(" ", "")
        load_register(
            session,
            [Vehicle(text, "car", "Toyota", "Avanza", "merah", 2019, "Budi (contoh)", "Jl. Contoh 2", "bench")],
        )
    store = EvidenceStore(settings.evidence)
    ids = []
    for package in _packages(key, cases + TICKETS):
        with database.session() as session:
            told = accept_package(session, store, camera_id=CAMERA, data=package.data, idempotency_key=None)
            ids.append(told.case_id)
    references = []
    for case_id in ids[:TICKETS]:
        with database.session() as session:
            append(session, case_id, "approved", actor=officer.actor, body={}, audience=Audience.INTERNAL)
            ticket = issue_ticket(session, violation_case=session.get_one(CaseRow, case_id), officer=officer.actor)
            references.append(session.get_one(CaseRow, ticket.id).reference)
    with database.session() as session:
        told_by = Complaint(category="traffic", text="Lampu lalu lintas mati.", place="Simpang Lima")
        law = database.jurisdictions.first
        complaints = [open_complaint(session, told_by, jurisdiction=law) for _ in range(COMPLAINTS)]
        complaint = complaints[0].reference
    return references[0], ids[-1], complaint


@contextmanager
def filled_office(home: Path, cases: int) -> Iterator[Filled]:
    """A fresh office with so many cases that wait, served until the block ends.

    Raises:
        RuntimeError: it does not answer in time.
    """
    settings = Settings(home=home)
    database = connect(settings)
    password = secrets.token_urlsafe(16)
    try:
        ticket, case, complaint = _fill(database, settings, cases, password)
        with served(home, free_port()) as url:
            yield Filled(url, password, ticket, case, complaint)
    finally:
        database.close()
