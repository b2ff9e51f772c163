"""Several packages of a camera: what was taken away, put in or forked is named."""

from __future__ import annotations

from pipeline.evidence.chain import Link, check_chain
from pipeline.evidence.verify import verify
from tests.pipeline.evidence.builder import NOW, key_ring, sealed_chain, sealed_package


def _links(*packages):
    ring = key_ring("smg-01", "smg-02")
    return [Link.of(verify(p.data, ring, now=NOW), f"{p.camera_id}#{p.manifest.chain.sequence}") for p in packages]


def test_a_whole_chain_has_no_findings_in_whatever_order_it_is_given():
    assert check_chain(_links(*reversed(sealed_chain(4)))) == []


def test_cameras_do_not_mix():
    assert check_chain(_links(*sealed_chain(2), *sealed_chain(2, camera_id="smg-02"))) == []


def test_the_same_package_twice_is_no_fork():
    first, second = sealed_chain(2)
    assert check_chain(_links(first, second, first)) == []


def test_a_gap_is_named_but_contradicts_nothing():
    first, _, _, fourth, _, sixth = sealed_chain(6)
    findings = check_chain(_links(first, fourth, sixth))
    assert [(f.kind, f.label, f.contradicts) for f in findings] == [
        ("gap", "smg-01#4", False),
        ("gap", "smg-01#6", False),
    ]
    assert findings[0].why == "camera smg-01: place 2 to 3 is not among these packages"
    assert findings[1].why == "camera smg-01: place 5 is not among these packages"


def test_two_packages_for_one_place_are_a_fork():
    first, second = sealed_chain(2)
    other = sealed_package(
        sequence=2, previous_sha256=first.chain_sha256, plate="H9999ZZ", id_=sealed_package(sequence=9).package_id
    )
    (finding,) = check_chain(_links(first, second, other))
    assert (finding.kind, finding.contradicts) == ("fork", True)
    assert "signed two packages for place 2" in finding.why


def test_a_replaced_package_breaks_the_link_of_the_next():
    first, second, third = sealed_chain(3)
    replaced = sealed_package(sequence=2, previous_sha256=first.chain_sha256, plate="H9999ZZ")
    (finding,) = check_chain(_links(first, replaced, third))
    assert (finding.kind, finding.label) == ("broken", "smg-01#3")
    assert finding.why == "camera smg-01: place 3 does not link to the package at place 2"
    assert check_chain(_links(first, second, third)) == []
