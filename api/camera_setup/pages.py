"""`/cameras`: the cameras, and a camera's scene: drawn over its latest frame, compared, tried out, published.

What is typed comes back on the page and as a file. A technician signs it on his own machine (`tertib scene sign`): his
key never comes here. A published version is kept with its signature and never changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.attachments.cleaning import MAX_BYTES as MAX_FRAME_BYTES
from api.attachments.cleaning import AttachmentTooLargeError, AttachmentUnreadableError
from api.board.oversight import cameras
from api.camera_setup.adding import SORTS, PartUnfitError, add_part, first_text, points_in
from api.camera_setup.drawing import Drawn, SceneUnreadableError, differences, draw, read_scene
from api.camera_setup.frames import frame_of, put_frame
from api.camera_setup.ground import LEAST_POINTS, Ground, PointsUnfitError, fit
from api.camera_setup.shadow import MAX_BYTES, Compared, ShadowUnreadableError, compare, offered
from api.camera_setup.tables import SceneVersionRow
from api.camera_setup.versions import VersionRefusedError, publish, versions_of
from api.clock import now
from api.intake.tables import CameraRow, PackageRow
from api.people.dependencies import require_role
from api.people.service import User
from api.requests import DbSession
from api.store.errors import CaseNotFound
from api.store.reading import readable_by
from api.store.tables import CaseRow
from api.web.language import language_of
from api.web.messages import catalogue
from api.web.rendering import render
from pipeline.evidence.manifest import Manifest, Role

router = APIRouter(include_in_schema=False)
Technician = Annotated[User, Depends(require_role("supervisor", "admin"))]
MOST_FORM: Final = 70_000
USUAL_FRAME: Final = (1920, 1080)
NO_PART: Final = {"sort": "lane", "name": "", "points": "", "metres": ""}
Typed = Annotated[str, Form(max_length=MOST_FORM)]
Short = Annotated[str, Form(max_length=4_000)]


@dataclass
class Work:
    """What a technician is at: the texts of the form, what is wrong with them, and what came of them."""

    scene: str = ""
    other: str = ""
    part: dict[str, str] = field(default_factory=lambda: dict(NO_PART))
    errors: dict[str, str] = field(default_factory=dict)
    done: str = ""
    compared: Compared | None = None


@router.get("/cameras")
def camera_list(request: Request, session: DbSession, user: Technician) -> Response:
    """All cameras and how they are."""
    moment = now(session)
    context = {"viewer": user, "now": moment, "cameras": cameras(session, user.viewer, moment)}
    return render(request, "cameras/list.html", context)


def _frame(session: Session, user: User, camera: str) -> tuple[str | None, str | None]:
    """Address of the latest undrawn still that this person may see, and hash of the scene that it was judged by."""
    query = (
        readable_by(user.viewer)
        .join(PackageRow, PackageRow.case_id == CaseRow.id)
        .with_only_columns(PackageRow, maintain_column_froms=True)
        .where(PackageRow.camera_id == camera)
        .order_by(PackageRow.sequence.desc())
        .limit(1)
    )
    row = session.scalars(select(PackageRow).from_statement(query)).one_or_none()
    if row is None:
        return None, None
    manifest = Manifest.from_bytes(row.manifest.encode())
    still = next((m for role in (Role.OVERVIEW, Role.OFFENCE) for m in manifest.members if m.role is role), None)
    address = None if still is None else f"/review/{row.case_id}/evidence/{still.name}"
    return address, manifest.scene.version_sha256


def _camera(session: Session, user: User, camera: str) -> CameraRow:
    row = session.get(CameraRow, camera)
    if row is None or (user.viewer.only_agency is not None and row.agency != user.viewer.only_agency):
        raise CaseNotFound
    return row


def _drawn(work: Work) -> tuple[Drawn | None, tuple[str, ...] | None]:
    """The scene as lines, and what another version differs in; what cannot be read is put into `work.errors`."""
    drawn: Drawn | None = None
    values: dict[str, Any] = {}
    differ: tuple[str, ...] | None = None
    try:
        if work.scene.strip():
            values = read_scene(work.scene)
            drawn = draw(values)
    except SceneUnreadableError as error:
        work.errors["scene"] = str(error)
    try:
        if work.other.strip() and values:
            differ = differences(values, read_scene(work.other))
    except SceneUnreadableError as error:
        work.errors["other"] = str(error)
    return drawn, differ


def _page(request: Request, session: Session, user: User, row: CameraRow, work: Work) -> Response:
    frame, version = _frame(session, user, row.camera_id)
    put = frame_of(session, row.camera_id)
    if put is not None:
        frame = f"/cameras/{row.camera_id}/frame.jpg?at={put.put_at.timestamp():.0f}"
    drawn, differ = _drawn(work)
    ground: Ground | None = None
    unfit = False
    if drawn is not None and drawn.surveyed:
        try:
            ground = fit(drawn.surveyed)
        except PointsUnfitError:
            unfit = True
    published = versions_of(session, row.camera_id)
    context = {
        "viewer": user,
        "camera": row,
        "frame": frame,
        "version": version,
        "in_force": next((one.version for one in published if one.version_sha256 == version), None),
        "work": work,
        "drawn": drawn,
        "ground": ground,
        "unfit": unfit,
        "least": LEAST_POINTS,
        "differ": differ,
        "sorts": tuple(SORTS),
        "published": published,
    }
    return render(request, "cameras/scene.html", context, status_code=422 if work.errors else 200)


@router.get("/cameras/{camera}")
def camera_page(request: Request, session: DbSession, user: Technician, camera: str) -> Response:
    """One camera: its frame, the form for its scene, and its published versions. It begins with the last of these."""
    row = _camera(session, user, camera)
    published = versions_of(session, camera)
    put = frame_of(session, camera)
    size = USUAL_FRAME if put is None else (put.width_px, put.height_px)
    new = first_text(camera, row.agency, row.jurisdiction, row.place, *size)
    return _page(request, session, user, row, Work(scene=published[0].scene if published else new))


@router.post("/cameras/{camera}")
def scene_sent(
    request: Request,
    session: DbSession,
    user: Technician,
    camera: str,
    scene: Typed = "",
    other: Typed = "",
    act: Short = "draw",
    sort: Short = "lane",
    name: Short = "",
    points: Short = "",
    metres: Short = "",
) -> Response:
    """The scene, drawn; a part added to it; with another version beside it, what differs."""
    row = _camera(session, user, camera)
    work = Work(scene, other, {"sort": sort, "name": name, "points": points, "metres": metres})
    if act == "add":
        try:
            work.scene = add_part(scene, sort, name.strip().lower(), points_in(points), points_in(metres))
            work.part = {**NO_PART, "sort": sort}
            work.done = "added"
        except PartUnfitError as error:
            work.errors["points"] = catalogue().text(language_of(request), error.message, **error.values)
        except SceneUnreadableError as error:
            work.errors["scene"] = str(error)
    return _page(request, session, user, row, work)


@router.post("/cameras/{camera}/frame")
def frame_sent(
    request: Request,
    session: DbSession,
    user: Technician,
    camera: str,
    scene: Typed = "",
    frame: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """A picture of the stream to draw on, instead of the latest still."""
    row = _camera(session, user, camera)
    work = Work(scene)
    try:
        put_frame(session, camera, b"" if frame is None else frame.file.read(MAX_FRAME_BYTES + 1), user.actor)
        work.done = "frame"
    except (AttachmentTooLargeError, AttachmentUnreadableError):
        work.errors["frame"] = catalogue().text(language_of(request), "cameras.frame.error")
    return _page(request, session, user, row, work)


@router.get("/cameras/{camera}/frame.jpg")
def frame_file(session: DbSession, user: Technician, camera: str) -> Response:
    """The picture that was put there, for technicians."""
    _camera(session, user, camera)
    row = frame_of(session, camera, whole=True)
    if row is None:
        raise CaseNotFound
    return Response(row.data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


@router.post("/cameras/{camera}/versions")
def version_sent(
    request: Request,
    session: DbSession,
    user: Technician,
    camera: str,
    scene: Typed = "",
    signature: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """A signed version is published: text and signature are kept."""
    row = _camera(session, user, camera)
    work = Work(scene)
    told = b"" if signature is None else signature.file.read(MOST_FORM)
    try:
        publish(session, camera_id=camera, scene=scene, signature=told.decode("utf-8", "replace"), actor=user.actor)
        work.done = "published"
    except VersionRefusedError as error:
        work.errors["signature"] = catalogue().text(language_of(request), error.message, **error.values)
    except SceneUnreadableError as error:
        work.errors["scene"] = str(error)
    return _page(request, session, user, row, work)


@router.get("/cameras/{camera}/versions/{file}")
def version_file(session: DbSession, user: Technician, camera: str, file: str) -> Response:
    """A published version for the box: `3.yaml` or its signature `3.yaml.sig.json`."""
    _camera(session, user, camera)
    number, dot, rest = file.partition(".")
    known = number.isascii() and number.isdigit() and len(number) < 9 and rest in {"yaml", "yaml.sig.json"}
    row = session.get(SceneVersionRow, (camera, int(number))) if known and dot else None
    if row is None:
        raise CaseNotFound
    text, kind = (row.scene, "application/yaml") if rest == "yaml" else (row.signature, "application/json")
    headers = {"Content-Disposition": f'attachment; filename="{camera}.{rest}"', "Cache-Control": "private, no-store"}
    return Response(text, media_type=f"{kind}; charset=utf-8", headers=headers)


@router.post("/cameras/{camera}/shadow")
def shadow_sent(
    request: Request,
    session: DbSession,
    user: Technician,
    camera: str,
    scene: Typed = "",
    before: Annotated[UploadFile | None, File()] = None,
    after: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """What two versions would have offered on the same footage, side by side; nothing becomes a case."""
    row = _camera(session, user, camera)
    work = Work(scene)
    runs = []
    for name, sent in (("before", before), ("after", after)):
        data = b"" if sent is None else sent.file.read(MAX_BYTES + 1)
        say = catalogue().text
        if not data or len(data) > MAX_BYTES:
            work.errors[name] = say(language_of(request), "cameras.shadow.error.none")
            continue
        try:
            runs.append(offered(data.decode("utf-8", "replace")))
        except ShadowUnreadableError as error:
            work.errors[name] = say(language_of(request), "cameras.shadow.error.line", n=error.line)
    if len(runs) == 2:
        work.compared = compare(*runs)
    return _page(request, session, user, row, work)
