"""A person before the grid of a project of their own: 100 images are rather open, 20 accepted as closed."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import BrowserContext, Locator, Page, expect
from sqlalchemy import select

from app.db import Database
from app.models import Annotation, Image, Project
from app.review.service import fill_review
from tests import factories
from tests.e2e.screens import Server

TILES = 40
UNSEEN_MS = 450
"""A little longer than the screen takes a second press for a part of the first one."""


@dataclass
class GridDesk:
    """The grid on screen, and the database behind it."""

    server: Server
    database: Database
    context: BrowserContext
    user: int
    project: int
    classes: list[int]
    images: list[int]
    page: Page

    def load(self, query: str = "", page: Page | None = None) -> Page:
        page = page or self.page
        page.goto(f"{self.server.url}/projects/{self.project}/grid{query}")
        self.ready(page)
        return page

    def ready(self, page: Page | None = None) -> None:
        expect((page or self.page).locator("#confirm")).to_be_enabled()

    def tile(self, number: int) -> Locator:
        return self.page.locator(".cell").nth(number)

    def shown(self, page: Page | None = None) -> list[int]:
        cells = (page or self.page).locator(".cell")
        return [int(i) for i in cells.evaluate_all("cells => cells.map((cell) => cell.dataset.id)")]

    def confirm(self, page: Page | None = None) -> list[int]:
        """Press Enter on a page that has been looked at; return the tiles that were on it."""
        page = page or self.page
        self.ready(page)
        shown, presses = self.shown(page), 0
        while self.shown(page) == shown:  # a busy machine may paint it late: then nobody has looked at it yet
            assert presses < 20, "Enter confirms nothing"
            page.wait_for_timeout(UNSEEN_MS)
            page.keyboard.press("Enter")
            presses += 1
        expect(page.get_by_text("Looking for the next tiles")).to_be_hidden()
        return shown

    def saved(self, page: Page | None = None) -> None:
        expect((page or self.page).locator("#saved")).to_have_text("● saved", timeout=25_000)

    def rows(self) -> list[Annotation]:
        with self.database.read() as session:
            mine = select(Annotation).where(Annotation.project_id == self.project).order_by(Annotation.id)
            return list(session.scalars(mine))

    def labels(self) -> dict[int, int | None]:
        """Return the labels that people gave, as the database holds them now."""
        with self.database.read() as session:
            query = select(Image.id, Image.class_id).where(
                Image.project_id == self.project, Image.state == "settled"
            )
            return {row.id: row.class_id for row in session.execute(query)}


def make_project(database: Database, classes: tuple[str, ...]) -> tuple[int, int, list[int], list[int]]:
    """Return user, project, classes and images."""
    with database.write() as session:
        user = factories.add_user(session)
        project = factories.add_project(session, classes=classes, members=[user.id])
        images = [image.id for image in factories.add_images(session, project, 120, side=24)]
    publish(database, project.id, images, unclear=100)
    return user.id, project.id, [c.id for c in project.classes], images


def publish(database: Database, project_id: int, images: list[int], unclear: int, number: int = 1) -> None:
    """Add a round that finds the first images unclear and rather open, the others surely closed."""
    with database.write() as session:
        project = session.get_one(Project, project_id)
        closed, opened = project.classes[:2]
        says = {
            image: [(opened, 0.5 + i / 1000), (closed, 0.4)] if i < unclear else [(closed, 0.9)] * 2
            for i, image in enumerate(images)
        }
        factories.add_round(session, project, says, number)
        fill_review(session, project.id, {image: float(i) for i, image in enumerate(images[:unclear])})
