"""The officers' pages: the queue, a case, its evidence, and what is decided."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from api.intake.evidence import member_response, open_member
from api.intake.evidence_store import EvidenceStore
from api.jurisdiction.loading import jurisdictions_of
from api.people.pages import safe_target
from api.requests import TheSettings
from api.review import decision, leases, queue, readings, seeing
from api.review.agreement import READING_ROLES
from api.review.answer_pages import answer_page
from api.review.answer_pages import router as answer_router
from api.review.answers import ANSWERING_ROLES
from api.review.assembling import blocked_now, case_view, evidence_url, manifest_behind, roles_of
from api.review.case_view import EXHIBIT_KEYS
from api.review.desk import KEYS_COOKIE, Desk, TheDesk
from api.review.errors import AlreadyDecided, ReasonNeeded, ReviewRefused
from api.review.listing import lines
from api.review.oversight_pages import router as oversight_router
from api.review.similar import Similar, similar_to
from api.store.errors import FinalAlready, IllegalTransition
from api.store.kinds import CaseKind
from api.store.pages import log_search
from api.store.reading import case_for
from api.store.tables import CaseRow
from api.tickets.service import TicketRefused, issue_ticket, ticket_of
from api.web.rendering import render

router = APIRouter(include_in_schema=False)
router.include_router(answer_router)
router.include_router(oversight_router)
CaseName = str
# Beside what has a tab of its own.
MOVING = "moving"
AHEAD_TOO = frozenset({seeing.PLATE, MOVING})


@router.get("/review", name="review_queue")
def queue_page(desk: TheDesk, after: str | None = None, show: str = "") -> Response:
    """Everything that waits, the clock that runs out first on top; `show=overdue`: only what should be over by now."""
    overdue = show == "overdue"
    page = queue.page(desk.session, desk.user.viewer, after=after, overdue=overdue)
    # A list of plates is personal data too.
    log_search(desk.session, desk.user.actor, "queue", after or "", purpose="review", found=len(page.entries))
    context = desk.context(
        entries=lines(desk.session, page.entries, desk.language),
        counts=queue.counts(desk.session, desk.user.viewer),
        older=None if page.older is None else f"/review?after={page.older}" + ("&show=overdue" if overdue else ""),
        newer=("/review?show=overdue" if overdue else "/review") if after else None,
        overdue=overdue,
        may_oversee=desk.user.role in READING_ROLES,
    )
    return render(desk.request, "review/queue.html", context)


@router.post("/review/next", name="review_next")
def next_case(
    desk: TheDesk, after: Annotated[str, Form(max_length=40)] = "", ahead: Annotated[str, Form(max_length=40)] = ""
) -> Response:
    """The next case onto the officer's desk; the one on the screen goes back."""
    case = case_for(desk.session, desk.user.viewer, after, purpose="put down") if after else None
    if case is not None:
        desk.put_down(case)
    may_take = desk.user.role in ANSWERING_ROLES
    following = desk.kept_ahead(ahead, case) if may_take else None
    if following is None and may_take:
        following = queue.take_next(desk.session, desk.user.viewer, desk.user.actor, after=case)
    target = "/review?done=empty" if following is None else f"/review/{following}"
    return RedirectResponse(target, status_code=303)


@router.post("/review/keys", name="review_keys")
def keys(
    settings: TheSettings, desk: TheDesk, to: Annotated[str, Form(max_length=500)], keys: Annotated[str, Form()] = "on"
) -> Response:
    """Single keys on or off, until the browser is closed (WCAG 2.1.4)."""
    _ = desk
    response = RedirectResponse(safe_target(to), status_code=303)
    value = "off" if keys == "off" else "on"
    response.set_cookie(KEYS_COOKIE, value, path="/", httponly=True, samesite="lax", secure=settings.secure)
    return response


@router.get("/review/{name}", name="review_case")
def case_page(desk: TheDesk, name: CaseName) -> Response:
    """One case. Opening it puts it on the officer's desk, unless somebody else has it."""
    case = case_for(desk.session, desk.user.viewer, name, purpose="review")
    if case.kind == CaseKind.TICKET.value and case.parent_id is not None:
        return RedirectResponse(f"/review/{case.parent_id}", status_code=303)
    if case.kind != CaseKind.VIOLATION.value:
        return answer_page(desk, case)
    return _violation_page(desk, case)


def _violation_page(desk: Desk, case: CaseRow, *, refusal: str | None = None, status: int = 200) -> Response:
    view = case_view(desk.session, case, desk.language)
    may_decide = desk.user.role in decision.DECIDING_ROLES and case.state == decision.WAITING
    pending = _pending(desk, case) if may_decide else None
    may_decide = may_decide and pending is None
    lease = leases.take(desk.session, case.id, desk.user.actor) if may_decide and not desk.is_prefetch else None
    if lease is not None:
        seeing.record(
            desk.session,
            case_id=case.id,
            viewer=desk.user.actor,
            session_id=desk.session_id,
            what=seeing.PAGE,
            lease=lease,
        )
    held = leases.holder(desk.session, case.id) if lease is None else None
    context = desk.context(
        c=view,
        lease_until=None if lease is None else lease.until,
        lease_holder=None if held is None else held.user_name,
        may_decide=may_decide,
        pending=pending,
        readiness=_readiness(desk, case, view.roles, lease or held),
        reasons=_reasons(desk, case),
        similar=_similar(desk, case),
        refusal=refusal,
    )
    return render(desk.request, "review/case.html", context, status_code=status)


def _similar(desk: Desk, case: CaseRow) -> tuple[Similar, ...]:
    manifest = manifest_behind(desk.session, case)
    return similar_to(
        desk.session,
        desk.user.viewer,
        case,
        camera_id=manifest.camera.camera_id,
        offence=manifest.offence.value,
        jurisdiction=jurisdictions_of(desk.session)[case.jurisdiction],
        language=desk.language,
    )


@router.post("/review/{name}/ahead", name="review_ahead")
def fetch_ahead(desk: TheDesk, name: CaseName, ahead: Annotated[str, Form(max_length=40)] = "") -> Response:
    """The case that comes after this one, lent already, with what its page will show: the browser fetches it ahead.

    Nothing of it counts as seen: what is fetched ahead is asked for again when it is shown.
    """
    case = desk.case(name)
    may_take = desk.user.role in ANSWERING_ROLES
    # A page that is loaded anew keeps the case that it had fetched, and does not lend another one.
    following = desk.kept_ahead(ahead, case) if may_take else None
    if following is None and may_take:
        following = queue.take_next(desk.session, desk.user.viewer, desk.user.actor, after=case)
    document: dict[str, object] = {"case": None, "evidence": []}
    if following is not None:
        coming = desk.case(str(following))
        document["case"] = str(following)
        if coming.kind == CaseKind.VIOLATION.value:
            document["evidence"] = [
                evidence_url(coming, member.name)
                for member in manifest_behind(desk.session, coming).members
                if member.role.value in EXHIBIT_KEYS or member.role.value in AHEAD_TOO
            ]
    return JSONResponse(document, headers={"Cache-Control": "no-store"})


def _pending(desk: Desk, case: CaseRow) -> str | None:
    """Why a case that waits does not wait for this officer; None when it does."""
    if readings.own(desk.session, case.id, desk.user.actor) is not None:
        return desk.say("review.pending.yours")
    wanted = readings.wanted_reading(desk.session, case.id)
    if wanted == leases.SUPERVISORS and desk.user.role != "supervisor":
        return desk.say("review.supervisor_wanted")
    return None


def _readiness(
    desk: Desk, case: CaseRow, roles: frozenset[str], lease: leases.Lease | None = None
) -> dict[str, object]:
    looked = seeing.readiness(
        desk.session, case_id=case.id, viewer=desk.user.actor, session_id=desk.session_id, roles=roles, lease=lease
    )
    return {"ready": looked.ready, "sentence": desk.say(looked.message, seconds=looked.seconds)}


def _reasons(desk: Desk, case: CaseRow) -> list[dict[str, str]]:
    jurisdiction = jurisdictions_of(desk.session)[case.jurisdiction]
    return [
        {"id": reason.id, "key": reason.key or "", "text": reason.names.text(desk.language)}
        for reason in jurisdiction.reject_reasons
    ]


@router.get("/review/{name}/readiness", name="review_readiness")
def readiness(desk: TheDesk, name: CaseName) -> Response:
    """Whether the evidence has been shown to this very sign-in, for the page that waits for it."""
    case = desk.case(name)
    roles = roles_of(manifest_behind(desk.session, case))
    return JSONResponse(_readiness(desk, case, roles), headers={"Cache-Control": "no-store"})


@router.api_route("/review/{name}/evidence/{member}", methods=["GET", "HEAD"], name="review_evidence")
def evidence(request: Request, desk: TheDesk, settings: TheSettings, name: CaseName, member: str) -> Response:
    """A file of the evidence. What is sent to whom is written down: a decision asks for it."""
    case = desk.case(name)
    found = open_member(desk.session, EvidenceStore(settings.evidence), desk.user.viewer, case, member)
    response = member_response(request, found)
    looked_at = request.method == "GET" and response.status_code in {200, 206, 304} and not desk.is_prefetch
    # What is drawn over the clip is no picture that somebody could have looked at.
    if looked_at and found.role != MOVING:
        seeing.record(
            desk.session, case_id=case.id, viewer=desk.user.actor, session_id=desk.session_id, what=found.role
        )
    return response


@router.post("/review/{name}/decision", name="review_decision")
def decide(
    desk: TheDesk,
    name: CaseName,
    choice: Annotated[str, Form(alias="decision", pattern="^(approve|reject)$")],
    reason: Annotated[str | None, Form(max_length=60)] = None,
    confirmed: Annotated[str, Form(max_length=10)] = "",
    ahead: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Approve or reject. Without `confirmed` (no JavaScript) a page repeats what would happen."""
    case = desk.case(name)
    blocked, roles = blocked_now(desk.session, case)
    if confirmed != "yes" and case.state == decision.WAITING:
        return _confirm_page(desk, case, choice)
    try:
        # All of it or nothing: an approval without its ticket does not stay.
        with desk.session.begin_nested():
            outcome = decision.decide(
                desk.session,
                desk.judge,
                case.id,
                decision="approve" if choice == "approve" else "reject",
                reason_id=reason,
                blocked=blocked,
                roles=roles,
                issue_ticket=issue_ticket,
            )
    except AlreadyDecided as error:
        return _violation_page(desk, case, status=error.status)
    except ReviewRefused as error:
        refusal = desk.say(error.message, **error.values)
        return _violation_page(desk, case, refusal=refusal, status=error.status)
    except ReasonNeeded as error:
        return _confirm_page(desk, case, choice, refusal=desk.say(error.message), status=error.status)
    except TicketRefused as error:
        return _violation_page(desk, case, refusal=desk.say(error.message, **error.values), status=409)
    ticket = ticket_of(desk.session, outcome.case) if outcome.decision == "approved" else None
    done = outcome.decision + ("_pending" if outcome.pending else "")
    return desk.go_on(done=done, of=outcome.case, ticket=ticket, ahead=ahead)


def _confirm_page(desk: Desk, case: CaseRow, choice: str, *, refusal: str | None = None, status: int = 200) -> Response:
    context = desk.context(
        c=case_view(desk.session, case, desk.language),
        decision=choice,
        reasons=_reasons(desk, case),
        refusal=refusal,
    )
    return render(desk.request, "review/confirm.html", context, status_code=status)


@router.post("/review/{name}/undo", name="review_undo")
def undo(desk: TheDesk, name: CaseName) -> Response:
    """Take one's own last decision back, while it can be: the case is on one's desk again."""
    case = desk.case(name)
    try:
        with desk.session.begin_nested():
            decision.undo(desk.session, desk.judge, case.id)
    except ReviewRefused as error:
        return _violation_page(desk, case, refusal=desk.say(error.message), status=error.status)
    except (FinalAlready, IllegalTransition) as error:
        return _violation_page(desk, case, refusal=desk.say("review.undo.late"), status=error.status)
    return RedirectResponse(f"/review/{case.id}?done=undone&of={case.reference}", status_code=303)


@router.post("/review/{name}/skip", name="review_skip")
def skip(desk: TheDesk, name: CaseName, ahead: Annotated[str, Form(max_length=40)] = "") -> Response:
    """Back into the queue, and on to the next."""
    case = desk.case(name)
    decision.skip(desk.session, desk.judge, case.id)
    return desk.go_on(done="skipped", of=case, ahead=ahead)
