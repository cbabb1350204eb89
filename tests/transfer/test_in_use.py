"""One model ships: chosen on the results page, marked there, and taken wherever no other is named."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.cli import main
from app.config import Settings
from app.db import Database
from app.models import ChosenModel, Job, Project, ProjectMember
from app.results.queries import results_json
from app.transfer.service import choose_classifier
from tests.conftest import SignIn
from tests.transfer.conftest import Loop, add_bakeoff
from tests.web import on_sqlite, parsed


def taken(engineer: TestClient, project_id: int, classifier_id: int, threshold: str = "0.7") -> str:
    """Press the results page's button; return where it leads."""
    answer = engineer.post(
        f"/projects/{project_id}/export/choice",
        data={"classifier": classifier_id, "threshold": threshold, "back": "results"},
    )
    assert answer.status_code == 303
    return answer.headers["Location"]


def test_the_results_page_takes_a_model_into_use_and_marks_it(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop
):
    first, second = add_bakeoff(database, settings, loop.project_id, loop.images, "resnet18", "resnet50")
    before = parsed(engineer.get(f"/projects/{loop.project_id}/results?model={second}&threshold=0.7"))
    assert before.select(".standings .badge") == []
    form = before.select_one("#use form")
    given = {field["name"]: field["value"] for field in form.select("input")}  # type: ignore[union-attr]
    assert given == {"classifier": str(second), "back": "results", "threshold": "0.7"}
    assert form["action"] == f"/projects/{loop.project_id}/export/choice"  # type: ignore[index]

    page = parsed(engineer.get(taken(engineer, loop.project_id, second)))
    marked = [row["data-row"] for row in page.select(".standings tbody tr") if row.select(".badge")]
    assert marked == [str(second)]
    assert page.select_one("#use form")["data-from"] == "0.7"  # type: ignore[index]
    assert page.select_one("#use form").has_attr("hidden")  # type: ignore[union-attr]
    other = parsed(engineer.get(f"/projects/{loop.project_id}/results?model={first}"))
    assert "Use this one" in other.select_one("#use form button").get_text()  # type: ignore[union-attr]


@on_sqlite
def test_what_is_in_use_leaves_the_project_unless_another_is_named(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop
):
    first, second = add_bakeoff(database, settings, loop.project_id, loop.images, "resnet18", "resnet50")
    with database.read() as session:
        project = session.get_one(Project, loop.project_id)
        assert choose_classifier(session, project).id == first
    taken(engineer, loop.project_id, second)
    with database.read() as session:
        project = session.get_one(Project, loop.project_id)
        assert choose_classifier(session, project).id == second
        assert choose_classifier(session, project, "resnet18").id == first
        assert results_json(session, project)["in_use"] == {"model": "resnet50", "bakeoff": 1, "threshold": 0.7}
    base = f"/projects/{loop.project_id}/export/models"
    assert "The project uses it with 0.7" in engineer.get(f"{base}/{second}/card.md").text
    assert "The project uses it" not in engineer.get(f"{base}/{first}/card.md").text


@on_sqlite
def test_a_newer_bake_off_changes_nothing_about_what_is_in_use(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop
):
    (old,) = add_bakeoff(database, settings, loop.project_id, loop.images, "resnet50")
    taken(engineer, loop.project_id, old)
    (new,) = add_bakeoff(database, settings, loop.project_id, loop.images, "resnet18", number=2)
    results = parsed(engineer.get(f"/projects/{loop.project_id}/results"))
    assert f"?bakeoff=1&model={old}" in [link["href"] for link in results.select("header ~ p a")]
    assert results.select(".standings .badge") == []
    rows = parsed(engineer.get(f"/projects/{loop.project_id}/export")).select("table.models tbody tr")
    assert [row.has_attr("aria-current") for row in rows] == [False, True]
    assert "bake-off 1" in rows[1].get_text()
    with database.read() as session:
        assert choose_classifier(session, session.get_one(Project, loop.project_id)).id == old
    assert new != old


@on_sqlite
def test_a_shell_takes_a_model_into_use_by_its_name(
    database: Database, settings: Settings, loop: Loop, classifier_id: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SQUINT_DATABASE_URL", settings.db_url)
    data = ["--data-dir", str(settings.data_dir)]
    assert main(["use", "eyes", "resnet18", "--threshold", "0.8", *data]) == 0
    with database.read() as session:
        chosen = session.get_one(ChosenModel, loop.project_id)
        assert (chosen.classifier_id, chosen.threshold) == (classifier_id, 0.8)
        assert session.scalars(select(Job.kind).where(Job.kind == "export")).all() == ["export"]
    assert main(["use", "eyes", "resnet19", *data]) == 1


@on_sqlite
def test_an_annotator_sees_what_is_in_use_and_changes_nothing(
    sign_in: SignIn, engineer: TestClient, database: Database, settings: Settings, loop: Loop
):
    (only,) = add_bakeoff(database, settings, loop.project_id, loop.images, "resnet50")
    address = taken(engineer, loop.project_id, only)
    annotator = sign_in("annotator")
    with database.write() as session:
        session.add(ProjectMember(project_id=loop.project_id, user_id=annotator.user_id))  # type: ignore[attr-defined]
    page = parsed(annotator.get(address))
    assert page.select_one("#use .badge")
    assert page.select("#use form") == []
