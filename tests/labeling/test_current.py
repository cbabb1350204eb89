"""The rule that says what an image's label is, case by case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.labeling.current import Current, Said, current, opinions

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
    (CANT_TELL, True, OPEN, Current("unclear", asks="another")),
    (CANT_TELL, False, None, Current("new", asks="another")),
    (CANT_TELL_TAKEN_BACK, True, None, Current("unclear")),
    (LATER_KNOWN, True, None, Current("settled", CLOSED, "review")),
    ([Said(1, "label", CLOSED, "import")], False, None, Current("settled", CLOSED, "import")),
]


def test_where_nobody_answered_people_who_answered_its_twins_come_before_the_labelers():
    assert current([], scored=True, proposed_class_id=OPEN, twins_class_id=CLOSED) == Current(
        "accepted", CLOSED, "twin"
    )
    assert current([], scored=False, proposed_class_id=None, twins_class_id=CLOSED) == Current("new")
    own = [Said(1, "label", OPEN, "review")]
    assert current(own, scored=True, proposed_class_id=None, twins_class_id=CLOSED).class_id == OPEN
    assert current(own, scored=True, proposed_class_id=None, twins_class_id=CLOSED, wanted=2).state == "unclear"


@pytest.mark.parametrize(("said", "scored", "proposed", "expected"), TABLE)
def test_a_persons_word_comes_before_the_labelers(
    said: list[Said], *, scored: bool, proposed: int | None, expected: Current
):
    assert current(opinions(said), scored=scored, proposed_class_id=proposed) == expected


def word(author: int, answer: int | None, source: str = "review") -> tuple[int, int | None, str]:
    return author, answer, source


ANN, BOB, CARL = 1, 2, 3
A_CLOSED, A_OPEN, B_CLOSED, B_OPEN, C_OPEN = (
    word(ANN, CLOSED), word(ANN, OPEN), word(BOB, CLOSED), word(BOB, OPEN), word(CARL, OPEN),
)  # fmt: skip
A_CANT, B_CANT, C_CANT = word(ANN, None), word(BOB, None), word(CARL, None)
WAITS, ASIDE, DISPUTED = (
    Current("unclear", asks="another"), Current("set_aside", source="cant_tell"),
    Current("disputed", asks="adjudicator"),
)  # fmt: skip
SAYS_CLOSED, SAYS_OPEN = Current("settled", CLOSED, "review"), Current("settled", OPEN, "review")

SEVERAL = [
    ("one word of two is no label, not even a labeler's", 2, [A_CLOSED], WAITS),
    ("two that agree", 2, [A_CLOSED, B_CLOSED], SAYS_CLOSED),
    ("two that differ", 2, [A_CLOSED, B_OPEN], DISPUTED),
    ("one changed the answer: the new one counts", 2, [A_OPEN, B_CLOSED, A_CLOSED], SAYS_CLOSED),
    ("one answered twice: still one person", 2, [A_CLOSED, A_CLOSED], WAITS),
    ("two of three", 3, [A_CLOSED, B_OPEN, C_OPEN], SAYS_OPEN),
    ("two of three, the third missing", 3, [A_OPEN, B_OPEN], WAITS),
    ("who can tell counts for more", 2, [A_CANT, B_OPEN], SAYS_OPEN),
    ("two of three cannot tell", 3, [A_CANT, B_CANT, C_OPEN], ASIDE),
    ("nobody of two can tell", 2, [A_CANT, B_CANT], ASIDE),
    ("asked again, the second cannot tell either", 1, [A_CANT, B_CANT], ASIDE),
    ("asked again, the second can tell", 1, [A_CANT, B_OPEN], SAYS_OPEN),
    ("one answer is wanted: the newest overrules", 1, [A_CLOSED, B_OPEN], SAYS_OPEN),
    ("a repeat changes nothing", 1, [A_CLOSED, word(ANN, OPEN, "repeat")], SAYS_CLOSED),
    ("a repeat is no second word", 2, [A_CLOSED, word(BOB, OPEN, "repeat")], WAITS),
    (
        "an adjudicator decides, who may have answered before",
        2,
        [A_CLOSED, B_OPEN, word(ANN, OPEN, "adjudication")],
        Current("settled", OPEN, "adjudication"),
    ),
    ("an adjudicator cannot tell", 2, [A_CLOSED, B_OPEN, word(CARL, None, "adjudication")], ASIDE),
    (
        "what comes after an adjudicator changes nothing",
        2,
        [A_CLOSED, B_OPEN, word(CARL, OPEN, "adjudication"), A_CLOSED],
        Current("settled", OPEN, "adjudication"),
    ),
]


@pytest.mark.parametrize(
    ("wanted", "words", "expected"), [case[1:] for case in SEVERAL], ids=[c[0] for c in SEVERAL]
)
def test_several_peoples_words_make_one_label(
    wanted: int, words: list[tuple[int, int | None, str]], expected: Current
):
    said = [
        Said(i, "label" if answer else "cant_tell", answer, source, author_id=author)
        for i, (author, answer, source) in enumerate(words, 1)
    ]
    assert current(opinions(said), scored=True, proposed_class_id=OPEN, wanted=wanted) == expected


def test_where_nobody_else_can_be_asked_one_who_cannot_tell_sets_aside():
    said = opinions(CANT_TELL)
    assert current(said, scored=True, proposed_class_id=None, others=False) == ASIDE


def test_an_image_sent_back_starts_anew():
    said = opinions([*CANT_TELL, Said(2, "cant_tell", author_id=BOB)], since_id=2)
    assert current(said, scored=True, proposed_class_id=None) == Current("unclear")


@given(st.permutations([A_CLOSED, B_OPEN, C_OPEN, word(4, CLOSED), word(5, OPEN)]))
def test_the_order_of_answers_does_not_decide(words: list[tuple[int, int | None, str]]):
    said = [
        Said(i, "label", answer, source, author_id=author) for i, (author, answer, source) in enumerate(words, 1)
    ]
    assert current(opinions(said), scored=True, proposed_class_id=None, wanted=5) == SAYS_OPEN


@given(st.lists(st.sampled_from([CLOSED, OPEN, None]), max_size=8), st.data())
def test_undoing_everything_leaves_nobodys_word_in_any_order(classes: list[int | None], data: st.DataObject):
    said = [Said(i, "label" if c else "cant_tell", c, "seed") for i, c in enumerate(classes, 1)]
    order = data.draw(st.permutations(said))
    undos = [Said(len(said) + i, "undo", undoes_id=row.id) for i, row in enumerate(order, 1)]
    assert opinions([*said, *undos]) == []
    assert opinions([*said, *undos[:-1]]) == order[-1:]
