"""Two models of a project side by side: of one bake-off, or of two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.languages import gettext as _
from app.models import Bakeoff, Classifier, Image
from app.results.board import Board, Contender
from app.results.queries import get_classifier, read_board
from app.results.verdicts import Verdict, judge
from app.results.words import part_word
from ml.metrics import Difference, Pair, compare, redraw, subtract

FIGURES = ("eer", "accuracy", "precision", "recall", "f1", "auc", "average_precision", "mcc", "brier", "ece")


@dataclass(frozen=True)
class Side:
    bakeoff: Bakeoff
    board: Board
    contender: Contender


@dataclass(frozen=True)
class Comparison:
    first: Side
    second: Side
    common: int
    """Test images that both were judged by, with the same label."""
    pair: Pair
    differences: dict[str, Difference]
    """By how much the first errs more than the second."""
    lost: NDArray[np.int64]
    """Rows of the second's board that only the first has right, the second's surest errors ahead."""
    won: NDArray[np.int64]
    """Rows that only the second has right."""

    @property
    def verdict(self) -> Verdict:
        apart = self.first.bakeoff.id != self.second.bakeoff.id
        first, second = (
            _("%(model)s of bake-off %(number)s") % {"model": side.contender.title, "number": side.bakeoff.number}
            if apart
            else side.contender.title
            for side in (self.first, self.second)
        )
        return judge(self.pair, first, second, differences=self.differences)


def open_side(session: Session, project_id: int, classifier_id: int) -> Side:
    bakeoff, row = get_classifier(session, project_id, classifier_id)
    board = read_board(session, bakeoff, [row.id])
    return Side(bakeoff, board, board.contenders[0])


def compare_sides(session: Session, first: Side, second: Side, threshold: float) -> Comparison:
    """Compare on the images that both models were tested by and whose label has stayed the same."""
    _ids, one, two = np.intersect1d(first.board.image_ids, second.board.image_ids, return_indices=True)
    same = first.board.labels[one] == second.board.labels[two]
    one, two = one[same], two[same]
    labels = second.board.labels[two]
    said = [side.board.said(side.contender, threshold)[rows] for side, rows in ((first, one), (second, two))]
    right = [part == labels for part in said]
    groups = _groups(session, second.board.image_ids[two])
    pair, apart = Pair(0, 0, 1.0, by_group=False), {}
    if len(labels):
        pair = compare(right[0], right[1], groups)
        scores = [first.contender.scores[one], second.contender.scores[two]]
        apart = subtract(
            *redraw(labels, scores, groups, second.bakeoff.positive, second.bakeoff.report["seed"], threshold)
        )
    surety = second.contender.scores[two, said[1]]
    order = np.argsort(-surety, kind="stable")
    lost, won = (right[0] & ~right[1])[order], (right[1] & ~right[0])[order]
    return Comparison(first, second, len(labels), pair, apart, two[order][lost], two[order][won])


def _groups(session: Session, image_ids: NDArray[np.int64]) -> list[str]:
    """Return each image's group as it is now: an image that is gone stands alone."""
    if not len(image_ids):
        return []
    project = select(Image.project_id).where(Image.id == int(image_ids[0])).scalar_subquery()
    rows = session.execute(select(Image.id, Image.group_key).where(Image.project_id == project))
    keys = {row.id: row.group_key for row in rows}
    return [keys.get(i, f"gone {i}") for i in image_ids.tolist()]


def differences(first: Side, second: Side) -> list[tuple[str, str, str]]:
    """Return (setting, first's, second's) where the two were made differently."""
    one, two = _made_by(first), _made_by(second)
    names = sorted({*one, *two})
    return [(n, _word(one.get(n)), _word(two.get(n))) for n in names if one.get(n) != two.get(n)]


def _made_by(side: Side) -> dict[str, Any]:
    report, metrics = side.bakeoff.report, side.contender.metrics
    trained: Mapping[str, Any] = metrics.get("trained", {})
    return {
        _("model"): side.contender.name,
        _("weights"): side.contender.weights,
        _("began from the unlabelled images"): _("yes") if metrics.get("from_pile") else _("no"),
        _("images"): report.get("image_set", "")[:12],
        _("labels and splits"): report.get("manifest_sha256", "")[:12],
        _("folds"): report.get("folds", 0),
        _("seed of the dice"): report.get("seed"),
        **{part_word(name): count for name, count in report.get("splits", {}).items()},
        **{name: report.get("environment", {}).get(name) for name in ("code", "torch", "device", "python")},
        **{name.replace("_", " "): value for name, value in trained.get("settings", {}).items()},
    }


def _word(value: Any) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def list_models(session: Session, project_id: int) -> list[tuple[int, str]]:
    """Return every model of the project for a list to choose from, newest bake-off first."""
    rows = session.execute(
        select(Classifier.id, Classifier.title, Bakeoff.number)
        .join(Bakeoff, Bakeoff.id == Classifier.bakeoff_id)
        .where(Bakeoff.project_id == project_id)
        .order_by(Bakeoff.number.desc(), Classifier.position)
    )
    bakeoff = _("bake-off %(number)s")
    return [(row.id, f"{row.title} · {bakeoff % {'number': row.number}}") for row in rows]
