"""The register down, slow and answering nonsense, over a real socket: the officer is told, and no case is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.connections import carry_register
from api.outbox.outside import RegisterSystem
from api.register.remote import RemoteRegister
from api.web.messages import catalogue
from tests.api.register.reference_server import TOKEN, ReferenceRegister
from tests.api.review_fixtures import office, signed_in  # noqa: F401 - fixtures


@pytest.fixture
def server() -> Iterator[ReferenceRegister]:
    with ReferenceRegister().serving() as serving:
        yield serving


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [(503, "register.away"), (0.6, "register.slow"), (b"<html>maintenance</html>", "register.nonsense")],
)
def test_the_officer_is_told_the_case_waits_and_goes_on_when_the_register_is_back(
    signed_in,  # noqa: F811 - the fixture
    database,
    server,
    behaviour,
    told,
):
    later = [0.0]
    system = RegisterSystem(url=server.url, token=TOKEN, tries=1, timeout_s=0.25)
    carry_register(database, RemoteRegister(system, monotonic=lambda: later[0], sleep=lambda _: None))
    case_id = signed_in.deliver()
    server.next.extend([behaviour] * 40)
    page = signed_in.page(f"/review/{case_id}")
    assert catalogue().text("id", told) in page or catalogue().text("en", told) in page
    assert "Avanza" not in page, "nothing is made up in its place"
    signed_in.look(case_id)
    refused = signed_in.approve(case_id)
    assert refused.status_code in {409, 422, 503}
    assert "Traceback" not in refused.text
    assert (signed_in.case(case_id).state, "approved" in signed_in.events(case_id)) == ("awaiting_review", False)
    assert case_id in signed_in.page("/review"), "it stays in the queue"

    server.next.clear()
    later[0] += 3600
    assert "Avanza" in signed_in.page(f"/review/{case_id}")
    signed_in.look(case_id)
    assert signed_in.approve(case_id).status_code == 303
    assert signed_in.case(case_id).state == "approved"
