"""Answers that say something: a template names the parts that an answer must have, and none may be left out.

Complaints were answered "will be followed up" everywhere; a citizen learns nothing from it and asks again. So whoever
answers fills in what was looked at, what was found, and what happens by when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from api.problems import Unprocessable
from api.web.messages import catalogue

MIN_PART: Final = 10
MAX_PART: Final = 1200
# What a part must not consist of: words that promise nothing.
_EMPTY_PHRASES: Final = (
    "akan ditindaklanjuti",
    "akan kami tindak lanjuti",
    "terima kasih atas laporannya",
    "mohon menunggu",
    "will be followed up",
    "thank you for your report",
)


class PartMissing(Unprocessable):
    """A part of the answer is missing, too short, or says nothing.

    Args:
        parts: which, with the catalogue key of what is wrong.
    """

    code = "answer-part-missing"
    title = "The answer lacks a part"

    def __init__(self, parts: Mapping[str, str]) -> None:
        self.parts = dict(parts)
        super().__init__(f"Say it in {', '.join(parts)}: at least {MIN_PART} letters each, about this very case.")


@dataclass(frozen=True)
class Template:
    """An answer's form.

    Attributes:
        id: `found`, `done`, `refused`, ...
        parts: what must be said, in order; the catalogue holds `desk.part.<part>` as label and `.lead` as the words
            before it in the answer.
    """

    id: str
    parts: tuple[str, ...]


TEMPLATES: Final = (
    Template("found", ("looked_at", "found", "next_step")),
    Template("done", ("looked_at", "done")),
    Template("not_possible", ("looked_at", "why_not", "other_way")),
)


def template(template_id: str) -> Template:
    """The template with this id; the first one when there is none."""
    return next((one for one in TEMPLATES if one.id == template_id), TEMPLATES[0])


def composed(chosen: Template, parts: Mapping[str, str], language: str = "id") -> str:
    """The answer from its parts.

    Args:
        chosen: the template.
        parts: what was typed, by part.
        language: of the words between.

    Raises:
        PartMissing: a part is missing, too short, too long, or says nothing.
    """
    said = {name: " ".join(parts.get(name, "").split()) for name in chosen.parts}
    wrong = {name: key for name, text in said.items() if (key := _wrong(text))}
    if wrong:
        raise PartMissing(wrong)
    return "\n\n".join(f"{catalogue().text(language, f'desk.part.{name}.lead')} {said[name]}" for name in chosen.parts)


def _wrong(text: str) -> str:
    if len(text) < MIN_PART:
        return "desk.part.short"
    if len(text) > MAX_PART:
        return "desk.part.long"
    plain = text.casefold().strip(" .,!")
    for phrase in _EMPTY_PHRASES:
        plain = plain.replace(phrase, "")
    return "desk.part.empty" if len(plain.strip(" .,!")) < MIN_PART else ""
