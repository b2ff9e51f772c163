"""Who answers: by topic and place, the province where it is not clear; an agency's staff reads its own only."""

from __future__ import annotations

import pytest

from api.agencies.routing import OTHER, regency_in, topic_of
from api.complaints.service import Complaint, open_complaint
from api.store.errors import CaseNotFound
from api.store.reading import case_for, readable_by


def test_the_29_regencies_and_6_cities_are_there_with_their_codes(jurisdiction):
    codes = [one.code for one in jurisdiction.regencies]
    assert codes == [f"33.{number:02}" for number in (*range(1, 30), *range(71, 77))]
    assert [one.kind for one in jurisdiction.regencies].count("city") == 6
    by_code = {one.code: one.names.id for one in jurisdiction.regencies}
    assert (by_code["33.01"], by_code["33.18"], by_code["33.74"]) == (
        "Kabupaten Cilacap",
        "Kabupaten Pati",
        "Kota Semarang",
    )
    assert len({one.agency for one in jurisdiction.regencies}) == 35


@pytest.mark.parametrize(
    ("place", "text", "found"),
    [
        ("Jl. Pemuda, Kota Semarang", "", "kota-semarang"),
        ("Ungaran, Kab. Semarang", "", "kab-semarang"),
        ("Jl. Pemuda, Semarang", "", None),
        ("", "jalan rusak di Kudus", "kab-kudus"),
        ("", "lampu mati di Solo", "kota-surakarta"),
        ("", "batang pohon tumbang menutup jalan", None),
        ("Batang", "", "kab-batang"),
        ("", "dari kabupaten Demak sampai kabupaten Jepara", None),
        ("", "", None),
    ],
)
def test_a_place_is_the_one_that_is_named_or_none(jurisdiction, place, text, found):
    regency = regency_in(jurisdiction, place=place, text=text)
    assert (None if regency is None else regency.id) == found


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Jalan berlubang di depan pasar", "road_damage"),
        ("lampu merah mati", "traffic"),
        ("e-KTP saya belum jadi", "civil_registration"),
        ("jalan rusak dekat sekolah", OTHER),
        ("ada pungli di puskesmas", "bribery"),
        ("Polisi minta uang damai, katanya daripada tilang", "bribery_police"),
        ("halo", OTHER),
    ],
)
def test_a_topic_is_the_one_that_is_named_and_a_bribe_wins(jurisdiction, text, topic):
    assert topic_of(jurisdiction, text).id == topic


@pytest.mark.parametrize(
    ("category", "place", "agency"),
    [
        ("road_damage", "Kab. Kendal", "kab-kendal"),
        ("road_damage", "di mana-mana", "dpubmck"),
        ("vehicle_tax", "Kab. Kendal", "bapenda"),
        ("ticket", "Kota Semarang", "ditlantas-jateng"),
        ("bribery", "Kab. Kendal", "inspektorat"),
    ],
)
def test_what_is_local_lies_with_the_place_and_the_rest_with_the_province(
    session, jurisdiction, category, place, agency
):
    case = open_complaint(session, Complaint(category, "x" * 20, place), jurisdiction=jurisdiction)
    assert case.agency == agency


def test_staff_of_an_agency_reads_its_own_complaints_only(session, jurisdiction, make_user):
    own, other, secret = (
        open_complaint(session, Complaint(category, "x" * 20, place), jurisdiction=jurisdiction)
        for category, place in (
            ("road_damage", "Kab. Kendal"),
            ("road_damage", "Kab. Pati"),
            ("bribery", "Kab. Kendal"),
        )
    )
    clerk = make_user("agency", agency="kab-kendal").viewer
    assert [case.id for case in session.scalars(readable_by(clerk))] == [own.id]
    for hidden in (other, secret):
        with pytest.raises(CaseNotFound):
            case_for(session, clerk, hidden.reference)
