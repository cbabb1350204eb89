"""A finger on the picture, in real Chromium: to the left it is the first class, to the right the second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.e2e.conftest import Desk
from tests.e2e.screens import sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("review-screen")]


@dataclass
class Phone:
    page: Page
    fingers: CDPSession

    def draw(self, right: int, down: int = 0, *, lift: bool = True) -> None:
        """Draw the picture by so many pixels."""
        box = self.page.locator("#picture").bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self._touch("touchStart", x, y)
        for part in range(1, 6):
            self._touch("touchMove", x + right * part / 5, y + down * part / 5)
        if lift:
            self.fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def _touch(self, kind: str, x: float, y: float) -> None:
        self.fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})


@pytest.fixture
def phone(desk: Desk, browser: Browser) -> Iterator[Phone]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    sign_in(context, desk.database, desk.user, desk.server.url)
    page = desk.load(context.new_page())
    yield Phone(page, context.new_cdp_session(page))
    context.close()


def test_a_swipe_answers_and_brings_the_next_image(desk: Desk, phone: Phone):
    shown = []
    for right in (-120, 120, 120):
        shown.append(desk.name(phone.page))
        phone.draw(right)
        expect(phone.page.locator("#caption")).not_to_contain_text(shown[-1])
        phone.page.wait_for_timeout(260)  # sooner it would pass for the second half of a double touch
    desk.saved(phone.page)
    assert desk.labels() == dict(zip(shown, desk.said("122"), strict=True))


def test_the_button_that_a_finger_aims_at_lights_up_before_it_is_lifted(desk: Desk, phone: Phone):
    phone.draw(-120, lift=False)
    expect(phone.page.locator(".answer.pressed")).to_have_text("1 closed")
    assert desk.rows() == []


@pytest.mark.parametrize(("right", "down"), [(40, 0), (0, 150)])
def test_a_short_move_and_a_scroll_answer_nothing(desk: Desk, phone: Phone, right: int, down: int):
    before = desk.name(phone.page)
    phone.draw(right, down)
    expect(phone.page.locator("#caption")).to_contain_text(before)
    assert desk.rows() == []
