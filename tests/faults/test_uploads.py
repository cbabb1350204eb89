"""Uploads whose files are broken or hostile: the faults U1 to U23, over real HTTP."""

from __future__ import annotations

import time
import unicodedata
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.faults import broken_zips
from tests.faults.conftest import BLOCKED_S, HANGS_S, Live, sqlite_only
from tests.images.samples import picture, some, zip_of


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


@sqlite_only
def test_an_upload_that_ends_meanwhile_is_no_obstacle_to_the_next(live: Live):
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
