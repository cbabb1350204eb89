"""What may go wrong between a key and the database, in real Chromium: every answer exactly once."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Route, expect
from sqlalchemy import select, update

from app.models import Annotation, Image, LabelClass, UserSession
from app.models.base import now
from tests import factories
from tests.e2e.conftest import Desk
from tests.e2e.screens import sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("review-screen")]


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


def test_a_server_killed_in_mid_burst_loses_nothing_and_doubles_nothing(desk: Desk):
    desk.page.wait_for_load_state("networkidle")  # the next images are there
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
    expect(link.first).to_have_attribute("href", f"/sign-in?next=%2Fprojects%2F{desk.project}%2Flabel")
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
    desk.saved()
    desk.load()
    expect(refused).to_contain_text(f"{name} meanwhile: closed; you said open")
    expect(refused.locator("img")).to_be_visible()
    other = desk.load(desk.context.new_page())
    desk.page.get_by_role("button", name="understood").click()
    for page in (desk.page, other):
        expect(page.locator("#refused")).to_be_hidden()
    desk.load()
    expect(refused).to_be_hidden()


def test_a_refused_answer_is_forgotten_when_its_image_is_answered_anew(desk: Desk):
    with desk.database.write() as session:
        session.get_one(LabelClass, desk.open).archived_at = now()
    name, refused = desk.name(), desk.page.locator("#refused")
    desk.press("2")
    expect(refused).to_contain_text("The class open was archived meanwhile")
    desk.load()
    expect(refused).to_be_visible()
    assert desk.press("1") == [name]
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


def test_a_page_made_before_an_answer_was_taken_knows_it_nevertheless(desk: Desk):
    shown = desk.press("1")
    desk.saved()
    on_its_way: list[Route] = []

    def made_before(route: Route) -> None:
        page = route.fetch()
        answer = on_its_way.pop()
        answer.fulfill(response=answer.fetch())
        time.sleep(0.3)  # the old page hears of it
        route.fulfill(response=page)

    def hold(route: Route) -> None:
        on_its_way.append(route)

    desk.page.route("**/annotations", hold, times=1)
    shown += desk.press("2")
    desk.name()
    desk.page.route("**/label", made_before)
    desk.load()
    expect(desk.page.locator("#strip li")).to_have_count(2)
    expect(desk.page.locator("#pile-progress")).to_have_text("2 of 40 seed answers")
    desk.page.keyboard.press("Backspace")
    expect(desk.page.locator("#caption")).to_contain_text(shown[1])
    desk.saved()
    assert desk.labels() == {shown[0]: desk.closed}


TAKEN_JUST_NOW = """() => {
  const name = Object.keys(localStorage).find((one) => one.startsWith("squint-sent"));
  const sent = JSON.parse(localStorage.getItem(name)).map((one) => ({ ...one, at: Date.now() }));
  localStorage.setItem(name, JSON.stringify(sent));
}"""


def test_a_page_that_knew_the_last_answer_knew_all_before_it(desk: Desk):
    shown = desk.press("1" * 25)
    desk.page.keyboard.press("Backspace")
    desk.saved()
    desk.page.evaluate(TAKEN_JUST_NOW)
    desk.load()
    expect(desk.page.locator("#pile-progress")).to_have_text("24 of 40 seed answers")
    desk.page.keyboard.press("Backspace")
    expect(desk.page.locator("#caption")).to_contain_text(shown[23])


def test_a_minute_without_a_network_loses_nothing_and_sends_in_order(desk: Desk):
    desk.page.clock.install()
    desk.load()
    desk.page.wait_for_load_state("networkidle")
    shown = desk.press("1")
    desk.saved()
    desk.context.set_offline(True)
    shown += desk.press("2112")
    expect(desk.page.locator("#saved")).to_contain_text("not saved yet: the server cannot be reached")
    desk.page.clock.fast_forward(60_000)
    shown += desk.press("21")
    expect(desk.page.locator("#saved")).to_contain_text("6 answers not saved yet")
    desk.context.set_offline(False)
    desk.page.clock.fast_forward(15_000)
    desk.saved()
    assert desk.labels() == dict(zip(shown, desk.said("1211221"), strict=True))
    assert [row.class_id for row in desk.rows()] == desk.said("1211221")


def test_a_closed_tab_leaves_its_answers_to_the_next(desk: Desk):
    desk.context.route("**/annotations", lambda route: route.abort())
    shown = desk.press("122")
    desk.page.close()
    desk.context.unroute("**/annotations")
    other = desk.load(desk.context.new_page())
    desk.saved(other)
    expect(other.locator("#pile-progress")).to_have_text("3 of 40 seed answers")
    assert desk.labels() == dict(zip(shown, desk.said("122"), strict=True))
    assert len(desk.rows()) == 3


PRESS = """() => {
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "2", bubbles: true }));
  return Object.keys(localStorage).filter((name) => name.startsWith("squint-outbox")).length;
}"""


def test_an_answer_is_in_the_browsers_store_before_its_key_is_done_with(desk: Desk):
    assert desk.page.evaluate(PRESS) == 1
    desk.saved()
    assert len(desk.rows()) == 1


def test_a_hidden_tab_which_paints_nothing_sends_its_answers_too(desk: Desk):
    desk.page.evaluate("() => { window.requestAnimationFrame = () => 0; }")
    desk.press("12")
    desk.saved()
    assert len(desk.rows()) == 2


def test_the_answers_button_looks_pressed_as_long_as_its_key_is(desk: Desk):
    pressed = desk.page.locator(".answer.pressed")
    desk.page.keyboard.down("2")
    expect(pressed).to_have_text("2 open")
    desk.page.keyboard.up("2")
    expect(pressed).to_have_count(0)
    desk.saved()
