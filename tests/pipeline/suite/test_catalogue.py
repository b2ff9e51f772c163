from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.suite.catalogue import SuiteError, load_suite

SUITE = Path(__file__).parents[3] / "samples" / "suite" / "offences.yaml"


def test_the_suite_has_all_offences_by_day_and_night_and_more_innocents_than_half() -> None:
    scenes = load_suite(SUITE)
    assert len(scenes) >= 120
    assert sum(scene.innocent for scene in scenes) * 2 >= len(scenes)
    assert len({scene.kind for scene in scenes if not scene.innocent}) == 14
    assert {scene.time for scene in scenes} == {"day", "dusk", "night"}
    assert len({scene.name for scene in scenes}) == len(scenes)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("schema: tertib.suite/1\nscenes: [{kind: red_light, look: flies}]", "red_light has no look `flies`"),
        ("schema: tertib.suite/1\nscenes: [{kind: parking, look: x}]", "scenes.1.kind"),
        ("schema: tertib.suite/1\nscenes: [{kind: u_turn, look: allowed}, {kind: u_turn, look: allowed}]", "twice"),
        ("scenes: [", "is not valid YAML"),
    ],
)
def test_a_bad_suite_gets_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(text)
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(SuiteError, match="there is no such suite"):
        load_suite(tmp_path / "none.yaml")
