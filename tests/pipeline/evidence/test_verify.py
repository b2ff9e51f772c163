"""What verification gives to whoever holds a package and the public keys."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import zipfile
from datetime import UTC, datetime

from pipeline.evidence.verify import verify
from tests.pipeline.evidence.builder import NOW, key_ring, media, sealed_chain, sealed_package


def test_a_package_gives_back_what_was_sealed():
    package = sealed_package(plate="H1234AB", offence="red_light")
    verified = verify(package.data, key_ring(), now=NOW)
    assert verified.manifest == package.manifest
    assert verified.members == {medium.name: medium.data for medium in media()}
    assert verified.chain_sha256 == package.chain_sha256 == hashlib.sha256(package.manifest.to_bytes()).hexdigest()


def test_verification_needs_no_clock_to_be_given():
    # What the camera saw is in the past, and the key is valid: the present is good enough.
    package = sealed_package(occurred_at=datetime(2020, 1, 2, tzinfo=UTC))
    assert verify(package.data, key_ring(valid_from=datetime(2020, 1, 1, tzinfo=UTC)))


def test_any_unzip_opens_a_package():
    package = sealed_package()
    with zipfile.ZipFile(io.BytesIO(package.data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["envelope.json", *(medium.name for medium in media())]
        assert archive.read("clip.mp4") == media()[0].data


def test_sealing_the_same_twice_gives_the_same_bytes():
    assert sealed_package().data == sealed_package().data


def test_each_package_names_the_one_before():
    first, second, third = sealed_chain(3)
    assert first.manifest.chain.previous_sha256 is None
    assert second.manifest.chain.previous_sha256 == first.chain_sha256
    assert third.manifest.chain.previous_sha256 == second.chain_sha256


def test_a_camera_that_pushes_pictures_sends_no_clip():
    stills = [medium for medium in media() if medium.role != "clip"]
    package = sealed_package(media_members=stills, stills_only=True)
    assert "clip.mp4" not in verify(package.data, key_ring(), now=NOW).members


def test_a_plate_that_was_not_read_is_evidence_too():
    package = sealed_package(plate=None)
    assert verify(package.data, key_ring(), now=NOW).manifest.plate.text is None


def test_the_contract_stands_alone():
    """An office without the roadside's libraries, and an auditor without either, can import it."""
    program = (
        "import sys; import pipeline.evidence.verify, pipeline.evidence.package, pipeline.evidence.chain;"
        "others = ('numpy', 'cv2', 'av', 'httpx', 'sqlalchemy', 'typer', 'models', 'api', 'pipeline.delivery');"
        "print([name for name in others if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
