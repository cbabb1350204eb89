"""The annotator's screens in another language, in real Chromium: the page's sentences and the scripts'."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Desk
from tests.e2e.screens import sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("review-screen")]


def test_the_screen_speaks_russian_to_a_russian_browser(desk: Desk, browser: Browser):
    context = browser.new_context(locale="ru-RU")
    sign_in(context, desk.database, desk.user, desk.server.url)
    page = desk.load(context.new_page())
    expect(page.locator("[data-cant-tell]")).to_contain_text("не сказать")
    desk.press("12", page)
    expect(page.locator("#saved")).to_have_text("● сохранено")
    expect(page.locator("#pile-progress")).to_have_text("2 из 40 начальных ответов")
    page.keyboard.press("Backspace")
    expect(page.locator("#said")).to_have_text("Возвращено: open")
    context.close()


def test_counted_words_take_the_languages_own_forms(desk: Desk, browser: Browser):
    context = browser.new_context(locale="ru-RU")
    sign_in(context, desk.database, desk.user, desk.server.url)
    page = desk.load(context.new_page())
    page.wait_for_load_state("networkidle")  # the next images are there
    context.set_offline(offline=True)
    desk.press("121", page)
    expect(page.locator("#saved")).to_contain_text("▲ 3 ответа ещё не сохранены")
    context.set_offline(offline=False)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#saved")).to_have_text("● сохранено", timeout=25_000)
    assert len(desk.rows()) == 3
    context.close()
