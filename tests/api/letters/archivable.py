"""Whether a PDF keeps to what PDF/A-2a (ISO 19005-2) and PDF/UA-1 (ISO 14289-1) ask of its structure.

No validator of the whole standards runs here: veraPDF is in no registry that the project uses. These are the clauses
that a letter can break, each checked on the file itself by a library that did not write it (pypdf).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pypdf
from pypdf.generic import DictionaryObject

_ACTIVE = {"/JavaScript", "/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData"}


def told_wrong(data: bytes) -> list[str]:
    """What breaks the standards; empty when nothing was found."""
    reader = pypdf.PdfReader(io.BytesIO(data))
    root = reader.trailer["/Root"]
    xmp_stream = root["/Metadata"]
    xmp = xmp_stream.get_data().decode()
    intents = [one.get_object() for one in root.get("/OutputIntents", [])]
    checks = {
        "6.1.2 header": re.match(rb"%PDF-1\.[0-7]\r?\n%[\x80-\xff]{4}", data) is not None,
        "6.1.3 trailer: an id, no encryption": "/ID" in reader.trailer and "/Encrypt" not in reader.trailer,
        "6.6.2 metadata is readable without a filter": "/Filter" not in xmp_stream,
        "6.6.4 says that it is PDF/A-2a": "<pdfaid:part>2<" in xmp and "<pdfaid:conformance>A<" in xmp,
        "UA 5 says that it is PDF/UA-1": "<pdfuaid:part>1<" in xmp,
        "UA 7.1 a title, and the viewer shows it": "<dc:title>" in xmp
        and root["/ViewerPreferences"]["/DisplayDocTitle"].value,
        "6.2.3 an output intent with its profile": any(
            one["/S"] == "/GTS_PDFA1" and one["/DestOutputProfile"].get_object().get_data()[36:40] == b"acsp"
            for one in intents
        ),
        "6.7.2 marked as tagged": root["/MarkInfo"]["/Marked"].value,
        "6.7.3 a structure tree": bool(root["/StructTreeRoot"]["/K"]),
        "6.7.4 a language": root.get("/Lang") in {"id", "en"},
        "6.5 no action by itself": not ({"/OpenAction", "/AA"} & set(root)),
        "6.9 nothing is embedded": "/EmbeddedFiles" not in root.get("/Names", {}),
    }
    wrong = [name for name, holds in checks.items() if not holds]
    for number, page in enumerate(reader.pages, start=1):
        wrong += [f"page {number}: {what}" for what in _page(page)]
    return [*wrong, *_structure(root["/StructTreeRoot"])]


def _page(page: pypdf.PageObject) -> Iterator[str]:
    if "/StructParents" not in page:
        yield "6.7.3 its content is not in the structure tree"
    if "/AA" in page:
        yield "6.5 an action by itself"
    group = page.get("/Group")
    if group is not None and "/CS" not in group.get_object():
        yield "6.2.10 transparency without a colour space"
    for one in page.get("/Annots", []):
        annotation = one.get_object()
        flags = int(annotation.get("/F", 0))
        if annotation["/Subtype"] != "/Popup" and (not flags & 4 or flags & 0b100011):
            yield "6.3.2 an annotation that is hidden or not printed"
        if annotation.get("/A", {}).get("/S") in _ACTIVE:
            yield "6.5 a forbidden action"
        if page.get("/Tabs") != "/S":
            yield "UA 7.18 tab order is not that of the structure"
    for name, font in _fonts(page.get("/Resources", {})):
        shown = font["/DescendantFonts"][0].get_object() if font["/Subtype"] == "/Type0" else font
        descriptor = shown.get("/FontDescriptor", DictionaryObject())
        if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor):
            yield f"6.2.11.4 {name} is not embedded"
        if "/ToUnicode" not in font:
            yield f"6.2.11.7 {name} cannot be read as text"
    for name, image in page.get("/Resources", {}).get("/XObject", {}).items():
        if image.get_object().get("/Interpolate") or "/Alternates" in image.get_object():
            yield f"6.2.8 {name} is interpolated or has alternates"


def _fonts(resources: DictionaryObject) -> Iterator[tuple[str, DictionaryObject]]:
    for name, font in resources.get("/Font", {}).items():
        yield name, font.get_object()
    for form in resources.get("/XObject", {}).values():
        if form.get_object().get("/Subtype") == "/Form":
            yield from _fonts(form.get_object().get("/Resources", DictionaryObject()))


def _structure(tree: DictionaryObject) -> Iterator[str]:
    """Every picture has words, tables are made of rows of cells, headings begin at the first level."""
    levels: list[int] = []
    for kind, parent, element in _elements(tree.get("/K"), ""):
        if kind in {"Figure", "Formula"} and not (element.get("/Alt") or element.get("/ActualText")):
            yield f"UA 7.3 a {kind} without words"
        if kind in {"TH", "TD"} and parent != "TR":
            yield f"UA 7.5 a cell in {parent}"
        if kind == "LI" and parent != "L":
            yield f"UA 7.6 an item in {parent}"
        if re.fullmatch(r"H[1-6]", kind):
            level = int(kind[1])
            if level > (levels[-1] if levels else 0) + 1:
                yield f"UA 7.4.2 {kind} skips a level"
            levels.append(level)
    if not levels:
        yield "UA 7.4 no heading"


def _elements(kids: object, parent: str) -> Iterator[tuple[str, str, DictionaryObject]]:
    kids = kids.get_object() if hasattr(kids, "get_object") else kids
    for one in kids if isinstance(kids, list) else [kids]:
        element = one.get_object() if hasattr(one, "get_object") else one
        if isinstance(element, DictionaryObject) and "/S" in element:
            kind = str(element["/S"])[1:]
            yield kind, parent, element
            yield from _elements(element.get("/K"), kind)
