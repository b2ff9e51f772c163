"""GeoReport v2 under `/open311/v2`: services, their definitions, requests, tokens, discovery; JSON and XML."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from api.clock import now
from api.jurisdiction.model import ComplaintCategory, Jurisdiction
from api.open311 import filing, reading
from api.open311.checking import Wrong, checked
from api.open311.formats import Format, answer, refusal
from api.outbox.inbox import Inbox, Message
from api.outbox.outside import Outside
from api.problems import OfficeError
from api.requests import DbSession, client_address, get_jurisdiction, get_settings
from api.store.errors import CaseNotFound
from api.store.kinds import CaseKind
from api.store.reading import Viewer, case_for
from api.store.tables import CaseRow

ROOT: Final = "/open311/v2"
MAX_LISTED: Final = 200
MAX_DAYS: Final = 90
CHANGED: Final = "2026-11-24T00:00:00Z"
_THROTTLE: Final = filing.Throttle()


def _form(request: Request) -> str:
    return "xml" if request.url.path.endswith(".xml") else "json"


class TellingRoute(APIRoute):
    """A route whose errors are told as the standard tells them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with every expected error in the standard's form."""
        handle = super().get_route_handler()

        async def telling(request: Request) -> Response:
            try:
                return await handle(request)
            except OfficeError as error:
                return refusal(error.status, error.detail, _form(request))
            except RequestValidationError:
                return refusal(400, "A parameter is not as described.", _form(request))
            except HTTPException as error:
                return refusal(error.status_code, str(error.detail), _form(request))
            except OperationalError:
                return refusal(503, "The database does not answer now: try again in a minute.", _form(request))

        return telling


router = APIRouter(prefix=ROOT, tags=["open311"], route_class=TellingRoute)
Place = Annotated[str, Query(max_length=60, description="Id of the jurisdiction; may be left out.")]
Language = Annotated[str, Query(max_length=10, pattern="^[a-zA-Z-]*$", description="`id` or `en`.")]


def _jurisdiction(request: Request, jurisdiction_id: str) -> Jurisdiction:
    jurisdiction = get_jurisdiction(request)
    if jurisdiction_id and jurisdiction_id != jurisdiction.id:
        raise Wrong(404, "jurisdiction_id was not found: leave it out, or see discovery.")
    return jurisdiction


def _language(request: Request, lang: str) -> str:
    wanted = (lang or request.headers.get("accept-language", "")).lower()
    return "en" if wanted.startswith("en") else "id"


@router.get("/discovery.{form}")
def discovery(request: Request, form: Format) -> Response:
    """Where the service is and what it speaks."""
    address = get_settings(request).public_url + ROOT
    endpoint = {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": address,
        "changeset": CHANGED,
        "type": "production",
        "formats": ["application/json", "text/xml"],
    }
    document = {
        "changeset": CHANGED,
        "contact": get_settings(request).public_url,
        "key_service": "Ask the office for a key; requests may be filed without one, fewer an hour.",
        "endpoints": [endpoint],
    }
    return answer("discovery", document, form)


def _service(category: ComplaintCategory, language: str) -> dict[str, Any]:
    return {
        "service_code": category.id,
        "service_name": category.names.text(language),
        "description": category.names.text(language),
        "metadata": True,
        "type": "realtime",
        "keywords": ", ".join(category.words),
        "group": "",
    }


@router.get("/services.{form}")
def services(request: Request, form: Format, jurisdiction_id: Place = "", lang: Language = "") -> Response:
    """What requests may be about."""
    language = _language(request, lang)
    jurisdiction = _jurisdiction(request, jurisdiction_id)
    told = [_service(category, language) for category in jurisdiction.complaint_categories]
    return answer("services", told, form)


@router.get("/services/{service_code}.{form}")
def definition(
    request: Request,
    form: Format,
    service_code: Annotated[str, Path(max_length=60)],
    jurisdiction_id: Place = "",
    lang: Language = "",
) -> Response:
    """What else may be told of a request about something."""
    language = _language(request, lang)
    jurisdiction = _jurisdiction(request, jurisdiction_id)
    category = jurisdiction.complaint_category(service_code)
    if category is None:
        raise Wrong(404, "service_code was not found: see the list of services.")
    regencies = [{"key": one.code, "name": one.names.text(language)} for one in jurisdiction.regencies]
    attribute = {
        "variable": True,
        "code": "regency",
        "datatype": "singlevaluelist",
        "required": False,
        "datatype_description": "",
        "order": 1,
        "description": "Regency or city" if language == "en" else "Kabupaten atau kota",
        "values": regencies,
    }
    return answer(
        "service_definition", {"service_code": category.id, "attributes": [attribute] if regencies else []}, form
    )


_FIELDS: Final = {
    name: {"type": "string"}
    for name in (
        *("service_code", "lat", "long", "address_string", "description", "first_name", "last_name", "email", "phone"),
        *("media_url", "attribute[regency]", "api_key", "jurisdiction_id"),
    )
}
_SHAPE: Final = {"type": "object", "required": ["service_code"], "properties": _FIELDS}
_UPLOAD: Final = {**_SHAPE, "properties": {**_FIELDS, "media": {"type": "string", "format": "binary"}}}


@router.post(
    "/requests.{form}",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {"schema": _SHAPE},
                "multipart/form-data": {"schema": _UPLOAD},
            },
        }
    },
    responses={400: {"description": "A field is missing or wrong."}, 403: {"description": "The key is wrong."}},
)
async def file(request: Request, form: Format) -> Response:
    """File a request: its number at once, or a token while the office is slow."""
    typed = await request.form(max_files=2, max_fields=60)
    texts = {name: value for name, value in typed.items() if isinstance(value, str)}
    photo: tuple[str, bytes] | None = None
    for value in typed.values():
        if not isinstance(value, str) and value.filename:
            photo = (value.filename, await value.read())
            break
    inbox: Inbox = request.app.state.inbox
    message = await inbox.beside(_message, request, {**dict(request.query_params), **texts}, photo)
    try:
        taken = await inbox.receive(message)
    except OSError:
        raise Wrong(503, "The request could not be kept: try again in a minute.") from None
    told: dict[str, Any] = {"token": message.message_id}
    if taken.state == "done":
        told = {"service_request_id": taken.result.rpartition(" ")[2]}
    return answer("service_requests", [{**told, "service_notice": "", "account_id": ""}], form, status=201)


def _message(request: Request, texts: dict[str, str], photo: tuple[str, bytes] | None) -> Message:
    jurisdiction = _jurisdiction(request, texts.get("jurisdiction_id", ""))
    outside: Outside = request.app.state.outside
    _check_key(request, outside, texts.get("api_key", ""))
    return filing.as_message(*checked(jurisdiction, texts, photo))


def _check_key(request: Request, outside: Outside, given: str) -> None:
    keys = outside.open311.api_keys
    if keys:
        typed = given.encode("utf-8", "replace")
        if not any(hmac.compare_digest(typed, key.encode()) for key in keys.values()):
            raise Wrong(403, "api_key is missing or wrong.")
        return
    if not _THROTTLE.take(get_settings(request).secret, client_address(request), at=time.monotonic()):
        raise Wrong(429, f"More than {filing.MAX_AN_HOUR} requests in an hour: wait, or ask the office for a key.")


@router.get("/tokens/{token}.{form}")
def token_asked(
    session: DbSession, form: Format, token: Annotated[str, Path(max_length=64)], jurisdiction_id: Place = ""
) -> Response:
    """The number of a request that a token was given for; empty while it is not there yet."""
    _ = jurisdiction_id
    case = filing.case_of_token(session, token.replace("\x00", ""))
    told = {"token": token, "service_request_id": "" if case is None else case.reference}
    return answer("service_requests", [told], form)


def _moment(text: str, name: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Wrong(400, f"{name} is no date: write it as 2026-01-31T08:00:00Z.") from None


@router.get("/requests.{form}")
def requests(
    request: Request,
    session: DbSession,
    form: Format,
    service_request_id: Annotated[str, Query(max_length=4000, description="Numbers, between commas.")] = "",
    service_code: Annotated[str, Query(max_length=1000)] = "",
    start_date: Annotated[str, Query(max_length=40)] = "",
    end_date: Annotated[str, Query(max_length=40)] = "",
    status: Annotated[str, Query(max_length=20, description="`open`, `closed`, or both.")] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=MAX_LISTED)] = MAX_LISTED,
    jurisdiction_id: Place = "",
    lang: Language = "",
) -> Response:
    """Requests, the newest first: those that are public, or those whose numbers are given."""
    _jurisdiction(request, jurisdiction_id)
    language = _language(request, lang)
    if service_request_id:
        numbers = [one.strip() for one in service_request_id.split(",") if one.strip()][:MAX_LISTED]
        found = [case for number in numbers if (case := _one(session, number)) is not None]
        return answer("service_requests", reading.shown(session, found, language), form)
    end = _moment(end_date, "end_date") or now(session)
    try:
        start = _moment(start_date, "start_date") or end - timedelta(days=MAX_DAYS)
    except OverflowError:
        raise Wrong(400, "end_date is too early.") from None
    if end - start > timedelta(days=MAX_DAYS):
        raise Wrong(400, f"start_date and end_date may lie {MAX_DAYS} days apart.")
    query = reading.listed().where(CaseRow.opened_at.between(start, end))
    if service_code:
        codes = [one.strip().replace("\x00", "") for one in service_code.split(",")]
        query = query.where(CaseRow.subject["category"].astext.in_(codes))
    wanted = {one.strip() for one in status.split(",") if one.strip()}
    if not wanted <= set(reading.STATES):
        raise Wrong(400, "status is `open`, `closed`, or both between commas.")
    if len(wanted) == 1:
        query = query.where(reading.in_state(wanted.pop()))
    query = query.order_by(CaseRow.opened_at.desc(), CaseRow.id).limit(page_size).offset((page - 1) * page_size)
    return answer("service_requests", reading.shown(session, list(session.scalars(query)), language), form)


def _one(session: DbSession, number: str) -> CaseRow | None:
    try:
        case = case_for(session, Viewer.anonymous(), number.replace("\x00", ""))
    except CaseNotFound:
        return None
    return case if case.kind == CaseKind.COMPLAINT.value and not case.confidential else None


@router.get("/requests/{service_request_id}.{form}")
def one_request(
    request: Request,
    session: DbSession,
    form: Format,
    service_request_id: Annotated[str, Path(max_length=60)],
    jurisdiction_id: Place = "",
    lang: Language = "",
) -> Response:
    """One request, by its number."""
    _jurisdiction(request, jurisdiction_id)
    case = _one(session, service_request_id)
    if case is None:
        raise Wrong(404, "service_request_id was not found.")
    return answer("service_requests", reading.shown(session, [case], _language(request, lang)), form)
