"""Every address of the office, as committed in `routes_list.txt`: no page appears unnoticed.

A test compares the two and says which lines are new; whoever adds a page adds its line.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

LIST: Final = Path(__file__).parent / "routes_list.txt"


def _routes(routes: list[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            included = getattr(route, "original_router", None)
            if included is not None:
                yield from _routes(list(included.routes))


def route_list(app: FastAPI) -> list[str]:
    """One line a method and path, sorted by path."""
    found = {(route.path, method) for route in _routes(list(app.routes)) for method in route.methods or ()}
    return [f"{method:<5} {path}" for path, method in sorted(found)]


def committed() -> list[str]:
    """The list as committed."""
    return LIST.read_text("utf-8").splitlines()
