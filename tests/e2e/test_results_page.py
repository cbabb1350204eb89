"""The results page in real Chromium: figures move without the server, every number opens its images."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.labeling.service import add_imported
from app.models import Annotation, Image, Project
from app.results.queries import get_bakeoff, read_board
from app.results.tasks import publish
from ml.metrics import confusion_at, summarise
from tests.e2e.screens import Server, sign_in
from tests.factories import add_images, add_project, add_user
from tests.finished import add_findings, add_job, finished_run

pytestmark = pytest.mark.e2e
COUNT = 80
Scores = NDArray[np.float32]
Flags = NDArray[np.bool_]


def add_bakeoff(session: Session, settings: Settings, project: Project) -> None:
    images = add_images(session, project, COUNT)
    labels = np.arange(COUNT) % 2
    author = add_user(session).id
    rows = [
        {
            "project_id": project.id, "image_id": image.id, "author_id": author,
            "class_id": project.classes[label].id, "source": "import", "idempotency_key": f"import-{image.id}",
        }
        for image, label in zip(images, labels.tolist(), strict=True)
    ]  # fmt: skip
    add_imported(session, rows)
    dice = np.random.default_rng(3)
    given = {}
    for name, noise in (("resnet18", 0.25), ("resnet50", 0.35)):
        score = np.clip(labels * 0.5 + 0.25 + dice.normal(0, noise, COUNT), 0.01, 0.99)
        given[name] = np.stack([1 - score, score], 1).astype(np.float32)
    job = add_job(session, project, "bakeoff")
    metrics = summarise(labels, given["resnet18"], [str(i) for i in range(COUNT)], 1)
    metrics["cost"] = {"latency_ms": 1.5, "images_per_s": 900.0, "peak_mb": 300.0}
    folder = finished_run(
        Path(settings.runs_dir) / job.id, project, "bakeoff", images, given, labels.tolist(), metrics
    )
    add_findings(folder)
    publish(session, settings, job, folder)


@pytest.fixture
def seen(browser: Browser, server: Server) -> Iterator[tuple[Page, str, Database, list[str]]]:
    """A browser on the results page, its address, and what the browser asks the server for."""
    settings = Settings(data_dir=server.data_dir, _env_file=None)
    database = Database(settings.db_url)
    with database.write() as session:
        project = add_project(session)
        add_bakeoff(session, settings, project)
        user = add_user(session, "admin")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, database, user.id, server.url)
    page = context.new_page()
    problems: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("request", lambda request: asked.append(request.url))
    address = f"{server.url}/projects/{project.id}/results"
    page.goto(address)
    expect(page.locator("#curve .line")).to_have_count(1)
    expect(page.locator("#doubts")).to_be_visible()
    expect(page.locator("#galleries .tile").first).to_be_visible()
    yield page, address, database, asked
    context.close()
    database.close()
    assert problems == []


TOPS = "parts => parts.map((part) => document.querySelector(part).getBoundingClientRect().top)"


def project_of(address: str) -> int:
    return int(address.split("/")[-2])


def cells(page: Page) -> list[int]:
    return [int(text) for text in page.locator(".matrix [data-cell]:visible").all_inner_texts()]


def test_thresholds_move_all_figures_in_the_browser_and_galleries_follow(
    seen: tuple[Page, str, Database, list[str]],
):
    page, address, database, asked = seen
    with database.read() as session:
        board = read_board(session, get_bakeoff(session, project_of(address)))
    positive, score = board.labels == 1, board.contenders[0].scores[:, 1]

    asked.clear()
    move_the_threshold(page, positive, score)
    assert {url.split("?")[0] for url in asked if "/results" in url} == {f"{address}/galleries"}
    leave_a_band_unanswered(page, score)
    take_a_curve_away(page)
    open_a_point_of_the_curve(page, score)


def move_the_threshold(page: Page, positive: Flags, score: Scores) -> None:
    """By keys from .6 to .35: the table, the matrix, the galleries, the address and the choice follow."""
    page.focus("#threshold")
    for _ in range(25):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#threshold-out")).to_have_text(".35")
    expect(page.locator("[data-row='1'] [data-column=answered]")).to_be_hidden()
    found = confusion_at(positive, score, 0.35)
    counts = [found.true_negative, found.false_positive, found.false_negative, found.true_positive]
    expect(page.locator('[data-cell="0,0"]')).to_have_text(str(counts[0]))
    assert cells(page) == counts
    assert page.inner_text("[data-row='1'] [data-column=recall]") == f"{found.recall:.3f}".removeprefix("0")
    expect(page.locator("#galleries h2").first).to_have_text(
        re.compile(f"· {found.false_positive}$", re.IGNORECASE)
    )
    assert "threshold=0.35" in page.url
    expect(page.locator("#use button")).to_have_text("Use this one from .350 on")
    expect(page.locator("#use [name=threshold]")).to_have_value("0.35")


def leave_a_band_unanswered(page: Page, score: Scores) -> None:
    page.click("[data-threshold='0.7'][data-from='0.3']")
    between = count_between(score, 0.3, 0.7)
    expect(page.locator("#outcome")).to_contain_text(f"({between})")
    answered = page.locator("[data-row='1'] [data-column=answered]")
    expect(answered).to_have_text(f"{1 - between / COUNT:.3f}".removeprefix("0"))
    shown = [int(text) for text in page.locator(".matrix [data-cell]").all_inner_texts() if text]
    right, wrong = shown[0] + shown[4], shown[1] + shown[3]
    expect(page.locator("[data-row='1'] [data-column=accuracy]")).to_have_text(
        f"{right / (right + wrong):.3f}".removeprefix("0")
    )
    expect(page.locator("#galleries h2").nth(2)).to_have_text(re.compile(f"not sure · {between}", re.IGNORECASE))


def take_a_curve_away(page: Page) -> None:
    """Every curve has its tab; the last one leaves as a table and as a picture."""
    for name in ("det", "pr", "calibration", "coverage"):
        page.keyboard.press("Tab")
        page.click(f"#tab-{name}")
        expect(page.locator("#curve .line").last).to_be_attached()
    with page.expect_download() as download:
        page.locator("#curve .downloads button", has_text="CSV").click()
    assert download.value.suggested_filename == "coverage-and-error-of-resnet18.csv"
    with page.expect_download() as download:
        page.locator("#curve .downloads button", has_text="PNG").click()
    assert download.value.suggested_filename.endswith(".png")


def open_a_point_of_the_curve(page: Page, score: Scores) -> None:
    page.focus("#curve svg")
    for key in ("ArrowRight", "Enter"):
        page.keyboard.press(key)
    low, high = (float(page.input_value(slider)) for slider in ("#from", "#threshold"))
    assert low == pytest.approx(1 - high)
    expect(page.locator("#cell h2")).to_have_text(f"ResNet18: not sure · {count_between(score, low, high)}")


def count_between(score: Scores, low: float, high: float) -> int:
    return int(((score >= np.float32(low)) & (score < np.float32(high))).sum())


def test_a_slider_moved_before_the_pages_script_had_come_counts(seen: tuple[Page, str, Database, list[str]]):
    page, _, _, _ = seen
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/results/page.js*", hold)
    page.reload(wait_until="commit")
    page.focus("#threshold")
    page.keyboard.press("Home")
    while not late:
        page.wait_for_timeout(10)
    late.pop().continue_()
    expect(page.locator("#threshold-out")).to_have_text(".00")
    expect(page.locator('[data-cell="1,0"]')).to_have_text("0")
    expect(page.locator("#use [name=threshold]")).to_have_value("0")
    expect(page.locator("#galleries .tile").first).to_be_visible()


def test_a_point_of_another_models_curve_opens_what_that_model_says(
    seen: tuple[Page, str, Database, list[str]],
):
    page, address, database, _asked = seen
    with database.read() as session:
        other = read_board(session, get_bakeoff(session, int(address.split("/")[-2]))).contenders[1].scores[:, 1]
    page.click("#tab-calibration")
    page.check("#everyone")
    expect(page.locator("#curve .line")).to_have_count(3)
    page.focus("#curve svg")
    words = page.locator("#curve .words")
    page.keyboard.press("ArrowRight")
    while not words.inner_text().startswith("ResNet50:"):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    low, high = map(float, re.findall(r"score (\S+) to (\S+),", words.inner_text())[0])
    inside = int(((other >= np.float32(low)) & (other < np.float32(high))).sum())
    expect(page.locator("#cell h2")).to_have_text(re.compile(f"^ResNet50: score .* · {inside}$"))


def test_the_contents_lead_to_every_part_and_a_key_opens_the_training_form(
    seen: tuple[Page, str, Database, list[str]],
):
    page, address, _database, asked = seen
    contents = page.locator("#contents")
    expect(contents.get_by_role("link", name="Slices")).to_be_visible()
    contents.get_by_role("link", name="Doubts").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#doubts h2")).to_be_in_viewport()
    expect(contents.locator("[aria-current]")).to_have_text(re.compile("Doubts|Who is better"))
    expect(contents).to_be_in_viewport()

    asked.clear()
    button = page.get_by_role("button", name="Train and compare")
    expect(button).to_be_hidden()
    page.keyboard.press("b")
    expect(button).to_be_visible()
    page.keyboard.press("b")
    expect(button).to_be_hidden()
    contents.get_by_role("link", name="Train again").click()
    expect(button).to_be_visible()
    assert [url for url in asked if url.startswith(address)] == []

    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("about:blank")
    page.goto(f"{address}#leaks")
    expect(page.locator("#leaks h2")).to_be_in_viewport()
    expect(contents).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    order = ["#models", "#choice", "#matrix", "#galleries", "#charts", "#doubts", "#train"]
    tops = page.evaluate(TOPS, order)  # at one moment: galleries may still come in and move all
    assert tops == sorted(tops), "a phone shows the models first, then their errors"
    error = page.locator(".standings td[data-column=eer]").first.bounding_box()
    assert error["x"] + error["width"] <= 390, "by what the models are sorted is seen without scrolling sideways"  # type: ignore[index]


def test_the_whole_table_of_the_report_is_seen_on_a_laptop(
    seen: tuple[Page, str, Database, list[str]], tmp_path: Path
):
    page, address, _database, _asked = seen
    report = tmp_path / "report.html"
    report.write_bytes(page.request.get(f"{address.removesuffix('results')}export/report.html").body())
    page.goto(report.as_uri())
    table = page.locator(".scroll:has(.standings)")
    assert table.evaluate("box => box.scrollWidth <= box.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_bar_opens_its_images_and_a_key_relabels_one_and_takes_it_back(
    seen: tuple[Page, str, Database, list[str]],
):
    page, address, database, _asked = seen
    page.locator("[data-chart=histogram] svg").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#cell .tile").first).to_be_focused()
    tile = page.locator("#cell .tile").first
    image_id = int(tile.get_attribute("data-image") or 0)
    with database.read() as session:
        before = session.get_one(Image, image_id).class_id
        classes = [c.id for c in session.get_one(Project, project_of(address)).classes]
    key = str(1 + (before == classes[0]))
    with page.expect_response("**/label"):
        page.keyboard.press(key)
    expect(tile.locator(".now")).to_contain_text("now")
    with database.read() as session:
        assert session.get_one(Image, image_id).class_id != before
        newest = session.scalars(select(Annotation).order_by(Annotation.id.desc())).first()
        assert newest is not None
        assert newest.source == "issue"
    with page.expect_response("**/undo"):
        page.keyboard.press("z")
    expect(tile.locator(".now")).to_have_text("taken back")
    with database.read() as session:
        assert session.get_one(Image, image_id).class_id == before
    with page.expect_response("**/doubt"):
        page.keyboard.press("d")
    expect(tile).to_have_attribute("aria-pressed", "true")

    page.locator("[data-sort=precision]").click()
    expect(page.locator("th[aria-sort=descending] a")).to_have_text("precision")
    page.locator("[data-model]", has_text="ResNet50").click()
    expect(page.locator("tr[aria-current] th")).to_contain_text("ResNet50")
    expect(page.locator("#curve svg")).to_have_attribute("aria-label", re.compile("ResNet50"))
