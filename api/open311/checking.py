"""The fields of a request that is filed: bounded, cleaned, and told apart from nonsense before anything is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from api.attachments.cleaning import (
    Attachment,
    AttachmentTooLargeError,
    AttachmentUnreadableError,
    accept_attachment,
)
from api.jurisdiction.model import Jurisdiction
from api.portal.wording import MAX_CONTACT, MAX_NAME, MAX_PLACE, MAX_STORY, clean_line, clean_text
from api.problems import OfficeError

MAX_URL = 500


class Wrong(OfficeError):  # noqa: N818 - reads as what happened
    """A refusal with a status of its own.

    Args:
        status: HTTP status.
        description: one sentence: what was wrong, what to do.
    """

    code = "open311"
    title = "The request is refused"

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status  # type: ignore[misc]  # of the instance: the standard has one form for all errors


def checked(
    jurisdiction: Jurisdiction, texts: Mapping[str, str], photo: tuple[str, bytes] | None
) -> tuple[dict[str, Any], Attachment | None]:
    """What is kept of a request.

    Returns:
        The fields as JSON values, and the cleaned photo.

    Raises:
        Wrong: a field is missing or wrong (400), or the topic is unknown (404).
    """
    code = texts.get("service_code", "")
    if not code:
        raise Wrong(400, "service_code is missing.")
    category = jurisdiction.complaint_category(code)
    if category is None:
        raise Wrong(404, "service_code was not found: see the list of services.")
    place = clean_line(texts.get("address_string", ""))[:MAX_PLACE]
    latitude, longitude = _degrees(texts, "lat", 90), _degrees(texts, "long", 180)
    if (latitude is None) != (longitude is None):
        raise Wrong(400, "lat and long come together.")
    if not place and latitude is None and not texts.get("address_id"):
        raise Wrong(400, "Tell where: lat and long, or address_string.")
    regency = texts.get("attribute[regency]", "")
    if regency and jurisdiction.regency_named(regency) is None:
        raise Wrong(400, "attribute[regency] is none of the list: see the service's definition.")
    link = texts.get("media_url", "").strip()
    if link and (len(link) > MAX_URL or not link.startswith("https://") or not link.isprintable()):
        raise Wrong(400, f"media_url is an https:// address of at most {MAX_URL} letters.")
    name = clean_line(f"{texts.get('first_name', '')} {texts.get('last_name', '')}")[:MAX_NAME]
    contact = clean_line(texts.get("email", "") or texts.get("phone", ""))[:MAX_CONTACT]
    text = clean_text(texts.get("description", ""))[:MAX_STORY]
    document = {
        "category": category.id,
        "text": text or category.names.id,
        "place": place or None,
        "latitude": latitude,
        "longitude": longitude,
        "name": name or None,
        "contact": contact or None,
        "regency": regency or None,
        "media_url": link or None,
    }
    return document, None if photo is None else _photo(*photo)


def _degrees(texts: Mapping[str, str], name: str, most: float) -> float | None:
    typed = texts.get(name, "").strip()
    if not typed:
        return None
    try:
        value = float(typed)
    except ValueError:
        value = math.nan
    if not -most <= value <= most:
        raise Wrong(400, f"{name} is a number of degrees between -{most:g} and {most:g}.")
    return value


def _photo(name: str, data: bytes) -> Attachment:
    try:
        return accept_attachment(name, data)
    except AttachmentTooLargeError:
        raise Wrong(400, "media is larger than 5 MB: send a smaller photo.") from None
    except AttachmentUnreadableError:
        raise Wrong(400, "media is no photo that can be read, nor a harmless PDF: choose another file.") from None
