"""The drills, small: what `tertib drill` shows at length."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from api.database import stop_embedded
from scripts.commands._drill_faults import DrillError, drill_full, drill_order, drill_write_error
from scripts.commands._drill_kill import drill_kill


@pytest.fixture
def home():
    with tempfile.TemporaryDirectory(prefix="tertib-faults-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        place = Path(folder) / "home"
        yield place
        if (place / "postgres").exists():
            stop_embedded(place)


@pytest.mark.slow
def test_killed_while_cameras_send_nothing_is_lost_or_doubled(home):
    found = drill_kill(home, packages=16, kills=4, clients=4)
    assert found.holds, found
    assert (sum(found.kills.values()), found.crashes) == (4, 1)


@pytest.mark.slow
@pytest.mark.parametrize("drill", [drill_order, drill_write_error, drill_full], ids=lambda one: one.__name__)
def test_the_disk(drill, home):
    try:
        found = drill(home)
    except DrillError as error:
        pytest.skip(f"this machine cannot: {error}")
    assert found.holds, found
