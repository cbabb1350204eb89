from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from app.db import Database
from app.models import LabelClass, Project
from tests.conftest import SignIn
from tests.web import add_project, parsed

HTMX = {"HX-Request": "true"}


@pytest.fixture
def erin(sign_in: SignIn) -> TestClient:
    return sign_in("engineer", "erin@lab")


@pytest.fixture
def project(database: Database, erin: TestClient) -> Project:
    add_project(database, "noise")
    return add_project(database, "eyes", (erin.user_id,))


def classes(database: Database, project: Project) -> list[LabelClass]:
    with database.read() as session:
        return list(session.get_one(Project, project.id).classes)


def facts(database: Database, project: Project) -> list[tuple[str, str, bool]]:
    return [(c.name, c.key, c.archived_at is None) for c in classes(database, project)]


def press(erin: TestClient, project: Project, action: str, **fields: str) -> str:
    """Press a button of the table; return the sentence of a refusal, or nothing."""
    rows = {name.replace("_", "-"): text for name, text in fields.items()}
    answer = erin.post(f"/projects/{project.id}/classes", data=rows | {"action": action}, headers=HTMX)
    if answer.status_code == 200:
        return ""
    assert answer.headers["HX-Retarget"] == "#toasts"
    return parsed(answer).select_one(".toast").contents[0].strip()


def add(erin: TestClient, project: Project, **form: str) -> int:
    return erin.post(f"/projects/{project.id}/classes/add", data=form, headers=HTMX).status_code


def test_a_class_is_added_with_the_next_free_key_and_colour(
    database: Database, erin: TestClient, project: Project
):
    assert add(erin, project, name="ajar") == 200
    assert add(erin, project, name="hidden", key="H") == 200
    assert facts(database, project)[2:] == [("ajar", "3", True), ("hidden", "h", True)]
    assert [c.color for c in classes(database, project)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "form",
    [
        {"name": "Open"},
        {"name": ""},
        {"name": "x" * 61},
        {"name": "ajar", "key": "2"},
        {"name": "ajar", "key": "c"},
        {"name": "ajar", "key": "ab"},
        {"name": "ajar", "color": "5"},
    ],
)
def test_a_class_that_cannot_be_is_not_added(
    database: Database, erin: TestClient, project: Project, form: dict[str, str]
):
    assert add(erin, project, **form) == 422
    assert len(facts(database, project)) == 2


def test_names_and_keys_change_together_so_that_keys_can_swap(
    database: Database, erin: TestClient, project: Project
):
    one, two = (c.id for c in project.classes)
    assert press(erin, project, "save", **{f"name_{one}": "shut", f"key_{one}": "2", f"key_{two}": "1"}) == ""
    assert facts(database, project) == [("shut", "2", True), ("open", "1", True)]


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("key", "2", "The key 2 answers with another class."),
        ("key", "m", "The review screen uses the key m itself."),
        ("key", " ", "Space means can't tell."),
        ("key", "12", "A key is one character that a keyboard has."),
        ("name", "OPEN", "There is already a class OPEN."),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(
    database: Database, erin: TestClient, project: Project, field: str, text: str, sentence: str
):
    assert press(erin, project, "save", **{f"{field}_{project.classes[0].id}": text}) == sentence
    assert facts(database, project) == [("closed", "1", True), ("open", "2", True)]


def test_another_projects_class_cannot_be_reached(database: Database, erin: TestClient, project: Project):
    with database.read() as session:
        foreign = session.query(LabelClass).filter(LabelClass.project_id != project.id).first()
    assert press(erin, project, "save", **{f"name_{foreign.id}": "mine"}) == "There is no such class."
    assert press(erin, project, f"archive-{foreign.id}") == "There is no such class."


@pytest.mark.parametrize("action", ["delete-1", "archive", "archive-x", "up-99999999999"])
def test_only_the_tables_own_buttons_are_known(erin: TestClient, project: Project, action: str):
    assert press(erin, project, action).startswith("action: ")


def test_classes_move_and_keep_their_keys(database: Database, erin: TestClient, project: Project):
    add(erin, project, name="ajar")
    closed, open_, ajar = (c.id for c in classes(database, project))
    press(erin, project, f"up-{ajar}")
    press(erin, project, f"down-{closed}")
    press(erin, project, f"up-{ajar}")
    press(erin, project, f"down-{open_}")
    assert facts(database, project) == [("ajar", "3", True), ("closed", "1", True), ("open", "2", True)]


def test_a_button_saves_what_was_typed_beside_it(database: Database, erin: TestClient, project: Project):
    one = project.classes[0].id
    press(erin, project, f"down-{one}", **{f"name_{one}": "shut"})
    assert facts(database, project) == [("open", "2", True), ("shut", "1", True)]


def test_archiving_keeps_the_class_and_frees_its_key(database: Database, erin: TestClient, project: Project):
    add(erin, project, name="ajar")
    closed = project.classes[0].id
    assert press(erin, project, f"archive-{closed}") == ""
    add(erin, project, name="hidden", key="1")
    assert ("closed", "1", False) in facts(database, project)
    assert press(erin, project, f"restore-{closed}") == ""
    assert ("closed", "4", True) in facts(database, project)


def test_two_classes_stay_and_the_positive_one(database: Database, erin: TestClient, project: Project):
    closed, open_ = (c.id for c in project.classes)
    assert press(erin, project, f"archive-{closed}").startswith("Two classes stay at least")
    add(erin, project, name="ajar")
    assert press(erin, project, f"archive-{open_}") == "open is the positive class; choose another one first."
    assert press(erin, project, f"archive-{closed}") == ""
    assert press(erin, project, f"archive-{closed}") == "The class closed is archived."


def test_an_archived_name_stays_taken(erin: TestClient, project: Project):
    add(erin, project, name="ajar")
    press(erin, project, f"archive-{project.classes[0].id}")
    assert add(erin, project, name="closed") == 422


def test_without_scripts_the_same_buttons_lead_back_to_the_page(erin: TestClient, project: Project):
    answer = erin.post(f"/projects/{project.id}/classes", data={"action": "save"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/projects/{project.id}/settings")
