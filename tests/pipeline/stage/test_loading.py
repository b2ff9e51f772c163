from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.stage import StageError, load_specification

ROOT = Path(__file__).parents[3]
GOOD = """
name: test
road: {lanes: [{id: a, centre_m: 0}, {id: b, centre_m: 3.4, direction: toward}]}
actors: [{id: x, class: car, drive: {lane: a, start_m: 10, profile_kmh: [[0, 30]]}}]
"""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("name: test", "nmae: test", "nmae: unknown key"),
        ("lane: a,", "lane: c,", "actor `x` drives in lane `c`, which is not there (there is: a, b)"),
        ("centre_m: 3.4", "centre_m: 2.0", "lanes `a` and `b` overlap"),
        ("class: car", "class: boat", "actors.1.class"),
        ("class: car", "class: car, body: city", "a car has no body `city`"),
        ("[[0, 30]]", "[[0, 30], [0, 20]]", "must be in order of time"),
        ("{id: a, centre_m: 0}", "{id: a, centre_m: 0, signal: s}", "needs `stop_line_m`"),
        ("class: car", "class: car, colour: mauve", "`mauve` is no colour known here"),
        ("name: test", "name: test\ninvent: {kind: parking}", "kind"),
        ("name: test", "name: [", "is not valid YAML"),
    ],
)
def test_a_bad_specification_gets_one_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(StageError) as caught:
        load_specification(path)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="there is no such specification"):
        load_specification(tmp_path / "none.yaml")


@pytest.mark.parametrize("path", sorted((ROOT / "samples" / "stage").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_samples_can_be_played(path: Path) -> None:
    assert load_specification(path).duration_s > 0


def test_what_stands_beside_invent_replaces_what_was_invented(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("invent: {kind: bus_lane, seed: 4}\nname: mine\nduration_s: 3\n")
    mine = load_specification(path)
    assert (mine.name, mine.duration_s) == ("mine", 3.0)
    other = load_specification(path, seed=5)
    assert other.actors != mine.actors
