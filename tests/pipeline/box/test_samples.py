"""Dashboard, alert rules and units name only figures and commands that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml
from prometheus_client import CollectorRegistry, generate_latest

from pipeline.box.health import HEALTH_FILE, write_report
from pipeline.box.metrics import BoxCollector
from tests.pipeline.box.test_checkup import NOW_S, report

SAMPLES = Path(__file__).resolve().parents[3] / "samples" / "box"


def test_every_figure_that_is_asked_for_is_served(tmp_path: Path) -> None:
    (tmp_path / "smg-01").mkdir()
    write_report(report(clock_apart_s=0.1, office_clock_s=0.2), tmp_path / "smg-01" / HEALTH_FILE)
    registry = CollectorRegistry()
    registry.register(BoxCollector(tmp_path, now=lambda: NOW_S))
    served = set(re.findall(r"^(tertib_\w+)[{ ]", generate_latest(registry).decode(), re.MULTILINE))
    dashboard = json.loads((SAMPLES / "grafana-box.json").read_text())
    rules = yaml.safe_load((SAMPLES / "alerts.yaml").read_text())["groups"][0]["rules"]
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [rule["expr"] for rule in rules]
    assert all(rule["annotations"]["summary"] for rule in rules)
    assert {name for expr in asked for name in re.findall(r"tertib_\w+", expr)} <= served


def test_units_call_commands_that_exist() -> None:
    units = "\n".join(file.read_text() for file in SAMPLES.glob("*.service"))
    assert set(re.findall(r"bin/tertib (\w+(?: box)?)", units)) == {"camera box", "doctor"}


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    dashboard = json.loads((SAMPLES / "grafana-box.json").read_text())
    assert {"uid", "title", "schemaVersion", "templating", "panels"} <= set(dashboard)
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard["panels"]]
    assert len(set(places)) == len(places)
    sources = {variable["name"] for variable in dashboard["templating"]["list"]}
    assert {panel["datasource"]["uid"].strip("${}") for panel in dashboard["panels"]} <= sources


def test_every_rule_can_be_read_by_prometheus() -> None:
    for rule in yaml.safe_load((SAMPLES / "alerts.yaml").read_text())["groups"][0]["rules"]:
        assert re.fullmatch(r"[A-Z][A-Za-z]+", rule["alert"])
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
        assert rule["labels"]["severity"] in {"page", "ticket"}
        for opening, closing in ("()", "[]", "{}"):
            assert rule["expr"].count(opening) == rule["expr"].count(closing)
