"""Reads of the results page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session, undefer

from app.errors import NotFoundError
from app.languages import gettext as _
from app.models import Bakeoff, Classifier, Project
from app.projects.queries import LARGEST_ID
from app.results.board import Board, Contender
from app.results.in_use import find_in_use
from app.results.standings import ModelRow, sort_rows
from app.results.verdicts import Verdict, judge_row
from ml.metrics import REPORT_THRESHOLD, Tally, per_class


def list_bakeoffs(session: Session, project_id: int) -> list[Bakeoff]:
    """Return the project's bake-offs, newest first."""
    return list(
        session.scalars(select(Bakeoff).where(Bakeoff.project_id == project_id).order_by(Bakeoff.number.desc()))
    )


def find_bakeoff(session: Session, project_id: int, number: int | None = None) -> Bakeoff | None:
    """Return the numbered bake-off, or the newest, which may not exist yet. Raise NotFoundError for a number."""
    query = select(Bakeoff).where(Bakeoff.project_id == project_id).order_by(Bakeoff.number.desc()).limit(1)
    if number is None:
        return session.scalar(query)
    found = session.scalar(query.where(Bakeoff.number == number))
    if found is None:
        raise NotFoundError(_("There is no such bake-off."))
    return found


def get_bakeoff(session: Session, project_id: int, number: int | None = None) -> Bakeoff:
    """Return the numbered bake-off, or the newest; raise NotFoundError where there is none."""
    bakeoff = find_bakeoff(session, project_id, number)
    if bakeoff is None:
        raise NotFoundError(_("There are no results yet."))
    return bakeoff


def choose(session: Session, bakeoff: Bakeoff, classifier_id: int | None) -> int:
    """Return the chosen classifier's id, or the one that errs least; raise NotFoundError for a stranger's."""
    if classifier_id is not None:
        known = session.scalar(
            select(Classifier.id).where(Classifier.bakeoff_id == bakeoff.id, Classifier.id == classifier_id)
        )
    else:
        rows = sort_rows(read_rows(session, bakeoff), "eer", REPORT_THRESHOLD)
        known = rows[0].id if rows else None
    if known is None:
        raise NotFoundError(_("This bake-off has no such model."))
    return known


def read_rows(session: Session, bakeoff: Bakeoff) -> list[ModelRow]:
    """Load what the table of models shows: some kilobytes each, however many images there are."""
    two_classes = len(bakeoff.report["classes"]) == 2
    rows = session.scalars(
        _classifiers(bakeoff.id, Classifier.tallies).execution_options(populate_existing=True)
    ).all()
    return [
        ModelRow(
            row.id, row.name, row.title, row.parameters, row.seconds, row.weights, row.sha256, row.metrics,
            read_tally(session, bakeoff, row) if two_classes else None,
        )
        for row in rows
    ]  # fmt: skip


def read_tally(session: Session, bakeoff: Bakeoff, row: Classifier) -> Tally:
    """Return the scores counted on the grid; a bake-off from before there were tallies is counted now."""
    if row.tallies is not None:
        return Tally.from_bytes(row.tallies)
    board = read_board(session, bakeoff, [row.id])
    return Tally.of(board.labels, board.contenders[0].scores, board.positive)


def get_classifier(session: Session, project_id: int, classifier_id: int) -> tuple[Bakeoff, Classifier]:
    """Return a classifier of the project with its bake-off; raise NotFoundError when it has none such."""
    found = session.execute(
        select(Bakeoff, Classifier)
        .join(Classifier, Classifier.bakeoff_id == Bakeoff.id)
        .where(Bakeoff.project_id == project_id, Classifier.id == min(classifier_id, LARGEST_ID))
    ).one_or_none()
    if found is None:
        raise NotFoundError(_("There is no such model."))
    return found[0], found[1]


def read_board(session: Session, bakeoff: Bakeoff, only: Sequence[int] | None = None) -> Board:
    """Load all scores, or only those of some classifiers: a view on the bytes, nothing copied."""
    ids, labels = read_labels(session, bakeoff)
    query = _classifiers(bakeoff.id, Classifier.scores).execution_options(populate_existing=True)
    rows = session.scalars(query if only is None else query.where(Classifier.id.in_(only)))
    classes = bakeoff.report["classes"]
    return Board(
        classes, bakeoff.positive, ids, labels, [_contender(row, len(classes)) for row in rows],
    )  # fmt: skip


def _classifiers(bakeoff_id: int, column: InstrumentedAttribute[Any]) -> Select[Classifier]:
    return (
        select(Classifier)
        .options(undefer(column))
        .where(Classifier.bakeoff_id == bakeoff_id)
        .order_by(Classifier.position)
    )


def _contender(row: Classifier, classes: int) -> Contender:
    scores = np.frombuffer(row.scores, "<f4").reshape(-1, classes)
    return Contender(
        row.id, row.name, row.title, row.parameters, row.seconds, row.weights, row.folder, row.metrics, scores
    )


def read_labels(session: Session, bakeoff: Bakeoff) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
    """Return the test images' ids, and their labels as they were."""
    ids, labels = session.execute(
        select(Bakeoff.test_image_ids, Bakeoff.test_labels).where(Bakeoff.id == bakeoff.id)
    ).one()
    return np.frombuffer(ids, "<i8"), np.frombuffer(labels, "<i2")


def read_matrix(session: Session, bakeoff: Bakeoff, row: ModelRow, threshold: float) -> NDArray[np.int64]:
    """Return the chosen model's confusion matrix; only for more than two classes are scores read for it."""
    counts = row.at(threshold)
    if counts is None:
        board = read_board(session, bakeoff, [row.id])
        return board.matrix(board.contenders[0], threshold)
    matrix = np.array(
        [
            [counts.true_negative, counts.false_positive],
            [counts.false_negative, counts.true_positive],
        ],
        np.int64,
    )
    return matrix if bakeoff.positive == 1 else matrix[::-1, ::-1]


def read_findings(session: Session, bakeoff: Bakeoff) -> dict[str, Any]:
    """Return what the bake-off says about its data; {} when an older program trained it."""
    found = session.scalar(select(Bakeoff.findings).where(Bakeoff.id == bakeoff.id))
    return found or {}


def read_suspects(session: Session, bakeoff: Bakeoff) -> frozenset[int]:
    """Return the test rows whose label is probably wrong."""
    doubts = read_findings(session, bakeoff).get("doubts", [])
    return frozenset(doubt["row"] for doubt in doubts if doubt["suspect"])


def doubted_rows(findings: dict[str, Any]) -> NDArray[np.int64]:
    """Return the test rows by how doubtful their label is, worst first."""
    return np.array([doubt["row"] for doubt in findings.get("doubts", [])], np.int64)


def list_verdicts(bakeoff: Bakeoff, findings: dict[str, Any], ahead: int | None = None) -> list[Verdict]:
    """Return what the paired tests say of every two models, corrected for their number.

    What concerns the classifier `ahead` comes first.
    """
    titles = {row.name: row.title for row in bakeoff.classifiers}
    first_of_all = next((row.name for row in bakeoff.classifiers if row.id == ahead), None)
    pairs = findings.get("pairs", [])
    ordered = sorted(pairs, key=lambda pair: first_of_all not in {pair["first"], pair["second"]})
    return [judge_row(row, titles[row["first"]], titles[row["second"]]) for row in ordered]


def read_codes(session: Session, bakeoff: Bakeoff) -> NDArray[np.uint8] | None:
    """Return the slice of every test image by every cut, `[cuts, M]`."""
    data, ids = session.execute(
        select(Bakeoff.slice_codes, Bakeoff.test_image_ids).where(Bakeoff.id == bakeoff.id)
    ).one()
    return None if data is None else np.frombuffer(data, np.uint8).reshape(-1, len(ids) // 8)


def results_json(session: Session, project: Project, threshold: float = REPORT_THRESHOLD) -> dict[str, Any]:
    """Return the newest bake-off as plain data, for the command line and for scripts.

    Raise NotFoundError when there is none yet.
    """
    bakeoff = find_bakeoff(session, project.id)
    if bakeoff is None:
        sentence = _("%(project)s has no results yet; run a bake-off first.")
        raise NotFoundError(sentence % {"project": project.name})
    board = read_board(session, bakeoff)
    findings = read_findings(session, bakeoff)
    in_use = find_in_use(session, project.id)
    return {
        "project": project.name,
        "bakeoff": bakeoff.number,
        "threshold": threshold,
        "in_use": in_use and {key: getattr(in_use, key) for key in ("model", "bakeoff", "threshold")},
        "classes": board.classes,
        "positive": board.classes[board.positive],
        **{key: bakeoff.report[key] for key in ("splits", "test_groups", "test_sources", "seed", "environment")},
        "comparisons": [verdict.sentence for verdict in list_verdicts(bakeoff, findings)],
        "pairs": findings.get("pairs", []),
        "labels_in_doubt": sum(doubt["suspect"] for doubt in findings.get("doubts", [])),
        "near_duplicates_across_parts": findings.get("leaks", {}).get("found"),
        "models": [_model_json(board, contender, threshold) for contender in board.contenders],
    }


def _model_json(board: Board, contender: Contender, threshold: float) -> dict[str, Any]:
    matrix = board.matrix(contender, threshold)
    rows = per_class(matrix)
    if board.two_classes:
        shown = rows[board.positive]
    else:
        known = [row for row in rows if row["support"]]
        shown = {name: float(np.mean([row[name] for row in known])) for name in ("precision", "recall", "f1")}
    return {
        "model": contender.name,
        "classifier_id": contender.id,
        **{name: shown[name] for name in ("precision", "recall", "f1")},
        "accuracy": float(np.trace(matrix) / max(matrix.sum(), 1)),
        "parameters": contender.parameters,
        "seconds": contender.seconds,
        "weights": contender.weights,
        "confusion_matrix": matrix.tolist(),
        "per_class": dict(zip(board.classes, rows, strict=True)),
        "figures": contender.metrics.get("figures", {}),
        "cost": contender.metrics.get("cost", {}),
        "human": contender.metrics.get("human"),
    }
