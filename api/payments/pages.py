"""How an owner pays: the virtual account code and the QRIS picture, with what has come in. No JavaScript is needed."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api.outbox.outside import Outside
from api.payments.bills import RELEASED, BillView, bill_for, bill_of, qris_payload, view
from api.payments.codes import shown
from api.payments.qris import picture
from api.portal.page import Texts, public_page
from api.requests import DbSession
from api.store.errors import CaseNotFound
from api.store.kinds import CaseKind
from api.store.lives import BLOCKED
from api.store.tables import CaseRow
from api.store.transitions import allowed
from api.tickets.facts import facts_of
from api.tickets.pages import door
from api.tickets.party import party_of

router = APIRouter(include_in_schema=False)
# A ticket in one of these states is paid for: its owner sees what came in, and what is theirs to take back.
ASKS_NOTHING: Final = RELEASED | {"paid", "settled", "closed"}


def _bill(request: Request, session: Session, ticket: CaseRow) -> BillView | None:
    """The ticket's bill as it stands; None when it asks for nothing and never did."""
    outside: Outside = request.app.state.outside
    quiet = ticket.state in ASKS_NOTHING
    row = bill_of(session, ticket.id) if quiet else bill_for(session, ticket, outside.bank)
    return None if row is None else view(session, row, released=ticket.state in RELEASED)


def payable(ticket: CaseRow) -> bool:
    """Whether money is asked now: a ticket that is contested asks for none, though it takes what comes."""
    possible = allowed(CaseKind.TICKET, ticket.state)
    return ticket.state not in ASKS_NOTHING and ("paid" in possible or "unblocked" in possible)


@router.get("/t/{reference}/pay")
def pay_page(request: Request, session: DbSession, reference: str) -> Response:
    """The bill, for the ticket's party."""
    try:
        _, ticket = party_of(request, session, reference, CaseKind.TICKET)
    except CaseNotFound:
        return door(request, session, reference)
    facts, _ = facts_of(session, ticket)
    bill = _bill(request, session, ticket)
    texts = Texts(request)
    context = {
        "reference": ticket.reference,
        "path": f"/t/{ticket.reference}",
        "plate": facts.plate_display,
        "bill": bill,
        "code": "" if bill is None else shown(bill.code),
        "asks": bill is not None and payable(ticket) and bill.remaining_rupiah > 0,
        "contested": ticket.state == "contested",
        "blocked": ticket.state in BLOCKED,
        "holder": texts.text("payments.holder"),
    }
    return public_page(request, session, "pay.html", context)


@router.get("/t/{reference}/qris.png")
def qris(request: Request, session: DbSession, reference: str) -> Response:
    """The QRIS code for what remains to be paid, for the ticket's party."""
    _, ticket = party_of(request, session, reference, CaseKind.TICKET)
    bill = _bill(request, session, ticket)
    outside: Outside = request.app.state.outside
    if bill is None or not payable(ticket) or bill.remaining_rupiah <= 0:
        raise CaseNotFound
    headers = {"Cache-Control": "private, no-store"}
    return Response(picture(qris_payload(bill, outside.bank)), media_type="image/png", headers=headers)
