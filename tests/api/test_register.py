"""The vehicle register: what the sample holds, and how a wrong file is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.register.service import RegisterError, TableRegister, load_register, read_register

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "register.csv"
HEAD = "plate,vehicle_class,make,model,colour,year,owner_name,owner_address"


def test_the_sample_knows_the_plates_of_the_clip_and_only_invented_owners(session):
    assert load_register(session, read_register(SAMPLE)) == 30
    register = TableRegister(session)
    for plate in ("34A36837", "34A 231.26", "15C17174", "89c-203.39"):
        found = register.find(plate)
        assert found is not None
        assert "rekaan" in found.owner_name
        assert "rekaan" in found.owner_address
    assert all("(rekaan)" in vehicle.owner_name for vehicle in read_register(SAMPLE))


def test_an_unknown_plate_or_no_plate_at_all_is_none(session):
    register = TableRegister(session)
    assert register.find("H9999ZZ") is None
    assert register.find("no plate") is None
    assert register.find("") is None


def test_loading_again_replaces(session, tmp_path):
    path = tmp_path / "register.csv"
    for owner in ("Lama", "Baru"):
        path.write_text(f"{HEAD}\nH 1234 AB,car,Toyota,Avanza,hitam,2019,{owner},Jl. A\n")
        load_register(session, read_register(path))
    session.expire_all()
    assert TableRegister(session).find("h1234ab").owner_name == "Baru"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("plate,make\nH1,x\n", "no column 'vehicle_class'"),
        (f"# remark\n{HEAD}\nH1234AB,boat,a,b,c,2000,d,e\n", "line 3: vehicle_class 'boat'"),
        (f"{HEAD}\nH1234AB,car,a,b,c,MMXX,d,e\n", "line 2: year 'MMXX' is no year"),
        (f"{HEAD}\n???,car,a,b,c,2000,d,e\n", "line 2: A plate number"),
        (
            f"{HEAD}\nH1234AB,car,a,b,c,2000,d,e\nH 1234 AB,car,a,b,c,2000,d,e\n",
            "line 3: the plate H1234AB stands there twice",
        ),
        (f"{HEAD}\nH1234AB,car,a,b,c,2000,,e\n", "owner_name is empty"),
        ("", "no column 'plate'"),
    ],
)
def test_a_wrong_file_names_the_line(tmp_path, text, sentence):
    path = tmp_path / "register.csv"
    path.write_text(text)
    with pytest.raises(RegisterError, match=sentence):
        read_register(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(RegisterError, match="cannot be read"):
        read_register(tmp_path / "none.csv")
