"""The two languages of GeoReport v2: JSON, and the same as XML, in the shapes of the standard."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal
from xml.etree import ElementTree as Xml

from fastapi.responses import Response

Format = Literal["json", "xml"]
Value = Mapping[str, Any] | Sequence[Any] | str | int | float | None
# What the members of a list are called in XML.
_MEMBERS: Final = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}


def answer(root: str, value: Value, form: str, *, status: int = 200) -> Response:
    """An answer in the asked form.

    Args:
        root: the name of the outermost element of XML.
        value: what JSON shows.
        form: `json` or `xml`.
        status: HTTP status.
    """
    if form == "xml":
        body = Xml.tostring(_element(root, value), encoding="utf-8", xml_declaration=True)
        return Response(body, status_code=status, media_type="text/xml; charset=utf-8")
    return Response(
        json.dumps(value, ensure_ascii=False).encode(), status_code=status, media_type="application/json; charset=utf-8"
    )


def refusal(status: int, description: str, form: str) -> Response:
    """An error as the standard tells it."""
    return answer("errors", [{"code": status, "description": description}], form, status=status)


def _element(name: str, value: Value) -> Xml.Element:
    made = Xml.Element(name)
    if isinstance(value, Mapping):
        made.extend(_element(key, one) for key, one in value.items())
    elif isinstance(value, str):
        made.text = "".join(c for c in value if c in "\n\t" or (c >= " " and c not in "\ufffe\uffff"))
    elif isinstance(value, bool):
        made.text = "true" if value else "false"
    elif isinstance(value, Sequence):
        made.extend(_element(_MEMBERS[name], one) for one in value)
    elif value is not None:
        made.text = str(value)
    return made
