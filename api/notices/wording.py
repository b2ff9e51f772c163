"""What an e-mail says; WhatsApp's template says the same with these values put in."""

from __future__ import annotations

from dataclasses import dataclass

from api.web.messages import LANGUAGES, catalogue


@dataclass(frozen=True)
class Told:
    """What every message of a ticket tells: enough to act on, nothing that a stranger could use against the owner.

    Attributes:
        name: the owner's.
        plate: as shown.
        reference: of the ticket.
        link: the signed link.
        code: of the message, to ask whether it is ours.
        due: the day by which to answer, in each language; empty when none runs.
        agency: who writes, in each language.
        check_url: the page that tells whether a message is ours.
    """

    name: str
    plate: str
    reference: str
    link: str
    code: str
    due: dict[str, str]
    agency: dict[str, str]
    check_url: str


def subject(told: Told) -> str:
    """The subject line, Indonesian and English."""
    return " / ".join(catalogue().text(language, "notices.mail.subject", plate=told.plate) for language in LANGUAGES)


def text(told: Told) -> str:
    """The plain text, Indonesian first."""
    parts = []
    for language in LANGUAGES:
        held = catalogue()
        due = held.text(language, "notices.mail.due", due=told.due[language]) if told.due.get(language) else ""
        parts.append(
            held.text(
                language,
                "notices.mail.text",
                name=told.name,
                plate=told.plate,
                reference=told.reference,
                link=told.link,
                code=told.code,
                due=due,
                agency=told.agency[language],
                check=told.check_url,
            ).strip()
        )
    return "\n\n-- \n\n".join(parts) + "\n"
