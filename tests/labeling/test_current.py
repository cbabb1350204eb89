"""The rule that says what an image's label is, case by case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.labeling.current import Current, Said, current, in_force

CLOSED, OPEN = 1, 2

NOBODY: list[Said] = []
SEED = [Said(1, "label", CLOSED, "seed")]
TAKEN_BACK = [*SEED, Said(2, "undo", undoes_id=1)]
RELABELLED = [*SEED, Said(2, "label", OPEN, "review")]
RELABEL_TAKEN_BACK = [*RELABELLED, Said(3, "undo", undoes_id=2)]
FIRST_TAKEN_BACK = [*RELABELLED, Said(3, "undo", undoes_id=1)]
ANSWERED_AGAIN = [*TAKEN_BACK, Said(3, "label", OPEN, "seed")]
CANT_TELL = [Said(1, "cant_tell", source="review")]
CANT_TELL_TAKEN_BACK = [*CANT_TELL, Said(2, "undo", undoes_id=1)]
LATER_KNOWN = [*CANT_TELL, Said(2, "label", CLOSED, "review")]

TABLE = [
    (NOBODY, False, None, Current("new")),
    (NOBODY, True, None, Current("unclear")),
    (NOBODY, True, OPEN, Current("accepted", OPEN, "accepted")),
    (SEED, False, None, Current("settled", CLOSED, "seed")),
    (SEED, True, OPEN, Current("settled", CLOSED, "seed")),
    (TAKEN_BACK, False, None, Current("new")),
    (TAKEN_BACK, True, None, Current("unclear")),
    (TAKEN_BACK, True, OPEN, Current("accepted", OPEN, "accepted")),
    (RELABELLED, True, None, Current("settled", OPEN, "review")),
    (RELABEL_TAKEN_BACK, True, None, Current("settled", CLOSED, "seed")),
    (FIRST_TAKEN_BACK, True, None, Current("settled", OPEN, "review")),
    (ANSWERED_AGAIN, False, None, Current("settled", OPEN, "seed")),
    (CANT_TELL, True, OPEN, Current("set_aside")),
    (CANT_TELL_TAKEN_BACK, True, None, Current("unclear")),
    (LATER_KNOWN, True, None, Current("settled", CLOSED, "review")),
    ([Said(1, "label", CLOSED, "import")], False, None, Current("settled", CLOSED, "import")),
]


@pytest.mark.parametrize(("said", "scored", "proposed", "expected"), TABLE)
def test_a_persons_word_comes_before_the_labelers(
    said: list[Said], *, scored: bool, proposed: int | None, expected: Current
):
    assert current(in_force(said), scored=scored, proposed_class_id=proposed) == expected


@given(st.lists(st.sampled_from([CLOSED, OPEN, None]), max_size=8), st.data())
def test_undoing_everything_leaves_nobodys_word_in_any_order(classes: list[int | None], data: st.DataObject):
    said = [Said(i, "label" if c else "cant_tell", c, "seed") for i, c in enumerate(classes, 1)]
    order = data.draw(st.permutations(said))
    undos = [Said(len(said) + i, "undo", undoes_id=row.id) for i, row in enumerate(order, 1)]
    assert in_force([*said, *undos]) is None
    assert in_force([*said, *undos[:-1]]) == (order[-1] if order else None)
