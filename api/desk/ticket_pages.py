"""A ticket on the desk: denials, the driver who was named, blocks, money back; and letters that came back."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Form, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.desk.clerk import NOTHING, CasePage, Clerk, TheClerk, Tried
from api.desk.inbox import title_of
from api.desk.story import clocks_shown, story
from api.notices import planning
from api.payments import refunds
from api.payments.bills import bill_of
from api.payments.tables import RefundRow
from api.problems import Unprocessable
from api.store.kinds import Audience, CaseKind
from api.store.service import append, events_of
from api.store.tables import CaseRow
from api.store.transitions import allowed
from api.tickets import blocking, liability
from api.tickets.facts import facts_of

router = APIRouter(include_in_schema=False)
MIN_REASON: Final = 10
MAX_ADDRESS: Final = 400
RETURNED_WHY: Final = ("moved", "unknown", "no_such_address", "refused", "not_fetched", "died")
Text = Annotated[str, Form(max_length=20_000)]
Short = Annotated[str, Form(max_length=400)]


class ReasonTooShort(Unprocessable):
    """What is decided about somebody is said to them in words."""

    code = "desk-reason-missing"
    title = "A reason is needed"

    def __init__(self) -> None:
        super().__init__(f"Say why, in at least {MIN_REASON} letters: the owner reads it.")


class AmountUnreadable(Unprocessable):
    """The amount is no whole number of rupiah."""

    code = "amount-unreadable"
    title = "The amount is no number"


def _reason(text: str) -> str:
    said = text.strip()
    if len(said) < MIN_REASON:
        raise ReasonTooShort
    return said


def _refunds(session: Session, ticket: CaseRow) -> list[RefundRow]:
    bill = bill_of(session, ticket.id)
    if bill is None:
        return []
    query = select(RefundRow).where(RefundRow.bill_id == bill.id).order_by(RefundRow.asked_at)
    return list(session.scalars(query))


def _page(clerk: Clerk, ticket: CaseRow, tried: Tried = NOTHING) -> Response:
    session = clerk.session
    facts, _ = facts_of(session, ticket)
    bill = bill_of(session, ticket.id)
    possible = set(allowed(CaseKind.TICKET, ticket.state))
    asked = _refunds(session, ticket)
    context: dict[str, Any] = {
        "case_row": ticket,
        "title": title_of(ticket, clerk.jurisdiction, clerk.language),
        "agency_name": clerk.agency_name(ticket.agency),
        "facts": facts,
        "driver": liability.named_driver(session, ticket),
        "clocks": clocks_shown(session, ticket, clerk.language),
        "steps": story(session, clerk.user.viewer, ticket, clerk.language),
        "refunds": asked,
        "refundable": 0 if bill is None else refunds.available(session, bill),
        "proposed": any(step == "unblock_proposed" for step in _since_block(session, ticket)),
        "can": {
            "refuse_denial": "denial_refused" in possible,
            "cancel": "cancelled" in possible and ticket.state == "denied",
            "move": "liability_moved" in possible,
            "propose_lifting": "unblock_proposed" in possible,
            "lift": "unblocked" in possible,
            "refund": "refund_proposed" in possible and bill is not None and refunds.available(session, bill) > 0,
        },
        "mine": str(clerk.user.id),
    }
    return clerk.forms_page("desk/ticket.html", context, tried)


def _since_block(session: Session, ticket: CaseRow) -> list[str]:
    types = [event.type for event in events_of(session, ticket.id)]
    return types[len(types) - types[::-1].index("blocked") :] if "blocked" in types else []


def _ticket(clerk: Clerk, name: str) -> CaseRow:
    return clerk.case(name, CaseKind.TICKET, purpose="desk")


def _at(clerk: Clerk, ticket: CaseRow) -> CasePage:
    return CasePage(clerk, f"/agency/tickets/{ticket.id}", partial(_page, clerk, ticket))


@router.get("/agency/tickets/{name}")
def ticket_page(clerk: TheClerk, name: str) -> Response:
    """A ticket, and what a person may decide about it now."""
    return _page(clerk, _ticket(clerk, name))


@router.post("/agency/tickets/{name}/denial")
def denial_decided(clerk: TheClerk, name: str, outcome: Short = "", reason: Text = "") -> Response:
    """The owner says it was not theirs: refused, or the ticket is cancelled; by somebody who did not approve it."""
    ticket = _ticket(clerk, name)
    event = "cancelled" if outcome == "cancel" else "denial_refused"

    def do() -> None:
        body = {"text": _reason(reason)}
        append(clerk.session, ticket.id, event, actor=clerk.user.actor, body=body, audience=Audience.PARTY)

    typed = {"outcome": outcome, "denial_reason": reason}
    return _at(clerk, ticket).act(do, done=event, form="denial", typed=typed)


@router.post("/agency/tickets/{name}/driver")
def driver_named(clerk: TheClerk, name: str, driver: Short = "", address: Short = "") -> Response:
    """Another person drove: a ticket of their own, linked; the owner's is moved."""
    ticket = _ticket(clerk, name)

    def do() -> None:
        where = " ".join(address.split())[:MAX_ADDRESS]
        liability.move_liability(
            clerk.session, ticket.id, officer=clerk.user.actor, driver=driver.strip() or None, address=where or None
        )

    return _at(clerk, ticket).act(do, done="moved", form="driver", typed={"driver": driver, "address": address})


@router.post("/agency/tickets/{name}/lifting")
def lifting(clerk: TheClerk, name: str, step: Short = "", reason: Text = "") -> Response:
    """One person proposes that a block be lifted, another lifts it."""
    ticket = _ticket(clerk, name)

    def do() -> None:
        if step == "lift":
            blocking.lift(clerk.session, ticket.id, because="decided", actor=clerk.user.actor)
        else:
            blocking.propose_lifting(clerk.session, ticket.id, actor=clerk.user.actor, reason=_reason(reason))

    done = "lifted" if step == "lift" else "lifting_proposed"
    return _at(clerk, ticket).act(do, done=done, form="lifting", typed={"lifting_reason": reason})


@router.post("/agency/tickets/{name}/refunds")
def refund_proposed(
    clerk: TheClerk,
    name: str,
    amount: Short = "",
    to_bank: Short = "",
    to_account: Short = "",
    to_name: Short = "",
) -> Response:
    """One person proposes that money goes back."""
    ticket = _ticket(clerk, name)

    def do() -> None:
        digits = amount.replace("Rp", "").replace(".", "").replace(" ", "")
        bill = bill_of(clerk.session, ticket.id)
        if bill is None or not digits.isascii() or not digits.isdigit() or len(digits) > 10:
            raise AmountUnreadable("Write the amount in whole rupiah, e.g. 250000.")
        refunds.propose(
            clerk.session,
            ticket,
            bill,
            amount_rupiah=int(digits),
            to_bank=to_bank.strip(),
            to_account=to_account.replace(" ", ""),
            to_name=to_name.strip(),
            actor=clerk.user.actor,
        )

    typed = {"amount": amount, "to_bank": to_bank, "to_account": to_account, "to_name": to_name}
    return _at(clerk, ticket).act(do, done="refund_proposed", form="refund", typed=typed)


@router.post("/agency/tickets/{name}/refunds/{refund}")
def refund_allowed(clerk: TheClerk, name: str, refund: UUID) -> Response:
    """Another person allows it; the bank gets the order."""
    ticket = _ticket(clerk, name)

    def do() -> None:
        if refund not in {row.id for row in _refunds(clerk.session, ticket)}:
            raise refunds.RefundNotFound
        refunds.allow(clerk.session, refund, actor=clerk.user.actor)

    return _at(clerk, ticket).act(do, done="refund_allowed", form="refund", typed={})


def _returned_page(
    clerk: Clerk, *, typed: dict[str, str] | None = None, refusal: str | None = None, status: int = 200
) -> Response:
    whys = [(one, clerk.say(f"desk.returned.{one}")) for one in RETURNED_WHY]
    return clerk.page("desk/returned.html", {"whys": whys, "typed": typed or {}, "refusal": refusal}, status=status)


@router.get("/agency/returned")
def returned_page(clerk: TheClerk) -> Response:
    """The post brings letters back: their codes are entered here, one after the other."""
    return _returned_page(clerk)


@router.post("/agency/returned")
def returned(clerk: TheClerk, code: Short = "", why: Short = "") -> Response:
    """A letter that came back: its link dies, and nothing is held against an owner who was not reached."""
    typed = {"code": code, "why": why}

    def do() -> None:
        chosen = why if why in RETURNED_WHY else "unknown"
        planning.returned(clerk.session, code, why=clerk.say(f"desk.returned.{chosen}"), actor=clerk.user.actor)

    def again(refusal: str, status: int) -> Response:
        return _returned_page(clerk, typed=typed, refusal=refusal, status=status)

    try:
        return clerk.acts(do, to="/agency/returned", done="returned", again=again)
    except planning.NoticeNotFound as error:
        return again(clerk.refusal(error), 404)
