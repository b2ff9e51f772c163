"""A signed letter as it goes out: PDF/A-2a and PDF/UA-1, with the text that was signed and its hash."""

from __future__ import annotations

import re

from babel.dates import format_date
from sqlalchemy.orm import Session

from api.eoffice import service
from api.jurisdiction.loading import jurisdictions_of
from api.letters.typesetting import set_letter
from api.problems import Conflict
from api.store.service import events_of
from api.store.tables import CaseRow
from api.tickets.notice import format_local_time

_BETWEEN = re.compile(r"\n[ \t]*\n\s*")


class NotSigned(Conflict):
    """What nobody has signed is no letter yet."""

    code = "letter-not-signed"
    title = "The letter is not signed"


def paper(session: Session, letter: CaseRow) -> bytes:
    """Set a letter out, in Indonesian; the same letter gives the same bytes.

    Args:
        session: an open session.
        letter: the letter; must come from the one door.

    Raises:
        NotSigned: nobody has signed it, or what was signed is not what stands there.
        LetterError: it could not be set.
    """
    draft = service.draft_of(session, letter.id)
    number = service.numbers_of(session, letter.id).get("out")
    signed = next((event for event in reversed(events_of(session, letter.id)) if event.type == "signed"), None)
    if draft is None or number is None or signed is None or signed.data.get("sha256") != draft.sha256:
        raise NotSigned("Only a signed and numbered letter goes out as PDF.")
    jurisdiction = jurisdictions_of(session)[letter.jurisdiction]
    agency = jurisdiction.agency_named(letter.agency)
    facts = {
        "reference": letter.reference,
        "agency": letter.agency if agency is None else agency.names.text("id"),
        "region": jurisdiction.names.text("id"),
        "number": number,
        "date": format_date(jurisdiction.local_day(signed.at), "d MMMM y", locale="id"),
        "to": draft.to,
        "about": draft.about,
        "paragraphs": [one.splitlines() for one in _BETWEEN.split(draft.body.replace("\r\n", "\n")) if one.strip()],
        "signer": draft.signer_name,
        "signed": format_local_time(signed.at, jurisdiction.timezone, "id"),
        "drafted_by": draft.drafted_by,
        "version": draft.version,
        "sha256": draft.sha256,
    }
    return set_letter("office_letter", facts, created_at=signed.at)
