"""From the rows of a violation to the page's values: manifest, register, law, events and clocks side by side."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from sqlalchemy.orm import Session

from api.intake.evidence import manifest_of
from api.jurisdiction.law import Law, LawUnknown, law_for
from api.jurisdiction.loading import jurisdictions_of
from api.register.matching import blocks_approval
from api.register.port import RegisterAway, register_of
from api.register.service import Vehicle
from api.review import measures, phrases, wording
from api.review.case_view import (
    EXHIBIT_KEYS,
    Candidate,
    CaseView,
    ClockView,
    ConditionView,
    Exhibit,
    LawView,
    PlateView,
    RegisterView,
    Step,
)
from api.review.decision import WAITING
from api.store.errors import CaseNotFound
from api.store.service import clocks_of, events_of
from api.store.tables import CaseRow, EventRow
from api.web.figures import moment
from api.web.messages import catalogue
from pipeline.evidence.manifest import Manifest, PlateEvidence, Role
from pipeline.evidence.plate_number import PlateNumber

# The roadside may measure where in the clip the offence is; the player starts there.
OFFENCE_IN_CLIP: Final = "offence_in_clip_s"
# Clocks that were set by more than a guess.
_TRUSTED_CLOCKS: Final = frozenset({"rtcp", "arrival"})
_GRAVE: Final = "grave:"
_DECIDED: Final = frozenset({"approved", "rejected"})


def manifest_behind(session: Session, case: CaseRow) -> Manifest:
    """What the camera signed, of the violation behind a case; `case` must come from the one door.

    Raises:
        CaseNotFound: there is no evidence behind it.
    """
    manifest = manifest_of(session, case)
    if manifest is None:
        raise CaseNotFound
    return manifest


def case_view(session: Session, case: CaseRow, language: str) -> CaseView:
    """Everything on the page of a violation; `case` must come from the one door."""
    manifest = manifest_behind(session, case)
    law = _law(session, case, manifest)
    number = plate_number(manifest)
    vehicle, away = registered(session, number)
    events = events_of(session, case.id)
    return CaseView(
        case_id=case.id,
        reference=case.reference,
        place=manifest.camera.place,
        camera_id=manifest.camera.camera_id,
        occurred_at=manifest.occurred_at,
        clock_trusted=manifest.clock_source in _TRUSTED_CLOCKS,
        box=manifest.track.box,
        law=_law_view(session, case, manifest, law, language),
        exhibits=_exhibits(case, manifest),
        plate=_plate_view(case, manifest, number, language),
        register=_register_view(manifest.plate, manifest.track.vehicle_class, vehicle, number, language, away=away),
        conditions=tuple(
            ConditionView(phrases.said(c.name, language), c.met, phrases.said(c.detail, language))
            for c in manifest.conditions
        ),
        doubts=tuple(phrases.said(text, language) for text in doubts_of(events, manifest)),
        moving_url=next(
            (evidence_url(case, member.name) for member in manifest.members if member.role is Role.MOVING), None
        ),
        measured=measures.rows({k: v for k, v in manifest.measured.items() if k != OFFENCE_IN_CLIP}, language),
        clocks=clock_views(session, case, language),
        steps=tuple(step(event, language) for event in events),
        roles=roles_of(manifest),
        blocked=_said(away or _blocked(session, case, manifest, number, vehicle, law), language),
        decided=_decided(case, events, language),
    )


def doubts_of(events: list[EventRow], manifest: Manifest) -> list[str]:
    """What the camera doubted, and what the intake found when the package came in (a gap in the camera's chain)."""
    told = events[0].data.get("doubts") if events else None
    return [str(one) for one in told] if isinstance(told, list) else list(manifest.doubts)


def roles_of(manifest: Manifest) -> frozenset[str]:
    """What the package holds."""
    return frozenset(member.role.value for member in manifest.members)


def plate_number(manifest: Manifest) -> PlateNumber | None:
    """The plate as the camera read it; None when it abstained."""
    return None if manifest.plate.text is None else PlateNumber.parse(manifest.plate.text)


def blocked_by(manifest: Manifest, number: PlateNumber | None, vehicle: Vehicle | None, law: Law | None) -> str | None:
    """Key of the sentence why no ticket can come of a violation; None when one can."""
    if number is None:
        return "review.blocked.no_plate"
    if vehicle is None:
        return "review.blocked.not_registered"
    if law is None:
        return "review.blocked.no_law"
    if any(not condition.met for condition in manifest.conditions):
        return "review.blocked.condition_unmet"
    if any(doubt.lower().startswith(_GRAVE) for doubt in manifest.doubts):
        return "review.blocked.grave_doubt"
    return None


def blocked_now(session: Session, case: CaseRow) -> tuple[str | None, frozenset[str]]:
    """For a decision: why no ticket can come of it (key of the sentence, or None), and what the package holds."""
    manifest = manifest_behind(session, case)
    number = plate_number(manifest)
    vehicle, away = registered(session, number)
    blocked = away or _blocked(session, case, manifest, number, vehicle, _law(session, case, manifest))
    return blocked, roles_of(manifest)


def registered(session: Session, number: PlateNumber | None) -> tuple[Vehicle | None, str | None]:
    """The vehicle that a plate belongs to, and, when the register cannot say, the key of the sentence that tells so."""
    try:
        return (None if number is None else register_of(session).find(number.text)), None
    except RegisterAway as error:
        return None, error.message


def _blocked(
    session: Session,
    case: CaseRow,
    manifest: Manifest,
    number: PlateNumber | None,
    vehicle: Vehicle | None,
    law: Law | None,
) -> str | None:
    """What speaks against a ticket, the register's differences included; a decision that was taken is left alone."""
    blocked = blocked_by(manifest, number, vehicle, law)
    if blocked is not None or vehicle is None or case.state != WAITING:
        return blocked
    return blocks_approval(session, case, vehicle, manifest.track, occurred_at=manifest.occurred_at)


def evidence_url(case: CaseRow, member: str) -> str:
    """Where the officers' pages fetch a member of the package: what is sent is written down."""
    return f"/review/{case.id}/evidence/{quote(member)}"


def step(event: EventRow, language: str) -> Step:
    """One event in words."""
    data = event.data
    reason = data.get("reason")
    text = wording.names(reason.get("names"), language) if isinstance(reason, dict) else None
    return Step(event.at, wording.event(event, language), wording.who(event.actor, language), text)


def _law(session: Session, case: CaseRow, manifest: Manifest) -> Law | None:
    jurisdiction = jurisdictions_of(session)[case.jurisdiction]
    try:
        return law_for(jurisdiction, manifest.offence.value, manifest.occurred_at, manifest.track.vehicle_class)
    except LawUnknown:
        return None


def _law_view(session: Session, case: CaseRow, manifest: Manifest, law: Law | None, language: str) -> LawView:
    if law is None:
        entry = jurisdictions_of(session)[case.jurisdiction].offence_named(manifest.offence.value)
        name = manifest.offence.value if entry is None else entry.names.text(language)
        return LawView(name, catalogue().text(language, "review.no_law"), "", 0, known=False)
    months = law.confinement_months
    note = None if months is None else catalogue().text(language, "review.confinement", n=months)
    return LawView(
        offence=law.offence_names.text(language),
        citation=law.citation if language == "id" else f"{law.article.law}, Article {law.article.article}",
        title=law.article.names.text(language),
        maximum_fine_rupiah=law.maximum_fine_rupiah,
        note=note,
    )


def _exhibits(case: CaseRow, manifest: Manifest) -> tuple[Exhibit, ...]:
    found: list[Exhibit] = []
    told = manifest.measured.get(OFFENCE_IN_CLIP)
    for role in EXHIBIT_KEYS:
        for member in manifest.members:
            if member.role.value == role:
                start_s = float(told) if isinstance(told, int | float) and role == Role.CLIP.value else None
                found.append(Exhibit(role, evidence_url(case, member.name), member.media_type, start_s))
                break
    return tuple(found)


def _plate_view(case: CaseRow, manifest: Manifest, number: PlateNumber | None, language: str) -> PlateView:
    plate = manifest.plate
    crop = next((member for member in manifest.members if member.role is Role.PLATE), None)
    return PlateView(
        display=None if number is None else number.display,
        confidence=plate.confidence,
        reason=None if plate.reason is None else phrases.said(plate.reason, language),
        country=plate.country,
        looks=plate.looks,
        candidates=tuple(Candidate(one.text, one.confidence) for one in plate.candidates[:4]),
        crop_url=None if crop is None else evidence_url(case, crop.name),
    )


def _register_view(
    plate: PlateEvidence,
    seen: str,
    vehicle: Vehicle | None,
    number: PlateNumber | None,
    language: str,
    *,
    away: str | None = None,
) -> RegisterView:
    def words(key: str, **values: object) -> str:
        return catalogue().text(language, f"review.register.{key}", **values)

    foreign = plate.country != "ID"
    if number is None:
        return RegisterView(found=False, mismatches=(words("no_plate"),))
    if away is not None:
        return RegisterView(found=False, mismatches=(catalogue().text(language, away),))
    if vehicle is None:
        why = words("foreign", code=plate.country) if foreign else words("plate_absent")
        return RegisterView(found=False, mismatches=(why,))
    differs = vehicle.vehicle_class != seen
    registered = phrases.vehicle_class(vehicle.vehicle_class, language)
    rows = (
        (words("field.plate"), PlateNumber.parse(vehicle.plate).display, "good"),
        (words("field.class"), registered, "bad" if differs else "good"),
        (words("field.make"), f"{vehicle.make} {vehicle.model}".strip(), ""),
        (words("field.colour"), vehicle.colour, ""),
        (words("field.owner"), vehicle.owner_name, ""),
    )
    mismatches = (
        (words("class_differs", seen=phrases.vehicle_class(seen, language), registered=registered),) if differs else ()
    )
    return RegisterView(True, rows, mismatches, (words("foreign_found", code=plate.country),) if foreign else ())


def clock_views(session: Session, case: CaseRow, language: str) -> tuple[ClockView, ...]:
    """The promises of a case with their deadlines, by name."""
    jurisdiction = jurisdictions_of(session)[case.jurisdiction]
    shown: list[ClockView] = []
    for row in clocks_of(session, case.id):
        policy = jurisdiction.policy(row.policy_id, row.policy_version)
        if row.due_at is not None:
            shown.append(ClockView(policy.names.text(language) if policy else row.name, row.due_at, row.stopped_at))
    return tuple(shown)


def _decided(case: CaseRow, events: list[EventRow], language: str) -> str | None:
    if case.state == WAITING:
        return None
    last = next((event for event in reversed(events) if event.type in _DECIDED), None)
    if last is None:
        return None
    return catalogue().text(
        language,
        "review.already_decided",
        outcome=catalogue().text(language, f"review.outcome.{last.type}"),
        name=last.actor_name,
        at=moment(last.at, language),
    )


def _said(key: str | None, language: str) -> str | None:
    return None if key is None else catalogue().text(language, key)
