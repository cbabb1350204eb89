"""Writes each image's current state, after annotations or a round changed: the only place that does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, null, or_, select, update
from sqlalchemy.orm import Session

from app.labeling import queries, twins
from app.labeling.current import Current, Said, current, opinions
from app.models import Annotation, Image, ImageState, Labeler, Prediction, ProjectMember, Round, User
from app.parts import in_parts

FACTS = (
    Image.id, Image.project_id, Image.state, Image.class_id, Image.label_source,
    Image.proposed_class_id, Image.wanted, Image.since_id,
)  # fmt: skip
"""What the rule, and the comparison with what stands, need of an image."""


def settle(session: Session, image_ids: Sequence[int]) -> dict[int, Current]:
    """Derive state, class and source of these images anew, of one project; return what they are now.

    Near duplicates that take their label from these follow.
    """
    ids = list(image_ids)
    found: dict[int, Current] = {}
    for part in in_parts(ids):
        found |= _settle(session, select(Image).where(Image.id.in_(part)))
    followed = settle_twins(session, ids)
    return found | {image_id: now for image_id, now in followed.items() if image_id in found}


def settle_answered(image: Image, answer: Annotation) -> None:
    """Derive them after the one label that is wanted: newer than all others it stands, so nothing is read."""
    said = [Said(0, answer.kind, answer.class_id, answer.source)]
    now = current(said, scored=False, proposed_class_id=None)
    image.state, image.class_id, image.label_source = now.state, now.class_id, now.source


def settle_twins(session: Session, image_ids: Sequence[int]) -> dict[int, Current]:
    """Derive the near duplicates of these images anew, of one project, where an answer stands for them too.

    Return what became of those that nobody has answered.
    """
    found: dict[int, Current] = {}
    for part in in_parts(list(image_ids)):
        for project_id, keys in twins.list_keys(session, part).items():
            found |= _settle_unanswered_of(session, project_id, Image.twin_key.in_(keys))
    return found


def settle_twins_of_project(session: Session, project_id: int) -> None:
    """Derive all near duplicates of the project anew: their groups, the round or the setting have changed.

    The last thing in its transaction: whoever answers one of them waits for its end.
    """
    session.flush()
    _settle_unanswered_of(session, project_id, twins.are_to_follow(session, project_id))


def _settle_unanswered_of(session: Session, project_id: int, which: ColumnElement[bool]) -> dict[int, Current]:
    twins.take_turn(session, project_id)
    unanswered = (
        select(*FACTS, Image.twin_key)
        .where(Image.project_id == project_id, which, ~exists(Annotation.id).where(queries.is_opinion()))
        # Who is answering one of them right now derives the group afterwards, when it is their turn.
        .with_for_update(of=Image, skip_locked=True)
    )
    images = session.execute(unanswered).all()
    labels = twins.read_labels(session, project_id, {image.twin_key for image in images})
    found: dict[int, Current] = {}
    for part in in_parts(images):
        scored = set(session.scalars(_scored(select(Image.id).where(Image.id.in_([i.id for i in part])))))
        for image in part:
            found[image.id] = current(
                [],
                scored=image.id in scored,
                proposed_class_id=image.proposed_class_id,
                twins_class_id=labels.get(image.twin_key),
            )
    changed = _write(session, images, found)
    twins.wait_or_rest(session, project_id, {image_id: found[image_id] for image_id in changed})
    session.expire_all()
    return found


def settle_project(session: Session, project_id: int) -> None:
    """Derive them for every image of the project, after a round; `settle_twins_of_project` comes last."""
    session.flush()
    _settle_unanswered(session, project_id)
    answered = select(Annotation.image_id).where(Annotation.project_id == project_id)
    _settle(session, select(Image).where(Image.id.in_(answered)))


def _settle_unanswered(session: Session, project_id: int) -> None:
    """Where nobody has said anything the rule has three outcomes: a statement each, however many images."""
    newest = select(Round.id).where(Round.project_id == project_id).order_by(Round.number.desc()).limit(1)
    labelers = select(Labeler.id).where(Labeler.round_id == newest.scalar_subquery())
    scored = exists().where(Prediction.image_id == Image.id, Prediction.labeler_id.in_(labelers))
    proposed = Image.proposed_class_id.is_not(None)
    outcomes = (
        (~scored, current([], scored=False, proposed_class_id=None), null()),
        (and_(scored, ~proposed), current([], scored=True, proposed_class_id=None), null()),
        (and_(scored, proposed), current([], scored=True, proposed_class_id=0), Image.proposed_class_id),
    )
    for condition, now, class_id in outcomes:
        differs = or_(
            Image.state != now.state,
            Image.class_id.is_distinct_from(class_id),
            Image.label_source.is_distinct_from(now.source),
        )
        session.execute(
            update(Image)
            .where(
                Image.project_id == project_id,
                ~exists().where(Annotation.image_id == Image.id),
                condition,
                differs,
            )
            .values(state=now.state, class_id=class_id, label_source=now.source)
            .execution_options(synchronize_session=False)
        )


def _settle(session: Session, images: Select[Image]) -> dict[int, Current]:
    session.flush()
    ids = images.with_only_columns(Image.id)
    said: dict[int, list[Said]] = defaultdict(list)
    for row in session.scalars(select(Annotation).where(Annotation.image_id.in_(ids))):
        said[row.image_id].append(Said(row.id, row.kind, row.class_id, row.source, row.undoes_id, row.author_id))
    scored = set(session.scalars(_scored(ids)))
    members = _members(session, ids)
    found, facts = {}, session.execute(images.with_only_columns(*FACTS)).all()
    for image in facts:
        heard = opinions(said[image.id], image.since_id)
        found[image.id] = current(
            heard,
            scored=image.id in scored,
            proposed_class_id=image.proposed_class_id,
            wanted=image.wanted,
            others=bool(members[image.project_id] - {word.author_id for word in heard}),
        )
    _write(session, facts, found)
    session.expire_all()
    return found


def _write(session: Session, images: Sequence[Any], found: dict[int, Current]) -> list[int]:
    """Write what differs from what stands; return of which images."""
    changes = []
    for image in images:
        now = found[image.id]
        change = {"state": now.state, "class_id": now.class_id, "label_source": now.source}
        if list(change.values()) != [image.state, image.class_id, image.label_source]:
            changes.append({"id": image.id, **change})
    for part in in_parts(changes):
        session.execute(update(Image), part)
    return [change["id"] for change in changes]


def _members(session: Session, image_ids: Select[int]) -> dict[int, set[int]]:
    """Return project id → the people who can be asked there, for the projects of these images."""
    members: dict[int, set[int]] = defaultdict(set)
    projects = select(Image.project_id).where(Image.id.in_(image_ids))
    for project_id, user_id in session.execute(
        select(ProjectMember.project_id, ProjectMember.user_id)
        .join(User, User.id == ProjectMember.user_id)
        .where(ProjectMember.project_id.in_(projects), User.disabled_at.is_(None))
    ):
        members[project_id].add(user_id)
    return members


def _scored(image_ids: Select[int]) -> Select[int]:
    """The images among these that a labeler of their project's newest round has looked at."""
    newest = (
        select(Round.id).where(Round.project_id == Image.project_id).order_by(Round.number.desc()).limit(1)
    ).scalar_subquery()
    return (
        select(Prediction.image_id)
        .join(Image, Image.id == Prediction.image_id)
        .join(Labeler, Labeler.id == Prediction.labeler_id)
        .where(Labeler.round_id == newest, Prediction.image_id.in_(image_ids))
        .distinct()
    )


def forget_proposals(session: Session, image_ids: Iterable[int]) -> None:
    """Let a person's doubt stand against what the newest round accepted, or what its near duplicates say."""
    ids = list(image_ids)
    session.execute(update(Image).where(Image.id.in_(ids)).values(proposed_class_id=None))
    asked_for_itself = update(Image).where(Image.id.in_(ids), Image.state != ImageState.SETTLED)
    session.execute(asked_for_itself.values(twin_key=None))
    settle(session, ids)
