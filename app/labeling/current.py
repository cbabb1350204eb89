"""What an image's label is: one rule, over what people said and what the newest round proposes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LABEL, CANT_TELL, UNDO = "label", "cant_tell", "undo"


@dataclass(frozen=True)
class Said:
    """One annotation, in the words of the table."""

    id: int
    kind: str
    class_id: int | None = None
    source: str = ""
    undoes_id: int | None = None


@dataclass(frozen=True)
class Current:
    """Where the image stands in the loop, and the label it has now."""

    state: str
    class_id: int | None = None
    source: str | None = None


def in_force(annotations: Sequence[Said]) -> Said | None:
    """Return the newest annotation that was not taken back; None when nobody's word stands."""
    undone = {said.undoes_id for said in annotations if said.kind == UNDO}
    standing = [said for said in annotations if said.kind != UNDO and said.id not in undone]
    return max(standing, key=lambda said: said.id, default=None)


def current(said: Said | None, *, scored: bool, proposed_class_id: int | None) -> Current:
    """A person's word comes before any model's; `scored` is whether the newest round looked at the image."""
    if said is not None:
        if said.kind == CANT_TELL:
            return Current("set_aside")
        return Current("settled", said.class_id, said.source)
    if not scored:
        return Current("new")
    if proposed_class_id is None:
        return Current("unclear")
    return Current("accepted", proposed_class_id, "accepted")
