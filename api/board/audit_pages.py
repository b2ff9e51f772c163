"""`/audit`: the published heads, and any case's whole trail with the proof that nothing in it was changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.audit.proving import Inclusion, ProofError, prove_case
from api.audit.tables import TreeHeadRow, TreeStampRow
from api.people.dependencies import require_role
from api.people.service import User
from api.requests import DbSession
from api.store.errors import ChainBroken
from api.store.reading import case_for, readable_by
from api.store.references import parse_reference
from api.store.service import clocks_of, events_of, verify_chain
from api.store.tables import CaseRow
from api.web.rendering import render

router = APIRouter(include_in_schema=False)
Reader = Annotated[User, Depends(require_role("supervisor", "auditor", "admin"))]
SHOWN_HEADS: Final = 40
# A proof walks over all leaves: beyond so many it is the command line's work (`tertib audit proof`).
MOST_LEAVES: Final = 300_000


@dataclass(frozen=True)
class Head:
    """A published head and who stamped it."""

    row: TreeHeadRow
    stamps: tuple[TreeStampRow, ...]


def _heads(session: Session) -> list[Head]:
    rows = list(session.scalars(select(TreeHeadRow).order_by(TreeHeadRow.number.desc()).limit(SHOWN_HEADS)))
    stamps = list(session.scalars(select(TreeStampRow).where(TreeStampRow.number.in_([row.number for row in rows]))))
    return [Head(row, tuple(one for one in stamps if one.number == row.number)) for row in rows]


@router.get("/audit")
def audit(request: Request, session: DbSession, user: Reader, reference: str = "") -> Response:
    """The heads, and the way to a case's trail by its reference."""
    errors = {}
    if reference.strip():
        found = parse_reference(reference)
        if found is not None:
            return RedirectResponse(f"/audit/cases/{found}", status_code=303)
        errors["reference"] = "audit.error.reference"
    context = {"viewer": user, "heads": _heads(session), "reference": reference[:60], "errors": errors}
    return render(request, "audit/heads.html", context, status_code=422 if errors else 200)


def _chain(session: Session, case: CaseRow) -> tuple[bool, str]:
    """Whether the stored events are the ones that were written: the chain's head, or what was found."""
    try:
        return True, verify_chain(session, case.id)
    except ChainBroken as error:
        return False, str(error)


def _proof(session: Session, case: CaseRow) -> tuple[Inclusion | None, str]:
    head = session.scalars(select(TreeHeadRow).order_by(TreeHeadRow.number.desc()).limit(1)).one_or_none()
    if head is not None and head.size > MOST_LEAVES:
        return None, "many"
    try:
        return prove_case(session, case.id), ""
    except ProofError:
        return None, "none"


@router.get("/audit/cases/{name}")
def trail(request: Request, session: DbSession, user: Reader, name: str, prove: bool = False) -> Response:
    """Everything that was written of a case, each event with its hash; opening it is written down itself."""
    case = case_for(session, user.viewer, name, purpose="audit")
    whole, told = _chain(session, case)
    proof, why = _proof(session, case) if prove else (None, "")
    context = {
        "viewer": user,
        "case_row": case,
        "events": [
            (event, json.dumps(event.data, ensure_ascii=False, indent=1, sort_keys=True))
            for event in events_of(session, case.id)
        ],
        "clocks": clocks_of(session, case.id),
        "parent": None if case.parent_id is None else session.get(CaseRow, case.parent_id),
        "children": list(
            session.scalars(readable_by(user.viewer).where(CaseRow.parent_id == case.id).order_by(CaseRow.opened_at))
        ),
        "whole": whole,
        "told": told,
        "proof": proof,
        "proof_holds": proof is not None and proof.holds(),
        "why": why,
        "prove": prove,
    }
    return render(request, "audit/trail.html", context)
