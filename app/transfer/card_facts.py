"""Gathers what a model card says: from the database, the model's folder and the run's frozen manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.config import Settings
from app.models import Annotation, AnnotationKind, Bakeoff, Classifier, Image, Project
from app.parts import in_parts
from app.results.board import Board
from app.results.in_use import find_threshold
from app.results.queries import read_board, read_findings
from app.transfer.card import SURE, CardFacts, ClassFacts, ErrorFacts, Findings
from app.transfer.portables import find_made
from app.transfer.service import prepare_model
from ml.contract import Manifest
from ml.metrics import REPORT_THRESHOLD, confusion_matrix, per_class
from ml.rundir import MANIFEST

SOURCES = {"accepted": "the labelers", "twin": "an answered near duplicate",
           "seed": "people, for the seed", "review": "people, in review",
           "audit": "people, in the audit", "issue": "people, on doubted labels",
           "adjudication": "people, where others differed",
           "import": "a file, or made elsewhere"}  # fmt: skip


def gather(session: Session, settings: Settings, project: Project, classifier: Classifier) -> CardFacts:
    """Raise NotFoundError when the classifier's files are gone."""
    model = prepare_model(settings, classifier)
    bakeoff = session.get_one(Bakeoff, classifier.bakeoff_id)
    return CardFacts(
        project=project.name,
        name=model.name,
        title=classifier.title,
        config=model.config,
        report=bakeoff.report,
        metrics=classifier.metrics,
        bytes=classifier.metrics.get("bytes", 0),
        people=_people(session, project.id),
        classes=_classes(settings, bakeoff),
        errors=_errors(session, read_board(session, bakeoff), classifier),
        findings=findings_of(read_findings(session, bakeoff), classifier.name),
        made=find_made(session, settings, classifier),
        trained=model.config.get("trained", {}),
        in_use_from=find_threshold(session, classifier.id),
    )


def _people(session: Session, project_id: int) -> int:
    said = select(func.count(Annotation.author_id.distinct())).where(
        Annotation.project_id == project_id, Annotation.kind != AnnotationKind.UNDO
    )
    return session.scalar(said) or 0


def _classes(settings: Settings, bakeoff: Bakeoff) -> list[ClassFacts]:
    try:
        manifest = Manifest.from_json((settings.runs_dir / bakeoff.job_id / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError, TypeError, KeyError):
        return []
    counts = Counter(zip(manifest.labels, manifest.sources, strict=True))
    return [
        ClassFacts(name, counts[index, "human"], counts[index, "accepted"])
        for index, name in enumerate(manifest.classes)
    ]


def _errors(session: Session, board: Board, classifier: Classifier) -> ErrorFacts | None:
    contender = next((c for c in board.contenders if c.id == classifier.id), None)
    if contender is None or not len(board.labels):
        return None
    said = board.said(contender, REPORT_THRESHOLD)
    wrong = said != board.labels
    matrix = confusion_matrix(board.labels, said, len(board.classes))
    sure = contender.scores.max(1) >= SURE
    return ErrorFacts(
        matrix.tolist(), per_class(matrix), int((wrong & sure).sum()), _by_source(session, board, wrong)
    )


def findings_of(found: Mapping[str, Any], model: str) -> Findings:
    """Return what a bake-off's findings say of a model, the worst slice first."""
    cuts, parts = found.get("cuts", []), found.get("slices", {}).get(model, [])
    worse = [
        (f"{cut['name']}: {name}", part["wrong"], part["images"])
        for cut, judged in zip(cuts, parts, strict=False)
        for name, part in zip(cut["slices"], judged, strict=True)
        if part["worse"]
    ]
    worse.sort(key=lambda item: -item[1] / max(item[2], 1))
    suspects = sum(bool(doubt["suspect"]) for doubt in found.get("doubts", []))
    return Findings([cut["name"] for cut in cuts] if parts else [], worse, suspects)


def _by_source(session: Session, board: Board, wrong: NDArray[np.bool_]) -> dict[str, tuple[int, int]]:
    """Count by where the labels come from today; an image relabelled since counts under what it is now."""
    ids = board.image_ids.tolist()
    sources = _sources(session, ids)
    found: dict[str, tuple[int, int]] = {}
    for image_id, bad in zip(ids, wrong.tolist(), strict=True):
        if name := SOURCES.get(sources.get(image_id) or ""):
            was_bad, was = found.get(name, (0, 0))
            found[name] = (was_bad + bad, was + 1)
    return found


def _sources(session: Session, ids: list[int]) -> dict[int, str | None]:
    found: dict[int, str | None] = {}
    for part in in_parts(ids):
        rows = session.execute(select(Image.id, Image.label_source).where(Image.id.in_(part)))
        found |= {row.id: row.label_source for row in rows}
    return found
