"""`tertib verify` as an auditor runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.evidence.builder import key_ring, media, sealed_chain, sealed_package

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path):
    for package in sealed_chain(3):
        (tmp_path / f"{package.manifest.chain.sequence}.tertib").write_bytes(package.data)
    key_ring().save(tmp_path / "keys.json")
    return tmp_path


def tertib(*arguments, home="/nowhere", **environment):
    """Run the command in a process of its own: exit code, standard output, standard error."""
    program = "from scripts.tertib import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=REPOSITORY,
        env={**os.environ, "TERTIB_HOME": str(home), "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in result.stderr
    return result.returncode, result.stdout, result.stderr


def lines(output):
    return [json.loads(line) for line in output.splitlines()]


def test_each_step_is_ticked(folder):
    code, output, _ = tertib("verify", folder / "1.tertib")
    assert code == 0
    assert output.count("\u2713") == 8
    assert "\u2713 8 hashes" in output
    assert "bus_lane at 2026-03-02 01:15:30.123456 UTC, camera smg-01" in output
    assert "plate H 1234 AB" in output


def test_a_folder_stands_for_its_packages(folder):
    code, output, _ = tertib("verify", folder, "--json")
    assert code == 0
    found = lines(output)
    assert [Path(line["package"]).name for line in found] == ["1.tertib", "2.tertib", "3.tertib"]
    assert all(line["valid"] and line["failed_step"] is None and line["why"] is None for line in found)
    assert [line["sequence"] for line in found] == [1, 2, 3]


def test_a_changed_package_fails_with_the_step(folder):
    data = bytearray((folder / "2.tertib").read_bytes())
    data[data.index(media()[4].data)] ^= 1
    (folder / "2.tertib").write_bytes(data)
    code, output, _ = tertib("verify", folder, "--json")
    assert code == 1
    assert [line["valid"] for line in lines(output)] == [True, False, True]
    assert lines(output)[1]["failed_step"] == "hashes"
    assert "is not the file that was signed" in lines(output)[1]["why"]
    code, output, _ = tertib("verify", folder / "2.tertib")
    assert code == 1
    assert "NOT VALID" in output
    assert "\u2717 8 hashes     'plate.png' is not the file that was signed" in output


def test_what_is_not_a_package_fails_at_the_first_step(folder):
    (folder / "text.tertib").write_text("hello")
    code, output, _ = tertib("verify", folder / "text.tertib", "--json")
    assert (code, lines(output)[0]["failed_step"]) == (1, "container")


def test_a_fork_fails_and_a_gap_is_noted(folder):
    code, output, _ = tertib("verify", folder / "1.tertib", folder / "3.tertib", "--json")
    assert code == 0
    assert lines(output)[1]["notes"] == ["camera smg-01: place 2 is not among these packages"]
    first = sealed_package(sequence=1)
    other = sealed_package(sequence=2, previous_sha256=first.chain_sha256, plate="H9999ZZ")
    (folder / "other.tertib").write_bytes(other.data)
    code, output, _ = tertib("verify", folder, "--json")
    assert code == 1
    failed = [line for line in lines(output) if not line["valid"]]
    assert [line["failed_step"] for line in failed] == ["chain"]
    assert "signed two packages for place 2" in failed[0]["why"]


def test_keys_come_from_the_option_from_beside_or_from_home(folder, tmp_path):
    (folder / "keys.json").rename(folder / "others.json")
    code, _, error = tertib("verify", folder / "1.tertib")
    assert code == 2
    assert "no public keys for" in error
    assert "give --keys FILE" in error
    assert tertib("verify", folder / "1.tertib", "--keys", folder / "others.json")[0] == 0
    home = tmp_path / "home"
    key_ring().save(home / "keys" / "cameras.json")
    assert tertib("verify", folder / "1.tertib", home=home)[0] == 0
    key_ring("smg-02").save(folder / "keys.json")
    assert tertib("verify", folder / "1.tertib", home=home)[0] == 1


def test_bad_input_is_one_line_and_exit_code_2(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.json").write_text("{")
    for arguments, sentence in [
        ((folder / "none.tertib",), "does not exist"),
        ((tmp_path / "empty",), "holds no .tertib files"),
        ((folder / "1.tertib", "--keys", tmp_path / "none.json"), "cannot be read"),
        ((folder / "1.tertib", "--keys", tmp_path / "broken.json"), "is not JSON"),
        ((), "PACKAGE"),
    ]:
        code, output, error = tertib("verify", *arguments)
        assert (code, output) == (2, "")
        assert sentence in error
        assert len(error.strip().splitlines()) == 1


def test_a_terminal_without_ticks_gets_letters(folder):
    code, output, _ = tertib("verify", folder / "1.tertib", PYTHONIOENCODING="ascii")
    assert code == 0
    assert "  + 8 hashes" in output
