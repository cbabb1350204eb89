from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from fastapi.testclient import TestClient

from app.db import Database
from app.jobs.queue import submit
from app.models import (
    Annotation,
    Bakeoff,
    Classifier,
    Image,
    ImageBlob,
    ImageState,
    ImportBatch,
    Job,
    Labeler,
    Project,
    Round,
)
from tests.conftest import SignIn
from tests.web import add_project, parsed


@pytest.fixture
def erin(sign_in: SignIn) -> TestClient:
    return sign_in("engineer", "erin@lab")


@pytest.fixture
def project(database: Database, erin: TestClient) -> Project:
    other = add_project(database, "noise", (erin.user_id,))
    add_images(database, other, 7, ImageState.UNCLEAR)
    return add_project(database, "eyes", (erin.user_id,))


def add_images(
    database: Database, project: Project, number: int, state: str, source: str | None = None
) -> list[int]:
    names = [uuid4().hex * 2 for _ in range(number)]
    class_id = project.classes[0].id if source else None
    with database.write() as session:
        session.add_all(ImageBlob(sha256=name, data=b"", size=0) for name in names)
        session.flush()
        images = [
            Image(
                project_id=project.id,
                sha256=name,
                name=f"{name[:6]}.png",
                width=24,
                height=24,
                grey=True,
                difference_hash="0" * 16,
                group_key=name,
                state=state,
                class_id=class_id,
                label_source=source,
            )
            for name in names
        ]
        session.add_all(images)
        session.flush()
        return [image.id for image in images]


def add_round(database: Database, project: Project) -> None:
    with database.write() as session:
        session.add(Job(id="label-1", kind="label", project_id=project.id))
        session.flush()
        report = {"classes": ["closed", "open"], "cross_table": [[1748, 214], [259, 1679]]}
        added = Round(project_id=project.id, job_id="label-1", number=1, recipe="founding", report=report)
        session.add(added)
        session.flush()
        session.add_all(
            Labeler(
                round_id=added.id,
                position=i,
                name=title,
                title=title,
                weights="scratch",
                parameters=1,
                seconds=1,
                folder="x",
                sha256="x",
            )
            for i, title in enumerate(["ResNet50", "YOLOv8n"])
        )


def add_bakeoff(database: Database, project: Project) -> None:
    with database.write() as session:
        session.add(Job(id="bakeoff-1", kind="bakeoff", project_id=project.id))
        session.flush()
        added = Bakeoff(
            project_id=project.id,
            job_id="bakeoff-1",
            number=1,
            class_ids=[],
            positive=0,
            test_image_ids=b"",
            test_labels=b"",
        )
        session.add(added)
        session.flush()
        session.add_all(
            Classifier(
                bakeoff_id=added.id,
                position=i,
                name=n,
                title=n,
                weights="scratch",
                parameters=1,
                seconds=1,
                best_epoch=1,
                folder="x",
                sha256="x",
                scores=b"",
            )
            for i, n in enumerate("abc")
        )


def funnel(answer: httpx.Response) -> dict[str, str]:
    stages = parsed(answer).select(".stage")
    return {next(stage.div.stripped_strings): stage.b.get_text() for stage in stages}


def next_thing(answer: httpx.Response) -> tuple[str, str]:
    panel = parsed(answer).select_one(".panel.next")
    button = panel.select_one("a, form")
    return panel.h2.get_text(), (button.get("href") or button.get("action")) if button else ""


def test_a_new_project_asks_for_images(erin: TestClient, project: Project):
    page = erin.get(f"/projects/{project.id}")
    assert next_thing(page) == ("Import images", f"/projects/{project.id}/images")
    assert set(funnel(page).values()) == {"0"}


def test_the_funnel_counts_this_projects_images(database: Database, erin: TestClient, project: Project):
    seeded = add_images(database, project, 8, ImageState.SETTLED, "seed")
    add_images(database, project, 2, ImageState.SETTLED, "import")
    add_images(database, project, 30, ImageState.ACCEPTED, "accepted")
    add_images(database, project, 5, ImageState.UNCLEAR)
    add_images(database, project, 3, ImageState.SETTLED, "review")
    add_images(database, project, 1, ImageState.SET_ASIDE)
    add_round(database, project)
    add_bakeoff(database, project)
    kinds, sources = ["label"] * 6 + ["undo", "label"], ["seed"] * 7 + ["import"]
    with database.write() as session:
        session.add(ImportBatch(project_id=project.id, name="eyes.zip", taken=49, set_aside=2))
        session.add_all(
            Annotation(
                project_id=project.id,
                image_id=i,
                author_id=erin.user_id,
                kind=kind,
                source=source,
                class_id=project.classes[0].id,
                seconds=1.5,
                idempotency_key=uuid4().hex,
            )
            for i, kind, source in zip(seeded, kinds, sources, strict=True)
        )
    page = erin.get(f"/projects/{project.id}")
    assert funnel(page) == {
        "Images": "49",
        "Seed": "10",
        "Accepted": "30",
        "Unclear": "5",
        "Settled": "3",
        "Audit": "0",
        "Classifiers": "3",
    }
    assert next_thing(page) == ("Settle 5 unclear images", f"/projects/{project.id}/review")
    assert "2 could not be taken" in page.text
    assert "1 nobody can tell" in page.text
    assert parsed(page).select_one(".figure").get_text() == "6", "an undo or an imported label is no answer"


def test_the_cross_table_shows_where_the_two_labelers_part(
    database: Database, erin: TestClient, project: Project
):
    add_images(database, project, 5, ImageState.UNCLEAR)
    add_round(database, project)
    cells = [row.get_text("|", strip=True) for row in parsed(erin.get(f"/projects/{project.id}")).select("tr")]
    assert cells == [
        "YOLOv8n closed|YOLOv8n open",
        "ResNet50 closed|1,748|214",
        "ResNet50 open|259|1,679",
    ]


@pytest.fixture
def running(database: Database, project: Project) -> Iterator[None]:
    add_images(database, project, 12, ImageState.NEW)
    with database.write() as session:
        submit(session, "label", project.id, {}, None)
    return


def test_a_running_job_is_watched_on_the_page(erin: TestClient, project: Project, running: None):
    page = erin.get(f"/projects/{project.id}")
    assert next_thing(page)[0] == "The labelers are at work"
    assert f"/projects/{project.id}/jobs/strip" in page.text


def test_an_unchanged_page_is_not_sent_again(database: Database, erin: TestClient, project: Project):
    base = f"/projects/{project.id}"
    asks = parsed(erin.get(base)).select_one("#standing")["hx-get"]
    assert erin.get(asks).status_code == 204
    add_images(database, project, 5, ImageState.NEW)
    changed = erin.get(asks)
    assert changed.status_code == 200
    assert funnel(changed)["Images"] == "5"
    assert erin.get(parsed(changed).select_one("#standing")["hx-get"]).status_code == 204


def test_an_annotator_sees_only_what_they_may_do(database: Database, project: Project, sign_in: SignIn):
    ann = sign_in("annotator")
    assert ann.get(f"/projects/{project.id}").status_code == 404
    with database.write() as session:
        from app.models import ProjectMember

        session.add(ProjectMember(project_id=project.id, user_id=ann.user_id))
    page = ann.get(f"/projects/{project.id}")
    assert next_thing(page) == ("Nothing for you to do now", "")
    links = {a["href"] for a in parsed(page).select("nav a")}
    assert not {f"/projects/{project.id}/{part}" for part in ("settings", "jobs", "export")} & links
    add_images(database, project, 5, ImageState.NEW)
    assert next_thing(ann.get(f"/projects/{project.id}")) == ("Label 5 images", f"/projects/{project.id}/label")


def test_the_list_shows_ones_own_projects_with_their_counts(
    database: Database, erin: TestClient, project: Project, sign_in: SignIn
):
    add_project(database, "foreign")
    add_images(database, project, 30, ImageState.ACCEPTED, "accepted")
    add_images(database, project, 10, ImageState.UNCLEAR)
    cards = {
        card.h2.get_text(strip=True): card.get_text(" ", strip=True)
        for card in parsed(erin.get("/")).select(".card")
    }
    assert list(cards) == ["eyes", "noise"]
    assert "30 of 40 labelled 10 unclear" in cards["eyes"]
    assert "0 of 7 labelled 7 unclear" in cards["noise"]
    assert len(parsed(sign_in("admin").get("/")).select(".card")) == 3


@pytest.mark.parametrize(
    ("role", "says"),
    [("engineer", "squint demo"), ("admin", "/projects/new"), ("annotator", "as soon as somebody adds you")],
)
def test_without_a_project_the_list_says_what_to_do(sign_in: SignIn, role: str, says: str):
    assert says in sign_in(role).get("/").text
