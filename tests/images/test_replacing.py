"""F22, the other half: a file that is to have the last word has it, and gives it back."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.errors import NotFoundError
from app.images.label_files import import_labels
from app.images.labels import LabelReport
from app.images.labels_csv import LabelRow
from app.jobs.queue import find_active
from app.labelers.service import go_on_after_file
from app.labeling.service import take_back_upload
from app.models import Annotation, AnnotationSource, Image, Project, Recipe, User
from tests.conftest import SignIn
from tests.images.conftest import Shelf, one_database
from tests.images.samples import some
from tests.web import parsed


def add(shelf: Shelf, labels: dict[str, str], *, replace: bool = False) -> LabelReport:
    with shelf.database.write() as session:
        project, user = session.get_one(Project, shelf.project), session.get_one(User, shelf.user)
        rows = [LabelRow(place, name, label) for place, (name, label) in enumerate(labels.items(), start=2)]
        source = AnnotationSource.REVIEW
        return import_labels(session, project=project, user=user, rows=rows, source=source, replace=replace)


def take_back(shelf: Shelf, upload: str) -> int:
    with shelf.database.write() as session:
        user = session.get_one(User, shelf.user)
        return take_back_upload(session, user=user, project_id=shelf.project, upload=upload)


def labels(shelf: Shelf) -> dict[str, str]:
    with shelf.database.read() as session:
        titles = {c.id: c.name for c in session.get_one(Project, shelf.project).classes}
    return {image.name: titles.get(image.class_id or 0, image.state) for image in shelf.images()}


def count_answers(shelf: Shelf) -> int:
    with shelf.database.read() as session:
        return session.scalar(select(func.count(Annotation.id))) or 0


def test_f22_replacing_is_explicit_adds_rows_only_and_is_taken_back_whole(shelf: Shelf):
    shelf.take(some(4))
    add(shelf, {"000.png": "open", "001.png": "closed"})
    said = {"000.png": "closed", "001.png": "closed", "002.png": "open"}
    report = add(shelf, said, replace=True)
    assert (report.added, report.unchanged, report.received, report.changed) == (1, 1, 3, 2)
    assert [(c.filename, c.says, c.has) for c in report.replaced] == [("000.png", "closed", "open")]
    assert report.conflicts == []
    assert labels(shelf) == {"000.png": "closed", "001.png": "closed", "002.png": "open", "003.png": "new"}
    assert count_answers(shelf) == 4

    assert take_back(shelf, report.upload) == 2
    assert labels(shelf) == {"000.png": "open", "001.png": "closed", "002.png": "new", "003.png": "new"}
    assert count_answers(shelf) == 6
    names = shelf.by_name()
    assert shelf.waiting() == {names["002.png"].id, names["003.png"].id}
    with pytest.raises(NotFoundError, match="taken back already"):
        take_back(shelf, report.upload)


@one_database
def test_the_file_has_the_last_word_over_several_people_and_over_who_cannot_tell(shelf: Shelf):
    shelf.take(some(2))
    with shelf.database.write() as session:
        for image in session.query(Image).where(Image.project_id == shelf.project):
            image.wanted = 3
    add(shelf, {"000.png": "open"})
    with shelf.database.write() as session:
        session.get_one(Image, shelf.by_name()["001.png"].id).state = "set_aside"
    report = add(shelf, {"001.png": "open"}, replace=True)
    assert [c.has for c in report.replaced] == ["can’t tell"]
    assert labels(shelf)["001.png"] == "open"


@pytest.mark.parametrize("recipe", [Recipe.SQUINT, Recipe.FOUNDING])
@one_database
def test_answers_from_a_file_begin_a_round_as_the_browsers_do(shelf: Shelf, recipe: Recipe):
    shelf.take(some(12))
    with shelf.database.write() as session:
        project = session.get_one(Project, shelf.project)
        project.recipe, project.seed_size = recipe, 10
    for count in (9, 12):
        add(shelf, {f"{i:03}.png": ("closed", "open")[i % 2] for i in range(count)})
        with shelf.database.write() as session:
            go_on_after_file(session, shelf.project)
            begun = find_active(session, "label", shelf.project) is not None
        assert begun == (recipe == Recipe.SQUINT and count == 12)


def send(client: TestClient, shelf: Shelf, label: str, **fields: str):
    data = f"filename,label\n000.png,{label}\n".encode()
    address = f"/projects/{shelf.project}/images/labels"
    return client.post(address, files={"labels": ("labels.csv", data)}, data=fields)


@one_database
def test_the_page_replaces_only_when_it_is_ticked_and_offers_the_way_back(shelf: Shelf, sign_in: SignIn):
    shelf.take(some(1))
    client = sign_in("admin")
    send(client, shelf, "open")
    assert "1 in conflict" in send(client, shelf, "closed").text
    assert labels(shelf)["000.png"] == "open"
    page = parsed(send(client, shelf, "closed", replace="true"))
    assert "1 replaced" in page.get_text()
    assert labels(shelf)["000.png"] == "closed"
    assert "1 taken back" in client.post(page.select_one("form[action$=undo]")["action"]).text
    assert labels(shelf)["000.png"] == "open"
