"""A new round, or other classes, while somebody works: the screen goes on, in the new order, and says so."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from app.models import Image, LabelClass, Project, QueueEntry
from app.review.service import fill_review
from tests import factories
from tests.e2e.conftest import Desk

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("review-screen")]

WATCH = """() => {
  window.flashes = [];
  const note = () => {
    const { hidden } = document.getElementById("picture");
    const message = document.getElementById("message");
    if (hidden || !message.hidden) flashes.push(message.textContent);
  };
  new MutationObserver(note).observe(document.getElementById("screen"), { attributes: true, subtree: true });
}"""


def add_round(desk: Desk, number: int, order: list[str]) -> None:
    """Publish a round that finds these images unclear, the first of them most."""
    with desk.database.write() as session:
        project = session.get_one(Project, desk.project)
        closed, open_ = project.classes
        ids = dict(session.execute(select(Image.name, Image.id).where(Image.project_id == desk.project)).all())
        unsure = [(closed, 0.6), (open_, 0.6)]
        factories.add_round(session, project, {ids[name]: unsure for name in order}, number)
        fill_review(session, project.id, {ids[name]: float(rank) for rank, name in enumerate(order)})


def leased(desk: Desk) -> set[str]:
    held = select(Image.name).join(QueueEntry, QueueEntry.image_id == Image.id)
    mine = (Image.project_id == desk.project, QueueEntry.leased_tab.is_not(None))
    with desk.database.read() as session:
        return set(session.scalars(held.where(*mine)))


def test_a_new_rounds_order_comes_after_the_next_few_images_and_nothing_flashes(desk: Desk):
    names = [f"{number:06d}.png" for number in range(60)]
    add_round(desk, 1, names)
    desk.load(pile="review")
    expect(desk.page.locator("#pile-progress")).to_have_text("0 of 60 settled")
    desk.page.evaluate(WATCH)
    assert desk.press("12") == names[:2]
    desk.saved()
    held = leased(desk)
    assert held >= set(names[2:20])  # the others are from the label page

    add_round(desk, 2, names[:1:-1])
    assert leased(desk) == held
    with desk.page.expect_response(lambda answer: "renew" in (answer.request.post_data or "")):
        desk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    staying, fresh = names[2:9], names[:-15:-1]
    desk.page.wait_for_function("() => document.querySelector('#saved').textContent.includes('saved')")
    assert leased(desk) >= {*staying, *fresh}
    assert not leased(desk) & set(names[9:20])
    assert desk.press("12" * 10) == staying + fresh[:13]
    desk.saved()
    assert desk.page.evaluate("flashes") == []
    expect(desk.page.locator("#pile-progress")).to_have_text("22 of 60 settled")
    assert len(desk.rows()) == len(desk.labels()) == 22


def test_classes_that_changed_meanwhile_are_said_and_one_click_loads_them(desk: Desk):
    with desk.database.write() as session:
        session.execute(update(LabelClass).where(LabelClass.id == desk.open).values(name="wide open"))
    desk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(desk.page.locator("#note")).to_contain_text("The project’s classes have changed.")
    desk.page.get_by_role("link", name="Load them").click()
    expect(desk.page.locator(f"[data-class='{desk.open}']")).to_contain_text("wide open")
