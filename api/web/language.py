"""Which language a reader gets: asked by link, chosen before, preferred by the browser, else Indonesian."""

from __future__ import annotations

from typing import Final

from fastapi import Request, Response

from api.web.messages import DEFAULT_LANGUAGE, LANGUAGES

COOKIE: Final = "tertib_language"
COOKIE_SECONDS: Final = 365 * 24 * 3600
MAX_HEADER_CHARACTERS: Final = 200


def _preferred(header: str) -> str | None:
    """First of our languages in an Accept-Language header, by quality."""
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate(header[:MAX_HEADER_CHARACTERS].split(",")):
        tag, _, parameters = part.strip().partition(";")
        try:
            quality = float(parameters.strip().removeprefix("q=")) if parameters else 1.0
        except ValueError:
            continue
        ranked.append((-quality, position, tag.split("-")[0].lower()))
    return next((language for quality, _, language in sorted(ranked) if language in LANGUAGES and quality < 0), None)


def language_of(request: Request) -> str:
    """The language of this request's page: `?lang=`, the cookie, Accept-Language, Indonesian."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if chosen in LANGUAGES:
            return str(chosen)
    return _preferred(request.headers.get("accept-language", "")) or DEFAULT_LANGUAGE


def remember(request: Request, response: Response) -> None:
    """Keep a language that was chosen by link, so that the next page has it too."""
    chosen = request.query_params.get("lang")
    if chosen in LANGUAGES and request.cookies.get(COOKIE) != chosen:
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, str(chosen), max_age=COOKIE_SECONDS, samesite="lax", httponly=True, secure=secure)


def links(request: Request) -> list[tuple[str, str]]:
    """(language, address of this page in it), for the switch in the page's foot."""
    return [
        (language, str(request.url.include_query_params(lang=language)).split(str(request.base_url).rstrip("/"), 1)[-1])
        for language in LANGUAGES
    ]
