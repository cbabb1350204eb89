"""The annotator's screen in real Chromium, on a real server that is killed: every answer exactly once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select, update

from app.db import Database
from app.models import Annotation, Image, LabelClass, QueueEntry, UserSession
from app.models.base import now
from app.review.service import fill_seed
from tests import factories
from tests.e2e.screens import Server, chromium, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("review-screen")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
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

    def load(self, page: Page | None = None) -> Page:
        page = page or self.page
        page.goto(f"{self.server.url}/projects/{self.project}/label")
        self.ready(page)
        return page

    def ready(self, page: Page | None = None) -> None:
        expect((page or self.page).locator(".answer").first).to_be_enabled(timeout=15_000)

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
    assert faults == []


def test_thirty_keys_are_thirty_answers_each_of_the_image_that_was_shown(desk: Desk):
    keys = "12 1122" * 4 + "12"
    shown = desk.press(keys)
    desk.saved()
    assert desk.labels() == dict(zip(shown, desk.said(keys), strict=True))
    assert len(desk.rows()) == 30
    expect(desk.page.locator("#strip li")).to_have_count(20)
    expect(desk.page.locator("#pile-progress")).to_have_text("30 of 40 seed answers")


def test_seconds_count_from_the_painted_image_to_the_key(desk: Desk):
    desk.press("1")
    desk.page.wait_for_timeout(700)
    desk.press("2")
    desk.saved()
    assert 0.6 <= desk.rows()[-1].seconds < 5


def test_a_held_key_is_one_answer(desk: Desk):
    for _ in range(8):
        desk.page.keyboard.down("1")
    desk.page.keyboard.up("1")
    desk.saved()
    assert len(desk.rows()) == 1


def test_a_double_click_is_one_answer(desk: Desk):
    desk.page.locator(".answer").first.dblclick()
    desk.saved()
    assert len(desk.rows()) == 1


def test_backspace_walks_back_and_the_next_answer_counts(desk: Desk):
    shown = desk.press("1111")
    for name in reversed(shown[1:]):
        desk.page.keyboard.press("Backspace")
        expect(desk.page.locator("#caption")).to_contain_text(name)
    again = desk.press("222")
    desk.saved()
    assert again == shown[1:]
    assert desk.labels() == dict(zip(shown, desk.said("1222"), strict=True))
    assert [row.kind for row in desk.rows()].count("undo") == 3


def test_undo_goes_beyond_what_a_reload_brought(desk: Desk):
    shown = desk.press("12" * 14)
    desk.saved()
    desk.load()
    for _ in range(25):
        desk.page.keyboard.press("Backspace")
    expect(desk.page.locator("#caption")).to_contain_text(shown[3])
    desk.saved()
    assert desk.labels() == dict(zip(shown[:3], desk.said("121"), strict=True))


def test_an_earlier_answer_is_changed_by_a_click_in_the_strip(desk: Desk):
    shown = desk.press("111")
    waiting = desk.name()
    desk.page.locator("#strip button").first.click()
    expect(desk.page.locator("#caption")).to_contain_text(shown[0])
    expect(desk.page.locator("#again")).to_contain_text("You said closed")
    desk.press("2")
    expect(desk.page.locator("#caption")).to_contain_text(waiting)
    desk.saved()
    assert desk.labels() == dict(zip(shown, desk.said("211"), strict=True))
    expect(desk.page.locator("#strip li")).to_have_count(3)


def test_an_earlier_answer_that_was_only_looked_at_stands(desk: Desk):
    shown = desk.press("12")
    waiting = desk.name()
    desk.page.locator("#strip button").first.click()
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator("#caption")).to_contain_text(waiting)
    desk.saved()
    assert desk.labels() == dict(zip(shown, desk.said("12"), strict=True))


def test_a_flag_goes_with_the_image_that_was_flagged(desk: Desk):
    desk.press("f1")
    desk.press("2")
    desk.saved()
    assert [row.flagged for row in desk.rows()] == [True, False]


def test_a_server_killed_in_mid_burst_loses_nothing_and_doubles_nothing(desk: Desk):
    shown = desk.press("12121")
    desk.server.kill()
    shown += desk.press("2112")
    expect(desk.page.locator("#saved")).to_contain_text("not saved yet: the server cannot be reached")
    desk.server.start()
    shown += desk.press("122")
    desk.saved()
    assert desk.labels() == dict(zip(shown, desk.said("121212112122"), strict=True))
    assert len(desk.rows()) == 12


def test_answers_given_offline_survive_a_reload(desk: Desk):
    desk.page.route("**/annotations", lambda route: route.abort())
    shown = desk.press("1221")
    expect(desk.page.locator("#saved")).to_contain_text("4 answers not saved yet")
    desk.page.unroute("**/annotations")
    desk.load()
    shown += desk.press("1")
    desk.saved()
    assert len(set(shown)) == 5
    assert desk.labels() == dict(zip(shown, desk.said("12211"), strict=True))
    assert len(desk.rows()) == 5


def test_an_answer_that_was_committed_but_never_acknowledged_is_one_row(desk: Desk):
    lost = []

    def swallow(route):  # noqa: ANN001
        if len(lost) < 2:
            lost.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    desk.page.route("**/annotations", swallow)
    shown = desk.press("12")
    desk.saved()
    assert len(lost) == 2
    assert desk.labels() == dict(zip(shown, desk.said("12"), strict=True))
    assert len(desk.rows()) == 2


def test_a_proxys_error_page_is_no_answer_of_ours(desk: Desk):
    page = {"status": 404, "content_type": "text/html", "body": "<h1>no such host</h1>"}
    desk.page.route("**/annotations", lambda route: route.fulfill(**page), times=2)
    desk.press("1")
    desk.saved()
    assert len(desk.rows()) == 1


def test_an_expired_sign_in_keeps_the_answers_until_the_next(desk: Desk):
    shown = desk.press("1")
    desk.saved()
    with desk.database.write() as session:
        session.execute(update(UserSession).values(revoked_at=now()))
    shown += desk.press("21")
    link = desk.page.get_by_role("link", name="Sign in again")
    expect(link.first).to_have_attribute("href", f"/sign-in?next=/projects/{desk.project}/label")
    expect(desk.page.locator("#saved")).to_contain_text("2 answers not saved yet")
    sign_in(desk.context, desk.database, desk.user, desk.server.url)
    desk.load()
    desk.saved()
    assert desk.labels() == dict(zip(shown, desk.said("121"), strict=True))


def test_two_tabs_of_one_person_show_different_images_and_share_the_outbox(desk: Desk):
    other = desk.load(desk.context.new_page())
    shown, elsewhere = [], []
    for key in "121212":
        shown += desk.press(key)
        elsewhere += desk.press("1", other)
    desk.saved()
    desk.saved(other)
    assert not set(shown) & set(elsewhere)
    assert desk.labels() == dict(zip(shown + elsewhere, desk.said("121212111111"), strict=True))
    assert len(desk.rows()) == 12


def test_a_refused_answer_stays_in_sight_with_both_values(desk: Desk):
    with desk.database.write() as session:
        bob = factories.add_user(session)
        name = desk.name()
        image = session.scalars(select(Image).where(Image.project_id == desk.project, Image.name == name)).one()
        answer = {"kind": "label", "class_id": desk.closed, "source": "seed", "seconds": 1.0}
        session.add(
            Annotation(
                project_id=desk.project, image_id=image.id, author_id=bob.id, idempotency_key="bob-was-first",
                **answer,
            )
        )  # fmt: skip
        session.execute(factories.no_longer_waits(image.id))
    desk.press("2")
    refused = desk.page.locator("#refused")
    expect(refused).to_contain_text(f"{name} meanwhile: closed; you said open")
    desk.press("1")
    expect(refused).to_be_visible()
    desk.page.get_by_role("button", name="understood").click()
    expect(refused).to_be_hidden()
    desk.saved()


def test_an_archived_class_is_refused_and_the_screen_offers_the_new_ones(desk: Desk):
    with desk.database.write() as session:
        session.get_one(LabelClass, desk.open).archived_at = now()
    desk.press("2")
    expect(desk.page.locator("#refused")).to_contain_text("The class open was archived meanwhile")
    assert desk.rows() == []
    desk.press("11111111111")
    desk.page.get_by_role("link", name="Load them").click()
    expect(desk.page.locator(".answer")).to_have_count(2)


def test_no_answer_is_taken_for_a_picture_that_did_not_load(desk: Desk):
    desk.page.route(
        "**/*.png*", lambda route: route.fulfill(status=404, content_type="image/svg+xml", body="<svg/>")
    )
    desk.page.reload()
    expect(desk.page.locator("#message")).to_contain_text("cannot be shown")
    expect(desk.page.locator(".answer").first).to_be_disabled()
    for key in "1 2":
        desk.page.keyboard.press("Space" if key == " " else key)
    desk.page.unroute("**/*.png*")
    desk.ready()
    desk.press("1")
    desk.saved()
    assert len(desk.rows()) == 1


def test_nothing_is_said_of_the_pile_before_its_size_is_known(desk: Desk):
    with desk.database.write() as session:
        session.execute(update(QueueEntry).where(QueueEntry.project_id == desk.project).values(pile="review"))
    desk.page.route("**/claim", lambda route: route.abort())
    desk.page.goto(f"{desk.server.url}/projects/{desk.project}/review")
    expect(desk.page.locator("#message")).to_contain_text("The server cannot be reached")
    expect(desk.page.locator("#pile-progress")).to_be_empty()
    desk.page.unroute("**/claim")
    expect(desk.page.locator("#pile-progress")).to_have_text("0 of 60 settled")


def test_the_end_of_the_pile_says_what_comes_next(desk: Desk):
    for _ in range(60):
        desk.press("1")
    desk.saved()
    expect(desk.page.locator("#message")).to_contain_text("No new image waits", timeout=20_000)
    expect(desk.page.get_by_role("link", name="What comes next")).to_be_visible()
    expect(desk.page.locator("#note")).to_contain_text("The seed is complete, thank you")
    assert len(desk.labels()) == 60


def test_the_screen_works_by_touch_on_a_phone(desk: Desk, browser: Browser):
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    sign_in(phone, desk.database, desk.user, desk.server.url)
    page = desk.load(phone.new_page())
    button = page.locator(".answer").nth(1)
    box = button.bounding_box()
    assert box
    assert box["height"] >= 48
    assert box["y"] + box["height"] <= 844
    button.tap()
    desk.saved(page)
    assert [row.class_id for row in desk.rows()] == [desk.open]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    phone.close()


def test_contrast_stretch_uses_the_images_own_range_and_exact_pixels_are_exact(desk: Desk):
    spread = """() => { const c = document.getElementById('picture');
      const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
      const grey = [...d].filter((_, i) => i % 4 === 0); return [Math.min(...grey), Math.max(...grey)]; }"""
    before = desk.page.evaluate(spread)
    desk.page.keyboard.press("c")
    assert desk.page.evaluate(spread) == [0, 255]
    desk.page.keyboard.press("c")
    assert desk.page.evaluate(spread) == before
    desk.page.keyboard.press("x")
    expect(desk.page.locator("#picture")).to_have_css("image-rendering", "pixelated")
    width = desk.page.locator("#picture").evaluate("canvas => canvas.clientWidth / canvas.width")
    assert width == int(width)
