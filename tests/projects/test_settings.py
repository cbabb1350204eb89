from __future__ import annotations

import io

import pytest
from fastapi.testclient import TestClient
from PIL import Image as Pictures

from app.db import Database
from app.images.children import ChildDiedError
from app.labeling.service import Answer, submit_annotation
from app.models import AnnotationKind, AnnotationSource, Image, ImageBlob, Project, ProjectMember, User
from app.projects import settings_routes
from tests.conftest import SignIn
from tests.factories import add_images, add_round
from tests.web import add_person, add_project, errors_of, on_sqlite, parsed

pytestmark = on_sqlite


@pytest.fixture
def erin(sign_in: SignIn) -> TestClient:
    return sign_in("engineer", "erin@lab")


@pytest.fixture
def project(database: Database, erin: TestClient) -> Project:
    add_project(database, "noise")
    return add_project(database, "eyes", (erin.user_id,))


def stored(database: Database, project: Project) -> Project:
    with database.read() as session:
        return session.get_one(Project, project.id)


def form(project: Project, **changes: str) -> dict[str, str]:
    values = {"name": project.name, "positive_id": str(project.classes[1].id), "seed_size": "100"}
    return {**values, "group_pattern": "", "example": "", **changes}


def test_settings_are_saved(database: Database, erin: TestClient, project: Project):
    closed = project.classes[0]
    answer = erin.post(
        f"/projects/{project.id}/settings",
        data=form(project, name="Eyes 2", positive_id=str(closed.id), seed_size="50", show_opinions="true"),
    )
    assert answer.headers["Location"] == f"/projects/{project.id}/settings?saved=yes"
    saved = stored(database, project)
    assert (saved.name, saved.seed_size, saved.show_opinions, saved.from_scratch) == ("Eyes 2", 50, True, False)
    assert [c.positive for c in saved.classes] == [True, False]
    page = erin.get(answer.headers["Location"])
    assert "Saved." in page.text
    assert parsed(page).select_one("#show_opinions").has_attr("checked")


def test_how_many_may_be_wrong_is_the_projects_own(database: Database, erin: TestClient, project: Project):
    assert stored(database, project).target == 0.02
    assert erin.post(f"/projects/{project.id}/settings", data=form(project, target="0,5")).status_code == 303
    assert stored(database, project).target == 0.005
    assert parsed(erin.get(f"/projects/{project.id}/settings")).select_one("#target")["value"] == "0.5"


def test_once_the_project_says_so_answers_given_before_stand_for_near_duplicates(
    database: Database, erin: TestClient, project: Project
):
    with database.write() as session:
        here = session.get_one(Project, project.id)
        answered, copy = add_images(session, here, 2, side=32)
        blob = session.get_one(ImageBlob, copy.sha256)
        stream = io.BytesIO()
        Pictures.open(io.BytesIO(session.get_one(ImageBlob, answered.sha256).data)).save(stream, "BMP")
        blob.data, copy.difference_hash = stream.getvalue(), answered.difference_hash
        closed = here.classes[0]
        add_round(session, here, {image.id: [(here.classes[1], 0.9)] * 2 for image in (answered, copy)})
        answer = Answer(
            answered.id, AnnotationKind.LABEL, closed.id, AnnotationSource.REVIEW, 1.0, "a-key-of-mine"
        )
        author = session.get_one(User, erin.user_id)
        submit_annotation(session, user=author, project_id=here.id, answer=answer)
        copy_id, closed_id = copy.id, closed.id
    erin.post(f"/projects/{project.id}/settings", data=form(project))
    with database.read() as session:
        assert session.get_one(Image, copy_id).label_source == "accepted"
    erin.post(f"/projects/{project.id}/settings", data=form(project, settle_twins="true"))
    with database.read() as session:
        image = session.get_one(Image, copy_id)
        assert (image.state, image.class_id, image.label_source) == ("accepted", closed_id, "twin")
    assert parsed(erin.get(f"/projects/{project.id}/settings")).select_one("#settle_twins").has_attr("checked")
    assert "1 as a near duplicate was answered" in erin.get(f"/projects/{project.id}").text


@pytest.mark.parametrize("why", [TimeoutError(), ChildDiedError()])
def test_where_the_groups_cannot_be_found_the_rest_is_saved_and_saving_again_tries_again(
    database: Database, erin: TestClient, project: Project, monkeypatch: pytest.MonkeyPatch, why: Exception
):
    def fails(*_: object, **__: object) -> None:
        raise why

    with monkeypatch.context() as patch:
        patch.setattr(settings_routes, "update_groups", fails)
        data = form(project, name="Renamed", group_pattern=r"(\w)_")
        answer = erin.post(f"/projects/{project.id}/settings", data=data)
    assert answer.status_code == 422
    said = "The groups could not be found: they and the pattern are as before. The rest is saved."
    assert errors_of(answer) == [said]
    saved = stored(database, project)
    assert (saved.name, saved.group_pattern) == ("Renamed", project.group_pattern)
    assert erin.post(f"/projects/{project.id}/settings", data=data).status_code == 303
    assert stored(database, project).group_pattern == r"(\w)_"


def test_several_people_are_asked_for_once_there_are_several(
    database: Database, erin: TestClient, project: Project, sign_in: SignIn
):
    wishes = {"overlap": "2", "overlap_share": "12,5", "repeat_share": "2"}
    refused = erin.post(f"/projects/{project.id}/settings", data=form(project, **wishes))
    assert refused.status_code == 422
    assert errors_of(refused) == [
        "2 people cannot answer each image: there is 1 member. Please add people first."
    ]
    with database.write() as session:
        session.add(ProjectMember(project_id=project.id, user_id=sign_in("annotator").user_id))
    assert erin.post(f"/projects/{project.id}/settings", data=form(project, **wishes)).status_code == 303
    saved = stored(database, project)
    assert (saved.overlap, saved.overlap_share, saved.repeat_share) == (2, 0.125, 0.02)
    shown = parsed(erin.get(f"/projects/{project.id}/settings"))
    assert [shown.select_one(f"#{name}")["value"] for name in wishes] == ["2", "12.5", "2"]


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"overlap": "0"}, 422, "The smallest number here is 1."),
        ({"overlap": "99"}, 422, "The largest number here is 9."),
        ({"overlap_share": "101"}, 422, "Between 0 and 100 percent, please."),
        ({"repeat_share": "some"}, 422, "Please give a number."),
        ({"target": "0"}, 422, "Between 0.1 and 20 percent, please."),
        ({"target": "nan"}, 422, "Between 0.1 and 20 percent, please."),
        ({"target": "few"}, 422, "Please give a number."),
        ({"round_size": "4"}, 422, "The smallest number here is 5."),
        ({"repeat_share": "nan"}, 422, "Between 0 and 20 percent, please."),
        ({"name": "noise"}, 409, "There is already a project named noise."),
        ({"positive_id": "999"}, 404, "There is no such class."),
        (
            {"group_pattern": r"(a)(b)"},
            422,
            "Put one pair of brackets around the part that names the group, as in (\\d+)_left.",
        ),
        ({"owner_id": "1"}, 422, "owner_id: This field is not known here."),
    ],
)
def test_what_cannot_be_saved_changes_nothing_and_stays_on_screen(
    database: Database, erin: TestClient, project: Project, changes: dict[str, str], status: int, sentence: str
):
    answer = erin.post(f"/projects/{project.id}/settings", data=form(project, seed_size="55") | changes)
    assert answer.status_code == status
    assert sentence in errors_of(answer)
    assert parsed(answer).select_one("#seed_size")["value"] == "55"
    assert (stored(database, project).name, stored(database, project).seed_size) == ("eyes", 30)


def test_members_are_added_by_address_and_removed(
    database: Database, erin: TestClient, project: Project, sign_in: SignIn
):
    ann = sign_in("annotator", "ann@lab")
    assert ann.get(f"/projects/{project.id}").status_code == 404
    erin.post(f"/projects/{project.id}/members", data={"email": " Ann@Lab"})
    assert ann.get(f"/projects/{project.id}").status_code == 200
    erin.post(f"/projects/{project.id}/members/{ann.user_id}/remove")
    assert ann.get(f"/projects/{project.id}").status_code == 404


@pytest.mark.parametrize("email", ["nobody@lab", "gone@lab", "no address", ""])
def test_only_people_with_an_account_can_be_added(
    database: Database, erin: TestClient, project: Project, email: str
):
    from app.users.service import set_disabled

    gone = add_person(database, "gone@lab")
    with database.write() as session:
        set_disabled(session, gone.id, disabled=True)
    answer = erin.post(f"/projects/{project.id}/members", data={"email": email}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#toasts")
    with database.read() as session:
        assert session.query(ProjectMember).filter_by(project_id=project.id).count() == 1


def test_adding_somebody_twice_adds_them_once(database: Database, erin: TestClient, project: Project):
    for _ in range(2):
        answer = erin.post(
            f"/projects/{project.id}/members", data={"email": "erin@lab"}, headers={"HX-Request": "true"}
        )
    names = [li.span.contents[0].strip() for li in parsed(answer).select("#members li")]
    assert names == ["erin@lab"]


def test_images_are_sent_back_to_people(database: Database, erin: TestClient, project: Project):
    with database.write() as session:
        here = session.get_one(Project, project.id)
        for image in add_images(session, here, 3):
            image.state, image.label_source = "set_aside", "cant_tell"
    here = f"/projects/{project.id}"
    page = parsed(erin.get(f"{here}/settings"))
    assert [option.text for option in page.select("#what option")] == ["answered can’t tell: 3"]
    answer = erin.post(f"{here}/send-back", data={"what": "cant-tell"})
    assert answer.headers["Location"] == f"{here}/settings?sent=3"
    assert "3 images wait in the review pile." in erin.get(answer.headers["Location"]).text
    assert erin.post(f"{here}/send-back", data={"what": "everything"}).status_code == 422
