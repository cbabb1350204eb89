from __future__ import annotations

import json
import re

import pytest
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient

from app.images import browsing
from app.images.words import reason_in_words
from app.models import ProjectMember
from tests import factories
from tests.conftest import SignIn
from tests.images.conftest import Shelf, one_database
from tests.images.samples import picture, some, zip_of


def page(client: TestClient, shelf: Shelf, query: str = "") -> BeautifulSoup:
    response = client.get(f"/projects/{shelf.project}/images{query}")
    assert response.status_code == 200
    return BeautifulSoup(response.text, "html.parser")


def names(soup: BeautifulSoup) -> list[str]:
    return [image["alt"] for image in soup.select(".picture img")]


def settle(shelf: Shelf, name: str, state: str, label_class: int | None, source: str | None) -> None:
    with shelf.database.write() as session:
        image = session.get_one(factories.Image, shelf.by_name()[name].id)
        project = session.get_one(factories.Project, shelf.project)
        image.state, image.label_source = state, source
        image.class_id = None if label_class is None else project.classes[label_class].id


def test_images_are_filtered_by_state_class_source_and_name(shelf: Shelf, sign_in: SignIn):
    shelf.take(some(4))
    settle(shelf, "000.png", "accepted", 0, "accepted")
    settle(shelf, "001.png", "settled", 1, "seed")
    settle(shelf, "002.png", "unclear", None, None)
    client = sign_in("admin")
    with shelf.database.read() as session:
        closed, open_ = session.get_one(factories.Project, shelf.project).classes
    assert names(page(client, shelf)) == ["000.png", "001.png", "002.png", "003.png"]
    for query, found in {
        "?state=accepted": ["000.png"],
        "?state=new": ["003.png"],
        f"?class_id={open_.id}": ["001.png"],
        f"?class_id={closed.id}&state=settled": [],
        "?source=seed": ["001.png"],
        "?q=2.PNG": ["002.png"],
        "?q=%25": [],
        "?state=unclear&q=00": ["002.png"],
    }.items():
        assert names(page(client, shelf, query)) == found, query


@one_database
@pytest.mark.parametrize(
    "query", ["?state=god", "?source=user.password_hash", "?class_id=999", "?class_id=x", "?after=-1"]
)
def test_a_filter_that_is_none_is_refused(shelf: Shelf, sign_in: SignIn, query: str):
    assert sign_in("admin").get(f"/projects/{shelf.project}/images{query}").status_code == 422


def test_pages_follow_each_other_without_gap_or_repeat(
    shelf: Shelf, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(browsing, "PAGE", 4)
    shelf.take(some(10))
    client, seen, query = sign_in("admin"), [], "?q=png"
    while query:
        soup = page(client, shelf, query)
        seen.append(names(soup))
        following = soup.select_one("a[rel=next]")
        query = "?" + following["href"].split("?")[1] if following else ""
    assert [len(part) for part in seen] == [4, 4, 2]
    assert [name for part in seen for name in part] == [f"{i:03d}.png" for i in range(10)]


@one_database
def test_an_annotator_sees_the_images_but_no_way_to_add_some(shelf: Shelf, sign_in: SignIn):
    shelf.take(some(2))
    client = sign_in("annotator")
    with shelf.database.write() as session:
        session.add(ProjectMember(project_id=shelf.project, user_id=client.user_id))
    soup = page(client, shelf)
    assert len(names(soup)) == 2
    assert soup.select("form[method=post]") == []
    sent = client.post(f"/projects/{shelf.project}/images", files={"files": ("a.png", picture(9))})
    assert sent.status_code == 403
    assert len(shelf.images()) == 2


@one_database
def test_a_stranger_sees_nothing_and_adds_nothing(shelf: Shelf, sign_in: SignIn):
    shelf.take(some(1))
    client = sign_in("engineer")
    assert client.get(f"/projects/{shelf.project}/images").status_code == 404
    sent = client.post(f"/projects/{shelf.project}/images", files={"files": ("a.png", picture(9))})
    assert sent.status_code == 404
    batch = shelf.take(some(2)).import_id
    assert client.get(f"/projects/{shelf.project}/images/imports/{batch}").status_code == 404
    assert sign_in("admin").get(f"/projects/{shelf.noise}/images/imports/{batch}").status_code == 404


@one_database
def test_what_became_of_each_file_is_said_in_the_readers_language(shelf: Shelf, sign_in: SignIn):
    client = sign_in("admin")
    client.headers["Accept-Language"] = "ru"
    files = {"closed/a.png": picture(1), "Closed/b.png": picture(2), "three/c.png": picture(3)}
    broken = {
        "cut.png": picture(4)[:60],
        "none.png": b"",
        "text.png": b"hello",
        "large.png": picture(5, (20_001, 1)),
    }
    response = client.post(
        f"/projects/{shelf.project}/images",
        files={"files": ("eyes.zip", zip_of(files | broken))},
        data={"class_folders": "true"},
        headers={"Accept": "application/x-ndjson"},
    )
    last = json.loads(response.text.splitlines()[-1])
    shown = BeautifulSoup(client.get(last["url"]).text, "html.parser").select("tbody td:last-child")
    for reasons in ([note["reason"] for note in last["report"]["notes"]], [cell.text for cell in shown]):
        assert len(reasons) >= len(broken)
        assert all(re.search("[а-я]", reason) for reason in reasons), reasons


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("1 images have a label from their folder.", "1 image has a label from its folder."),
        ("1,200 pairs look the same and stay in one group.", "1,200 pairs look the same and stay in one group."),
        ("Lies in open, but a person said closed: not changed.", None),
        ("What nobody has put into words.", None),
    ],
)
def test_a_reason_is_kept_as_it_is_in_english_but_for_its_number(said: str, shown: str | None):
    assert reason_in_words(said) == (shown or said)


def test_an_upload_tells_its_progress_line_by_line_and_ends_with_the_report(shelf: Shelf, sign_in: SignIn):
    client = sign_in("admin")
    response = client.post(
        f"/projects/{shelf.project}/images",
        files={"files": ("eyes.zip", zip_of(some(20) | {"bad.png": b"x"}))},
        headers={"Accept": "application/x-ndjson"},
    )
    *progress, last = [json.loads(line) for line in response.text.splitlines()]
    assert all(line["total"] == 21 for line in progress)
    assert (last["report"]["taken"], last["report"]["set_aside"]) == (20, 1)
    soup = BeautifulSoup(client.get(last["url"]).text, "html.parser")
    assert "bad.png" in soup.select_one("table").text
    assert [p.select_one(".figure").text for p in soup.select(".counts p")] == ["21", "20", "0", "1", "0"]


@one_database
def test_a_browser_without_script_is_sent_to_the_report(shelf: Shelf, sign_in: SignIn):
    client = sign_in("admin")
    files = [("files", (name, data)) for name, data in some(3).items()]
    response = client.post(f"/projects/{shelf.project}/images", files=files)
    assert response.status_code == 303
    assert "3</span>" in client.get(response.headers["location"]).text


@one_database
def test_a_refused_upload_is_a_page_with_one_sentence(shelf: Shelf, sign_in: SignIn):
    response = sign_in("admin").post(f"/projects/{shelf.project}/images", files={"files": ("a.zip", b"no zip")})
    assert response.status_code == 422
    assert "This is not a zip" in response.text
