"""What is forbidden, one file an offence: a `Moment` in, `Candidate`s out. Pure: no picture, no clock, no file.

To add a rule: write a function `Moment -> list[Candidate]` in a module of its own, name the article and every condition in its docstring, and
add it to `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable

from pipeline.rules.bus_lane import bus_lane
from pipeline.rules.candidate import Candidate
from pipeline.rules.moment import Moment
from pipeline.rules.red_light import red_light
from pipeline.rules.wrong_way import wrong_way

Rule = Callable[[Moment], list[Candidate]]

RULES: tuple[Rule, ...] = (bus_lane, wrong_way, red_light)

__all__ = ["RULES", "Candidate", "Moment", "Rule"]
