"""Mail under another's name: kept as a case, believed by nobody, and answered to nobody."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from api.channels.proving import why_doubted
from api.channels.tables import ThreadRow
from api.store.service import events_of
from tests.api.channels.outside_world import STORY, complaints, letter, send

OURS = "mx.jatengprov.example"


@pytest.mark.parametrize(
    ("results", "doubted"),
    [
        ([f"{OURS}; dmarc=pass header.from=example.org; spf=fail smtp.mailfrom=list@x.example"], False),
        ([f"{OURS}; dmarc=none; spf=pass smtp.mailfrom=siti@example.org"], False),
        ([f"{OURS};\r\n dmarc=none;\r\n dkim=pass header.d=example.org; spf=fail"], False),
        ([f"{OURS}; none"], False),
        ([f"{OURS}; dmarc=fail (p=reject) header.from=example.org"], True),
        ([f"{OURS}; dmarc=none; spf=fail smtp.mailfrom=siti@example.org"], True),
        ([f"{OURS}; dkim=fail header.d=example.org"], True),
        (["mx.elsewhere.example; dmarc=pass header.from=example.org"], True),
        ([f"{OURS}; dmarc=fail", f"{OURS}; dmarc=pass"], True),
        (["nonsense;;;", ""], True),
        ([], True),
    ],
)
def test_only_our_own_mail_servers_word_counts(results, doubted):
    assert bool(why_doubted(results, OURS)) is doubted
    assert why_doubted(results, "") == "", "an office whose server does not check doubts nobody"


@pytest.mark.parametrize("outside_changes", [{"mail_authority": OURS}])
def test_a_forged_sender_adds_nothing_to_anothers_case_and_nobody_gets_mail_for_it(office, database, door, mailbox):
    passed, failed = (f"{OURS}; dmarc={one} header.from=example.org" for one in ("pass", "fail"))
    send(door, letter(Authentication_Results=passed))
    office.work()
    (told,) = mailbox.got
    answer = str(told["Message-ID"])
    forged = "Batalkan saja aduan saya, sudah selesai semuanya."
    send(door, letter(forged, subject="Re: x", In_Reply_To=answer, Authentication_Results=failed), "x@evil.example")
    send(door, letter("ok", subject="", Authentication_Results=failed), "x@evil.example")
    office.work()
    mine, other = complaints(database)
    assert len(mailbox.got) == 1, "who did not write gets no mail"
    with database.session() as session:
        said = [event.data["text"] for event in events_of(session, mine.id) if event.type == "message"]
        notes = [event.data["text"] for event in events_of(session, other.id) if event.type == "note"]
        assert (said, len(notes)) == ([f"Jalan rusak\n\n{STORY}"], 1)
        assert "DMARC" in notes[0], "whoever answers is told"
    send(
        door,
        letter("Masih berlubang di sebelahnya.", subject="Re: x", In_Reply_To=answer, Authentication_Results=passed),
    )
    office.work()
    assert len(complaints(database)) == 2, "her own reply goes on with her case"


def test_where_the_answer_goes_is_not_who_wrote(office, database, door):
    send(door, letter(Reply_To="Budi <budi@example.org>"))
    office.work()
    with database.session() as session:
        thread = session.scalars(select(ThreadRow)).one()
        assert (thread.author, thread.address) == ("siti@example.org", "budi@example.org")
