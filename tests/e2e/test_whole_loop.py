"""The product's main job, as a person does it: a real server and worker, real Chromium, rendered eyes."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.images.rendered import GROUP_PATTERN, write_eyes_zip
from tests.e2e.screens import ROOT, chromium, free_port

pytestmark = pytest.mark.e2e
SEEDS = 24


@pytest.fixture
def sign_in_link(tmp_path: Path) -> Iterator[str]:
    """`squint serve` on a data folder of its own; its last line is the one-time link."""
    server = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve", "--port", str(free_port()),
         "--data-dir", str(tmp_path / "data")],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "SQUINT_TRAIN_THREADS": "1"},
    )  # fmt: skip
    assert server.stdout is not None
    lines = (server.stdout.readline() for _ in range(5))
    yield next(match.group(0) for line in lines if (match := re.search(r"http\S+/links/\S+", line)))
    server.terminate()
    assert server.wait(timeout=15) == 0


@pytest.fixture
def page(sign_in_link: str) -> Iterator[Page]:
    """Closed before the server is: a page that still asks would be refused."""
    with chromium() as browser:
        page = browser.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        yield page
    assert problems == []


def answer(page: Page, truth: dict[str, str], count: int) -> None:
    """Press the true class's key for each image shown, and wait until all is saved."""
    for _ in range(count):
        expect(page.locator("[data-class]").first).to_be_enabled()
        name = page.inner_text("#caption").split(" · ")[0]
        page.keyboard.press({"closed": "1", "open": "2"}[truth[name]])
        page.wait_for_function(
            "name => !document.querySelector('#caption').textContent.startsWith(name)", arg=name
        )
    expect(page.locator("#saved")).to_have_text("● saved")


def wait_for_job(page: Page, address: str, heading: str) -> None:
    """Wait as a person does: the page reloads itself when the job is over, and says how it ended."""
    page.goto(address)
    try:
        expect(page.locator("h1").first).to_contain_text(re.compile(heading), timeout=240_000)
    except AssertionError:
        page.goto(f"{address.rsplit('/', 1)[0]}/jobs")
        pytest.fail(page.inner_text("main"))


def test_from_an_empty_folder_to_exported_labels(page: Page, sign_in_link: str, tmp_path: Path):
    truth = dict(write_eyes_zip(tmp_path / "eyes.zip", 160, seed=5))
    become_admin(page, sign_in_link)
    project = create_project(page, sign_in_link.split("/links/", maxsplit=1)[0])
    upload(page, project, tmp_path / "eyes.zip")
    answer_the_seed(page, project, truth)
    train_the_labelers(page, project)
    doubt_one(page)
    settle_the_unclear(page, project, truth)
    hold_a_bakeoff(page, project)
    look_at_the_results(page)
    take_the_labels_away(page, project)


def become_admin(page: Page, link: str) -> None:
    page.goto(link)
    page.fill("#email", "ada@example.org")
    page.fill("#password", "a sentence to keep in mind")
    page.click("main button[type=submit]")


def create_project(page: Page, site: str) -> str:
    """Return its address."""
    page.goto(f"{site}/projects/new")
    page.fill("#name", "Rendered eyes")
    page.check("#recipe-founding")
    page.fill("#seed_size", str(SEEDS))
    page.fill("#group_pattern", GROUP_PATTERN)
    page.check("#from_scratch")
    page.click("text=Create the project")
    page.wait_for_url(re.compile(r"/projects/\d+"))
    return re.match(r".*/projects/\d+", page.url).group(0)  # type: ignore[union-attr]


def upload(page: Page, project: str, file: Path) -> None:
    page.goto(f"{project}/images")
    page.set_input_files("#files", file)
    expect(page.locator("#grid")).to_contain_text("160", timeout=30_000)


def answer_the_seed(page: Page, project: str, truth: dict[str, str]) -> None:
    """By keys alone; one answer is taken back, and that outlives a reload."""
    page.goto(project)
    expect(page.locator(".panel.next")).to_contain_text(f"Label {SEEDS} images")
    page.keyboard.press("l")
    page.wait_for_url("**/label")
    answer(page, truth, SEEDS)
    with page.expect_response("**/annotations/undo"):
        page.keyboard.press("Backspace")
    page.reload()
    expect(page.locator("#pile-progress")).to_have_text(f"{SEEDS - 1} of {SEEDS} seed answers")
    answer(page, truth, 1)


def train_the_labelers(page: Page, project: str) -> None:
    page.goto(f"{project}/labelers")
    page.keyboard.press("t")
    expect(page.locator("h1")).to_contain_text("learning")
    wait_for_job(page, f"{project}/labelers", r"Round 1: they agree on")
    expect(page.locator(".curves figure")).to_have_count(4)


def doubt_one(page: Page) -> None:
    page.locator(".tile:not([aria-pressed])").first.focus()
    with page.expect_response("**/doubt"):
        page.keyboard.press("d")
    expect(page.locator(".tile[aria-pressed=true]")).to_have_count(1)


def settle_the_unclear(page: Page, project: str, truth: dict[str, str]) -> None:
    page.goto(f"{project}/review")
    expect(page.locator("#pile-progress")).to_have_text(re.compile(r"^0 of [1-9]\d* settled"))
    waiting = page.inner_text("#pile-progress").split()[2]  # with the doubted one, whoever had labelled it
    answer(page, truth, int(waiting))
    expect(page.locator("#message")).to_contain_text("No unclear image waits for your answer.")


def hold_a_bakeoff(page: Page, project: str) -> None:
    page.goto(f"{project}/results")
    for box in page.locator("input[name=models]").all():
        box.set_checked(box.get_attribute("value") in {"mobilenet_v3_small", "yolov8n-cls"})
    page.fill("[name=settings]", "epochs=8, input_size=48")
    page.locator("h1").first.click()  # a key is a letter as long as the field has the focus
    page.keyboard.press("b")
    expect(page.locator("h1").first).to_contain_text("are training")
    wait_for_job(page, f"{project}/results", r"Bake-off 1")


def look_at_the_results(page: Page) -> None:
    """The figures follow the threshold, and a number opens its images."""
    expect(page.locator(".standings tbody tr")).to_have_count(2)
    page.evaluate(
        "() => { const t = document.querySelector('#threshold'); t.value = 0;"
        " t.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    expect(page.locator("#threshold-out")).to_have_text(".00")
    page.locator(".matrix td a").nth(1).click()
    expect(page.locator("#cell")).to_contain_text("said open")


def take_the_labels_away(page: Page, project: str) -> None:
    csv = page.request.get(f"{project}/export/labels.csv").text().splitlines()
    assert len(csv) == 161
    folders = zipfile.ZipFile(io.BytesIO(page.request.get(f"{project}/export/folders.zip").body()))
    assert len(folders.namelist()) == 160
