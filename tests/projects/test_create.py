from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.db import Database
from app.errors import BadInputError, ConflictError
from app.models import Project, ProjectMember
from app.projects.service import create_project
from tests.conftest import SignIn
from tests.web import add_project, errors_of, on_sqlite, parsed

pytestmark = on_sqlite

FORM = {"name": "eyes", "classes": "closed, open", "seed_size": "100"}


@pytest.fixture
def erin(sign_in: SignIn) -> TestClient:
    return sign_in("engineer")


def projects(database: Database) -> list[Project]:
    with database.read() as session:
        return list(session.scalars(select(Project).order_by(Project.id)))


def test_a_form_makes_a_project_with_keys_colours_and_its_maker_as_member(database: Database, erin: TestClient):
    answer = erin.post(
        "/projects",
        data={
            "name": " Iris types ",
            "classes": "setosa, versicolor,\nvirginica",
            "positive": "setosa",
            "seed_size": "60",
            "target": "5",
            "from_scratch": "true",
            "group_pattern": r"(\d+)_",
            "example": "1_a.png",
        },
    )
    [project] = projects(database)
    assert answer.headers["Location"] == f"/projects/{project.id}"
    assert (project.name, project.recipe, project.seed_size) == ("Iris types", "squint", 60)
    assert project.target == 0.05
    assert (project.from_scratch, project.show_opinions, project.group_pattern) == (True, False, r"(\d+)_")
    assert [(c.name, c.key, c.color, c.position) for c in project.classes] == [
        ("setosa", "1", 0, 0),
        ("versicolor", "2", 1, 1),
        ("virginica", "3", 2, 2),
    ]
    assert project.positive_class.name == "setosa"
    assert erin.get(f"/projects/{project.id}").status_code == 200


@pytest.mark.parametrize(("recipe", "seed"), [("squint", 30), ("founding", 100)])
def test_a_project_begins_at_its_recipes_own_pace_unless_told_another(database: Database, recipe: str, seed: int):
    with database.write() as session:
        project = create_project(session, user=None, name="eyes", classes=["a", "b"], recipe=recipe)
        slow = create_project(session, user=None, name="slow", classes=["a", "b"], seed_size=80, round_size=40)
        assert (project.seed_size, project.round_size) == (seed, 10)
        assert (slow.seed_size, slow.round_size) == (80, 40)


def test_ten_classes_want_a_larger_seed_than_two(database: Database):
    with database.write() as session:
        digits = create_project(session, user=None, name="digits", classes=[*"0123456789"])
        assert digits.seed_size == 50


@pytest.mark.parametrize(("recipe", "seed"), [("squint", 30), ("founding", 100)])
def test_a_form_without_a_seed_takes_its_recipes(database: Database, erin: TestClient, recipe: str, seed: int):
    assert parsed(erin.get("/projects/new")).select_one("#seed_size")["value"] == ""
    erin.post("/projects", data=FORM | {"recipe": recipe, "seed_size": ""})
    assert [project.seed_size for project in projects(database)] == [seed]


def test_the_last_class_is_positive_unless_said_otherwise(database: Database, erin: TestClient):
    erin.post("/projects", data=FORM)
    assert projects(database)[0].positive_class.name == "open"
    assert [c.positive for c in projects(database)[0].classes] == [False, True]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": " "}, "Please fill this in."),
        ({"name": "x" * 81}, "Please use 80 characters at most."),
        ({"name": "a\u202eb"}, "Please leave out control characters."),
        ({"classes": "open"}, "A project has two classes or more, such as closed, open."),
        ({"classes": "open, Open"}, "The class Open is there twice."),
        ({"classes": "a," + "x" * 61}, "Please use 60 characters at most."),
        (
            {"classes": ",".join(f"c{i}" for i in range(99))},
            "A project has at most 27 classes: each needs a key.",
        ),
        ({"positive": "ajar"}, "The positive class ajar is none of the classes."),
        ({"seed_size": "3"}, "The smallest number here is 4."),
        ({"seed_size": "many"}, "Please give a whole number."),
        ({"group_pattern": "(a+)+"}, "A repeated part may hold plain characters only, no repeat and no choice."),
        ({"recipe": "other"}, "There is no recipe other; there are squint, founding."),
        ({"created_by_id": "1"}, "created_by_id: This field is not known here."),
    ],
)
def test_a_form_that_cannot_be_keeps_what_was_typed_and_makes_nothing(
    database: Database, erin: TestClient, change: dict[str, str], sentence: str
):
    answer = erin.post("/projects", data=FORM | {"seed_size": "77"} | change)
    assert answer.status_code == 422
    assert sentence in errors_of(answer)
    assert projects(database) == []
    assert parsed(answer).select_one("#seed_size")["value"] == change.get("seed_size", "77")


def test_a_taken_name_is_refused(database: Database, erin: TestClient):
    add_project(database)
    answer = erin.post("/projects", data=FORM)
    assert (answer.status_code, errors_of(answer)) == (409, ["There is already a project named eyes."])
    assert len(projects(database)) == 1


def test_the_command_line_gets_errors_instead_of_pages(database: Database):
    add_project(database)
    with database.write() as session:
        with pytest.raises(ConflictError, match="already a project named eyes"):
            create_project(session, user=None, name="eyes", classes=["a", "b"])
        with pytest.raises(BadInputError, match="no recipe magic; there are squint, founding"):
            create_project(session, user=None, name="x", classes=["a", "b"], recipe="magic")
        project = create_project(session, user=None, name="y", classes=["a", "b"])
        assert session.scalars(select(ProjectMember)).all() == []
    assert project.created_by_id is None


def test_what_is_wrong_with_the_classes_is_said_once_beside_them(erin: TestClient):
    page = parsed(erin.post("/projects", data={"name": "eyes", "classes": "closed"}))
    assert page.text.count("A project has two classes or more") == 1
    assert page.select_one("#new-classes .error")
    assert page.select_one("#classes[aria-invalid=true]")


def test_the_buttons_of_the_classes_are_shown_while_typing(erin: TestClient):
    answer = erin.get("/projects/new/classes?classes=cat,dog,cow&positive=dog")
    assert [b.get_text(" ", strip=True) for b in parsed(answer).select(".key-button")] == [
        "1 cat",
        "2 dog",
        "3 cow",
    ]
    assert parsed(answer).select_one("option[selected]").get_text() == "dog"
    assert errors_of(erin.get("/projects/new/classes?classes=cat")) == [
        "A project has two classes or more, such as closed, open."
    ]


@pytest.mark.parametrize(
    ("pattern", "example", "says"),
    [
        (r"(\d+)_", "0012_left.png", "0012_left.png belongs to group 0012."),
        (r"(\d+)_", "left.png", "The pattern finds no group in left.png; such an image is a group of its own."),
        (r"(\d+)_", "", "A usable pattern."),
        ("(", "x", "This is not a regular expression: missing ), unterminated subpattern at position 0."),
        ("", "x", "Without a pattern, only near duplicates form groups."),
    ],
)
def test_the_pattern_is_tried_while_typing(erin: TestClient, pattern: str, example: str, says: str):
    answer = erin.get("/projects/pattern", params={"group_pattern": pattern, "example": example})
    assert text(answer) == says


def text(answer: httpx.Response) -> str:
    return parsed(answer).get_text(" ", strip=True).replace(" .", ".")


def test_annotators_make_no_projects(app: FastAPI, database: Database, sign_in: SignIn):
    ann = sign_in("annotator")
    assert ann.get("/projects/new").status_code == 403
    assert ann.post("/projects", data=FORM).status_code == 403
    assert projects(database) == []
    assert "/projects/new" not in ann.get("/").text
