"""Reading evidence: the manifest and the members of the package behind a case."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.intake.evidence_store import EvidenceStore, StoredMember
from api.intake.tables import PackageRow
from api.people.dependencies import CurrentUser
from api.problems import OfficeError
from api.requests import DbSession, TheSettings
from api.secrecy.cases import Erased, key_of
from api.store.errors import CaseNotFound
from api.store.kinds import CaseKind
from api.store.reading import Viewer, log_view, readable_by
from api.store.tables import CaseRow
from pipeline.evidence.manifest import Manifest

router = APIRouter(tags=["evidence"])
_MAX_PARENTS = 4


def package_of(session: Session, case: CaseRow) -> PackageRow | None:
    """The package behind a case: its own (a violation), or that of the violation it goes back to (ticket, contest).

    For the office's own work; whoever calls has let `case_for` decide that the case may be read.
    """
    for _ in range(_MAX_PARENTS):
        if case.kind == CaseKind.VIOLATION.value:
            return session.scalar(select(PackageRow).where(PackageRow.case_id == case.id))
        parent = None if case.parent_id is None else session.get(CaseRow, case.parent_id)
        if parent is None:
            return None
        case = parent
    return None


def manifest_of(session: Session, case: CaseRow) -> Manifest | None:
    """What the camera signed, of the package behind a case."""
    row = package_of(session, case)
    return None if row is None else Manifest.from_bytes(row.manifest.encode())


def read_member(session: Session, store: EvidenceStore, case: CaseRow, name: str) -> StoredMember:
    """One file of the evidence behind a case, for the office's own work (a citizen's copy is made from it).

    Raises:
        CaseNotFound: the case has no evidence or no member of this name.
        EvidenceDamaged: the stored file is gone or changed.
    """
    row = package_of(session, case)
    manifest = None if row is None else Manifest.from_bytes(row.manifest.encode())
    member = None if manifest is None else next((m for m in manifest.members if m.name == name), None)
    if row is None or member is None:
        raise CaseNotFound
    return store.member(
        row.sha256,
        name=name,
        role=member.role.value,
        media_type=member.media_type,
        member_sha256=member.sha256,
        key=evidence_key(session, row),
    )


class EvidenceErased(OfficeError):  # noqa: N818 - reads as what happened
    """The time of this evidence was over."""

    status = 410
    code = "evidence-erased"
    title = "The evidence was erased"


def evidence_key(session: Session, row: PackageRow) -> bytes | None:
    """What a package is enciphered with on disk; None: it came before there were keys.

    Raises:
        EvidenceErased: its time was over: the key was destroyed.
    """
    try:
        return key_of(session, row.case_id)
    except Erased as error:
        raise EvidenceErased(
            "This evidence was erased when its time was over; its hash and the decisions about it are still here."
        ) from error


def open_member(session: Session, store: EvidenceStore, viewer: Viewer, case: CaseRow, name: str) -> StoredMember:
    """One original file of the evidence, for a member of staff who may read the case; the look is logged.

    Parties and the public never get originals: they see redacted copies.

    Raises:
        CaseNotFound: absent, or not for this viewer.
        EvidenceDamaged: the stored file is gone or changed.
    """
    if viewer.actor is None or session.scalars(readable_by(viewer).where(CaseRow.id == case.id)).one_or_none() is None:
        raise CaseNotFound
    member = read_member(session, store, case, name)
    log_view(session, viewer.actor, case.id, f"evidence {name}")
    return member


def member_response(request: Request, member: StoredMember) -> Response:
    """A member as an HTTP answer: whole, a range (a player seeks), or "not modified"."""
    etag = f'"{member.sha256}"'
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        # Asked for again each time, so that the office knows what was shown; the bytes come from the browser's cache.
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'inline; filename="{member.name}"',
    }
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    size = member.size_bytes
    start, end, status = 0, size - 1, 200
    wanted = request.headers.get("range")
    if wanted is not None and request.headers.get("if-range", etag) == etag:
        found = byte_range(wanted, size)
        if found == "outside":
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
        if isinstance(found, tuple):
            start, end = found
            status = 206
            headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    length = end - start + 1
    headers["Content-Length"] = str(length)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=member.media_type)
    return StreamingResponse(
        member.chunks(start, length), status_code=status, headers=headers, media_type=member.media_type
    )


def byte_range(header: str, size: int) -> tuple[int, int] | str | None:
    """First and last byte of a range; "outside" when it begins past the end; None: answer the whole (RFC 9110)."""
    unit, _, spec = header.partition("=")
    first, dash, last = spec.strip().partition("-")
    if unit.strip().lower() != "bytes" or not dash or "," in spec or len(spec) > 40:
        return None
    if not all(part == "" or (part.isascii() and part.isdigit()) for part in (first, last)) or first + last == "":
        return None
    if first == "":
        length = int(last)
        return "outside" if length == 0 else (max(0, size - length), size - 1)
    start = int(first)
    if start >= size:
        return "outside"
    end = min(int(last), size - 1) if last else size - 1
    return None if end < start else (start, end)


@router.head("/v1/evidence/{case}/{member}", include_in_schema=False)
@router.get("/v1/evidence/{case}/{member}", summary="One file of a case's evidence")
def evidence_member(
    request: Request,
    session: DbSession,
    settings: TheSettings,
    user: CurrentUser,
    case: Annotated[UUID, Path(description="Id of the case")],
    member: Annotated[str, Path(max_length=80, description="Name of the file in the package")],
) -> Response:
    """The original file, for staff who may read the case. Ranges are served, so that a clip plays and seeks."""
    row = session.get(CaseRow, case)
    if row is None:
        raise CaseNotFound
    found = open_member(session, EvidenceStore(settings.evidence), user.viewer, row, member)
    return member_response(request, found)
