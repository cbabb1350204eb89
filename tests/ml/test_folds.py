"""Folds: every labelled image is judged by a model that saw nothing of its group; the kept one saw them all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ml import engine, rundir
from ml.errors import RunError
from ml.model_folder import CONFIG, read_config
from ml.splitting import fold_rows
from ml.training import execute
from tests.ml.conftest import MakeRun, pictures, result_of, scores_of, write_run

COUNT, FOLDS = 72, 3


@pytest.fixture(scope="module")
def crossed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished bake-off by folds, with twelve images that nobody has labelled."""
    _pixels, labels = pictures(COUNT)
    folder = write_run(
        tmp_path_factory.mktemp("folds"), "bakeoff", ("compact",), COUNT, folds=FOLDS,
        labels=[*labels[:-12], *[-1] * 12], tuned={"compact": {"learning_rate": 0.003}},
    )  # fmt: skip
    execute(folder)
    return folder


def test_every_labelled_image_is_judged_once_and_no_group_parts(crossed: Path):
    scores = scores_of(crossed)
    assert scores["image_ids"].tolist() == list(range(100, 100 + COUNT - 12))
    assert scores["labels"].tolist() == pictures(COUNT)[1][:-12]
    assert (scores["fold"].dtype, set(scores["fold"].tolist())) == (np.int8, {0, 1, 2})
    assert np.allclose(scores["probs_compact"].sum(1), 1, atol=1e-5)
    for face in range((COUNT - 12) // 4):
        assert len(set(scores["fold"][face * 4 : face * 4 + 4])) == 1
    splits = json.loads((crossed / rundir.SPLITS).read_text())
    assert [len(ids) for ids in splits["folds"]] == [(scores["fold"] == k).sum() for k in range(FOLDS)]
    assert len(splits["train"]) + len(splits["validate"]) == COUNT - 12
    assert splits["test"] == []


def test_the_result_says_how_it_was_judged_and_what_the_kept_model_learned_from(crossed: Path):
    result = result_of(crossed)
    model = result.models[0]
    assert result.split_counts["test"] == COUNT - 12
    assert model.metrics["images"] == COUNT - 12
    assert model.metrics["groups"] == (COUNT - 12) // 4
    assert model.metrics["figures"]["eer"]["low"] <= model.metrics["figures"]["eer"]["high"]
    assert "Judged by 3 folds" in result.notes[0]
    assert "settings that a search chose, on some of the images that judge here" in result.notes[1]
    assert len(result.notes) == 2, "nobody has trained a compact net before"
    trained = read_config((crossed / model.folder / CONFIG).read_text()).trained
    assert trained["settings"]["learning_rate"] == 0.003
    assert (trained["folds"], sum(trained["images"].values())) == (FOLDS, COUNT - 12)


def test_no_model_is_shown_the_fold_that_it_judges(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch):
    trainings: list[dict[bool, set[int]]] = []
    own_fit, own_batch = engine.fit_together, engine.Images.batch

    def watched_fit(*told: object) -> object:
        trainings.append({True: set(), False: set()})
        return own_fit(*told)  # type: ignore[arg-type]

    def watched_batch(self: engine.Images, rows: np.ndarray) -> torch.Tensor:
        trainings[-1][not torch.is_inference_mode_enabled()] |= set(rows.tolist())
        return own_batch(self, rows)

    monkeypatch.setattr("ml.learning.fit_together", watched_fit)
    monkeypatch.setattr(engine.Images, "batch", watched_batch)
    folder = make_run("bakeoff", ("compact",), count=COUNT, folds=FOLDS, settings={"epochs": 1})
    execute(folder)
    fold = scores_of(folder)["fold"]
    for k, seen in enumerate(trainings[1:]):
        assert not seen[True] & set(np.flatnonzero(fold == k).tolist())
        assert seen[True] | seen[False] == set(range(COUNT))


def test_a_fold_that_is_finished_is_not_trained_again(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch):
    folder = make_run("bakeoff", ("compact",), count=COUNT, folds=FOLDS, settings={"epochs": 1})
    own_fit = engine.fit_together
    trained: list[str] = []

    def dying_fit(task: engine.Task, *told: object) -> object:
        trained.append(task.title)
        if trained.count("Compact, fold 3 of 3") == 1:
            raise KeyboardInterrupt
        return own_fit(task, *told)  # type: ignore[arg-type]

    monkeypatch.setattr("ml.learning.fit_together", dying_fit)
    with pytest.raises(KeyboardInterrupt):
        execute(folder)
    execute(folder)
    assert trained == ["Compact", *(f"Compact, fold {k} of 3" for k in (1, 2, 3, 3))]
    assert rundir.is_done(folder)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"folds": 1}, "2 to 20 folds"),
        ({"folds": 5, "labels": [0] * 56 + [1] * 16}, "at least 7 independent images .* are only 4"),
    ],
)
def test_folds_that_cannot_be_are_one_sentence(make_run: MakeRun, changes: dict[str, object], says: str):
    with pytest.raises(RunError, match=says):
        execute(make_run("bakeoff", ("compact",), count=COUNT, **changes))


def test_folds_hold_about_as_many_of_every_class():
    labels = [0] * 300 + [1] * 60
    fold = fold_rows(np.arange(360), labels, [str(i // 2) for i in range(360)], 5, seed=3)
    counts = [np.bincount(np.array(labels)[fold == k], minlength=2) for k in range(5)]
    assert np.ptp(counts, axis=0).max() <= 2


def test_a_bake_off_says_what_each_model_costs(bakeoff: Path):
    for model in result_of(bakeoff).models:
        cost = model.metrics["cost"]
        assert set(cost) == {"latency_ms", "images_per_s", "peak_mb", "bytes"}
        assert all(value > 0 for value in cost.values())
        files = (bakeoff / model.folder).iterdir()
        assert cost["bytes"] == sum(path.stat().st_size for path in files)
