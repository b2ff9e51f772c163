"""`/cameras`: the cameras, and a camera's scene drawn over its latest frame. Nothing is stored: the file is the box's.

What is typed comes back on the page and as a file; it is signed and put on the box by `tertib scene sign`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.board.oversight import cameras
from api.camera_setup.drawing import Drawn, SceneUnreadableError, differences, draw, read_scene
from api.camera_setup.ground import LEAST_POINTS, Ground, PointsUnfitError, fit
from api.clock import now
from api.intake.tables import CameraRow, PackageRow
from api.people.dependencies import require_role
from api.people.service import User
from api.requests import DbSession
from api.store.errors import CaseNotFound
from api.store.reading import readable_by
from api.store.tables import CaseRow
from api.web.rendering import render
from pipeline.evidence.manifest import Manifest, Role

router = APIRouter(include_in_schema=False)
Technician = Annotated[User, Depends(require_role("supervisor", "admin"))]
MOST_FORM: Final = 70_000


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


def _page(
    request: Request, session: Session, user: User, camera: str, *, scene: str = "", other: str = "", status: int = 200
) -> Response:
    row = session.get(CameraRow, camera)
    if row is None or (user.viewer.only_agency is not None and row.agency != user.viewer.only_agency):
        raise CaseNotFound
    frame, version = _frame(session, user, camera)
    drawn: Drawn | None = None
    ground: Ground | None = None
    errors: dict[str, str] = {}
    differ: tuple[str, ...] | None = None
    values: dict[str, Any] = {}
    try:
        if scene.strip():
            values = read_scene(scene)
            drawn = draw(values)
    except SceneUnreadableError as error:
        errors["scene"] = str(error)
    try:
        if other.strip() and values:
            differ = differences(values, read_scene(other))
    except SceneUnreadableError as error:
        errors["other"] = str(error)
    unfit = False
    if drawn is not None and drawn.surveyed:
        try:
            ground = fit(drawn.surveyed)
        except PointsUnfitError:
            unfit = True
    context = {
        "viewer": user,
        "camera": row,
        "frame": frame,
        "version": version,
        "scene": scene,
        "other": other,
        "drawn": drawn,
        "ground": ground,
        "unfit": unfit,
        "least": LEAST_POINTS,
        "differ": differ,
        "errors": errors,
    }
    return render(request, "cameras/scene.html", context, status_code=422 if errors else status)


@router.get("/cameras/{camera}")
def camera_page(request: Request, session: DbSession, user: Technician, camera: str) -> Response:
    """One camera: its frame, and the form for its scene."""
    return _page(request, session, user, camera)


@router.post("/cameras/{camera}")
def scene_sent(
    request: Request,
    session: DbSession,
    user: Technician,
    camera: str,
    scene: Annotated[str, Form(max_length=MOST_FORM)] = "",
    other: Annotated[str, Form(max_length=MOST_FORM)] = "",
) -> Response:
    """The scene, drawn; with another version beside it, what differs."""
    return _page(request, session, user, camera, scene=scene, other=other)
