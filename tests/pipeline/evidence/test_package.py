"""Sealing refuses, at the roadside, what the office would refuse later."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from pipeline.evidence.errors import ContainerError, EvidenceError, ManifestError, MembersError
from pipeline.evidence.manifest import ChainLink
from pipeline.evidence.package import MediaMember, seal
from pipeline.evidence.plate_number import PlateNumber
from tests.pipeline.evidence.builder import camera_key, draft, media, package_id, sealed_package


def _seal(**changes):
    return seal(
        draft(**changes), key=camera_key(), link=ChainLink(sequence=1, previous_sha256=None), package_id=package_id()
    )


def test_a_required_still_is_missing():
    with pytest.raises(MembersError, match="no member with the role 'overview'"):
        _seal(media_members=[medium for medium in media() if medium.role != "overview"])


def test_an_empty_still_is_named():
    with pytest.raises(ManifestError, match=r"member 'offence.jpg': size_bytes"):
        _seal(media_members=[replace(m, data=b"") if m.role == "offence" else m for m in media()])


def test_a_name_that_is_not_allowed():
    with pytest.raises(ManifestError, match="not an allowed member name"):
        _seal(media_members=[*media(), MediaMember("../x.jpg", "overview", "image/jpeg", b"x")])


def test_one_name_for_two_files():
    with pytest.raises(MembersError, match=r"lists 'clip.mp4' twice"):
        _seal(media_members=[*media(), media()[0]])


def test_a_derivative_of_something_that_is_not_there():
    with pytest.raises(MembersError, match="which is not a member"):
        _seal(media_members=[replace(m, derived_from="gone.jpg") if m.role == "plate" else m for m in media()])


def test_a_package_that_would_be_too_large():
    big = MediaMember("clip.mp4", "clip", "video/mp4", bytes(64 * 1024 * 1024))
    with pytest.raises(ContainerError, match="larger than 67108864 bytes"):
        _seal(media_members=[big, *media()[1:]])


def test_a_measure_that_is_not_a_number():
    with pytest.raises(EvidenceError, match=r"measured.speed_kmh is not a finite number"):
        _seal(measured={"speed_kmh": float("nan")})


def test_a_measure_keeps_its_type():
    measured = {"count": 3, "seconds": 3.0, "wet": True, "lane": "3", "speed_kmh": None}
    sealed = sealed_package(measured=measured).manifest.measured
    assert [(value, type(value)) for value in sealed.values()] == [(value, type(value)) for value in measured.values()]


def test_the_file_is_named_after_the_package():
    package = sealed_package()
    assert package.file_name == f"{package.package_id}.tertib"
    assert PlateNumber.parse(package.manifest.plate.text).display == "H 1234 AB"


def test_a_time_without_a_zone_is_refused():
    timeless = replace(draft(), occurred_at=datetime(2026, 3, 2))  # noqa: DTZ001 - the mistake that is tested
    with pytest.raises(ManifestError, match="occurred_at: Input should have timezone"):
        seal(timeless, key=camera_key(), link=ChainLink(sequence=1, previous_sha256=None), package_id=package_id())
