"""A bake-off finds the labels that were planted wrong, the twins across parts, and the slice that fails."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score

from ml import rundir
from ml.contract import Manifest
from ml.findings.issues import find_doubts
from ml.findings.leaks import _resized, copy_small, find_leaks
from ml.findings.looks import measure_looks
from ml.findings.slices import Judged, cut_by_kind, cut_by_number, group_sizes, judge_slices
from ml.findings.writing import write_findings
from tests.ml.conftest import MakeRun, scores_of


def believed(truth: np.ndarray, classes: int, seed: int) -> np.ndarray:
    """Probabilities of a good model: about 0.9 on the truth."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.ones(classes), len(truth)) * 0.25
    probabilities[np.arange(len(truth)), truth] += 0.75
    return probabilities.astype(np.float32)


@pytest.mark.parametrize("classes", [2, 3])
def test_planted_errors_are_the_first_suspects_and_name_the_true_class(classes: int):
    truth = np.arange(400) % classes
    given = truth.copy()
    wrong = np.arange(0, 400, 25)
    given[wrong] = (truth[wrong] + 1) % classes
    doubts = find_doubts(given, [believed(truth, classes + 1, seed) for seed in (1, 2)])
    suspects = [doubt for doubt in doubts if doubt.suspect]
    assert {doubt.row for doubt in doubts[: len(wrong)]} == set(wrong.tolist())
    assert {doubt.row for doubt in suspects} <= set(wrong.tolist())
    assert len(suspects) >= 0.75 * len(wrong)
    assert all(doubt.suggested == truth[doubt.row] for doubt in doubts[: len(wrong)])
    assert doubts[: len(suspects)] == suspects
    assert [doubt.quality for doubt in suspects] == sorted(doubt.quality for doubt in suspects)


def test_where_all_labels_are_believed_nothing_is_suspect():
    truth = np.arange(200) % 2
    assert not any(doubt.suspect for doubt in find_doubts(truth, [believed(truth, 2, 0)]))
    assert find_doubts(np.zeros(50, np.int64), [believed(np.zeros(50, np.int64), 2, 0)]) == []


def test_a_brightened_twin_in_the_training_part_is_named_and_strangers_are_not():
    pixels = np.random.default_rng(0).integers(0, 200, (60, 24, 24, 1), dtype=np.uint8)
    pixels[7] = pixels[50] + 40
    pixels[8], pixels[51] = 90, 91
    found = find_leaks(copy_small(pixels, np.arange(60)), np.arange(10), np.arange(10, 60))
    assert [(leak.row, leak.other) for leak in found] == [(7, 50)]
    assert found[0].likeness > 0.99


@pytest.mark.parametrize("side", [24, 60])
def test_small_copies_of_many_pictures_are_pillows_to_a_grey_level(side: int):
    pixels = np.random.default_rng(0).integers(0, 256, (20, side, side, 1), dtype=np.uint8)
    for height, width in ((8, 9), (16, 16)):
        wanted = [
            np.asarray(Image.fromarray(picture[..., 0]).resize((width, height), Image.Resampling.BILINEAR), float)
            for picture in pixels
        ]
        found = _resized(pixels[..., 0].astype(np.float32), height, width)
        assert np.abs(found - np.stack(wanted)).max() <= 1


def test_looks_are_what_they_are_called():
    sharp = np.random.default_rng(0).integers(0, 255, (1, 16, 16, 3), dtype=np.uint8)
    flat = np.full((1, 16, 16, 3), 51, np.uint8)
    looks = measure_looks(np.concatenate([sharp, flat]), np.array([0, 1]))
    assert looks["brightness"][1] == pytest.approx(0.2)
    assert looks["contrast"][1] == looks["sharpness"][1] == pytest.approx(0, abs=1e-9)
    assert looks["sharpness"][0] > 1000


def test_only_a_slice_that_is_worse_beyond_chance_is_marked():
    random = np.random.default_rng(2)
    labels = random.integers(0, 2, 1200)
    dark = random.random(1200)
    wrong = random.random(1200) < np.where(dark < 0.25, 0.25, 0.03)
    score = np.where(labels ^ wrong, 0.9, 0.1).astype(np.float32)
    cuts = [
        cut_by_number("brightness", dark, ("darkest", "brightest")),
        cut_by_kind("lot", ["a", "b", "c"] * 400),
    ]
    judged = Judged(labels, [str(i // 2) for i in range(1200)], 1)
    found = judge_slices(judged, cuts, np.stack([1 - score, score], 1))  # type: ignore[arg-type]
    assert [part["worse"] for part in found[0]] == [True, False, False, False]
    assert not any(part["worse"] for part in found[1])
    darkest = cuts[0].codes == 0  # type: ignore[union-attr]
    figure = found[0][0]["accuracy"]
    assert figure["value"] == pytest.approx(accuracy_score(labels[darkest], score[darkest] >= 0.6))
    assert figure["low"] < figure["value"] < figure["high"]
    assert found[0][0]["eer"]["low"] <= found[0][0]["eer"]["value"] <= found[0][0]["eer"]["high"]


def test_a_slice_without_errors_is_as_sure_as_its_groups_are_many():
    labels = np.array([0, 1] * 20)
    cut = cut_by_kind("source", ["review"] * 24 + ["seed"] * 16)
    score = np.where(labels == 1, 0.9, 0.1).astype(np.float32)
    judged = Judged(labels, [str(i // 2) for i in range(40)], 1)
    seed = judge_slices(judged, [cut], np.stack([1 - score, score], 1))[0][1]  # type: ignore[list-item]
    exact = binomtest(8, 8).proportion_ci(0.95, "exact")
    assert (seed["accuracy"]["low"], seed["accuracy"]["high"]) == (pytest.approx(exact.low), 1.0)
    assert (seed["eer"]["low"], seed["eer"]["high"]) == (0.0, pytest.approx(1 - exact.low))


def test_a_handful_of_images_is_never_marked():
    labels = np.zeros(300, np.int64)
    score = np.where(np.arange(300) < 5, 0.9, 0.1).astype(np.float32)
    cut = cut_by_kind("lot", ["few"] * 5 + ["many"] * 295)
    found = judge_slices(Judged(labels, [str(i) for i in range(300)], 1), [cut], np.stack([1 - score, score], 1))  # type: ignore[list-item]
    assert {part["images"]: part["worse"] for part in found[0]} == {295: False, 5: False}


def test_cuts_need_something_to_part_and_put_what_is_rare_together():
    assert cut_by_number("side", np.full(9, 24.0), ("smallest", "largest")) is None
    assert cut_by_kind("import", ["eyes.zip"] * 9) is None
    many = cut_by_kind("import", [f"{i}.zip" for i in range(12) for _ in range(12 - i)])
    assert many is not None
    assert many.slices == [*(f"{i}.zip" for i in range(7)), "others"]
    assert group_sizes(["a", "b", "b", "c", "c", "c"]) == ["alone", "of 2", "of 2", *["of 3 to 5"] * 3]


def test_a_run_leaves_its_findings_beside_its_predictions(bakeoff: Path):
    found = json.loads((bakeoff / rundir.FINDINGS).read_text())
    tested = len(scores_of(bakeoff)["image_ids"])
    codes = np.load(bakeoff / rundir.SLICES)
    assert codes.shape == (len(found["cuts"]), tested)
    assert codes.dtype == np.uint8
    for name in ("mobilenet_v3_small", "yolov8n-cls"):
        for cut, parts in zip(found["cuts"], found["slices"][name], strict=True):
            assert len(parts) == len(cut["slices"])
            assert sum(part["images"] for part in parts) == tested
    assert found["leaks"]["groups_in_both"] == 0
    assert found["leaks"]["compared"] == tested * (80 - tested)
    assert [(pair["first"], pair["second"]) for pair in found["pairs"]] == [("mobilenet_v3_small", "yolov8n-cls")]
    said = scores_of(bakeoff)
    wrong = [(said[f"probs_{name}"][:, 1] >= 0.6) != said["labels"] for name in sorted(found["slices"])]
    apart = found["pairs"][0]["differences"]
    assert apart["error"]["value"] == pytest.approx(wrong[0].mean() - wrong[1].mean())
    assert apart["eer"]["low"] <= apart["eer"]["value"] <= apart["eer"]["high"]


def test_folds_are_compared_with_each_other_and_origins_cut_too(make_run: MakeRun):
    folder = make_run("bakeoff", count=40, groups=[f"face{i // 4}" for i in range(40)])
    manifest = manifest_of(folder)
    pixels = np.load(folder / "pixels.npy")
    pixels[39] = pixels[0]
    truth = np.array(manifest.labels)
    np.savez(
        folder / rundir.PREDICTIONS, image_ids=np.array(manifest.image_ids), labels=truth.astype(np.int16),
        fold=(np.arange(40) // 4 % 2).astype(np.int8), probs_mobilenet_v3_small=believed(truth, 2, 0),
    )  # fmt: skip
    origins = [
        {"image_id": i, "source": "seed" if i % 2 else "import", "import": "eyes.zip", "side": 16 + i % 3}
        for i in manifest.image_ids
    ]
    rundir.write_text(folder / rundir.ORIGINS, json.dumps(origins))
    write_findings(folder, manifest, pixels)
    found = json.loads((folder / rundir.FINDINGS).read_text())
    assert found["leaks"]["pairs"][0]["likeness"] == pytest.approx(1)
    assert {found["leaks"]["pairs"][0][key] for key in ("image_id", "other_id")} == {100, 139}
    assert {"source of the label", "side"} <= {cut["name"] for cut in found["cuts"]}
    assert "import" not in {cut["name"] for cut in found["cuts"]}


def manifest_of(folder: Path) -> Manifest:
    return Manifest.from_json((folder / rundir.MANIFEST).read_text())
