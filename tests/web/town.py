"""The town: an office with people of every role and a case of every sort, and where each of its pages is."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import httpx
from PIL import Image, ImageDraw

from api.clock import DatabaseClock, now
from api.complaints.service import Complaint, open_complaint
from api.contests.service import open_contest
from api.corrections.service import Wish, open_correction
from api.database import Database
from api.eoffice import service as eoffice
from api.intake.cameras import add_camera, add_key
from api.intake.evidence_store import EvidenceStore
from api.intake.service import accept_package
from api.mall import service as mall
from api.mall.links import FileLinks
from api.outbox.tables import InboxRow
from api.people.service import User, add_user, hash_password
from api.portal.passes import COOKIE, PartyPasses
from api.register.service import Vehicle, load_register
from api.settings import Settings
from api.store.kinds import Audience
from api.store.service import append
from api.store.tables import CaseRow
from api.tickets.service import issue_ticket
from pipeline.evidence.package import MediaMember
from tests.api.conftest import PASSWORD
from tests.pipeline.evidence.builder import CAMERA_ID, OCCURRED_AT, VALID_FROM, camera_key, sealed_chain
from tests.web.history import build_history

CLIP = Path(__file__).parents[2] / "samples" / "clips" / "parkpow-cars.mp4"
PLATE = "H 1234 AB"
ENGINE, CHASSIS = "1NRF123456", "MHKM5EA3JKK123456"
PEOPLE = {"petugas": "officer", "penyelia": "supervisor", "auditor": "auditor", "admin": "admin", "dishub": "agency"}
BOX = (220.0, 150.0, 430.0, 330.0)


@dataclass
class Town:
    """Where the office is, and what is in it.

    Attributes:
        url: its address.
        cookies: what a browser of each person holds; "owner": the party of every ticket.
        places: what stands in an address between braces, by the route's path.
    """

    url: str
    database: Database
    settings: Settings
    cookies: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    waiting: list[UUID] = field(default_factory=list)
    ticket: str = ""


def still(words: str, width: int = 640, height: int = 360) -> bytes:
    """A picture of a road with a car on it, good enough to look at."""
    made = Image.new("RGB", (width, height), "#7d8790")
    pen = ImageDraw.Draw(made)
    pen.polygon(
        [(0, height), (width * 0.4, height * 0.3), (width * 0.6, height * 0.3), (width, height)], fill="#3d444b"
    )
    pen.rectangle(BOX, fill="#8c2f2f", outline="#ffffff", width=2)
    pen.text((10, 10), words, fill="white")
    out = io.BytesIO()
    made.save(out, "JPEG", quality=80)
    return out.getvalue()


def crop() -> bytes:
    """A plate's crop."""
    made = Image.new("RGB", (120, 40), "#f4f4f4")
    ImageDraw.Draw(made).text((28, 12), PLATE, fill="black")
    out = io.BytesIO()
    made.save(out, "JPEG", quality=90)
    return out.getvalue()


def media() -> list[MediaMember]:
    """A real clip, so that it plays, and drawn stills."""
    return [
        MediaMember("clip.mp4", "clip", "video/mp4", CLIP.read_bytes()),
        MediaMember("overview.jpg", "overview", "image/jpeg", still("before")),
        MediaMember("offence.jpg", "offence", "image/jpeg", still("offence")),
        MediaMember("drawn.jpg", "offence_drawn", "image/jpeg", still("drawn"), "offence.jpg", "draw scene"),
        MediaMember("plate.jpg", "plate", "image/jpeg", crop(), "offence.jpg", "crop 260,290,380,330"),
    ]


def build_town(database: Database, settings: Settings, url: str, past: DatabaseClock | None = None) -> Town:
    """Fill an office whose address is known; with its clock `past`, half a year of complaints lies behind it."""
    town = Town(url, database, settings)
    password = hash_password(PASSWORD)
    people: dict[str, User] = {}
    with database.session() as session:
        for login, role in PEOPLE.items():
            people[login] = add_user(
                session,
                login=login,
                name=f"{login.title()} (contoh)",
                role=role,
                agency="dishub" if role == "agency" else None,
                password=PASSWORD,
                password_hash=password,
            )
        add_camera(session, camera_id=CAMERA_ID, place="Jl. Pemuda", agency="ditlantas-jateng", jurisdiction="jateng")
        add_key(session, camera_key().public(CAMERA_ID, valid_from=VALID_FROM))
        load_register(
            session,
            [
                Vehicle(
                    "H1234AB",
                    "car",
                    "Toyota",
                    "Avanza",
                    "merah",
                    2019,
                    "Budi (contoh)",
                    "Jl. Contoh 1",
                    "test",
                    engine_number=ENGINE,
                    chassis_number=CHASSIS,
                )
            ],
        )
        store = EvidenceStore(settings.evidence)
        cases = [
            accept_package(session, store, camera_id=CAMERA_ID, data=package.data, idempotency_key=None).case_id
            for package in sealed_chain(6, media_members=media(), occurred_at=OCCURRED_AT)
        ]
    if past is not None:
        build_history(database, past, {"dishub": people["dishub"]})
    officer = people["petugas"].actor
    tickets = []
    with database.session() as session:
        for case_id in cases[:2]:
            append(session, case_id, "approved", actor=officer, body={}, audience=Audience.INTERNAL)
            violation = session.get_one(CaseRow, case_id)
            tickets.append(issue_ticket(session, violation_case=violation, officer=officer))
        contest = open_contest(session, ticket=tickets[1], ground="other", text="Lajur ditutup pekerjaan jalan.")
        told = Complaint(category="traffic", text="Lampu lalu lintas mati sejak pagi.", place="Simpang Lima")
        complaint = open_complaint(session, told, jurisdiction=database.jurisdictions.first)
        message = InboxRow(
            id=uuid4(), source="mail", message_id="town", raw=b"From: a", state="refused", received_at=now(session)
        )
        session.add(message)
        dishub = people["dishub"].actor
        law = database.jurisdictions.first
        letter = eoffice.receive(
            session, jurisdiction=law, agency="dishub", sender="Bupati (contoh)", about="Undangan rapat", actor=dishub
        )
        penyelia = str(people["dishub"].id)
        eoffice.dispose(session, letter.id, to_id=penyelia, instruction="Siapkan jawaban", days=2, actor=dishub)
        visitor, _ = mall.take_number(session, "kia", hall="mpp", jurisdiction=law, actor=dishub)
        wish = Wish(what="alamat", held="Jl. Lama 1", right="Jl. Baru 2")
        correction = open_correction(session, wish, jurisdiction=law, agency="bapenda")
        references = [session.get_one(CaseRow, one.id).reference for one in tickets]
    town.waiting = cases[2:]
    town.ticket = references[0]
    town.places = {
        "/a/{reference}": f"/a/{complaint.reference}",
        "/t/{reference}": f"/t/{references[0]}",
        "/t/{reference}/confirm": f"/t/{references[0]}/confirm",
        "/t/{reference}/contest": f"/t/{references[0]}/contest",
        "/t/{reference}/verify": f"/t/{references[0]}/verify",
        "/t/{reference}/pay": f"/t/{references[0]}/pay",
        "/t/{reference}/clip": f"/t/{references[0]}/clip",
        "/review/{name}": f"/review/{cases[2]}",
        "/review/{name}/register": f"/review/{cases[2]}/register",
        "/audit/inbox/{entry}": f"/audit/inbox/{message.id}",
        "/agency/cases/{name}": f"/agency/cases/{complaint.id}",
        "a wish for correction": f"/agency/cases/{correction.id}",
        "/agency/tickets/{name}": f"/agency/tickets/{tickets[0].id}",
        "/agency/letters/{name}": f"/agency/letters/{letter.id}",
        "a letter to be written": "/agency/letters/new?direction=out",
        "/agency/files/{name}": f"/agency/files/{visitor.id}",
        "/agency/files/{name}/paper": f"/agency/files/{visitor.id}/paper",
        "/m/{reference}/{signature}": FileLinks(settings.secret).path(visitor.reference),
        "/cameras/{camera}": f"/cameras/{CAMERA_ID}",
        "/audit/cases/{name}": f"/audit/cases/{references[0]}?prove=1",
        "the case of a contest": f"/review/{contest.id}",
        "the case of a complaint": f"/review/{complaint.id}",
        "a contested ticket": f"/t/{references[1]}",
    }
    for login in PEOPLE:
        town.cookies[login] = signed_in(url, login)
    passes = PartyPasses(settings.secret, secure=settings.secure)
    town.cookies["owner"] = [
        {
            "name": COOKIE,
            "value": passes.make(one.id, at=time.time()),
            "domain": "127.0.0.1",
            "path": f"/t/{one.reference}",
        }
        for one in tickets
    ]
    return town


def signed_in(url: str, login: str) -> list[dict[str, str]]:
    """The cookies of somebody who has signed in."""
    with httpx.Client(base_url=url, timeout=90) as browser:
        _, _, rest = browser.get("/sign-in").text.partition('name="csrf_token" value="')
        token = rest.partition('"')[0]
        answer = browser.post("/sign-in", data={"login": login, "password": PASSWORD, "csrf_token": token})
        assert answer.status_code == 303, answer.text
        return [{"name": name, "value": value, "url": url} for name, value in browser.cookies.items()]
