from __future__ import annotations


def test_signs_in_and_out(client, officer, sign_in):
    sign_in(officer)
    assert "tertib_session" in client.cookies
    again = client.get("/sign-in")
    assert again.status_code == 303
    assert again.headers["location"] == "/review"
