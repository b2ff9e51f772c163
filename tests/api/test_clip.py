"""The owner's clip: nobody else can be recognised in it, the own vehicle can, and it leads back to what was signed."""

from __future__ import annotations

import hashlib
import io
import json

import av
import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageChops, ImageDraw, ImageStat

from api.database import Database
from api.people.service import User
from api.redaction.blur import RedactionError
from api.redaction.clip import make_clip
from api.redaction.redraw_clip import hidden_at, own_at
from api.settings import Settings
from pipeline.evidence.errors import EvidenceError
from pipeline.evidence.manifest import Manifest
from pipeline.evidence.moving import Instant, Moving
from pipeline.evidence.package import MediaMember
from tests.api.public_pages import get, look_up, make_ticket, media
from tests.pipeline.evidence.builder import sealed_package

WIDTH, HEIGHT, FRAMES, RATE = 640, 360, 30, 10
BEGINS_S = -2.0
OTHER = (400.0, 100.0, 560.0, 160.0)
KNOWN_UNTIL_S = 0.0  # so long after the clip's second second nothing was noted


def own_box(at_s: float) -> tuple[float, float, float, float]:
    x = 40.0 + 60.0 * (at_s - BEGINS_S)
    return x, 220.0, x + 160.0, 300.0


def picture(at_s: float, other: str) -> Image.Image:
    """The own vehicle's plate drives to the right; a bystander's stands."""
    made = Image.new("RGB", (WIDTH, HEIGHT), (90, 90, 90))
    pen = ImageDraw.Draw(made)
    for (x1, y1, x2, y2), words in ((own_box(at_s), "H 1234 AB"), (OTHER, other)):
        pen.rectangle((x1, y1, x2, y2), fill="white")
        pen.text((x1 + 8, y1 + 10), words, fill="black", font_size=30)
    return made


def clip(other: str = "K 777 XY") -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "16", "preset": "ultrafast"}
        for number in range(FRAMES):
            frame = av.VideoFrame.from_image(picture(number / RATE + BEGINS_S, other))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


def moving() -> Moving:
    times = [round(BEGINS_S + n * 0.2, 3) for n in range(16) if BEGINS_S + n * 0.2 <= KNOWN_UNTIL_S + 1e-6]
    instants = tuple(
        # The detector misses the bystander in every third picture.
        Instant(at_s=at_s, own=own_box(at_s), others=() if number % 3 == 2 else (OTHER,))
        for number, at_s in enumerate(times)
    )
    return Moving(width_px=WIDTH, height_px=HEIGHT, clip_begins_s=BEGINS_S, instants=instants)


def members(*, told: bool = True, other: str = "K 777 XY") -> list[MediaMember]:
    found = [one for one in media() if one.role != "clip"]
    found.append(MediaMember("clip.mp4", "clip", "video/mp4", clip(other)))
    if told:
        data = moving().to_bytes()
        found.append(MediaMember("moving.json", "moving", "application/json", data, "clip.mp4", "as tracked"))
    return found


def made(media_members: list[MediaMember]) -> tuple[Manifest, list[tuple[float, Image.Image]], str]:
    manifest = sealed_package(media_members=media_members).manifest
    held = {one.name: one.data for one in media_members}
    member = next(one for one in manifest.members if one.role == "clip")
    copy = make_clip(manifest, member, held.__getitem__)
    with av.open(io.BytesIO(copy.data)) as container:
        frames = [(frame.time or 0.0, frame.to_image()) for frame in container.decode(video=0)]
    return manifest, frames, copy.recipe


def apart(one: Image.Image, other: Image.Image, box: tuple[float, float, float, float]) -> float:
    """Mean difference of brightness within a box."""
    place = tuple(round(value) for value in box)
    return ImageStat.Stat(ImageChops.difference(one.convert("L").crop(place), other.convert("L").crop(place))).mean[0]


def test_the_own_vehicle_stays_and_no_picture_shows_whose_the_other_is() -> None:
    _, frames, recipe = made(members())
    _, others, _ = made(members(other="R 12 ZZ"))
    assert len(frames) == len(others) == FRAMES
    inside = (OTHER[0] + 10, OTHER[1] + 8, OTHER[2] - 10, OTHER[3] - 8)
    plain = apart(picture(0, "K 777 XY"), picture(0, "R 12 ZZ"), inside)
    # Also in the pictures in which the detector missed it.
    assert max(apart(a, b, inside) for (_, a), (_, b) in zip(frames, others, strict=True)) < plain / 4
    known = [(time_s, frame) for time_s, frame in frames if time_s + BEGINS_S <= KNOWN_UNTIL_S]
    for time_s, frame in known:
        box = own_box(time_s + BEGINS_S)
        words = (box[0] + 6, box[1] + 6, box[2] - 6, box[3] - 30)
        assert apart(frame, picture(time_s + BEGINS_S, ""), words) < 12, f"the own plate at {time_s} s"
    assert json.loads(recipe)["moving_sha256"] == hashlib.sha256(moving().to_bytes()).hexdigest()


def test_of_what_nothing_is_known_nothing_is_shown() -> None:
    _, frames, recipe = made(members(told=False))
    first, last = frames[0], frames[-1]
    for time_s, frame in (first, last):
        box = own_box(time_s + BEGINS_S)
        assert apart(frame, picture(time_s + BEGINS_S, "K 777 XY"), (box[0], box[1], box[2], box[3])) > 20
    assert json.loads(recipe)["moving_sha256"] is None
    _, frames, _ = made(members())
    time_s, frame = frames[-1]
    assert apart(frame, picture(time_s + BEGINS_S, "K 777 XY"), own_box(time_s + BEGINS_S)) > 20


def test_who_was_seen_a_moment_ago_is_hidden_and_a_gap_hides_all() -> None:
    instants = [one.model_dump() for one in moving().instants]
    assert hidden_at(instants, -1.6), "missed there, seen 0.2 s before and after"
    assert hidden_at(instants, 0.9) is None
    assert own_at(instants, 0.9) is None
    assert own_at(instants, -1.9) == pytest.approx(own_box(-1.9))
    assert hidden_at([], 0.0) is None


def test_what_is_no_clip_is_not_shown() -> None:
    broken = [one for one in members() if one.role != "clip"]
    broken.append(MediaMember("clip.mp4", "clip", "video/mp4", b"no clip at all" * 50))
    with pytest.raises(RedactionError, match="cannot be drawn"):
        made(broken)


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b'{"width_px":640}',
        b'{"width_px":640,"height_px":360,"clip_begins_s":1e9}',
        b'{"width_px":640,"height_px":360,"clip_begins_s":0,"instants":[{"at_s":1},{"at_s":0}]}',
        b'{"width_px":640,"height_px":360,"clip_begins_s":0,"more":1}',
        b" " * 2_000_001,
    ],
)
def test_a_member_that_says_something_else_is_refused(text: bytes) -> None:
    with pytest.raises(EvidenceError):
        Moving.from_bytes(text)


def test_json_may_only_be_where_everybody_was() -> None:
    wrong = [*media(), MediaMember("more.json", "head", "application/json", b"{}", "offence.jpg", "x")]
    with pytest.raises(EvidenceError, match="JSON"):
        sealed_package(media_members=wrong)


def test_the_owner_gets_it_on_demand_and_can_check_it(
    client: TestClient, database: Database, settings: Settings, officer: User
) -> None:
    ticket = make_ticket(database, settings, officer, media_members=members())
    path = f"/t/{ticket.reference}"
    assert client.get(f"{path}/clip.mp4").status_code == 404, "not for everybody"
    assert "lookup" in get(client, f"{path}/clip").forms[0].action
    assert look_up(client, ticket.reference).status_code == 303
    assert client.get(f"{path}/clip.mp4").status_code == 404, "nobody asked for it yet"
    assert f"{path}/clip" in get(client, path).links
    page = get(client, f"{path}/clip")
    assert page.status == 200
    assert f"{path}/clip.mp4" in page.links
    whole = client.get(f"{path}/clip.mp4")
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    part = client.get(f"{path}/clip.mp4", headers={"range": "bytes=0-99"})
    assert (part.status_code, part.content) == (206, whole.content[:100])
    assert client.get(f"{path}/clip.mp4", headers={"range": "bytes=99999999-"}).status_code == 416
    proof = client.get(f"{path}/proof.json").json()
    copy = next(one for one in proof["copies"] if one["place"] == "clip")
    assert copy["address"] == f"{path}/clip.mp4"
    assert copy["sha256"] == hashlib.sha256(whole.content).hexdigest()
    assert copy["parent"] == "clip.mp4"
