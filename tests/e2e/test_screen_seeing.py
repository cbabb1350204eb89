"""Seeing better, in real Chromium: zoom, contrast, gamma, images to compare with; by key, by touch, by name."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Request, expect

from app.models import Project
from app.projects.classes import add_class
from tests.e2e.conftest import Desk
from tests.e2e.screens import sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("review-screen")]


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


def test_a_picture_is_not_called_missing_while_the_server_is_away(desk: Desk):
    desk.page.route("**/*.png*", lambda route: route.abort())
    desk.page.reload()
    expect(desk.page.locator("#message")).to_contain_text("The server cannot be reached; trying again")
    desk.page.unroute("**/*.png*")
    desk.ready()


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


def test_on_a_phone_every_class_is_in_reach_of_a_thumb_however_many_and_long(desk: Desk, browser: Browser):
    with desk.database.write() as session:
        for name in ("half open and squinting", "covered by hair or a hand"):
            add_class(session.get_one(Project, desk.project), name)
    phone = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="ru-RU"
    )
    sign_in(phone, desk.database, desk.user, desk.server.url)
    page = desk.load(phone.new_page())
    expect(page.locator("#pile-progress")).not_to_be_empty()
    status = page.locator("footer.status").bounding_box()
    assert status
    buttons = page.locator(".answer")
    assert buttons.count() == 5
    for button in buttons.all():
        box = button.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["y"] + box["height"] <= status["y"]
    phone.close()


def test_a_phone_on_its_side_shows_the_image_and_the_answers_at_once(desk: Desk, browser: Browser):
    phone = browser.new_context(viewport={"width": 844, "height": 390}, has_touch=True, is_mobile=True)
    sign_in(phone, desk.database, desk.user, desk.server.url)
    page = desk.load(phone.new_page())
    expect(page.locator("#picture")).to_be_visible()
    picture, answer = page.locator("#picture").bounding_box(), page.locator(".answer").first.bounding_box()
    status = page.locator("footer.status").bounding_box()
    assert picture
    assert answer
    assert status
    assert picture["y"] + picture["height"] <= answer["y"]
    assert answer["y"] + answer["height"] <= status["y"] < 390
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


MEAN = """() => { const c = document.getElementById('picture');
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  return d.reduce((sum, value, i) => i % 4 === 0 ? sum + value : sum, 0) / (d.length / 4); }"""


def test_gamma_brightens_and_darkens_this_image_and_not_the_next(desk: Desk):
    plain = desk.page.evaluate(MEAN)
    for _ in range(3):
        desk.page.keyboard.press(".")
    assert desk.page.evaluate(MEAN) > plain + 20
    for _ in range(6):
        desk.page.keyboard.press(",")
    assert desk.page.evaluate(MEAN) < plain - 20
    desk.press("1")
    waiting = desk.page.evaluate(MEAN)
    desk.page.keyboard.press(".")
    desk.page.keyboard.press(",")
    assert desk.page.evaluate(MEAN) == waiting


def test_answered_images_stand_beside_the_next_ones_by_their_class(desk: Desk):
    desk.press("112")
    desk.saved()
    desk.load()
    panel = desk.page.locator("#nearby")
    expect(panel.get_by_role("img")).to_have_count(3)
    expect(panel.get_by_role("img", name="closed")).to_have_count(2)
    drawn = "canvas => canvas.getContext('2d').getImageData(0, 0, 8, 8).data.some((value) => value > 0)"
    expect(panel.locator("canvas:visible").first).to_have_js_property("width", 8)
    assert panel.locator("canvas:visible").first.evaluate(drawn)


def test_who_hides_what_to_compare_with_pays_nothing_for_it_and_is_remembered(desk: Desk):
    desk.page.keyboard.press("g")
    expect(desk.page.locator("#nearby")).to_be_hidden()
    asked: list[Request] = []
    desk.page.on("request", lambda request: asked.append(request) if "/nearby?" in request.url else None)
    desk.load()
    desk.press("12" * 8)
    desk.saved()
    assert asked == []
    with desk.page.expect_response(lambda response: "/nearby?" in response.url):
        desk.page.keyboard.press("g")
    expect(desk.page.locator("#nearby")).to_be_visible()


def test_a_break_is_spoken_of_after_half_an_hour_and_never_again_if_so_wished(desk: Desk):
    desk.page.clock.install()
    desk.load()
    rest = desk.page.locator("#rest")
    for minutes in range(0, 32, 2):
        desk.press("1")
        desk.page.clock.run_for(100)
        if minutes < 28:
            expect(rest).to_be_hidden()
        desk.page.clock.fast_forward(120_000)
    desk.press("1")
    desk.page.clock.run_for(1_000)
    expect(rest).to_contain_text("minutes without a break")
    rest.get_by_role("button", name="never say this").click()
    expect(rest).to_be_hidden()
    desk.page.keyboard.press("?")
    expect(desk.page.get_by_label("half an hour")).not_to_be_checked()


def test_every_button_and_picture_has_a_name(desk: Desk):
    desk.press("12")
    desk.page.keyboard.press("?")
    nameless = """() => [...document.querySelectorAll("button, [role=img], input, progress, dialog, section")]
      .filter((e) => e.checkVisibility() && !(e.getAttribute("aria-label") || e.getAttribute("aria-labelledby")
        || e.labels?.length || e.textContent.trim())).map((e) => e.outerHTML)"""
    assert desk.page.evaluate(nameless) == []
