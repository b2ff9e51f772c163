"""`tertib doctor`: what is wrong on this machine, and what to do; a sentence each."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import httpx
import typer

from models.catalogue import load_catalogue, resolve
from models.errors import ModelError
from pipeline.box.checkup import Finding, check_disk, check_keys, check_processes, check_scenes

app = typer.Typer(help="What is wrong on this machine, and what to do.")


@app.command(epilog="Example: tertib doctor --scenes /etc/tertib/cameras --spools /var/lib/tertib")
def doctor(
    scenes: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of scene files.")] = None,
    spools: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of spools, or one spool.")] = None,
    keys: Annotated[Path | None, typer.Option(metavar="DIR", help="Keys and tokens.")] = None,
    office: Annotated[str | None, typer.Option(metavar="URL", help="Ask whether the office is there.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look at models, scenes, keys, disk, cameras, clocks and the office; exit 1 when something must be mended."""
    found = list(_findings(scenes, spools, keys, office))
    wrong = [one for one in found if one.weight == "wrong"]
    if json_:
        told = {"healthy": not wrong, "findings": [asdict(one) for one in found]}
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    else:
        for one in sorted(found, key=lambda each: ("wrong", "warning", "ok").index(each.weight)):
            sys.stdout.write(f"{one.weight:8}{one.sentence}\n")
    if wrong:
        raise SystemExit(1)


def _findings(scenes: Path | None, spools: Path | None, keys: Path | None, office: str | None) -> Iterator[Finding]:
    yield from _check_models()
    for folder, check in ((scenes, check_scenes), (keys, check_keys)):
        if folder is not None and not folder.is_dir():
            yield Finding("folders", "wrong", f"{folder}: there is no such folder")
        elif folder is not None:
            yield from check(folder)
    if spools is not None:
        if spools.is_dir():
            yield from check_disk(spools)
            yield from check_processes(spools, time.time())
        else:
            yield Finding("folders", "wrong", f"{spools}: there is no such folder")
    if office is not None:
        yield _check_office(office)


def _check_models() -> Iterator[Finding]:
    try:
        load_catalogue()
        resolve("traffic-n")
        yield Finding("models", "ok", "the detector's weights are there and whole")
    except ModelError as error:
        yield Finding("models", "wrong", str(error))


def _check_office(url: str) -> Finding:
    try:
        answer = httpx.get(f"{url.rstrip('/')}/v1/health", timeout=10)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding("office", "wrong", f"the office at {url} cannot be reached: {error or type(error).__name__}")
    if answer.is_success:
        return Finding("office", "ok", f"the office at {url} is there")
    return Finding("office", "wrong", f"the office at {url} answers {answer.status_code}: tell whoever runs it")
