"""What the tests of the public face share: a page as read without JavaScript, and a ticket that came the whole way."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from PIL import Image, ImageDraw

from api.database import Database
from api.intake.cameras import add_camera, add_key
from api.intake.evidence_store import EvidenceStore
from api.intake.service import accept_package
from api.people.service import User
from api.register.service import Vehicle, load_register
from api.settings import Settings
from api.store.kinds import Audience
from api.store.service import append
from api.store.tables import CaseRow
from api.tickets.service import issue_ticket
from pipeline.evidence.package import MediaMember, SealedPackage
from tests.pipeline.evidence.builder import CAMERA_ID, VALID_FROM, camera_key, sealed_package

PLATE = "H 1234 AB"
OWNER = "Budi Santoso (contoh)"
BYSTANDER = (10.0, 20.0, 90.0, 60.0)


@dataclass
class Form:
    """One form of a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """A page, parsed: its words, headings, links, forms, pictures and ids."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.status = answer.status_code
        self.words: list[str] = []
        self.headings: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.forms: list[Form] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.scripts = 0
        self.alerts = 0
        self._stack: list[str] = []
        self._area: str | None = None
        self._select: str | None = None
        self.feed(answer.text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag not in {"input", "img", "meta", "link", "br", "hr"}:
            self._stack.append(tag)
        if given.get("id"):
            self.ids.append(given["id"])
        if given.get("role") == "alert":
            self.alerts += 1
        match tag:
            case "script":
                self.scripts += 1
            case "a":
                self.links.append(given.get("href") or "")
            case "img":
                self.images.append(given)
            case "label":
                self.labels.add(given.get("for") or "")
            case "form":
                self.forms.append(Form(given.get("action") or "", given.get("method") or "get"))
            case "input" if self.forms and given.get("name"):
                self._input(given)
            case "textarea":
                self._area = given["name"]
                self.forms[-1].fields[given["name"]] = ""
            case "select":
                self._select = given["name"]
                self.forms[-1].fields.setdefault(given["name"], "")
            case "option" if self._select and "selected" in given:
                self.forms[-1].fields[self._select] = given.get("value") or ""

    def _input(self, given):
        kind = given.get("type") or "text"
        if kind in {"radio", "checkbox"} and "checked" not in given:
            self.forms[-1].fields.setdefault(given["name"], "")
        elif kind != "file":
            self.forms[-1].fields[given["name"]] = given.get("value") or ""

    def handle_endtag(self, tag):
        if tag in self._stack:
            while self._stack and self._stack.pop() != tag:
                pass
        if tag == "textarea":
            self._area = None
        if tag == "select":
            self._select = None

    def handle_data(self, data):
        if self._area is not None:
            # The line feed right after <textarea> belongs to the markup.
            self.forms[-1].fields[self._area] += data
            return
        if self._stack and self._stack[-1] in {"h1", "h2"}:
            self.headings.append(data.strip())
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def form(self, action: str) -> Form:
        return next(form for form in self.forms if form.action == action)


def get(client: TestClient, path: str, **more) -> Page:
    return Page(client.get(path, headers={"accept": "text/html"}, **more))


def send(client: TestClient, form: Form, files=None, **values: str) -> Response:
    """Send a form as a browser does, with these values typed in."""
    return client.post(form.action, data={**form.fields, **values}, files=files, headers={"accept": "text/html"})


def look_up(client: TestClient, reference: str, plate: str = PLATE) -> Response:
    return send(client, get(client, "/lookup").form("/lookup"), reference=reference, plate=plate)


def follow(client: TestClient, answer: Response) -> Page:
    assert answer.status_code == 303, answer.text
    target = urlsplit(answer.headers["location"])
    return get(client, target.path + (f"?{target.query}" if target.query else ""))


def picture(width: int = 320, height: int = 280, *, media_type: str = "JPEG") -> bytes:
    made = Image.new("RGB", (width, height), (70, 80, 90))
    draw = ImageDraw.Draw(made)
    for x in range(0, width, 8):
        draw.line((x, 0, width - x, height), fill=(230, 230, 230))
    out = io.BytesIO()
    made.save(out, media_type)
    return out.getvalue()


def media() -> list[MediaMember]:
    return [
        MediaMember("clip.mp4", "clip", "video/mp4", b"clip" * 80),
        MediaMember("overview.jpg", "overview", "image/jpeg", picture()),
        MediaMember("offence.jpg", "offence", "image/jpeg", picture()),
        MediaMember("plate.jpg", "plate", "image/jpeg", picture(120, 40), "offence.jpg", "crop 100,200,220,240"),
    ]


def package(sequence: int = 1, **changes) -> SealedPackage:
    boxes = {"overview.jpg": (BYSTANDER,), "offence.jpg": (BYSTANDER,)}
    return sealed_package(sequence=sequence, **{"media_members": media(), "bystanders": boxes, **changes})


def register_vehicle(database: Database, plate: str = "H1234AB") -> None:
    with database.session() as session:
        load_register(
            session,
            [Vehicle(plate, "car", "Toyota", "Avanza", "putih", 2019, OWNER, "Jalan Contoh 1, Semarang", "test")],
        )


def take_in(database: Database, settings: Settings, sealed: SealedPackage) -> CaseRow:
    """The violation that a package opens."""
    with database.session() as session:
        add_camera(session, camera_id=CAMERA_ID, place="Jl. Pemuda", agency="dishub", jurisdiction="jateng")
        add_key(session, camera_key().public(CAMERA_ID, valid_from=VALID_FROM))
    with database.session() as session:
        receipt = accept_package(
            session, EvidenceStore(settings.evidence), camera_id=CAMERA_ID, data=sealed.data, idempotency_key=None
        )
        return session.get_one(CaseRow, receipt.case_id)


def approve(database: Database, violation: CaseRow, officer: User) -> None:
    with database.session() as session:
        append(session, violation.id, "approved", actor=officer.actor, body={}, audience=Audience.INTERNAL)


def make_ticket(database: Database, settings: Settings, officer: User, sequence: int = 1, **changes) -> CaseRow:
    """A ticket that came the whole way: package, violation, approval, register match."""
    register_vehicle(database)
    violation = take_in(database, settings, package(sequence, **changes))
    approve(database, violation, officer)
    with database.session() as session:
        return issue_ticket(session, violation_case=violation, officer=officer.actor)


@pytest.fixture
def ticket(database: Database, settings: Settings, officer: User) -> CaseRow:
    return make_ticket(database, settings, officer)


@pytest.fixture
def owner(client: TestClient, ticket: CaseRow) -> Iterator[TestClient]:
    """The ticket's owner, who has shown reference and plate."""
    assert look_up(client, ticket.reference).status_code == 303
    return client
