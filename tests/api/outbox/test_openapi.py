"""Whatever anybody sends to the described addresses, the office never breaks: a tool tries it from the description."""

from __future__ import annotations

import json
import os

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from api.outbox.outside import load_outside
from tests.api.payments.bank import Bank

# A large run: TERTIB_OPENAPI_CASES=200 pytest tests/api/outbox/test_openapi.py
EXAMPLES = int(os.environ.get("TERTIB_OPENAPI_CASES", "6"))

schemathesis.serializer.alias("application/vnd.tertib.package", "application/octet-stream")


def trying(strategy, check) -> None:
    """Call `check` with a few cases."""
    few = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    few(given(case=strategy)(check))()


def test_no_request_breaks_the_office(client):
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", client.app)
    operations = {f"{one.method} {one.path}": one for one in (found.ok() for found in schema.get_all_operations())}
    assert {"post /v1/payments/bank", "post /v1/packages", "post /v1/whatsapp/webhook"} <= set(operations)
    broken: list[str] = []
    bank = Bank(client, load_outside(client.app.state.settings).bank.hmac_secret)

    def check(case) -> None:
        answers = [case.call().status_code]
        if case.operation.path == "/v1/payments/bank":
            # Signed by the bank, the same content gets further.
            answers.append(
                bank.tell(case.body if isinstance(case.body, dict) else {"body": str(case.body)}).status_code
            )
        broken.extend(f"{case.method} {case.formatted_path}: {status}" for status in answers if status >= 500)

    for operation in operations.values():
        trying(operation.as_strategy(), check)
    assert broken == []


def test_the_description_says_what_a_bank_must_send(client):
    described = json.loads(client.get("/v1/openapi.json").text)
    bank = described["paths"]["/v1/payments/bank"]["post"]
    assert bank["requestBody"]["required"]
    assert {one["name"] for one in bank["parameters"]} == {"X-Timestamp", "X-External-Id", "X-Signature"}
    assert "422" in bank["responses"]
