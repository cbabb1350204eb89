"""An engineer decides where two people differ, in a real browser: what they said is shown only at a key."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from app.db import Database
from app.labeling import service as labeling
from app.models import AnnotationKind, AnnotationSource, Image, User
from app.review.service import fill_seed
from tests import factories
from tests.e2e.screens import Server, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("review-screen")]


def test_an_engineer_looks_first_then_sees_what_people_said_and_decides(server: Server, browser: Browser):
    database = Database(f"sqlite:///{server.data_dir / 'squint.db'}")
    with database.write() as session:
        ann, bob, erin = (factories.add_user(session, role).id for role in ("annotator", "annotator", "engineer"))
        project = factories.add_project(session, members=[ann, bob, erin], overlap=2)
        image, other = (row.id for row in factories.add_images(session, project, 2))
        fill_seed(session, project.id)
        closed, open_ = (c.id for c in project.classes)
        project_id = project.id
    for shown in (image, other):
        for user, says in ((ann, closed), (bob, open_)):
            with database.write() as session:
                answer = labeling.Answer(
                    shown, AnnotationKind.LABEL, says, AnnotationSource.SEED, 1.0, f"said-of-{shown}"
                )
                author = session.get_one(User, user)
                labeling.submit_annotation(session, user=author, project_id=project_id, answer=answer)
    context = browser.new_context()
    sign_in(context, database, erin, server.url)
    page = context.new_page()
    page.goto(f"{server.url}/projects/{project_id}/adjudicate")
    expect(page.locator(".answer").first).to_be_enabled()
    expect(page.locator("#opinion-list")).to_contain_text("Hidden")
    page.keyboard.press("m")
    expect(page.locator("#opinion-list")).to_have_text("Person 1closedPerson 2open")
    page.keyboard.press("2")
    expect(page.locator("#pile-progress")).to_have_text("1 of 2 decided")
    expect(page.locator("#saved")).to_have_text("● saved", timeout=25_000)
    context.close()
    with database.read() as session:
        states = session.execute(
            select(Image.state, Image.class_id, Image.label_source)
            .where(Image.project_id == project_id)
            .order_by(Image.state)
        ).all()
    database.close()
    assert [tuple(row) for row in states] == [("disputed", None, None), ("settled", open_, "adjudication")]
