"""A bank as the office hears it, and the books as the tests see them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from fastapi.testclient import TestClient

from api.payments.callback import signature

NUMBERS = count(1)
PAID_AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def notice(code: str, amount: int, payment_id: str, *, kind: str = "payment", at: datetime = PAID_AT) -> dict[str, Any]:
    return {
        "kind": kind,
        "payment_id": payment_id,
        "virtual_account": code,
        "amount_rupiah": amount,
        "paid_at": at.isoformat(),
        "channel": "teller",
    }


@dataclass
class Bank:
    """Calls the office back."""

    client: TestClient
    secret: str
    sent: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def headers(self, body: bytes, *, external_id: str | None = None, age: timedelta = timedelta()) -> dict[str, str]:
        timestamp = (datetime.now(UTC) - age).isoformat()
        external_id = external_id or f"ext-{next(NUMBERS)}"
        return {
            "content-type": "application/json",
            "x-timestamp": timestamp,
            "x-external-id": external_id,
            "x-signature": signature(self.secret, timestamp=timestamp, external_id=external_id, body=body),
        }

    def post(self, body: bytes, headers: dict[str, str]):
        self.sent.append((headers, body))
        return self.client.post("/v1/payments/bank", content=body, headers=headers)

    def tell(self, what: dict[str, Any], **how: Any):
        body = json.dumps(what).encode()
        return self.post(body, self.headers(body, **how))

    def outcome(self, what: dict[str, Any], **how: Any) -> str:
        answer = self.tell(what, **how)
        return str(answer.json()["outcome"])
