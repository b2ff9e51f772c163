"""Letters of an agency: taken in, passed down the chain, drafted, signed, sent, kept. Every form works by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, File, Form, Response, UploadFile
from fastapi.responses import RedirectResponse

from api.attachments.cleaning import AttachmentTooLargeError, AttachmentUnreadableError, accept_attachment
from api.attachments.service import attach, attachments_of
from api.desk.clerk import NOTHING, CasePage, Clerk, TheClerk, Tried
from api.desk.story import clocks_shown, story
from api.eoffice import service
from api.eoffice.paper import paper
from api.store.kinds import CaseKind
from api.store.tables import CaseRow
from api.store.transitions import allowed

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=30_000)]
Short = Annotated[str, Form(max_length=400)]
IN: Final = ("sender", "about", "their_number", "their_date")
OUT: Final = ("to", "about", "body", "signer")


def _agency(clerk: Clerk) -> str:
    return clerk.user.agency or clerk.jurisdiction.enforcement_agency


def _new(
    clerk: Clerk,
    direction: Literal["in", "out"],
    *,
    typed: dict[str, str] | None = None,
    refusal: str | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    context = {
        "direction": direction,
        "typed": typed or dict.fromkeys((*IN, *OUT), ""),
        "errors": errors or {},
        "refusal": refusal,
        "colleagues": service.colleagues(clerk.session, clerk.user.agency),
        "agency_name": clerk.agency_name(_agency(clerk)),
    }
    return clerk.page("eoffice/new.html", context, status=status)


@router.get("/agency/letters/new")
def new_page(clerk: TheClerk, direction: str = "in") -> Response:
    """The form of a letter that came, or that is to go out."""
    return _new(clerk, "out" if direction == "out" else "in")


@router.post("/agency/letters/new")
def received(
    clerk: TheClerk,
    sender: Short = "",
    about: Short = "",
    their_number: Short = "",
    their_date: Short = "",
    scan: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """A letter came: numbered in the agenda, with its scan."""
    typed = {"sender": sender, "about": about, "their_number": their_number, "their_date": their_date}
    made: list[CaseRow] = []
    data = b"" if scan is None else scan.file.read()
    file = None
    if scan is not None and data:
        try:
            file = accept_attachment(scan.filename or "scan", data)
        except (AttachmentTooLargeError, AttachmentUnreadableError):
            return _new(clerk, "in", typed=typed, errors={"scan": clerk.say("eoffice.scan.wrong")}, status=422)

    def do() -> None:
        row = service.receive(
            clerk.session, jurisdiction=clerk.jurisdiction, agency=_agency(clerk), actor=clerk.user.actor, **typed
        )
        if file is not None:
            attach(clerk.session, row, file, actor=clerk.user.actor)
        made.append(row)

    return _made(clerk, "in", do, made, typed, done="received")


@router.post("/agency/letters/draft")
def begun(clerk: TheClerk, to: Short = "", about: Short = "", body: Text = "", signer: Short = "") -> Response:
    """A letter is to go out: its first draft."""
    typed = {"to": to, "about": about, "body": body, "signer": signer}
    made: list[CaseRow] = []

    def do() -> None:
        made.append(
            service.begin(
                clerk.session,
                jurisdiction=clerk.jurisdiction,
                agency=_agency(clerk),
                to=to,
                about=about,
                body=body,
                signer_id=signer,
                actor=clerk.user.actor,
            )
        )

    return _made(clerk, "out", do, made, typed, done="drafted")


def _made(
    clerk: Clerk,
    direction: Literal["in", "out"],
    do: Callable[[], None],
    made: list[CaseRow],
    typed: dict[str, str],
    *,
    done: str,
) -> Response:
    def again(refusal: str, status: int) -> Response:
        full = {**dict.fromkeys((*IN, *OUT), ""), **typed}
        return _new(clerk, direction, typed=full, refusal=refusal, status=status)

    answer = clerk.acts(do, to="/agency/letters", done=done, again=again)
    return RedirectResponse(f"/agency/letters/{made[0].id}?done={done}", status_code=303) if made else answer


def _page(clerk: Clerk, letter: CaseRow, tried: Tried = NOTHING) -> Response:
    session = clerk.session
    possible = set(allowed(CaseKind.LETTER, letter.state))
    held = service.draft_of(session, letter.id)
    links = service.chain(session, letter.id)
    me = str(clerk.user.id)
    context: dict[str, Any] = {
        "letter": letter,
        "numbers": service.numbers_of(session, letter.id),
        "agency_name": clerk.agency_name(letter.agency),
        "draft": held,
        "chain": links,
        "mine": [one for one in links if one.to_id == me and one.reported_at is None],
        "clocks": clocks_shown(session, letter, clerk.language),
        "steps": story(session, clerk.user.viewer, letter, clerk.language),
        "attachments": attachments_of(session, letter),
        "colleagues": service.colleagues(session, letter.agency),
        "can": {name: name in possible for name in ("disposed", "drafted", "signed", "sent", "filed", "sent_back")},
        "i_sign": held is not None and held.signer_id == me,
    }
    return clerk.forms_page("eoffice/letter.html", context, tried)


def _letter(clerk: Clerk, name: str) -> CaseRow:
    return clerk.case(name, CaseKind.LETTER, purpose="letter")


@router.get("/agency/letters")
def letters_page() -> Response:
    """The letters on the desk."""
    return RedirectResponse("/agency?kind=letter", status_code=303)


@router.get("/agency/letters/{name}")
def letter_page(clerk: TheClerk, name: str) -> Response:
    """A letter, its chain, its draft, and what can be done now."""
    return _page(clerk, _letter(clerk, name))


@router.get("/agency/letters/{name}/letter.pdf")
def letter_paper(clerk: TheClerk, name: str) -> Response:
    """The signed letter, for the post, for an attachment, for the archive."""
    letter = _letter(clerk, name)
    headers = {
        "Content-Disposition": f'inline; filename="{letter.reference}.pdf"',
        "Cache-Control": "private, no-store",
    }
    return Response(paper(clerk.session, letter), media_type="application/pdf", headers=headers)


@router.post("/agency/letters/{name}/disposition")
def disposed(clerk: TheClerk, name: str, to_id: Short = "", instruction: Text = "", days: Short = "3") -> Response:
    """Give it to a colleague, with an instruction and a deadline."""
    letter = _letter(clerk, name)

    def do() -> None:
        wanted = int(days) if days.isascii() and days.isdigit() and len(days) < 4 else 0
        service.dispose(
            clerk.session, letter.id, to_id=to_id, instruction=instruction, days=wanted, actor=clerk.user.actor
        )

    typed = {"to_id": to_id, "instruction": instruction, "days": days}
    return _at(clerk, letter).act(do, done="disposed", form="disposition", typed=typed)


@router.post("/agency/letters/{name}/report")
def reported(clerk: TheClerk, name: str, report: Text = "") -> Response:
    """Report on what lay with me."""
    letter = _letter(clerk, name)

    def do() -> None:
        service.report(clerk.session, letter.id, text_=report, actor=clerk.user.actor)

    return _at(clerk, letter).act(do, done="reported", form="report", typed={"report": report})


@router.post("/agency/letters/{name}/draft")
def drafted(
    clerk: TheClerk, name: str, to: Short = "", about: Short = "", body: Text = "", signer: Short = ""
) -> Response:
    """The next draft, or the answer to a letter that came."""
    letter = _letter(clerk, name)

    def do() -> None:
        service.draft(clerk.session, letter.id, to=to, about=about, body=body, signer_id=signer, actor=clerk.user.actor)

    typed = {"to": to, "about": about, "body": body, "signer": signer}
    return _at(clerk, letter).act(do, done="drafted", form="draft", typed=typed)


@router.post("/agency/letters/{name}/signature")
def signed(clerk: TheClerk, name: str, step: Short = "", sha256: Short = "", reason: Text = "") -> Response:
    """Sign the draft that was read, which numbers it; or send it back."""
    letter = _letter(clerk, name)

    def do() -> None:
        if step == "send_back":
            service.send_back(clerk.session, letter.id, reason=reason, actor=clerk.user.actor)
            return
        held = service.draft_of(clerk.session, letter.id)
        if held is not None and held.sha256 != sha256:
            raise service.LetterRefused("The draft was changed meanwhile: read it again, then sign.")
        service.sign(clerk.session, letter.id, actor=clerk.user.actor)

    done = "sent_back" if step == "send_back" else "signed"
    return _at(clerk, letter).act(do, done=done, form="signature", typed={"back_reason": reason})


@router.post("/agency/letters/{name}/end")
def ended(clerk: TheClerk, name: str, step: Short = "", way: Short = "") -> Response:
    """It left; or it goes into the archive."""
    letter = _letter(clerk, name)

    def do() -> None:
        if step == "send":
            service.send(clerk.session, letter.id, way=way, actor=clerk.user.actor)
        else:
            service.file_away(clerk.session, letter.id, where=way, actor=clerk.user.actor)

    return _at(clerk, letter).act(do, done="sent" if step == "send" else "filed", form="end", typed={"way": way})


def _at(clerk: Clerk, letter: CaseRow) -> CasePage:
    return CasePage(clerk, f"/agency/letters/{letter.id}", partial(_page, clerk, letter))
