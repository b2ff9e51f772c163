"""Chooses the limits of reader `agree` on drawn plates that are held out: `python -m models.evaluation.plates_limits`.

What it prints is written by hand into `models/plates/agreement.py`, and the card tells it. No dev set is looked at.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from models.evaluation.plates_risk import fit_sigmoid, limit_for, risk_coverage
from models.evaluation.plates_sets import drawn
from models.plates.agreement import agreed, raw_confidence
from models.plates.reader import load_plate_reader
from models.plates.reading import PlateReading

# Neither training's seeds nor that of the set that is reported.
SEED = 7_000_001
COUNT = 400
# One in two hundred of the named may be wrong: half of what the figures promise, since drawn plates are not real ones.
MOST_RISK = 0.005


def chosen(pairs: Sequence[tuple[str, PlateReading, PlateReading]]) -> dict[str, Any]:
    """Sigmoids and limit for texts on which two readers agree, and for those on which they do not.

    Args:
        pairs: what each plate says, our network's reading and the second reader's.
    """
    same = [(truth, own, other) for truth, own, other in pairs if own.best and own.best == other.best]
    differing = [(truth, own, other) for truth, own, other in pairs if own.best != other.best]
    told: dict[str, Any] = {"n": len(pairs), "same": len(same)}
    for name, part in (("SAME", same), ("DIFFERENT", differing)):
        raw = [raw_confidence(own, other) for _, own, other in part]
        right = [agreed(own, other).best == truth for truth, own, other in part]
        told[name] = fit_sigmoid(raw, right)
        if name == "SAME":
            limit = limit_for(raw, right, MOST_RISK)
            told["limit_raw"] = round(limit, 4)
            told["named"] = sum(value >= limit for value in raw)
            told["wrong"] = sum(value >= limit and not good for value, good in zip(raw, right, strict=True))
            told["curve"] = risk_coverage(raw, right)
    return told


def main() -> None:
    """Read the drawn plates with both readers and print what follows."""
    own, other = (load_plate_reader(name, countries=("ID",)) for name in ("plates-id", "rapidocr"))
    specimens = [one for one in drawn(COUNT, seed=SEED) if one.crop is not None]
    pairs = [(one.truth, own.read(one.crop), other.read(one.crop)) for one in specimens if one.crop is not None]
    sys.stdout.write(json.dumps(chosen(pairs)) + "\n")


if __name__ == "__main__":
    main()
