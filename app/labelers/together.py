"""What a round's labelers say together of an image: the class it is accepted as, the likeliest, how likely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.jobs.registry import Write
from app.labelers.reading import Finished
from app.labelers.words import AT_ONCE, in_turns
from app.models import Image, Job
from app.parts import in_parts
from ml.consensus import UNCLEAR


class Together(NamedTuple):
    proposed_class_id: int | None
    """None: unclear."""
    predicted_class_id: int | None
    confidence: float | None
    """In the predicted class."""


NOTHING = Together(None, None, None)


def said_together(run: Finished) -> dict[int, Together]:
    class_ids = run.manifest.class_ids
    predicted = run.consensus.argmax(1)
    sure = run.consensus.max(1)
    return {
        int(i): Together(class_ids[d] if d != UNCLEAR else None, class_ids[p], float(confidence))
        for i, d, p, confidence in zip(run.image_ids, run.decided, predicted, sure, strict=True)
    }


def put_in_confidence(write: Write, said: Mapping[int, Together]) -> None:
    """Write how sure they are of images that they take for the same class as before, in short transactions.

    A round changes that of every image, and it is all that most images hear of a round: written when the round is
    named, it would keep everybody's answers waiting. A little early, it only orders a grid a little otherwise.
    """
    for part in in_parts(list(said.items()), AT_ONCE):
        in_turns(write, partial(_write_confidence, dict(part)))


def _write_confidence(said: Mapping[int, Together], session: Session, _job: Job) -> None:
    # Who is answering one of them right now is not waited for: the naming writes what is missing here.
    before = (
        select(Image.id, Image.predicted_class_id).where(Image.id.in_(said)).with_for_update(skip_locked=True)
    )
    changes = [
        {"which": image_id, "confidence": said[image_id].confidence}
        for image_id, class_id in session.execute(before)
        if class_id == said[image_id].predicted_class_id
    ]
    _write(session, ("confidence",), changes)


def propose(session: Session, project_id: int, said: Mapping[int, Together]) -> None:
    """Write what changed; of an image that came after the run was frozen nothing is said."""
    names = (*Together._fields, "left_out_of")
    columns = [getattr(Image, name) for name in names]
    changes = []
    for image_id, *before in session.execute(select(Image.id, *columns).where(Image.project_id == project_id)):
        after = (*said.get(image_id, NOTHING), None)
        if after != tuple(before):
            changes.append({"which": image_id, **dict(zip(names, after, strict=True))})
    _write(session, names, changes)
    session.expire_all()


def _write(session: Session, names: Sequence[str], changes: Sequence[dict[str, Any]]) -> None:
    # Without the mapper it takes half as long, and everybody's answers wait for the end.
    one = update(Image).where(Image.id == bindparam("which"))
    values = one.values({name: bindparam(name) for name in names})
    for part in in_parts(changes, AT_ONCE):
        session.connection().execute(values, part)
