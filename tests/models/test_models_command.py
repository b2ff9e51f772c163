from __future__ import annotations

import json

import pytest

from models.catalogue import load_catalogue
from scripts.tertib import main


@pytest.fixture
def tertib(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("TERTIB_HOME", str(tmp_path))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["tertib", *arguments])
        code = 0
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_the_list_holds_a_line_a_model(tertib):
    code, out, _ = tertib("models", "list", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [row["name"] for row in rows] == list(load_catalogue().models)
    assert next(row for row in rows if row["name"] == "traffic-n")["present"]


def test_what_is_here_is_verified_without_network(tertib):
    code, out, _ = tertib("models", "fetch", "traffic-n", "--offline")
    assert code == 0
    assert out.startswith("traffic-n: ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["fetch", "nothing"], "the model catalogue holds no 'nothing'"),
        (["fetch", "rapidocr", "--offline"], "run `tertib models fetch rapidocr` with network"),
        (["use", "yolo12"], "the model catalogue holds no 'yolo12'"),
        (["train", "rapidocr"], "rapidocr is not trained here: traffic-n"),
        (["export", "traffic-n", "--checkpoint", "absent.pt"], "no checkpoint absent.pt"),
        (["train", "traffic-n", "--base", "absent.pt", "--smoke"], "no base network absent.pt"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(tertib, arguments, sentence):
    code, _, err = tertib("models", *arguments)
    assert code == 2
    assert sentence in err
    assert "Traceback" not in err


def test_a_model_in_use_is_remembered(tertib, tmp_path):
    assert tertib("models", "use", "traffic-n")[0] == 0
    assert json.loads((tmp_path / "models" / "in-use.json").read_text(encoding="utf-8")) == {"detect": "traffic-n"}
