"""What an image's label is: one rule, over what people said and what the newest round proposes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

LABEL, CANT_TELL, UNDO = "label", "cant_tell", "undo"
ADJUDICATION, REPEAT, TWIN = "adjudication", "repeat", "twin"
ANOTHER, ADJUDICATOR = "another", "adjudicator"


@dataclass(frozen=True)
class Said:
    """One annotation, in the words of the table."""

    id: int
    kind: str
    class_id: int | None = None
    source: str = ""
    undoes_id: int | None = None
    author_id: int = 0


@dataclass(frozen=True)
class Current:
    """Where the image stands in the loop, and the label it has now."""

    state: str
    class_id: int | None = None
    source: str | None = None
    asks: str | None = None
    """Who has to be asked before people's word stands: `another` person, or an `adjudicator`."""


def opinions(annotations: Sequence[Said], since_id: int | None = None) -> list[Said]:
    """Return each person's newest word that was not taken back, oldest first; an adjudicator's is one by itself.

    One's own answer given once more is none. Nothing up to `since_id` counts: the image was sent back after it.
    """
    undone = {said.undoes_id for said in annotations if said.kind == UNDO}
    newest: dict[tuple[int, bool], Said] = {}
    for said in sorted(annotations, key=lambda said: said.id):
        counts = said.kind != UNDO and said.source != REPEAT and said.id > (since_id or 0)
        if counts and said.id not in undone:
            newest[said.author_id, said.source == ADJUDICATION] = said
    return sorted(newest.values(), key=lambda said: said.id)


def current(
    said: Sequence[Said],
    *,
    scored: bool,
    proposed_class_id: int | None,
    twins_class_id: int | None = None,
    wanted: int = 1,
    others: bool = True,
) -> Current:
    """A person's word comes before any model's; `scored` is whether the newest round looked at the image.

    `said`: people's opinions. `wanted`: how many people are to answer. `others`: whether the project has a member
    who has not. While an answer is missing no label stands, a labeler's neither: whoever is asked next must not
    find one. `twins_class_id`: what people say of the image's near duplicates, where that is to stand for it too.
    """
    if not said:
        return _unanswered(scored, proposed_class_id, twins_class_id)
    if said_last := [word for word in said if word.source == ADJUDICATION]:
        return _standing(said_last[-1])
    labels = [word for word in said if word.kind == LABEL]
    if wanted == 1 and labels:
        return _standing(labels[-1])
    # Who cannot tell is followed by a second person, if there is one; a label waits for as many as are wanted.
    if len(said) < max(wanted, 2) and (others or labels):
        return Current("unclear" if scored else "new", asks=ANOTHER)
    return _majority(labels, len(said) - len(labels))


def _unanswered(scored: bool, proposed_class_id: int | None, twins_class_id: int | None) -> Current:  # noqa: FBT001
    """Before labelers have looked nothing is taken out of the seed: it is drawn by lot, twins and all."""
    if not scored:
        return Current("new")
    if twins_class_id is not None:
        return Current("accepted", twins_class_id, TWIN)
    if proposed_class_id is None:
        return Current("unclear")
    return Current("accepted", proposed_class_id, "accepted")


def _standing(word: Said) -> Current:
    if word.kind == CANT_TELL:
        return Current("set_aside", source=CANT_TELL)
    return Current("settled", word.class_id, word.source)


def _majority(labels: Sequence[Said], cant_tell: int) -> Current:
    """The class that most people name; one who can tell counts for more than one who cannot."""
    votes = Counter(word.class_id for word in labels).most_common()
    if not votes or votes[0][1] < cant_tell:
        return Current("set_aside", source=CANT_TELL)
    if len(votes) > 1 and votes[0][1] == votes[1][1]:
        return Current("disputed", asks=ADJUDICATOR)
    return _standing(next(word for word in reversed(labels) if word.class_id == votes[0][0]))
