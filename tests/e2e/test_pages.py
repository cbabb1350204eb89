"""What every page does alike, in real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from app.db import Database
from tests import factories
from tests.e2e.screens import Server, phone, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("review-screen")]


def test_what_was_refused_is_gone_when_one_tries_again(server: Server, browser: Browser):
    database = Database(f"sqlite:///{server.data_dir / 'squint.db'}")
    with database.write() as session:
        erin, ann = factories.add_user(session, "engineer").id, factories.add_user(session).email
        project = factories.add_project(session, members=[erin]).id
    context = browser.new_context()
    sign_in(context, database, erin, server.url)
    page = context.new_page()
    page.goto(f"{server.url}/projects/{project}/settings")
    address = page.get_by_label("E-mail")
    address.fill("nobody@example.org")
    address.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("There is no account for nobody@example.org")
    address.fill(ann)
    address.press("Enter")
    expect(page.get_by_text(ann)).to_be_visible()
    expect(page.locator("#toasts")).to_be_empty()
    context.close()


def test_a_long_address_does_not_widen_a_phones_page(server: Server, browser: Browser):
    database = Database(f"sqlite:///{server.data_dir / 'squint.db'}")
    with database.write() as session:
        user = factories.add_user(session, email="a.very.long.name.indeed@department.of.eyes.example.org").id
    with phone(browser, server, database, user) as page:
        page.goto("/account")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_an_upload_without_a_picture_says_so_and_breaks_nothing(server: Server, browser: Browser):
    database = Database(f"sqlite:///{server.data_dir / 'squint.db'}")
    with database.write() as session:
        erin = factories.add_user(session, "engineer").id
        project = factories.add_project(session, members=[erin]).id
    context = browser.new_context()
    sign_in(context, database, erin, server.url)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{server.url}/projects/{project}/images")
    table = {"name": "table.csv", "mimeType": "text/csv", "buffer": b"a;b"}
    page.locator("#add input[type=file]").first.set_input_files([table])
    expect(page.locator("#upload-state")).to_contain_text("There are no pictures in it")
    context.close()
    assert faults == []
