"""Puts a bake-off's findings into its run folder: read there by the app, which computes none of this."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml import rundir
from ml.contract import Manifest
from ml.findings.issues import find_doubts
from ml.findings.leaks import MOST_LISTED, copy_small, find_leaks
from ml.findings.looks import measure_looks
from ml.findings.slices import Cut, Judged, cut_by_kind, cut_by_number, group_sizes, judge_slices
from ml.metrics import compare, decide, holm, redraw, subtract
from ml.metrics.decisions import Scores

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Scored:
    """The judged images of a bake-off, as rows of its manifest, and what every model says of them."""

    manifest: Manifest
    rows: Rows
    fold: NDArray[np.int8] | None
    scores: dict[str, Scores]

    @property
    def labels(self) -> Rows:
        return np.array(self.manifest.labels, np.int64)[self.rows]

    @property
    def groups(self) -> list[str]:
        return [self.manifest.groups[row] for row in self.rows.tolist()]

    @property
    def judged(self) -> Judged:
        return Judged(self.labels, self.groups, self.manifest.positive, self.manifest.seed)


def write_findings(folder: Path, manifest: Manifest, pixels: NDArray[np.uint8]) -> None:
    """Write `findings.json`, and into `slices.npy` the slice of every scored image by every cut."""
    scored = read_scored(folder, manifest)
    cuts = make_cuts(scored, pixels, read_origins(folder))
    findings = {
        "doubts": [doubt.to_dict() for doubt in find_doubts(scored.labels, list(scored.scores.values()))],
        "leaks": _leaks(folder, scored, pixels),
        "pairs": _pairs(scored),
        "cuts": [{"name": cut.name, "slices": cut.slices} for cut in cuts],
        "slices": {name: judge_slices(scored.judged, cuts, part) for name, part in scored.scores.items()},
    }
    codes = np.stack([cut.codes for cut in cuts]) if cuts else np.zeros((0, len(scored.rows)), np.uint8)
    with rundir.atomic_path(folder / rundir.SLICES) as temporary, temporary.open("wb") as stream:
        np.save(stream, codes)
    rundir.write_text(folder / rundir.FINDINGS, json.dumps(findings, allow_nan=False))


def read_scored(folder: Path, manifest: Manifest) -> Scored:
    place = {image_id: row for row, image_id in enumerate(manifest.image_ids)}
    with np.load(folder / rundir.PREDICTIONS) as arrays:
        rows = np.array([place[int(i)] for i in arrays["image_ids"]], np.int64)
        scores = {name: arrays[f"probs_{name}"] for name in manifest.models}
        return Scored(manifest, rows, arrays.get("fold"), scores)


def read_origins(folder: Path) -> dict[int, dict[str, Any]]:
    """Return image id → where it and its label come from, if the app wrote it down before the run."""
    path = folder / rundir.ORIGINS
    if not path.exists():
        return {}
    return {row["image_id"]: row for row in json.loads(path.read_text("utf-8"))}


def make_cuts(scored: Scored, pixels: NDArray[np.uint8], origins: dict[int, dict[str, Any]]) -> list[Cut]:
    looks = measure_looks(pixels, scored.rows)
    cuts = [
        cut_by_number("brightness", looks["brightness"], ("darkest", "brightest")),
        cut_by_number("contrast", looks["contrast"], ("flattest", "strongest")),
        cut_by_number("sharpness", looks["sharpness"], ("most blurred", "sharpest"), digits=0),
        cut_by_kind("group", group_sizes(scored.groups)),
    ]
    known = [origins.get(scored.manifest.image_ids[row], {}) for row in scored.rows.tolist()]
    if all(known):
        cuts += [
            cut_by_kind("source of the label", [row["source"] for row in known]),
            cut_by_kind("import", [row["import"] for row in known]),
            cut_by_number("side", np.array([float(row["side"]) for row in known]), ("smallest", "largest"), 0),
        ]
    return [cut for cut in cuts if cut is not None]


def _leaks(folder: Path, scored: Scored, pixels: NDArray[np.uint8]) -> dict[str, Any]:
    compared, found = 0, []
    parts = _parts(folder, scored)
    copies = copy_small(pixels, np.unique(np.concatenate(parts[0])))
    for tested, learned in parts:
        compared += len(tested) * len(learned)
        found += find_leaks(copies, tested, learned)
    ids, labels = scored.manifest.image_ids, scored.manifest.labels
    once = {(min(leak.row, leak.other), max(leak.row, leak.other)): leak for leak in found}
    listed = sorted(once.values(), key=lambda leak: -leak.likeness)[:MOST_LISTED]
    return {
        "compared": compared,
        "found": len(once),
        "groups_in_both": sum(_shared_groups(scored, *part) for part in parts),
        "pairs": [
            {
                "image_id": ids[leak.row], "other_id": ids[leak.other], "likeness": round(leak.likeness, 4),
                "same_label": labels[leak.row] == labels[leak.other],
            }
            for leak in listed
        ],
    }  # fmt: skip


def _parts(folder: Path, scored: Scored) -> list[tuple[Rows, Rows]]:
    """Return (tested, learned) rows: of the one test part, or of every fold."""
    if scored.fold is not None:
        return [(scored.rows[scored.fold == k], scored.rows[scored.fold != k]) for k in np.unique(scored.fold)]
    place = {image_id: row for row, image_id in enumerate(scored.manifest.image_ids)}
    splits = json.loads((folder / rundir.SPLITS).read_text("utf-8"))
    learned = [place[i] for i in (*splits["train"], *splits["validate"])]
    return [(scored.rows, np.array(sorted(learned), np.int64))]


def _shared_groups(scored: Scored, tested: Rows, learned: Rows) -> int:
    groups = scored.manifest.groups
    return len({groups[row] for row in tested} & {groups[row] for row in learned})


def _pairs(scored: Scored) -> list[dict[str, Any]]:
    """Compare every two models on the same images; `holm`: p corrected for the number of pairs.

    `differences`: by how much the first errs more than the second.
    """
    manifest, parts = scored.manifest, list(scored.scores.values())
    right = [decide(part, manifest.positive) == scored.labels for part in parts]
    rates = redraw(scored.labels, parts, scored.groups, manifest.positive, manifest.seed)
    places = list(combinations(range(len(parts)), 2))
    found = [compare(right[a], right[b], scored.groups) for a, b in places]
    corrected = holm([pair.p for pair in found])
    return [
        {
            "first": manifest.models[a], "second": manifest.models[b], **pair.to_dict(), "holm": p,
            "differences": subtract(rates[a], rates[b]),
        }
        for (a, b), pair, p in zip(places, found, corrected, strict=True)
    ]  # fmt: skip
