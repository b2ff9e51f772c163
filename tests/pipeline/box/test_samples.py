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
