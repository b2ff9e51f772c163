"""The owner's way to pay: the account code and the QRIS picture, as long as money is asked; nobody else sees them."""

from __future__ import annotations

import io

import zxingcpp
from PIL import Image

from api.payments import qris
from api.payments.codes import shown
from tests.api.payments.bank import notice
from tests.api.public_pages import get, look_up


def test_the_code_and_the_picture_are_the_bills_and_follow_what_came_in(client, ticket, bill, bank):
    assert look_up(client, ticket.reference).status_code == 303
    path = f"/t/{ticket.reference}"
    page = get(client, f"{path}/pay")
    assert page.scripts == 0
    assert shown(bill.code) in page.text
    assert f"{path}/pay" in get(client, path).links

    def read() -> dict[str, str]:
        picture = client.get(f"{path}/qris.png")
        assert picture.headers["cache-control"] == "private, no-store"
        return qris.parse(zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.content)))[0].text)

    assert read()["54"] == "500000"
    bank.tell(notice(bill.code, 200_000, "p1"))
    assert read()["54"] == "300000"
    bank.tell(notice(bill.code, 350_000, "p2"))
    settled = get(client, f"{path}/pay?lang=en")
    assert "Paid" in settled.text
    assert "50.000 is yours to take back" in settled.text
    assert client.get(f"{path}/qris.png").status_code == 404


def test_without_the_pass_nobody_learns_of_it(client, ticket, bill):
    page = get(client, f"/t/{ticket.reference}/pay")
    assert shown(bill.code) not in page.text
    assert client.get(f"/t/{ticket.reference}/qris.png").status_code == 404
