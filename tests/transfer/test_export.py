"""Taking things away over HTTP, on both databases."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile

import pytest
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient

from app.config import Settings
from app.db import Database
from app.images.service import import_labels, read_labels_csv
from app.models import AnnotationSource, Image, ImageBlob, Project, User
from app.storage import BlobStore
from app.transfer import service
from tests.conftest import SignIn
from tests.factories import add_project
from tests.transfer.conftest import Loop


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_table_says_of_every_image_where_its_label_comes_from(engineer: TestClient, loop: Loop):
    answered = engineer.get(f"/projects/{loop.project_id}/export/labels.csv")
    assert answered.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="eyes-labels.csv"' in answered.headers["content-disposition"]
    rows = table(answered.text)
    assert [(r["label"], r["state"], r["source"], r["who"]) for r in rows] == [
        ("open", "settled", "seed", "ann@lab.local"),
        ("closed", "settled", "review", "ann@lab.local"),
        ("closed", "accepted", "accepted", "ResNet50 + YOLOv8n"),
        ("open", "accepted", "accepted", "ResNet50 + YOLOv8n"),
        ("", "unclear", "", ""),
        ("", "new", "", ""),
    ]
    assert [bool(r["when"]) for r in rows] == [True, True, True, True, False, False]
    assert (rows[4]["resnet50_class"], rows[4]["yolov8n_class"]) == ("open", "closed")
    assert (rows[2]["resnet50_confidence"], rows[2]["resnet50_score"]) == ("0.750000", "0.250000")
    assert rows[5]["resnet50_class"] == ""


def test_its_own_table_changes_nothing(database: Database, loop: Loop):
    before = exported(database, loop.project_id)
    with database.write() as session:
        report = import_labels(
            session, project=session.get_one(Project, loop.project_id), user=session.get_one(User, loop.user_id),
            rows=read_labels_csv(before.encode()), source=AnnotationSource.IMPORT,
        )  # fmt: skip
    assert (report.received, report.unchanged, report.added) == (4, 4, 0)
    assert exported(database, loop.project_id) == before


def exported(database: Database, project_id: int) -> str:
    out = io.StringIO(newline="")
    service.write_labels_csv(database, project_id, out)
    return out.getvalue()


def test_the_unclear_images_come_as_a_list_to_fill_in(engineer: TestClient, loop: Loop):
    rows = table(engineer.get(f"/projects/{loop.project_id}/unclear.csv").text)
    assert [(r["filename"], r["label"], r["resnet50_class"]) for r in rows] == [("000004.png", "", "open")]


@pytest.mark.parametrize(("folders", "names"), [("class", ["open", "closed"]), ("number", ["1", "0"])])
def test_as_many_images_leave_as_have_a_label_each_byte_for_byte(
    engineer: TestClient, database: Database, loop: Loop, folders: str, names: list[str]
):
    sent = engineer.get(f"/projects/{loop.project_id}/export/folders.zip?folders={folders}")
    archive = zipfile.ZipFile(io.BytesIO(sent.content))
    opened, closed = names
    assert archive.namelist() == [
        f"{opened}/000000.png", f"{closed}/000001.png", f"{closed}/000002.png", f"{opened}/000003.png",
    ]  # fmt: skip
    with database.read() as session:
        shas = [session.get_one(Image, image_id).sha256 for image_id in loop.images[:4]]
    assert [hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()] == shas


def test_images_of_one_name_do_not_overwrite_each_other(engineer: TestClient, database: Database, loop: Loop):
    with database.write() as session:
        for image_id in loop.images:
            session.get_one(Image, image_id).name = f"{image_id}/眼 \n.png"
    sent = engineer.get(f"/projects/{loop.project_id}/export/folders.zip")
    names = zipfile.ZipFile(io.BytesIO(sent.content)).namelist()
    assert len(set(names)) == 4
    assert all("\n" not in name and "眼" in name for name in names)


def test_a_large_image_comes_from_the_blob_folder_and_one_that_is_gone_is_named(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop
):
    with database.write() as session:
        blob = session.get_one(ImageBlob, session.get_one(Image, loop.images[0]).sha256)
        data, blob.data = blob.data, None
        sha256 = blob.sha256
    gone = engineer.get(f"/projects/{loop.project_id}/export/folders.zip")
    assert gone.status_code == 404
    assert "000000.png" in gone.text
    assert data is not None
    BlobStore(settings.blobs_dir).put(sha256, data)
    sent = engineer.get(f"/projects/{loop.project_id}/export/folders.zip")
    assert zipfile.ZipFile(io.BytesIO(sent.content)).read("open/000000.png") == data


def test_an_empty_project_gives_valid_empty_files(engineer: TestClient, database: Database):
    with database.write() as session:
        project_id = add_project(session, "empty").id
    base = f"/projects/{project_id}"
    assert table(engineer.get(f"{base}/export/labels.csv").text) == []
    assert table(engineer.get(f"{base}/unclear.csv").text) == []
    assert zipfile.ZipFile(io.BytesIO(engineer.get(f"{base}/export/folders.zip").content)).namelist() == []
    page = BeautifulSoup(engineer.get(f"{base}/export").text, "html.parser").main
    assert page
    assert "There are no images yet." in page.text
    assert page.select("[download], button") == [], "nothing is offered where there is nothing"


def test_a_project_name_cannot_break_out_of_the_header(engineer: TestClient, database: Database):
    with database.write() as session:
        project_id = add_project(session, '../../x"\r\nSet-Cookie: a=b').id
    header = engineer.get(f"/projects/{project_id}/export/labels.csv").headers["content-disposition"]
    assert "/" not in header
    assert header.count('"') == 2


def test_the_page_counts_what_there_is(engineer: TestClient, loop: Loop):
    page = BeautifulSoup(engineer.get(f"/projects/{loop.project_id}/export").text, "html.parser")
    cells = [[td.get_text(strip=True) for td in tr("td")] for tr in page.select("aside tbody tr")]
    assert cells == [["closed", "1", "1", "2"], ["open", "1", "1", "2"], ["no label", "", "", "2"]]


@pytest.mark.parametrize("path", ["export", "export/labels.csv", "export/folders.zip", "unclear.csv"])
def test_annotators_and_strangers_take_nothing_away(sign_in: SignIn, database: Database, loop: Loop, path: str):
    assert sign_in("engineer").get(f"/projects/{loop.project_id}/{path}").status_code == 404
    assert sign_in("annotator").get(f"/projects/{loop.project_id}/{path}").status_code == 404


def test_what_is_written_during_an_export_is_not_in_it(database: Database, loop: Loop):
    with service.snapshot(database) as session:
        before = session.get_one(Project, loop.project_id).name
        with database.write() as other:
            other.get_one(Project, loop.project_id).name = "renamed"
        session.expire_all()
        assert session.get_one(Project, loop.project_id).name == before
