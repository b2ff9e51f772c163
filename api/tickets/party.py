"""Who stands at a case's door: its party, by the pass that it earned; nobody else learns that the case exists."""

from __future__ import annotations

from fastapi import Request
from sqlalchemy.orm import Session

from api.portal.passes import PartyPasses
from api.requests import get_settings
from api.store.errors import CaseNotFound
from api.store.kinds import CaseKind
from api.store.reading import Viewer, case_for
from api.store.tables import CaseRow


def passes_of(request: Request) -> PartyPasses:
    """The passes of the office that answers."""
    settings = get_settings(request)
    return PartyPasses(settings.secret, secure=settings.secure)


def party_of(request: Request, session: Session, reference: str, kind: CaseKind) -> tuple[Viewer, CaseRow]:
    """The viewer and case of a request that carries the case's pass.

    Args:
        request: as it came.
        session: an open session.
        reference: from the address.
        kind: what the address is for.

    Raises:
        CaseNotFound: no pass, another case's pass, or no such case; the three are not told apart.
    """
    case_id = passes_of(request).of(request)
    if case_id is None:
        raise CaseNotFound
    viewer = Viewer.party(case_id)
    case = case_for(session, viewer, reference)
    if case.id != case_id or case.kind != kind.value:
        raise CaseNotFound
    return viewer, case
