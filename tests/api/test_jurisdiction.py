"""The jurisdiction's file: what it must hold, and how a wrong one is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import yaml

from api.jurisdiction.law import LawUnknown, law_for
from api.jurisdiction.loading import SAMPLES, JurisdictionError, Jurisdictions, load_jurisdiction
from api.store.kinds import CaseKind
from pipeline.evidence.offence import OffenceCode

AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def written(tmp_path):
    """`written(change)`: the sample file with a change made to its data, and its path."""

    def write(change):
        data = yaml.safe_load((SAMPLES / "jateng.yaml").read_text())
        change(data)
        path = tmp_path / "other.yaml"
        path.write_text(yaml.safe_dump(data, allow_unicode=True))
        return path

    return write


@pytest.mark.parametrize("code", list(OffenceCode))
def test_every_offence_has_an_article_in_two_languages(jurisdiction, code):
    law = law_for(jurisdiction, code, AT, "motorcycle" if code in {"no_helmet", "pillion"} else "car")
    assert law.maximum_fine_rupiah >= 100_000
    assert law.offence_names.id != law.offence_names.en
    assert law.citation.startswith("UU 22/2009 Pasal ")


@pytest.mark.parametrize(
    ("code", "vehicle_class", "article", "fine"),
    [
        ("red_light", "car", "287(2)", 500_000),
        ("wrong_way", "motorcycle", "287(1)", 500_000),
        ("bus_lane", None, "287(1)", 500_000),
        ("no_stopping", "truck", "287(3)", 250_000),
        ("speed", "car", "287(5)", 500_000),
        ("no_helmet", "motorcycle", "291(1)", 250_000),
        ("pillion", "motorcycle", "292", 250_000),
        ("seat_belt", "car", "289", 250_000),
        ("phone", "bus", "283", 750_000),
        ("plate_expired", "car", "288(1)", 500_000),
        ("no_plate", "car", "280", 500_000),
    ],
)
def test_fines_are_those_of_the_law(jurisdiction, code, vehicle_class, article, fine):
    law = law_for(jurisdiction, code, AT, vehicle_class)
    assert (law.article.article, law.maximum_fine_rupiah) == (article, fine)


def test_the_citation_names_article_and_paragraph(jurisdiction):
    assert law_for(jurisdiction, "red_light", AT, "car").citation == "UU 22/2009 Pasal 287 ayat (2)"
    assert law_for(jurisdiction, "phone", AT, "car").citation == "UU 22/2009 Pasal 283"


def test_an_article_for_motorcycles_does_not_fit_a_car(jurisdiction):
    with pytest.raises(LawUnknown, match="'no_helmet' and vehicle class 'car'"):
        law_for(jurisdiction, "no_helmet", AT, "car")


def test_before_the_law_there_is_no_article(jurisdiction):
    with pytest.raises(LawUnknown, match="2008-01-01"):
        law_for(jurisdiction, "red_light", datetime(2008, 1, 1, tzinfo=UTC), "car")


def test_a_new_version_holds_from_its_day_in_local_time(written):
    def change(data):
        old = next(article for article in data["articles"] if article["id"] == "287-2")
        new = {**old, "version": 2, "valid_from": "2026-07-01", "maximum_fine_rupiah": 600_000}
        old["valid_to"] = "2026-06-30"
        data["articles"].append(new)

    changed = load_jurisdiction(written(change))
    # 17:00 UTC is midnight in Semarang.
    assert law_for(changed, "red_light", datetime(2026, 6, 30, 16, 59, tzinfo=UTC)).maximum_fine_rupiah == 500_000
    assert law_for(changed, "red_light", datetime(2026, 6, 30, 17, 0, tzinfo=UTC)).maximum_fine_rupiah == 600_000


def test_confinement_needs_a_last_day(written):
    def change(data):
        data["articles"][0]["confinement"] = {"months": 2, "source": "x"}

    with pytest.raises(JurisdictionError, match=r"articles\.0\.confinement\.valid_to: Field required"):
        load_jurisdiction(written(change))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data.update(surprise=1), "surprise: Extra inputs are not permitted"),
        (lambda data: data["offences"][0].update(articles=["999"]), "'999' is not in the file"),
        (lambda data: data["complaint_categories"][0].update(agency="nasa"), "'nasa' is not in the file"),
        (lambda data: data.update(timezone="Asia/Atlantis"), "timezone 'Asia/Atlantis' does not exist"),
        (lambda data: data["articles"][0].update(valid_to="2001-01-01"), "is before valid_from"),
        (lambda data: data["holidays"].append(data["holidays"][0]), "holidays: 2024-01-01 stands there twice"),
        (lambda data: data["articles"][0].update(maximum_fine_rupiah=-1), "greater than or equal to 0"),
        (lambda data: data["offences"][0].update(code="flying"), r"offences\.0\.code"),
    ],
)
def test_a_wrong_file_is_told_where_it_is_wrong(written, change, sentence):
    with pytest.raises(JurisdictionError, match=sentence) as told:
        load_jurisdiction(written(change))
    assert "\n" not in str(told.value)


def test_an_empty_folder_and_no_yaml(tmp_path):
    with pytest.raises(JurisdictionError, match="no jurisdiction file"):
        Jurisdictions.load(tmp_path)
    broken = tmp_path / "a.yaml"
    broken.write_text("a: [1")
    with pytest.raises(JurisdictionError, match="no YAML"):
        Jurisdictions.load(tmp_path)


def test_lists_are_closed_and_bilingual(jurisdiction):
    for items in (jurisdiction.reject_reasons, jurisdiction.contest_grounds, jurisdiction.complaint_categories):
        assert all(item.names.id and item.names.en for item in items)
    keys = [reason.key for reason in jurisdiction.reject_reasons]
    assert len(set(keys)) == len(keys)
    assert jurisdiction.reject_reason("no_offence") is not None
    assert jurisdiction.reject_reason("because") is None
    assert jurisdiction.complaint_category("road_damage").agency == "dpubmck"
    assert jurisdiction.contest_ground("sold").names.text("en") == "The vehicle was sold"


def test_an_unknown_jurisdiction_is_named(jurisdictions):
    with pytest.raises(JurisdictionError, match="no jurisdiction 'jabar'"):
        jurisdictions["jabar"]


def _clock(data, clock_id, **values):
    next(one for one in data["clocks"] if one["id"] == clock_id).update(values)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: _clock(data, "service", resumes_on=[]), "service pauses and never resumes"),
        (lambda data: _clock(data, "service", services=["passport"]), "'passport' is not in the file"),
        (lambda data: data.update(integrity_agency="ditlantas-jateng"), "integrity_agency: 'ditlantas-jateng'"),
        (
            lambda data: data["complaint_categories"][0].update(confidential=True),
            r"agency with oversight\): 'ditlantas-jateng'",
        ),
        (lambda data: data["services"].append(data["services"][0]), "services: ktp stands there twice"),
    ],
)
def test_what_goes_past_the_unit_and_what_pauses_is_checked_too(written, change, sentence):
    with pytest.raises(JurisdictionError, match=sentence):
        load_jurisdiction(written(change))


def test_the_highest_version_of_an_undo_window_holds(written):
    def change(data):
        window = data["undo_windows"][0]
        data["undo_windows"].append({**window, "version": 2, "valid_from": "2026-07-01", "seconds": 10})

    made = load_jurisdiction(written(change))
    later = datetime(2026, 7, 2, tzinfo=UTC)
    assert made.undo_window_s(CaseKind.VIOLATION, "approved", AT) == 60
    assert made.undo_window_s(CaseKind.VIOLATION, "approved", later) == 10
    assert made.undo_window_s(CaseKind.VIOLATION, "dismissed", later) == 0
