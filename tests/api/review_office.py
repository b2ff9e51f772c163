"""An office as an officer's browser sees it, for the tests of the review."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from uuid import UUID

from fastapi.testclient import TestClient

from api.clock import DatabaseClock
from api.database import Database
from api.register.service import Vehicle
from api.store.service import events_of, verify_chain
from api.store.tables import CaseRow
from tests.api.conftest import form_token
from tests.pipeline.evidence.builder import sealed_package

TOKEN = "a token for tests, long enough"
PAGE = {"accept": "text/html"}
PICTURES = ("clip.mp4", "plate.png")


@dataclass
class Office:
    """The office as an officer's browser sees it, and its database as the test sees it."""

    client: TestClient
    database: Database
    clock: DatabaseClock

    def case(self, case_id: str) -> CaseRow:
        with self.database.session() as session:
            return session.get_one(CaseRow, UUID(case_id))

    def events(self, case_id: str) -> list[str]:
        with self.database.session() as session:
            verify_chain(session, UUID(case_id))
            return [event.type for event in events_of(session, UUID(case_id))]

    def deliver(self, **changes: object) -> str:
        return self.deliver_bytes(sealed_package(**changes).data)  # type: ignore[arg-type]

    def deliver_bytes(self, data: bytes) -> str:
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        answer = self.client.post(
            "/v1/packages",
            content=data,
            headers={
                "content-type": "application/vnd.tertib.package",
                "content-digest": f"sha-256=:{digest}:",
                "authorization": f"Bearer {TOKEN}",
            },
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["case_id"])

    def page(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path, headers=PAGE)
        assert answer.status_code == status, answer.text
        return answer.text

    def look(self, case_id: str, *members: str, for_s: float = 4) -> None:
        """Open the case, fetch these members, and wait."""
        self.page(f"/review/{case_id}")
        for member in members or PICTURES:
            assert self.client.get(f"/review/{case_id}/evidence/{member}").status_code in {200, 206}
        self.clock.advance(timedelta(seconds=for_s))

    def send(self, path: str, **fields: str):
        token = form_token(self.client, "/review")
        return self.client.post(path, data={"csrf_token": token, **fields}, headers=PAGE)

    def approve(self, case_id: str):
        return self.send(f"/review/{case_id}/decision", decision="approve", confirmed="yes")

    def reject(self, case_id: str, reason: str = "no_offence"):
        return self.send(f"/review/{case_id}/decision", decision="reject", reason=reason, confirmed="yes")


def vehicle(plate: str, vehicle_class: str, owner: str = "Joko (rekaan)") -> Vehicle:
    return Vehicle(plate, vehicle_class, "Toyota", "Avanza", "hitam", 2019, owner, "Jl. Contoh 1", "test")


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
