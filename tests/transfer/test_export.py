"""Taking things away over HTTP, on both databases."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient

from app.config import Settings
from app.db import Database
from app.images.service import import_labels, read_labels_csv
from app.labeling.service import add_imported
from app.models import (
    AnnotationSource,
    Bakeoff,
    Classifier,
    Image,
    ImageBlob,
    Job,
    LabelClass,
    Project,
    QueueEntry,
    User,
)
from app.storage import BlobStore
from app.transfer import service
from tests.conftest import SignIn
from tests.factories import add_images, add_project, add_round, add_user


@dataclass
class Loop:
    """Six images: two answered, two accepted, one unclear, one that nobody has looked at."""

    project_id: int
    images: list[int]
    user_id: int


@pytest.fixture
def loop(database: Database) -> Loop:
    with database.write() as session:
        user = add_user(session, "engineer", "ann@lab.local")
        project = add_project(session, "eyes", members=[user.id])
        add_images(session, add_project(session, "noise"), 3)
        images = add_images(session, project, 6)
        closed, opened = project.classes
        sure, doubt = (opened, 0.9), (closed, 0.75)
        add_round(session, project, {
            images[0].id: [sure, sure], images[1].id: [sure, sure], images[2].id: [doubt, doubt],
            images[3].id: [sure, sure], images[4].id: [sure, doubt],
        })  # fmt: skip
        answer(session, project, user, images[0], opened, "seed")
        answer(session, project, user, images[1], closed, "review")
        session.add(QueueEntry(image_id=images[4].id, project_id=project.id, pile="review", rank=1.0))
        return Loop(project.id, [image.id for image in images], user.id)


def answer(session: object, project: Project, user: User, image: Image, said: LabelClass, source: str) -> None:
    row = {"project_id": project.id, "image_id": image.id, "author_id": user.id, "class_id": said.id,
           "source": source, "idempotency_key": uuid4().hex, "round_id": None}  # fmt: skip
    add_imported(session, [row])  # type: ignore[arg-type]


@pytest.fixture
def engineer(sign_in: SignIn) -> TestClient:
    return sign_in("admin")


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
    assert engineer.get(f"{base}/export").status_code == 200


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


def add_classifier(database: Database, settings: Settings, project_id: int, eer: float = 0.02) -> int:
    """A bake-off of one model, whose folder holds what the export looks at."""
    folder = settings.runs_dir / "run" / "models" / "resnet18"
    folder.mkdir(parents=True, exist_ok=True)
    weights = b"weights " * 1000
    sha256 = hashlib.sha256(weights).hexdigest()
    (folder / "model.safetensors").write_bytes(weights)
    config = {"title": "ResNet18", "classes": ["closed", "open"], "positive": 1, "input_size": 32,
              "sha256": sha256}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    with database.write() as session:
        job = Job(id=str(uuid4()), kind="bakeoff", project_id=project_id)
        session.add(job)
        session.flush()
        bakeoff = Bakeoff(project_id=project_id, job_id=job.id, number=1, class_ids=[], positive=1,
                          test_image_ids=b"", test_labels=b"")  # fmt: skip
        figures = {"eer": {"value": eer, "low": eer / 2, "high": eer * 2}}
        bakeoff.classifiers = [
            Classifier(position=0, name="resnet18", title="ResNet18", weights="scratch", parameters=11_000_000,
                       seconds=1.0, best_epoch=1, folder="run/models/resnet18", sha256=sha256,
                       metrics={"figures": figures}, scores=b"")
        ]  # fmt: skip
        session.add(bakeoff)
        session.flush()
        return bakeoff.classifiers[0].id


def test_a_classifier_leaves_with_its_config_and_a_page_on_its_use(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop
):
    number = add_classifier(database, settings, loop.project_id)
    sent = engineer.get(f"/projects/{loop.project_id}/export/models/{number}.zip")
    assert 'filename="resnet18.zip"' in sent.headers["content-disposition"]
    archive = zipfile.ZipFile(io.BytesIO(sent.content))
    assert archive.testzip() is None
    assert set(archive.namelist()) == {f"resnet18/{n}" for n in ("config.json", "model.safetensors", "README.md")}
    readme = archive.read("resnet18/README.md").decode()
    assert 'load_model("resnet18.zip")' in readme
    assert "| eer | 0.0200 | 0.0100 to 0.0400 |" in readme


def test_a_classifier_whose_files_are_gone_says_so(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop
):
    number = add_classifier(database, settings, loop.project_id)
    (settings.runs_dir / "run/models/resnet18/model.safetensors").unlink()
    sent = engineer.get(f"/projects/{loop.project_id}/export/models/{number}.zip")
    assert sent.status_code == 404
    assert "The files of ResNet18 are missing" in sent.text


def test_a_classifier_of_another_project_is_as_absent(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop
):
    number = add_classifier(database, settings, loop.project_id)
    with database.write() as session:
        other = add_project(session, "other").id
    for wanted in (number, 0, number + 999, 2**40):
        assert engineer.get(f"/projects/{other}/export/models/{wanted}.zip").status_code == 404


def test_what_is_written_during_an_export_is_not_in_it(database: Database, loop: Loop):
    with service.snapshot(database) as session:
        before = session.get_one(Project, loop.project_id).name
        with database.write() as other:
            other.get_one(Project, loop.project_id).name = "renamed"
        session.expire_all()
        assert session.get_one(Project, loop.project_id).name == before
