"""The recipe `squint`, with tiny real models: rounds, caching, and the plain sentences where little is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from app.images.rendered import render_eyes
from ml import pretraining, rundir, simulation
from ml.calibration import fold_of_all
from ml.compact_view import CompactView
from ml.contract import SIMULATION, SIMULATION_RESULT, RunResult, SimulationPlan
from ml.errors import RunError
from ml.finetune import Told
from ml.labelers import squint
from ml.labelers.evidence import Answers, all_wrong_of
from ml.labelers.squint import Opinion
from ml.pixels import pack
from ml.remembered import Judgement
from ml.rounds import answers_of
from ml.small import SmallImages, shrink
from ml.training import execute, read_manifest
from ml.views import Lesson
from tests.ml.conftest import MakeRun, pictures, result_of, scores_of

QUICK = {"pretrain_images": 100, "steps": 8, "folds": 2, "draws": 5, "threads": 1}
LEARNS = {"pretrain_images": 400, "steps": 25, "folds": 2}
MakeRound = Callable[..., Path]


@pytest.fixture
def make_round(make_run: MakeRun) -> MakeRound:
    def make(pixels: np.ndarray, known: list[int], **changes: Any) -> Path:
        folder = make_run(count=len(known), models=(), recipe="squint", labels=known, **changes)
        np.save(folder / "pixels.npy", pixels)
        manifest = json.loads((folder / rundir.MANIFEST).read_text())
        manifest |= {
            "settings": {**QUICK, **changes.get("settings", {})},
            "groups": [str(i) for i in range(len(known))],
        }
        manifest["sources"] = ["human" if label >= 0 else "" for label in known]
        (folder / rundir.MANIFEST).write_text(json.dumps(manifest))
        return folder

    return make


def eyes(count: int) -> tuple[np.ndarray, list[int]]:
    drawn = list(render_eyes(count, 3))
    return pack([picture for *_, picture in drawn], (24, 24), grey=True), [
        int(said == "open") for _, said, _ in drawn
    ]


def partly(labels: list[int], count: int) -> list[int]:
    return [label if i < count else -1 for i, label in enumerate(labels)]


def test_a_round_judges_every_image(make_round: MakeRound):
    pixels, labels = eyes(240)
    folder = make_round(
        pixels, partly(labels, 80), at_random=[i < 60 for i in range(240)], settings={**LEARNS, "target": 0.1}
    )
    execute(folder)
    scores, result = scores_of(folder), result_of(folder)
    assert scores["image_ids"].tolist() == list(range(100, 340))
    for name in ("probability", "probs_compact", "probs_features", "probs_edges"):
        assert scores[name].dtype == np.float32
        assert np.allclose(scores[name].sum(1), 1, atol=1e-5)
    assert (scores["probability"].argmax(1) == labels)[80:].mean() > 0.8
    assert scores["accepted"].dtype == bool
    assert not scores["accepted"][:80].any()
    assert scores["priority"].dtype == np.float32
    assert scores["priority"][:80].max() < scores["priority"][80:].min()
    assert sum(labeler.weight for labeler in result.labelers) == pytest.approx(1)
    for labeler in result.labelers:
        assert labeler.error_low <= labeler.error <= labeler.error_high
        assert labeler.checked == 60
    assert result.accepted_wrong is not None
    assert 0 <= result.accepted_wrong.low <= result.accepted_wrong.high <= 1
    assert result.all_wrong is not None
    assert 0 <= result.all_wrong.low <= result.all_wrong.estimate <= result.all_wrong.high <= 1
    assert RunResult.from_json(result.to_json()) == result
    assert rundir.is_done(folder)


def test_how_sure_they_are_is_told_by_answers_drawn_by_lot_from_all_or_for_an_audit(make_round: MakeRound):
    pixels, labels = pictures(20)
    seed, checked = [i < 6 for i in range(20)], [8 <= i < 18 for i in range(20)]

    def by_lot(**told: list[bool]) -> list[int]:
        folder = make_round(pixels, partly(labels, 16), **told)
        return answers_of(read_manifest(folder)).by_lot.tolist()

    assert by_lot(at_random=seed) == [*range(6)]
    assert by_lot(at_random=seed, audited=checked) == [*range(6), *range(8, 16)]
    assert by_lot(audited=checked) == [*range(16)]
    with pytest.raises(RunError, match="damaged"):
        by_lot(audited=checked[:5])


def test_a_second_round_reuses_what_was_learnt_and_gives_the_same_for_the_same(
    make_round: MakeRound, monkeypatch: pytest.MonkeyPatch
):
    pixels, labels = pictures(60)
    folder = make_round(pixels, partly(labels, 30))
    execute(folder)
    before = scores_of(folder)

    def never(*_arguments: object) -> None:
        raise AssertionError("learnt twice")

    monkeypatch.setattr(pretraining, "_one_epoch", never)
    execute(folder)
    assert all(np.array_equal(before[name], values) for name, values in scores_of(folder).items())


def test_the_compact_net_learns_again_once_enough_answers_are_new(
    make_round: MakeRound, monkeypatch: pytest.MonkeyPatch
):
    pixels, labels = pictures(120)
    learnt: list[int] = []
    own = CompactView._learn

    def noted(view: CompactView, lesson: Lesson, told: Told) -> Judgement:
        learnt.append(len(lesson.rows))
        return own(view, lesson, told)

    monkeypatch.setattr(CompactView, "_learn", noted)
    folder = make_round(pixels, partly(labels, 30))
    manifest = json.loads((folder / rundir.MANIFEST).read_text())
    for count in (30, 50, 79, 80, 90):
        known = partly(labels, count)
        sources = ["human" if label >= 0 else "" for label in known]
        (folder / rundir.MANIFEST).write_text(json.dumps(manifest | {"labels": known, "sources": sources}))
        execute(folder)
    assert learnt == [30, 80]
    assert "The compact net learnt from 80 answers." in result_of(folder).notes


def test_what_was_learnt_earlier_judges_no_answer_that_it_has_seen():
    """The second image of a group is answered later: it too is judged by the net that knew none of it."""
    said, unseen = np.zeros((4, 2), np.float32), np.ones((4, 2), np.float32)
    fold_of = fold_of_all(np.array([0, 3]), np.array([0, 1]), ["a", "a", "b", "c"])
    assert fold_of.tolist() == [0, 0, -1, 1]
    judged = Judgement(said, np.where(fold_of[:, None] < 0, said, unseen), np.array([1, -1, -1, 0]))
    assert judged.of(np.array([1, 2]))[:, 0].tolist() == [0, 1, 0, 0]


def test_colour_three_classes_and_other_sizes(make_round: MakeRound):
    small, labels = pictures(90, classes=3)
    pixels = small.repeat(2, 1).repeat(3, 2).repeat(3, 3)
    folder = make_round(pixels, partly(labels, 60), classes=3, settings=LEARNS)
    execute(folder)
    assert (scores_of(folder)["probability"].argmax(1) == labels)[60:].mean() > 0.8


def test_ten_classes_of_which_two_have_no_answer_yet(make_round: MakeRound):
    digits = load_digits()
    pixels = (digits.images[:200, :, :, None] * 15.9).astype(np.uint8)
    known = [int(digit) if i < 100 and digit < 8 else -1 for i, digit in enumerate(digits.target[:200])]
    folder = make_round(pixels, known, classes=10, settings={"steps": 20, "target": 0.3})
    execute(folder)
    scores, result = scores_of(folder), result_of(folder)
    assert scores["probability"].shape == (200, 10)
    assert np.isfinite(scores["probability"]).all()
    rest = np.array(known) < 0
    right = scores["probability"].argmax(1) == digits.target[:200]
    assert right[rest & (digits.target[:200] < 8)].mean() > 0.5
    assert scores["probability"][scores["accepted"]].argmax(1).max(initial=0) < 8
    assert [note for note in result.notes if "class8" in note] == [
        "Nothing is accepted as class8 yet: 5 answers are needed; it has 0."
    ]


def test_what_the_recipe_accepted_before_teaches_it_nothing(make_round: MakeRound):
    pixels, labels = pictures(60)
    folder = make_round(pixels, labels)
    manifest = json.loads((folder / rundir.MANIFEST).read_text())
    manifest["sources"] = ["human"] * 30 + ["accepted"] * 30
    (folder / rundir.MANIFEST).write_text(json.dumps(manifest))
    execute(folder)
    assert result_of(folder).split_counts["train"] == 30


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        ([-1] * 40, "There are no answers yet"),
        ([1] * 30 + [-1] * 10, "All answers so far are of one class"),
        ([1] + [-1] * 39, "All answers so far are of one class"),
    ],
)
def test_without_two_classes_it_says_so(make_round: MakeRound, known: list[int], sentence: str):
    with pytest.raises(RunError, match=sentence):
        execute(make_round(pictures(40)[0], known))


def test_three_seeds_order_the_images_and_accept_none(make_round: MakeRound):
    pixels, labels = pictures(40)
    folder = make_round(pixels, partly(labels, 3))
    execute(folder)
    assert not scores_of(folder)["accepted"].any()
    assert "Nothing is accepted before there are 20 answers; there are 3." in result_of(folder).notes
    assert np.isfinite(scores_of(folder)["priority"]).all()


def test_nothing_is_accepted_as_a_class_that_has_just_appeared(make_round: MakeRound):
    pixels, labels = pictures(90)
    known = partly(labels, 60)
    known[7] = 2
    folder = make_round(pixels, known, classes=3, settings={"target": 0.2})
    execute(folder)
    scores = scores_of(folder)
    assert set(scores["probability"][scores["accepted"]].argmax(1)) <= {0, 1}
    assert "Nothing is accepted as class2 yet: 5 answers are needed; it has 1." in result_of(folder).notes


def test_images_that_are_all_the_same_are_no_reason_to_crash_or_to_accept(make_round: MakeRound):
    folder = make_round(np.full((40, 16, 16, 1), 128, np.uint8), [i % 2 if i < 30 else -1 for i in range(40)])
    execute(folder)
    assert not scores_of(folder)["accepted"].any()
    assert np.isfinite(scores_of(folder)["probability"]).all()


def test_an_unknown_setting_is_named(make_round: MakeRound):
    with pytest.raises(RunError, match="epochs is no training setting"):
        execute(make_round(pictures(40)[0], [0, 1] * 20, settings={"epochs": 3}))


def test_large_images_are_shrunk(tmp_path: Path):
    images = shrink(np.zeros((3, 100, 200, 3), np.uint8), torch.device("cpu"))
    assert isinstance(images, SmallImages)
    assert (images.side, images.channels) == (64, 3)


@pytest.mark.parametrize("recipe", ["squint", "founding"])
def test_a_replayed_project(tmp_path: Path, recipe: Any, monkeypatch: pytest.MonkeyPatch):
    pixels, labels = pictures(110)
    np.save(tmp_path / "pixels.npy", pixels)
    settings = QUICK if recipe == "squint" else {"epochs": 1, "input_size": 32, "threads": 1}
    names = [f"{i}.png" for i in range(110)]
    plan = SimulationPlan(names, ["a", "b"], labels, labels, "x", recipe, 105, settings=settings)
    (tmp_path / SIMULATION).write_text(json.dumps(vars(plan)))
    judged: list[int] = []

    def judge(prepared: Any, answers: Answers, *others: Any) -> Opinion:
        judged.append(len(answers.rows))
        assert answers.at_random.sum() == 30
        return squint.judge(prepared, answers, *others)

    monkeypatch.setattr(simulation, "judge", judge)
    simulation.execute(tmp_path)
    assert judged == ([*range(30, 101, 10), 105] if recipe == "squint" else [])
    answer = json.loads((tmp_path / SIMULATION_RESULT).read_text())
    rows = [row["answers"] for row in answer["curve"]]
    assert rows == ([50, 100, 105] if recipe == "squint" else rows)
    assert rows[-1] <= 105
    for row in answer["curve"]:
        assert row["answers"] + row["unclear"] + row["accepted"] == 110
        assert 0 <= row["wrong_in_all"] <= 1


def test_the_range_for_all_labels_holds_what_the_likely_calibrations_say_and_luck():
    labels = np.where(np.arange(4000) < 100, 0, -1)
    answers = Answers(labels, [str(i) for i in range(4000)], labels == 0, np.zeros(4000, bool))
    alike = all_wrong_of(np.full((50, 4000), 0.05), answers)
    assert alike.estimate == pytest.approx(0.05 * 3900 / 4000)
    luck = 1.96 * (3900 * 0.05 * 0.95) ** 0.5 / 4000
    assert (alike.low, alike.high) == pytest.approx((alike.estimate - luck, alike.estimate + luck))
    apart = all_wrong_of(np.linspace(0.01, 0.09, 50)[:, None].repeat(4000, 1), answers)
    assert apart.estimate == pytest.approx(alike.estimate)
    assert apart.low < 0.015
    assert apart.high > 0.085
