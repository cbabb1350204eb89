from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from app.errors import BadInputError, NotFoundError
from app.images.reports import ImportCancelledError, ImportProgress
from app.models import ImageBlob, ImportBatch
from app.storage import LARGEST_IN_ROW
from tests import factories
from tests.images.conftest import Shelf, one_database
from tests.images.samples import drawn, picture, save, some

REPOSITORY = Path(__file__).resolve().parents[2]


def test_bytes_are_kept_exactly_and_every_image_waits_for_a_seed_answer(shelf: Shelf):
    files = {"a.png": picture(1), "b.jpg": picture(2, kind="JPEG"), "c.webp": picture(3, mode="RGB", kind="WEBP")}
    report = shelf.take(files, name="three")
    assert (report.taken, report.set_aside, report.received) == (3, 0, 3)
    images = shelf.by_name()
    with shelf.database.read() as session:
        kept = {blob.sha256: blob.data for blob in session.scalars(select(ImageBlob))}
    assert {name: kept[images[name].sha256] for name in files} == files
    assert all(images[name].sha256 == hashlib.sha256(data).hexdigest() for name, data in files.items())
    assert [images[name].grey for name in files] == [True, True, False]
    assert shelf.waiting() == {image.id for image in images.values()}


def test_images_come_in_the_order_of_the_upload(shelf: Shelf):
    files = some(250)
    shelf.take(files)
    assert [image.name for image in shelf.images()] == list(files)


def test_a_second_import_takes_only_what_is_new_and_keeps_its_own_record(shelf: Shelf):
    shelf.take(some(3))
    report = shelf.take(some(5), name="more")
    assert (report.taken, report.already_there, report.received) == (2, 3, 5)
    with shelf.database.read() as session:
        batch = session.get_one(ImportBatch, report.import_id)
        assert (batch.name, batch.taken, batch.already_there) == ("more", 2, 3)


@one_database
def test_a_picture_of_another_project_is_taken_again_but_its_bytes_are_kept_once(shelf: Shelf):
    shelf.take({"theirs.png": factories.png(shelf.noise * 1_000_000)})
    assert [image.name for image in shelf.images()] == ["theirs.png"]
    with shelf.database.read() as session:
        assert len(session.scalars(select(ImageBlob)).all()) == 3


@one_database
def test_a_folder_is_taken_with_its_sub_folders_and_without_links(shelf: Shelf, tmp_path: Path):
    folder = tmp_path / "pictures"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.png").write_bytes(picture(1))
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "notes.txt").write_text("no picture")
    (folder / "link.png").symlink_to("/etc/passwd")
    report = shelf.take(folder)
    assert (report.taken, report.set_aside, report.skipped) == (1, 1, 1)
    assert [image.name for image in shelf.images()] == ["deep/a.png"]


@one_database
def test_large_pictures_lie_in_the_blob_folder(shelf: Shelf):
    large = save(drawn(1, (700, 700), "RGB").effect_spread(40))
    assert len(large) > LARGEST_IN_ROW
    shelf.take({"large.png": large, "small.png": picture(1)})
    sha256 = shelf.by_name()["large.png"].sha256
    assert (shelf.settings.blobs_dir / sha256[:2] / sha256).read_bytes() == large
    with shelf.database.read() as session:
        blob = session.get_one(ImageBlob, sha256)
        assert (blob.data, blob.size) == (None, len(large))


@one_database
@pytest.mark.parametrize("source", ["nothing.zip", "empty"])
def test_a_source_that_holds_nothing_is_refused_and_leaves_no_row(shelf: Shelf, tmp_path: Path, source: str):
    (tmp_path / "empty").mkdir()
    before = shelf.rows()
    with pytest.raises(BadInputError):
        shelf.take(tmp_path / source)
    assert shelf.rows() == before


@one_database
def test_an_import_into_no_project_is_refused(shelf: Shelf):
    shelf.project = 999
    with pytest.raises(NotFoundError):
        shelf.take(some(1))


def test_class_folders_are_labels_only_when_asked(shelf: Shelf):
    files = {"root/open/a.png": picture(1), "root/closed/b.png": picture(2)}
    assert shelf.take(files).labelled == 0
    assert {image.state for image in shelf.images()} == {"new"}
    report = shelf.take(files, class_folders=True)
    assert (report.labelled, report.already_there) == (2, 2)
    assert {image.label_source for image in shelf.images()} == {"import"}
    assert shelf.waiting() == set()
    assert shelf.take(files, class_folders=True).labelled == 0


@one_database
def test_a_folder_is_a_label_only_when_it_is_written_as_the_class(shelf: Shelf):
    files = {
        "open/a.png": picture(1), "Open/b.png": picture(2), "other/c.png": picture(3), "d.png": picture(4),
        "open/both.png": picture(5), "closed/both.png": picture(5),
    }  # fmt: skip
    report = shelf.take(files, class_folders=True)
    labelled = {name: image.label_source for name, image in shelf.by_name().items()}
    assert labelled == {
        "open/a.png": "import", "Open/b.png": None, "other/c.png": None, "d.png": None, "open/both.png": None,
    }  # fmt: skip
    said = {note.file: note.reason for note in report.notes}
    assert "the class is written open" in said["Open"]
    assert "1 images without a label" in said["other"]
    assert "open/both.png says open, closed/both.png says closed" in said["open/both.png"]


@one_database
def test_class_folders_of_nobody_are_refused(shelf: Shelf):
    shelf.user = None
    with pytest.raises(BadInputError, match="author"):
        shelf.take({"open/a.png": picture(1)}, class_folders=True)


@one_database
def test_a_cancelled_import_keeps_what_it_took_and_a_second_one_completes_it(shelf: Shelf):
    progress = ImportProgress()

    def cancel_soon() -> None:
        while progress.done < 250:
            time.sleep(0.001)
        progress.cancelled = True

    threading.Thread(target=cancel_soon, daemon=True).start()
    files = some(3000)
    with pytest.raises(ImportCancelledError):
        shelf.take(files, progress=progress)
    taken = len(shelf.images())
    assert 0 < taken < 3000
    report = shelf.take(files)
    assert (report.taken, report.already_there) == (3000 - taken, taken)


def test_an_import_killed_in_the_midst_leaves_whole_rows_that_a_second_one_completes(
    shelf: Shelf, database_url: str
):
    files = some(2000)
    archive = shelf.zip(files)
    arguments = [database_url, str(shelf.settings.data_dir), str(shelf.project), str(archive)]
    process = subprocess.Popen([sys.executable, "-m", "tests.images.import_process", *arguments], cwd=REPOSITORY)
    deadline = time.monotonic() + 60
    while len(shelf.images()) < 200:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    taken = len(shelf.images())
    assert taken < 2000
    report = shelf.take(archive)
    assert (report.taken, report.already_there) == (2000 - taken, taken)
    images = shelf.by_name()
    assert {name: image.sha256 for name, image in images.items()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    assert shelf.waiting() == {image.id for image in images.values()}


@pytest.mark.eyes
@one_database
def test_the_real_eyes_are_all_taken_and_no_two_of_them_are_joined(shelf: Shelf, eyes: Path):
    report = shelf.take(eyes / "eyes4000.zip")
    assert (report.taken, report.set_aside, report.near_duplicates) == (4000, 0, 0)
    assert {(image.width, image.height, image.grey) for image in shelf.images()} == {(24, 24, True)}
    assert len({image.group_key for image in shelf.images()}) == 4000
