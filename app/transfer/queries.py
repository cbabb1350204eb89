"""What leaves the project, read in parts of fixed size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session, aliased

from app.errors import NotFoundError
from app.labeling.queries import find_newest_round_id, is_opinion, not_taken_back
from app.languages import gettext as _
from app.models import (
    TWIN,
    Annotation,
    Bakeoff,
    Classifier,
    Image,
    ImageBlob,
    ImageState,
    LabelClass,
    Labeler,
    Prediction,
    Project,
    QueueEntry,
    Round,
    User,
)
from app.parts import in_parts
from app.results.board import badness
from app.transfer.tables import Opinion, Row

AT_ONCE = 2_000
ACCEPTED = "accepted"
LABELLED = (ImageState.ACCEPTED, ImageState.SETTLED)


@dataclass(frozen=True)
class Labelled:
    """An image with a label, without its bytes."""

    image_id: int
    name: str
    sha256: str
    class_id: int


def list_labelers(session: Session, project_id: int) -> list[Labeler]:
    """Return the labelers of the newest round."""
    newest = find_newest_round_id(session, project_id)
    query = select(Labeler).where(Labeler.round_id == newest).order_by(Labeler.position)
    return list(session.scalars(query))


def list_rows(session: Session, project: Project, labelers: Sequence[Labeler]) -> Iterator[Row]:
    """Yield a row for every image, in the order in which they came."""
    last = 0
    while True:
        images = session.scalars(
            select(Image).where(Image.project_id == project.id, Image.id > last).order_by(Image.id).limit(AT_ONCE)
        ).all()
        if not images:
            return
        yield from _rows(session, project, labelers, images)
        last = images[-1].id
        session.expunge_all()


def list_unclear(session: Session, project: Project, labelers: Sequence[Labeler]) -> list[Row]:
    """Return the unclear images as the review queue has them: most useful first."""
    ordered = session.scalars(
        select(Image)
        .outerjoin(QueueEntry, QueueEntry.image_id == Image.id)
        .where(Image.project_id == project.id, Image.state == ImageState.UNCLEAR)
        .order_by(QueueEntry.rank.is_(None), QueueEntry.rank, Image.id)
    ).all()
    parts = in_parts(ordered, AT_ONCE)
    return [row for part in parts for row in _rows(session, project, labelers, part)]


def _rows(
    session: Session, project: Project, labelers: Sequence[Labeler], images: Sequence[Image]
) -> Iterator[Row]:
    ids = [image.id for image in images]
    names = {c.id: c.name for c in project.classes}
    answers = _answers(session, ids) | _answers_to_twins(session, ids)
    opinions = [_opinions(session, labeler.id, ids, names) for labeler in labelers]
    round_at, titles = _round(session, labelers)
    for image in images:
        who, when = answers.get(image.id, ("", None))
        if image.label_source == ACCEPTED:
            who, when = titles, round_at
        label = names.get(image.class_id or 0, "")
        said = [of_image.get(image.id) for of_image in opinions]
        yield Row(image.name, label, image.state, image.label_source or "", who, when, said)


def _answers(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, datetime | None]]:
    """Who gave the answer that stands, and when: of several, the newest that says so."""
    rows = session.execute(
        select(Annotation.image_id, User.email, Annotation.created_at)
        .join(User, User.id == Annotation.author_id)
        .join(Image, Image.id == Annotation.image_id)
        .where(Image.id.in_(ids), is_opinion())
        .order_by(case((Annotation.class_id == Image.class_id, 1), else_=0), Annotation.id)
    )
    return {row.image_id: (row.email, row.created_at) for row in rows}


def _answers_to_twins(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, datetime | None]]:
    """Who gave the answer to a near duplicate that the label of an unanswered image comes from, and when."""
    answered = aliased(Image)
    same_group = and_(answered.project_id == Image.project_id, answered.twin_key == Image.twin_key)
    rows = session.execute(
        select(Image.id, User.email, Annotation.created_at)
        .join(answered, and_(same_group, answered.state == ImageState.SETTLED))
        .join(Annotation, and_(Annotation.image_id == answered.id, Annotation.class_id == Image.class_id))
        .join(User, User.id == Annotation.author_id)
        .where(Image.id.in_(ids), Image.label_source == TWIN, not_taken_back())
        .order_by(Annotation.id)
    )
    return {row.id: (row.email, row.created_at) for row in rows}


def _opinions(session: Session, labeler_id: int, ids: Sequence[int], names: dict[int, str]) -> dict[int, Opinion]:
    columns = (Prediction.image_id, Prediction.class_id, Prediction.confidence, Prediction.score)
    rows = session.execute(
        select(*columns).where(Prediction.labeler_id == labeler_id, Prediction.image_id.in_(ids))
    )
    return {row.image_id: Opinion(names[row.class_id], row.confidence, row.score) for row in rows}


def _round(session: Session, labelers: Sequence[Labeler]) -> tuple[datetime | None, str]:
    if not labelers:
        return None, ""
    return session.get_one(Round, labelers[0].round_id).created_at, " + ".join(x.title for x in labelers)


def list_labelled(session: Session, project_id: int) -> list[Labelled]:
    """Return every image that has a label, in the order in which they came."""
    rows = session.execute(
        select(Image.id, Image.name, Image.sha256, Image.class_id)
        .where(Image.project_id == project_id, Image.state.in_(LABELLED), Image.class_id.is_not(None))
        .order_by(Image.id)
    )
    return [Labelled(row.id, row.name, row.sha256, row.class_id) for row in rows if row.class_id]


def list_large(session: Session, sha256s: set[str]) -> set[str]:
    """Return those contents that lie in the blob folder and not in the database."""
    large = session.scalars(select(ImageBlob.sha256).where(ImageBlob.data.is_(None)))
    return sha256s & set(large)


@dataclass(frozen=True)
class ClassCount:
    """How many images have this label, by whom."""

    label_class: LabelClass
    by_people: int
    accepted: int

    @property
    def total(self) -> int:
        return self.by_people + self.accepted


@dataclass(frozen=True)
class ExportCounts:
    images: int
    unclear: int
    classes: list[ClassCount]

    @property
    def labelled(self) -> int:
        return sum(row.total for row in self.classes)


def count_for_export(session: Session, project: Project) -> ExportCounts:
    counts: dict[tuple[int | None, str], int] = {}
    rows = session.execute(
        select(Image.class_id, Image.state, func.count())
        .where(Image.project_id == project.id)
        .group_by(Image.class_id, Image.state)
    )
    for class_id, state, number in rows:
        counts[class_id, state] = number
    classes = [
        ClassCount(c, counts.get((c.id, ImageState.SETTLED), 0), counts.get((c.id, ImageState.ACCEPTED), 0))
        for c in project.classes
    ]
    unclear = sum(number for (_, state), number in counts.items() if state == ImageState.UNCLEAR)
    return ExportCounts(
        sum(counts.values()), unclear, [c for c in classes if c.total or c.label_class.archived_at is None]
    )


def list_classifiers(session: Session, project_id: int) -> list[Classifier]:
    """Return the classifiers of the newest bake-off, the one that errs least first."""
    newest = select(Bakeoff.id).where(Bakeoff.project_id == project_id).order_by(Bakeoff.number.desc()).limit(1)
    found = session.scalars(select(Classifier).where(Classifier.bakeoff_id == newest.scalar_subquery()))
    return sorted(found, key=lambda c: (badness(c.metrics.get("figures", {})), c.position))


def get_classifier(session: Session, project_id: int, classifier_id: int) -> Classifier:
    """Return a classifier of any of the project's bake-offs; raise NotFoundError for another project's."""
    classifier = session.get(Classifier, classifier_id) if 0 < classifier_id < 2**31 else None
    if classifier is None or session.get_one(Bakeoff, classifier.bakeoff_id).project_id != project_id:
        raise NotFoundError(_("There is no such classifier."))
    return classifier
