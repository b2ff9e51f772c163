"""A part drawn on the frame, written into the scene's text where it belongs; remarks and all else stay as they are.

The text is the scene: what a person typed is not written anew. Only the place is looked up (by YAML's own marks).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import yaml

from api.camera_setup.drawing import MAX_CHARACTERS, Point, SceneUnreadableError, read_scene

MAX_POINTS: Final = 100
_NAME: Final = re.compile(r"^[a-z0-9][a-z0-9-]{0,39}$")
_PAIR: Final = re.compile(r"^(-?\d{1,5}(?:\.\d{1,3})?)\s*[,;]\s*(-?\d{1,5}(?:\.\d{1,3})?)$")


@dataclass(frozen=True)
class Sort:
    """A sort of part: which list it stands in, under which key, and how many points it takes."""

    part: str
    key: str
    least: int
    most: int
    of_lane: bool = False


SORTS: Final[dict[str, Sort]] = {
    "lane": Sort("lanes", "polygon", 3, MAX_POINTS),
    "stop_line": Sort("lanes", "stop_line", 2, 2, of_lane=True),
    "direction": Sort("lanes", "direction", 2, 2, of_lane=True),
    "zone": Sort("zones", "polygon", 3, MAX_POINTS),
    "signal": Sort("signals", "box", 2, 2),
    "solid_line": Sort("solid_lines", "line", 2, MAX_POINTS),
    "count_line": Sort("count_lines", "line", 2, 2),
    "point": Sort("homography", "pixel", 1, 1),
}


class PartUnfitError(ValueError):
    """What was drawn cannot be added; `message` is a key of the catalogue, `values` what it names."""

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message)
        self.message, self.values = message, values


def points_in(typed: str) -> tuple[Point, ...]:
    """Points as typed or drawn: `120,340 180,350`, a pair each, by blanks or lines.

    Raises:
        PartUnfitError: something else stands there.
    """
    found = []
    for pair in re.sub(r"\s*[,;]\s*", ",", typed).split()[: MAX_POINTS + 1]:
        fit = _PAIR.match(pair)
        if fit is None:
            raise PartUnfitError("cameras.add.error.points", what=pair[:30])
        found.append((float(fit[1]), float(fit[2])))
    if len(found) > MAX_POINTS:
        raise PartUnfitError("cameras.add.error.many", most=MAX_POINTS)
    return tuple(found)


def _written(points: tuple[Point, ...]) -> str:
    return "[" + ", ".join(f"[{x:g}, {y:g}]" for x, y in points) + "]"


def _value(sort: str, points: tuple[Point, ...]) -> str:
    if sort != "signal":
        return _written(points)
    xs, ys = sorted(x for x, _ in points), sorted(y for _, y in points)
    return f"[{xs[0]:g}, {ys[0]:g}, {xs[-1]:g}, {ys[-1]:g}]"


def add_part(text: str, sort: str, name: str, points: tuple[Point, ...], metres: tuple[Point, ...] = ()) -> str:
    """The scene's text with one more part.

    Args:
        text: a scene file.
        sort: one of `SORTS`.
        name: of the part; of the lane for a stop line or a direction; not used for a surveyed point.
        points: pixels.
        metres: of a surveyed point: metres east and north.

    Raises:
        PartUnfitError: the part does not fit the scene.
        SceneUnreadableError: the text is no scene.
    """
    scene = read_scene(text)
    kind = SORTS.get(sort)
    if kind is None:
        raise PartUnfitError("cameras.add.error.sort")
    if not kind.least <= len(points) <= kind.most:
        raise PartUnfitError("cameras.add.error.count", least=kind.least, most=kind.most, n=len(points))
    if sort == "point":
        if len(metres) != 1:
            raise PartUnfitError("cameras.add.error.metres")
        item = f"pixel: [{points[0][0]:g}, {points[0][1]:g}], metre: [{metres[0][0]:g}, {metres[0][1]:g}]"
        return _checked(_appended(text, kind.part, "{" + item + "}"))
    if not _NAME.match(name):
        raise PartUnfitError("cameras.add.error.name")
    rows = scene.get(kind.part)
    names = {str(row.get("id")) for row in rows if isinstance(row, dict)} if isinstance(rows, list) else set()
    if kind.of_lane:
        if name not in names:
            raise PartUnfitError("cameras.add.error.lane", name=name)
        return _checked(_in_lane(text, name, kind.key, _value(sort, points)))
    if name in names:
        raise PartUnfitError("cameras.add.error.taken", name=name)
    return _checked(_appended(text, kind.part, f"id: {name}\n{kind.key}: {_value(sort, points)}"))


def _checked(text: str) -> str:
    read_scene(text)
    return text


def _root(text: str) -> yaml.MappingNode:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise SceneUnreadableError("schema: tertib.scene/1")
    return root


def _child(mapping: yaml.MappingNode, key: str) -> yaml.Node | None:
    return next((value for name, value in mapping.value if name.value == key), None)


def _end_of(text: str, node: yaml.Node) -> int:
    """Where a block that ends with `node` is continued: after the line of its last scalar or bracket."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    end = text.find("\n", node.end_mark.index)
    return len(text) if end < 0 else end + 1


def _inserted(text: str, at: int, lines: str) -> str:
    before = text[:at]
    joint = "" if not before or before.endswith("\n") else "\n"
    made = f"{before}{joint}{lines}\n{text[at:]}"
    if len(made) > MAX_CHARACTERS:
        raise SceneUnreadableError(f"{len(made)} > {MAX_CHARACTERS}")
    return made


def _item(fields: str, indent: int) -> str:
    first, *rest = fields.split("\n")
    return "\n".join([f"{' ' * indent}- {first}", *(f"{' ' * (indent + 2)}{line}" for line in rest)])


def _appended(text: str, part: str, fields: str) -> str:
    """One more item at the end of a list of the scene, which is begun where there is none."""
    held = _child(_root(text), part)
    if held is None:
        return _inserted(text, len(text), f"{part}:\n{_item(fields, 2)}")
    if not isinstance(held, yaml.SequenceNode) or (held.flow_style and held.value):
        raise PartUnfitError("cameras.add.error.style", part=part)
    if not held.value:
        start, end = held.start_mark.index, held.end_mark.index
        return _inserted(text[:start].rstrip() + text[end:], _line_end(text, start), _item(fields, 2))
    return _inserted(text, _end_of(text, held), _item(fields, held.start_mark.column))


def _line_end(text: str, index: int) -> int:
    """Where the next line begins once the empty list at `index` is taken out."""
    line = len(text[:index].rstrip())
    return line + 1


def _in_lane(text: str, name: str, key: str, value: str) -> str:
    """A key of a lane, put in or put in place of the one that is there."""
    lanes = _child(_root(text), "lanes")
    for lane in lanes.value if isinstance(lanes, yaml.SequenceNode) else []:
        held = _child(lane, "id") if isinstance(lane, yaml.MappingNode) else None
        if held is None or held.value != name:
            continue
        if lane.flow_style:
            raise PartUnfitError("cameras.add.error.style", part="lanes")
        old = _child(lane, key)
        if old is not None:
            return text[: old.start_mark.index] + value + text[old.end_mark.index :]
        return _inserted(text, _end_of(text, lane), f"{' ' * lane.start_mark.column}{key}: {value}")
    raise PartUnfitError("cameras.add.error.lane", name=name)


def first_text(camera: str, agency: str, jurisdiction: str, place: str, width_px: int, height_px: int) -> str:
    """A scene to begin with, for a camera that has none: what the office knows of it already."""
    told = {"id": camera, "name": place, "agency": agency, "jurisdiction": jurisdiction, "place": place}
    head = yaml.safe_dump({"camera": told}, allow_unicode=True, sort_keys=False, width=120)
    return (
        f"schema: tertib.scene/1\nname: {camera}\nversion: 1\n{head}"
        "  latitude:  # degrees, WGS 84: to be filled in\n"
        "  longitude:\n"
        f"frame: {{width_px: {width_px}, height_px: {height_px}}}\n"
        "media:\n"
        "  source:  # the address of the stream: to be filled in\n"
    )
