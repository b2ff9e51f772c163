"""A throw-away office with every door to the outside open, served as an operator serves it: `tertib serve` and `mail`.

What the bench of the bank's callbacks and the drill of the webhooks share.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import yaml

from api.clock import now
from api.database import Database, connect
from api.outbox.outside import FILE
from api.payments.codes import new_code
from api.payments.tables import BillRow
from api.settings import Settings
from api.store.kinds import SYSTEM, Audience, CaseKind
from api.store.service import open_case
from scripts.commands._demo_office import free_port

BANK_SECRET: Final = "the bank's key of a throw-away office"  # noqa: S105 - of an office that lives for minutes
APP_SECRET: Final = "the app's key of a throw-away office!"  # noqa: S105 - as above
VERIFY_TOKEN: Final = "told to Meta"  # noqa: S105 - as above
RELAY: Final = "lapor"
ADDRESS: Final = "aduan@tertib.example"
COMPANY: Final = "88810"
_NOWHERE: Final = "http://127.0.0.1:9"
_START_LIMIT_S: Final = 180
_PROGRAM: Final = "from scripts.tertib import main; main()"


@dataclass
class OpenOffice:
    """The office: its folder, its database as we see it, and its processes.

    Attributes:
        home: its folder.
        database: the same database that it serves.
        port: where it serves pages and webhooks.
        mail_port: where it takes mail.
    """

    home: Path
    database: Database
    port: int = field(default_factory=free_port)
    mail_port: int = field(default_factory=free_port)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def serve(self, *, processes: int = 1) -> None:
        """Start `tertib serve --workers`, with the worker beside it, in a process group of its own.

        Raises:
            RuntimeError: it does not answer.
        """
        self._start("serve", "--port", str(self.port), "--workers", str(processes))
        self._wait("serve", self._answers)

    def take_mail(self) -> None:
        """Start `tertib mail`.

        Raises:
            RuntimeError: it does not listen.
        """
        self._start("mail", "--port", str(self.mail_port))
        self._wait("mail", self._listens)

    def _answers(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/v1/health", timeout=5).status_code == httpx.codes.OK
        return False

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.mail_port), timeout=1):
            return True
        return False

    def _start(self, name: str, *arguments: str) -> None:
        command = [sys.executable, "-c", _PROGRAM, name, "--home", str(self.home), *arguments]
        with (self.home / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603 - ourselves

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        until = time.monotonic() + _START_LIMIT_S
        while not ready():
            if time.monotonic() > until or self._running[name].poll() is not None:
                last = (self.home / f"{name}.log").read_text(errors="replace").strip().splitlines()[-1:]
                message = f"`tertib {name}` does not answer: {' '.join(last) or 'it says nothing'}"
                raise RuntimeError(message)
            time.sleep(0.1)

    def kill(self, name: str = "serve") -> None:
        """SIGKILL, as a power cut does it."""
        self._end(name, signal.SIGKILL)

    def stop(self) -> None:
        """End what runs."""
        for name in list(self._running):
            self._end(name, signal.SIGKILL)

    def _end(self, name: str, how: signal.Signals) -> None:
        running = self._running.pop(name, None)
        if running is not None:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, how)
            running.wait()

    def tickets_with_bills(self, count: int, due_rupiah: int) -> list[str]:
        """Open so many tickets; the virtual account codes of their bills."""
        codes = []
        jurisdiction = self.database.jurisdictions.first
        for number in range(count):
            with self.database.session() as session:
                ticket = open_case(
                    session,
                    CaseKind.TICKET,
                    jurisdiction=jurisdiction,
                    actor=SYSTEM,
                    body={"invented": True},
                    audience=Audience.PARTY,
                    agency=jurisdiction.enforcement_agency,
                    subject={"plate": f"H{1 + number}ZZ", "offence": "bus_lane"},
                )
                code = new_code(COMPANY)
                session.add(BillRow(case_id=ticket.id, code=code, due_rupiah=due_rupiah, made_at=now(session)))
                codes.append(code)
        return codes


@contextmanager
def open_office(home: Path) -> Iterator[OpenOffice]:
    """A fresh office that is connected to a bank, WhatsApp, Meta, a relay and mail; nothing of it is served yet.

    What it would send ends at a port where nobody listens. Its processes are ended with the block, also when this
    process is asked to end (SIGTERM): they have process groups of their own and would outlive it.
    """
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    home.mkdir(parents=True, exist_ok=True)
    meta = {"url": _NOWHERE, "token": "t", "app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN}
    outside = {
        "bank": {"company_code": COMPANY, "hmac_secret": BANK_SECRET},
        "whatsapp": {**meta, "phone_number_id": "42", "display_number": "+62 24 000 000"},
        "meta": meta,
        "relays": {RELAY: {"secret": APP_SECRET}},
        "open311": {"api_keys": {"drill": APP_SECRET}},
        "mail_addresses": [ADDRESS],
    }
    path = home / FILE
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(outside))
    settings = Settings(home=home)
    database = connect(settings)
    _ = settings.secret
    office = OpenOffice(home, database)
    try:
        yield office
    finally:
        office.stop()
        database.close()
        signal.signal(signal.SIGTERM, before)
