"""`tertib letters`: print what waits, record what came back, measure the typesetting."""

from __future__ import annotations

import csv
import json
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.notices.batches import LETTERS_A_BATCH, make_batch
from api.notices.links import NoticeLinks, new_code
from api.notices.planning import NoticeNotFound, NotSentYet, plan_waiting, returned
from api.people.service import find_user
from api.tickets.notice import Deadline, Notice, Recipient, render_notices
from scripts.commands.office import Home, office

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Letters to owners.")


def _tell(**values: object) -> None:
    sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")


@app.command("print", epilog="Example: tertib letters print --home var")
def print_command(home: Home = None) -> None:
    """Put all letters that wait into batches at once; a worker sets them and puts them into the post's folder."""
    batches = letters = 0
    with office(home) as (settings, database):
        planned = 1
        while planned:
            with database.session() as session:
                planned = plan_waiting(session, settings, limit=LETTERS_A_BATCH)
        while True:
            with database.session() as session:
                batch = make_batch(session, at_once=True)
                if batch is None:
                    break
                batches, letters = batches + 1, letters + batch.letters
    _tell(batches=batches, letters=letters)


@app.command("returned", epilog="Example: tertib letters returned back.csv --by penyelia")
def returned_command(
    file: Annotated[Path, typer.Argument(help="CSV with the columns code and why: the letters that came back.")],
    by: Annotated[str, typer.Option(help="Sign-in name of who enters them.")],
    home: Home = None,
) -> None:
    """Record letters that came back: their links die, and nothing is held against owners who were not reached."""
    try:
        lines = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise typer.TyperException(f"{file} cannot be read: {error}") from error
    if not lines or not {"code", "why"} <= set(lines[0]):
        raise typer.TyperException(f"{file}: the first line must name the columns code and why")
    wrong: list[str] = []
    with office(home) as (_, database):
        for number, line in enumerate(lines, start=2):
            with database.session() as session:
                user = find_user(session, by)
                if user is None:
                    raise typer.TyperException(f"there is no user {by!r}")
                try:
                    returned(session, line["code"] or "", why=(line["why"] or "?").strip(), actor=user.actor)
                except (NoticeNotFound, NotSentYet) as error:
                    wrong.append(f"line {number}: {error.detail}")
    _tell(file=str(file), returned=len(lines) - len(wrong), wrong=wrong)
    if wrong:
        raise typer.Exit(1)


@app.command("measure", epilog="Example: tertib letters measure --letters 1000")
def measure_command(
    letters: Annotated[int, typer.Option(min=1, max=100_000, help="How many invented letters are set.")] = 1000,
) -> None:
    """Set invented letters in batches, as the worker does, and tell how quickly (PDF/A-2a and PDF/UA-1, one core)."""
    began, began_cpu, size = time.perf_counter(), time.process_time(), 0
    links = NoticeLinks(b"a secret for measuring alone, no office")
    for start in range(0, letters, LETTERS_A_BATCH):
        batch = [_invented(number, links) for number in range(start, min(letters, start + LETTERS_A_BATCH))]
        size += len(render_notices(batch, title="Surat konfirmasi", created_at=datetime(2026, 11, 24, tzinfo=UTC)))
    wall, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    _tell(
        letters=letters,
        wall_s=round(wall, 2),
        cpu_s=round(cpu, 2),
        letters_per_s=round(letters / wall, 1),
        letters_per_cpu_s=round(letters / cpu, 1),
        bytes_per_letter=size // letters,
        minutes_for_12000=round(12_000 * cpu / letters / 60, 2),
    )


def _invented(number: int, links: NoticeLinks) -> Notice:
    moment = datetime(2026, 11, 24, 3, 4, 5, tzinfo=UTC)
    plate = f"H {1000 + number % 9000} AB"
    both = {"id": "Contoh", "en": "Example"}
    how = {
        "id": "Konfirmasi: 5 hari kalender sejak 24-11-2026; paling lambat 29-11-2026. [confirmation v1]",
        "en": "Confirmation: 5 calendar days from 24-11-2026; at the latest 29-11-2026. [confirmation v1]",
    }
    sample = Notice(
        reference=f"T-24K7-{number % 10_000:04d}-3F7Z",
        ticket_url="https://etle.example/t/T-24K7-9QXM-3F7Z",
        portal_url="https://etle.example",
        complaint_url="https://etle.example/complaints/new",
        plate_display=plate,
        vehicle={"id": "mobil", "en": "car"},
        offence=both,
        plain={"id": f"Kamera merekam {plate}.", "en": f"A camera recorded {plate}."},
        article=both,
        fine_idr=500_000,
        place="Jalan Pemuda, Semarang",
        occurred_at=moment,
        issued_at=moment,
        timezone="Asia/Jakarta",
        agency=both,
        region=both,
        officer_name="Petugas Contoh",
        officer_number=None,
        officer_role={"id": "petugas", "en": "officer"},
        deadlines=(Deadline(both, moment, how), Deadline(both, moment, how)),
        camera_id="jt-smg-001",
        package_sha256=f"{number:064x}",
        key_id="cd" * 32,
        recipient=Recipient(f"Pemilik {number} (rekaan)", f"Jalan Contoh {number}, Semarang 50131"),
    )
    code = new_code()
    return replace(sample, qr_url=links.url("https://etle.example", code), message_code=code)
