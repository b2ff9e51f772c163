"""What goes back to who complained, by the way it came: an acknowledgement, and what a person answered.

Written into the outbox in the transaction that decides it. Where everybody reads along (a comment under a post), the
number goes by a private message, and nothing of a confidential complaint is ever said in public.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.channels.said import Said
from api.channels.tables import HeardRow, ThreadRow
from api.clock import now
from api.jurisdiction.loading import jurisdictions_of
from api.outbox.service import send_out
from api.outbox.tables import OutboxRow
from api.store.kinds import Audience, CaseKind
from api.store.service import clocks_of
from api.store.tables import CaseRow, EventRow
from api.web import figures
from api.web.messages import LANGUAGES, catalogue

PUBLIC_URL_KEY: Final = "tertib.public_url"
RELAY: Final = "relay:"
# Kinds of effects, by channel; a relay's is the same for all.
MAIL, WHATSAPP, META, RELAYED = "email", "whatsapp_text", "meta", "relay"
_META: Final = frozenset({"messenger", "instagram", "comment", "instagram_comment"})
_TOLD: Final = frozenset({"answered", "refused", "redirected"})


def acknowledge(session: Session, case: CaseRow, thread: ThreadRow) -> None:
    """Say that it arrived, under which number, and until when somebody answers."""
    due = next((clock.due_at for clock in clocks_of(session, case.id) if clock.name == "first_response"), None)
    agency = jurisdictions_of(session)[case.jurisdiction].agency_named(case.agency)
    told = [
        catalogue().text(
            language,
            "channels.acknowledged",
            reference=case.reference,
            agency=agency.names.text(language) if agency else case.agency,
            due=figures.moment(due, language) if due else "-",
            link=_link(session, case),
        )
        for language in _languages(thread)
    ]
    key = f"ack:{thread.channel}:{thread.last_message_id}"
    _send(session, thread, case, "\n\n".join(told), key=key, automatic=True, private=True)


def ask_for_more(session: Session, said: Said) -> None:
    """Somebody said hello: say how to complain. No case, no clock."""
    if said.public or said.channel == "mail":
        return
    thread = ThreadRow(channel=said.channel, address=said.address, author=said.author, name=said.name)
    thread.public, thread.last_message_id = said.public, said.message_id
    text = catalogue().text("id", "channels.more")
    _send(session, thread, None, text, key=f"more:{said.channel}:{said.message_id}", automatic=True, private=True)


def follow(session: Session, case: CaseRow, event: EventRow) -> None:
    """What a person decided goes to who complained, by the way it came; called in the deciding transaction."""
    if case.kind != CaseKind.COMPLAINT.value or event.type not in _TOLD or event.audience != Audience.PUBLIC.value:
        return
    thread = session.get(ThreadRow, case.id)
    if thread is None:
        return
    data = event.data
    told = []
    for language in _languages(thread):
        agency = (data.get("agency_names") or {}).get(language, "")
        said = str(data.get("text") or data.get("reason") or "")
        key = f"channels.{event.type}"
        told.append(
            catalogue().text(
                language, key, reference=case.reference, said=said, agency=agency, link=_link(session, case)
            )
        )
    # The answer's own words once, not once a language.
    if event.type != "redirected":
        told = told[:1]
    _send(session, thread, case, "\n\n".join(told), key=f"told:{case.id}:{event.number}", automatic=False)


def left(session: Session, effect: OutboxRow) -> None:
    """A message of ours has left: what comes back to it belongs to the same case."""
    case, channel = effect.body.get("case"), effect.body.get("channel")
    if effect.state != "sent" or not case or not channel or not effect.answer:
        return
    row = insert(HeardRow).values(
        channel=channel, message_id=effect.answer, direction="out", case_id=UUID(case), at=now(session)
    )
    session.execute(row.on_conflict_do_nothing())


def _languages(thread: ThreadRow) -> tuple[str, ...]:
    return tuple(LANGUAGES) if thread.channel == "mail" else ("id",)


def _link(session: Session, case: CaseRow) -> str:
    return f"{str(session.info.get(PUBLIC_URL_KEY, '')).rstrip('/')}/a/{case.reference}"


def _send(
    session: Session,
    thread: ThreadRow,
    case: CaseRow | None,
    text: str,
    *,
    key: str,
    automatic: bool,
    private: bool = False,
) -> None:
    body: dict[str, Any] = {"channel": thread.channel, "to": thread.address, "text": text, "automatic": automatic}
    if case is not None:
        body["case"] = str(case.id)
    if thread.channel == "mail":
        kind = MAIL
        subject = catalogue().text("id", "channels.subject", reference=case.reference if case else "")
        answers = list(
            session.scalars(
                select(HeardRow.message_id)
                .where(HeardRow.channel == "mail", HeardRow.case_id == (case.id if case else None))
                .order_by(HeardRow.at.desc())
                .limit(10)
            )
        )
        body |= {"name": thread.name, "subject": subject, "in_reply_to": thread.last_message_id, "references": answers}
    elif thread.channel == "whatsapp":
        kind = WHATSAPP
        body["about"] = thread.last_message_id
    elif thread.channel in _META:
        kind = META
        confidential = case is not None and case.confidential
        body["private"] = private or confidential or not thread.public
        body["account"] = thread.author.partition("/")[0]
        if thread.public and confidential and not private:
            return  # one private answer to a comment is all that Meta allows: it told the number already
    elif thread.channel.startswith(RELAY):
        kind = RELAYED
        body["about"] = thread.last_message_id
    else:
        return
    if len(key) > 200:
        key = f"{key[:100]}:{hashlib.sha256(key.encode()).hexdigest()}"
    send_out(session, kind=kind, key=key, body=body, case_id=case.id if case else None)
