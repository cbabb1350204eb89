"""Uploads that are broken, hostile or cut off: the faults U1 to U29, over real HTTP."""

from __future__ import annotations

import shutil
import socket
import time
import unicodedata
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from app.db import REQUESTS_AT_ONCE
from app.images import receiving
from app.images.limits import UPLOAD
from tests.faults import broken_zips
from tests.faults.conftest import Live, sqlite_only
from tests.images.samples import picture, some, zip_of

HANGS_S, BLOCKED_S = 20.0, 2.0
"""Only a hang or a blocked event loop takes so long, on the busiest machine; figures are for benchmarks."""


@dataclass(frozen=True)
class Refused:
    """An upload that is refused as a whole, with a sentence."""

    id: str
    data: Callable[[], bytes]
    says: str
    status: int = 422
    limits: dict[str, Any] = field(default_factory=dict)


REFUSED = [
    Refused("U1 empty file", lambda: b"", "The file is empty"),
    Refused("U2 text named zip", lambda: b"hello, I am no zip", "not a zip"),
    Refused("U3 cut in half", lambda: (d := zip_of(some(8)))[: len(d) // 2], "cut off"),
    Refused("U4 no pictures", lambda: zip_of({"notes.txt": b"x", "b.csv": b"y"}), "no pictures"),
    Refused("U4 no entries", lambda: zip_of({}), "no pictures"),
    Refused("U5 encrypted", broken_zips.encrypted, "encrypted"),
    Refused("U6 bzip2", lambda: zip_of(some(2), compression=zipfile.ZIP_BZIP2), "plain zip"),
    Refused("U6 LZMA", lambda: zip_of(some(2), compression=zipfile.ZIP_LZMA), "plain zip"),
    Refused("U6 Deflate64", lambda: broken_zips.method(9), "plain zip"),
    Refused("U7 bomb", broken_zips.bomb, "zip bomb", 413),
    Refused("U9 overlapping", broken_zips.overlapping, "zip bomb", 413),
    Refused("U10 entries", lambda: zip_of(some(60)), "limit is 50", 413, {"entries": 50}),
    Refused("U10 unpacked", lambda: zip_of(some(60)), "more than", 413, {"unpacked_bytes": 10_000}),
]


@sqlite_only
@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_a_refused_upload_says_why_in_one_sentence_and_changes_nothing(live: Live, case: Refused):
    live.limit(**case.limits)
    data, before = case.data(), live.state()
    began = time.monotonic()
    response = live.upload(("eyes.zip", data))
    assert time.monotonic() - began < HANGS_S
    assert response.status_code == case.status
    assert case.says in response.json()["error"]
    page = live.upload(("eyes.zip", data), html=True)
    assert page.status_code == case.status
    assert case.says in page.text
    assert "Traceback" not in page.text
    live.wait_until_clean()
    assert live.state() == before


class Taken(NamedTuple):
    """A zip of which some files go in."""

    id: str
    data: Callable[[], bytes]
    taken: int
    aside: int = 0
    says: str = ""
    already: int = 0
    skipped: int = 0


COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "käse.png") for form in ("NFC", "NFD"))
DEBRIS = ("__MACOSX/._a.png", "__MACOSX/x/._b.png", ".DS_Store", "d/Thumbs.db", "d/._c.png", "a.png")
ODD_NAMES = (
    "\u202egnp.exe.png", "😀.png", "two\nlines.png", "-rf.png", "=1+1.png", "<script>alert(1)</script>.png",
    "{{7*7}}.png", "'; drop table image; --.png",
)  # fmt: skip

TAKEN = [
    Taken("U8 nested zip", lambda: zip_of({"in.zip": zip_of(some(1)), **some(1)}), 1, 1, "not opened"),
    Taken("U11 size too small", lambda: broken_zips.lying_size(9), 2, 1, "Damaged"),
    Taken("U11 size too large", lambda: broken_zips.lying_size(90_000), 2, 1, "Damaged"),
    Taken("U12 traversal", lambda: broken_zips.named("../../x.png", "/abs.png", r"C:\x.png", r"a\..\b.png"), 4),
    Taken("U13 link", broken_zips.with_link, 1, 1, "link"),
    Taken("U14 devices", broken_zips.with_devices, 1, 3, "device or pipe"),
    Taken("U15 one name twice", lambda: broken_zips.named("a.png", "a.png"), 2),
    Taken("U16 case", lambda: broken_zips.named("a.PNG", "a.png"), 2),
    Taken("U17 accents", lambda: broken_zips.named(COMPOSED, DECOMPOSED), 2),
    Taken("U18 long names", lambda: broken_zips.named("n" * 300 + ".png", "d/" * 4000 + "é" * 900 + ".png"), 2),
    Taken("U19 odd names", lambda: broken_zips.named(*ODD_NAMES), 8),
    Taken("U19 Shift-JIS", broken_zips.shift_jis, 1),
    Taken("U19 NUL", broken_zips.with_nul, 1),
    Taken("U20 debris", lambda: broken_zips.named(*DEBRIS), 1, skipped=5),
    Taken("U21 extra root", lambda: zip_of({f"eyes/{n}": d for n, d in some(3).items()}), 3),
    Taken("U22 same image twice", lambda: zip_of({"a.png": picture(1), "b/c.png": picture(1)}), 1, already=1),
]


ON_DATABASES = [
    pytest.param(database, case, id=f"{case.id} {database}")
    for case in TAKEN
    for database in ("sqlite", "postgres")
    if database == "sqlite" or case.id[:3] in {"U15", "U16", "U17", "U18", "U19", "U22"}
]
"""Names reach the database; what else is wrong with a zip does not."""


@pytest.mark.parametrize(("database_url", "case"), ON_DATABASES, indirect=["database_url"])
def test_of_a_strange_zip_the_good_pictures_go_in_and_the_others_are_listed(
    live: Live, case: Taken, tmp_path: Path
):
    report = live.upload(("eyes.zip", case.data())).json()
    counts = {key: report[key] for key in ("taken", "set_aside", "already_there", "skipped", "received")}
    assert counts == {
        "taken": case.taken, "set_aside": case.aside, "already_there": case.already, "skipped": case.skipped,
        "received": case.taken + case.aside + case.already,
    }  # fmt: skip
    set_aside = [note for note in report["notes"] if note["outcome"] == "set_aside"]
    assert len(set_aside) == case.aside
    assert all(case.says in note["reason"] for note in set_aside)
    images = live.images()
    assert len({image.id for image in images}) == case.taken
    assert all(".." not in image.name.split("/") and not image.name.startswith("/") for image in images)
    for image in images:
        assert live.client.get(f"{live.address}/{image.id}.png").status_code == 200
    page = live.client.get(live.address, headers={"Accept": "text/html"}).text
    assert "<script>alert" not in page
    assert "49.png" not in page
    live.wait_until_clean()
    assert {path.name for path in tmp_path.iterdir()} <= {"data", "squint.db", "squint.db-wal", "squint.db-shm"}


def test_u23_a_whole_zip_sent_twice_is_one_import(live: Live):
    data = zip_of(some(5))
    first = live.upload(("eyes.zip", data)).json()
    second = live.upload(("eyes.zip", data)).json()
    assert (second["taken"], second["already_there"]) == (0, 5)
    assert second["import_id"] == first["import_id"]
    assert len(live.imports()) == 1
    assert len(live.images()) == 5


def test_u23_a_double_click_doubles_nothing(live: Live):
    data = zip_of(some(30))
    with ThreadPoolExecutor(4) as threads:
        reports = [r.json() for r in threads.map(lambda _: live.upload(("eyes.zip", data)), range(4))]
    assert sum(report["taken"] for report in reports) == 30
    assert all(report["received"] == 30 for report in reports)
    assert len(live.images()) == 30


def raw_request(live: Live, body: bytes, *headers: str) -> socket.socket:
    """Send a request whose headers lie, and leave the connection open."""
    connection = socket.create_connection(("127.0.0.1", live.port), timeout=10)
    lines = [
        f"POST {live.address} HTTP/1.1", "Host: testserver", f"Cookie: {live.client.headers['Cookie']}",
        "Sec-Fetch-Site: same-origin", "Content-Type: multipart/form-data; boundary=xyz", *headers,
    ]  # fmt: skip
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
    return connection


def form(data: bytes, field_headers: str = "") -> bytes:
    head = f'--xyz\r\nContent-Disposition: form-data; name="files"; filename="a.zip"\r\n{field_headers}\r\n'
    return head.encode() + data + b"\r\n--xyz--\r\n"


@sqlite_only
@pytest.mark.parametrize(
    "headers",
    [("Content-Length: 4000000",), ("Transfer-Encoding: chunked",)],
    ids=["U24 U25 Content-Length", "U25 chunked without end"],
)
def test_a_client_that_goes_away_leaves_nothing_behind(live: Live, headers: tuple[str]):
    before = live.state()
    body = form(zip_of(some(8)) + bytes(2_000_000))[:2_000_000]
    if "chunked" in headers[0]:
        body = f"{len(body):x}\r\n".encode() + body
    connection = raw_request(live, body, *headers)
    deadline = time.monotonic() + 5
    while not list(live.settings.uploads_dir.glob("*/*")):
        assert time.monotonic() < deadline, "nothing was received"
        time.sleep(0.01)
    connection.close()
    live.wait_until_clean()
    assert live.state() == before


@sqlite_only
def test_u25_a_form_without_its_end_is_refused(live: Live):
    body = form(zip_of(some(2)))[:-12]
    before = live.state()
    with raw_request(live, body, f"Content-Length: {len(body)}") as connection:
        assert b" 422 " in connection.recv(4000)
    live.wait_until_clean()
    assert live.state() == before


@sqlite_only
def test_u26_a_body_over_the_cap_is_cut_off_and_its_file_is_gone(live: Live, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(receiving, "FORM_OVERHEAD", 0)
    live.limit(upload_bytes=3_000_000)
    before = live.state()

    def endless():
        yield form(b"")[:-10]
        for _ in range(40):
            yield bytes(1_000_000)

    headers = {"Content-Type": "multipart/form-data; boundary=xyz"}
    try:
        response = live.client.post(live.address, content=endless(), headers=headers)
        assert response.status_code == 413
        assert "3 MB" in response.json()["error"]
    except httpx.WriteError:
        pass  # the server hung up on us in the midst, as it may
    live.wait_until_clean()
    assert live.state() == before


@sqlite_only
def test_u26_an_announced_body_over_the_cap_is_refused_before_it_is_sent(live: Live):
    with raw_request(live, b"", "Content-Length: 3000000000") as connection:
        assert b" 413 " in connection.recv(4000)


@sqlite_only
@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({f"field{i}": "x" for i in range(1000)}, "more than 20 fields"),
        ({"note": "x" * 10_000_000}, "longer than"),
    ],
    ids=["U27 1,000 fields", "U27 10 MB of text"],
)
def test_a_form_of_many_or_huge_fields_is_refused(live: Live, fields: dict[str, str], says: str):
    before = live.state()
    response = live.upload(("eyes.zip", zip_of(some(1))), **fields)
    assert response.status_code == 422
    assert says in response.json()["error"]
    live.wait_until_clean()
    assert live.state() == before
    assert max(live.blocked) < BLOCKED_S


@sqlite_only
@pytest.mark.parametrize(
    ("boundary", "part_header"),
    [("x" * 20_000, ""), ("xyz", "X-Long: " + "x" * 200_000 + "\r\n")],
    ids=["U28 boundary", "U28 part header"],
)
def test_an_endless_boundary_or_part_header_is_refused_fast(live: Live, boundary: str, part_header: str):
    before = live.state()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    body = form(zip_of(some(1)), part_header)
    began = time.monotonic()
    response = live.client.post(live.address, content=body, headers=headers)
    assert response.status_code == 422
    assert time.monotonic() - began < HANGS_S
    live.wait_until_clean()
    assert live.state() == before
    assert max(live.blocked) < BLOCKED_S


@sqlite_only
def test_u28_a_boundary_of_200_kb_never_reaches_the_app(live: Live):
    with raw_request(live, b"", "X-More: " + "x" * 200_000) as connection:
        assert connection.recv(4000).startswith(b"HTTP/1.1 4")


@sqlite_only
def test_u29_without_room_on_the_disk_the_body_is_not_even_read(live: Live, monkeypatch: pytest.MonkeyPatch):
    usage = shutil.disk_usage("/")._replace(free=2_000_000_000)
    monkeypatch.setattr(receiving.shutil, "disk_usage", lambda _path: usage)
    live.limit()
    before = live.state()
    with raw_request(live, b"", "Content-Length: 1500000000") as connection:
        assert b" 507 " in connection.recv(4000)
    live.app.state.limits = UPLOAD
    refused = live.upload(("eyes.zip", zip_of(some(1))))
    assert refused.status_code == 507
    assert "nearly full" in refused.json()["error"]
    assert live.state() == before


@sqlite_only
def test_uploads_that_take_long_keep_nobody_from_the_app(live: Live):
    """Each would hold one of the places of those who are served at once, for as long as its sender takes."""
    begun = form(zip_of(some(8)) + bytes(2_000_000))[:2_000_000]
    slow = [raw_request(live, begun, "Content-Length: 4000000") for _ in range(REQUESTS_AT_ONCE)]
    deadline = time.monotonic() + 30
    while len(list(live.settings.uploads_dir.glob("*/*"))) < len(slow):
        assert time.monotonic() < deadline, "not all are being received"
        time.sleep(0.01)
    assert live.client.get(live.address, timeout=HANGS_S).status_code == 200
    for connection in slow:
        connection.close()
    live.wait_until_clean()


@sqlite_only
def test_an_upload_that_ends_meanwhile_is_no_obstacle_to_the_next(live: Live, monkeypatch: pytest.MonkeyPatch):
    live.settings.uploads_dir.mkdir(parents=True)
    (live.settings.uploads_dir / "gone").symlink_to("nowhere")
    assert live.upload(("eyes.zip", zip_of(some(1)))).json()["taken"] == 1


@sqlite_only
def test_the_event_loop_is_not_held_up_by_an_import(live: Live):
    pictures = {f"{i}.png": picture(i, (64, 64), "RGB") for i in range(400)}
    data = zip_of(pictures)
    live.blocked.clear()
    assert live.upload(("eyes.zip", data)).json()["taken"] == 400
    assert max(live.blocked) < BLOCKED_S
