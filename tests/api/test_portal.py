"""The portal: a look-up that tells a stranger nothing, and a ticket's page that tells its owner everything."""

from __future__ import annotations

import io

import psycopg
import pytest
from PIL import Image, ImageStat
from sqlalchemy import func, select
from sqlalchemy.exc import ProgrammingError

from api.portal.passes import LIFETIME_S, PartyPasses
from api.portal.tables import LookupRow
from api.portal.throttle import MAX_BY_CLIENT, MAX_BY_REFERENCE, WINDOW
from api.portal.wording import clean_line, clean_text
from api.store.kinds import CaseKind
from api.store.references import new_reference
from api.store.tables import CaseRow
from tests.api.public_pages import (
    OWNER,
    PLATE,
    Page,
    follow,
    get,
    look_up,
    make_ticket,
    owner,  # noqa: F401 - a fixture
    package,
    register_vehicle,
    send,
    take_in,
    ticket,  # noqa: F401 - a fixture
)

PAGES = ["/", "/lookup", "/follow", "/complaints/new"]


def shape(client, reference: str, plate: str) -> tuple[int, str]:
    """An answer without what the asker typed and without the form's token."""
    answer = look_up(client, reference, plate)
    text = answer.text.replace(reference, "REFERENCE").replace(plate, "PLATE")
    token = Page(answer).form("/lookup").fields["csrf_token"]
    return answer.status_code, text.replace(token, "TOKEN")


@pytest.mark.parametrize(("language", "other"), [("id", "en"), ("en", "id")])
def test_every_page_works_without_scripts_in_both_languages(client, language, other):
    for path in PAGES:
        answer = client.get(f"{path}?lang={language}", headers={"accept": "text/html"})
        page = Page(answer)
        assert page.status == 200
        assert f'<html lang="{language}">' in answer.text
        assert page.scripts == 0
        assert "style=" not in answer.text
        assert len(page.ids) == len(set(page.ids))
        assert any(f"lang={other}" in link for link in page.links)
        assert answer.headers["cache-control"] == "no-store"
        for form in page.forms:
            typed = {name for name in form.fields if name not in {"csrf_token", "form_token"}}
            assert typed <= page.labels, f"{path}: fields without a label: {typed - page.labels}"


def test_the_chosen_language_is_kept(client):
    get(client, "/?lang=en")
    assert "I received a ticket" in get(client, "/").text


def test_reference_and_plate_open_the_ticket(client, ticket):  # noqa: F811
    answer = look_up(client, ticket.reference.lower().replace("-", " "), "h1234ab")
    assert answer.headers["location"] == f"/t/{ticket.reference}"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert f"Path=/t/{ticket.reference}" in cookie
    assert "SameSite=lax" in cookie
    page = follow(client, answer)
    assert ticket.reference in page.text


def test_somebody_elses_ticket_answers_like_one_that_does_not_exist(client, database, settings, officer):
    mine = make_ticket(database, settings, officer)
    violation = take_in(database, settings, package(3, plate="H4321BA"))
    absent = new_reference(CaseKind.TICKET)
    nobody = shape(client, absent, "H 4321 BA")
    assert nobody[0] == 404
    assert shape(client, mine.reference, "H 4321 BA") == nobody
    assert shape(client, violation.reference, "H 4321 BA") == nobody
    assert shape(client, "T-0000-0000-0000", "H 4321 BA") == nobody
    assert shape(client, "not a reference", "H 4321 BA") == nobody
    assert "tertib_party" not in client.cookies


NO_PLATES = ["", "?", "h", "<script>alert(1)</script>", "H 1234 AB'; --", "\uff21\uff11"]


def test_no_plate_that_is_none_opens_anything(client, ticket):  # noqa: F811
    for plate in NO_PLATES:
        answer = look_up(client, ticket.reference, plate)
        assert answer.status_code in {404, 422}
        assert "<script>" not in answer.text
        assert Page(answer).form("/lookup").fields["plate"] == plate


def test_without_the_pass_a_ticket_and_nothing_look_the_same(client, ticket):  # noqa: F811
    absent = new_reference(CaseKind.TICKET)
    for below in ("", "/confirm", "/contest"):
        real, none = (client.get(f"/t/{r}{below}", headers={"accept": "text/html"}) for r in (ticket.reference, absent))
        assert real.status_code == none.status_code == 200
        texts = [
            answer.text.replace(reference, "R").replace(Page(answer).form("/lookup").fields["csrf_token"], "T")
            for answer, reference in ((real, ticket.reference), (none, absent))
        ]
        assert texts[0] == texts[1]
        assert "Jl. Pemuda" not in real.text
    for below in ("/notice.pdf", "/stills/offence.jpg"):
        real, none = (client.get(f"/t/{r}{below}") for r in (ticket.reference, absent))
        assert real.status_code == none.status_code == 404
        assert real.json() == none.json()


def test_a_pass_opens_one_case_only(client, database, settings, officer, owner):  # noqa: F811
    other = make_ticket(database, settings, officer, 3)
    stolen = owner.cookies.get("tertib_party")
    client.cookies.set("tertib_party", stolen, path=f"/t/{other.reference}")
    page = get(client, f"/t/{other.reference}")
    assert page.form("/lookup")
    assert client.get(f"/t/{other.reference}/notice.pdf").status_code == 404


def test_a_pass_ends_and_cannot_be_forged(ticket):  # noqa: F811
    passes, others = PartyPasses(b"a" * 32, secure=True), PartyPasses(b"b" * 32, secure=True)
    made = passes.make(ticket.id, at=1000.0)
    assert passes.read(made, at=1000.0 + LIFETIME_S - 1) == ticket.id
    assert passes.read(made, at=1000.0 + LIFETIME_S) is None
    assert others.read(made, at=1000.0) is None
    longer = made.replace(str(1000 + LIFETIME_S), str(9000 + LIFETIME_S))
    for forged in (longer, made[:-1], "", "..", "x" * 500, "é.1.2", f"{ticket.id.hex}.9999999999."):
        assert passes.read(forged, at=1000.0) is None


def test_leaving_closes_the_ticket_on_this_device(owner, ticket):  # noqa: F811
    page = get(owner, f"/t/{ticket.reference}")
    assert send(owner, page.form(f"/t/{ticket.reference}/leave")).status_code == 303
    assert get(owner, f"/t/{ticket.reference}").form("/lookup")


def test_guessing_closes_the_door_for_a_while(client, ticket, clock, database):  # noqa: F811
    for _ in range(MAX_BY_REFERENCE):
        assert look_up(client, ticket.reference, "H 1 A").status_code == 404
    shut = look_up(client, ticket.reference)
    assert shut.status_code == 429
    assert int(shut.headers["retry-after"]) > 0
    assert "tertib_party" not in client.cookies
    clock.advance(WINDOW)
    assert look_up(client, ticket.reference).status_code == 303


def test_guessing_references_closes_the_door_too(client, ticket):  # noqa: F811
    for _ in range(MAX_BY_CLIENT):
        assert look_up(client, new_reference(CaseKind.TICKET)).status_code == 404
    assert look_up(client, ticket.reference).status_code == 429


def test_looking_often_shuts_nobody_out(client, ticket):  # noqa: F811
    assert {look_up(client, ticket.reference).status_code for _ in range(MAX_BY_CLIENT + 2)} == {303}


def test_the_count_names_neither_address_nor_reference(client, ticket, database, clock):  # noqa: F811
    look_up(client, ticket.reference, "H 1 A")
    with database.session() as session:
        row = session.scalars(select(LookupRow)).one()
        assert ticket.reference not in row.reference
        assert "testclient" not in row.client


def test_when_the_count_cannot_be_read_the_door_stays_shut(client, ticket, cluster, database_name):  # noqa: F811
    form = get(client, "/lookup").form("/lookup")
    with psycopg.connect(cluster.url(database_name), autocommit=True) as connection:
        connection.execute("REVOKE ALL ON lookups FROM tertib_app")
    with pytest.raises(ProgrammingError, match="permission denied"):
        send(client, form, reference=ticket.reference, plate=PLATE)
    assert "tertib_party" not in client.cookies


def test_old_counts_are_forgotten(client, ticket, database, clock):  # noqa: F811
    look_up(client, ticket.reference, "H 1 A")
    clock.advance(WINDOW * 200)
    look_up(client, ticket.reference, "H 1 A")
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(LookupRow)) == 1


def test_a_form_without_its_token_is_refused_and_shown_again_unless_another_site_sent_it(client, ticket):  # noqa: F811
    form = get(client, "/lookup").form("/lookup")
    form.fields["csrf_token"] = "0" * 64
    page = Page(send(client, form, reference=ticket.reference, plate=PLATE))
    assert page.status == 403
    assert page.form("/lookup").fields["plate"] == PLATE
    assert page.form("/lookup").fields["csrf_token"] != "0" * 64
    elsewhere = client.post(
        "/lookup", data=form.fields, headers={"sec-fetch-site": "cross-site", "accept": "text/html"}
    )
    assert elsewhere.status_code == 403
    assert "/lookup" not in {made.action for made in Page(elsewhere).forms}
    assert "tertib_party" not in client.cookies


def test_the_ticket_tells_what_law_who_and_until_when(owner, ticket, officer):  # noqa: F811
    page = get(owner, f"/t/{ticket.reference}")
    for told in (
        "H 1234 AB",
        "lajur khusus angkutan umum",
        "2 Mar 2026, 08.15.30 WIB",
        "Jl. Pemuda, Semarang",
        "UU 22/2009 Pasal 287 ayat (1)",
        "Rp 500.000",
        f"{officer.name}, petugas validasi",
        "5 hari kalender sejak",
        "Konfirmasi bukan pengakuan bersalah",
        "Surat tilang diterbitkan",
    ):
        assert told in page.text, told
    assert OWNER not in page.text
    assert f"/t/{ticket.reference}/contest" in page.links
    assert f"/t/{ticket.reference}/notice.pdf" in page.links


def test_the_stills_are_redacted_copies(owner, ticket, database):  # noqa: F811
    page = get(owner, f"/t/{ticket.reference}")
    sources = [image["src"] for image in page.images if "/stills/" in (image["src"] or "")]
    assert [source.rsplit("/", 1)[-1] for source in sources] == ["offence.jpg", "overview.jpg", "plate.jpg"]
    assert all(image["alt"] for image in page.images if "/stills/" in (image["src"] or ""))
    still = owner.get(sources[0])
    assert still.headers["content-type"] == "image/jpeg"
    assert "private" in still.headers["cache-control"]
    shown = Image.open(io.BytesIO(still.content)).convert("L")
    assert ImageStat.Stat(shown.crop((15, 25, 85, 55))).stddev[0] < 12
    assert ImageStat.Stat(shown.crop((110, 130, 210, 250))).stddev[0] > 40
    assert owner.get(sources[0], headers={"if-none-match": still.headers["etag"]}).status_code == 304


def test_a_still_whose_others_are_unknown_shows_the_own_vehicle_only(client, database, settings, officer):
    made = make_ticket(database, settings, officer, bystanders={})
    look_up(client, made.reference)
    get(client, f"/t/{made.reference}")
    shown = Image.open(io.BytesIO(client.get(f"/t/{made.reference}/stills/offence.jpg").content)).convert("L")
    assert ImageStat.Stat(shown.crop((0, 0, 90, 110))).stddev[0] < 25
    assert ImageStat.Stat(shown.crop((110, 130, 210, 250))).stddev[0] > 40


def test_a_still_that_cannot_be_redacted_is_not_shown(client, database, settings, officer):
    from tests.pipeline.evidence.builder import media as fillers  # noqa: PLC0415 - bytes that are no pictures

    made = make_ticket(database, settings, officer, media_members=fillers(), bystanders={})
    look_up(client, made.reference)
    page = get(client, f"/t/{made.reference}")
    assert page.status == 200
    assert "tidak dapat ditampilkan dengan aman" in page.text
    assert not [image for image in page.images if "/stills/" in (image["src"] or "")]
    assert client.get(f"/t/{made.reference}/stills/offence.jpg").status_code == 404


def test_the_originals_stay_with_the_office(owner, ticket, database):  # noqa: F811
    with database.session() as session:
        violation = session.get_one(CaseRow, ticket.parent_id)
    assert owner.get(f"/v1/evidence/{violation.id}/offence.jpg").status_code == 401
    assert owner.get(f"/v1/evidence/{ticket.id}/clip.mp4").status_code == 401


@pytest.mark.parametrize("choice", ["mine_i_drove", "mine_other_drove", "sold", "never_mine"])
def test_the_owner_confirms_in_four_ways(owner, ticket, choice):  # noqa: F811
    path = f"/t/{ticket.reference}/confirm"
    page = get(owner, path)
    assert "Konfirmasi bukan pengakuan bersalah" in page.text
    done = follow(owner, send(owner, page.form(path), choice=choice, driver="Siti <b>Aminah</b>"))
    assert "Konfirmasi diterima" in done.text
    denies = choice in {"sold", "never_mine"}
    assert ("Sangkalan Anda sedang diperiksa" if denies else "Sudah dikonfirmasi") in done.text
    assert ("Siti <b>Aminah</b>" in done.text) == (choice == "mine_other_drove")
    assert ("sanggah sekarang" in done.text) == denies


FAULTS = [
    ({"choice": "", "driver": "Siti"}, "Pilih salah satu"),
    ({"choice": "guilty", "driver": ""}, "Pilih salah satu"),
    ({"choice": "mine_other_drove", "driver": " "}, "Tulis nama pengemudi"),
    ({"choice": "mine_other_drove", "driver": "x" * 101}, "Tulis nama pengemudi"),
]


def test_a_confirmation_with_a_fault_keeps_what_was_typed(owner, ticket):  # noqa: F811
    for typed, why in FAULTS:
        path = f"/t/{ticket.reference}/confirm"
        page = Page(send(owner, get(owner, path).form(path), **typed))
        assert page.status == 422
        assert page.alerts == 1
        assert why in page.text
        assert page.form(path).fields["driver"] == typed["driver"]
        assert "Menunggu konfirmasi" in get(owner, f"/t/{ticket.reference}").text


def test_a_confirmation_sent_twice_is_one(owner, ticket, database):  # noqa: F811
    path = f"/t/{ticket.reference}/confirm"
    form = get(owner, path).form(path)
    first, second = (send(owner, form, choice="sold") for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    late = send(owner, get(owner, "/lookup").forms[0], reference=ticket.reference, plate=PLATE)
    assert late.status_code == 303
    with database.session() as session:
        assert session.get_one(CaseRow, ticket.id).event_count == 3  # opened, the register's match, confirmed


def test_a_ticket_that_was_confirmed_is_not_confirmed_again(owner, ticket):  # noqa: F811
    path = f"/t/{ticket.reference}/confirm"
    one, two = get(owner, path).form(path), get(owner, path).form(path)
    send(owner, one, choice="mine_i_drove")
    assert send(owner, two, choice="sold").headers["location"] == f"/t/{ticket.reference}"
    assert "Sudah saya jual" not in get(owner, f"/t/{ticket.reference}").text
    assert owner.get(path).status_code == 303


def test_no_page_names_a_vehicle_to_a_stranger(client, database, settings, officer):
    register_vehicle(database)
    make_ticket(database, settings, officer)
    for path in PAGES:
        text = client.get(path, headers={"accept": "text/html"}).text
        assert "H1234AB" not in text
        assert OWNER not in text


def test_typed_text_is_kept_readable():
    assert clean_text("  a\r\nb\rc\x00\u202ed \t") == "a\nb\ncd"
    assert clean_line(" a \n  b ") == "a b"
