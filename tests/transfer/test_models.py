"""A classifier on its way out: the zip, its card, and what is refused."""

from __future__ import annotations

import io
import zipfile

from fastapi.testclient import TestClient

from app.config import Settings
from app.db import Database
from app.models import UNSEEN, AnnotationSource, Bakeoff, Classifier, Image
from app.transfer.card_facts import SOURCES
from ml.contract import Manifest, Pack
from ml.rundir import MANIFEST, write_text
from tests.factories import add_project
from tests.transfer.conftest import Loop, add_bakeoff
from tests.web import parsed


def test_a_classifier_leaves_with_its_config_and_its_card(engineer: TestClient, loop: Loop, classifier_id: int):
    sent = engineer.get(f"/projects/{loop.project_id}/export/models/{classifier_id}.zip")
    assert 'filename="resnet18.zip"' in sent.headers["content-disposition"]
    archive = zipfile.ZipFile(io.BytesIO(sent.content))
    assert archive.testzip() is None
    names = {"config.json", "model.safetensors", "MODEL_CARD.md"}
    assert set(archive.namelist()) == {f"resnet18/{name}" for name in names}
    card = archive.read("resnet18/MODEL_CARD.md").decode()
    assert 'load_model("resnet18.zip")' in card
    assert "| equal error rate | 0.0200 | 0.0100 to 0.0400 |" in card
    assert card == engineer.get(f"/projects/{loop.project_id}/export/models/{classifier_id}/card.md").text


def test_the_card_says_what_went_wrong_and_whose_word_the_labels_are(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop, classifier_id: int
):
    freeze(database, settings, classifier_id)
    page = parsed(engineer.get(f"/projects/{loop.project_id}/export/models/{classifier_id}/card"))
    text = " ".join(page.select_one("main").get_text(" ").split())
    assert "2 of 4 test images are judged wrong" in text
    assert "1 of 2 closed are called open" in text
    assert "1 of the wrong ones are said with a probability of 0.9 or more" in text
    assert "Where the label is from people, in review, it differs on 1 of 1 (100.0%)" in text
    assert "2 of these labels are the word of other models" in text
    assert "Seed: 3." in text
    assert "As many" not in text
    cells = [[cell.get_text() for cell in row("td")] for row in page.select("table")[0].select("tbody tr")]
    assert cells == [["closed", "1", "1", "2"], ["open", "1", "1", "2"]]


def test_the_card_knows_every_source_that_a_label_may_have():
    assert {*AnnotationSource, *UNSEEN} - set(SOURCES) == {AnnotationSource.REPEAT}  # which never is a label


def test_the_card_leaves_out_what_is_of_other_models_and_of_the_machine(
    engineer: TestClient, database: Database, loop: Loop, classifier_id: int
):
    with database.write() as session:
        bakeoff = session.get_one(Bakeoff, session.get_one(Classifier, classifier_id).bakeoff_id)
        title = session.get_one(Classifier, classifier_id).title
        notes = [
            f"VGG-11 and {title}: trained from scratch.",
            "VGG-11: tuned.",
            "Judged by 5 folds: every image.",
        ]
        bakeoff.report = {**bakeoff.report, "notes": notes, "preset": "report"}
    page = engineer.get(f"/projects/{loop.project_id}/export/models/{classifier_id}/card")
    text = " ".join(parsed(page).select_one("main").get_text(" ").split())
    assert "trained from scratch." in text
    assert "Judged by 5 folds" in text
    assert "VGG-11: tuned" not in text
    assert "Settings: the founding report's." in text
    assert "checkpoint every s" not in text
    assert text.count("code test") == 0, "the code is named once, by itself"


def freeze(database: Database, settings: Settings, classifier_id: int) -> None:
    """Write the run's manifest: a person's and an accepted label of either class."""
    with database.read() as session:
        bakeoff = session.get_one(Bakeoff, session.get_one(Classifier, classifier_id).bakeoff_id)
    manifest = Manifest(
        job_id=bakeoff.job_id, kind="bakeoff", classes=["closed", "open"], class_ids=bakeoff.class_ids,
        positive=1,
        pack=Pack("nowhere", "a" * 64), image_ids=[1, 2, 3, 4, 5], sha256=["0" * 64] * 5, groups=["g"] * 5,
        labels=[0, 0, 1, 1, -1], sources=["human", "accepted", "human", "accepted", ""], models=["resnet18"],
    )  # fmt: skip
    write_text(settings.runs_dir / bakeoff.job_id / MANIFEST, manifest.to_json())


def test_the_card_names_the_slices_that_fail_and_the_labels_in_doubt(
    engineer: TestClient, database: Database, loop: Loop, classifier_id: int
):
    fine = {"images": 90, "wrong": 3, "worse": False, "accuracy": {"value": 0.97, "low": 0.9, "high": 1.0}}
    dark = {**fine, "images": 40, "wrong": 10, "worse": True}
    base = f"/projects/{loop.project_id}/export/models/{classifier_id}/card.md"
    told = "10 of 40 wrong (25.0%) in the slice brightness: dark"
    for part, says in ((dark, told), (fine, "no part was found worse")):
        with database.write() as session:
            bakeoff = session.get_one(Bakeoff, session.get_one(Classifier, classifier_id).bakeoff_id)
            bakeoff.findings = {
                "cuts": [{"name": "brightness", "slices": ["dark", "bright"]}],
                "slices": {"resnet18": [[part, fine]]},
                "doubts": [{"row": 1, "suspect": True}, {"row": 2, "suspect": False}],
            }
        card = engineer.get(base).text
        assert says in card
        assert "1 of the test labels are in doubt" in card


def test_the_card_of_frozen_features_names_no_settings_that_taught_them_nothing(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop
):
    names = ("resnet18", "features:compact+svm")
    cards = [
        engineer.get(f"/projects/{loop.project_id}/export/models/{classifier_id}/card.md").text
        for classifier_id in add_bakeoff(database, settings, loop.project_id, loop.images, *names)
    ]
    assert ["| epochs | 2 |" in card for card in cards] == [True, False]
    assert ["Best epoch" in card for card in cards] == [True, False]


def test_what_a_person_named_cannot_break_the_card(
    engineer: TestClient, database: Database, loop: Loop, classifier_id: int
):
    with database.write() as session:
        bakeoff = session.get_one(Bakeoff, session.get_one(Classifier, classifier_id).bakeoff_id)
        bakeoff.report = {**bakeoff.report, "notes": ["<script>alert(1)</script> | *bold* `x`"]}
    base = f"/projects/{loop.project_id}/export/models/{classifier_id}/card"
    assert r"\<script\>alert(1)\</script\> \| \*bold\* \`x\`" in engineer.get(f"{base}.md").text
    assert "<script>alert" not in engineer.get(base).text


def test_an_image_deleted_since_is_only_left_out_of_the_card(
    engineer: TestClient, database: Database, loop: Loop, classifier_id: int
):
    with database.write() as session:
        session.delete(session.get_one(Image, loop.images[3]))
    card = engineer.get(f"/projects/{loop.project_id}/export/models/{classifier_id}/card.md")
    assert card.status_code == 200


def test_a_classifier_whose_files_are_gone_says_so(
    engineer: TestClient, database: Database, settings: Settings, loop: Loop, classifier_id: int
):
    with database.read() as session:
        folder = session.get_one(Classifier, classifier_id).folder
    (settings.runs_dir / folder / "model.safetensors").unlink()
    base = f"/projects/{loop.project_id}/export/models/{classifier_id}"
    for sent in (engineer.get(f"{base}.zip"), engineer.get(f"{base}/card"), engineer.post(f"{base}/portable")):
        assert sent.status_code == 404
        assert "The files of Resnet18 are missing" in sent.text


def test_a_classifier_of_another_project_is_as_absent(
    engineer: TestClient, database: Database, loop: Loop, classifier_id: int
):
    with database.write() as session:
        other = add_project(session, "other").id
    for wanted in (classifier_id, 0, classifier_id + 999, 2**40):
        assert engineer.get(f"/projects/{other}/export/models/{wanted}.zip").status_code == 404
