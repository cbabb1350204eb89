"""The grid in real Chromium, on a real server that is killed: every tile answered once, as it was shown."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect
from sqlalchemy import select, update

from app.db import Database
from app.models import Annotation, Image, Project, QueueEntry
from app.review.service import fill_review
from tests import factories
from tests.e2e.screens import Server, chromium, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("review-screen")]
TILES = 40
GREYS = """canvases => canvases.map((canvas) => [...canvas.getContext('2d')
  .getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 === 0))"""
UNSEEN_MS = 450
"""A little longer than the screen takes a second press for a part of the first one."""


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
    """A person before the grid of a project of their own: 100 images are rather open, 20 accepted as closed."""

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
        expect((page or self.page).locator("#confirm")).to_be_enabled(timeout=15_000)

    def tile(self, number: int) -> Locator:
        return self.page.locator(".cell").nth(number)

    def shown(self, page: Page | None = None) -> list[int]:
        cells = (page or self.page).locator(".cell")
        return [int(i) for i in cells.evaluate_all("cells => cells.map((cell) => cell.dataset.id)")]

    def confirm(self, page: Page | None = None) -> list[int]:
        """Press Enter on a page that has been looked at; return the tiles that were on it."""
        page = page or self.page
        self.ready(page)
        shown = self.shown(page)
        page.wait_for_timeout(UNSEEN_MS)
        page.keyboard.press("Enter")
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
        publish(session.get_one(Project, project.id), images, session, unclear=100)
        return user.id, project.id, [c.id for c in project.classes], images


def publish(project, images, session, unclear: int, number: int = 1) -> None:  # noqa: ANN001
    closed, opened = project.classes[:2]
    says = {
        image: [(opened, 0.5 + i / 1000), (closed, 0.4)] if i < unclear else [(closed, 0.9)] * 2
        for i, image in enumerate(images)
    }
    factories.add_round(session, project, says, number)
    fill_review(session, project.id, {image: float(i) for i, image in enumerate(images[:unclear])})


@pytest.fixture
def desk(browser: Browser, server: Server, request: pytest.FixtureRequest) -> Iterator[Desk]:
    database = Database(f"sqlite:///{server.data_dir / 'squint.db'}")
    user, project, classes, images = make_project(database, getattr(request, "param", ("closed", "open")))
    context = browser.new_context()
    context.add_init_script("localStorage.setItem('squint-grid-tiles', '40')")
    sign_in(context, database, user, server.url)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    desk = Desk(server, database, context, user, project, classes, images, page)
    desk.load()
    yield desk
    context.close()
    database.close()
    if server.process is None:
        server.start()
    assert faults == []


def test_a_page_is_flipped_where_it_is_wrong_and_confirmed_by_one_key(desk: Desk):
    closed, opened = desk.classes
    expect(desk.page.locator("h1")).to_have_text("Unclear, rather open")
    assert desk.shown() == desk.images[:TILES]
    for number in (3, 7, 3):
        desk.tile(number).click()
    expect(desk.page.locator("#confirm")).to_contain_text("Confirm 1 closed, 39 open")
    page = desk.confirm()
    assert desk.shown() == desk.images[TILES : 2 * TILES]
    desk.saved()
    assert desk.labels() == {image: closed if image == page[7] else opened for image in page}
    seconds = {row.seconds for row in desk.rows()}
    assert len(seconds) == 1
    assert UNSEEN_MS / 1000 / TILES <= seconds.pop() < 60 / TILES


def test_the_next_page_is_there_and_drawn_before_it_is_asked_for(desk: Desk):
    desk.page.wait_for_load_state("networkidle")
    desk.page.route("**/claim", lambda route: route.abort())
    desk.page.route("**/sheet.png*", lambda route: route.abort())
    desk.confirm()
    assert desk.shown() == desk.images[TILES : 2 * TILES]
    assert all(len(set(greys)) > 50 for greys in desk.page.locator(".cell canvas").evaluate_all(GREYS))


def test_a_page_of_tiles_is_one_request_for_its_pictures(desk: Desk):
    desk.page.wait_for_load_state("networkidle")
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url) if ".png" in request.url else None)
    desk.load()
    desk.page.wait_for_load_state("networkidle")
    assert len(asked) == 2  # this page, and the next one
    assert all("/sheet.png" in url for url in asked)


def test_arrows_walk_shift_extends_and_a_class_key_flips_what_is_chosen(desk: Desk):
    closed, opened = desk.classes
    keys = desk.page.keyboard
    keys.press("ArrowRight")  # brings the keyboard in
    keys.press("ArrowRight")
    keys.press("1")
    expect(desk.tile(1)).to_have_attribute("aria-label", "000001.png: closed")
    expect(desk.page.locator("#said")).to_have_text("000001.png: closed")
    keys.press("ArrowRight")
    for _ in range(2):
        keys.press("Shift+ArrowRight")
    expect(desk.page.locator(".cell[aria-selected=true]")).to_have_count(3)
    keys.press("1")
    keys.press("2")  # changed again
    keys.press("1")
    keys.press("ArrowDown")
    expect(desk.page.locator(".cell[aria-selected=true]")).to_have_count(0)
    page = desk.confirm()
    desk.saved()
    assert desk.labels() == {image: closed if 1 <= i <= 4 else opened for i, image in enumerate(page)}


def test_a_frame_drawn_with_the_mouse_chooses_tiles(desk: Desk):
    first, last = desk.tile(0).bounding_box(), desk.tile(2).bounding_box()
    assert first
    assert last
    mouse = desk.page.mouse
    mouse.move(first["x"] + 8, first["y"] + 8)
    mouse.down()
    mouse.move(last["x"] + 20, last["y"] + 30, steps=4)
    expect(desk.page.locator("#selection")).to_have_text("3 selected")
    mouse.up()
    expect(desk.page.locator(".cell[aria-selected=true]")).to_have_count(3)
    desk.page.locator(".answer").first.click()
    expect(desk.page.locator(".cell.changed")).to_have_count(3)
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator(".cell[aria-selected=true]")).to_have_count(0)


@pytest.mark.parametrize("desk", [("closed", "open", "half")], indirect=True)
def test_with_three_classes_a_click_chooses_and_a_key_answers(desk: Desk):
    closed, opened, half = desk.classes
    desk.tile(0).click()
    desk.tile(2).click()
    desk.page.keyboard.press("3")
    desk.tile(5).click()
    desk.page.keyboard.press("1")
    expect(desk.page.locator("#confirm")).to_contain_text("1 closed, 37 open, 2 half")
    page = desk.confirm()
    desk.saved()
    expected = dict.fromkeys(page, opened) | {page[0]: half, page[2]: half, page[5]: closed}
    assert desk.labels() == expected


def test_what_cannot_be_decided_is_left_out_and_waits_for_review(desk: Desk):
    desk.load("?of=accepted")
    shown = desk.shown()
    desk.tile(4).focus()
    desk.page.keyboard.press("Space")
    expect(desk.tile(4)).to_have_attribute("aria-label", "000104.png: left out, for review")
    expect(desk.page.locator("#confirm")).to_contain_text("Confirm 19 closed, 1 to review")
    desk.confirm()
    desk.saved()
    assert set(desk.labels()) == set(shown) - {shown[4]}
    with desk.database.read() as session:
        assert session.get_one(QueueEntry, shown[4]).pile == "review"


@pytest.mark.parametrize("key", ["Control+z", "Backspace"])
def test_a_page_taken_back_is_shown_as_it_was_confirmed_and_its_next_answers_count(desk: Desk, key: str):
    _, opened = desk.classes
    desk.tile(7).click()
    first = desk.confirm()
    desk.tile(1).click()
    desk.page.keyboard.press(key)
    assert desk.shown() == first
    expect(desk.tile(7)).to_have_attribute("aria-label", "000007.png: closed")
    desk.tile(7).click()
    desk.confirm()
    expect(desk.tile(1)).to_have_attribute("aria-label", "000041.png: closed")
    desk.saved()
    assert desk.labels() == dict.fromkeys(first, opened)
    assert [row.kind for row in desk.rows()].count("undo") == TILES


def test_pages_are_taken_back_after_a_reload_one_after_the_other(desk: Desk):
    desk.tile(7).click()
    first = desk.confirm()
    second = desk.confirm()
    desk.saved()
    desk.load()
    for page in (second, first):
        desk.page.keyboard.press("Backspace")
        expect(desk.tile(0)).to_have_attribute("data-id", str(page[0]))
        assert desk.shown() == page
        desk.saved()
    expect(desk.tile(7)).to_have_attribute("aria-label", "000007.png: closed")
    assert desk.labels() == {}
    desk.page.keyboard.press("Backspace")
    expect(desk.page.locator("#said")).to_have_text("There is no page to take back.")


def test_marks_of_a_page_that_is_not_confirmed_survive_a_reload(desk: Desk):
    desk.tile(3).click()
    desk.load()
    expect(desk.tile(3)).to_have_attribute("aria-label", "000003.png: closed")
    expect(desk.page.locator("#confirm")).to_contain_text("Confirm 1 closed, 39 open")


def test_a_double_press_confirms_no_page_that_nobody_has_seen(desk: Desk):
    desk.page.wait_for_load_state("networkidle")
    desk.page.wait_for_timeout(UNSEEN_MS)
    desk.page.locator("#confirm").dblclick()
    desk.page.keyboard.press("Enter")
    desk.saved()
    assert len(desk.rows()) == TILES


def test_a_server_killed_between_pages_loses_nothing_and_doubles_nothing(desk: Desk):
    desk.page.wait_for_load_state("networkidle")
    first = desk.confirm()
    desk.saved()
    desk.page.wait_for_load_state("networkidle")
    desk.server.kill()
    second = desk.confirm()
    expect(desk.page.locator("#saved")).to_contain_text("1 answer not saved yet: the server cannot be reached")
    desk.server.start()
    third = desk.confirm()
    desk.saved()
    assert len(third) == 20
    assert set(desk.labels()) == {*first, *second, *third} == set(desk.images[:100])
    assert len(desk.rows()) == 100


def test_a_page_confirmed_offline_survives_a_reload_and_does_not_come_again(desk: Desk):
    desk.page.route("**/grid/answers", lambda route: route.abort())
    first = desk.confirm()
    expect(desk.page.locator("#saved")).to_contain_text("not saved yet")
    desk.load()
    assert desk.shown() == desk.images[TILES : 2 * TILES]
    desk.page.unroute("**/grid/answers")
    desk.saved()
    assert set(desk.labels()) == set(first)
    assert len(desk.rows()) == TILES


def test_a_page_that_was_committed_but_never_acknowledged_is_saved_once(desk: Desk):
    lost = []

    def swallow(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch())
            route.abort()

    desk.page.route("**/grid/answers", swallow)
    desk.confirm()
    desk.saved()
    assert (len(lost), len(desk.rows())) == (1, TILES)


def test_a_tile_that_somebody_else_answered_stays_in_sight_with_both_values(desk: Desk):
    desk.page.wait_for_load_state("networkidle")
    with desk.database.write() as session:
        bob = factories.add_user(session)
        image = session.get_one(Image, desk.images[5])
        session.add(
            Annotation(
                project_id=desk.project, image_id=image.id, author_id=bob.id, kind="label", source="review",
                class_id=desk.classes[0], seconds=1.0, idempotency_key="bob-was-first",
            )
        )  # fmt: skip
        image.state, image.class_id = "settled", desk.classes[0]
        session.execute(factories.no_longer_waits(image.id))
    desk.confirm()
    refused = desk.page.locator("#refused")
    expect(refused).to_contain_text("000005.png meanwhile: closed; you said open")
    expect(refused.locator("canvas")).to_have_count(1)
    desk.saved()
    assert len(desk.labels()) == TILES
    desk.page.keyboard.press("Backspace")
    assert desk.images[5] not in desk.shown()
    desk.page.get_by_role("button", name="understood").click()
    expect(refused).to_be_hidden()


def test_a_tile_that_is_somebody_elses_meanwhile_keeps_its_place_and_is_not_answered(desk: Desk):
    desk.page.wait_for_load_state("networkidle")
    with desk.database.write() as session:
        bob = factories.add_user(session)
        theirs = QueueEntry.image_id == desk.images[5]
        session.execute(update(QueueEntry).where(theirs).values(leased_by_id=bob.id, leased_tab="bobs-tab"))
    desk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(desk.tile(5)).to_have_attribute("aria-label", "000005.png: taken by somebody else, not answered")
    page = desk.confirm()
    desk.saved()
    assert set(desk.labels()) == set(page) - {page[5]}


def test_a_tile_whose_picture_is_missing_is_shown_as_such_and_not_answered(desk: Desk):
    def without_two(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "x-squint-empty": "0,2"})

    desk.page.route("**/sheet.png*", without_two)
    desk.load()
    expect(desk.tile(2)).to_have_attribute("aria-label", "000002.png: picture missing, not answered")
    desk.tile(2).click()
    page = desk.confirm()
    desk.saved()
    assert set(desk.labels()) == set(page) - {page[0], page[2]}


def test_two_tabs_of_one_person_show_different_tiles_and_share_the_outbox(desk: Desk):
    other = desk.load("", desk.context.new_page())
    here, there = desk.confirm(), desk.confirm(other)
    assert len(there) == 100 - 2 * TILES  # the first tab has its next page too
    desk.saved()
    desk.saved(other)
    assert not set(here) & set(there)
    assert set(desk.labels()) == {*here, *there}
    assert len(desk.rows()) == len(here) + len(there)


def test_a_new_round_changes_nothing_on_the_open_page_and_its_answers_are_taken(desk: Desk):
    shown = desk.shown()
    with desk.database.write() as session:
        publish(session.get_one(Project, desk.project), desk.images, session, unclear=10, number=2)
    with desk.page.expect_response("**/claim"):
        desk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    desk.page.wait_for_load_state("networkidle")
    assert desk.shown() == shown
    desk.confirm()
    desk.saved()
    assert set(desk.labels()) == set(shown)
    assert len(desk.rows()) == TILES


def test_the_end_says_what_to_do_next(desk: Desk):
    desk.load("?of=accepted")
    desk.confirm()
    desk.saved()
    message = desk.page.locator("#message")
    expect(message).to_contain_text(
        "A person has looked at every accepted image that the labelers take for closed."
    )
    message.get_by_role("link", name="Go on with unclear open (100)").click()
    desk.ready()
    expect(desk.page.locator("h1")).to_have_text("Unclear, rather open")


def test_the_person_chooses_how_many_tiles_and_all_fit_on_the_screen(desk: Desk):
    desk.tile(0).click()
    desk.page.locator("#tiles").select_option("100")
    expect(desk.page.locator(".cell")).to_have_count(100)
    desk.page.locator("body").press("+")
    expect(desk.page.locator(".cell")).to_have_count(80)
    expect(desk.tile(0)).to_have_attribute("aria-label", "000000.png: closed")
    bar = desk.page.locator(".grid-bar").bounding_box()
    last = desk.tile(79).bounding_box()
    assert bar
    assert last
    assert last["y"] + last["height"] <= bar["y"]


def test_contrast_is_stretched_by_a_key(desk: Desk):
    def spread() -> tuple[int, int]:
        greys = desk.page.locator(".cell canvas").evaluate_all(GREYS)[0]
        return min(greys), max(greys)

    before = spread()
    desk.page.keyboard.press("c")
    assert spread() == (0, 255)
    desk.page.keyboard.press("c")
    assert spread() == before


def test_the_grid_works_by_touch_on_a_phone(desk: Desk, browser: Browser):
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    sign_in(phone, desk.database, desk.user, desk.server.url)
    desk.page.close()
    with desk.database.write() as session:
        session.execute(update(QueueEntry).values(leased_until=None))
    page = desk.load("", phone.new_page())
    expect(page.locator(".cell")).to_have_count(40)
    box = page.locator(".cell").nth(39).bounding_box()
    bar = page.locator(".grid-bar").bounding_box()
    assert box
    assert bar
    assert box["width"] >= 44
    assert box["y"] + box["height"] <= bar["y"]
    page.locator(".cell").nth(2).tap()
    expect(page.locator(".cell.changed")).to_have_count(1)
    page.wait_for_timeout(UNSEEN_MS)
    page.locator("#confirm").tap()
    desk.saved(page)
    assert [row.class_id for row in desk.rows()].count(desk.classes[0]) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    phone.close()
