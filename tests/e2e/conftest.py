"""A person before the annotator's screen: real Chromium, a real server that can be killed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select, update

from app.db import Database
from app.models import Annotation, Image, QueueEntry
from app.review.service import fill_seed
from tests import factories
from tests.e2e.grid_desk import GridDesk, make_project
from tests.e2e.screens import Server, chromium, sign_in


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One a module: while Playwright runs, its thread can run no other event loop, nor a second Playwright."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Server]:
    data_dir = tmp_path_factory.mktemp("data")
    shutil.copy(sqlite_template, data_dir / "squint.db")
    server = Server(data_dir)
    server.start()
    yield server
    server.kill()


@dataclass
class Desk:
    """A person before the label screen of a project of their own."""

    server: Server
    database: Database
    context: BrowserContext
    user: int
    project: int
    closed: int
    open: int
    page: Page

    def load(self, page: Page | None = None, pile: str = "label") -> Page:
        page = page or self.page
        page.goto(f"{self.server.url}/projects/{self.project}/{pile}")
        self.ready(page)
        return page

    def ready(self, page: Page | None = None) -> None:
        expect((page or self.page).locator(".answer").first).to_be_enabled()

    def press(self, keys: str, page: Page | None = None) -> list[str]:
        """Press one key after another, each when its image is there; return the images that were answered."""
        page = page or self.page
        shown = []
        for key in keys:
            shown.append(self.name(page))
            page.keyboard.press("Space" if key == " " else key)
        return shown

    def name(self, page: Page | None = None) -> str:
        """Return which image is on screen, when it is there."""
        page = page or self.page
        self.ready(page)
        return page.locator("#caption").inner_text().split(" ")[0]

    def saved(self, page: Page | None = None) -> None:
        expect((page or self.page).locator("#saved")).to_have_text("● saved", timeout=25_000)

    def to_review(self) -> None:
        """Let all that waits for the seed wait for review instead."""
        with self.database.write() as session:
            waits = QueueEntry.project_id == self.project
            session.execute(update(QueueEntry).where(waits).values(pile="review"))

    def labels(self) -> dict[str, int | None]:
        """Return the labels that the database holds now, by image name."""
        with self.database.read() as session:
            rows = session.execute(
                select(Image.name, Image.class_id).where(
                    Image.project_id == self.project, Image.state.in_(["settled", "set_aside"])
                )
            )
            return {row.name: row.class_id for row in rows}

    def rows(self) -> list[Annotation]:
        with self.database.read() as session:
            mine = select(Annotation).where(Annotation.project_id == self.project).order_by(Annotation.id)
            return list(session.scalars(mine))

    def said(self, keys: str) -> list[int | None]:
        return [{"1": self.closed, "2": self.open, " ": None}[key] for key in keys]


@pytest.fixture
def desk(browser: Browser, server: Server) -> Iterator[Desk]:
    database = Database(f"sqlite:///{server.data_dir / 'squint.db'}")
    with database.write() as session:
        user = factories.add_user(session)
        noise = factories.add_project(session)
        factories.add_images(session, noise, 5)
        project = factories.add_project(session, members=[user.id], seed_size=40)
        factories.add_images(session, project, 60)
        fill_seed(session, noise.id)
        fill_seed(session, project.id)
        closed, open_ = (c.id for c in project.classes)
    context = browser.new_context()
    sign_in(context, database, user.id, server.url)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    desk = Desk(server, database, context, user.id, project.id, closed, open_, page)
    desk.load()
    yield desk
    context.close()
    database.close()
    if server.process is None:
        server.start()
    assert faults == []


@pytest.fixture
def grid(browser: Browser, server: Server, request: pytest.FixtureRequest) -> Iterator[GridDesk]:
    """The parameter, if any, names the project's classes."""
    database = Database(f"sqlite:///{server.data_dir / 'squint.db'}")
    user, project, classes, images = make_project(database, getattr(request, "param", ("closed", "open")))
    context = browser.new_context()
    context.add_init_script("localStorage.setItem('squint-grid-tiles', '40')")
    sign_in(context, database, user, server.url)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    grid = GridDesk(server, database, context, user, project, classes, images, page)
    grid.load()
    yield grid
    context.close()
    database.close()
    if server.process is None:
        server.start()
    assert faults == []
