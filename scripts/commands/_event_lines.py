"""A camera's events as lines: JSON for programs, a sentence for people."""

from __future__ import annotations

import json
from typing import Any

from pipeline.camera import Event
from pipeline.exhibits import Finding, utc
from pipeline.rules.crossing import Crossing


def stamp(at_s: float) -> str:
    """Seconds since 1970 as ISO 8601 UTC with microseconds."""
    return utc(at_s).isoformat(timespec="microseconds").replace("+00:00", "Z")


def event_line(event: Event, *, as_json: bool) -> str:
    """One event as one line."""
    if not as_json:
        return _sentence(event)
    return json.dumps(event_record(event), ensure_ascii=False)


def event_record(event: Event) -> dict[str, Any]:
    """One event as plain values, with the keys that INTERFACES promises."""
    if isinstance(event, Finding):
        candidate, vote = event.candidate, event.plate
        return {
            "kind": "offence",
            "offence": candidate.offence.value,
            "frame": candidate.frame,
            "time": stamp(candidate.at_s),
            "track": candidate.track_id,
            "class": candidate.vehicle_class,
            "lane": candidate.lane,
            "box": [round(value, 1) for value in candidate.box],
            "plate": {
                "text": vote.text,
                "confidence": vote.confidence,
                "abstained": vote.text is None,
                "reason": vote.reason,
                "looks": vote.looks,
                "candidates": [{"text": text, "confidence": share} for text, share in vote.candidates],
            },
            "measured": dict(candidate.measured),
            "conditions": [condition.model_dump() for condition in candidate.conditions],
            "doubts": list(candidate.doubts),
            # With a grave doubt it is told for statistics; the office makes no ticket of it.
            "offered": not any(doubt.startswith("grave:") for doubt in candidate.doubts),
            "clock": {"source": event.clock.source, "uncertainty_ms": event.clock.uncertainty_ms},
            "camera": event.scene.camera.id,
        }
    if isinstance(event, Crossing):
        return {
            "kind": "crossing",
            "frame": event.frame,
            "time": stamp(event.at_s),
            "line": event.line,
            "toward": event.toward,
            "class": event.vehicle_class,
            "track": event.track_id,
        }
    return {
        "kind": "phase",
        "signal": event.signal,
        "state": event.state,
        "frame": event.frame,
        "time": stamp(event.at_s),
    }


def _sentence(event: Event) -> str:
    if isinstance(event, Finding):
        plate = event.plate.text or f"not read ({event.plate.reason})"
        doubts = f"; doubts: {'; '.join(event.candidate.doubts)}" if event.candidate.doubts else ""
        where = f"frame {event.candidate.frame}, {stamp(event.candidate.at_s)}"
        return f"{event.candidate.offence.value}: {event.candidate.vehicle_class}, plate {plate}, {where}{doubts}"
    if isinstance(event, Crossing):
        return f"crossing: {event.vehicle_class} over {event.line} toward {event.toward}, frame {event.frame}"
    return f"phase: {event.signal} {event.state} since frame {event.frame}"
