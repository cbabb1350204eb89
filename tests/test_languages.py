"""Pages speak the reader's language, and no sentence is left out."""

from __future__ import annotations

import json
import subprocess
import sys
from contextvars import copy_context

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.db import Database
from app.html.templating import TEMPLATES, percent
from app.languages import COOKIE, _language, choose, counted, listed
from tests.conftest import SignIn
from tests.e2e.screens import ROOT
from tests.factories import add_images, add_project
from tests.web import on_sqlite, parsed


@pytest.mark.parametrize(
    ("wanted", "accepted", "language"),
    [
        (None, "", "en"),
        (None, "ru", "ru"),
        (None, "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        (None, "de,en;q=0.5,ru;q=0.9", "ru"),
        (None, "de-CH, fr", "en"),
        (None, "ru;q=0, en", "en"),
        (None, "ru;q=x;;,,=", "en"),
        ("ru", "en", "ru"),
        ("en", "ru", "en"),
        ("../../etc", "ru", "ru"),
    ],
)
def test_the_readers_choice_comes_before_the_browsers(wanted: str | None, accepted: str, language: str):
    assert choose(wanted, accepted) == language


@pytest.mark.parametrize(("language", "last"), [("en", "b and c"), ("ru", "b и c")])
def test_names_are_joined_by_commas_and_one_word(language: str, last: str):
    def speak() -> list[str]:
        _language.set(language)
        return [listed(names) for names in ([], ["a"], ["b", "c"], ["a", "b", "c"])]

    assert copy_context().run(speak) == ["", "a", last, f"a, {last}"]


@pytest.mark.parametrize(
    ("language", "said"), [("en", "1,234 images, 2.5 %"), ("ru", "1\u00a0234 изображения, 2,5 %")]
)
def test_numbers_are_written_as_the_language_does(language: str, said: str):
    def speak() -> str:
        _language.set(language)
        return f"{counted('%(number)s image', '%(number)s images', 1234)}, {percent(0.025)}"

    assert copy_context().run(speak) == said


def test_a_number_that_stands_in_a_template_is_written_for_each_reader_anew():
    template = TEMPLATES.env.from_string("{{ 0.6 | fixed(2) }}")

    def speak(language: str) -> str:
        _language.set(language)
        return template.render()

    assert [copy_context().run(speak, language) for language in ("ru", "en")] == ["0,60", ".60"]


def test_every_sentence_is_translated_and_the_compiled_catalogues_are_up_to_date():
    checked = subprocess.run(
        [sys.executable, "scripts/messages.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@on_sqlite
def test_a_page_speaks_the_browsers_language_until_another_is_chosen(app: FastAPI, sign_in: SignIn):
    client = sign_in("annotator")
    client.headers["Accept-Language"] = "ru-RU,ru;q=0.9"
    page = parsed(client.get("/account"))
    assert page.html is not None
    assert page.html["lang"] == "ru"
    assert "Где вы вошли" in page.get_text()

    assert client.post("/account/language", data={"language": "en"}).status_code == 303
    assert client.cookies[COOKIE] == "en"
    assert "Where you are signed in" in parsed(client.get("/account")).get_text()

    client.post("/account/language", data={"language": ""})
    assert COOKIE not in client.cookies
    assert "Где вы вошли" in parsed(client.get("/account")).get_text()


@on_sqlite
def test_the_end_of_a_pile_thanks_in_the_readers_language(database: Database, sign_in: SignIn):
    client = sign_in("admin")
    client.headers["Accept-Language"] = "ru"
    with database.write() as session:
        project = add_project(session)
        empty = f"/projects/{project.id}/label"
        full = f"/projects/{add_images(session, add_project(session), 1)[0].project_id}/label"
    assert "Новых изображений для вас нет. Спасибо." in ends(client, full)
    assert "Изображений пока нет." in ends(client, empty)


def ends(client: TestClient, path: str) -> str:
    screen = parsed(client.get(path)).select_one("#screen")
    assert screen
    return str(json.loads(str(screen["data-config"]))["words"]["end"])


@on_sqlite
def test_refusals_and_the_notes_beside_fields_speak_the_readers_language(app: FastAPI, sign_in: SignIn):
    client = sign_in("admin")
    client.headers["Accept-Language"] = "ru"
    page = {"Accept": "text/html"}
    assert "Такого проекта нет." in client.get("/projects/987654", headers=page).text
    assert "Здесь ничего нет." in client.get("/nowhere", headers=page).text
    refused = client.post("/projects", data={"name": "", "classes": "closed,open"})
    assert (refused.status_code, "Заполните это поле." in refused.text) == (422, True)


@on_sqlite
def test_an_unknown_language_is_refused(app: FastAPI, sign_in: SignIn):
    assert sign_in("annotator").post("/account/language", data={"language": "xx"}).status_code == 422
