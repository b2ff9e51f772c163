"""A ticket with its bill, and the bank."""

from __future__ import annotations

import pytest

from api.outbox.outside import load_outside
from api.payments.bills import bill_for
from api.payments.tables import BillRow
from api.store.tables import CaseRow
from tests.api.payments.bank import Bank
from tests.api.public_pages import ticket  # noqa: F401 - a fixture


@pytest.fixture
def bank(client, settings) -> Bank:
    return Bank(client, load_outside(settings).bank.hmac_secret)


@pytest.fixture
def bill(database, settings, ticket: CaseRow) -> BillRow:  # noqa: F811 - the fixture
    with database.session() as session:
        return bill_for(session, session.get_one(CaseRow, ticket.id), load_outside(settings).bank)
