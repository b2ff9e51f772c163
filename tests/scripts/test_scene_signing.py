from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.evidence.keys import PublicKeyRing, SigningKey
from pipeline.scene import SceneError, load_scene
from tests.scripts.terminal import Terminal

SCENE = """
schema: tertib.scene/1
name: test
version: 3
camera: {id: test-1, name: Test, agency: test, jurisdiction: jateng, place: Nowhere, latitude: -7, longitude: 110}
frame: {width_px: 640, height_px: 360}
lanes: [{id: up, polygon: [[100, 350], [200, 50], [300, 50], [400, 350]]}]
"""


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capsys, monkeypatch)


@pytest.fixture
def signed(terminal: Terminal, tmp_path: Path) -> Path:
    path = tmp_path / "scene.yaml"
    path.write_text(SCENE)
    done = terminal.tertib("scene", "sign", path, "--key", tmp_path / "technician.pem", "--signer", "Sari", "--new-key")
    assert done.code == 0, done.err
    return path


def test_a_signed_scene_names_its_version_and_signer_and_is_verified(terminal: Terminal, signed: Path) -> None:
    scene = load_scene(signed)
    assert scene.signature is not None
    assert (scene.signature.version, scene.signature.signer) == (3, "Sari")
    done = terminal.tertib("scene", "verify", signed, "--keys", signed.parent / "keys.json", "--json")
    told = json.loads(done.out)
    assert (done.code, told["valid"], told["version"], told["signer_checked"]) == (0, True, 3, True)


def test_a_remark_changes_nothing_but_a_moved_corner_is_noticed_everywhere(terminal: Terminal, signed: Path) -> None:
    signed.write_text("# a remark\n" + SCENE)
    load_scene(signed)
    signed.write_text(SCENE.replace("[400, 350]", "[401, 350]"))
    with pytest.raises(SceneError, match="was changed after Sari signed version 3"):
        load_scene(signed)
    done = terminal.tertib("scene", "verify", signed)
    assert done.code == 1
    assert "count `version` up and sign it again" in done.err
    again = terminal.tertib("scene", "sign", signed, "--key", signed.parent / "technician.pem", "--signer", "Sari")
    assert again.code == 0
    assert terminal.tertib("scene", "verify", signed).code == 0


@pytest.mark.parametrize(
    ("field", "value"), [("version", 4), ("signer", "Budi"), ("signed_at", "2020-01-01T00:00:00.000000Z")]
)
def test_a_changed_signature_does_not_hold(terminal: Terminal, signed: Path, field: str, value: object) -> None:
    path = signed.with_name("scene.yaml.sig.json")
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, field: value}))
    done = terminal.tertib("scene", "verify", signed)
    assert done.code == 1
    assert "does not fit the key" in done.err


def test_a_key_that_nobody_knows_is_told(terminal: Terminal, signed: Path, tmp_path: Path) -> None:
    strange = SigningKey.from_seed(bytes(32)).public("technician", valid_from=load_scene(signed).signature.signed_at)
    PublicKeyRing(keys=(strange,)).save(tmp_path / "others.json")
    done = terminal.tertib("scene", "verify", signed, "--keys", tmp_path / "others.json")
    assert done.code == 1
    assert "is not in the ring" in done.err


def test_a_scene_that_nobody_signed_is_told(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text(SCENE)
    done = terminal.tertib("scene", "verify", path)
    assert done.code == 1
    assert "nobody signed it: run tertib scene sign" in done.err
