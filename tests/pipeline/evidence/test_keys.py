"""Key files: what is written can be read, by its owner only, and what is wrong is told."""

from __future__ import annotations

import json
import stat

import pytest

from pipeline.evidence.errors import KeyFileError
from pipeline.evidence.keys import PublicKeyRing, SigningKey
from tests.pipeline.evidence.builder import VALID_FROM, camera_key, key_ring


def test_a_saved_key_signs_as_before(tmp_path):
    key = SigningKey.generate()
    key.save(tmp_path / "keys" / "box.pem")
    loaded = SigningKey.load(tmp_path / "keys" / "box.pem")
    assert loaded.keyid == key.keyid
    assert key.public("smg-01", valid_from=VALID_FROM).is_signature(loaded.sign(b"x"), b"x")
    assert stat.S_IMODE((tmp_path / "keys" / "box.pem").stat().st_mode) == 0o600


def test_a_key_is_never_overwritten(tmp_path):
    SigningKey.generate().save(tmp_path / "box.pem")
    with pytest.raises(KeyFileError, match="never overwritten"):
        SigningKey.generate().save(tmp_path / "box.pem")


def test_a_key_that_others_can_read_is_not_used(tmp_path):
    SigningKey.generate().save(tmp_path / "box.pem")
    (tmp_path / "box.pem").chmod(0o640)
    with pytest.raises(KeyFileError, match="run chmod 600"):
        SigningKey.load(tmp_path / "box.pem")


def test_a_key_does_not_show_itself():
    key = camera_key()
    assert key.keyid[:12] in repr(key)
    assert len(repr(key)) < 50


@pytest.mark.parametrize("contents", [b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY-----\n"])
def test_another_file_is_not_a_key(tmp_path, contents):
    path = tmp_path / "box.pem"
    path.write_bytes(contents)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="not a private key"):
        SigningKey.load(path)


def test_a_missing_key_is_told(tmp_path):
    with pytest.raises(KeyFileError, match="No such file"):
        SigningKey.load(tmp_path / "none.pem")


def test_a_ring_is_read_as_it_was_written(tmp_path):
    ring = key_ring("smg-01", "smg-02")
    ring.save(tmp_path / "keys.json")
    assert PublicKeyRing.load(tmp_path / "keys.json") == ring
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]
    first = json.loads((tmp_path / "keys.json").read_text())["keys"][0]
    assert set(first) == {"keyid", "public_key_b64", "camera_id", "valid_from", "valid_to", "revoked_at"}


def test_a_ring_finds_a_key_and_replaces_one():
    ring = key_ring("smg-01", "smg-02")
    key = ring.find(camera_key("smg-02").keyid)
    assert key is not None
    assert key.camera_id == "smg-02"
    revoked = key.model_copy(update={"revoked_at": VALID_FROM})
    assert ring.with_key(revoked).find(key.keyid) == revoked
    assert len(ring.with_key(revoked).keys) == 2
    assert ring.find("0" * 64) is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda ring: ring["keys"][0].update(keyid="0" * 64), "not the SHA-256 of the public key"),
        (lambda ring: ring["keys"][0].update(public_key_b64="AAAA"), "not 32 bytes"),
        (lambda ring: ring["keys"][0].update(public_key_b64="!"), "not base64"),
        (lambda ring: ring["keys"][0].update(valid_from="2026-01-01T00:00:00"), "timezone"),
        (lambda ring: ring["keys"][0].update(valid_to="2025-01-01T00:00:00Z"), "valid_to is not after valid_from"),
        (lambda ring: ring["keys"][0].update(owner="x"), r"keys.0.owner"),
        (lambda ring: ring["keys"].append(ring["keys"][0]), "stands twice"),
        (lambda ring: ring.pop("keys") and ring.update(key=[]), "Extra inputs"),
    ],
)
def test_a_ring_that_cannot_be_trusted_is_told(tmp_path, change, why):
    ring = json.loads(key_ring().model_dump_json())
    change(ring)
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(ring))
    with pytest.raises(KeyFileError, match=why):
        PublicKeyRing.load(path)


@pytest.mark.parametrize("contents", [b"", b"[", b"\xff", b'{"keys":[],"keys":[]}'])
def test_a_file_that_is_no_ring_is_told(tmp_path, contents):
    (tmp_path / "keys.json").write_bytes(contents)
    with pytest.raises(KeyFileError, match=r"keys.json"):
        PublicKeyRing.load(tmp_path / "keys.json")
