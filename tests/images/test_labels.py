"""Labels from a file: what is taken, and the faults F13 to F16, F20, F22 and F23."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.errors import BadInputError, TooLargeError
from app.images.label_files import import_labels
from app.images.labels import LabelReport
from app.images.labels_csv import LabelRow, read_labels_csv
from app.images.service import import_images
from app.models import Annotation, AnnotationSource, Image, Project, User
from tests import factories
from tests.conftest import SignIn
from tests.images.conftest import Shelf, one_database
from tests.images.samples import picture, some


def rows(*pairs: tuple[str, str]) -> list[LabelRow]:
    return [LabelRow(i, *pair) for i, pair in enumerate(pairs, start=2)]


def add(shelf: Shelf, *pairs: tuple[str, str], source: AnnotationSource = AnnotationSource.IMPORT) -> LabelReport:
    with shelf.database.write() as session:
        project, user = session.get_one(Project, shelf.project), session.get_one(User, shelf.user)
        return import_labels(session, project=project, user=user, rows=rows(*pairs), source=source)


def labels(shelf: Shelf) -> dict[str, tuple[str, str | None]]:
    with shelf.database.read() as session:
        titles = {c.id: c.name for c in session.get_one(Project, shelf.project).classes}
    return {i.name: (titles.get(i.class_id or 0, ""), i.label_source) for i in shelf.images()}


@pytest.mark.parametrize("source", ["seed", "review", "import"])
def test_each_row_becomes_an_answer_of_the_given_source(shelf: Shelf, source: str):
    shelf.take(some(3))
    report = add(shelf, ("000.png", "open"), ("001.png", "closed"), source=AnnotationSource(source))
    assert (report.added, report.received) == (2, 2)
    assert labels(shelf) == {"000.png": ("open", source), "001.png": ("closed", source), "002.png": ("", None)}
    assert shelf.waiting() == {shelf.by_name()["002.png"].id}
    with shelf.database.read() as session:
        answers = session.scalars(select(Annotation)).all()
        assert [(a.author_id, a.source, a.kind) for a in answers] == [(shelf.user, source, "label")] * 2


@one_database
def test_answers_to_unclear_images_keep_what_the_labelers_had_said(shelf: Shelf):
    shelf.take(some(2))
    with shelf.database.write() as session:
        project = session.get_one(Project, shelf.project)
        closed, open_ = project.classes
        ids = [image.id for image in shelf.images()]
        factories.add_round(session, project, {i: [(closed, 0.7), (open_, 0.6)] for i in ids})
    add(shelf, ("000.png", "open"), source=AnnotationSource.REVIEW)
    with shelf.database.read() as session:
        answer = session.scalars(select(Annotation)).one()
        assert answer.round_id is not None
        assert [said["labeler"] for said in answer.opinions] == ["ResNet50", "YOLOv8n"]


@one_database
def test_a_file_name_finds_its_image_with_or_without_its_folders(shelf: Shelf):
    shelf.take({"eyes/a/x.png": picture(1), "eyes/b/x.png": picture(2), "eyes/a/y.png": picture(3)})
    report = add(shelf, ("a/x.png", "open"), ("eyes/b/x.png", "closed"), ("y.png", "open"))
    assert (report.added, report.refused) == (3, [])


@one_database
def test_f13_to_f16_rows_that_are_not_clear_are_listed_and_never_guessed_at(shelf: Shelf):
    shelf.take({"a/x.png": picture(1), "b/x.png": picture(2), "y.png": picture(3)})
    report = add(
        shelf, ("nobody.png", "open"), ("x.png", "open"), ("y.png", "half"), ("y.png", "Open"), ("y.png", " open")
    )
    assert report.added == 0
    assert [(row.row, row.reason) for row in report.refused] == [
        (2, "There is no image of this name."),
        (3, "2 images have this name; write it with its folders."),
        (4, "There is no class half."),
        (5, "There is no class Open; the class here is written open."),
        (6, "There is no class  open; the class here is written open."),
    ]
    assert {source for _, source in labels(shelf).values()} == {None}


@one_database
def test_names_of_another_project_are_unknown_here(shelf: Shelf):
    shelf.take({"mine.png": picture(1)})
    assert [row.reason for row in add(shelf, ("000000.png", "open")).refused] == [
        "There is no image of this name."
    ]


@one_database
def test_f20_rows_that_disagree_about_an_image_add_nothing(shelf: Shelf):
    shelf.take(some(2))
    report = add(shelf, ("000.png", "open"), ("001.png", "open"), ("000.png", "closed"), ("001.png", "open"))
    assert (report.added, report.unchanged, len(report.refused)) == (1, 1, 2)
    assert "row 2 says open, row 4 says closed" in report.refused[0].reason


def test_f22_what_people_have_said_stays_and_conflicts_are_listed(shelf: Shelf):
    shelf.take(some(3))
    add(shelf, ("000.png", "open"), ("001.png", "closed"), source=AnnotationSource.SEED)
    before = shelf.rows()
    report = add(shelf, ("000.png", "closed"), ("001.png", "closed"))
    assert (report.added, report.unchanged) == (0, 1)
    conflict = report.conflicts[0]
    assert (conflict.row, conflict.filename, conflict.says, conflict.has) == (2, "000.png", "closed", "open")
    assert shelf.rows() == before
    assert labels(shelf)["000.png"] == ("open", "seed")


@one_database
def test_a_person_who_could_not_tell_is_not_overruled(shelf: Shelf):
    shelf.take(some(1))
    with shelf.database.write() as session:
        session.get_one(Image, shelf.images()[0].id).state = "set_aside"
    assert add(shelf, ("000.png", "open")).conflicts[0].has == "can’t tell"


@one_database
def test_a_second_import_of_the_same_labels_adds_nothing(shelf: Shelf):
    shelf.take(some(2))
    pairs = [("000.png", "open"), ("001.png", "closed")]
    add(shelf, *pairs)
    report = add(shelf, *pairs)
    assert (report.added, report.unchanged) == (0, 2)


HEADER = b"filename,label\n"
READ = {
    "plain": HEADER + b"a.png,open\n",
    "byte-order mark": b"\xef\xbb\xbf" + HEADER + b"a.png,open\n",
    "CRLF": b"filename,label\r\na.png,open\r\n",
    "no last line end": HEADER + b"a.png,open",
    "other columns, other order": b"who,label,filename\nme,open,a.png\n",
    "empty lines": HEADER + b"\n,\na.png,open\n\n",
    "rows nobody has filled in": HEADER + b"b.png,\na.png,open\n",
    "quotes": HEADER + b'"a.png","open"\n',
}


@pytest.mark.parametrize("data", READ.values(), ids=READ.keys())
def test_f23_what_is_clear_is_read(data: bytes):
    assert [(row.filename, row.label) for row in read_labels_csv(data)] == [("a.png", "open")]


def test_f23_a_quoted_cell_may_hold_commas_and_line_ends():
    data = HEADER + b'"two\nlines, one name.png",open\nb.png,closed\n'
    assert [(row.row, row.filename) for row in read_labels_csv(data)] == [
        (2, "two\nlines, one name.png"), (3, "b.png"),
    ]  # fmt: skip


REFUSED = {
    "no header": (b"a.png,open\n", "Row 1: the header filename,label is missing"),
    "semicolons": (b"filename;label\na.png;open\n", "Row 1: the cells are separated by semicolons"),
    "tabs": (b"filename\tlabel\na.png\topen\n", "Row 1: the cells are separated by tabs"),
    "latin-1": (HEADER + b"a.png,open\n" + "ä.png,open\n".encode("latin-1"), "Row 3: this is not UTF-8"),
    "UTF-16": ("filename,label\na.png,open\n".encode("utf-16"), "Row 1: this is not UTF-8"),
    "short row": (HEADER + b"a.png,open\nb.png\n", "Row 3: a cell is missing"),
    "no file name": (HEADER + b",open\n", "Row 2: the file name is empty"),
    "10 MB cell": (HEADER + b"x" * 10_000_000 + b",open\n", "a cell is longer than"),
    "long cell": (HEADER + b"x" * 50_000 + b",open\n", "Row 2: a cell is longer than"),
    "open quote": (HEADER + b'a.png,open\n"b.png,open\n', "After row 2: the quotes do not close"),
    "NUL": (HEADER + b"a.png,open\n\0\n", "Row 3: this is not a text file"),
    "nothing": (b"", "the header filename,label is missing"),
    "only a header": (HEADER, "no row below the header"),
}


@pytest.mark.parametrize(("data", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_f23_what_is_not_clear_is_refused_with_its_row(data: bytes, says: str):
    with pytest.raises(BadInputError) as refusal:
        read_labels_csv(data)
    assert says in str(refusal.value)


def test_a_labels_file_over_the_limit_is_not_read():
    with pytest.raises(TooLargeError):
        read_labels_csv(b"x" * 101, limit=100)


@pytest.mark.eyes
@one_database
def test_four_thousand_labels_go_in_while_a_person_waits(shelf: Shelf, eyes: Path):
    import_images(
        shelf.database, shelf.settings, project_id=shelf.project, user_id=None, source=eyes / "eyes4000.zip"
    )
    began = time.process_time()
    answers = [(row.filename, row.label) for row in read_labels_csv((eyes / "annotator_a.csv").read_bytes())]
    report = add(shelf, *answers)
    assert report.added == 4000
    assert time.process_time() - began < 3


def upload(client: TestClient, shelf: Shelf, data: bytes, **fields: str):
    return client.post(
        f"/projects/{shelf.project}/images/labels", files={"labels": ("labels.csv", data)}, data=fields
    )


def test_the_page_takes_a_file_and_lists_what_adds_nothing(shelf: Shelf, sign_in: SignIn):
    shelf.take(some(2))
    data = HEADER + b"000.png,open\n<b>.png,open\n"
    client = sign_in("admin")
    response = upload(client, shelf, data, source="seed")
    assert response.status_code == 200
    assert "1 added" in response.text
    assert "Row 3" in response.text
    assert "<b>.png" not in response.text
    assert labels(shelf)["000.png"] == ("open", "seed")
    report = client.post(
        f"/projects/{shelf.project}/images/labels",
        files={"labels": ("labels.csv", data)},
        headers={"Accept": "application/json"},
    ).json()
    assert (report["added"], report["unchanged"], report["received"]) == (0, 1, 2)


@one_database
@pytest.mark.parametrize(
    ("data", "source", "says"),
    [(HEADER + b"000.png\n", "seed", "Row 2"), (HEADER + b"000.png,open\n", "god", "source")],
)
def test_a_bad_file_or_source_is_refused_and_changes_nothing(
    shelf: Shelf, sign_in: SignIn, data: bytes, source: str, says: str
):
    shelf.take(some(1))
    client = sign_in("admin")
    before = shelf.rows()
    response = upload(client, shelf, data, source=source)
    assert response.status_code == 422
    assert says in response.text
    assert shelf.rows() == before


@one_database
def test_an_annotator_may_not_import(shelf: Shelf, sign_in: SignIn):
    shelf.take(some(1))
    client = sign_in("annotator")
    assert upload(client, shelf, HEADER + b"000.png,open\n").status_code == 404
    with shelf.database.write() as session:
        session.add(factories.ProjectMember(project_id=shelf.project, user_id=client.user_id))
    assert upload(client, shelf, HEADER + b"000.png,open\n").status_code == 403
    assert labels(shelf)["000.png"] == ("", None)


def test_csv_is_read_back_as_python_writes_it():
    stream = io.StringIO()
    names = ['quote".png', "comma,.png", "two\nlines.png", "=1+1.png", "🙂.png"]
    csv.writer(stream).writerows([("filename", "label"), *((name, "open") for name in names)])
    assert [row.filename for row in read_labels_csv(stream.getvalue().encode())] == names
