"""Static files and the page that shows every component (`/design`)."""

from __future__ import annotations

import mimetypes
from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from api.web.rendering import STATIC_FOLDER, render, static_url

router = APIRouter(include_in_schema=False)

FOREVER: Final = "public, max-age=31536000, immutable"
mimetypes.add_type("text/javascript", ".js")


@router.get("/static/{path:path}", name="static")
def static(path: str, v: str = "") -> Response:
    """One static file; kept for ever by browsers when asked for by its current fingerprint."""
    file = (STATIC_FOLDER / path).resolve()
    if not file.is_relative_to(STATIC_FOLDER.resolve()) or not file.is_file():
        raise HTTPException(404)
    current = bool(v) and static_url(path).endswith(f"?v={v}")
    return FileResponse(file, headers={"Cache-Control": FOREVER if current else "no-cache"})


@router.get("/favicon.ico")
def favicon() -> Response:
    """Browsers ask for this name whatever the page says."""
    return static("img/mark.svg")


@router.get("/design", name="design")
def design(request: Request) -> HTMLResponse:
    """Every component of the design system in one page, to look at and to test."""
    start = datetime(2026, 3, 2, 7, 15, tzinfo=UTC)
    clocks = {
        "running": start + timedelta(hours=24),
        "overdue": start - timedelta(hours=3),
        "now": start,
    }
    return render(request, "design.html", {"sample": clocks, "now": start})
